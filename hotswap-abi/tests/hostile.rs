//! Bytes that a host takes from an artifact are hostile: whatever they are, decoding them ends in
//! a value or an error.

use std::{borrow::Cow, collections::HashMap};

use hotswap_abi::{
    Context, HotModule, HotState, Interface, Module, ModuleError, Portable, Shape, Start,
    interface,
    manifest::{Manifest, ManifestError, Schema},
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
        let mut bytes = b"HOTSWAP\0\x02\x00".to_vec();
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
    // No services, and no types in the table.
    fields.extend([0, 0, 0, 0]);
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
