//! Drift that is refused: the difference field by field, and a migration that compiles as it stands,
//! with which every value arrives.

mod attributes;

use std::{fs, path::Path};

use counter_api::Counter;
use hotswap_core::event::{Exit, Phase, StateNote};
use hotswap_tests::{
    Scene, counting, fixture, pasted,
    versions::{FIRST, SECOND},
};

use crate::support::{counter, elsewhere, value};

#[test]
fn the_difference_is_told_and_the_stub_works_as_it_is() {
    let scene = Scene::<dyn Counter>::of(&counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    let refusal = scene.refusal(&fixture("drift"));
    assert_eq!((refusal.exit, refusal.phase), (Exit::Rejected, Phase::Assessed));
    let text = refusal.to_string();
    for line in [
        "Count.value  serving: u64   artifact: i64",
        "Count.owner  serving: String   artifact: nothing",
        "Count.level  serving: nothing   artifact: u8",
        "Count.mode  serving: nothing   artifact: Mode",
        "Note.at  serving: u64   artifact: nothing",
        "// dropped: old.owner (String)",
        "// dropped: old.at (u64)",
        "level: Default::default(), // new",
    ] {
        assert!(text.lines().any(|it| it.trim() == line), "{line}:\n{text}");
    }
    assert_eq!(value(&scene.slot), 5);

    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/modules/drift/src/lib.rs");
    // An included file begins with an item.
    let source = fs::read_to_string(source).unwrap();
    let source: Vec<_> = source.lines().filter(|line| !line.starts_with("//!")).collect();
    let live = scene.upgrade(&pasted(&follow(&source.join("\n"), &refusal.advice)));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 2 });
    assert_eq!(
        elsewhere(|| scene.slot.pin().state_text().unwrap()),
        "Count { value: 5, level: 0, mode: Fast, notes: [Note { text: \"fresh\" }] }"
    );
}

/// Does what the advice says, and nothing else.
fn follow(source: &str, advice: &str) -> String {
    let stub = &advice[advice.find("    #[derive(hotswap_abi::HotState").expect("it has a stub")..];
    let attribute = stub
        .lines()
        .find_map(|line| line.trim().strip_prefix("// on Count: "))
        .expect("it says what to write on the new version");
    let state = source.find("pub struct Count ").expect("it has the state");
    let (at, end) =
        (source[..state].rfind("#[hot_state").unwrap(), source[..state].rfind(']').unwrap());
    format!("{}{attribute}{}\n{stub}\n", &source[..at], &source[end + 1..])
}

#[test]
fn the_stub_of_a_third_version_leads_on_to_the_first() {
    let scene = Scene::<dyn Counter>::of(&counting(SECOND));
    scene.slot.pin_mut().add(5).unwrap();
    let renamed = SECOND
        .replace("value: u64, level: u8", "value: u64, rank: u8")
        .replace("level: 3", "rank: 3");
    let refusal = scene.refusal(&counting(&renamed));
    let step = "// impl Migrate<CountV1> for Count: now for CountV2, with the fields of CountV2";
    assert!(refusal.advice.lines().any(|line| line.trim() == step), "{refusal}");
    let source = follow(&renamed, &refusal.advice)
        .replacen("impl Migrate<CountV1> for Count {", "impl Migrate<CountV1> for CountV2 {", 1)
        .replacen("value: old.value, rank: 3", "value: old.value, level: 3", 1);
    let third = counting(&source);
    let live = scene.upgrade(&third);
    assert_eq!(live.state, StateNote::Migrated { from: 2, to: 3 });
    assert_eq!(elsewhere(|| scene.slot.pin().state_text().unwrap()), "Count { value: 5, rank: 3 }");

    let scene = Scene::<dyn Counter>::of(&counting(FIRST));
    scene.slot.pin_mut().add(6).unwrap();
    assert_eq!(scene.upgrade(&third).state, StateNote::Migrated { from: 1, to: 3 });
    assert_eq!(elsewhere(|| scene.slot.pin().state_text().unwrap()), "Count { value: 6, rank: 3 }");
}

const OLD: &str = "
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Point(i32, i32);
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Unit { name: String, at: Point, #[serde(rename = \"type\")] r#type: u8, mood: Mood }
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = \"lowercase\")]
pub enum Mood { Calm, Angry { level: u8, at: Point }, Named(String, Point), Asleep }
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Tree<T> { value: T, kids: Vec<Tree<T>> }
#[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key { x: u8 }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count {
    value: u64,
    units: Vec<Unit>,
    leader: Option<Box<Unit>>,
    by_name: HashMap<String, Unit>,
    pair: (Point, u8),
    corners: [Point; 2],
    forest: Tree<u32>,
    keyed: BTreeMap<Key, Point>,
    took: std::time::Duration,
    outcome: Result<Point, String>,
    total: i64,
    seen: std::collections::HashSet<u8>,
    #[shape(opaque)]
    foreign: Vec<u8>,
}
impl Counts for Count {
    fn fresh() -> Self {
        let unit = |name: &str, mood| Unit { name: name.to_owned(), at: Point(1, -2), r#type: 4, mood };
        let kid = Tree { value: 2, kids: Vec::new() };
        Self {
            value: 0,
            units: vec![
                unit(\"a\", Mood::Calm),
                unit(\"b\", Mood::Angry { level: 7, at: Point(5, 6) }),
                unit(\"c\", Mood::Named(\"n\".to_owned(), Point(7, 8))),
                unit(\"d\", Mood::Asleep),
            ],
            leader: Some(Box::new(unit(\"l\", Mood::Calm))),
            by_name: [(\"k\".to_owned(), unit(\"m\", Mood::Calm))].into(),
            pair: (Point(3, 4), 5),
            corners: [Point(0, 0), Point(9, 9)],
            forest: Tree { value: 1, kids: vec![kid] },
            keyed: [(Key { x: 1 }, Point(1, 1))].into(),
            took: std::time::Duration::from_millis(1500),
            outcome: Ok(Point(2, 2)),
            total: -9,
            seen: [3].into(),
            foreign: vec![1, 2],
        }
    }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";

/// Every type has changed, two fields and a variant have other names, and one is new.
fn new() -> String {
    OLD.replace("struct Point(i32, i32)", "struct Point(i64, i64)")
        .replace("name: String", "title: String")
        .replace("name: name.to_owned()", "title: name.to_owned()")
        .replace("level: u8", "level: u16")
        .replace("Asleep", "Sleeps")
        .replace("forest: Tree<u32>", "forest: Tree<u64>")
        .replace("total: i64", "sum: i64,\n    fresh: Vec<Unit>")
        .replace("total: -9", "sum: -9,\n            fresh: Vec::new()")
        .replace("outcome: Result<Point, String>", "outcome: Option<Point>")
        .replace("outcome: Ok(Point(2, 2))", "outcome: None")
}

#[test]
fn the_stub_has_the_old_nested_types_and_drops_nothing() {
    let scene = Scene::<dyn Counter>::of(&counting(OLD));
    scene.slot.pin_mut().add(5).unwrap();
    let before = elsewhere(|| scene.slot.pin().state_text().unwrap());
    // What cannot be decided: the migration compiles, and says so when it runs.
    let refusal = scene.refusal(&counting(&new()));
    let source = follow(&new(), &refusal.advice);
    let undecided = scene.refusal(&counting(&source));
    assert_eq!((undecided.exit, undecided.phase), (Exit::Rejected, Phase::Migrating));
    let finding = "Count.outcome: say how Result<Point, String> becomes Option<Point>";
    assert!(undecided.to_string().contains(finding), "{undecided}");
    assert_eq!(elsewhere(|| scene.slot.pin().state_text().unwrap()), before);
    // Said there, everything arrives.
    let same = new()
        .replace("outcome: Option<Point>", "outcome: Result<u8, String>")
        .replace("outcome: None", "outcome: Ok(1)");
    let scene = Scene::<dyn Counter>::of(&counting(
        &OLD.replace("outcome: Result<Point, String>", "outcome: Result<u8, String>")
            .replace("outcome: Ok(Point(2, 2))", "outcome: Ok(1)"),
    ));
    scene.slot.pin_mut().add(5).unwrap();
    let before = elsewhere(|| scene.slot.pin().state_text().unwrap());
    let refusal = scene.refusal(&counting(&same));
    let live = scene.upgrade(&counting(&follow(&same, &refusal.advice)));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 2 });
    let after = before
        .replace("name: ", "title: ")
        .replace("by_title: ", "by_name: ")
        .replace("Asleep", "Sleeps")
        .replace("total: -9", "sum: -9, fresh: []");
    assert_eq!(elsewhere(|| scene.slot.pin().state_text().unwrap()), after);
}
