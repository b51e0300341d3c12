//! What modules log: `tracing` events and spans and records of `log` inside a module reach the
//! host's subscriber, as if the module were linked in.
//!
//! Each library has its own copies of `tracing` and `log`. When a host attaches to one, the module's
//! side becomes the subscriber there and calls the functions of [`ear`]. These look up the
//! *generation* whose logs they are, and for a callsite of the module the *site* that stands for it
//! in the host ([`site`]): a callsite of the host's own `tracing`, made of copies, so that
//! subscribers may keep what they like of it. Values are rebuilt ([`value`]), with the module's name
//! and generation added, and given to the subscriber of the thread that logs. Spans are numbers
//! ([`span`]).
//!
//! # Filters
//! What a subscriber wants of a site is told to it by `tracing`, also when filters change. The site
//! keeps it, and wakes the thread `hotswap-logs` ([`hub`]), which has the modules ask again. Until
//! they have, something that is off may still be handed over: it is judged again when it arrives.
//! Something that was off comes once the module has asked; [`follow_filters`] waits for that.
//!
//! # The end
//! When the last user of a generation's code is gone, so is its [`Logs`]: its spans are closed, and
//! what its threads log from then on is ignored. What remains are sites, which the next generation
//! with the same callsites uses again, and whose number and size are bounded.
//!
//! # The subscriber's own code
//! It runs inside `catch_unwind`: a panic there costs what was being logged. Where it calls a module
//! that logs, that is ignored: it would go round in a circle.

mod catalogue;
#[expect(unsafe_code, reason = "functions that modules call")]
mod ear;
mod hub;
mod site;
mod span;
mod value;

#[cfg(test)]
#[expect(unsafe_code, reason = "calls what modules call")]
mod tests;

pub(crate) use hub::come_by;
pub use hub::follow_filters;

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};
use hotswap_abi::{
    logs::{Key, Listener},
    module::RootRef,
};
use parking_lot::Mutex;

use self::{ear::Follow, hub::Follower, site::Site, span::Spans};

/// The logs of one library, for as long as its code is in use.
pub(crate) struct Logs {
    place: &'static Place,
    follower: Arc<Follower>,
}

/// Where a module's calls look for their generation. Never freed, because a thread of the module may
/// call at any time, and used again: a call for another generation than the one that is here comes
/// from one that has ended.
#[derive(Debug, Default)]
pub(in crate::logs) struct Place(ArcSwapOption<Source>);

/// A generation as the source of logs.
#[derive(Debug)]
pub(in crate::logs) struct Source {
    /// Unlike any other's in this process.
    number: u64,
    module: String,
    generation: u64,
    /// The module's callsites. Read by every thread that logs, changed once for each.
    sites: ArcSwap<HashMap<Key, &'static Site, BuildHasherDefault<AddressHasher>>>,
    growing: Mutex<()>,
    spans: Spans,
    follower: Arc<Follower>,
}

static UNUSED: Mutex<Vec<&'static Place>> = Mutex::new(Vec::new());

impl Logs {
    /// Attaches to a library that was just loaded, and whose root was checked.
    pub(crate) fn attach(root: RootRef, module: &str, generation: u64) -> Self {
        let (logs, listener) = Self::new(Follow::new(root), module, generation);
        ear::attach(root, &listener);
        hub::add(&logs.follower);
        logs
    }

    fn new(follow: Follow, module: &str, generation: u64) -> (Self, Listener) {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let place = UNUSED.lock().pop().unwrap_or_else(|| Box::leak(Box::default()));
        let follower = Arc::new(Follower::new(follow));
        place.0.store(Some(Arc::new(Source {
            number,
            module: module.to_owned(),
            generation,
            sites: ArcSwap::default(),
            growing: Mutex::default(),
            spans: Spans::default(),
            follower: Arc::clone(&follower),
        })));
        site::start_to_listen();
        (Self { place, follower }, ear::listener(place, number))
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        hub::remove(&self.follower);
        let source = self.place.0.swap(None);
        UNUSED.lock().push(self.place);
        if let Some(source) = source {
            ear::contained(|| source.spans.close_all());
        }
    }
}

impl Source {
    fn named(&self) -> value::From<'_> {
        value::From { module: &self.module, generation: self.generation }
    }

    /// The site that stands for a callsite of the module.
    fn site(&self, key: Key) -> Option<&'static Site> {
        self.sites.load().get(&key).copied()
    }

    /// From now on `site` stands for a callsite of the module.
    fn learn(&self, key: Key, site: &'static Site) {
        let _alone = self.growing.lock();
        let mut sites = HashMap::clone(&self.sites.load());
        sites.insert(key, site);
        self.sites.store(Arc::new(sites));
    }
}

/// Addresses are no choice of an enemy's, and differ enough in themselves.
#[derive(Debug, Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_usize(usize::from(*byte));
        }
    }

    fn write_usize(&mut self, address: usize) {
        // The lower bits choose the bucket, the upper ones tell apart what is in it.
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").field("source", &self.place.0.load()).finish_non_exhaustive()
    }
}

/// Values as subscribers see them, for the fuzzer.
#[cfg(fuzzing)]
pub(crate) fn rebuilt(description: &[u8], values: &[u8]) -> Option<String> {
    let site = catalogue::find(description)?;
    Some(value::with(site, values, None, |values| format!("{values:?}")))
}
