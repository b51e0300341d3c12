//! What upgrades have taken out of a slot's state, in memory for as long as the process lives: an edit
//! that is undone gets it back.
//!
//! Kept where the host carries states by name ([`StateDrift::CarryByName`](crate::StateDrift)): the
//! values of fields that are gone, by their places, and the last state of each version that was
//! migrated to a newer one.

use std::sync::Arc;

use hotswap_abi::__private::state::{Carried, DroppedValues};

use crate::{event::CarriedFields, snapshot::Snapshot};

/// Of how many versions the last state is kept.
const MOST_VERSIONS: usize = 4;

/// The most bytes of these states; the oldest go first.
const MOST: usize = 256 << 20;

/// What upgrades have taken out of a slot's state.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    values: Arc<DroppedValues>,
    /// The newest is the last.
    versions: Vec<Arc<Snapshot>>,
    news: Option<CarriedFields>,
}

impl Undo {
    /// Values of fields that are gone.
    pub(crate) fn values(&self) -> Arc<DroppedValues> {
        Arc::clone(&self.values)
    }

    /// A state that was carried by name serves.
    pub(crate) fn carried(&mut self, carried: Carried) {
        let Carried { dropped, restored, unrestored, change, .. } = carried;
        let left_out = Arc::make_mut(&mut self.values).apply(change);
        if [&dropped, &restored, &unrestored].iter().any(|fields| !fields.is_empty()) {
            self.news = Some(CarriedFields { dropped, restored, unrestored, left_out });
        }
    }

    /// What is to be told of the last state that was carried, once.
    pub(crate) fn take_news(&mut self) -> Option<CarriedFields> {
        self.news.take()
    }

    /// A state was migrated to a newer version. Returns whether it is kept.
    pub(crate) fn left_behind(&mut self, state: &Arc<Snapshot>) -> bool {
        let (name, version) = (&state.state().name, state.state().version);
        self.versions.retain(|it| (&it.state().name, it.state().version) != (name, version));
        self.versions.push(Arc::clone(state));
        let size = |versions: &[Arc<Snapshot>]| versions.iter().map(|it| it.size()).sum::<usize>();
        while self.versions.len() > MOST_VERSIONS || size(&self.versions) > MOST {
            self.versions.remove(0);
        }
        !self.versions.is_empty()
    }

    /// The last states of versions that were left behind, the newest version first.
    pub(crate) fn versions(&self) -> Vec<Arc<Snapshot>> {
        let mut versions = self.versions.clone();
        versions.sort_by_key(|it| std::cmp::Reverse(it.state().version));
        versions
    }
}
