//! What becomes of a library that nobody owns any more.

use hotswap_types::Holder;

/// What becomes of a library that nobody owns any more.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum UnloadEvent {
    /// It is to be unloaded: the host's own threads should destroy what they have of it.
    Draining,
    /// For some time already it cannot be closed.
    Held(Vec<Holder>),
    /// For some time already a thread has been destroying its values.
    Slow(Vec<Holder>),
    /// It was closed, and is still there. It stays.
    Stuck(Holder),
    /// It is not to be unloaded, and stays.
    Retained(Holder),
    /// It is gone.
    Unloaded,
}

/// Called with each event of one library.
pub type UnloadCallback = Box<dyn Fn(UnloadEvent) + Send + Sync>;
