//! Assessed: the artifact fits the host, and what becomes of the state is decided. Pure.

mod stub;

use std::sync::Arc;

use hotswap_abi::{
    __private::{
        compat::{Mismatch, Requirement},
        manifest::StateVersion,
        same_build::BuildDifference,
        shape::{Difference, Shape, Types, compare_stored},
    },
    Manifest,
};
use hotswap_types::{Phase, StateNote};
use semver::Version;

use super::{Fault, Incumbent, Inspected, Retry};
use crate::{config::StateDrift, event::Exit, snapshot::Snapshot};

/// An artifact that fits.
#[derive(Debug)]
pub(crate) struct Assessed {
    pub(crate) inspected: Inspected,
    pub(crate) handover: Handover,
}

/// What becomes of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handover {
    /// There is none.
    None,
    /// The module starts with none.
    Fresh,
    /// It is dropped, as configured.
    Drop { why: Vec<String> },
    /// It goes over as bytes.
    State {
        /// The version that goes over: the serving one's own, or an older one.
        from: u32,
        /// The version that the candidate makes of it.
        to: u32,
        /// The serving version's own, where its `Migrate::downgrade` writes an older one.
        downgraded: Option<u32>,
        /// Its shape differs under the same version: carried by the fields' names.
        by_name: bool,
        /// A part of it is opaque: decoded and encoded again before it counts.
        check: bool,
        /// It goes over as memory, if it turns out that both lay it out alike.
        moves: bool,
    },
}

impl Handover {
    /// Whether the state goes over as memory, where that can be done.
    pub(crate) const fn moves(&self) -> bool {
        matches!(self, Self::State { moves: true, .. })
    }

    /// What is told of it before anything of the artifact has run.
    pub(crate) fn plan(&self) -> StateNote {
        if self.moves() { StateNote::Moves } else { self.note() }
    }

    /// What is told of it, where no fields were carried.
    pub(crate) fn note(&self) -> StateNote {
        match self {
            Self::None => StateNote::None,
            Self::Fresh => StateNote::Fresh,
            Self::Drop { why } => StateNote::Dropped { why: why.clone() },
            Self::State { downgraded: Some(from), to, .. } => {
                StateNote::Downgraded { from: *from, to: *to }
            }
            Self::State { from, to, .. } if from == to => StateNote::Kept,
            Self::State { from, to, .. } => StateNote::Migrated { from: *from, to: *to },
        }
    }
}

/// Judges an artifact.
pub(crate) fn assess(
    inspected: Inspected,
    requirement: &Requirement,
    before: Option<&Incumbent>,
    drift: StateDrift,
) -> Result<Assessed, Fault> {
    let manifest = &inspected.manifest;
    fits(manifest, requirement)?;
    let handover = handover(manifest, before, drift)?;
    Ok(Assessed { inspected, handover })
}

/// Decides whether a module is new enough, where it has a floor.
pub(crate) fn above(manifest: &Manifest, floor: Option<&Version>) -> Result<(), Fault> {
    let Manifest { module, version, .. } = manifest;
    match floor {
        // Build metadata says nothing about which is newer.
        Some(floor) if version.cmp_precedence(floor).is_lt() => Err(Fault::rejected(
            Phase::Assessed,
            format!("version of {module}  floor: {floor}   artifact: {version}"),
            "put a newer build there, or let this version through with Operator::allow_downgrade",
        )),
        _ => Ok(()),
    }
}

/// Decides whether a module fits a slot.
pub(crate) fn fits(manifest: &Manifest, requirement: &Requirement) -> Result<(), Fault> {
    let mismatches = requirement.check(manifest);
    if mismatches.is_empty() { Ok(()) } else { Err(unfit(&mismatches, manifest, requirement)) }
}

/// The last state of the version that is to go over, if it is among those that were kept, and what
/// becomes of it: for a module that serves and cannot write its state in that version.
pub(super) fn kept_version(
    wanted: &Handover,
    manifest: &Manifest,
    kept: Vec<Arc<Snapshot>>,
    drift: StateDrift,
) -> Option<(Arc<Snapshot>, Handover)> {
    let Handover::State { from, downgraded: Some(_), .. } = *wanted else { return None };
    let kept = kept.into_iter().find(|it| it.state().version == from)?;
    let how = handover(manifest, Some(&Incumbent::stored(&kept)), drift).ok()?;
    matches!(how, Handover::State { .. }).then_some((kept, how))
}

/// Decides what becomes of the state.
pub(crate) fn handover(
    manifest: &Manifest,
    before: Option<&Incumbent>,
    drift: StateDrift,
) -> Result<Handover, Fault> {
    let Some(before) = before else {
        return Ok(if manifest.states.is_empty() { Handover::None } else { Handover::Fresh });
    };
    let (Some(old), new) = (before.state(), manifest.state()) else {
        return Ok(if manifest.states.is_empty() { Handover::None } else { Handover::Fresh });
    };
    let lost = |finding: String, advice: &str| {
        if drops_state(drift) {
            Ok(Handover::Drop { why: vec![finding] })
        } else {
            Err(Fault::rejected(Phase::Assessed, finding, advice))
        }
    };
    if !before.is_free {
        return lost(
            format!("state {}  the serving version's own code hangs in it", old.name),
            "restart the host, or let the module start afresh",
        );
    }
    let Some(new) = new else {
        return lost(
            format!("state  {}: {} version {}   artifact: none", before.is, old.name, old.version),
            "give the module its state back, or let it start afresh",
        );
    };
    if new.name != old.name {
        return lost(
            format!("state  {}: {}   artifact: {}", before.is, old.name, new.name),
            "give it the old name with #[hot_state(name = \"…\")], or let it start afresh",
        );
    }
    let own = old.version;
    let Some((writer, old, known)) = common(before, old, manifest) else {
        let oldest = manifest.states.last().map_or(new.version, |state| state.version);
        return lost(
            format!(
                "state {}  {}: version {}   artifact: versions {oldest} to {}",
                old.name, before.is, old.version, new.version
            ),
            "put the missing versions into its chain with `previous = …`, or let it start afresh",
        );
    };
    let differences = differences((writer, old), (manifest, known));
    let by_name = !differences.is_empty();
    if by_name && drift == StateDrift::Refuse {
        return Err(drifted(before, old, manifest, new, &differences));
    }
    if by_name && drops_state(drift) {
        return Ok(Handover::Drop {
            why: differences.iter().map(|it| difference(before, it)).collect(),
        });
    }
    Ok(Handover::State {
        from: known.version,
        to: new.version,
        downgraded: (own != known.version).then_some(own),
        by_name,
        check: has_opaque(&writer.types, &old.shape) || has_opaque(&manifest.types, &known.shape),
        moves: before.serves
            && before.manifest.moves
            && manifest.moves
            && before.manifest.rustc == manifest.rustc
            && !by_name
            && own == new.version,
    })
}

/// The newest version of the state that the predecessor can write and the artifact knows, as each
/// of them describes it, and who writes it. The predecessor's own comes first; what serves can also
/// write the older ones of its chain. At last come the versions of which a state was kept.
fn common<'a>(
    before: &'a Incumbent,
    old: &'a StateVersion,
    manifest: &'a Manifest,
) -> Option<(&'a Manifest, &'a StateVersion, &'a StateVersion)> {
    let known = |of: &StateVersion| manifest.states.iter().find(|it| it.version == of.version);
    let older =
        before.manifest.states.iter().filter(|it| before.serves && it.version < old.version);
    let own = std::iter::once(old).chain(older).map(|writes| (&*before.manifest, writes));
    let kept = before.kept.iter().map(|kept| (&*kept.manifest, kept.state()));
    let kept = kept.filter(|(_, writes)| writes.name == old.name && writes.version < old.version);
    own.chain(kept).find_map(|(writer, writes)| Some((writer, writes, known(writes)?)))
}

/// How the stored form of a version of the state differs on two sides.
fn differences(
    old: (&Manifest, &StateVersion),
    new: (&Manifest, &StateVersion),
) -> Vec<Difference> {
    compare_stored((&old.0.types, &old.1.shape), (&new.0.types, &new.1.shape), &old.1.name)
}

/// What differs in the version of the state that it would get, a line each.
pub(crate) fn drift(manifest: &Manifest, before: &Incumbent) -> Vec<String> {
    let Some(old) = before.state() else { return Vec::new() };
    let found = common(before, old, manifest)
        .map(|(writer, old, known)| differences((writer, old), (manifest, known)));
    found.unwrap_or_default().iter().map(|it| difference(before, it)).collect()
}

/// Whether a part of a shape is known by its name only.
fn has_opaque(types: &Types, shape: &Shape) -> bool {
    let mut seen = Vec::new();
    let mut left = vec![shape];
    while let Some(shape) = left.pop() {
        match shape {
            Shape::Opaque(_) => return true,
            Shape::Container { args, .. } => left.extend(args),
            Shape::Defined(index) if !seen.contains(index) => {
                seen.push(*index);
                let definition = types.definition(shape);
                if definition.is_none() {
                    return true;
                }
                left.extend(
                    definition.into_iter().flat_map(|it| &it.members).flat_map(|it| &it.parts),
                );
            }
            _ => {}
        }
    }
    false
}

fn unfit(mismatches: &[Mismatch], manifest: &Manifest, requirement: &Requirement) -> Fault {
    let api = requirement
        .schema
        .types
        .definition(&requirement.schema.interface)
        .and_then(|interface| interface.path.split("::").next())
        .unwrap_or_default()
        .replace('_', "-");
    let ours = &requirement.interface_version;
    let same_version = *ours == manifest.interface_version;
    let findings = mismatches
        .iter()
        .map(|mismatch| match mismatch {
            Mismatch::Shape(_) if same_version => {
                format!("{mismatch}   ({api} {ours} on both sides)")
            }
            Mismatch::Shape(_) => format!(
                "{mismatch}   ({api} {ours}, artifact built against {})",
                manifest.interface_version
            ),
            mismatch => mismatch.to_string(),
        })
        .collect();
    let advice = match &mismatches[0] {
        Mismatch::Module { expected, .. } => format!("put an artifact of {expected} there"),
        Mismatch::Interface { expected, .. } => format!("implement {expected} in the module"),
        Mismatch::Target { expected, .. } => format!("build it with --target {expected}"),
        Mismatch::Aborts => "build it with panic = \"unwind\" in its profile".to_owned(),
        Mismatch::Abi { .. } | Mismatch::AbiStable { .. } => {
            "build it with the host's version of hotswap-abi".to_owned()
        }
        Mismatch::Build(difference) => difference.advice().to_owned(),
        Mismatch::Services { .. } => {
            "offer the services with Config::with_service, or do without".to_owned()
        }
        Mismatch::Shape(_) if same_version => format!(
            "take the change of {api} back, or give it a new version, rebuild the host with it, \
             and restart"
        ),
        _ => format!("rebuild against {api} {}.{}, or upgrade the host", ours.major, ours.minor),
    };
    let again = matches!(
        mismatches,
        [Mismatch::Build(BuildDifference::Doubt { host: false, again: true, .. })]
    );
    let retry = Retry::WhenFileChanges;
    Fault { again, ..Fault::new(Phase::Assessed, Exit::Rejected, findings, advice, retry) }
}

fn difference(before: &Incumbent, difference: &Difference) -> String {
    let (Difference { at, left, right, .. }, is) = (difference, before.is);
    match (left, right) {
        (Some(left), Some(right)) => format!("{at}  {is}: {left}   artifact: {right}"),
        (Some(left), None) => format!("{at}  {is}: {left}   artifact: nothing"),
        (None, right) => {
            format!("{at}  {is}: nothing   artifact: {}", right.as_deref().unwrap_or("nothing"))
        }
    }
}

fn drifted(
    before: &Incumbent,
    old: &StateVersion,
    manifest: &Manifest,
    new: &StateVersion,
    differences: &[Difference],
) -> Fault {
    let mut findings = vec![format!(
        "state {} version {} has another shape than the version {} {}",
        old.name, old.version, old.version, before.whose
    )];
    findings.extend(differences.iter().map(|it| difference(before, it)));
    let is_own = before.state().is_some_and(|own| own.version == old.version);
    let (advice, source) = if is_own && old.version == new.version {
        let older = manifest.states.iter().filter(|it| it.version < old.version);
        let older = older.max_by_key(|it| it.version);
        let stub = stub::migration((&before.manifest.types, old), (&manifest.types, new), older);
        let advice = format!(
            "give the new shape version {} and paste this migration, or set StateDrift",
            old.version + 1
        );
        (advice, Some(stub))
    } else {
        (format!("describe version {} alike on both sides", old.version), None)
    };
    let retry = Retry::WhenFileChanges;
    Fault { source, ..Fault::new(Phase::Assessed, Exit::Rejected, findings, advice, retry) }
}

/// What the policy on drift makes of a state that cannot be handed over.
const fn drops_state(drift: StateDrift) -> bool {
    matches!(drift, StateDrift::StartAfresh)
}
