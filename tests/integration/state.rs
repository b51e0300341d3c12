//! State: kept, migrated, drifted, dropped; intact whatever happens.

use std::{fs, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    StateDrift,
    event::{Exit, Phase, StateNote},
};
use hotswap_tests::{Fixture, Scene, counting, fixture, patient};

use crate::support::{counter, elsewhere, label, value};

/// A counter that has counted to five.
fn counted(drift: StateDrift) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with(patient().with_state_drift(drift), &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

fn state_text(scene: &Scene<dyn Counter>) -> String {
    elsewhere(|| scene.slot.pin().state_text().unwrap())
}

/// The counter goes on after a refusal, with its state, and the next good build is live.
fn goes_on(scene: &Scene<dyn Counter>) {
    let (generation, before) = (scene.slot.generation(), value(&scene.slot));
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), before + 1);
    let live = scene.upgrade(&counter(&format!("label=good after {generation}")));
    assert_eq!((live.generation, live.state), (generation + 1, StateNote::Kept));
    assert_eq!(value(&scene.slot), before + 1);
}

#[test]
fn state_is_kept() {
    let scene = counted(StateDrift::Refuse);
    let before = state_text(&scene);
    let live = scene.upgrade(&counter("label=b"));
    assert_eq!(live.state, StateNote::Kept);
    assert!(live.pause.is_some());
    assert_eq!((state_text(&scene), label(&scene.slot)), (before, "b".to_owned()));
}

#[test]
fn state_passes_through_the_whole_chain_of_migrations() {
    let scene = counted(StateDrift::Refuse);
    let log = scene.folder().join("log");
    let live = scene.upgrade(&fixture("chain").told(&format!("label=c;log={}", log.display())));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 3 });
    assert_eq!(state_text(&scene), "Count { value: 5, owners: [\"ada\"], notes: 1 }");
    let log = fs::read_to_string(log).unwrap();
    let steps: Vec<_> = log.lines().collect();
    assert_eq!(steps, ["c prepare", "c migrate 1 to 2", "c migrate", "c start", "c self_test"]);
    // The same version again: nothing to migrate.
    assert_eq!(scene.upgrade(&fixture("chain").told("label=d")).state, StateNote::Kept);
    assert_eq!(value(&scene.slot), 5);
}

#[test]
fn a_state_that_the_artifact_knows_in_an_older_version_only_is_downgraded_by_what_serves() {
    let scene = counted(StateDrift::Refuse);
    let log = scene.folder().join("log");
    let newer =
        |label: &str| fixture("chain").told(&format!("label={label};log={}", log.display()));
    scene.upgrade(&newer("c"));
    scene.slot.pin_mut().add(1).unwrap();
    fs::remove_file(&log).unwrap();
    let live = scene.upgrade(&counter("label=old"));
    assert_eq!(live.state, StateNote::Downgraded { from: 3, to: 1 });
    assert_eq!(live.to_string().matches("state downgraded from version 3 to 1").count(), 1);
    assert_eq!(
        state_text(&scene),
        "Count { value: 6, owner: \"ada\", notes: [Note { at: 0, text: \"restored\" }] }"
    );
    let log_of = fs::read_to_string(&log).unwrap();
    let steps: Vec<_> = log_of.lines().filter(|line| line.contains("downgrade")).collect();
    assert_eq!(steps, ["c downgrade", "c first_downgrade", "c downgrade 2 to 1"]);
    // And up again, with what was done meanwhile.
    scene.slot.pin_mut().add(1).unwrap();
    assert_eq!(scene.upgrade(&newer("d")).state, StateNote::Migrated { from: 1, to: 3 });
    assert_eq!(value(&scene.slot), 7);
}

#[test]
fn a_downgrade_that_fails_refuses_the_older_artifact_and_what_serves_goes_on() {
    for (step, says) in [
        ("fail", "downgrade  state Count from version 3 to 2: downgrade was told to fail"),
        ("panic", "the serving version's downgrade  it panicked: downgrade was told to panic"),
    ] {
        let scene = counted(StateDrift::Refuse);
        scene.upgrade(&fixture("chain").told(&format!("label=c;downgrade={step}")));
        let refusal = scene.refusal(&counter("label=old"));
        assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Snapshotted));
        assert!(refusal.to_string().contains(says), "{refusal}");
        scene.slot.pin_mut().add(1).unwrap();
        let live = scene.upgrade(&fixture("chain").told("label=e"));
        assert_eq!((live.state, value(&scene.slot)), (StateNote::Kept, 6));
    }
}

#[test]
fn drift_is_carried_by_name_and_every_field_is_told() {
    let scene = counted(StateDrift::CarryByName);
    let live = scene.upgrade(&fixture("drift"));
    let StateNote::Carried { mut dropped, mut defaulted } = live.state.clone() else {
        panic!("{:?}", live.state)
    };
    dropped.sort();
    defaulted.sort();
    assert_eq!(dropped, ["Count.notes[].at", "Count.owner"]);
    assert_eq!(defaulted, ["Count.level", "Count.mode"]);
    let text = live.to_string();
    assert!(text.contains("dropped") && text.contains("Count.owner"), "{text}");
    assert_eq!(
        state_text(&scene),
        "Count { value: 5, level: 0, mode: Fast, notes: [Note { text: \"fresh\" }] }"
    );
}

#[test]
fn what_cannot_be_carried_by_name_is_refused() {
    let scene = counted(StateDrift::CarryByName);
    let refusal = scene.refusal(&fixture("drift-hard"));
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Migrating));
    let text = refusal.to_string();
    assert!(text.contains("Count.value cannot be carried from u64 to String"), "{text}");
    goes_on(&scene);
}

#[test]
fn state_starts_afresh_where_the_host_says_so() {
    for (name, why) in [
        ("drift-hard", "Count.value  serving: u64   artifact: String"),
        ("drift", "Count.owner  serving: String   artifact: nothing"),
        ("stateless", "state  serving: Count version 1   artifact: none"),
        ("renamed", "state  serving: Count   artifact: Tally"),
    ] {
        let scene = counted(StateDrift::StartAfresh);
        let live = scene.upgrade(&fixture(name));
        let StateNote::Dropped { why: found } = &live.state else { panic!("{:?}", live.state) };
        assert!(found.iter().any(|it| it == why), "{name}: {found:?}");
        assert!(live.to_string().contains("state dropped"), "{live}");
        assert_eq!(value(&scene.slot), 0, "{name}");
    }
}

#[test]
fn a_state_that_is_gone_or_has_another_name_is_refused() {
    for drift in [StateDrift::Refuse, StateDrift::CarryByName] {
        let scene = counted(drift);
        for (name, finding, advice) in [
            ("stateless", "state  serving: Count version 1   artifact: none", "state back"),
            ("renamed", "state  serving: Count   artifact: Tally", "#[hot_state(name"),
        ] {
            let text = scene.refusal(&fixture(name)).to_string();
            assert!(text.contains(finding) && text.contains(advice), "{text}");
        }
        goes_on(&scene);
    }
}

#[test]
fn a_state_that_comes_for_the_first_time_starts_fresh() {
    let scene = Scene::<dyn Counter>::of(&fixture("stateless"));
    scene.slot.pin_mut().add(3).unwrap();
    let live = scene.upgrade(&counter("label=b"));
    assert_eq!((live.state, live.pause), (StateNote::Fresh, None));
    assert_eq!(value(&scene.slot), 0);
}

#[test]
fn an_opaque_part_that_does_not_survive_the_codec_is_refused_before_it_counts() {
    let opaque = |script: &str| fixture("opaque").told(script);
    let scene = Scene::<dyn Counter>::of(&opaque("label=a"));
    scene.slot.pin_mut().add(60).unwrap();
    // So far it reads what it writes.
    assert_eq!(scene.upgrade(&opaque("label=b")).state, StateNote::Kept);
    assert_eq!(scene.slot.pin_mut().add(60).unwrap(), 120);
    let refusal = scene.refusal(&opaque("label=c"));
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Migrating));
    let text = refusal.to_string();
    assert!(
        text.contains("Count version 1 comes back from its encoding as another value"),
        "{text}"
    );
    assert_eq!((label(&scene.slot), value(&scene.slot)), ("b".to_owned(), 120));
    assert_eq!(scene.slot.pin_mut().add(1).unwrap(), 121);
}

#[test]
fn a_migration_that_fails_leaves_the_old_state_as_it_was() {
    let config = patient().with_pause_deadline(Duration::from_secs(2));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    let chain = |script: &str| -> Fixture { fixture("chain").told(script) };
    for (resumed, (how, finding)) in (1..).zip([
        ("fail", "state Count from version 2 to 3: migrate was told to fail"),
        ("panic", "it panicked: migrate was told to panic at"),
        ("hang", "migration  it did not come back within 2s; its thread is abandoned"),
    ]) {
        let before = value(&scene.slot);
        let refusal = scene.refusal(&chain(&format!("migrate={how}")));
        assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Migrating));
        let text = refusal.to_string();
        assert!(text.contains(finding), "{text}");
        assert!(text.contains("serving 1.0.0 (generation 1), state untouched"), "{text}");
        assert_eq!(scene.slot.pin().resumed().unwrap(), resumed);
        assert_eq!(scene.slot.pin_mut().add(1).unwrap(), before + 1);
    }
    let live = scene.upgrade(&chain("label=good"));
    assert_eq!((live.generation, live.state), (2, StateNote::Migrated { from: 1, to: 3 }));
    assert_eq!(value(&scene.slot), 8);
}

/// Version 1 holds a type of another crate, as far as hotswap knows.
const CELL: &str = "
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct Cell { pub at: u8, pub ore: u32, pub seen: std::collections::HashSet<u8> }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count { value: u64, #[shape(opaque)] cells: Vec<Cell> }
impl Counts for Count {
    fn fresh() -> Self {
        Self { value: 0, cells: vec![Cell { at: 3, ore: 9, seen: (0..20).collect() }] }
    }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";

/// Version 2, which has kept the type under another name.
const CELL_V1: &str = "
#[derive(Serialize, Deserialize, Clone, Debug)]
pub struct CellV1 { pub at: u8, pub ore: u32, pub seen: std::collections::HashSet<u8> }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct CountV1 { value: u64, #[shape(opaque)] cells: Vec<CellV1> }
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Cell { pub ore: u64 }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 2, previous = CountV1)]
pub struct Count { value: u64, cells: Vec<Cell> }
impl Migrate<CountV1> for Count {
    fn upgrade(old: CountV1) -> Result<Self, MigrateError> {
        let ore = |cell: CellV1| Cell { ore: u64::from(cell.ore) + u64::from(cell.at) };
        Ok(Self { value: old.value, cells: old.cells.into_iter().map(ore).collect() })
    }
}
impl Counts for Count {
    fn fresh() -> Self { Self { value: 0, cells: Vec::new() } }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";

#[test]
fn an_opaque_part_may_have_another_name_where_its_bytes_decode() {
    let first = counting(CELL);
    let lossy =
        counting(&CELL_V1.replace("at: u8, pub ore: u32", "ore: u32").replace("cell.at", "1u8"));
    let other = counting(&CELL_V1.replace("at: u8, pub ore: u32", "at: u8, pub ore: bool"));
    let described = counting(&CELL_V1.replace("#[shape(opaque)] ", "").replace(
        "#[derive(Serialize, Deserialize, Clone, Debug)]\npub struct CellV1",
        "#[derive(Shape, Serialize, Deserialize, Clone, Debug)]\npub struct CellV1",
    ));
    for good in [counting(CELL_V1), described] {
        let scene = Scene::<dyn Counter>::of(&first);
        scene.slot.pin_mut().add(5).unwrap();
        // Real differences are found by the bytes: what the old type would lose, what it cannot read.
        for (bad, finding) in [
            (&lossy, "Count version 1 comes back from its encoding as another value"),
            (&other, "state Count version 1: it cannot be decoded: invalid type: integer `9`"),
        ] {
            let refusal = scene.refusal(bad);
            assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Migrating));
            assert!(refusal.findings.concat().contains(finding), "{refusal}");
            assert_eq!(value(&scene.slot), 5);
        }
        let live = scene.upgrade(&good);
        assert_eq!(live.state, StateNote::Migrated { from: 1, to: 2 });
        assert_eq!(state_text(&scene), "Count { value: 5, cells: [Cell { ore: 12 }] }");
    }
}
