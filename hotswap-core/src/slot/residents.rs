//! The generations of a slot that are in memory, whatever keeps them there.
//!
//! What keeps them: what they know of themselves, callers inside, states that refer to them.

use std::{ptr, sync::Arc, time::Instant};

use hotswap_gate::{Gate, Occupant};
use hotswap_loader::UnloadEvent;
use hotswap_types::{ArtifactHash, Caller, Holder, Release};
use parking_lot::Mutex;

use crate::instance::{Code, Generation, Resident, Stage};

/// The generations of a slot that are in memory.
#[derive(Debug, Default)]
pub(crate) struct Residents(Mutex<Vec<Arc<Resident>>>);

impl Residents {
    /// One more library is opened.
    pub(crate) fn add(
        &self,
        number: u64,
        release: Release<ArtifactHash>,
        size: u64,
    ) -> Arc<Resident> {
        let resident = Arc::new(Resident::new(number, release, size));
        self.0.lock().push(Arc::clone(&resident));
        resident
    }

    /// Its library is gone, or was never opened.
    pub(crate) fn remove(&self, resident: &Arc<Resident>) {
        self.0.lock().retain(|other| !Arc::ptr_eq(other, resident));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().len()
    }

    /// All of them, in the order in which they were loaded.
    pub(crate) fn all(&self) -> Vec<Arc<Resident>> {
        self.0.lock().clone()
    }

    /// The reaper's news of one of them.
    pub(crate) fn heard(&self, resident: &Arc<Resident>, news: &UnloadEvent) {
        match news {
            UnloadEvent::Draining => {
                let has_served = resident.has_served();
                resident.set_stage(Stage::Dies { has_served });
            }
            UnloadEvent::Held(_) | UnloadEvent::Slow(_) => {}
            UnloadEvent::Stuck(holder) | UnloadEvent::Retained(holder) => {
                resident.set_stage(Stage::Stays { held: holder.clone() });
            }
            UnloadEvent::Unloaded => self.remove(resident),
        }
    }
}

/// The generation that serves, if its state may refer to this one.
pub(crate) fn origin_of(resident: &Resident, gate: &Gate<Generation>) -> Option<u64> {
    let (generation, serves) = gate.current();
    let is_it =
        |code: &Arc<Code>| code.resident().is_some_and(|it| ptr::eq(&raw const **it, resident));
    serves.origins().iter().any(is_it).then_some(generation)
}

/// Who or what keeps a generation.
pub(crate) fn holders(resident: &Resident, gate: Option<&Gate<Generation>>) -> Vec<Holder> {
    let (mut holders, replaced) = (resident.kept_by(), resident.replaced());
    if resident.has_served()
        && let Some(gate) = gate
    {
        let callers = gate.callers(resident.number);
        if !callers.is_empty() {
            let caller = |occupant: &Occupant| caller(occupant, replaced);
            holders.push(Holder::Callers(callers.iter().map(caller).collect()));
        }
    }
    if let Some(generation) = replaced.and_then(|_| origin_of(resident, gate?)) {
        holders.push(Holder::State { generation });
    }
    if holders.is_empty() {
        holders.push(if resident.dies() { Holder::Unloading } else { Holder::Upgrade });
    }
    holders
}

fn caller(occupant: &Occupant, since: Option<Instant>) -> Caller {
    Caller::new(
        occupant.who().map_or_else(|| "a thread".to_owned(), ToString::to_string),
        occupant.depth(),
        occupant.taken(),
        since.map(|since| since.elapsed()),
    )
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;

    #[test]
    fn what_nothing_holds_any_more_is_being_unloaded() {
        let artifact = ArtifactHash::of(b"a library");
        let release = Release::new("shop", Version::new(1, 0, 0), artifact);
        let resident = Resident::new(1, release, 10);
        assert_eq!(holders(&resident, None), [Holder::Upgrade]);
        resident.set_stage(Stage::Dies { has_served: true });
        assert_eq!(holders(&resident, None), [Holder::Unloading]);
    }
}
