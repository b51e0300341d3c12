//! While a developer edits: what an edit takes out of the state is told, and is back when the edit is
//! undone.

use counter_api::Counter;
use hotswap_core::{
    Config, StateDrift,
    event::{CarriedFields, EventKind, Exit, Phase, StateNote},
};
use hotswap_tests::{
    Fixture, LONG, Scene, counting, patient,
    versions::{FIRST, SECOND},
};

use crate::support::{elsewhere, value};

/// The preset for developers, on a busy machine.
fn dev() -> Config {
    Config::dev()
        .with_first_artifact_deadline(LONG)
        .with_call_budget(LONG)
        .with_pause_deadline(LONG)
        .with_work_deadline(LONG)
}

const UNITS: &str = "
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Unit { hp: u32 }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count { value: u64, hp: u32, units: Vec<Unit>, by_name: BTreeMap<String, Unit> }
impl Counts for Count {
    fn fresh() -> Self {
        let units = (0..1000).map(|hp| Unit { hp }).collect();
        let by_name = [(\"a.b[0]\".to_owned(), Unit { hp: 5 }), (\"c\".to_owned(), Unit { hp: 6 })];
        Self { value: 0, hp: 77, units, by_name: by_name.into() }
    }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) {
        self.value += n;
        if n == 13 { self.units.pop(); }
    }
}";

/// `hp` is called `health`, and has a smaller type in the units.
fn renamed(attribute: &str) -> Fixture {
    counting(
        &UNITS
            .replace("Unit { hp: u32 }", &format!("Unit {{ {attribute} health: u32 }}"))
            .replace("value: u64, hp: u32", &format!("value: u64, {attribute} health: u32"))
            .replace("map(|hp| Unit { hp })", "map(|health| Unit { health })")
            .replace("hp: ", "health: "),
    )
}

fn state_text(scene: &Scene<dyn Counter>) -> String {
    elsewhere(|| scene.slot.pin().state_text().unwrap())
}

fn told(scene: &Scene<dyn Counter>) -> (CarriedFields, String) {
    scene.told.find(|event| match &event.kind {
        EventKind::Carried(fields) => Some((fields.clone(), event.to_string())),
        _ => None,
    })
}

#[test]
fn a_renamed_field_is_told_once_and_its_values_are_back_when_that_is_undone() {
    let first = counting(UNITS);
    let scene = Scene::<dyn Counter>::with(dev(), &first);
    let before = state_text(&scene);
    let live = scene.upgrade(&renamed(""));
    let dropped = ["Count.units[].hp: 1,000 values", "Count.by_name[].hp: 2 values", "Count.hp"];
    let StateNote::Carried { dropped: noted, defaulted } = &live.state else { panic!("{live}") };
    assert_eq!(*noted, dropped);
    assert_eq!(
        *defaulted,
        ["Count.health", "Count.units[].health: 1,000 values", "Count.by_name[].health: 2 values"]
    );
    let (fields, line) = told(&scene);
    assert_eq!((fields.dropped, fields.left_out), (dropped.map(str::to_owned).to_vec(), 0));
    assert!(line.contains("#[serde(alias = \"hp\")]") && line.contains("migration"), "{line}");
    assert!(!line.contains('\n') && line.len() < 500, "{line}");

    assert_eq!(scene.slot.pin_mut().add(5).unwrap(), 5);
    let live = scene.upgrade(&first);
    assert!(matches!(live.state, StateNote::Carried { .. }), "{live}");
    let (fields, line) = told(&scene);
    let back = ["Count.hp", "Count.units[].hp: 1,000 values", "Count.by_name[].hp: 2 values"];
    assert_eq!(fields.restored, back, "{line}");
    assert_eq!(fields.unrestored.len(), 0, "{line}");
    assert_eq!(state_text(&scene), before.replace("value: 0", "value: 5"));
    // And once more: what the other edit had is kept as well.
    scene.upgrade(&renamed(""));
    scene.upgrade(&first);
    assert_eq!(state_text(&scene), before.replace("value: 0", "value: 5"));
}

#[test]
fn values_do_not_come_back_to_items_that_may_be_others() {
    let first = counting(UNITS);
    let scene = Scene::<dyn Counter>::with(dev(), &first);
    scene.upgrade(&renamed(""));
    let _ = told(&scene);
    scene.slot.pin_mut().add(13).unwrap();
    scene.upgrade(&first);
    let (fields, line) = told(&scene);
    assert_eq!(fields.restored, ["Count.hp", "Count.by_name[].hp: 2 values"]);
    assert_eq!(fields.unrestored, ["Count.units[].hp: 999 values"], "{line}");
    assert!(state_text(&scene).starts_with("Count { value: 13, hp: 77, units: [Unit { hp: 0 }, "));
}

#[test]
fn an_alias_carries_a_renamed_field_there_and_back() {
    let first = counting(UNITS);
    let scene = Scene::<dyn Counter>::with(dev(), &first);
    let before = state_text(&scene);
    let live = scene.upgrade(&renamed("#[serde(alias = \"hp\")]"));
    assert_eq!(live.state, StateNote::Carried { dropped: Vec::new(), defaulted: Vec::new() });
    assert_eq!(state_text(&scene), before.replace("hp: ", "health: "));
    let live = scene.upgrade(&first);
    assert_eq!(live.state, StateNote::Carried { dropped: Vec::new(), defaulted: Vec::new() });
    assert_eq!(state_text(&scene), before);
}

const MODES: &str = "
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub enum Mode { Calm, Angry(u8) }
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Unit { hp: u32, mode: Mode }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count { value: u64, first: Mode, units: Vec<Unit> }
impl Counts for Count {
    fn fresh() -> Self {
        let units = (1..4).map(|hp| Unit { hp, mode: Mode::Angry(7) }).collect();
        Self { value: 0, first: Mode::Angry(9), units }
    }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";

#[test]
fn renamed_fields_without_a_default_are_all_named_with_the_alias_that_keeps_their_values() {
    let scene = Scene::<dyn Counter>::with(dev(), &counting(MODES));
    let before = state_text(&scene);
    let renamed = MODES
        .replace(
            "pub struct Unit { hp: u32, mode: Mode }",
            "pub struct Unit { hp: u32, UNIT mood: Mode }",
        )
        .replace("value: u64, first: Mode", "value: u64, FIRST lead: Mode, NEW last: Unit")
        .replace("Unit { hp, mode:", "Unit { hp, mood:")
        .replace("first: Mode::Angry(9)", "lead: Mode::Angry(9), last: last()");
    let renamed = format!("{renamed}\nfn last() -> Unit {{ Unit {{ hp: 1, mood: Mode::Calm }} }}");
    let with = |unit: &str, first: &str, new: &str| {
        let source = renamed.replace("UNIT", unit).replace("FIRST", first).replace("NEW", new);
        counting(&source)
    };
    let refusal = scene.refusal(&with("", "", ""));
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Migrating));
    let [finding] = refusal.findings.as_slice() else { panic!("{refusal}") };
    assert_eq!(
        finding.lines().collect::<Vec<_>>(),
        [
            "state  Count.units[].mood is new, and Mode has no value to start with; gone: mode",
            "Count.lead is new, and Mode has no value to start with; gone: first",
            "Count.last is new, and Mode in it has no value to start with",
        ]
    );
    assert_eq!(
        refusal.advice,
        "keep the values of a renamed field with #[serde(alias = \"mode\")] on Count.units[].mood, \
         #[serde(alias = \"first\")] on Count.lead; start Count.last with #[serde(default)]; or give \
         the state a new version and a migration from the one that serves; tried again when the file \
         changes"
    );
    assert_eq!(refusal.to_string().matches("do: ").count(), 1);
    assert_eq!(state_text(&scene), before);
    // Doing what it says keeps all of it.
    let live = scene.upgrade(&with(
        "#[serde(alias = \"mode\")]",
        "#[serde(alias = \"first\")]",
        "#[serde(default = \"last\")]",
    ));
    let defaulted = vec!["Count.last".to_owned()];
    assert_eq!(live.state, StateNote::Carried { dropped: Vec::new(), defaulted });
    let after =
        before.replace("first: Angry(9)", "lead: Angry(9), last: Unit { hp: 1, mood: Calm }");
    assert_eq!(state_text(&scene), after.replace("mode: ", "mood: "));
}

#[test]
fn an_alias_that_comes_after_the_rename_brings_nothing_back_and_that_is_said() {
    let first = counting(UNITS);
    let scene = Scene::<dyn Counter>::with(dev(), &first);
    scene.upgrade(&renamed(""));
    let _ = told(&scene);
    scene.upgrade(&renamed("#[serde(alias = \"hp\")]"));
    scene.upgrade(&first);
    let (fields, line) = told(&scene);
    assert_eq!(fields.restored.len(), 0, "{line}");
    let lost = ["Count.hp", "Count.units[].hp: 1,000 values", "Count.by_name[].hp: 2 values"];
    assert_eq!(fields.unrestored, lost, "{line}");
    assert!(line.contains("do not come back") && line.contains("a renamed field"), "{line}");
}

#[test]
fn the_last_state_of_a_version_is_taken_back_when_a_versioned_edit_is_undone() {
    let (first, second) = (counting(FIRST), counting(SECOND));
    // It has left its chain behind: the artifact's version is none that it can write.
    let chainless = counting(
        &SECOND
            .replace(", previous = CountV1", "")
            .replace("Migrate<CountV1> for Count", "Count")
            .replace("fn upgrade", "#[allow(dead_code)] fn upgrade"),
    );
    for serving in [vec![&second], vec![&second, &chainless]] {
        let scene = Scene::<dyn Counter>::with(dev(), &first);
        scene.slot.pin_mut().add(5).unwrap();
        for build in serving {
            scene.upgrade(build);
        }
        assert_eq!(scene.slot.pin_mut().add(100).unwrap(), 105);
        let live = scene.upgrade(&first);
        assert!(matches!(live.state, StateNote::TakenBack { to: 1, .. }), "{live}");
        let text = live.to_string();
        assert!(
            text.contains("newer state lost (") && text.contains("version 1 goes on, as it was "),
            "{text}"
        );
        assert!(live.restored.is_some());
        assert_eq!(value(&scene.slot), 5);
        // And forward again, from there.
        scene.slot.pin_mut().add(1).unwrap();
        assert_eq!(scene.upgrade(&second).state, StateNote::Migrated { from: 1, to: 2 });
        assert_eq!(value(&scene.slot), 6);
    }
}

#[test]
fn elsewhere_a_version_that_cannot_go_back_serves_on() {
    for drift in [StateDrift::Refuse, StateDrift::StartAfresh] {
        let scene = Scene::<dyn Counter>::with(patient().with_state_drift(drift), &counting(FIRST));
        scene.upgrade(&counting(SECOND));
        scene.slot.pin_mut().add(100).unwrap();
        let refusal = scene.refusal(&counting(FIRST));
        assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Snapshotted));
        assert!(refusal.to_string().contains("irreversible"), "{refusal}");
        assert_eq!(value(&scene.slot), 100);
    }
}
