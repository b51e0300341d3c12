//! What a manifest says, in the shape that scripts read and in Rust that people read.
//!
//! The structs are the JSON's documented shape (`docs/src/cli.md`): names are only ever added.

mod rust;
mod text;

pub(crate) use text::text;

use hotswap_core::{
    abi::{
        __private::{
            manifest::{Schema, StateVersion},
            shape::{Definition, OwnedMember, Shape, Types},
        },
        Manifest,
    },
    artifact::{Artifact, Objection},
};
use serde::Serialize;

/// An artifact, as `inspect --json` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Module {
    pub(crate) file: String,
    pub(crate) hash: String,
    pub(crate) size_bytes: u64,
    pub(crate) module: String,
    pub(crate) version: String,
    pub(crate) export: String,
    pub(crate) target: String,
    pub(crate) rustc: String,
    pub(crate) unwinds: bool,
    pub(crate) hotswap_abi: String,
    pub(crate) abi_stable: String,
    pub(crate) requires: Vec<String>,
    /// The libraries that the system's loader opens with it.
    pub(crate) needed: Vec<String>,
    /// The signature file beside it, which is not judged; null for none.
    pub(crate) signature: Option<String>,
    pub(crate) interface: Interface,
    /// Newest first; empty for a module without state.
    pub(crate) states: Vec<State>,
    /// The newest is handed over as memory, where that can be done.
    pub(crate) moves: bool,
    /// What the interface and the states are made of.
    pub(crate) types: Vec<Type>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The module that it was declared in.
    pub(crate) path: String,
    /// What it requires of its implementors: `Send`, `Sync`.
    pub(crate) supertraits: Vec<String>,
    pub(crate) methods: Vec<Method>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Method {
    pub(crate) name: String,
    /// As Rust: `fn update(&mut self, dt: f32) -> Vec<Score>`.
    pub(crate) signature: String,
    pub(crate) exclusive: bool,
    /// It has a body in the interface: a module may lack it.
    pub(crate) default: bool,
    pub(crate) since: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct State {
    pub(crate) name: String,
    pub(crate) version: u32,
    /// As Rust.
    pub(crate) r#type: String,
    /// Empty where the type is no struct.
    pub(crate) fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) r#type: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Type {
    pub(crate) name: String,
    /// The module that it was declared in.
    pub(crate) path: String,
    /// Its declaration, as Rust.
    pub(crate) rust: String,
}

/// Who an artifact is, in a few words.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Identity {
    pub(crate) file: String,
    pub(crate) hash: String,
    pub(crate) module: String,
    pub(crate) version: String,
}

/// Why a host would refuse.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Refusal {
    /// The phase that would not be reached.
    pub(crate) phase: String,
    pub(crate) findings: Vec<String>,
    pub(crate) advice: String,
}

impl Module {
    pub(crate) fn of(artifact: &Artifact) -> Self {
        let manifest = artifact.manifest();
        let types = &manifest.types;
        Self {
            file: artifact.path().display().to_string(),
            hash: artifact.hash().to_string(),
            size_bytes: artifact.size(),
            module: manifest.module.clone(),
            version: manifest.version.to_string(),
            export: manifest.export.clone(),
            target: manifest.target.clone(),
            rustc: manifest.rustc.clone(),
            unwinds: manifest.unwinds,
            hotswap_abi: manifest.abi.to_string(),
            abi_stable: manifest.abi_stable.clone(),
            requires: manifest.requires.clone(),
            needed: artifact.needed().to_vec(),
            signature: artifact.signature().map(|path| path.display().to_string()),
            interface: Interface::of(&manifest.schema()),
            states: manifest.states.iter().map(|state| State::of(types, state)).collect(),
            moves: manifest.moves,
            types: parts(manifest).map(|(shape, it)| Type::of(types, &shape, it)).collect(),
        }
    }
}

impl Interface {
    pub(crate) fn of(schema: &Schema) -> Self {
        let definition = schema.types.definition(&schema.interface);
        let methods = definition.map_or(&[][..], |it| &it.members);
        Self {
            name: schema.interface_name().to_owned(),
            version: schema.version.to_string(),
            path: definition.map(|it| it.path.clone()).unwrap_or_default(),
            supertraits: definition
                .map_or_else(Vec::new, |it| it.promises().map(str::to_owned).collect()),
            methods: methods.iter().map(|it| Method::of(&schema.types, it)).collect(),
        }
    }
}

impl Method {
    fn of(types: &Types, method: &OwnedMember) -> Self {
        let since = method.attrs.split(' ').find_map(|word| word.strip_prefix("since="));
        Self {
            name: method.name.clone(),
            signature: format!("fn {}", types.signature(method)),
            exclusive: method.takes_mut(),
            default: method.has_default(),
            since: since.map(str::to_owned),
        }
    }
}

impl State {
    fn of(types: &Types, state: &StateVersion) -> Self {
        let members = types.definition(&state.shape).map_or(&[][..], |it| &it.members);
        Self {
            name: state.name.clone(),
            version: state.version,
            r#type: types.display(&state.shape).to_string(),
            fields: members.iter().filter_map(|it| Field::of(types, it)).collect(),
        }
    }
}

impl Field {
    fn of(types: &Types, member: &OwnedMember) -> Option<Self> {
        let [part] = &member.parts[..] else { return None };
        let r#type = types.display(part).to_string();
        member.labels.is_empty().then(|| Self { name: member.name.clone(), r#type })
    }
}

impl Type {
    fn of(types: &Types, shape: &Shape, definition: &Definition) -> Self {
        Self {
            name: types.display(shape).to_string(),
            path: definition.path.clone(),
            rust: rust::declaration(types, shape, definition),
        }
    }
}

impl Identity {
    pub(crate) fn of(artifact: &Artifact) -> Self {
        let manifest = artifact.manifest();
        Self {
            file: artifact.path().display().to_string(),
            hash: artifact.hash().to_string(),
            module: manifest.module.clone(),
            version: manifest.version.to_string(),
        }
    }
}

/// `arcade 1.2.0 (3f2a9c…)`.
impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file: _, hash, module, version } = self;
        write!(f, "{module} {version} ({}…)", hash.get(..6).unwrap_or(hash))
    }
}

impl From<&Objection> for Refusal {
    fn from(objection: &Objection) -> Self {
        Self {
            phase: objection.phase.to_string(),
            findings: objection.findings.clone(),
            advice: objection.advice.clone(),
        }
    }
}

/// What the interface and the states are made of, without these themselves.
fn parts(manifest: &Manifest) -> impl Iterator<Item = (Shape, &Definition)> {
    let definitions = manifest.types.definitions.iter().enumerate();
    definitions.map(|(index, it)| (Shape::Defined(index), it)).filter(|(shape, _)| {
        *shape != manifest.interface && manifest.states.iter().all(|state| state.shape != *shape)
    })
}
