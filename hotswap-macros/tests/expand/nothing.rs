//! Types of which nothing is stored: how serde writes them, and how they are told apart.

use std::borrow::Cow;

use hotswap_abi::{
    __private::{shape::compare_stored, state::carry},
    Context, HotModule, HotState, Manifest, Module, ModuleError, Shape, Start, interface,
};
use serde::{Deserialize, Serialize};

use crate::{module, state::bytes};

/// A type of which nothing is stored, in a state, and what reads what the others have written.
macro_rules! nothing {
    ($name:ident, $value:expr, $($item:tt)*) => {
        mod $name {
            use super::*;

            #[derive(Shape, Serialize, Deserialize, Clone, Debug, PartialEq)]
            $($item)*

            #[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
            #[hot_state(version = 1)]
            pub struct World {
                pub it: Vec<It>,
                pub score: u8,
            }

            /// The same, edited beside it.
            #[derive(HotState, Serialize, Deserialize, Clone, Debug, PartialEq)]
            #[hot_state(version = 1, name = "World")]
            pub struct Edited {
                pub it: Vec<It>,
                pub score: u16,
            }

            pub fn case() -> Case {
                Case {
                    name: stringify!($name),
                    manifest: manifest_of!(World),
                    bytes: bytes(&World { it: vec![$value], score: 7 }),
                    reads: |bytes| {
                        let world = World { it: vec![$value], score: 7 };
                        World::restore(1, bytes).is_ok_and(|it| it == world)
                    },
                    edited: manifest_of!(Edited),
                    reads_edited: |bytes| {
                        let world = Edited { it: vec![$value], score: 7 };
                        Edited::restore(1, bytes).is_ok_and(|it| it == world)
                    },
                }
            }
        }
    };
}

struct Case {
    name: &'static str,
    manifest: Manifest,
    bytes: Vec<u8>,
    reads: fn(&[u8]) -> bool,
    edited: Manifest,
    reads_edited: fn(&[u8]) -> bool,
}

nothing!(unit, It, pub struct It;);
nothing!(named, It {}, pub struct It {});
nothing!(list, It(), pub struct It(););
nothing!(
    named_skipped,
    It { cache: 0 },
    pub struct It {
        #[serde(skip)]
        pub cache: u8,
    }
);
nothing!(
    unit_variant,
    It::V,
    pub enum It {
        V,
    }
);
nothing!(
    named_variant,
    It::V {},
    pub enum It {
        V {},
    }
);
nothing!(
    list_variant,
    It::V(),
    pub enum It {
        V(),
    }
);
nothing!(
    named_skipped_variant,
    It::V { cache: 0 },
    pub enum It {
        V {
            #[serde(skip)]
            cache: u8,
        },
    }
);
nothing!(
    skipped_variant,
    It::V(0),
    pub enum It {
        V(#[serde(skip)] u8),
    }
);

/// serde writes `struct A;` as a list, and `struct A {}` as a map.
#[test]
fn what_stores_nothing_is_told_apart_as_it_is_written() {
    let structs = [unit::case(), named::case(), list::case(), named_skipped::case()];
    let enums = [
        unit_variant::case(),
        named_variant::case(),
        list_variant::case(),
        named_skipped_variant::case(),
        skipped_variant::case(),
    ];
    let mut same = Vec::new();
    for cases in [&structs[..], &enums] {
        for (i, old) in cases.iter().enumerate() {
            for (j, new) in cases.iter().enumerate() {
                let side = |case: &'static str, manifest: &Manifest| {
                    (case, manifest.types.clone(), manifest.states[0].shape.clone())
                };
                let (l, r) = (side(old.name, &old.manifest), side(new.name, &new.manifest));
                let found = compare_stored((&l.1, &l.2), (&r.1, &r.2), "World");
                let is_same = found.is_empty();
                if (l.0, r.0) == ("unit", "named") {
                    assert_eq!(found[0].right.as_deref(), Some("nothing in `{}`"));
                }
                assert!(!is_same || (new.reads)(&old.bytes), "{} as {}", l.0, r.0);
                assert!(!is_same || old.bytes == new.bytes, "{} as {}", l.0, r.0);
                // What is carried by name is read as well, and its own is carried.
                let edited = (&new.edited.types, &new.edited.states[0].shape);
                let carried = carry(&old.bytes, (&l.1, &l.2), edited);
                match &carried {
                    Ok(carried) => {
                        assert!((new.reads_edited)(&carried.bytes), "{} as {}", l.0, r.0);
                    }
                    Err(why) => assert!(!is_same, "{} as {}: {why}", l.0, r.0),
                }
                if is_same && i < j {
                    same.push((l.0, r.0));
                }
            }
        }
    }
    assert_eq!(
        same,
        [
            ("unit", "list"),
            ("named", "named_skipped"),
            ("unit_variant", "skipped_variant"),
            ("named_variant", "named_skipped_variant"),
        ]
    );
}
