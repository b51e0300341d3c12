//! Crates whose types rest on a static or a thread-local of theirs, of which host and module have
//! one each. Data: each was read in the crate's source.
//!
//! Sharing such a static is not sound in general: nothing outside of the crate can make its two
//! copies one. What can be done is not to lend these types, or to reach them by an interface that
//! the host lends, so that the host's copy alone runs.

use crate::plan::Level;

/// A crate, how bad it is to lend its types, and what happens.
pub(super) struct Static {
    pub(super) package: &'static str,
    pub(super) level: Level,
    pub(super) what: &'static str,
}

const fn high(package: &'static str, what: &'static str) -> Static {
    Static { package, level: Level::High, what }
}

const fn medium(package: &'static str, what: &'static str) -> Static {
    Static { package, level: Level::Medium, what }
}

/// Undefined behaviour or a wait without an end is a high risk, a wrong result or a panic a medium
/// one.
pub(super) const STATICS: [Static; 26] = [
    high(
        "arc-swap",
        "its list of debts is a static: a store on one side frees what a load of the other side holds",
    ),
    high(
        "atomic",
        "its locks for large values are a static: the two sides do not exclude each other",
    ),
    high(
        "crossbeam-epoch",
        "its default collector is a static: one side frees what the other one has pinned",
    ),
    high(
        "crossbeam-utils",
        "the locks of AtomicCell for large values are a static: the two sides do not exclude each \
         other",
    ),
    high("fragile", THREAD_IDS),
    high(
        "haphazard",
        "its global domain is a static: one side frees what the other one's hazard pointers protect",
    ),
    high(
        "parking_lot_core",
        "its table of waiting threads is a static: a thread that waits for a lock of parking_lot on \
         one side is not woken by the other",
    ),
    high(
        "portable-atomic",
        "its locks for values without an instruction are a static: the two sides do not exclude each \
         other",
    ),
    high("regex-automata", COUNTED_THREADS),
    high("seize", COUNTED_THREADS),
    high("send_wrapper", THREAD_IDS),
    high("sharded-slab", COUNTED_THREADS),
    high(
        "symbol_table",
        "its global table is a static: a symbol of one side is another text, or none, on the other",
    ),
    high("thread_local", COUNTED_THREADS),
    medium("async-global-executor", EXECUTOR),
    medium(
        "async-io",
        "its reactor is a static: what is registered on one side never becomes ready on the other",
    ),
    medium("async-std", EXECUTOR),
    medium(
        "bevy_ecs",
        "its labels are compared by address, and worlds and threads are numbered by each side: a \
         schedule of one side is not found by the other, and a world may be taken for another one",
    ),
    medium("hecs", WORLDS),
    medium("internment", INTERNED),
    medium("legion", WORLDS),
    medium(
        "rayon-core",
        "its pool and its threads' marks are statics: each side has a pool of its own, and a pool \
         that is entered again by the other side waits for itself",
    ),
    medium("smol", EXECUTOR),
    medium("string_cache", INTERNED),
    medium(
        "tokio",
        "its current runtime is a thread-local: the module does not see the host's, and tasks and \
         timers panic there",
    ),
    medium("ustr", INTERNED),
];

const COUNTED_THREADS: &str =
    "it numbers threads by a static: two threads that have one number use one value at once";
const THREAD_IDS: &str = "it compares ids of threads, which each side's std gives out by itself: another thread may have \
     the owner's";
const INTERNED: &str = "its texts are in a static table and compared by address: equal ones of two sides are not equal";
const EXECUTOR: &str = "its executor is a static: each side has one of its own";
const WORLDS: &str = "it numbers worlds by a static: a query that was prepared for a world of one side may take a world \
     of the other for it";
