//! Closes libraries, on a thread of its own, `hotswap-reaper`: there as long as there is a library
//! to close, and asleep without a timer while nothing changes.
//!
//! A library comes here when nobody owns its code any more. Its pins are then draining: threads
//! that are idle destroy what they have of it; how long that takes is watched. When nothing leads
//! into the library it is closed, and then looked for, because `dlclose` says nothing: the loader
//! keeps what it has its own reasons for.
//!
//! # Safety
//! That nothing of a library is used after it was closed:
//! * its functions are called by owners of its `Code`, and there is none ([`Closing`] is made when
//!   the last one has gone); nothing of the host has copies of their addresses elsewhere. `Logs`
//!   has one, and whoever calls it is among the pins meanwhile (`logs/filters.rs`);
//! * the pins are closed ([`pins`](super::pins)): no thread of the library, no destructor;
//! * no other library looks at what a state that was handed over as memory has taken along from it:
//!   of those that had such a state none has code that is run;
//! * no signal has its handler there, and all else that could have an address of it is not called by
//!   a library that the policy allows to unload (`interpose/policy.rs`);
//! * no value of the library is in the host: what crosses is copied, also texts of errors,
//!   backtraces, log lines and the manifest. Values that are lent (`#[same_build]`) are the
//!   exception, and a library that may get one is retained.

use std::{
    fmt, fs,
    mem::ManuallyDrop,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use hotswap_abi::__private::contained;
use hotswap_types::Holder;
use libloading::os::unix::Library;

use super::{interpose::Interposed, wake};
use crate::{
    fs::PrivateFile,
    loader_lock::{self, Busy, LoaderGuard},
    unload_event::{UnloadCallback, UnloadEvent},
};

/// A library that nobody owns any more. It stays when this is dropped: somebody's code has panicked.
pub(super) struct Closing {
    library: ManuallyDrop<Library>,
    interposed: Interposed,
    copy: PrivateFile,
    on_unload: UnloadCallback,
    since: Instant,
    was_told: bool,
    was_slow: bool,
}

/// How long something may hold a library before that is told.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Queue {
    libraries: Vec<Closing>,
    has_thread: bool,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { libraries: Vec::new(), has_thread: false });

fn queue() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Closing {
    pub(super) fn new(
        library: ManuallyDrop<Library>,
        interposed: Interposed,
        copy: PrivateFile,
        on_unload: UnloadCallback,
    ) -> Self {
        Self {
            library,
            interposed,
            copy,
            on_unload,
            since: Instant::now(),
            was_told: false,
            was_slow: false,
        }
    }

    /// Has it closed as soon as nothing holds it.
    pub(super) fn enqueue(self) {
        self.interposed.pins.drain();
        (self.on_unload)(UnloadEvent::Draining);
        let mut queue = queue();
        queue.libraries.push(self);
        if !queue.has_thread {
            // Without a thread it waits for the next one.
            let thread = thread::Builder::new().name("hotswap-reaper".into()).spawn(run);
            queue.has_thread = thread.is_ok();
        }
        drop(queue);
        wake::notify();
    }

    /// Closes it, if nothing holds it.
    ///
    /// First its last functions are called, and then it waits for its kin, of which none can call it.
    fn close(mut self) -> Option<Self> {
        let mut holders = self.left_with_the_system();
        if holders.is_empty() {
            holders = self.finish().err().unwrap_or_default();
        }
        if holders.is_empty() {
            holders = self.interposed.pins.kin_at_work();
        }
        if holders.is_empty() {
            self.unmap();
            return None;
        }
        let is_due = |deadline: Option<Instant>| deadline.is_some_and(|it| it <= Instant::now());
        if is_due(self.slow_at()) {
            (self.was_told, self.was_slow) = (true, true);
            (self.on_unload)(UnloadEvent::Slow(holders));
        } else if is_due(self.told_at()) {
            self.was_told = true;
            (self.on_unload)(UnloadEvent::Held(holders));
        }
        Some(self)
    }

    /// What of it the system has.
    fn left_with_the_system(&self) -> Vec<Holder> {
        let mut holders = Vec::new();
        if let Some(signal) = self.interposed.handles_signal() {
            holders.push(Holder::Image { why: format!("its handler for signal {signal} is set") });
        }
        if self.interposed.has_environment() {
            holders.push(Holder::Image { why: "the process's environment is in it".to_owned() });
        }
        holders
    }

    /// Closes its pins and calls the last of its functions, once.
    ///
    /// # Errors
    /// With what still leads into the library.
    fn finish(&self) -> Result<(), Vec<Holder>> {
        let pins = &self.interposed.pins;
        if pins.is_finished() {
            return Ok(());
        }
        pins.close()?;
        let guard = self.lock_loader();
        // SAFETY: its pins were just closed.
        unsafe { self.interposed.finish() };
        drop(guard);
        pins.finished();
        // Its kin may have been looked at before.
        wake::notify();
        Ok(())
    }

    fn lock_loader(&self) -> Result<LoaderGuard, Busy> {
        let path = self.copy.path().to_string_lossy();
        loader_lock::lock(format!("a function for the exit in {path}, which is unloaded"), None)
    }

    /// When it is to be told who holds it.
    fn told_at(&self) -> Option<Instant> {
        (!self.was_told).then(|| self.since + PATIENCE)
    }

    /// When it is to be told that a thread takes long to destroy its values.
    fn slow_at(&self) -> Option<Instant> {
        let since = self.interposed.pins.destroying_since().filter(|_| !self.was_slow)?;
        Some(since + PATIENCE)
    }

    fn unmap(self) {
        let guard = self.lock_loader();
        let Self { library, interposed, copy, on_unload, .. } = self;
        let path = copy.path().to_string_lossy().into_owned();
        let closed = ManuallyDrop::into_inner(library).close();
        let why = match closed {
            Err(error) => Some(format!("the system's loader does not close it: {error}")),
            Ok(()) if interposed.is_mapped() => Some("the system's loader keeps it".to_owned()),
            Ok(()) if has_code_of(&path) => Some("its code is still mapped".to_owned()),
            Ok(()) => None,
        };
        drop(guard);
        interposed.pins.forgets_kin();
        match why {
            None => {
                let heap = interposed.pins.heap();
                // SAFETY: it was found gone, and comes here once.
                let blocks = heap.map(|heap| unsafe { heap.is_left() });
                // SAFETY: as above.
                unsafe { interposed.free() };
                drop(copy);
                on_unload(UnloadEvent::Unloaded);
                // The subscriber is the program's, and may panic. Its filters name the crate that the
                // program depends on.
                tracing::debug!(target: "hotswap_core", blocks, "a library's heap was freed");
            }
            Some(why) => {
                drop(copy);
                on_unload(UnloadEvent::Stuck(Holder::Image { why }));
            }
        }
    }
}

/// Whether code of a file is mapped.
fn has_code_of(path: &str) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().any(|line| is_code_of(line, path))
}

/// `7f00-7f01 r-xp 00001000 fe:00 1234   /private/copy.so (deleted)`
fn is_code_of(line: &str, path: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_code = words.nth(1).is_some_and(|how| how.contains('x'));
    is_code && line.contains(path)
}

fn run() {
    loop {
        let libraries = {
            let mut queue = queue();
            if queue.libraries.is_empty() {
                queue.has_thread = false;
                return;
            }
            std::mem::take(&mut queue.libraries)
        };
        let close = |library: Closing| {
            // Code of the program's that panics keeps no other library from being closed.
            contained(|| library.close()).flatten()
        };
        let held: Vec<_> = libraries.into_iter().filter_map(close).collect();
        let deadline = held.iter().flat_map(|it| [it.told_at(), it.slow_at()]).flatten().min();
        let mut queue = queue();
        queue.libraries.extend(held);
        let is_empty = queue.libraries.is_empty();
        drop(queue);
        if !is_empty {
            wake::wait(deadline);
        }
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("copy", &self.copy.path()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_from_other_mappings() {
        let line = |how, path| format!("7f00-7f01 {how} 00001000 fe:00 1234     {path}");
        assert!(is_code_of(&line("r-xp", "/a/b-1.so"), "/a/b-1.so"));
        assert!(is_code_of(&line("r-xp", "/a/b-1.so (deleted)"), "/a/b-1.so"));
        assert!(!is_code_of(&line("r--p", "/a/b-1.so (deleted)"), "/a/b-1.so"));
        assert!(!is_code_of(&line("r-xp", "/a/b-2.so"), "/a/b-1.so"));
        assert!(!is_code_of("7f00-7f01 r-xp 00000000 00:00 0", "/a/b-1.so"));
    }
}
