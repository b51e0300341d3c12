//! How far the end of a library has come, and what leads into it.

use std::sync::Arc;

use hotswap_types::Holder;

use super::{
    keys::Keys,
    threads::{self, Thread},
};
use crate::unload::tables::List;

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) stage: Stage,
    /// Threads that the library has started.
    pub(super) threads: List<Thread>,
    /// Threads of whomever that have values of the library's.
    pub(super) valued: List<Thread>,
    pub(super) keys: Keys,
    /// What it has asked for that nobody can account for.
    pub(super) unaccounted: Option<Arc<str>>,
}

/// What leads into a library, copied while the state is locked, and named when it is not: names are of
/// memory of the program's, whose allocator may call the library.
pub(super) struct Leads {
    threads: List<Thread>,
    valued: List<Thread>,
    unaccounted: Option<Arc<str>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Open,
    Draining,
    Closed,
}

impl State {
    pub(super) fn is_free(&self) -> bool {
        self.threads.is_empty() && self.valued.is_empty() && self.unaccounted.is_none()
    }

    pub(super) fn leads(&self) -> Leads {
        Leads {
            threads: self.threads.clone(),
            valued: self.valued.clone(),
            unaccounted: self.unaccounted.clone(),
        }
    }
}

impl Leads {
    pub(super) fn holders(&self) -> Vec<Holder> {
        let mut holders = Vec::new();
        if !self.threads.is_empty() {
            let threads: Vec<_> = self.threads.iter().collect();
            holders.push(Holder::Threads(threads::named(&threads)));
        }
        // A thread of its own is named once.
        let own = |entry: &&Thread| self.threads.iter().any(|own| own.thread == entry.thread);
        let others = self.valued.iter().filter(|entry| !own(entry));
        let (busy, idle): (Vec<_>, Vec<_>) = others.partition(|entry| entry.destroys.is_some());
        if !idle.is_empty() {
            holders.push(Holder::ThreadLocals(threads::named(&idle)));
        }
        if !busy.is_empty() {
            holders.push(Holder::Destructors(threads::named(&busy)));
        }
        if let Some(what) = &self.unaccounted {
            holders.push(Holder::Image { why: what.to_string() });
        }
        holders
    }
}
