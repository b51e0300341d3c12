//! What a host tells, and how tests wait for it.

use std::sync::{
    Arc, Mutex,
    mpsc::{Receiver, RecvTimeoutError},
};

use hotswap_core::{
    Host,
    event::{Event, EventKind, Holder, Live, Refusal, Retirement},
};

use crate::LONG;

/// The events of a host.
#[derive(Debug)]
pub struct Told(Mutex<Receiver<Event>>);

/// How an artifact came out.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "tests look at all of them")]
pub enum Outcome {
    /// It serves.
    Live(Live),
    /// It waits for `apply_pending`.
    Pending,
    /// It was not taken.
    Refused(Arc<Refusal>),
}

/// A generation is retained because it is configured so.
#[must_use]
pub fn as_configured() -> Retirement {
    Retirement::Retained { by: vec![Holder::Policy] }
}

impl Outcome {
    /// What an event says of an artifact's end, if it does.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        Some(match &event.kind {
            EventKind::Live(live) => Self::Live(live.clone()),
            EventKind::Pending { .. } => Self::Pending,
            EventKind::Refused(refusal) => Self::Refused(Arc::clone(refusal)),
            _ => return None,
        })
    }
}

impl Told {
    /// What a host tells from now on.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        Self(Mutex::new(host.events()))
    }

    /// The next event.
    ///
    /// # Panics
    /// When none comes.
    #[must_use]
    pub fn next(&self) -> Event {
        match self.0.lock().expect("nobody panics with it").recv_timeout(LONG) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => panic!("nothing was told for {LONG:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the host has ended"),
        }
    }

    /// The first of the next events that is looked for; those before it are passed over.
    ///
    /// # Panics
    /// When it does not come.
    pub fn find<T>(&self, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            if let Some(found) = pick(&self.next()) {
                return found;
            }
        }
    }

    /// How the next artifact comes out, and for which slot.
    #[must_use]
    pub fn outcome(&self) -> (String, Outcome) {
        self.find(|event| Some((event.slot.to_string(), Outcome::of(event)?)))
    }

    /// The next artifact goes live.
    ///
    /// # Panics
    /// When it comes out otherwise.
    #[must_use]
    pub fn live(&self) -> Live {
        match self.outcome().1 {
            Outcome::Live(live) => live,
            Outcome::Pending => panic!("it should be live, and is pending"),
            Outcome::Refused(refusal) => panic!("it should be live, and is not: {refusal}"),
        }
    }

    /// The next artifact is refused.
    ///
    /// # Panics
    /// When it comes out otherwise.
    #[must_use]
    pub fn refused(&self) -> Arc<Refusal> {
        match self.outcome().1 {
            Outcome::Refused(refusal) => refusal,
            other => panic!("it should be refused, and is not: {other:?}"),
        }
    }

    /// The next artifact waits to be applied.
    ///
    /// # Panics
    /// When it comes out otherwise.
    pub fn pending(&self) {
        match self.outcome().1 {
            Outcome::Pending => {}
            other => panic!("it should be pending, and is not: {other:?}"),
        }
    }

    /// The next generation that is retired, and how.
    #[must_use]
    pub fn retired(&self) -> (u64, Retirement) {
        self.find(|event| match &event.kind {
            EventKind::Retired { generation, outcome } => Some((*generation, outcome.clone())),
            _ => None,
        })
    }

    /// All that was told so far and not looked at yet.
    #[must_use]
    pub fn so_far(&self) -> Vec<Event> {
        self.0.lock().expect("nobody panics with it").try_iter().collect()
    }
}
