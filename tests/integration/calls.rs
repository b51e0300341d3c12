//! Calls: every kind of value in and out, and who may be inside with whom.

use std::{
    cell::Cell,
    cmp,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet},
    net::{SocketAddr, SocketAddrV4, SocketAddrV6},
    num::NonZero,
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use counter_api::Counter;
use echo_api::{
    Adopted, Dot, Echo, Engine, Even, Foreign, Layer, Names, Point, Score, Tree, Unhalved,
};
use hotswap_core::{CallError, Pin, PinMut};
use hotswap_tests::{Scene, fixture};
use meter_api::{Meter, Panel, Spot};

use crate::support::{counter, elsewhere, label, value};

fn echo() -> Scene<dyn Echo> {
    Scene::of(&fixture("echo").told("label=echo"))
}

fn score(points: u32) -> Score {
    Score { player: format!("player {points}"), points }
}

#[test]
fn numbers_and_texts_come_back_as_they_went() {
    let scene = echo();
    let echo = scene.slot.pin();
    let numbers = (
        (1, 2, 3, u64::MAX, u128::MAX, usize::MAX),
        (i8::MIN, -2, -3, i64::MIN, i128::MIN, -6),
        (1.5, f64::INFINITY, true, '\u{10ffff}', ()),
    );
    assert_eq!(echo.numbers(numbers).unwrap(), numbers);
    let nan = (numbers.0, numbers.1, (f32::NAN, -0.0, false, '\0', ()));
    let back = echo.numbers(nan).unwrap().2;
    assert!(back.0.is_nan() && back.1.is_sign_negative());
    let time = SystemTime::UNIX_EPOCH + Duration::new(5, 6);
    let texts = ("grüße \0 \u{1f980}".to_owned(), "/tmp/x".into(), Duration::new(3, 4), time);
    assert_eq!(echo.texts(texts.clone()).unwrap(), texts);
    assert_eq!(echo.scalars(1, -2, 0.5, 0.25, true, 'a').unwrap(), 97.75);
    assert_eq!(echo.loud("straße").unwrap(), "STRASSE");
    assert_eq!(echo.loud("").unwrap(), "");
    echo.nothing().unwrap();
}

#[test]
fn collections_and_types_of_ones_own_come_back_as_they_went() {
    let scene = echo();
    let echo = scene.slot.pin();
    let map: HashMap<_, _> = (0..100).map(|n| (n.to_string(), score(n))).collect();
    let collections = (
        ((0..1000).map(score).collect(), [7, 8].into(), [9, 10, 11], Box::new(score(12))),
        (
            map,
            BTreeMap::from([(1, vec![2; 3]), (2, Vec::new())]),
            HashSet::from(['x', 'y']),
            BTreeSet::from([-5, 5]),
        ),
        (Some(None), Err("no".to_owned())),
    );
    assert_eq!(echo.collections(collections.clone()).unwrap(), collections);
    let mut tree = Tree::Leaf;
    for depth in 0..50 {
        let node = Tree::Node { value: score(depth), kids: vec![Tree::Leaf, tree.clone()] };
        tree =
            if depth % 10 == 0 { Tree::Pair(Box::new(node), Box::new(Tree::Leaf)) } else { node };
    }
    assert_eq!(echo.tree(tree.clone()).unwrap(), tree);
    let adopted =
        Adopted { foreign: Foreign { words: vec!["w".into(), String::new()] }, even: Even(4) };
    assert_eq!(echo.adopted(adopted.clone()).unwrap(), adopted);
    let foreign = adopted.foreign;
    assert_eq!(echo.foreign(foreign.clone(), 7).unwrap(), (foreign.clone(), foreign, 7));
}

#[test]
fn addresses_ranges_and_other_types_of_std_come_back_as_they_went() {
    let scene = echo();
    let echo = scene.slot.pin();
    let v4: SocketAddrV4 = "192.0.2.1:80".parse().unwrap();
    let v6 = SocketAddrV6::new("2001:db8::1".parse().unwrap(), 443, 1, 2);
    let addresses = ((*v4.ip()).into(), *v4.ip(), *v6.ip(), SocketAddr::V6(v6), v4, v6);
    assert_eq!(echo.addresses(addresses).unwrap(), addresses);
    let mut ended = 1..=3;
    ended.by_ref().for_each(drop);
    let others = (
        ("a".to_owned().."b".to_owned(), ended, NonZero::<u128>::MAX),
        ("one".into(), "two".into(), "three".into(), [score(1)].into(), [1, 2].into()),
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, NonZero::new(-12)),
    );
    assert_eq!(echo.others(others.clone()).unwrap(), others);
    assert_eq!(echo.heap(BinaryHeap::from([3, 9, 1])).unwrap(), [9, 3, 1]);
    let of = [12, 5, 2].map(|number| NonZero::new(number).unwrap());
    let steps = echo.steps(NonZero::new(5).unwrap(), &of).unwrap();
    assert_eq!(steps, (vec![2, 1, 0], cmp::Ordering::Greater));
    assert_eq!(echo.reverse(cmp::Ordering::Less).unwrap(), cmp::Ordering::Greater);
}

#[test]
fn a_value_that_cannot_be_rebuilt_is_an_error_that_names_it() {
    let scene = echo();
    let text = scene.slot.pin().odd().unwrap_err().to_string();
    assert!(text.contains("odd") && text.contains("5 is odd"), "{text}");
    // The other way: what the host sends cannot be rebuilt in the module.
    let adopted = Adopted { foreign: Foreign { words: Vec::new() }, even: Even(7) };
    let error = scene.slot.pin().adopted(adopted).unwrap_err();
    assert!(matches!(error, CallError::Undecodable(_)), "{error:?}");
    assert!(error.to_string().contains("7 is odd"), "{error}");
    scene.slot.pin().nothing().unwrap();
}

#[test]
fn plain_data_is_seen_and_written_in_place() {
    let scene = echo();
    let mut echo = scene.slot.pin_mut();
    let point = Point { x: 2.0, y: 0.0, layer: Layer::Back };
    let mut points = vec![point; 1000];
    assert_eq!(echo.sum(&points, &point).unwrap(), 4000.0);
    assert_eq!(echo.sum(&[], &point).unwrap(), 0.0);
    let mut first = point;
    assert_eq!(echo.shift(&mut points, &mut first).unwrap(), 1000);
    assert!(points.iter().all(|it| *it == Point { x: 3.0, y: 0.0, layer: Layer::Front }));
    assert_eq!((first.x, first.y), (2.0, -1.0));
    assert_eq!(echo.shift(&mut [], &mut first).unwrap(), 0);
}

#[test]
fn plain_data_crosses_by_value_whatever_its_size() {
    let scene = echo();
    let echo = scene.slot.pin();
    assert_eq!(echo.turn(Dot { x: 1.0, y: 2.0 }).unwrap(), Dot { x: 2.0, y: 1.0 });
    let point = Point { x: 1.0, y: 2.0, layer: Layer::Back };
    let mut seen = Vec::new();
    let mut by = |point: Point, dot: Dot| {
        seen.push((point, dot));
        Point { x: 10.0, y: 20.0, layer: Layer::Front }
    };
    let turned = echo.turn_point(point, &mut by).unwrap();
    assert_eq!(turned, Point { x: 12.0, y: 21.0, layer: Layer::Front });
    assert_eq!(seen, [(Point { x: 2.0, y: 1.0, ..point }, Dot { x: 2.0, y: 1.0 })]);

    // What was not given is not read.
    let nowhere = Point { x: f64::NAN, ..point };
    let error = echo.turn_point(nowhere, &mut |point, _| point).unwrap_err();
    assert!(error.to_string().contains("a point without a place"), "{error}");
    let ours = std::panic::AssertUnwindSafe(|| {
        echo.turn_point(point, &mut |_, _| panic!("of the host's own"))
    });
    let payload = std::panic::catch_unwind(ours).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"of the host's own"));
    assert_eq!(echo.turn_point(point, &mut |point, _| point).unwrap().x, 4.0);
}

struct Canvas {
    drawn: usize,
}

impl Engine for Canvas {
    fn draw(&mut self, points: &mut [Point]) -> usize {
        points.iter_mut().for_each(|point| point.x = 10.0);
        self.drawn += points.len();
        self.drawn
    }
    fn name(&self, of: &dyn Names) -> String {
        format!("{} on a canvas", of.name(5))
    }
}

#[test]
fn an_interface_of_the_host_is_lent_for_a_call() {
    let scene = echo();
    let mut canvas = Canvas { drawn: 0 };
    let mut echo = scene.slot.pin_mut();
    assert_eq!(echo.draw(&mut canvas).unwrap(), 3);
    assert_eq!(echo.draw(&mut canvas).unwrap(), 6);
    assert_eq!(canvas.drawn, 6);
    // The module lends something of its own to what it was lent.
    assert_eq!(echo.ask(&canvas).unwrap(), "echo 5 on a canvas");
}

#[test]
fn closures_of_the_host_are_lent_for_a_call() {
    let scene = echo();
    let (mut seen, done) = (Vec::new(), Cell::new(0));
    let visits = scene.slot.pin().each(
        &mut |score, text, points, point| {
            assert_eq!((text, points.len(), point.x), ("text", 2, 1.0));
            seen.push(score);
            seen.len() < 3
        },
        &mut || done.set(done.get() + 1),
    );
    assert_eq!((visits.unwrap(), done.get()), (2, 1));
    assert_eq!(seen, (0..3).map(score).collect::<Vec<_>>());
}

#[test]
fn a_folded_result_has_the_modules_error_or_the_calls() {
    let scene = echo();
    let echo = scene.slot.pin();
    assert_eq!(echo.halve(8), Ok(4));
    assert_eq!(echo.halve(7), Err(Unhalved::Odd(7)));
    let Err(Unhalved::Call(text)) = echo.halve(13) else { panic!("it panics at 13") };
    assert!(text.contains("nobody halves 13"), "{text}");
}

#[derive(Default)]
struct Screen(Vec<String>);

impl Panel for Screen {
    fn print(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }
}

#[test]
fn a_method_that_an_older_module_lacks_runs_in_the_host() {
    let scene = Scene::<dyn Meter>::of(&fixture("meter-older"));
    let mut screen = Screen::default();
    assert_eq!(scene.slot.pin().summary(&mut screen).unwrap(), "21 m, by default");
    // Its body calls the module's other methods, and lends on what it was lent.
    assert_eq!(screen.0, ["21 m"]);
    // The module that has the method does it itself.
    scene.upgrade(&fixture("meter"));
    let mut screen = Screen::default();
    assert_eq!(scene.slot.pin().summary(&mut screen).unwrap(), "21 m, by itself");
    assert!(screen.0.is_empty());
}

#[test]
fn a_module_may_know_more_methods_in_another_order() {
    let scene = Scene::<dyn Meter>::of(&fixture("meter-newer").told("label=newer"));
    let mut meter = scene.slot.pin_mut();
    assert_eq!(meter.label().unwrap(), "newer");
    assert_eq!(meter.read().unwrap().unit.name, "m");
    assert_eq!(meter.place(&Spot { x: 3.0, y: 1.0 }).unwrap(), 2.0);
    meter.reset(5).unwrap();
    let mut screen = Screen::default();
    meter.show(&mut screen).unwrap();
    // A method of what it was lent, that the host does not have: its default body, in the module.
    assert_eq!(screen.0, ["# new", "21 m"]);
}

#[test]
fn callers_with_a_shared_borrow_are_inside_together() {
    let scene = Scene::<dyn Counter>::of(&counter(""));
    let together = Barrier::new(4);
    thread::scope(|scope| {
        for n in 0..4 {
            let (slot, together) = (scene.slot.clone(), &together);
            scope.spawn(move || {
                // Ends only if all four are inside at once.
                let mut then = || {
                    together.wait();
                };
                if n % 2 == 0 {
                    slot.pin().inside(&mut then).unwrap();
                } else {
                    slot.reader().inside(&mut then).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_caller_with_an_exclusive_borrow_is_inside_alone() {
    const EACH: u64 = 300;
    let scene = Scene::<dyn Counter>::of(&counter(""));
    let occupied = AtomicBool::new(false);
    let alone = || {
        assert!(!occupied.swap(true, Ordering::Relaxed), "somebody is inside already");
        thread::yield_now();
        occupied.store(false, Ordering::Relaxed);
    };
    thread::scope(|scope| {
        for n in 0..4 {
            let (slot, alone) = (scene.slot.clone(), &alone);
            scope.spawn(move || {
                let reader = &mut slot.reader();
                for _ in 0..EACH {
                    match n {
                        0 => {
                            slot.pin().inside_mut(&mut || alone()).unwrap();
                            slot.pin().add(1).unwrap();
                        }
                        1 => {
                            reader.inside_mut(&mut || alone()).unwrap();
                            reader.add(1).unwrap();
                        }
                        _ => {
                            let mut frame = slot.pin_mut();
                            frame.inside_mut(&mut || alone()).unwrap();
                            frame.add(1).unwrap();
                        }
                    }
                }
            });
        }
        // Those who only look see whole states meanwhile.
        let slot = scene.slot.clone();
        scope.spawn(move || {
            let mut last = 0;
            for _ in 0..EACH {
                let now = slot.pin().value().unwrap();
                assert!(now >= last);
                last = now;
            }
        });
    });
    assert_eq!(value(&scene.slot), 4 * EACH);
}

#[test]
fn a_pin_stays_on_its_version_and_a_reader_goes_along() {
    // A module without state: it is swapped while callers are inside.
    let scene = Scene::<dyn Counter>::of(&fixture("stateless").told("label=a"));
    let reader = scene.slot.reader();
    assert_eq!(reader.label().unwrap(), "a");
    let pin = scene.slot.pin();
    scene.upgrade(&fixture("stateless").told("label=b"));
    assert_eq!((pin.label().unwrap(), Pin::generation(&pin).unwrap()), ("a".to_owned(), 1));
    // The whole thread stays, whatever handle it uses; others go along.
    assert_eq!(scene.slot.pin().label().unwrap(), "a");
    assert_eq!(label(&scene.slot), "b");
    drop(pin);
    assert_eq!(reader.label().unwrap(), "b");
    assert_eq!(PinMut::generation(&scene.slot.pin_mut()).unwrap(), 2);
    let (retired, _) = scene.told.retired();
    assert_eq!(retired, 1);
}

#[test]
fn a_frame_keeps_others_out_until_it_ends() {
    let scene = Scene::<dyn Counter>::of(&counter(""));
    let mut frame = scene.slot.pin_mut();
    assert_eq!(frame.add(1).unwrap(), 1);
    thread::scope(|scope| {
        let other = scope.spawn(|| scene.slot.pin_mut().add(10).unwrap());
        for _ in 0..100 {
            frame.add(1).unwrap();
            thread::yield_now();
        }
        assert_eq!(frame.value().unwrap(), 101);
        drop(frame);
        assert_eq!(other.join().unwrap(), 111);
    });
    assert_eq!(elsewhere(|| scene.slot.reader().value().unwrap()), 111);
}
