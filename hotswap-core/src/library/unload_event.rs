//! What becomes of a library that nobody owns any more.

use hotswap_types::Holder;

/// What becomes of a library that nobody owns any more.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64")),
    expect(dead_code, reason = "elsewhere every library is retained")
)]
pub(crate) enum UnloadEvent {
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
pub(crate) type UnloadCallback = Box<dyn Fn(UnloadEvent) + Send + Sync>;
