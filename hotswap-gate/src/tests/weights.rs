//! Which arm an entry chooses: by the weight, by its key, or by its choice.

use super::canary::{HALF, SALT, begin, with_canary};
use super::*;
use crate::{Arm, Weight};

#[test]
fn no_weight_admits_nobody_and_none_admits_everybody() {
    let gate = with_canary(Weight::ZERO);
    let entries = |point: u32| {
        let by_key = gate.enter_for(|_| point, BUDGET).unwrap().number;
        let drawn = (0..1_000).filter(|_| gate.enter(BUDGET).unwrap().number == 2).count();
        (by_key, drawn)
    };
    assert_eq!(entries(0), (1, 0));
    assert_eq!(gate.preview(BUDGET).unwrap().unwrap().number, 2);
    assert_eq!(gate.reader().preview(BUDGET).unwrap().unwrap().number, 2);
    gate.set_weight(Weight::from_parts(u32::MAX)).unwrap();
    assert_eq!(entries(u32::MAX).0, 1);
    assert_eq!(Weight::from_share(1.0), None);
    gate.settle(Arm::Canary).unwrap();
    assert_eq!(entries(u32::MAX), (2, 1_000));
    assert!(gate.preview(BUDGET).unwrap().is_none(), "there is no canary any more");
}

#[test]
fn a_weight_is_the_share_of_entries_without_a_key() {
    const ENTRIES: u32 = 100_000;
    let gate = with_canary(Weight::ZERO);
    let reader = gate.reader();
    for share in [0.01, 0.25, 0.5, 0.99] {
        gate.set_weight(Weight::from_share(share).unwrap()).unwrap();
        let seen = |enter: &dyn Fn() -> u64| (0..ENTRIES).filter(|_| enter() == 2).count();
        let by_seat = seen(&|| gate.enter(BUDGET).unwrap().number);
        let by_reader = seen(&|| reader.enter(BUDGET).unwrap().number);
        // Six times the standard deviation of the widest: once in half a billion runs.
        let margin = 6.0 * (share * (1.0 - share) / f64::from(ENTRIES)).sqrt();
        for seen in [by_seat, by_reader] {
            let seen = seen as f64 / f64::from(ENTRIES);
            assert!((seen - share).abs() < margin, "asked for {share}, seen {seen}");
        }
    }
}

#[test]
fn shares_and_parts() {
    let parts = |share| Weight::from_share(share).map(Weight::parts);
    assert_eq!([0.0, 0.25, 0.5].map(parts), [Some(0), Some(1 << 30), Some(1 << 31)]);
    assert_eq!(parts(1e-300), Some(1), "a share that is not 0 admits somebody");
    assert_eq!(parts(1.0f64.next_down()), Some(u32::MAX));
    assert_eq!([-0.1, 1.0, f64::NAN, f64::INFINITY].map(parts), [None; 4]);
    assert_eq!(Weight::from_share(0.25).unwrap().share(), 0.25);
}

#[test]
fn a_key_keeps_its_arm_while_the_weight_grows() {
    let gate = with_canary(Weight::ZERO);
    let reader = gate.reader();
    // Spread over all of the 32 bits.
    let points: Vec<u32> = (0..500u32).map(|key| key.wrapping_mul(0x9e37_79b9)).collect();
    let mut on_canary = vec![false; points.len()];
    for step in 0..=20 {
        let weight = Weight::from_parts((u64::from(u32::MAX) * step / 20) as u32);
        gate.set_weight(weight).unwrap();
        for (&point, was) in points.iter().zip(&mut on_canary) {
            let salted = |salt: &crate::Salt| {
                assert_eq!(*salt, SALT);
                point
            };
            let is = gate.enter_for(salted, BUDGET).unwrap().number == 2;
            assert_eq!(is, point < weight.parts());
            assert_eq!(is, reader.enter_for(salted, BUDGET).unwrap().number == 2);
            assert!(is || !*was, "it went back to the stable one");
            *was = is;
        }
    }
}

#[test]
fn a_point_is_asked_for_outside_and_only_when_it_counts() {
    let gate = gate("arcade");
    let asked = RefCell::new(0);
    let point = |_: &crate::Salt| {
        *asked.borrow_mut() += 1;
        assert!(!gate.is_inside());
        // It may enter itself.
        drop(gate.enter(BUDGET).unwrap());
        0
    };
    let reader = gate.reader();
    let enter = |expected: u64, times: u32| {
        assert_eq!(gate.enter_for(point, BUDGET).unwrap().number, expected);
        assert_eq!(reader.enter_for(point, BUDGET).unwrap().number, expected);
        assert_eq!(asked.take(), times);
    };
    enter(1, 0);
    begin(&gate, 2, HALF);
    enter(2, 2);
    gate.settle(Arm::Stable).unwrap();
    enter(1, 0);

    begin(&gate, 3, HALF);
    let panics = AssertUnwindSafe(|| drop(gate.enter_for(|_| resume_unwind(Box::new(())), BUDGET)));
    assert!(catch_unwind(panics).is_err());
    assert!(!gate.is_inside());
    gate.settle(Arm::Stable).unwrap();
    drop(gate.close(Instant::now()).unwrap());
}

/// The point is for the canary that was active when it was asked for.
#[test]
fn a_point_of_another_canary_is_not_used() {
    let gate = gate("arcade");
    gate.begin_canary(2, module(2), HALF, [2; 32]).unwrap();
    let salts = RefCell::new(Vec::new());
    let point = |salt: &crate::Salt| {
        salts.borrow_mut().push(salt[0]);
        assert!(!gate.is_inside());
        if salt[0] == 2 {
            gate.settle(Arm::Stable).unwrap();
            gate.begin_canary(3, module(3), HALF, [3; 32]).unwrap();
        }
        // Opposite arms.
        if salt[0] == 2 { u32::MAX } else { 0 }
    };
    assert_eq!(gate.enter_for(point, BUDGET).unwrap().number, 3);
    assert_eq!(*salts.borrow(), [2, 3]);
    assert!(!gate.is_inside());
}

/// A key's function may leave the thread inside by the very record that asks.
#[test]
fn a_point_may_enter_and_stay() {
    let gate = with_canary(HALF);
    let reader = gate.reader();
    drop(reader.enter(BUDGET).unwrap());
    drop(gate.enter(BUDGET).unwrap());
    let kept = RefCell::new(None);
    for by_reader in [true, false] {
        let point = |_: &crate::Salt| {
            let entered = if by_reader { reader.preview(BUDGET) } else { gate.preview(BUDGET) };
            kept.replace(entered.unwrap());
            u32::MAX
        };
        let entered =
            if by_reader { reader.enter_for(point, BUDGET) } else { gate.enter_for(point, BUDGET) };
        assert_eq!(entered.unwrap().number, 2, "the arm that the thread is on");
        assert!(gate.is_inside());
        assert_eq!(kept.take().unwrap().number, 2);
        assert!(!gate.is_inside());
    }
}
