//! Records, seats and handles as threads come and go.

use super::*;

#[test]
fn records_go_with_their_threads_and_readers() {
    let gate = gate("arcade");
    thread::scope(|scope| {
        let caller = scope.spawn(|| {
            drop(gate.enter(BUDGET).unwrap());
            assert_eq!(records(&gate), 1);
        });
        // The end of the scope alone would not wait for its thread-locals.
        caller.join().unwrap();
    });
    assert_eq!(records(&gate), 0);
    drop(gate.reader());
    assert_eq!(records(&gate), 0);
}

#[test]
fn seats_of_dropped_gates_do_not_pile_up() {
    const MANY: usize = 1_000;
    let gates: Vec<_> = (0..MANY).map(|_| gate("one of many")).collect();
    gates.iter().for_each(|gate| drop(gate.enter(BUDGET).unwrap()));
    assert!(seats_of_this_thread() >= MANY);
    drop(gates);
    // One place, or a few where other tests have gates: the hand has to find the rest.
    for _ in 0..MANY {
        drop(gate("short-lived").enter(BUDGET).unwrap());
    }
    assert!(seats_of_this_thread() < MANY / 10, "{}", seats_of_this_thread());
}

#[test]
fn a_first_entry_costs_the_same_however_many_there_were() {
    for many in [10, 1_000] {
        let gates: Vec<_> = (0..many).map(|_| gate("one of many")).collect();
        let before = looks_of_this_thread();
        gates.iter().for_each(|gate| drop(gate.enter(BUDGET).unwrap()));
        let first = looks_of_this_thread() - before;
        assert!((many..=2 * many).contains(&first), "{first} looks for {many} entries");
        gates.iter().for_each(|gate| drop(gate.enter(BUDGET).unwrap()));
        assert_eq!(looks_of_this_thread() - before, first, "known seats look nowhere");
    }
}

#[test]
fn an_allocator_can_call_while_the_table_grows() {
    let (known, new) = (gate("known"), gate("new"));
    drop(known.enter(BUDGET).unwrap());
    while_it_changes(|| {
        for gate in [&known, &new] {
            let outer = gate.enter(BUDGET).unwrap();
            let inner = gate.enter(BUDGET).unwrap();
            drop(outer);
            assert!(gate.is_inside());
            drop(inner);
            assert!(!gate.is_inside());
        }
    });
    drop(known.enter(BUDGET).unwrap());
    assert_eq!((records(&known), records(&new)), (1, 0));
}

#[test]
fn a_thread_local_can_call_while_it_is_destroyed() {
    struct Late(TestGate, Arc<AtomicU64>);

    impl Drop for Late {
        fn drop(&mut self) {
            let outer = self.0.enter(BUDGET).unwrap();
            let inner = self.0.enter(BUDGET).unwrap();
            self.1.store(outer.number + inner.number, Ordering::Relaxed);
        }
    }

    thread_local! {
        static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    let gate = gate("arcade");
    let seen = Arc::new(AtomicU64::new(0));
    for enter_first in [false, true] {
        let late = Late(Arc::clone(&gate), Arc::clone(&seen));
        let run = move || {
            if enter_first {
                drop(late.0.enter(BUDGET).unwrap());
            }
            LATE.set(Some(late));
        };
        thread::spawn(run).join().unwrap();
        assert_eq!(seen.swap(0, Ordering::Relaxed), 2);
        assert_eq!(records(&gate), 0);
    }
}

#[test]
fn handles_are_for_the_threads_they_are_for() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<Gate<Module>>();
    is_sync::<Gate<Module>>();
    is_send::<Reader<Module>>();
    is_send::<Stuck>();
    is_send::<Refused>();
    is_send::<LockError>();
    is_sync::<Exclusion>();

    // Does not compile when the type does implement the trait: both impls would fit.
    trait Not<Which> {
        fn holds() {}
    }
    struct Sends;
    struct Syncs;
    impl<T: ?Sized> Not<()> for T {}
    impl<T: ?Sized + Send> Not<Sends> for T {}
    impl<T: ?Sized + Sync> Not<Syncs> for T {}
    trait NotSync<Which> {
        fn holds() {}
    }
    impl<T: ?Sized> NotSync<()> for T {}
    impl<T: ?Sized + Sync> NotSync<Syncs> for T {}
    <Reader<Module> as NotSync<_>>::holds();
    <Entered<'static, Module> as Not<_>>::holds();
    <EnteredAlone<'static, Module> as Not<_>>::holds();
}
