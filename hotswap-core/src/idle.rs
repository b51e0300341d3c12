//! What a thread does for the host while it is idle.

/// Destroys what the current thread still has of thread-locals of versions that are to be unloaded
/// ([`Retire::Unload`](crate::Retire::Unload)).
///
/// Only the thread itself can do that, and it is a module's code that runs: a destructor may take
/// its time, or hang. So it does not happen in a call of a newer version, but here, and when the
/// thread ends. Call this on every long-lived thread that calls slots, where nobody waits for the
/// thread: after a frame, after a request, when an executor parks its worker. Until then a version
/// of which the thread has values is retained, and its
/// [`Holder::ThreadLocals`](crate::event::Holder::ThreadLocals) names the thread.
///
/// With nothing to destroy this takes a few nanoseconds. Destructors that take longer than a second
/// are reported while they run, with slot, module, generation and thread.
///
/// ```
/// # fn next_request() -> Option<()> { None }
/// while let Some(request) = next_request() {
///     // ... calls of slots ...
///     hotswap_core::release_thread_locals();
/// }
/// ```
pub fn release_thread_locals() {
    hotswap_loader::run_pending_dtors();
}
