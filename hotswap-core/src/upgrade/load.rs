//! Loaded: the candidate's code is in the process, and its exported root is laid out as expected.

use std::{sync::Arc, time::Instant};

use hotswap_abi::{
    allocator,
    compat::Mismatch,
    manifest::Manifest,
    module::{Export, TRACE_NONE},
};

use super::{Assessed, Fault, Handover, Predecessor, assess};
use crate::{
    config::{Builtin, StateDrift},
    event::Phase,
    instance::{Code, StepError},
    library::{Image, LoadError},
    slot::SlotCore,
    steps::Steps,
};

/// Code that is in the process.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) code: Arc<Code>,
    pub(crate) handover: Handover,
}

/// The number of the generation that a slot's candidate becomes.
fn next(slot: &SlotCore) -> u64 {
    slot.serves().map_or(1, |serves| serves.code.generation + 1)
}

/// Opens the private copy. Its constructors run: under a deadline, like all module code.
pub(crate) fn load(
    assessed: Assessed,
    slot: &SlotCore,
    traces: u8,
    steps: &mut Steps,
    deadline: Instant,
) -> Result<Loaded, Fault> {
    let Assessed { inspected, handover } = assessed;
    let (manifest, hash) = (inspected.manifest, inspected.staged.hash());
    let (generation, methods) = (next(slot), slot.interface.methods);
    let copy = inspected.staged.into_copy();
    let lends = slot.requirement.schema.lends_rust_types();
    let opened = steps.run(deadline, move || -> Result<_, LoadError> {
        let image = Image::open(copy)?;
        let root = image.root(&manifest.export)?;
        if lends && !allocator::is_shared(root.allocate()) {
            return Err(LoadError::Allocator);
        }
        Ok(Code::new(root, Some(image), manifest, Some(hash), methods, generation, traces))
    });
    if !matches!(opened, Ok(Err(LoadError::Open(_) | LoadError::System(_)))) {
        slot.add_retained();
    }
    match opened {
        Ok(Ok(code)) => Ok(Loaded { code: Arc::new(code), handover }),
        Ok(Err(error @ LoadError::Allocator)) => Err(Fault::rejected(
            Phase::Loaded,
            format!("allocator  {error}"),
            "leave #[global_allocator] away in both, or use one that hands on to the system's",
        )),
        Ok(Err(error @ LoadError::System(_))) => Err(Fault::cancelled(
            Phase::Loaded,
            format!("library  {error}"),
            "raise the limit of open files (`ulimit -n`), or mend the private folder",
        )),
        Ok(Err(error)) => Err(Fault::rejected(
            Phase::Loaded,
            format!("library  {error}"),
            "build it again, on a system like the host's",
        )),
        Err(undone) => {
            Err(Fault::of_candidate(Phase::Loaded, "constructor", &StepError::from(undone)))
        }
    }
}

/// The module that is linked into the program for a slot.
pub(crate) fn load_builtin(
    builtin: Builtin,
    slot: &SlotCore,
    before: Option<&Predecessor>,
    drift: StateDrift,
) -> Result<Loaded, Fault> {
    let refused = |phase, finding: String| {
        Fault::rejected(phase, finding, "mend the module that is linked into the program")
    };
    let manifest = Manifest::decode(builtin.manifest)
        .map_err(|error| refused(Phase::Inspected, format!("manifest  {error}")))?;
    let mut mismatches = slot.requirement.check(&manifest);
    // The very same type of the very same program was built once.
    if builtin.interface == slot.interface.id {
        mismatches.retain(|mismatch| !matches!(mismatch, Mismatch::Build(_)));
    }
    if let Some(mismatch) = mismatches.first() {
        return Err(refused(Phase::Assessed, mismatch.to_string()));
    }
    let handover = assess::handover(&manifest, before, drift)?;
    // SAFETY: the export of a type that implements `HotModule`, linked into this program.
    let root = unsafe { Export::check(builtin.export) }
        .map_err(|error| refused(Phase::Loaded, format!("library  {error}")))?;
    let methods = slot.interface.methods;
    let code = Code::new(root, None, Arc::new(manifest), None, methods, next(slot), TRACE_NONE);
    Ok(Loaded { code: Arc::new(code), handover })
}
