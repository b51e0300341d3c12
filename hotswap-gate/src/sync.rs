//! The seam to the outside for everything that blocks or orders memory: std, parking_lot and
//! arc-swap normally, loom in the tests under `cfg(loom)`. Nothing else lives here.

pub(crate) use imp::*;

#[cfg(not(all(test, loom)))]
mod imp {
    pub(crate) use parking_lot::{Condvar, Mutex, MutexGuard};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::thread::{sleep, yield_now};
    pub(crate) use std::thread_local;

    pub(crate) mod atomic {
        pub(crate) use std::sync::atomic::{
            AtomicBool, AtomicU32, AtomicU64, Ordering, compiler_fence, fence,
        };
    }

    /// The source of truth of a slot: one `Arc` that is replaced as a whole.
    pub(crate) type Source<T> = arc_swap::ArcSwap<T>;

    /// Has the thread allocate what it needs to look at any source, before it may not any more.
    pub(crate) fn prepare_source() {
        static ANY: arc_swap::ArcSwapOption<()> = arc_swap::ArcSwapOption::const_empty();
        drop(ANY.load());
    }

    macro_rules! process_wide {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            $(#[$meta])* static $name: $type = $init;
        };
    }
    pub(crate) use process_wide;
}

#[cfg(all(test, loom))]
mod imp {
    use std::ops::{Deref, DerefMut};
    use std::sync::{Arc, PoisonError};
    use std::time::{Duration, Instant};

    pub(crate) use loom::thread::yield_now;
    pub(crate) use loom::thread::yield_now as spin_loop;
    pub(crate) use loom::thread_local;

    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
        pub(crate) use std::sync::atomic::compiler_fence;
    }

    macro_rules! process_wide {
        ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::lazy_static! { $(#[$meta])* static ref $name: $type = $init; }
        };
    }
    pub(crate) use process_wide;

    pub(crate) fn sleep(_: Duration) {
        yield_now();
    }

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    /// Empty only while a condition variable has it.
    pub(crate) struct MutexGuard<'a, T>(Option<loom::sync::MutexGuard<'a, T>>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("the guard is here")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("the guard is here")
        }
    }

    pub(crate) struct TimedOut(bool);

    impl TimedOut {
        pub(crate) fn timed_out(&self) -> bool {
            self.0
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(loom::sync::Condvar::new())
        }

        pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
            let inner = guard.0.take().expect("the guard is here");
            guard.0 = Some(self.0.wait(inner).unwrap_or_else(PoisonError::into_inner));
        }

        /// loom has no time: this waits until it is woken.
        pub(crate) fn wait_until<T>(&self, guard: &mut MutexGuard<'_, T>, _: Instant) -> TimedOut {
            self.wait(guard);
            TimedOut(false)
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// Stands for `ArcSwap`, which loom cannot look into.
    #[derive(Debug)]
    pub(crate) struct Source<T>(Mutex<Arc<T>>);

    pub(crate) fn prepare_source() {}

    impl<T> Source<T> {
        pub(crate) fn new(value: Arc<T>) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn load_full(&self) -> Arc<T> {
            Arc::clone(&self.0.lock())
        }

        pub(crate) fn load(&self) -> Arc<T> {
            self.load_full()
        }

        pub(crate) fn swap(&self, value: Arc<T>) -> Arc<T> {
            std::mem::replace(&mut *self.0.lock(), value)
        }
    }
}
