//! What a `&mut self` call costs, alone and from threads that want the same instance.

use std::hint::black_box;

use benches_api::Counter;
use hotswap_benches::{Contender, Rounds};
use hotswap_core::{Config, Host, Slot, SlotConfig};
use libloading::Library;
use parking_lot::Mutex;

use super::{FN_POINTER, Figures, PIN_MUT, READER, SLOT, direct::symbol, number};
use crate::modules;

/// The name of the contender with a lock.
pub(crate) const LOCK: &str = "parking_lot Mutex + fn pointer";

/// Everything that is called.
#[derive(Debug)]
pub(crate) struct Exclusive {
    count: fn(&mut u64, u64) -> u64,
    total: Mutex<u64>,
    slot: Slot<dyn Counter>,
    // Last: the slot's calls go through it.
    _host: Host,
}

impl Exclusive {
    /// Builds the module and loads it.
    pub(crate) fn new() -> Self {
        let artifact = modules::build("benches-counter", &[]);
        let config = Config::production().slot("counter", SlotConfig::artifact(&artifact));
        let host = Host::new(config).expect("the host starts");
        let slot = host.slot::<dyn Counter>("counter").expect("the module is live");
        // SAFETY: a module of ours, which runs nothing when it is opened.
        let library = unsafe { Library::new(&artifact) }.expect("it was built, and can be opened");
        let count = symbol(Box::leak(Box::new(library)), "direct_count");
        Self { count, total: Mutex::new(0), slot, _host: host }
    }

    /// Races all ways of calling, each by so many threads at once.
    pub(crate) fn race(&self, threads: usize, rounds: Rounds) -> Figures {
        let contenders: Vec<_> = self.contenders().into_iter().map(|it| it.on(threads)).collect();
        Figures::of(&contenders, rounds)
    }

    fn contenders(&self) -> Vec<Contender<'_>> {
        let Self { count, total, slot, _host: _ } = self;
        vec![
            Contender::new(FN_POINTER, move || {
                let (count, mut total) = (black_box(*count), 0);
                number(move |x| count(&mut total, x))
            }),
            Contender::new(LOCK, move || {
                let count = black_box(*count);
                number(move |x| count(&mut total.lock(), x))
            }),
            Contender::new(READER, move || {
                let mut reader = slot.reader();
                number(move |x| reader.count(x).expect("the slot serves"))
            }),
            // Who holds one keeps all others out.
            Contender::here(PIN_MUT, move || {
                let mut pin = slot.pin_mut();
                number(move |x| pin.count(x).expect("the slot serves"))
            }),
            Contender::new(SLOT, move || {
                number(move |x| slot.pin_mut().count(x).expect("the slot serves"))
            }),
        ]
    }
}
