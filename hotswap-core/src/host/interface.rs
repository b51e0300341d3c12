//! What a slot's interface asks of the host, and the host of it: looked at when the slot is opened.

use hotswap_abi::{__private::compat::Requirement, Interface};
use hotswap_types::Strategy;

use crate::{
    config::{Config, SlotSettings},
    error::Reason,
};

/// Expects that the host has opted in to what the interface does, and that the slot's strategy can be
/// followed with it.
pub(super) fn check<I: Interface + ?Sized>(
    name: &str,
    requirement: &Requirement,
    config: &Config,
    settings: &SlotSettings,
) -> Result<(), Reason> {
    let name = || name.to_owned();
    let interface = || requirement.interface_name().to_owned();
    if requirement.schema.lends_rust_types() {
        if !config.lends_rust_types {
            let method = requirement.schema.first_same_build().unwrap_or_default();
            return Err(Reason::NotOptedIn { name: name(), interface: interface(), method });
        }
        if requirement.packages.is_none() {
            return Err(Reason::NoHostBuild { name: name(), interface: interface() });
        }
    }
    // Every strategy that an upgrade may have without somebody asking for it.
    let mut strategies = [Some(&settings.strategy), settings.intent.strategy.as_ref()].into_iter();
    if I::EXCLUSIVE && strategies.any(|it| it.is_some_and(Strategy::is_side_by_side)) {
        return Err(Reason::NotSideBySide { name: name(), interface: interface() });
    }
    let replay = settings.rehearsal.as_ref().and_then(|rehearsal| rehearsal.replay.as_ref());
    if let Some(method) = replay.and_then(|replay| replay.unknown_method(I::METHODS)) {
        let (method, methods) = (method.to_owned(), I::METHODS);
        let (name, interface) = (name(), interface());
        return Err(Reason::NothingToReplay { name, interface, method, methods });
    }
    Ok(())
}
