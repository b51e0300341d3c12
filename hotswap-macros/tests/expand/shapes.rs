//! What a manifest says of a state, and what becomes of a state whose shape changed.

use std::{borrow::Cow, collections::HashMap, thread};

use hotswap_abi::{
    __private::state::{CarryError, carry},
    Context, HotModule, HotState, Manifest, Module, ModuleError, Shape, Start, interface,
};
use serde::{Deserialize, Serialize};

use crate::{
    module,
    state::{World, bytes},
};

/// Makes a manifest for a module with this state.
macro_rules! manifest_of {
    ($state:ty) => {{
        #[interface]
        pub trait Nothing {}
        struct Holder;
        impl Nothing for Holder {}
        impl Module for Holder {
            type State = $state;
            fn start(_: Start<$state>, _: &Context) -> Result<Self, ModuleError> {
                Ok(Self)
            }
            fn state(&self) -> Cow<'_, $state> {
                unreachable!()
            }
        }
        module!(@only Holder: Nothing);
        Manifest::decode(Holder::MANIFEST).unwrap()
    }};
}

#[path = "nothing.rs"]
mod nothing;

/// Each user's type in a manifest, one a line, in alphabetical order.
fn definitions(manifest: &Manifest) -> Vec<String> {
    let types = &manifest.types;
    let member = |member: &hotswap_abi::__private::shape::OwnedMember| {
        let parts: Vec<_> =
            member.parts.iter().map(|part| types.display(part).to_string()).collect();
        let labels =
            if member.labels.is_empty() { String::new() } else { member.labels.join("/") + " " };
        let attrs =
            if member.attrs.is_empty() { String::new() } else { format!("#[{}] ", member.attrs) };
        format!("{attrs}{}: {labels}{}", member.name, parts.join(" "))
    };
    let mut lines: Vec<_> = types
        .definitions
        .iter()
        .map(|it| {
            let members: Vec<_> = it.members.iter().map(member).collect();
            format!("{} [{}] {}", it.name, it.attrs, members.join(", "))
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn the_manifest_holds_every_version_of_the_state_in_full() {
    let manifest = manifest_of!(World);
    let states: Vec<_> =
        manifest.states.iter().map(|state| (state.name.as_str(), state.version)).collect();
    assert_eq!(states, [("World", 7), ("World", 3), ("World", 1)]);
    assert_eq!(
        definitions(&manifest),
        [
            "Nothing [] ",
            "Tree [] value: u8, kids: Vec<Tree<u8>>",
            "Unit [serde(tag = \"type\", rename_all = \"camelCase\")] Idle: , \
             #[speed: serde(default)] Moving: to/speed (f32, f32) f32",
            "World [] #[serde(rename = \"points\")] score: u64, \
             #[serde(default)] units: BTreeMap<String, Unit>, tree: Tree<u8>, foreign: Vec<Foreign>, \
             opaque: Unit",
            "WorldV1 [] score: u16",
            "WorldV3 [] score: u32, names: Vec<String>",
        ]
    );
    // Known by its text only.
    let world = manifest.types.definitions.iter().find(|it| it.name == "World").unwrap();
    assert!(
        matches!(&world.members[3].parts[0], hotswap_abi::__private::shape::Shape::Opaque(text) if text == "Vec<Foreign>")
    );
    assert!(
        matches!(&world.members[4].parts[0], hotswap_abi::__private::shape::Shape::Opaque(text) if text == "Unit")
    );
}

mod mutual {
    use super::*;

    #[derive(Shape, Serialize, Deserialize, Clone)]
    pub struct Parent {
        pub kids: Vec<Kid>,
        pub by_name: HashMap<String, Kid>,
    }

    #[derive(Shape, Serialize, Deserialize, Clone)]
    pub struct Kid {
        pub parents: Option<Box<Parent>>,
        pub siblings: Vec<Self>,
    }

    #[derive(HotState, Serialize, Deserialize, Clone)]
    #[hot_state(version = 1, name = "family")]
    pub struct Family(pub Parent, pub Vec<Kid>);
}

#[test]
fn types_that_contain_each_other_are_described() {
    let manifest = manifest_of!(mutual::Family);
    assert_eq!(manifest.states[0].name, "family");
    assert_eq!(
        definitions(&manifest),
        [
            "Family [] 0: Parent, 1: Vec<Kid>",
            "Kid [] parents: Option<Box<Parent>>, siblings: Vec<Kid>",
            "Nothing [] ",
            "Parent [] kids: Vec<Kid>, by_name: HashMap<String, Kid>",
        ]
    );
}

mod drift {
    pub mod before {
        use super::super::*;
        #[derive(HotState, Serialize, Deserialize, Clone)]
        #[hot_state(version = 1)]
        pub struct World {
            pub score: u16,
            pub units: Vec<Unit>,
            pub gone: String,
            pub pair: Pair,
            pub id: Id,
        }
        #[derive(Shape, Serialize, Deserialize, Clone)]
        pub struct Unit {
            pub name: String,
            pub hp: u8,
        }
        #[derive(Shape, Serialize, Deserialize, Clone)]
        pub struct Pair(pub u8, pub u8);
        #[derive(Shape, Serialize, Deserialize, Clone)]
        pub struct Id(pub u16);
    }
    pub mod after {
        use super::super::*;
        #[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[hot_state(version = 1)]
        pub struct World {
            pub score: u64,
            pub units: Vec<Unit>,
            pub pair: Pair,
            pub id: Id,
            pub fresh: Vec<u8>,
            pub spot: (Id, Pair),
        }
        #[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
        pub struct Unit {
            pub name: String,
            pub hp: u32,
            #[serde(default = "five")]
            pub mp: u8,
        }
        fn five() -> u8 {
            5
        }
        #[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
        pub struct Pair(pub u16, pub u8);
        #[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
        pub struct Id(pub u32);
    }
}

#[test]
fn a_drifted_state_is_carried_by_name() {
    use drift::{after, before};
    let (old, new) = (manifest_of!(before::World), manifest_of!(after::World));
    let state = before::World {
        score: 7,
        units: vec![before::Unit { name: "a".into(), hp: 9 }],
        gone: "gone".into(),
        pair: before::Pair(1, 2),
        id: before::Id(3),
    };
    let (from, to) = (&old.states[0].shape, &new.states[0].shape);
    let carried = carry(&bytes(&state), (&old.types, from), (&new.types, to)).unwrap();
    assert_eq!(carried.dropped, ["World.gone"]);
    assert_eq!(carried.defaulted, ["World.units[].mp", "World.fresh", "World.spot"]);
    assert_eq!(
        after::World::restore(1, &carried.bytes).unwrap(),
        after::World {
            score: 7,
            units: vec![after::Unit { name: "a".into(), hp: 9, mp: 5 }],
            pair: after::Pair(1, 2),
            id: after::Id(3),
            fresh: Vec::new(),
            spot: (after::Id(0), after::Pair(0, 0)),
        }
    );
}

/// As in a syntax tree: described by a way for each nesting, it would take the compiler for ever.
#[derive(hotswap_abi::Portable, Clone, Debug)]
enum Expr {
    Number(f64),
    Not(Box<Self>),
    Both(Box<Self>, Box<Self>),
    If { condition: Box<Self>, then: Box<Self>, otherwise: Option<Box<Self>> },
    Call(String, Vec<Self>),
    Block(Vec<Self>, Option<Box<Self>>, Vec<(String, Self)>),
}

#[hotswap_abi::interface]
trait Evaluator {
    fn evaluate(&self, expr: Expr, names: Vec<(String, Expr)>) -> Result<Expr, String>;
}

#[test]
fn a_type_with_many_recursive_fields_is_described_once() {
    let schema = hotswap_abi::__private::manifest::Schema::decode(
        <dyn Evaluator as hotswap_abi::Interface>::schema(),
    )
    .unwrap();
    let names: Vec<_> = schema.types.definitions.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    let expr = schema.types.definitions.iter().find(|it| it.name == "Expr").unwrap();
    let block = expr.members.iter().find(|it| it.name == "Block").unwrap();
    assert_eq!(schema.types.display(&block.parts[2]).to_string(), "Vec<(String, Expr)>");
}

mod chain {
    pub mod before {
        use super::super::*;
        #[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[hot_state(version = 1)]
        pub struct Link {
            pub number: u8,
            pub next: Option<Box<Self>>,
        }
    }
    pub mod after {
        use super::super::*;
        #[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
        #[hot_state(version = 1)]
        pub struct Link {
            pub number: u16,
            pub next: Option<Box<Self>>,
        }
    }
}

mod endless {
    pub mod before {
        use super::super::*;
        #[derive(HotState, Serialize, Deserialize, Clone)]
        #[hot_state(version = 1)]
        pub struct Round(pub Box<Self>);
        #[derive(HotState, Serialize, Deserialize, Clone)]
        #[hot_state(version = 1)]
        pub struct Grids {}
    }
    pub mod after {
        use super::super::*;
        #[derive(HotState, Serialize, Deserialize, Clone)]
        #[hot_state(version = 1)]
        pub struct Round(pub Option<Box<Self>>);
        type Grid = [[[[[u8; 32]; 32]; 32]; 32]; 32];
        #[derive(HotState, Serialize, Deserialize, Clone)]
        #[hot_state(version = 1)]
        pub struct Grids {
            pub grid: Box<Grid>,
        }
    }
}

#[test]
fn types_that_lead_on_without_an_end_are_refused() {
    use endless::{after, before};
    // On a stack as large as that of a host's steps.
    let thread = thread::Builder::new().stack_size(32 << 20).spawn(|| {
        let (old, new) = (manifest_of!(before::Round), manifest_of!(after::Round));
        let (from, to) = (&old.states[0].shape, &new.states[0].shape);
        let error = carry(&[1], (&old.types, from), (&new.types, to)).unwrap_err();
        assert_eq!(error, CarryError::Deep { at: "Round.0".to_owned() });
        let (old, new) = (manifest_of!(before::Grids), manifest_of!(after::Grids));
        let (from, to) = (&old.states[0].shape, &new.states[0].shape);
        let error = carry(&[0x80], (&old.types, from), (&new.types, to)).unwrap_err();
        assert!(matches!(error, CarryError::NoDefault { .. }), "{error}");
    });
    thread.unwrap().join().unwrap();
}

/// On a stack as large as that of a host's steps.
#[test]
fn a_state_that_is_deeply_nested_is_carried_or_refused() {
    use chain::{after, before};
    let (old, new) = (manifest_of!(before::Link), manifest_of!(after::Link));
    let (from, to) = (&old.states[0].shape, &new.states[0].shape);
    let carry_links = |count| {
        let end = before::Link { number: 1, next: None };
        let state =
            (1..count).fold(end, |link, _| before::Link { number: 1, next: Some(Box::new(link)) });
        let carried = carry(&bytes(&state), (&old.types, from), (&new.types, to)).ok()?;
        let mut link = Some(Box::new(after::Link::restore(1, &carried.bytes).unwrap()));
        let mut links = 0;
        while let Some(this) = link {
            (links, link) = (links + 1, this.next);
        }
        Some(links)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(32 << 20);
        let run = || {
            assert_eq!(carry_links(400), Some(400));
            // The codec does not read it.
            assert_eq!(carry_links(1000), None);
        };
        thread.spawn_scoped(scope, run).unwrap().join().unwrap();
    });
}
