//! Who or what keeps a generation in memory.

use std::{fmt, panic::Location, time::Duration};

use serde::Serialize;

use crate::json;

/// Who or what keeps a generation in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "by", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Holder {
    /// It serves.
    Serves,
    /// It is kept ready until the trial of the next version is over.
    Trial,
    /// An upgrade has it in hand.
    Upgrade,
    /// Nothing any more: it is being unloaded.
    Unloading,
    /// It is retained, as configured (`Retire::Retain`).
    Policy,
    /// It is linked into the program.
    Program,
    /// Calls inside, and pins.
    Callers(Vec<Caller>),
    /// Threads that the module has started, and that have not ended.
    Threads(Vec<HoldingThread>),
    /// Threads that have values of its thread-locals. A thread destroys them when it calls
    /// `release_thread_locals`, or when it ends.
    ThreadLocals(Vec<HoldingThread>),
    /// Threads that run destructors of its thread-locals, and for how long.
    Destructors(Vec<HoldingThread>),
    /// A state that was handed over as memory may point to its constants: in a collection there may be
    /// an empty map that this generation has made. Until that state leaves by its encoding, and no code
    /// of a generation that had it can be run any more: it may have kept such a map elsewhere.
    State {
        /// The generation that has the state, or has had it.
        generation: u64,
    },
    /// Its library cannot be unloaded, or was closed and is still there.
    Image {
        /// What is known of the reason.
        why: String,
    },
    /// Its own code hangs, or failed while it stopped: it is given up.
    Abandoned {
        /// What happened.
        why: String,
    },
    /// The host has ended: it goes with the last handle of the slot, or at once where none is left.
    Handles,
}

/// A thread that is inside a generation, by a call or a pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Caller {
    /// The thread.
    pub thread: String,
    /// How many calls and pins deep.
    pub depth: u64,
    /// Where the outermost pin was taken, or the reader was made.
    #[serde(with = "json::place")]
    pub taken: Option<&'static Location<'static>>,
    /// For how long at least, where the generation was replaced.
    #[serde(rename = "age_ms", with = "json::maybe_millis")]
    pub age: Option<Duration>,
}

/// A thread that keeps a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HoldingThread {
    /// Its name.
    pub thread: String,
    /// For how long.
    #[serde(rename = "age_ms", with = "json::millis")]
    pub age: Duration,
}

impl Caller {
    /// A thread, by its name, that is so many calls and pins deep.
    #[must_use]
    pub const fn new(
        thread: String,
        depth: u64,
        taken: Option<&'static Location<'static>>,
        age: Option<Duration>,
    ) -> Self {
        Self { thread, depth, taken, age }
    }
}

impl HoldingThread {
    /// A thread, by its name, and for how long it has kept the generation.
    #[must_use]
    pub const fn new(thread: String, age: Duration) -> Self {
        Self { thread, age }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serves => f.write_str("it serves"),
            Self::Trial => f.write_str("it is kept ready until the trial is over"),
            Self::Upgrade => f.write_str("an upgrade has it in hand"),
            Self::Unloading => f.write_str("nothing any more: it is being unloaded"),
            Self::Policy => f.write_str("it is retained, as configured"),
            Self::Program => f.write_str("it is linked into the program"),
            Self::Callers(callers) => list(f, "caller", callers),
            Self::Threads(threads) => list(f, "thread of the module", threads),
            Self::ThreadLocals(threads) => {
                list(f, "thread with values of its thread-locals", threads)?;
                f.write_str(" (call hotswap_core::release_thread_locals there)")
            }
            Self::Destructors(threads) => {
                list(f, "thread in a destructor of its thread-locals", threads)
            }
            Self::State { generation } => {
                write!(f, "the state that generation {generation} has from it may refer to it")
            }
            Self::Image { why } => f.write_str(why),
            Self::Abandoned { why } => write!(f, "it is given up: {why}"),
            Self::Handles => {
                f.write_str("the host has ended; it goes with the last handle of the slot")
            }
        }
    }
}

/// `2 callers: main, 1 deep, …; worker, …`
fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, what: &str, all: &[T]) -> fmt::Result {
    match what.split_once(' ') {
        _ if all.len() == 1 => write!(f, "1 {what}")?,
        Some((first, rest)) => write!(f, "{} {first}s {rest}", all.len())?,
        None => write!(f, "{} {what}s", all.len())?,
    }
    for (i, item) in all.iter().enumerate() {
        write!(f, "{}{item}", if i == 0 { ": " } else { "; " })?;
    }
    Ok(())
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { thread, depth, taken, age } = self;
        write!(f, "{thread}, {depth} deep")?;
        if let Some(place) = taken {
            write!(f, ", entered at {}:{}", place.file(), place.line())?;
        }
        if let Some(age) = age {
            write!(f, ", for at least {age:.1?}")?;
        }
        Ok(())
    }
}

impl fmt::Display for HoldingThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, for {:.1?}", self.thread, self.age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_are_named_and_counted() {
        let thread = |name: &str| HoldingThread::new(name.to_owned(), Duration::from_secs(3));
        let one = Holder::Threads(vec![thread("a")]);
        assert_eq!(one.to_string(), "1 thread of the module: a, for 3.0s");
        let two = Holder::ThreadLocals(vec![thread("a"), thread("b")]);
        let text = "2 threads with values of its thread-locals: a, for 3.0s; b, for 3.0s \
                    (call hotswap_core::release_thread_locals there)";
        assert_eq!(two.to_string(), text);
        let caller = |taken, age| Caller { thread: "main".to_owned(), depth: 2, taken, age };
        let place = Location::caller();
        let both = [caller(Some(place), Some(Duration::from_secs(1))), caller(None, None)];
        let text = Holder::Callers(both.to_vec()).to_string();
        let line = place.line();
        assert!(text.starts_with("2 callers: main, 2 deep, entered at "), "{text}");
        assert!(text.ends_with(&format!(":{line}, for at least 1.0s; main, 2 deep")), "{text}");
    }
}
