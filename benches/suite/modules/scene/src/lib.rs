//! A module whose state is handed over as memory.

use std::borrow::Cow;

use benches_api::{Store, scene::Scene};
use hotswap_abi::{Context, HotModule, Module, ModuleError, Start};

/// Bytes that a benchmark changes, to have another artifact.
#[used]
static MARK: [u8; 64] = *b"hotswap benchmark mark:                                         ";

/// The module.
#[derive(Debug, HotModule)]
#[hot_module(interface = Store, moves = scene)]
pub struct Staging {
    scene: Scene,
}

impl Module for Staging {
    type State = Scene;

    fn start(from: Start<Scene>, _cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { scene: from.state().unwrap_or_default() })
    }

    fn state(&self) -> Cow<'_, Scene> {
        Cow::Borrowed(&self.scene)
    }
}

impl Store for Staging {
    fn fill(&mut self, count: u64) {
        self.scene = Scene::of(count);
    }

    fn records(&self) -> u64 {
        self.scene.entities.len() as u64
    }
}
