//! Whether upgrades begin by themselves: an operator may want them not to for a while.
//!
//! # What a pause stops
//! The host begins no upgrade by itself, and finishes all that has begun: trials, rollbacks,
//! restarts. A slot's first version is applied, and so is anything that an operator requests. New
//! artifacts are noted (`slot/deferred.rs`) and tried after the pause. Pause and resume do not wait for
//! the worker: it reads them before it begins something.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use crate::event::Pause;

/// The pauses of a host.
#[derive(Debug, Default)]
pub(crate) struct Pauses(Mutex<BTreeMap<Option<String>, Pause>>);

impl Pauses {
    /// Of one slot, or of all.
    pub(crate) fn begin(&self, slot: Option<&str>, pause: Pause) {
        self.0.lock().insert(slot.map(str::to_owned), pause);
    }

    /// The end of all pauses, or of that of one slot; returns whether there was one.
    pub(crate) fn end(&self, slot: Option<&str>) -> bool {
        let mut pauses = self.0.lock();
        match slot {
            Some(_) => pauses.remove(&slot.map(str::to_owned)).is_some(),
            None => !std::mem::take(&mut *pauses).is_empty(),
        }
    }

    /// Why a slot is paused: by itself, or with all.
    pub(crate) fn of(&self, slot: &str) -> Option<Pause> {
        let pauses = self.0.lock();
        pauses.get(&Some(slot.to_owned())).or_else(|| pauses.get(&None)).cloned()
    }

    /// Why all are paused.
    pub(crate) fn of_all(&self) -> Option<Pause> {
        self.0.lock().get(&None).cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn by(name: &str) -> Pause {
        Pause { by: name.to_owned(), why: String::new(), since: Instant::now() }
    }

    #[test]
    fn a_slot_is_paused_by_itself_or_with_all() {
        let pauses = Pauses::default();
        let who = |slot: &str| pauses.of(slot).map(|pause| pause.by);
        assert_eq!(who("a"), None);
        pauses.begin(Some("a"), by("one"));
        assert_eq!((who("a"), who("b")), (Some("one".to_owned()), None));
        pauses.begin(None, by("two"));
        assert_eq!((who("a"), who("b")), (Some("one".to_owned()), Some("two".to_owned())));
        assert!(pauses.end(Some("a")) && !pauses.end(Some("a")));
        assert_eq!(who("a"), Some("two".to_owned()));
        assert!(pauses.end(None) && !pauses.end(None));
        assert_eq!(who("a"), None);
    }
}
