//! Bytes that a host takes from an artifact are hostile: whatever they are, decoding them ends in
//! a value or an error.

use std::{borrow::Cow, collections::HashMap};

use hotswap_abi::{
    __private::manifest::Schema, Context, HotModule, HotState, Interface, Manifest, ManifestError,
    Module, ModuleError, Portable, Shape, Start, interface,
};
use serde::{Deserialize, Serialize};

/// A recursive type.
#[derive(Portable, Clone, Debug)]
pub struct Tree {
    name: String,
    kids: Vec<Self>,
}

/// What the module implements.
#[interface]
pub trait Forest {
    /// Grows a tree.
    fn grow(&mut self, tree: Tree, by: Option<u32>) -> Result<Tree, String>;
}

/// A nested part of the state.
#[derive(Shape, Serialize, Deserialize, Clone, Debug, Default)]
pub struct Soil {
    wet: bool,
    minerals: HashMap<String, f64>,
}

/// The state.
#[derive(HotState, Serialize, Deserialize, Clone, Debug, Default)]
#[hot_state(version = 4)]
pub struct Ground {
    soil: Soil,
    rings: Vec<u32>,
}

#[derive(HotModule)]
#[hot_module(interface = Forest)]
struct Woods {
    ground: Ground,
}

impl Module for Woods {
    type State = Ground;

    fn start(from: Start<Ground>, _: &Context) -> Result<Self, ModuleError> {
        Ok(Self { ground: from.state().unwrap_or_default() })
    }

    fn state(&self) -> Cow<'_, Ground> {
        Cow::Borrowed(&self.ground)
    }
}

impl Forest for Woods {
    fn grow(&mut self, tree: Tree, _by: Option<u32>) -> Result<Tree, String> {
        Ok(tree)
    }
}

const GOOD: &[u8] = <Woods as HotModule>::MANIFEST;

/// xorshift64*, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

#[test]
fn a_manifest_says_what_the_module_is() {
    let manifest = Manifest::decode(GOOD).expect("the derive writes a sound manifest");
    assert_eq!(manifest.interface_name(), "Forest");
    let forest = manifest.types.definition(&manifest.interface).expect("it is defined");
    assert_eq!(
        manifest.types.signature(&forest.members[0]).to_string(),
        "grow(&mut self, tree: Tree, by: Option<u32>) -> Result<Tree, String>"
    );
    let state = manifest.state().expect("it has a state");
    assert_eq!((state.name.as_str(), state.version), ("Ground", 4));
    let ground = manifest.types.definition(&state.shape).expect("it is defined");
    let soil = manifest.types.definition(&ground.members[0].parts[0]).expect("it is defined");
    assert_eq!(
        manifest.types.display(&soil.members[1].parts[0]).to_string(),
        "HashMap<String, f64>"
    );
}

#[test]
fn a_manifest_that_is_cut_anywhere_is_an_error() {
    for end in 0..GOOD.len() {
        assert!(Manifest::decode(&GOOD[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_section_may_be_padded_with_zeros_and_nothing_else() {
    let mut section = GOOD.to_vec();
    section.extend([0; 40]);
    assert_eq!(Manifest::decode(&section), Manifest::decode(GOOD));
    section.push(1);
    assert!(matches!(Manifest::decode(&section), Err(ManifestError::Length { .. })));
    assert_eq!(Manifest::decode(&[GOOD, GOOD].concat()), Err(ManifestError::Two));
}

#[test]
fn damaged_manifests_are_errors_and_never_panics() {
    let mut random = Random(0x5eed);
    let (mut sound, mut refused) = (0, 0);
    for _ in 0..60_000 {
        let mut bytes = GOOD.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        match Manifest::decode(&bytes) {
            // Most damage hits a name, which is then another name.
            Ok(manifest) => {
                sound += 1;
                // What was decoded can be shown and compared.
                let shown = format!("{}", manifest.types.display(&manifest.interface));
                assert!(!shown.chars().any(char::is_control));
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(sound > 0 && refused > 0, "{sound} sound, {refused} refused");
}

/// Found by its beginning in the bytes of a host, so anything may look like it.
#[test]
fn damaged_schemas_are_errors_and_never_panics() {
    let good = <dyn Forest as Interface>::schema();
    let schema = Schema::decode(good).expect("`#[interface]` writes a sound schema");
    assert_eq!(schema.interface_name(), "Forest");
    let module = Manifest::decode(GOOD).unwrap().schema();
    assert_eq!(schema.interface_name(), module.interface_name());
    let ours = (schema.version.clone(), &schema.target, &schema.abi, &schema.abi_stable);
    assert_eq!(ours, (module.version.clone(), &module.target, &module.abi, &module.abi_stable));
    // In an executable other things stand behind it.
    assert_eq!(Schema::decode(&[good, b"more"].concat()).as_ref(), Ok(&schema));
    for end in 0..good.len() {
        assert!(Schema::decode(&good[..end]).is_err(), "cut at {end}");
    }
    assert_eq!(Schema::decode(GOOD), Err(ManifestError::Magic));
    assert_eq!(Manifest::decode(good), Err(ManifestError::Magic));
    let mut random = Random(0x5eed);
    for _ in 0..20_000 {
        let mut bytes = good.to_vec();
        let at = random.below(bytes.len());
        bytes[at] = random.next() as u8;
        let _ = Schema::decode(&bytes);
    }
}

/// Nested references to a million levels must not end the stack, huge counts not the memory.
#[test]
fn nesting_and_counts_are_bounded() {
    let header = |body: &[u8]| {
        let mut bytes =
            [&b"HOTSWAP\0"[..], &hotswap_abi::__private::manifest::FORMAT.to_le_bytes()].concat();
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes
    };
    let text = |text: &str| {
        let mut bytes = (text.len() as u16).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes
    };
    let mut fields = Vec::new();
    for field in ["root", "m", "1.0.0", "1.0.0"] {
        fields.extend(text(field));
    }
    fields.push(1);
    for field in ["t", "rustc", "0.1.0", "0.11.3"] {
        fields.extend(text(field));
    }
    // No services, a state that does not move, no packages, and no types in the table.
    fields.extend([0; 9]);
    let vec_of = [vec![1], text("Vec"), vec![0; 8], vec![1, 0]].concat();
    let mut deep = fields.clone();
    for _ in 0..200_000 {
        deep.extend(&vec_of);
    }
    let error = Manifest::decode(&header(&deep)).unwrap_err().to_string();
    assert!(error.contains("nested less deeply"), "{error}");

    let mut wide = fields;
    wide.extend([vec![1], text("Vec"), vec![0; 8], vec![0xff, 0xff]].concat());
    assert!(matches!(Manifest::decode(&header(&wide)), Err(ManifestError::Damaged { .. })));
}

/// What a manifest is made of, written by hand: the derive writes none of these.
mod forged {
    use hotswap_abi::{
        __private::{compat::Requirement, shape::compare_stored},
        Manifest,
    };

    fn text(text: &str) -> Vec<u8> {
        let mut bytes = (text.len() as u16).to_le_bytes().to_vec();
        bytes.extend(text.as_bytes());
        bytes
    }

    fn many(items: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = (items.len() as u16).to_le_bytes().to_vec();
        bytes.extend(items.concat());
        bytes
    }

    pub(crate) fn defined(index: usize) -> Vec<u8> {
        [vec![0xff], (index as u16).to_le_bytes().to_vec()].concat()
    }

    pub(crate) fn container(name: &str, args: &[Vec<u8>]) -> Vec<u8> {
        [vec![1], text(name), vec![0; 8], many(args)].concat()
    }

    pub(crate) fn structure(name: &str, args: &[Vec<u8>], field: &[u8]) -> Vec<u8> {
        let member = [text("f"), text(""), vec![0; 8], many(&[]), many(&[field.to_vec()])].concat();
        let head = [vec![2], text(name), text("m"), text(""), vec![0], many(args), vec![0; 0]];
        [head.concat(), many(&[member])].concat()
    }

    /// An interface, then these definitions; its state has the first of them.
    pub(crate) fn manifest(definitions: &[Vec<u8>]) -> Vec<u8> {
        let mut body = Vec::new();
        for field in ["root", "m", "1.0.0", "1.0.0"] {
            body.extend(text(field));
        }
        body.push(1);
        for field in ["t", "rustc", "0.1.0", "0.11.3"] {
            body.extend(text(field));
        }
        body.extend(many(&[]));
        // A state that does not move, and no packages.
        body.extend([0; 5]);
        let interface =
            [vec![4], text("I"), text("m"), text(""), vec![0], many(&[]), vec![0; 4], many(&[])];
        body.extend(many(&[interface.concat()]));
        body.extend(defined(0));
        body.extend(many(definitions));
        let state = [text("S"), 1_u32.to_le_bytes().to_vec(), defined(1)].concat();
        body.extend(many(&[state]));
        let mut bytes =
            [&b"HOTSWAP\0"[..], &hotswap_abi::__private::manifest::FORMAT.to_le_bytes()].concat();
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes
    }

    /// As a host does with what it has decoded.
    pub(crate) fn judged(bytes: &[u8]) -> usize {
        let manifest = Manifest::decode(bytes).unwrap();
        let _ = Requirement::new(manifest.schema()).check(&manifest);
        let state = manifest.state().unwrap();
        let other = Manifest::decode(&self::manifest(&[structure("A", &[], &defined(1))])).unwrap();
        let theirs = other.state().unwrap();
        let sides = ((&other.types, &theirs.shape), (&manifest.types, &state.shape));
        compare_stored(sides.0, sides.1, "S").len()
    }
}

/// `A<A<A<…`: nobody could write it.
#[test]
fn a_type_that_is_its_own_argument_is_refused() {
    use forged::{container, defined, manifest, structure};
    let field = container("Vec", &[defined(1)]);
    assert!(Manifest::decode(&manifest(&[structure("A", &[], &field)])).is_ok());
    for args in [defined(1), container("Vec", &[defined(2)])] {
        let bytes =
            manifest(&[structure("A", &[args], &field), structure("B", &[defined(1)], &field)]);
        let error = Manifest::decode(&bytes).unwrap_err().to_string();
        assert!(error.contains("written in a few lines"), "{error}");
    }
}

/// `A<B, B>`, `B<C, C>`, …: every step doubles what is written.
#[test]
fn a_type_whose_text_explodes_is_refused() {
    use forged::{container, defined, manifest, structure};
    let field = container("Vec", &[defined(1)]);
    let chain = |length: usize| {
        let next =
            |n: usize| if n == length { vec![] } else { vec![defined(n + 1), defined(n + 1)] };
        let all: Vec<_> = (1..=length).map(|n| structure("A", &next(n), &field)).collect();
        Manifest::decode(&manifest(&all))
    };
    assert!(chain(6).is_ok());
    assert!(chain(60).unwrap_err().to_string().contains("written in a few lines"));
    // Once would do, a thousand times is too much.
    let wide = structure("A", &[container(&"x".repeat(60_000), &[defined(2)])], &field);
    let b = structure("B", &[], &field);
    assert!(Manifest::decode(&manifest(&[wide.clone(), b.clone()])).is_ok());
    let many = container("tuple", &vec![defined(1); 1000]);
    let error = Manifest::decode(&manifest(&[wide, structure("B", &[], &many)])).unwrap_err();
    assert!(error.to_string().contains("written in a few lines"), "{error}");
}

/// Sixty thousand types in one another, compared with one that is in itself.
#[test]
fn a_long_chain_of_types_is_compared_without_growing_the_stack() {
    use forged::{container, defined, judged, manifest, structure};
    let count = 60_000;
    let all: Vec<_> = (1..=count)
        .map(|n| {
            structure(
                "A",
                &[],
                &if n == count { container("Vec", &[defined(n)]) } else { defined(n + 1) },
            )
        })
        .collect();
    assert_eq!(judged(&manifest(&all)), 1);
}

#[test]
fn a_map_needs_two_arguments_and_a_manifest_has_a_largest_size() {
    use forged::{container, defined, manifest, structure};
    for (args, sound) in [(1, false), (2, true)] {
        let map = container("HashMap", &vec![defined(1); args]);
        assert_eq!(Manifest::decode(&manifest(&[structure("A", &[], &map)])).is_ok(), sound);
    }
    let mut large = manifest(&[structure("A", &[], &defined(1))]);
    large[10..14].copy_from_slice(&(5_u32 << 20).to_le_bytes());
    large.resize(6 << 20, 0);
    assert_eq!(Manifest::decode(&large), Err(ManifestError::Large { said: 5 << 20 }));
}
