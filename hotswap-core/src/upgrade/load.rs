//! Loaded: the candidate's code is in the process, and its exported root is laid out as expected.

use std::{sync::Arc, time::Instant};

use hotswap_abi::{
    __private::{
        allocator::Allocator,
        compat::Mismatch,
        module::{Export, TRACE_NONE},
    },
    Manifest,
};
use hotswap_loader::{
    Image, LoadError, Outdated, STATIC_TLS_REMEDY, StaticTls,
    loader_lock::{self, Busy},
    outdated,
    steps::{RunError, Steps},
};
use hotswap_types::{Holder, Phase, Release, escape};

use super::{Admitted, Assessed, Fault, Handover, Incumbent, Retry, assess};
use crate::{
    config::{AtCap, Builtin, Config, Retire},
    instance::{Code, Role, Stage, StepError},
    machine::cause,
    slot::{SlotCore, holders},
};

/// Code that is in the process.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) code: Arc<Code>,
    pub(crate) handover: Handover,
}

fn role(slot: &SlotCore, generation: u64, traces: u8) -> Role {
    Role {
        generation,
        methods: slot.interface.methods,
        traces,
        panics: slot.settings.panics,
        on_panic: slot.on_panic(),
        watched: slot.settings.trial.is_some(),
    }
}

/// Opens the private copy. Its constructors run: under a deadline, like all module code.
pub(crate) fn load(
    admitted: Admitted,
    slot: &SlotCore,
    config: &Config,
    steps: &mut Steps,
    deadline: Instant,
) -> Result<Loaded, Fault> {
    let Assessed { inspected, handover } = admitted.assessed;
    let (manifest, hash) = (inspected.manifest, inspected.staged.hash());
    let size = inspected.staged.size();
    let generation = slot.next_number();
    has_room(slot, config)?;
    let copy = inspected.staged.into_copy();
    let facts = inspected.facts;
    if let Some(bytes) = facts.static_tls
        && StaticTls::is_news(&manifest.module)
    {
        let (slot, module, uses) = (&*slot.name, &*manifest.module, StaticTls::of(bytes));
        tracing::warn!(slot, module, "{uses}: {STATIC_TLS_REMEDY}");
    }
    if let Some(outdated) = outdated(&facts) {
        return Err(runs_old_code(&outdated));
    }
    let role = role(slot, generation, slot.settings.traces);
    let lends = slot.requirement.schema.lends_rust_types();
    let keep = match slot.settings.retire {
        _ if lends => Some(Holder::Image { why: LENDS.to_owned() }),
        Retire::Retain => Some(Holder::Policy),
        Retire::Unload => None,
    };
    // Only what serves now can hand its state over.
    let kin = slot.serves().filter(|_| handover.moves()).map(|serves| serves.code);
    let release = Release::of(&manifest, hash);
    let who = format!("a constructor of {release}");
    let guard = loader_lock::lock(who, Some(deadline)).map_err(|busy| loader_busy(&busy))?;
    let ticket = guard.ticket();
    let resident = slot.residents.add(generation, release, size);
    let (tell, own) = (slot.tell(&resident), Arc::clone(&resident));
    let opened = steps.run(deadline, move || -> Result<_, LoadError> {
        let kin = kin.as_ref().and_then(|code| code.image());
        let image = Image::open(copy, &facts, keep, tell, kin)?;
        own.set_pins(image.pins());
        let root = image.root(&manifest.export)?;
        drop(guard);
        if lends {
            let theirs = image.allocator(root);
            Allocator::share(("the host", Allocator::own()), ("the artifact", theirs))
                .map_err(LoadError::Allocator)?;
        }
        let image = Some((image, own));
        Code::new(root, image, manifest, Some(hash), role)
    });
    match &opened {
        Ok(Err(LoadError::Open(_) | LoadError::System(_) | LoadError::StaticTls(_)))
        | Err(RunError::NoThread { .. }) => slot.residents.remove(&resident),
        Err(RunError::TimedOut { .. }) => {
            let why = "its constructor hangs".to_owned();
            resident.set_stage(Stage::Stays { held: Holder::Abandoned { why } });
        }
        // It may have been opened: nobody closes it any more.
        Err(RunError::Panicked { .. }) => {
            let why = "something panicked beside its loading".to_owned();
            resident.set_stage(Stage::Stays { held: Holder::Abandoned { why } });
        }
        Ok(_) => {}
    }
    match opened {
        Ok(Ok(code)) => Ok(Loaded { code: Arc::new(code), handover }),
        Ok(Err(error @ LoadError::Allocator(_))) => Err(Fault::rejected(
            Phase::Loaded,
            format!("allocator  {error}"),
            "leave #[global_allocator] and link-time optimization away in both",
        )),
        Ok(Err(LoadError::System(error))) => {
            let advice = cause::remedy(&error);
            let finding = format!("library  {}", LoadError::System(error));
            Err(Fault::cancelled(Phase::Loaded, finding, advice))
        }
        // The next version meets the same process: another try does not help.
        Ok(Err(error @ LoadError::StaticTls(_))) => {
            let finding = format!("library  {error}");
            Err(Fault::cancelled(Phase::Loaded, finding, STATIC_TLS_REMEDY).given_up())
        }
        Ok(Err(error)) => {
            let finding = format!("library  {error}");
            Err(match &error {
                LoadError::Open(_) => not_opened(finding),
                _ => Fault::rejected(Phase::Loaded, finding, BUILD_AGAIN),
            })
        }
        Err(undone @ RunError::TimedOut { .. }) if ticket.give_up() => {
            let finding = format!("constructor  {}", StepError::from(undone));
            Err(Fault::rejected(Phase::Loaded, finding, HANGS))
        }
        Err(undone) => {
            Err(Fault::of_candidate(Phase::Loaded, "constructor", &StepError::from(undone)))
        }
    }
}

/// What to do about a library that is not as it should be.
const BUILD_AGAIN: &str = "build it again, on a system like the host's";

/// Pure: the system's loader has refused a library, in words that are all that it says of the cause.
fn not_opened(finding: String) -> Fault {
    let says = |parts: &[&str]| parts.iter().any(|part| finding.contains(part));
    if says(&["annot allocate memory", "failed to map segment", "annot map", "ut of memory"]) {
        let advice = "make room in memory, or raise the limits of the process (`ulimit -v`, \
                      vm.max_map_count)";
        return Fault::cancelled(Phase::Loaded, finding, advice);
    }
    let advice = if says(&["cannot open shared object file"]) {
        "install the library that it names where the loader looks, or link it into the module; then \
         clear the artifact"
    } else if says(&["undefined symbol", "symbol lookup error"]) {
        "build it against the libraries of this machine: none of them has the symbol that it names"
    } else {
        // Also "version `GLIBC_2.38' not found".
        BUILD_AGAIN
    };
    Fault::rejected(Phase::Loaded, finding, advice)
}

/// Why a generation with `#[same_build]` arguments stays.
const LENDS: &str = "its interface has #[same_build] arguments, so values of the host's may refer \
                     to it";

/// What to do about a constructor that hangs: see `hotswap_loader::loader_lock`.
const HANGS: &str = "take the artifact away; until its constructor comes back no library can be \
                     opened, and no thread started, in this process: kill it (its own exit would \
                     wait as well), and start it again";

/// A library that it needs is loaded as it was before. Only another process can have the new one.
fn runs_old_code(Outdated { name, file }: &Outdated) -> Fault {
    let finding = format!(
        "library  it needs {}, whose file {} is not what this process has loaded by that name: the \
         module would run with the old one",
        escape::text(name),
        escape::path(file)
    );
    let advice = "restart the host: a process cannot load a library anew that it has in use. What \
                  changes often belongs into the module, or is linked into it statically";
    Fault { retry: Retry::AsAdvised, ..Fault::cancelled(Phase::Loaded, finding, advice) }
}

/// Another thread does not come out of the system's loader.
fn loader_busy(busy: &Busy) -> Fault {
    Fault::cancelled(Phase::Loaded, format!("library  {busy}"), Busy::ADVICE)
}

/// Whether one more generation may be mapped.
fn has_room(slot: &SlotCore, config: &Config) -> Result<(), Fault> {
    const MOST_NAMED: usize = 8;
    let (cap, residents) = (config.generation_cap, slot.residents.all());
    if config.at_cap == AtCap::GoOn || cap == 0 || residents.len() < cap {
        return Ok(());
    }
    let count = residents.len();
    let mut findings = vec![format!("generations  {count} are mapped, and {cap} may be")];
    let gate = slot.gate();
    for resident in residents.iter().take(MOST_NAMED) {
        let holders = holders(resident, gate.map(|gate| &**gate));
        let holders = holders.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        findings.push(format!("generation {}  {holders}", resident.number));
    }
    if count > MOST_NAMED {
        findings.push(format!("and {} more", count - MOST_NAMED));
    }
    let advice = match slot.settings.retire {
        Retire::Retain => {
            "restart when it suits, allow more with Config::with_generation_cap, or have \
             generations unloaded with Config::with_retire"
        }
        Retire::Unload => {
            "let go of what holds them, or allow more with Config::with_generation_cap"
        }
    };
    let fault = Fault::cancelled(Phase::Loaded, "", advice);
    Err(Fault { findings, ..fault })
}

/// The module that is linked into the program for a slot.
pub(crate) fn load_builtin(
    builtin: Builtin,
    slot: &SlotCore,
    config: &Config,
    before: Option<&Incumbent>,
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
    let handover = assess::handover(&manifest, before, config.state_drift)?;
    // SAFETY: the export of a type that implements `HotModule`, linked into this program.
    let root = unsafe { Export::check(builtin.export) }
        .map_err(|error| refused(Phase::Loaded, format!("library  {error}")))?;
    let role = role(slot, slot.next_number(), TRACE_NONE);
    let code = Code::new(root, None, Arc::new(manifest), None, role)
        .map_err(|error| refused(Phase::Loaded, format!("library  {error}")))?;
    Ok(Loaded { code: Arc::new(code), handover })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Exit;

    #[test]
    fn the_advice_fits_what_the_loader_says() {
        let table = [
            (
                "a.so: cannot create shared object descriptor: Cannot allocate memory",
                Exit::Cancelled,
                "memory",
            ),
            ("a.so: failed to map segment from shared object", Exit::Cancelled, "ulimit -v"),
            (
                "libx.so.1: cannot open shared object file: No such file or directory",
                Exit::Rejected,
                "install the library",
            ),
            ("a.so: undefined symbol: x", Exit::Rejected, "none of them has the symbol"),
            ("libc.so.6: version `GLIBC_2.99' not found", Exit::Rejected, "a system like"),
        ];
        for (says, exit, advice) in table {
            let fault = not_opened(format!("library  the system's loader refuses it: {says}"));
            assert!(fault.exit == exit && fault.advice.contains(advice), "{fault:?}");
        }
    }
}
