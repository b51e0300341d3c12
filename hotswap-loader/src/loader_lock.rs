//! The lock of the system's loader, as far as the host uses it: who is inside.
//!
//! The loader runs constructors, and functions for the exit, while it holds its lock. One that hangs
//! holds it until the process ends. glibc takes the same lock when a thread notes its first
//! thread-local with a destructor, which Rust's threads do as they begin, and in `exit`: so no library
//! is opened or closed any more, no thread begins, and the process does not end by itself. Nothing can
//! be done about that, but it can be said of whom it comes, and the host does not wait as well. So
//! hosts go in one at a time, and look before they start a thread.
//!
//! What else opens libraries in this process is not seen here.

use std::{
    fmt,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

#[derive(Debug)]
struct Holder {
    number: u64,
    who: String,
    since: Instant,
    /// Nobody waits for it any more.
    hangs: bool,
}

#[derive(Debug)]
struct State {
    holder: Option<Holder>,
    next: u64,
}

static STATE: Mutex<State> = Mutex::new(State { holder: None, next: 0 });
static FREE: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The lock, held: whoever has this may use the loader.
#[derive(Debug)]
pub struct LoaderGuard {
    number: u64,
}

/// Names a guard that was given away.
#[derive(Debug, Clone, Copy)]
pub struct Ticket(u64);

/// Another thread is in the loader, and does not come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    who: String,
    since: Duration,
}

/// Waits until nobody is in the loader, and takes the lock for `who`. Does not wait at all for one
/// that was found to hang.
///
/// # Errors
/// Who has the lock at the deadline; without a deadline there is no error.
pub fn lock(who: impl Into<String>, deadline: Option<Instant>) -> Result<LoaderGuard, Busy> {
    let mut state = wait(deadline)?;
    state.next += 1;
    let (number, who) = (state.next, who.into());
    state.holder = Some(Holder { number, who, since: Instant::now(), hangs: false });
    Ok(LoaderGuard { number })
}

/// Waits as [`lock`] does, and leaves the lock alone.
///
/// # Errors
/// As [`lock`].
pub fn wait_unlocked(deadline: Instant) -> Result<(), Busy> {
    wait(Some(deadline)).map(drop)
}

fn wait(deadline: Option<Instant>) -> Result<MutexGuard<'static, State>, Busy> {
    let mut state = state();
    while let Some(holder) = &state.holder {
        let left = deadline.map(|it| it.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| holder.hangs || left.is_zero()) {
            let (who, since) = (holder.who.clone(), holder.since.elapsed());
            return Err(Busy { who, since });
        }
        state = match left {
            None => FREE.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(left) => FREE.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
        };
    }
    Ok(state)
}

impl LoaderGuard {
    /// Names it for [`Ticket::give_up`].
    #[must_use]
    pub const fn ticket(&self) -> Ticket {
        Ticket(self.number)
    }
}

impl Drop for LoaderGuard {
    fn drop(&mut self) {
        let mut state = state();
        state.holder = state.holder.take().filter(|holder| holder.number != self.number);
        drop(state);
        FREE.notify_all();
    }
}

impl Ticket {
    /// Nobody waits any more for the thread that has this guard. Whether it is still inside.
    pub fn give_up(self) -> bool {
        let mut state = state();
        let holder = state.holder.as_mut().filter(|holder| holder.number == self.0);
        holder.map(|holder| holder.hangs = true).is_some()
    }
}

impl Busy {
    /// What to do.
    pub const ADVICE: &str = "until that comes back no library can be opened, and no thread \
        started, in this process: kill it (its own exit would wait as well), and start it again";
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, since } = self;
        write!(f, "the system's loader is held for {since:.0?} by {who}")
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// One test: there is one loader.
    #[test]
    fn one_at_a_time_and_whoever_does_not_come_out_is_named() {
        let now = || Some(Instant::now());
        let first = lock("a", None).unwrap();
        let text = lock("b", now()).unwrap_err().to_string();
        assert!(text.ends_with(" by a") && text.contains("is held for "), "{text}");
        let waits = thread::spawn(|| lock("b", None).unwrap());
        let ticket = first.ticket();
        drop(first);
        let second = waits.join().unwrap();
        // It came out meanwhile.
        assert!(!ticket.give_up());
        let ticket = second.ticket();
        assert!(ticket.give_up());
        let far = Instant::now() + Duration::from_secs(3600);
        assert!(lock("c", Some(far)).unwrap_err().to_string().ends_with(" by b"));
        assert!(wait_unlocked(far).is_err());
        drop(second);
        wait_unlocked(far).unwrap();
        drop(lock("c", Some(far)).unwrap());
    }
}
