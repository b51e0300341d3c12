//! Which threads upgrade, or are in an event callback: these must not wait for an upgrade.

use std::cell::Cell;

thread_local! {
    static UPGRADES: Cell<bool> = const { Cell::new(false) };
}

/// Says that the current thread is one that upgrades: it must not wait for an upgrade.
pub(crate) fn set_upgrades() {
    UPGRADES.set(true);
}

/// Whether the current thread is one that upgrades, or in an event callback.
pub(crate) fn upgrades() -> bool {
    UPGRADES.get()
}

/// Runs an event callback, which must not wait for an upgrade on any thread: where it is called a
/// second time because of what it asks for, it would be without end.
pub(crate) fn in_callback<R>(callback: impl FnOnce() -> R) -> R {
    struct Before(bool);

    impl Drop for Before {
        fn drop(&mut self) {
            UPGRADES.set(self.0);
        }
    }

    let _before = Before(UPGRADES.replace(true));
    callback()
}
