//! States: chains of migrations, shapes, carrying by name.

use std::collections::BTreeMap;

use hotswap_abi::{
    __private::{portable::Buffer, state::encode},
    HotState, Migrate, MigrateError, Shape,
};
use serde::{Deserialize, Serialize};

#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 1)]
struct WorldV1 {
    score: u16,
}

#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 3, previous = WorldV1)]
struct WorldV3 {
    score: u32,
    names: Vec<String>,
}

/// A public state with parts of private types.
#[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[hot_state(version = 7, previous = WorldV3)]
pub struct World {
    #[serde(rename = "points")]
    score: u64,
    #[serde(default)]
    units: BTreeMap<String, Unit>,
    #[serde(skip)]
    cache: Option<String>,
    tree: Tree<u8>,
    #[shape(opaque)]
    foreign: Vec<Foreign>,
    #[shape(opaque)]
    opaque: Unit,
}

#[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Unit {
    Idle,
    Moving {
        to: (f32, f32),
        #[serde(default)]
        speed: f32,
    },
    #[serde(skip)]
    #[allow(dead_code, reason = "never stored")]
    Lost,
}

#[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Tree<T> {
    value: T,
    kids: Vec<Self>,
}

/// Of another crate, as far as hotswap knows.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Foreign(u8);

impl Migrate<WorldV1> for WorldV3 {
    fn upgrade(old: WorldV1) -> Result<Self, MigrateError> {
        Ok(Self { score: old.score.into(), names: vec!["from 1".into()] })
    }
    fn downgrade(self) -> Result<WorldV1, MigrateError> {
        let score =
            self.score.try_into().map_err(|_| MigrateError::new("the score is too large"))?;
        Ok(WorldV1 { score })
    }
}

impl Migrate<WorldV3> for World {
    fn upgrade(old: WorldV3) -> Result<Self, MigrateError> {
        if old.score == 13 {
            return Err(MigrateError::new("13 brings bad luck"));
        }
        let units = old.names.into_iter().map(|name| (name, Unit::Idle)).collect();
        Ok(Self { score: old.score.into(), units, ..world() })
    }
    fn downgrade(self) -> Result<WorldV3, MigrateError> {
        Ok(WorldV3 { score: self.score as u32, names: self.units.into_keys().collect() })
    }
}

fn world() -> World {
    World {
        score: 0,
        units: BTreeMap::new(),
        cache: None,
        tree: Tree { value: 1, kids: vec![Tree { value: 2, kids: Vec::new() }] },
        foreign: vec![Foreign(3)],
        opaque: Unit::Idle,
    }
}

pub fn bytes(state: &impl Serialize) -> Vec<u8> {
    let mut buffer = Buffer::new();
    encode(state, &mut buffer.writer()).unwrap();
    buffer.into_vec()
}

#[test]
fn a_state_of_any_version_is_restored_step_by_step() {
    let from_1 = World::restore(1, &bytes(&WorldV1 { score: 5 })).unwrap();
    assert_eq!((from_1.score, from_1.units.keys().next().unwrap().as_str()), (5, "from 1"));
    let from_3 = World::restore(3, &bytes(&WorldV3 { score: 6, names: Vec::new() })).unwrap();
    assert_eq!((from_3.score, from_3.units.len()), (6, 0));
    let moving = Unit::Moving { to: (1.0, 2.0), speed: 3.0 };
    let own = World { units: [("u".into(), moving)].into(), ..world() };
    assert_eq!(World::restore(7, &bytes(&own)).unwrap(), own);
}

#[test]
fn a_step_that_fails_and_a_version_that_is_unknown_say_so() {
    let text = |result: Result<World, hotswap_abi::__private::state::RestoreError>| {
        result.unwrap_err().to_string()
    };
    let unlucky = bytes(&WorldV3 { score: 13, names: Vec::new() });
    assert_eq!(
        text(World::restore(3, &unlucky)),
        "state World from version 3 to 7: 13 brings bad luck"
    );
    assert_eq!(text(World::restore(2, &[])), "state World has versions 1 to 7, not 2");
    assert_eq!(text(World::restore(8, &[])), "state World has versions 1 to 7, not 8");
    assert!(
        text(World::restore(1, &[0xc1])).starts_with("state World version 1: it cannot be decoded")
    );
}

#[test]
fn a_state_goes_back_step_by_step() {
    let state = World { score: 70_000, units: [("u".into(), Unit::Idle)].into(), ..world() };
    let back = |state: &World, version| {
        let mut buffer = Buffer::new();
        let result = state.clone().downgrade_to(version, &mut buffer.writer());
        result.map(|()| buffer.into_vec()).map_err(|error| error.to_string())
    };
    let v3 = back(&state, 3).unwrap();
    assert_eq!(
        WorldV3::restore(3, &v3).unwrap(),
        WorldV3 { score: 70_000, names: vec!["u".into()] }
    );
    assert_eq!(
        back(&state, 1).unwrap_err(),
        "state World from version 3 to 1: the score is too large"
    );
    let small = World { score: 9, ..state };
    assert_eq!(WorldV1::restore(1, &back(&small, 1).unwrap()).unwrap(), WorldV1 { score: 9 });
    assert_eq!(back(&small, 2).unwrap_err(), "state World has versions 1 to 7, not 2");
    assert_eq!(World::restore(7, &back(&small, 7).unwrap()).unwrap(), small);
}

/// Enums with fields whose variants get numbers after the derive has seen them.
mod numbered {
    pub mod one {
        use hotswap_abi::Movable;
        use hotswap_test_attributes::replace;

        /// Documented in one way.
        #[derive(Movable)]
        #[replace(Empty => Empty = 1)]
        #[repr(u8)]
        pub enum Cell {
            Empty,
            Full(u64),
        }
    }
    pub mod two {
        use hotswap_abi::Movable;
        use hotswap_test_attributes::replace;

        /// Documented in another.
        #[derive(Movable)]
        #[replace(Empty => Empty = 2)]
        #[repr(u8)]
        pub enum Cell {
            Empty,
            Full(u64),
        }
    }
}

#[test]
fn numbers_that_a_macro_gives_to_variants_are_part_of_the_description() {
    use hotswap_abi::__private::Description;
    let one = Description::of::<numbered::one::Cell>();
    let mut two = Description::of::<numbered::two::Cell>();
    two.text = two.text.replace("numbered::two", "numbered::one");
    let (one, two) = one.difference(&two).expect("a difference");
    assert_eq!(
        (one.trim(), two.trim()),
        ("replace(Empty=>Empty = 1)", "replace(Empty=>Empty = 2)")
    );
}
