//! A canary beside the stable generation: which arm an entry gets, and how long an arm is kept.

use super::*;
use crate::record::Record;
use crate::{Arm, CanaryError, Weight, own_arms};

pub(super) const HALF: Weight = Weight::from_parts(1 << 31);
pub(super) const SALT: crate::Salt = [7; 32];

pub(super) fn begin(gate: &TestGate, number: u64, weight: Weight) {
    gate.begin_canary(number, module(number), weight, SALT).unwrap();
}

pub(super) fn with_canary(weight: Weight) -> TestGate {
    let gate = gate("arcade");
    begin(&gate, 2, weight);
    gate
}

/// A key whose point leads to an arm, at any weight but 0.
fn point(arm: Arm) -> impl Fn(&crate::Salt) -> u32 {
    move |_| if arm == Arm::Canary { 0 } else { u32::MAX }
}

fn number(arm: Arm) -> u64 {
    if arm == Arm::Canary { 2 } else { 1 }
}

/// A thread that is inside on an arm until it is released.
fn guest_on(gate: &TestGate, arm: Arm) -> Stage {
    let (steps, orders) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
    let (ready, is_ready) = mpsc::channel();
    let gate = Arc::clone(gate);
    let thread = thread::spawn(move || {
        let entered = gate.enter_for(point(arm), BUDGET).unwrap();
        ready.send(entered.arm()).unwrap();
        orders.into_iter().for_each(|step| step());
        assert_eq!(entered.number, number(arm));
    });
    assert_eq!(is_ready.recv().unwrap(), Some(arm));
    Stage { steps, thread }
}

const ARMS: [Arm; 2] = [Arm::Stable, Arm::Canary];

fn other(arm: Arm) -> Arm {
    if arm == Arm::Canary { Arm::Stable } else { Arm::Canary }
}

#[test]
fn an_entry_stays_on_its_arm_until_it_leaves() {
    for (arm, settled) in ARMS.into_iter().flat_map(|arm| ARMS.map(|settled| (arm, settled))) {
        let gate = with_canary(HALF);
        let entered = gate.enter_for(point(arm), BUDGET).unwrap();
        gate.set_weight(Weight::ZERO).unwrap();
        let again = gate.enter(BUDGET).unwrap();
        gate.settle(settled).unwrap();
        let late = gate.enter(BUDGET).unwrap();
        for entered in [entered, again, late] {
            let seen = (entered.arm(), entered.number(), entered.number);
            assert_eq!(seen, (Some(arm), number(arm), number(arm)));
        }
        assert_eq!(gate.enter(BUDGET).unwrap().number, number(settled));
    }
}

#[test]
fn a_thread_is_on_one_arm_however_it_enters() {
    for arm in ARMS {
        let gate = with_canary(HALF);
        let (outer, inner, new) = (gate.reader(), gate.reader(), gate.reader());
        // All but one of the records know the turn, and so choose without the roster.
        for reader in [&outer, &inner] {
            drop(reader.enter(BUDGET).unwrap());
        }
        drop(gate.enter(BUDGET).unwrap());
        let all = |first: Entered<'_, Module>| {
            for _ in 0..50 {
                let entries = [
                    inner.enter(BUDGET),
                    inner.enter_for(point(other(arm)), BUDGET),
                    new.enter_for(point(other(arm)), BUDGET),
                    gate.enter(BUDGET),
                    gate.enter_for(point(other(arm)), BUDGET),
                    outer.enter_for(point(other(arm)), BUDGET),
                ];
                for entered in entries {
                    assert_eq!(entered.unwrap().number, number(arm));
                }
            }
            let previewed = [gate.preview(BUDGET), inner.preview(BUDGET)];
            for preview in previewed.map(Result::unwrap) {
                assert_eq!(preview.map(|it| it.number), (arm == Arm::Canary).then_some(2));
            }
            drop(first);
        };
        all(outer.enter_for(point(arm), BUDGET).unwrap());
        all(gate.enter_for(point(arm), BUDGET).unwrap());
        assert!(!gate.is_inside());
        assert_eq!(inner.enter_for(point(other(arm)), BUDGET).unwrap().number, number(other(arm)));
    }
}

#[test]
fn a_thread_that_is_inside_before_a_canary_begins_stays_outside_of_it() {
    let gate = gate("arcade");
    let entered = gate.enter(BUDGET).unwrap();
    begin(&gate, 2, HALF);
    let by_key = gate.reader();
    let by_key = by_key.enter_for(point(Arm::Canary), BUDGET).unwrap();
    assert_eq!((by_key.number, by_key.arm()), (1, None));
    assert!(gate.preview(BUDGET).unwrap().is_none());
    drop((entered, by_key));
    assert_eq!(gate.preview(BUDGET).unwrap().unwrap().number, 2);
    assert!(!gate.is_inside(), "a preview that is refused leaves");
}

#[test]
fn a_reader_that_has_moved_is_on_its_new_threads_arm() {
    let gate = with_canary(HALF);
    let (own, moved) = (gate.reader(), gate.reader());
    drop(own.enter(BUDGET).unwrap());
    // The last that this thread has noted.
    drop(moved.enter_for(point(Arm::Canary), BUDGET).unwrap());
    let (ready, is_ready) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let other = thread::spawn(move || {
        let entered = moved.enter_for(point(Arm::Canary), BUDGET).unwrap();
        ready.send(()).unwrap();
        let _ = may_go.recv();
        drop(entered);
    });
    is_ready.recv().unwrap();
    assert_eq!(own.enter_for(point(Arm::Stable), BUDGET).unwrap().number, 1);
    drop(go);
    other.join().unwrap();
}

#[test]
fn an_arm_is_left_when_nobody_is_on_any_turn_of_it() {
    for settled in ARMS {
        let gate = with_canary(HALF);
        let lost = other(settled);
        let (stays, goes) = (guest_on(&gate, settled), guest_on(&gate, lost));
        // One more turn with both arms.
        let kept = gate.current().1;
        drop(gate.swap(1, kept).unwrap());
        let again = guest_on(&gate, lost);
        for arm in ARMS {
            assert!(matches!(why(gate.wait_left(number(arm), far())), Why::Current));
        }
        let (lost_number, value) = gate.settle(settled).unwrap();
        assert_eq!((lost_number, value.number), (number(lost), number(lost)));
        let value = {
            let strong = value;
            Arc::downgrade(&strong)
        };
        assert_eq!(gate.callers(number(lost)).len(), 2);
        for guest in [goes, again] {
            let stuck = gate.wait_left(number(lost), Instant::now()).unwrap_err();
            let names: Vec<_> = stuck.inside().iter().map(|it| it.generation()).collect();
            assert!(names.iter().all(|&it| it == number(lost)), "{names:?}");
            assert!(value.upgrade().is_some());
            guest.release();
        }
        gate.wait_left(number(lost), Instant::now()).unwrap();
        assert!(value.upgrade().is_none(), "it is let go while others are on the turn's other arm");
        assert!(gate.callers(number(lost)).is_empty());
        // Who is still on that turn enters again by records that know nothing.
        let (entered, it_has) = mpsc::channel();
        let inner = Arc::clone(&gate);
        let stays = stays.then(move || {
            let by_reader = inner.reader();
            let by_reader = by_reader.enter_for(point(lost), BUDGET).unwrap();
            entered.send((by_reader.number, by_reader.arm())).unwrap();
        });
        assert_eq!(it_has.recv().unwrap(), (number(settled), Some(settled)));
        stays.release();
    }
}

#[test]
fn a_caller_that_hangs_in_a_canary_delays_no_later_upgrade() {
    let gate = with_canary(HALF);
    let hangs = guest_on(&gate, Arm::Canary);
    gate.settle(Arm::Stable).unwrap();
    drop(gate.close(Instant::now()).unwrap().activate(3, module(3)));
    begin(&gate, 4, HALF);
    gate.settle(Arm::Canary).unwrap();
    gate.wait_left(3, Instant::now()).unwrap();
    assert!(gate.wait_left(2, Instant::now()).is_err());
    hangs.release();
    gate.wait_left(2, Instant::now()).unwrap();
}

#[test]
fn without_a_canary_the_quick_way_is_as_it_was() {
    assert_eq!(size_of::<Record>(), 128);
    let Some(form) = crate::Form::asymmetric() else { return };
    let gate = Arc::new(Gate::with_form(form, "arcade", 1, module(1)));
    let reader = gate.reader();
    let knows = || {
        drop(reader.enter(BUDGET).unwrap());
        reader.visit().is_some()
    };
    assert!(knows());
    begin(&gate, 2, HALF);
    assert!(!knows(), "each entry chooses");
    gate.settle(Arm::Canary).unwrap();
    assert!(knows());
    let records = &gate.inner.core.state().records;
    assert_eq!(
        records[0].known_fenced(),
        crate::word::OUTSIDE,
        "it would be announced for nothing"
    );
}

#[test]
fn both_arms_are_found_by_their_numbers() {
    let gate = with_canary(HALF);
    let guests = ARMS.map(|arm| guest_on(&gate, arm));
    assert_eq!(gate.current().0, 1);
    let (canary, value, weight) = gate.canary().unwrap();
    assert_eq!((canary, value.number, weight), (2, 2, HALF));
    for number in [1, 2] {
        assert_eq!(gate.find(number).unwrap().number, number);
        assert_eq!(gate.callers(number).len(), 1);
    }
    let stuck = gate.close(Instant::now()).unwrap_err();
    let mut inside: Vec<_> = stuck.inside().iter().map(|it| it.generation()).collect();
    inside.sort_unstable();
    assert_eq!(inside, [1, 2]);
    guests.into_iter().for_each(Stage::release);
}

#[test]
fn what_is_not_so_is_an_error() {
    let gate = gate("arcade");
    let inactive = |done: Result<(), CanaryError>| {
        assert!(matches!(done, Err(CanaryError::Inactive)));
    };
    inactive(gate.set_weight(HALF));
    inactive(gate.settle(Arm::Stable).map(drop));
    assert!(gate.canary().is_none());
    begin(&gate, 2, HALF);
    let again = gate.begin_canary(3, module(3), HALF, SALT);
    assert!(matches!(again, Err(CanaryError::Active { number: 2 })));
    let closed = gate.close(far()).unwrap();
    assert!(matches!(gate.settle(Arm::Canary), Err(CanaryError::Busy(_))));
    assert_eq!(closed.number(), 1);
    drop(closed);
    assert_eq!(gate.canary().unwrap().0, 2, "nothing has changed");
}

#[test]
fn a_canary_stays_beside_another_stable_generation() {
    let gate = with_canary(HALF);
    let on_canary = guest_on(&gate, Arm::Canary);
    drop(gate.swap(3, module(3)).unwrap());
    assert!(gate.close(Instant::now()).is_err(), "nobody may be on the canary either");
    on_canary.release();
    gate.set_weight(Weight::from_parts(3)).unwrap();
    drop(gate.close(Instant::now()).unwrap().activate(4, module(4)));
    assert_eq!(gate.canary().map(|(number, _, weight)| (number, weight.parts())), Some((2, 3)));
    assert_eq!(gate.enter_for(point(Arm::Stable), BUDGET).unwrap().number, 4);
    assert_eq!(gate.enter_for(point(Arm::Canary), BUDGET).unwrap().number, 2);
    assert_eq!(gate.settle(Arm::Canary).unwrap().0, 4);
    assert_eq!(gate.current().0, 2);
}

#[test]
fn each_arm_has_its_own_lock() {
    let gate = with_canary(HALF);
    let reader = gate.reader();
    let by_seat = gate.enter_for(point(Arm::Canary), BUDGET).unwrap();
    let by_reader = reader.enter(BUDGET).unwrap();
    let shared = (by_seat.shared().unwrap(), by_reader.shared().unwrap());
    assert!(matches!(by_reader.exclusive().map_err(|it| *it), Err(LockError::Reentrant)));
    thread::scope(|scope| {
        scope.spawn(|| {
            let stable = gate.enter_for(point(Arm::Stable), BUDGET).unwrap();
            drop(stable.exclusive().unwrap());
        });
    });
    drop(shared);
}

#[test]
fn a_cycle_of_locks_leads_through_an_arm() {
    let (a, b) = (with_canary(HALF), gate("b"));
    let in_a = a.enter_for(point(Arm::Canary), BUDGET).unwrap();
    let lock_a = in_a.exclusive().unwrap();
    a.set_weight(Weight::ZERO).unwrap();
    let other = {
        let (a, b) = (Arc::clone(&a), Arc::clone(&b));
        thread::spawn(move || {
            let in_b = b.enter(BUDGET).unwrap();
            let _lock_b = in_b.exclusive().unwrap();
            drop(a.preview(BUDGET).unwrap().unwrap().exclusive().unwrap());
        })
    };
    until_waiting(&a, 1);
    let refused = b.enter(BUDGET).unwrap().exclusive().map(drop);
    assert!(matches!(*refused.unwrap_err(), LockError::Cycle(_)));
    drop(lock_a);
    other.join().unwrap();
}

/// As the program's allocator does, which may call slots: what is noted then is not lost.
#[test]
fn a_thread_is_on_one_arm_while_its_list_changes() {
    let gate = with_canary(HALF);
    let (first, second) = (gate.reader(), gate.reader());
    for reader in [&first, &second] {
        drop(reader.enter(BUDGET).unwrap());
    }
    let enter = |reader: &Reader<Module>, arm| {
        let entered = reader.enter_for(point(arm), BUDGET).unwrap();
        let number = entered.number;
        mem::forget(entered);
        number
    };
    own_arms::while_it_changes(|| {
        assert_eq!(enter(&first, Arm::Canary), 2);
        assert_eq!(second.enter_for(point(Arm::Stable), BUDGET).unwrap().number, 2);
    });
    assert_eq!(second.enter_for(point(Arm::Stable), BUDGET).unwrap().number, 2);
    gate.inner.core.state().records[0].withdraw();
    assert_eq!(second.enter_for(point(Arm::Stable), BUDGET).unwrap().number, 1);
}

#[test]
fn a_thread_is_on_one_arm_while_it_ends() {
    struct AtTheEnd(Option<(TestGate, [Reader<Module>; 2])>);

    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            let Some((gate, [first, second])) = self.0.take() else { return };
            let outer = first.enter_for(point(Arm::Canary), BUDGET).unwrap();
            for entered in [second.enter_for(point(Arm::Stable), BUDGET), gate.enter(BUDGET)] {
                assert_eq!((outer.number, entered.unwrap().number), (2, 2));
            }
        }
    }

    thread_local! { static END: RefCell<AtTheEnd> = const { RefCell::new(AtTheEnd(None)) }; }

    let gate = with_canary(HALF);
    for knows_first in [false, true] {
        let gate = Arc::clone(&gate);
        let run = move || {
            let readers = [gate.reader(), gate.reader()];
            let enter = || readers.iter().for_each(|it| drop(it.enter(BUDGET).unwrap()));
            // Either thread-local may end before the other one.
            if knows_first {
                enter();
            }
            END.with(|_| ());
            enter();
            END.with_borrow_mut(|end| end.0 = Some((gate, readers)));
        };
        thread::spawn(run).join().unwrap();
    }
    assert_eq!(records(&gate), 0);
}

#[test]
fn the_list_of_a_thread_has_what_it_uses() {
    let gates: Vec<_> = (0..20).map(|_| with_canary(HALF)).collect();
    for _ in 0..3 {
        for gate in &gates {
            let reader = gate.reader();
            drop(reader.enter(BUDGET).unwrap());
            let _outer = gate.enter(BUDGET).unwrap();
            drop(reader.enter(BUDGET).unwrap());
        }
    }
    assert!(own_arms::of_this_thread() <= 2, "{}", own_arms::of_this_thread());
}
