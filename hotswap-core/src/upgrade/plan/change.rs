//! What changes from one version of a module to the next. Pure.

use hotswap_abi::{
    __private::shape::{Difference, compare_stored},
    Manifest,
};

use super::{Side, state_step::state_steps};
use crate::{event::RehearsalReport, plan::Change};

/// What changes. A rehearsal has tried which steps of the state can go back.
pub(crate) fn changes(
    from: Option<Side<'_>>,
    to: Side<'_>,
    rehearsal: Option<&RehearsalReport>,
) -> Vec<Change> {
    let Some(from) = from else { return vec![Change::First] };
    let (old, new) = (from.manifest, to.manifest);
    let mut changes = Vec::new();
    if old.version != new.version {
        changes.push(Change::Version { from: old.version.clone(), to: new.version.clone() });
    }
    if old.interface_version != new.interface_version {
        let (from, to) = (old.interface_version.clone(), new.interface_version.clone());
        changes.push(Change::Interface { from, to });
    }
    let (had, has) = (methods(old), methods(new));
    let only = |here: &[(String, String)], there: &[(String, String)]| -> Vec<String> {
        let missing = here.iter().filter(|(name, _)| there.iter().all(|(other, _)| other != name));
        missing.map(|(_, method)| method.clone()).collect()
    };
    let added = only(&has, &had).into_iter().map(|method| Change::MethodAdded { method });
    changes.extend(added);
    let removed = only(&had, &has).into_iter().map(|method| Change::MethodRemoved { method });
    changes.extend(removed);
    state(&mut changes, old, new, rehearsal);
    if old.rustc != new.rustc {
        changes.push(Change::Compiler { from: old.rustc.clone(), to: new.rustc.clone() });
    }
    for service in new.requires.iter().filter(|service| !old.requires.contains(service)) {
        changes.push(Change::Requires { service: service.clone() });
    }
    if let (Some(from), Some(to)) = (from.signer, to.signer)
        && from != to
    {
        changes.push(Change::Signer { from: from.to_owned(), to: to.to_owned() });
    }
    if changes.is_empty() {
        changes.push(Change::Code);
    }
    if let (Some(from), Some(to)) = (from.size, to.size)
        && from != to
    {
        changes.push(Change::Size { from, to });
    }
    changes
}

/// The interface's methods: names, and as a user writes them.
fn methods(manifest: &Manifest) -> Vec<(String, String)> {
    let interface = manifest.types.definition(&manifest.interface);
    let members = interface.map(|it| it.members.as_slice()).unwrap_or_default();
    let written = |method| manifest.types.signature(method).to_string();
    members.iter().map(|method| (method.name.clone(), written(method))).collect()
}

fn state(
    changes: &mut Vec<Change>,
    old: &Manifest,
    new: &Manifest,
    rehearsal: Option<&RehearsalReport>,
) {
    let (Some(from), Some(to)) = (old.state(), new.state()) else { return };
    if from.name != to.name {
        return;
    }
    if from.version != to.version {
        let steps = state_steps((old, from.version), (new, to.version), rehearsal);
        let name = to.name.clone();
        changes.push(Change::State { name, from: from.version, to: to.version, steps });
    }
    let found = compare_stored((&old.types, &from.shape), (&new.types, &to.shape), &to.name);
    let field =
        |Difference { at, left, right, .. }| Change::StateField { at, from: left, to: right };
    changes.extend(found.into_iter().map(field));
}
