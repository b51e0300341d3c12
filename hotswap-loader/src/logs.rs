//! What modules log: `tracing` events and spans and records of `log` inside a module reach the
//! host's subscriber, as if the module were linked in.
//!
//! Each library has its own copies of `tracing` and `log`. When a host attaches to one, the
//! module's side becomes the subscriber there and calls the functions of `callbacks`. These look
//! up the *generation* whose logs they are (`source`), and for a callsite of the module the
//! *site* that stands for it in the host (`site`): a callsite of the host's own `tracing`, made
//! of copies, so that subscribers may keep what they like of it. Values are rebuilt (`value`),
//! with the module's name and generation added, and given to the subscriber of the thread that
//! logs. Spans are numbers (`span`).
//!
//! # Filters
//! What a subscriber wants of a site is told to it by `tracing`, also when filters change. The site
//! keeps it, and wakes the thread `hotswap-logs` (`filters`), which has the modules ask again. Until
//! they have, something that is off may still be handed over: it is judged again when it arrives.
//! Something that was off comes once the module has asked; [`sync_log_filters`] waits for that.
//!
//! # The end
//! When the last user of a generation's code is gone, so is its [`Logs`]: its spans are closed, and
//! what its threads log from then on is ignored. What remains are sites, which the next generation
//! with the same callsites uses again, and whose number and size are bounded.
//!
//! # The subscriber's own code
//! It runs inside `catch_unwind`: a panic there costs what was being logged. Where it calls a module
//! that logs, that is ignored: it would go round in a circle.
//!
//! # Why each callsite is made again in the host
//! A module's copy of `tracing` cannot use the host's subscriber: callsites, metadata and values
//! would point into the module for ever. With a callsite of the host's own, made of copies,
//! `tracing` itself keeps interests, filters and their changes. No span outlives its generation.

#[expect(unsafe_code, reason = "functions that modules call")]
mod callbacks;
mod callsites;
#[expect(unsafe_code, reason = "calls modules")]
mod filters;
mod site;
mod source;
mod span;
mod value;

#[cfg(test)]
#[expect(unsafe_code, reason = "calls what modules call")]
mod tests;

pub use filters::sync_log_filters;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hotswap_abi::__private::{contained, logs::Listener, module::RootRef};
use parking_lot::Mutex;

use self::{
    filters::FilterSync,
    source::{Place, Source},
};
use crate::unload::LibraryPins;

/// The logs of one library, for as long as its code is in use.
pub struct Logs {
    place: &'static Place,
    filters: Arc<FilterSync>,
}

static UNUSED: Mutex<Vec<&'static Place>> = Mutex::new(Vec::new());

impl Logs {
    /// Attaches to a library that was just loaded, and whose root was checked: `pins` keep it mapped,
    /// if it can be unloaded.
    pub fn attach(
        root: RootRef,
        pins: Option<&Arc<LibraryPins>>,
        module: &str,
        generation: u64,
    ) -> Self {
        let (logs, listener) = Self::new(FilterSync::new(root, pins), module, generation);
        callbacks::attach(root, &listener);
        filters::add(&logs.filters);
        logs
    }

    fn new(filters: FilterSync, module: &str, generation: u64) -> (Self, Listener) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let place = UNUSED.lock().pop().unwrap_or_else(|| Box::leak(Box::default()));
        let filters = Arc::new(filters);
        let source = Source::new(number, module, generation, Arc::clone(&filters));
        place.0.store(Some(Arc::new(source)));
        site::start_to_listen();
        (Self { place, filters }, callbacks::listener(place, number))
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        filters::remove(&self.filters);
        let source = self.place.0.swap(None);
        UNUSED.lock().push(self.place);
        if let Some(source) = source {
            contained(|| source.spans.close_all());
        }
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("source", &self.place.0.load()).finish_non_exhaustive()
    }
}

/// Values as subscribers see them, for the fuzzer.
#[cfg(fuzzing)]
pub fn rebuilt(description: &[u8], values: &[u8]) -> Option<String> {
    let site = callsites::find(description)?;
    Some(value::with(site, values, None, |values| format!("{values:?}")))
}
