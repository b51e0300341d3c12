//! What an artifact exports and what its manifest says, made for one module.

use super::{HotModule, life::Functions, root::Export};
use crate::{
    interface::Interface,
    manifest::Source,
    shape::{Ladder, Wire},
    state::HotState,
};

/// What `#[derive(HotModule)]` exports for `M`, whose manifest is in its section at this place.
#[must_use]
pub const fn export<M: HotModule>(manifest: &'static [u8]) -> Export {
    Export::new(Functions::<M>::ROOT, manifest)
}

/// What a module's manifest is made from. Generic over what the derive has implemented, so that
/// what a user has left out is found in that impl alone.
#[must_use]
pub const fn manifest_source<M: HotModule>(
    export: &'static str,
    module: &'static str,
    version: &'static str,
    unwinds: bool,
    requires: &'static [&'static str],
    packages: &'static str,
) -> Source {
    Source {
        export,
        module,
        version,
        interface_version: <M::Interface as Interface>::VERSION,
        unwinds,
        requires,
        packages,
        moves: M::MOVING.is_some(),
        interface: &<M::Interface as Ladder<Wire>>::WHOLE,
        state: <M::State as HotState>::LINEAGE,
    }
}
