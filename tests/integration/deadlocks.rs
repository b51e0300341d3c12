//! Waits that cross: between modules, pins and threads, and for the host from where an upgrade would
//! wait in turn. Each gets an answer.

mod host;
mod support;

use std::{
    sync::{Barrier, Mutex, mpsc},
    thread,
    time::Duration,
};

use counter_api::Counter;
use echo_api::{Echo, Engine, Names, Point};
use hotswap_core::{CallError, Pin, Slot};
use hotswap_tests::{Scene, Told, fixture, patient, replace, until};

use self::support::Two;
use crate::support::{closing, counter, elsewhere, is_closed, label, stay_inside, value};

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

#[test]
fn who_is_needed_by_a_caller_that_an_upgrade_waits_for_comes_in() {
    let two = Two::of(closing(), &counter("label=a"));
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
    let asked = elsewhere(|| host.operator().abandon("main")).unwrap();
    let refused = waits.join().unwrap();
    assert!(!asked && matches!(refused, Err(CallError::Abandoned { .. })), "{refused:?}");
    drop(held);
    assert_eq!(elsewhere(|| slot.pin_mut().add(1)).unwrap(), 1);
    // Nor is one that has ended and forgotten its pin.
    elsewhere(|| std::mem::forget(slot.pin_mut()));
    let waits = wait(slot);
    elsewhere(|| host.operator().abandon("main")).unwrap();
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
        .with_longest_wait(Duration::MAX)
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
