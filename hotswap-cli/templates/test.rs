//! The module in a host of its own, as it is between two edits: `{{cargo_test}}`.

{{imports}}

#[test]
fn the_count_outlives_an_edit() {
    let harness = Harness::builtin::<{{Module}}>();
    let module = harness.start::<dyn {{Interface}}>().unwrap();
    module.slot().pin_mut().tick().unwrap();
    let state = module.end().unwrap().expect("it has a state");

    let module = harness.restore::<dyn {{Interface}}>(&state).unwrap();
    let line = module.slot().pin_mut().tick().unwrap();
    assert!(line.contains('2'), "{line}");
}
