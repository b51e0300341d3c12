//! Static thread-local storage: a block that a process sets aside for each thread when it starts,
//! with a little room for libraries that are opened later. A library whose thread-locals are
//! compiled for it (the initial-exec model, as in jemalloc and in mimalloc by default) takes its
//! share when it is opened. What is closed gives nothing back in practice: the C library frees a
//! share only while it is the last one, and a new version is opened before the old one is closed.

use std::{
    collections::HashSet,
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use parking_lot::Mutex;

/// What there is for libraries that are opened later, in bytes, in glibc without tunables: measured,
/// since no function says it.
const ABOUT: u64 = 1_600;

/// What can be done about it, measured with glibc 2.36: 20 versions of each and 40 in a process.
pub const REMEDY: &str = "build it with thread-locals that any library may have (mimalloc: feature \
     `local_dynamic_tls`, tikv-jemallocator: `disable_initial_exec_tls`), or start the host with \
     GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384; a process that has run out of it has to \
     be restarted";

static LIBRARIES: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static WARNED: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// What a library takes, and what this process's libraries have taken before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "hotswap-core's tests make their own")]
pub struct StaticTls {
    /// Of the library.
    pub bytes: u64,
    /// How many there are.
    pub libraries: usize,
    /// What they have.
    pub taken: u64,
}

impl StaticTls {
    /// What is known now of a library that takes so much.
    pub fn of(bytes: u64) -> Self {
        let (libraries, taken) = (&LIBRARIES, &BYTES);
        let (libraries, taken) = (libraries.load(Ordering::Relaxed), taken.load(Ordering::Relaxed));
        Self { bytes, libraries, taken }
    }

    /// The library was opened.
    pub(super) fn is_taken(bytes: u64) {
        LIBRARIES.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether a module that takes some is the first of its name.
    pub fn is_news(module: &str) -> bool {
        WARNED.lock().get_or_insert_default().insert(module.to_owned())
    }
}

impl fmt::Display for StaticTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, libraries, taken } = self;
        write!(
            f,
            "each version takes {bytes} bytes of static thread-local storage, of which a process has \
             about {ABOUT} for modules, and gives none back; {libraries} libraries have taken {taken}"
        )
    }
}

/// Whether the system's loader has refused a library because there is none left.
pub(super) fn is_exhausted(why: &str) -> bool {
    why.contains("static TLS")
}
