//! Waits that cross: between modules, pins and threads, and for the host from where an upgrade would
//! wait in turn. Each gets an answer.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Barrier, Mutex, OnceLock,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use counter_api::Counter;
use echo_api::{Echo, Engine, Names, Point};
use hotswap_core::{
    CallError, Config, Error, ErrorKind, Host, Pin, Slot, Status,
    event::{Event, EventKind, Exit},
};
use hotswap_tests::{LONG, Scene, Told, fixture, patient, replace, until};
use tempfile::TempDir;

use crate::support::{counter, elsewhere, label, stay_inside, value};

/// Two slots, `left` and `right`, that take builds of one file.
struct Two {
    host: Host,
    folder: TempDir,
}

impl Two {
    fn of(config: Config, first: &hotswap_tests::Fixture) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        for name in ["left", "right"] {
            fs::write(at(name), first.bytes()).unwrap();
        }
        let config = config.artifact("left", at("left")).artifact("right", at("right"));
        Self { host: Host::new(config).unwrap(), folder }
    }

    fn slots<I: hotswap_core::Interface + ?Sized>(&self) -> [Slot<I>; 2] {
        ["left", "right"].map(|name| self.host.slot(name).unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Does it from both sides at once: each is given where it begins, and where it goes on.
fn from_both_sides<I: hotswap_core::Interface + ?Sized>(
    [left, right]: &[Slot<I>; 2],
    cross: impl Fn(&Slot<I>, &Slot<I>) -> Result<(), CallError> + Sync,
) -> [Result<(), CallError>; 2] {
    thread::scope(|scope| {
        let one = scope.spawn(|| cross(left, right));
        let other = scope.spawn(|| cross(right, left));
        [one.join().unwrap(), other.join().unwrap()]
    })
}

/// How many of them were told of a cycle; the others went well.
fn cycles(results: &[Result<(), CallError>]) -> usize {
    let is_cycle = |result: &&Result<(), CallError>| match result {
        Ok(()) => false,
        Err(CallError::Cycle { cycle }) => {
            assert!(cycle.contains(&"left".to_owned()) && cycle.contains(&"right".to_owned()));
            true
        }
        Err(other) => panic!("{other:?}"),
    };
    results.iter().filter(is_cycle).count()
}

/// What the host lends to one module calls the other one.
struct Bridge<'a> {
    beyond: &'a Slot<dyn Echo>,
    /// Whether it calls `&mut self`.
    exclusive: bool,
    met: &'a Barrier,
    result: Mutex<Result<(), CallError>>,
}

impl<'a> Bridge<'a> {
    fn to(beyond: &'a Slot<dyn Echo>, exclusive: bool, met: &'a Barrier) -> Self {
        Self { beyond, exclusive, met, result: Mutex::new(Ok(())) }
    }

    fn cross(&self) {
        self.met.wait();
        *self.result.lock().unwrap() = if self.exclusive {
            self.beyond.pin_mut().count().map(drop)
        } else {
            self.beyond.pin().nothing()
        };
    }
}

impl Engine for Bridge<'_> {
    fn draw(&mut self, points: &mut [Point]) -> usize {
        self.cross();
        points.iter_mut().for_each(|point| point.x = 10.0);
        0
    }
    fn name(&self, of: &dyn Names) -> String {
        self.cross();
        of.name(1)
    }
}

#[test]
fn modules_that_call_each_other_by_what_they_are_lent() {
    let two = Two::of(patient(), &fixture("echo"));
    let slots = two.slots::<dyn Echo>();
    // Begins with `&mut self`; goes on with it; how many are told that it would never end.
    for (begins, goes_on, told) in
        [(true, true, 1), (true, false, 1), (false, true, 1), (false, false, 0)]
    {
        let met = Barrier::new(2);
        let results = from_both_sides(&slots, |here, there| {
            let mut bridge = Bridge::to(there, goes_on, &met);
            if begins {
                here.pin_mut().draw(&mut bridge).map(drop)?;
            } else {
                here.pin().ask(&bridge).map(drop)?;
            }
            bridge.result.into_inner().unwrap()
        });
        assert_eq!(cycles(&results), told, "{begins} {goes_on}: {results:?}");
    }
    // Nobody has kept a lock.
    for slot in &slots {
        slot.pin_mut().count().unwrap();
    }
}

#[test]
fn a_module_that_comes_back_to_itself_by_another_one() {
    let two = Two::of(patient(), &fixture("echo"));
    let [left, right] = two.slots::<dyn Echo>();
    let alone = Barrier::new(1);
    for (begins, told) in [(true, true), (false, false)] {
        let mut back = Bridge::to(&left, false, &alone);
        let mut way = Through { slot: &right, then: &mut back };
        if begins {
            left.pin_mut().draw(&mut way).unwrap();
        } else {
            left.pin().ask(&way).unwrap();
            way.draw(&mut []);
        }
        let result = back.result.into_inner().unwrap();
        assert_eq!(matches!(result, Err(CallError::Reentrant { .. })), told, "{result:?}");
        assert_eq!(result.is_ok(), !told, "{result:?}");
    }
}

/// Lends something on to another module.
struct Through<'a, 'b> {
    slot: &'a Slot<dyn Echo>,
    then: &'a mut Bridge<'b>,
}

impl Engine for Through<'_, '_> {
    fn draw(&mut self, points: &mut [Point]) -> usize {
        points.iter_mut().for_each(|point| point.x = 10.0);
        self.slot.pin_mut().draw(self.then).unwrap()
    }
    fn name(&self, of: &dyn Names) -> String {
        self.slot.pin().ask(self.then).unwrap() + &of.name(2)
    }
}

#[test]
fn pins_that_are_taken_in_opposite_order() {
    let two = Two::of(patient(), &counter(""));
    let slots = two.slots::<dyn Counter>();
    let met = Barrier::new(2);
    let both = |first: &Slot<dyn Counter>, second: &Slot<dyn Counter>| {
        let mut first = first.pin_mut();
        first.value()?;
        met.wait();
        let mut second = second.pin_mut();
        second.add(1)?;
        first.add(1).map(drop)
    };
    assert_eq!(cycles(&from_both_sides(&slots, both)), 1);

    let then_shared = |first: &Slot<dyn Counter>, second: &Slot<dyn Counter>| {
        let mut first = first.pin_mut();
        met.wait();
        second.pin().value()?;
        first.add(1).map(drop)
    };
    assert_eq!(cycles(&from_both_sides(&slots, then_shared)), 1);

    // A pin alone holds no lock: it is the call through it that would wait.
    let then_alone = |first: &Slot<dyn Counter>, second: &Slot<dyn Counter>| {
        let first = first.pin();
        first.value()?;
        met.wait();
        let mut second = second.pin_mut();
        second.add(1)?;
        met.wait();
        first.value().map(drop)
    };
    assert_eq!(cycles(&from_both_sides(&slots, then_alone)), 1);

    let shared = |first: &Slot<dyn Counter>, second: &Slot<dyn Counter>| {
        let first = first.pin();
        met.wait();
        second.pin().inside(&mut || {
            met.wait();
        })?;
        first.value().map(drop)
    };
    assert_eq!(cycles(&from_both_sides(&slots, shared)), 0);
    for slot in &slots {
        elsewhere(|| slot.pin_mut().add(1)).unwrap();
    }
}

/// The gate of a slot is closed: a call that does not wait is turned away.
fn is_closed(slot: &Slot<dyn Counter>) -> bool {
    let now = slot.with_budget(Duration::ZERO);
    elsewhere(|| matches!(Pin::generation(&now.pin()), Err(CallError::Draining { .. })))
}

#[test]
fn who_is_needed_by_a_caller_that_an_upgrade_waits_for_comes_in() {
    let two = Two::of(patient(), &counter("label=a"));
    let [left, right] = two.slots::<dyn Counter>();
    let told = Told::of(&two.host);
    let (tell, come) = mpsc::channel();
    thread::scope(|scope| {
        let visitor = scope.spawn(|| {
            let mut result = None;
            let call = left.pin().inside(&mut || {
                replace(&two.at("left"), counter("label=b").bytes());
                until("the upgrade closes the gate", || is_closed(&left));
                tell.send(()).unwrap();
                // The other one has it, and wants to come in here.
                result = Some(right.pin_mut().add(1));
            });
            (call, result.unwrap())
        });
        let mut holder = right.pin_mut();
        come.recv().unwrap();
        // The upgrade waits for the visitor, the visitor for us, and we for the upgrade.
        assert_eq!(left.pin().label().unwrap(), "a");
        holder.add(1).unwrap();
        drop(holder);
        let (call, result) = visitor.join().unwrap();
        call.unwrap();
        assert_eq!(result.unwrap(), 2);
    });
    assert_eq!(told.live().generation, 2);
    assert_eq!(label(&left), "b");
}

/// Where somebody asks from.
const PLACES: [&str; 4] = ["a `&self` call", "a `&mut self` call", "a pin", "a pin_mut"];

/// Does it in a place inside of a slot.
fn within<R>(place: &str, slot: &Slot<dyn Counter>, mut ask: impl FnMut() -> R) -> R {
    let mut answer = None;
    match place {
        "a `&self` call" => slot.pin().inside(&mut || answer = Some(ask())).unwrap(),
        "a `&mut self` call" => slot.pin_mut().inside_mut(&mut || answer = Some(ask())).unwrap(),
        "a pin" => {
            let _pin = slot.pin();
            answer = Some(ask());
        }
        _ => {
            let _pin = slot.pin_mut();
            answer = Some(ask());
        }
    }
    answer.unwrap()
}

fn is_misuse<T>(result: Result<T, Error>) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::Misuse)
}

#[test]
fn what_is_asked_of_the_host_from_inside_while_an_upgrade_waits() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    let (host, slot) = (&scene.host, &scene.slot);
    let version = || "1.0.0".parse().unwrap();
    for (n, place) in PLACES.into_iter().enumerate() {
        within(place, slot, || {
            scene.put(&counter(&format!("label={n}")));
            // Its worker does nothing else now, until this thread comes out.
            until("the upgrade closes the gate", || is_closed(slot));
            assert!(is_misuse(host.apply_pending()), "{place}");
            assert!(is_misuse(host.abandon("main")), "{place}");
            assert!(is_misuse(host.restart("main")), "{place}");
            assert!(is_misuse(host.commit("main", "")), "{place}");
            assert!(is_misuse(host.roll_back("main", "")), "{place}");
            assert!(is_misuse(host.clear("00".repeat(32).parse().unwrap())), "{place}");
            assert!(is_misuse(host.allow_downgrade("counter", version())), "{place}");
            assert!(is_misuse(slot.wait_for(99, LONG)), "{place}");
            // These wait for nobody.
            host.slot::<dyn Counter>("main").unwrap();
            host.rescan().unwrap();
            let _events: Receiver<Event> = host.events();
            let _status: Status = host.status();
        });
        assert_eq!(scene.told.live().generation, n as u64 + 2, "{place}");
    }
    assert_eq!(label(slot), "3");
}

#[test]
fn a_first_load_asked_for_from_inside_while_an_upgrade_waits() {
    let config = patient().with_pause_deadline(Duration::from_millis(300));
    let two = Two::of(config, &counter("label=a"));
    let left = two.host.slot::<dyn Counter>("left").unwrap();
    let told = Told::of(&two.host);
    let right = within("a `&self` call", &left, || {
        replace(&two.at("left"), counter("label=b").bytes());
        until("the upgrade closes the gate", || is_closed(&left));
        // The upgrade is cancelled, and then there is time for it.
        two.host.slot::<dyn Counter>("right").unwrap()
    });
    assert_eq!(right.pin().label().unwrap(), "a");
    assert_eq!(told.refused().exit, Exit::Cancelled);
}

#[test]
fn an_end_asked_for_from_inside_waits_for_nobody() {
    for place in PLACES {
        for drops in [false, true] {
            let scene = Scene::<dyn Counter>::of(&counter("label=a"));
            let (slot, mut host) = (scene.slot.clone(), Some(scene.host));
            within(place, &slot, || {
                let host = host.take().unwrap();
                if drops {
                    drop(host);
                } else {
                    assert!(is_misuse(host.shutdown()), "{place}");
                }
                let ended = elsewhere(|| slot.pin().value());
                assert!(matches!(ended, Err(CallError::Ended { .. })), "{place}: {ended:?}");
            });
            // In order all the same, as soon as the thread has come out.
            assert_eq!(scene.told.retired().0, 1, "{place}");
        }
    }
}

/// A host that tells of itself before it can be named.
#[derive(Clone, Default)]
struct Known(Arc<OnceLock<Host>>);

impl Known {
    /// Starts it. `asks` is asked in a callback of each event that `when` picks.
    fn start(
        &self,
        config: Config,
        when: fn(&EventKind) -> bool,
        asks: impl Fn(&Host) -> Vec<bool> + Send + Sync + 'static,
    ) -> Receiver<Vec<bool>> {
        let (sender, answers): (Sender<_>, _) = mpsc::channel();
        let known = self.clone();
        let config = config.on_event(move |event| {
            if let Some(host) = known.0.get().filter(|_| when(&event.kind)) {
                let _ = sender.send(asks(host));
            }
        });
        self.0.set(Host::new(config).unwrap()).unwrap();
        answers
    }
}

/// Whether each is refused that would wait for an upgrade, or whose answer would.
fn refuses_all(host: &Host) -> Vec<bool> {
    let _: Status = host.status();
    host.rescan().unwrap();
    vec![
        is_misuse(host.slot::<dyn Counter>("main")),
        is_misuse(host.slot::<dyn Counter>("other")),
        is_misuse(host.apply_pending()),
        is_misuse(host.abandon("main")),
        is_misuse(host.restart("main")),
        is_misuse(host.commit("main", "")),
        is_misuse(host.roll_back("main", "")),
        is_misuse(host.clear("00".repeat(32).parse().unwrap())),
        is_misuse(host.allow_downgrade("counter", "1.0.0".parse().unwrap())),
    ]
}

/// A slot that was not opened before, on a thread that may hang.
fn open_elsewhere(known: &Known) -> Receiver<Result<Slot<dyn Counter>, Error>> {
    let (known, (sender, opened)) = (known.clone(), mpsc::channel());
    thread::spawn(move || sender.send(known.0.get().unwrap().slot("main")));
    opened
}

fn two_at(folder: &Path, config: Config) -> Config {
    config.artifact("main", folder.join("main")).artifact("other", folder.join("other"))
}

#[test]
fn what_a_callback_asks_on_the_worker() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main"), counter("label=a").bytes()).unwrap();
    let known = Known::default();
    let is_live = |kind: &EventKind| matches!(kind, EventKind::Live(_));
    let answers = known.start(two_at(folder.path(), patient()), is_live, refuses_all);
    let slot = open_elsewhere(&known).recv_timeout(LONG).unwrap().unwrap();
    assert_eq!(answers.recv_timeout(LONG).unwrap(), [true; 9]);
    assert_eq!(slot.pin().label().unwrap(), "a");
}

#[test]
fn what_a_callback_asks_on_the_thread_that_waits_for_a_first_artifact() {
    let folder = tempfile::tempdir().unwrap();
    let known = Known::default();
    let waits = |kind: &EventKind| matches!(kind, EventKind::WaitingForFirst { .. });
    let answers = known.start(two_at(folder.path(), patient()), waits, refuses_all);
    let opened = open_elsewhere(&known);
    assert_eq!(answers.recv_timeout(LONG).unwrap(), [true; 9]);
    replace(&folder.path().join("main"), counter("label=a").bytes());
    assert_eq!(opened.recv_timeout(LONG).unwrap().unwrap().pin().label().unwrap(), "a");
}

#[test]
fn what_a_callback_asks_on_the_thread_that_opens_a_slot() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main"), counter("label=a").bytes()).unwrap();
    let states = folder.path().join("states");
    let config = || two_at(folder.path(), patient()).with_checkpoints(&states);
    // A run that ends in order, and one that begins with its state and does not.
    let first = Host::new(config()).unwrap();
    first.slot::<dyn Counter>("main").unwrap();
    first.shutdown().unwrap();
    let second = Host::new(config()).unwrap();
    second.slot::<dyn Counter>("main").unwrap();
    std::mem::forget(second);
    let known = Known::default();
    let is_told = |kind: &EventKind| matches!(kind, EventKind::NoCheckpoint { .. });
    let answers = known.start(config(), is_told, refuses_all);
    let opened = open_elsewhere(&known);
    assert_eq!(answers.recv_timeout(LONG).unwrap(), [true; 9]);
    assert_eq!(opened.recv_timeout(LONG).unwrap().unwrap().pin().label().unwrap(), "a");
}

#[test]
fn a_host_that_is_dropped_in_a_callback_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main");
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let kept: Arc<Mutex<Option<Host>>> = Arc::default();
    let config = patient().artifact("main", &path).on_event({
        let kept = Arc::clone(&kept);
        move |event| {
            let is_second = matches!(&event.kind, EventKind::Live(live) if live.generation == 2);
            drop(kept.lock().unwrap().take_if(|_| is_second));
        }
    });
    let host = Host::new(config).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let told = Told::of(&host);
    *kept.lock().unwrap() = Some(host);
    replace(&path, counter("label=b").bytes());
    assert_eq!(told.live().generation, 2);
    assert_eq!(told.retired().0, 1);
    assert_eq!(told.retired().0, 2);
    assert!(matches!(slot.pin().value(), Err(CallError::Ended { .. })));
}

#[test]
fn a_lock_that_nobody_will_let_go_is_given_up_on_request() {
    let config = patient().with_pause_deadline(Duration::from_millis(300));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let (host, slot) = (&scene.host, &scene.slot);
    let wait = |slot: &Slot<dyn Counter>| {
        let (slot, (sender, answer)) = (slot.clone(), mpsc::channel());
        let thread = thread::spawn(move || {
            let pin = slot.pin();
            sender.send(Pin::generation(&pin).unwrap()).unwrap();
            pin.value()
        });
        assert_eq!(answer.recv().unwrap(), 1);
        thread
    };
    // A thread that waits for another one is not seen to wait for a slot.
    let held = slot.pin_mut();
    let waits = wait(slot);
    let asked = elsewhere(|| host.abandon("main")).unwrap();
    let refused = waits.join().unwrap();
    assert!(!asked && matches!(refused, Err(CallError::Abandoned { .. })), "{refused:?}");
    drop(held);
    assert_eq!(elsewhere(|| slot.pin_mut().add(1)).unwrap(), 1);
    // Nor is one that has ended and forgotten its pin.
    elsewhere(|| std::mem::forget(slot.pin_mut()));
    let waits = wait(slot);
    elsewhere(|| host.abandon("main")).unwrap();
    let refused = waits.join().unwrap();
    assert!(matches!(refused, Err(CallError::Abandoned { .. })), "{refused:?}");
    // The next build does not wait for it.
    let refused = elsewhere(|| slot.pin().value());
    assert!(matches!(refused, Err(CallError::Abandoned { .. })), "{refused:?}");
}

#[test]
fn a_deadline_that_never_comes_is_one() {
    let forever = patient()
        .with_first_artifact_deadline(Duration::MAX)
        .with_call_budget(Duration::MAX)
        .with_pause_deadline(Duration::MAX)
        .with_work_deadline(Duration::MAX);
    let scene = Scene::<dyn Counter>::with(forever, &counter("label=a"));
    assert_eq!(scene.slot.wait_for(1, Duration::MAX).unwrap(), 1);
    let inside = stay_inside(&scene.slot, "visitor");
    scene.put(&counter("label=b"));
    until("the upgrade closes the gate", || is_closed(&scene.slot));
    thread::scope(|scope| {
        let waits = scope.spawn(|| scene.slot.wait_for(2, Duration::MAX));
        inside.leave();
        assert_eq!(waits.join().unwrap().unwrap(), 2);
    });
    assert_eq!(value(&scene.slot), 0);
    scene.host.shutdown().unwrap();
}
