//! A generation as a source of logs, and the place where a module's calls find it.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use arc_swap::{ArcSwap, ArcSwapOption};
use hotswap_abi::__private::logs::Key;
use parking_lot::Mutex;

use super::{filters::FilterSync, site::Site, span::Spans, value};

/// Where a module's calls look for their generation. Never freed, because a thread of the module may
/// call at any time, and used again: a call for another generation than the one that is here comes
/// from one that has ended.
#[derive(Debug, Default)]
pub(super) struct Place(pub(super) ArcSwapOption<Source>);

/// A generation as the source of logs.
#[derive(Debug)]
pub(super) struct Source {
    /// Unlike any other's in this process.
    pub(super) number: u64,
    module: String,
    generation: u64,
    /// The module's callsites. Read by every thread that logs, changed once for each.
    sites: ArcSwap<HashMap<Key, &'static Site, BuildHasherDefault<AddressHasher>>>,
    growing: Mutex<()>,
    pub(super) spans: Spans,
    pub(super) filters: Arc<FilterSync>,
}

impl Source {
    pub(super) fn new(
        number: u64,
        module: &str,
        generation: u64,
        filters: Arc<FilterSync>,
    ) -> Self {
        Self {
            number,
            module: module.to_owned(),
            generation,
            sites: ArcSwap::default(),
            growing: Mutex::default(),
            spans: Spans::default(),
            filters,
        }
    }

    pub(super) fn named(&self) -> value::From<'_> {
        value::From { module: &self.module, generation: self.generation }
    }

    /// The site that stands for a callsite of the module.
    pub(super) fn site(&self, key: Key) -> Option<&'static Site> {
        self.sites.load().get(&key).copied()
    }

    /// From now on `site` stands for a callsite of the module.
    pub(super) fn learn(&self, key: Key, site: &'static Site) {
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
