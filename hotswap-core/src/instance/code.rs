//! A module's code in the process, for one slot.

use std::{fmt, path::Path, sync::Arc};

use hotswap_abi::{
    __private::{
        allocator::Allocator,
        interface::Origin,
        module::{Answer, LifeCycle, Moving, RootRef, entries_by_name},
        portable::{Buffer, Reader, Sink, Status},
        text::lined,
    },
    Failure, Manifest,
};
use hotswap_loader::{Image, LoadError, logs::Logs};
use hotswap_types::{ArtifactHash, Holder, Release};

use super::{OnPanic, PanicPolicy, Resident, StepError, Watch};

/// The part that code has in a slot.
pub(crate) struct Role {
    pub(crate) generation: u64,
    /// The interface's methods, in the host's order.
    pub(crate) methods: &'static [&'static str],
    /// What a loaded library is told of backtraces: one of the `TRACE_…` numbers.
    pub(crate) traces: u8,
    /// What panics in calls mean.
    pub(crate) panics: PanicPolicy,
    /// Called when a call has panicked.
    pub(crate) on_panic: OnPanic,
    /// Whether calls are counted and timed from the first one on.
    pub(crate) watched: bool,
}

/// A module's code in the process, for one slot.
pub(crate) struct Code {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) artifact: Option<ArtifactHash>,
    pub(crate) generation: u64,
    pub(super) life: LifeCycle,
    /// How its state is handed over as memory, if it is.
    pub(super) moving: Option<Moving>,
    pub(super) methods: Box<[*const ()]>,
    pub(super) origin: Origin,
    /// Where its allocations go.
    pub(super) allocator: Allocator,
    pub(super) panics: PanicPolicy,
    pub(super) on_panic: OnPanic,
    /// What its calls come to on trial, in whichever instance of it.
    pub(super) watch: Option<Arc<Watch>>,
    /// `None` for a module that is linked into the program.
    resident: Option<Arc<Resident>>,
    // In this order: the logs are the last that call the library.
    /// `None` for a module that is linked into the program: it has the program's own.
    _logs: Option<Logs>,
    /// `None` for a module that is linked into the program.
    pub(super) image: Option<Image>,
}

// SAFETY: `methods` points to functions of a library that is mapped as long as this lives.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

impl Code {
    /// Which version of which module it is.
    pub(crate) fn release(&self) -> Release {
        Release::of(&self.manifest, self.artifact)
    }

    /// The code behind a root, whose layout was checked.
    ///
    /// # Errors
    /// When the library lacks a method that its manifest has: that what calls cannot do without is
    /// there was judged by the manifest.
    pub(crate) fn new(
        root: RootRef,
        image: Option<(Image, Arc<Resident>)>,
        manifest: Arc<Manifest>,
        artifact: Option<ArtifactHash>,
        role: Role,
    ) -> Result<Self, LoadError> {
        let Role { generation, methods, traces, panics, on_panic, watched } = role;
        let (image, resident) = image.unzip();
        let attach = |image: &Image| Logs::attach(root, image.pins(), &manifest.module, generation);
        let logs = image.as_ref().map(attach);
        if image.is_some() {
            // SAFETY: a function of the root of a library that was just loaded.
            unsafe { (root.trace_panics())(traces) };
        }
        let name = format!("{} {} (generation {generation})", manifest.module, manifest.version);
        // SAFETY: a function of the root, and the library stays mapped as long as this lives.
        let origin = unsafe { Origin::new(name.into(), root.take_failure()) };
        let moving = root.moving();
        // SAFETY: null, or a constant of a library that stays mapped as long as this lives, whose
        // layout was checked with the root's.
        let moving = unsafe { moving.as_ref() }.copied();
        // SAFETY: the entries are constants of a library that stays mapped as long as this lives.
        let entries = unsafe { entries_by_name(methods, root) };
        let interface = manifest.types.definition(&manifest.interface);
        let is_named = |name: &str| {
            interface.is_some_and(|it| it.members.iter().any(|member| member.name == name))
        };
        let allocator = match &image {
            Some(image) => image.allocator(root),
            None => root.allocator()(),
        };
        if let Some(method) = missing(methods, &entries, is_named) {
            return Err(LoadError::Entry { method: method.to_owned() });
        }
        Ok(Self {
            manifest,
            artifact,
            generation,
            life: root.life(),
            moving,
            methods: entries,
            origin,
            allocator,
            panics,
            on_panic,
            watch: watched.then(Arc::default),
            resident,
            _logs: logs,
            image,
        })
    }

    /// Its place among the generations in memory; `None` for a module that is linked in.
    pub(crate) fn resident(&self) -> Option<&Arc<Resident>> {
        self.resident.as_ref()
    }

    /// What will hold it when nobody owns it any more; `None` if it is unloaded then.
    pub(crate) fn retained(&self) -> Option<Holder> {
        self.image.as_ref().map_or(Some(Holder::Program), Image::retained)
    }

    /// Its library; `None` for a module that is linked into the program.
    pub(crate) const fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// The private copy that it was loaded from; `None` for a module that is linked in.
    pub(crate) fn copy(&self) -> Option<&Path> {
        self.image.as_ref().map(Image::copy)
    }

    /// Runs a step of the module; what it has made and written.
    pub(super) fn answer(
        &self,
        step: impl FnOnce(*mut Sink) -> Answer,
    ) -> Result<(*mut (), Buffer), StepError> {
        let mut buffer = Buffer::new();
        let Answer { status, value } = step(buffer.sink());
        self.judge(status, buffer.bytes())?;
        Ok((value, buffer))
    }

    /// What became of a step that has written `said`.
    pub(super) fn judge(&self, status: Status, said: &[u8]) -> Result<(), StepError> {
        match status {
            Status::OK => Ok(()),
            Status::FAILED => {
                let said = Reader::whole::<String>(said);
                let said = said.unwrap_or_else(|_| "it failed without a word".into());
                Err(StepError::Failed(lined(&said).into_owned()))
            }
            _ => {
                let Failure { message, place, backtrace, .. } = self.origin.failure("");
                Err(StepError::Panicked { message, place, backtrace })
            }
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("module", &self.manifest.module)
            .field("version", &self.manifest.version)
            .field("generation", &self.generation)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

/// The first method without an entry, of those that the library says it has.
fn missing<'m>(
    methods: &[&'m str],
    entries: &[*const ()],
    is_named: impl Fn(&str) -> bool,
) -> Option<&'m str> {
    let mut lacking = methods.iter().zip(entries).filter(|(_, entry)| entry.is_null());
    lacking.find(|(method, _)| is_named(method)).map(|(method, _)| *method)
}

#[cfg(test)]
mod tests {
    use super::missing;

    #[test]
    fn a_library_may_lack_what_it_does_not_name() {
        let entry = std::ptr::dangling();
        let named = |names: &'static [&str]| move |name: &str| names.contains(&name);
        let methods = ["old", "new"];
        assert_eq!(missing(&methods, &[entry, std::ptr::null()], named(&["old"])), None);
        let lacking = missing(&methods, &[entry, std::ptr::null()], named(&["old", "new"]));
        assert_eq!(lacking, Some("new"));
        assert_eq!(missing(&methods, &[entry, entry], named(&["old", "new"])), None);
    }
}
