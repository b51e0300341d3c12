//! Migrations to paste for types with serde's attributes: fields that are never stored, defaults of
//! fields and of types, functions of other modules, flattened and generic types.

use counter_api::Counter;
use hotswap_core::event::StateNote;
use hotswap_tests::{Scene, counting};

use super::follow;
use crate::support::elsewhere;

/// Every type has a `Point` in it, which changes.
const OLD: &str = r#"
/// It does not describe itself, nor can it be stored.
#[derive(Clone, Debug, Default)]
pub struct Handle(u8);
fn seven() -> Handle { Handle(7) }
fn five() -> u8 { 5 }
fn is_five(n: &u8) -> bool { *n == 5 }
#[derive(Shape, Serialize, Deserialize, Clone, Debug, Default)]
pub struct Point(i32, i32);
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Placed(u8, #[serde(skip)] Handle, Point, #[serde(skip, default = "seven")] Handle);
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    Calm,
    GoesTo { at: Point, #[serde(skip)] handle: Handle, #[serde(rename = "far")] by: u8 },
    Held(#[serde(skip)] Handle, Point, #[serde(skip)] Handle),
    Empty { #[serde(skip)] handle: Handle },
    #[serde(rename = "none")]
    Nothing {},
    Naught(),
    #[serde(rename = "asleep")]
    Sleeps(Point),
    #[serde(skip)]
    Never(Handle),
}
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    home_at: Point,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    past_places: Vec<Point>,
    #[serde(skip)]
    handle: Handle,
}
impl Default for Settings {
    fn default() -> Self {
        Self { home_at: Point(1, 1), past_places: Vec::new(), handle: Handle(3) }
    }
}
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
#[serde(bound = "T: Serialize + serde::de::DeserializeOwned")]
pub struct Tree<T> { value: T, kids: Vec<Tree<T>>, #[serde(skip)] handle: Handle }
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct More { more_at: Point, #[serde(alias = "size")] more_size: u8 }
pub mod units {
    use hotswap_abi::Shape;
    use serde::{Deserialize, Serialize};
    pub fn two() -> u8 { 2 }
    pub fn is_two(n: &u8) -> bool { *n == 2 }
    pub mod text {
        pub fn serialize<S: serde::Serializer>(n: &u64, s: S) -> Result<S::Ok, S::Error> {
            s.serialize_str(&format!("n{n}"))
        }
        pub fn deserialize<'de, D: serde::Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
            let text: String = serde::Deserialize::deserialize(d)?;
            text[1..].parse().map_err(serde::de::Error::custom)
        }
    }
    #[derive(Shape, Serialize, Deserialize, Clone, Debug)]
    pub struct Unit {
        #[serde(with = "text")]
        pub number: u64,
        #[serde(default = "two", skip_serializing_if = "is_two")]
        pub level: u8,
        pub at: super::Point,
        #[serde(skip, default = "super::seven")]
        pub handle: super::Handle,
    }
}
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count {
    value: u64,
    #[serde(skip)]
    handle: Handle,
    #[serde(skip, default = "seven")]
    made: Handle,
    #[serde(skip_serializing, skip_deserializing)]
    both: Handle,
    placed: Vec<Option<Placed>>,
    moods: HashMap<String, Vec<Mood>>,
    settings: [Settings; 2],
    tree: Tree<Point>,
    #[serde(flatten)]
    more: More,
    unit: Box<units::Unit>,
    #[serde(default = "five", skip_serializing_if = "is_five")]
    level: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<Point>,
    #[serde(rename = "mp")]
    mana: u8,
    health: u8,
}
impl Counts for Count {
    fn fresh() -> Self {
        let kid = Tree { value: Point(4, 4), kids: Vec::new(), handle: Handle(1) };
        Self {
            value: 0,
            handle: Handle(1),
            made: Handle(1),
            both: Handle(1),
            placed: vec![None, Some(Placed(3, Handle(1), Point(5, 6), Handle(1)))],
            moods: [("all".to_owned(), vec![
                Mood::Calm,
                Mood::GoesTo { at: Point(1, 2), handle: Handle(1), by: 9 },
                Mood::Held(Handle(1), Point(3, 4), Handle(1)),
                Mood::Empty { handle: Handle(1) },
                Mood::Nothing {},
                Mood::Naught(),
                Mood::Sleeps(Point(8, 8)),
            ])].into(),
            settings: [
                Settings { home_at: Point(2, 2), past_places: vec![Point(3, 3)], handle: Handle(1) },
                Settings { home_at: Point(2, 2), past_places: Vec::new(), handle: Handle(1) },
            ],
            tree: Tree { value: Point(4, 4), kids: vec![kid], handle: Handle(1) },
            more: More { more_at: Point(9, 9), more_size: 4 },
            unit: Box::new(units::Unit { number: 77, level: 2, at: Point(6, 6), handle: Handle(1) }),
            level: 5,
            maybe: None,
            mana: 11,
            health: 12,
        }
    }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}"#;

/// What is never stored is as serde makes it; the rest of these texts has the values.
fn as_decoded(text: &str) -> String {
    let placed = (
        "Placed(3, Handle(1), Point(5, 6), Handle(1))",
        "Placed(3, Handle(0), Point(5, 6), Handle(7))",
    );
    text.replace(placed.0, placed.1)
        .replace("made: Handle(1)", "made: Handle(7)")
        .replace(
            "past_places: [Point(3, 3)], handle: Handle(1)",
            "past_places: [Point(3, 3)], handle: Handle(3)",
        )
        .replace("past_places: [], handle: Handle(1)", "past_places: [], handle: Handle(3)")
        .replace("at: Point(6, 6), handle: Handle(1)", "at: Point(6, 6), handle: Handle(7)")
        .replace("Handle(1)", "Handle(0)")
}

#[test]
fn the_stub_keeps_what_attributes_say() {
    let scene = Scene::<dyn Counter>::of(&counting(OLD));
    scene.slot.pin_mut().add(5).unwrap();
    let before = elsewhere(|| scene.slot.pin().state_text().unwrap());
    let new = OLD
        .replace("struct Point(i32, i32)", "struct Point(i64, i64)")
        .replace("    mana: u8,\n    health: u8,\n", "    magic: u8,\n    #[serde(rename = \"hp\", alias = \"health\")]\n    life: u8,\n    #[serde(skip)]\n    late: Handle,\n")
        .replace("            mana: 11,\n            health: 12,\n", "            magic: 11,\n            life: 12,\n            late: Handle(0),\n")
        .replace("    handle: Handle,\n}\nimpl Default", "    handle: Handle,\n    fresh: u8,\n}\nimpl Default")
        .replace("past_places: Vec::new(), handle: Handle(3)", "past_places: Vec::new(), handle: Handle(3), fresh: 44")
        .replace("past_places: vec![Point(3, 3)], handle: Handle(1)", "past_places: vec![Point(3, 3)], handle: Handle(1), fresh: 0")
        .replace("past_places: Vec::new(), handle: Handle(1)", "past_places: Vec::new(), handle: Handle(1), fresh: 0");
    let refusal = scene.refusal(&counting(&new));
    let live = scene.upgrade(&counting(&follow(&new, &refusal.advice)));
    assert_eq!(live.state, StateNote::Migrated { from: 1, to: 2 }, "{}", refusal.advice);
    let after = as_decoded(&before)
        .replace("mana: ", "magic: ")
        .replace("health: 12", "life: 12, late: Handle(0)")
        .replace("handle: Handle(3)", "handle: Handle(3), fresh: 44");
    assert_eq!(elsewhere(|| scene.slot.pin().state_text().unwrap()), after, "{}", refusal.advice);
}

/// Functions for a type that changed cannot read the old one. The migration compiles without them,
/// and the host refuses what would be read in another way.
#[test]
fn what_is_for_the_new_type_is_left_away_and_said() {
    let old = r#"
mod text {
    use super::*;
    pub fn serialize<S: serde::Serializer>(at: &Point, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&at.0.to_string())
    }
    pub fn deserialize<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Point, D::Error> {
        let text: String = serde::Deserialize::deserialize(d)?;
        text.parse().map(Point).map_err(serde::de::Error::custom)
    }
}
fn is_odd(n: &u32) -> bool { n % 2 == 1 }
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
pub struct Point(i32);
#[derive(Shape, Serialize, Deserialize, Clone, Debug)]
#[serde(into = "u32", from = "u32")]
pub struct Raw { n: u32 }
impl From<u32> for Raw { fn from(n: u32) -> Self { Self { n: n as _ } } }
impl From<Raw> for u32 { fn from(raw: Raw) -> u32 { raw.n as _ } }
#[derive(Shape, Serialize, Deserialize, Clone, Debug, Default)]
#[serde(default)]
pub struct Rules { #[serde(skip_serializing_if = "is_odd")] n: u32, m: u8 }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count {
    value: u64,
    #[serde(with = "text")]
    at: Point,
    raw: Raw,
    rules: Rules,
}
impl Counts for Count {
    fn fresh() -> Self { Self { value: 0, at: Point(3), raw: 8.into(), rules: Rules::default() } }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}"#;
    let scene = Scene::<dyn Counter>::of(&counting(old));
    scene.slot.pin_mut().add(5).unwrap();
    let before = elsewhere(|| scene.slot.pin().state_text().unwrap());
    let new = old
        .replace("struct Point(i32)", "struct Point(i64)")
        .replace("Raw { n: u32 }", "Raw { n: u64 }")
        .replace("n: u32, m: u8", "n: u32, m: u16");
    let refusal = scene.refusal(&counting(&new));
    for line in [
        "/* without with = \"text\": that is for the new type, write one for this */ at: PointV1,",
        "/* without into = \"u32\", from = \"u32\": that is for the new type, write one for this */",
    ] {
        assert!(refusal.advice.lines().any(|it| it.trim() == line), "{}", refusal.advice);
    }
    let again = scene.refusal(&counting(&follow(&new, &refusal.advice)));
    let text = again.to_string();
    for line in [
        "Count.at  serving: #[serde(with = \"text\")]   artifact: no attributes",
        "Raw  serving: #[serde(into = \"u32\", from = \"u32\")]   artifact: no attributes",
        "do: describe version 1 alike on both sides; tried again when the file changes",
    ] {
        assert!(text.lines().any(|it| it.trim() == line), "{line}:\n{text}");
    }
    assert_eq!(elsewhere(|| scene.slot.pin().state_text().unwrap()), before);
}
