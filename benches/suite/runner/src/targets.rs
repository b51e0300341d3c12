//! What the targets are about: figures of one run, and what they should be at most.

use hotswap_benches::{
    json,
    stats::Samples,
    table::{Table, figure},
};

use crate::{
    calls::{self, FN_POINTER, LOAD, LOCK, ONE_THREAD, PIN, PIN_MUT, READER, SLOT, TWO_THREADS},
    live, pause, saves,
};

/// What was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Numbers, by one thread.
    pub(crate) one: calls::Figures,
    /// A reader, by one thread and by two.
    pub(crate) both: calls::Figures,
    /// `&mut self`, by one thread.
    pub(crate) alone: calls::Figures,
    pub(crate) live: live::Figures,
    /// 1 MiB in another shape.
    pub(crate) changed: pause::Encoded,
    /// 1 MiB, handed over.
    pub(crate) small: pause::Moved,
    /// 1 GiB, handed over.
    pub(crate) large: pause::Moved,
    /// Host and module built for release.
    pub(crate) saves: saves::Figures,
    pub(crate) wakeups: Option<f64>,
}

impl Measured {
    /// One line of JSON.
    pub(crate) fn json(&self) -> String {
        json::object(&self.figures())
    }

    fn figures(&self) -> [(&'static str, Option<f64>); 16] {
        let Self { one, both, alone, live, changed, small, large, saves, wakeups } = self;
        let ratio = |own: &Samples, base: &Samples| Some(own.against(base)?.of_minima);
        let median = |samples: &Samples| Some(samples.summary()?.median);
        let of_one = |own, base| ratio(one.samples(own), one.samples(base));
        let of_alone = |own, base| ratio(alone.samples(own), alone.samples(base));
        let by_two = ratio(both.samples(TWO_THREADS), both.samples(ONE_THREAD));
        [
            ("reader_vs_fn_pointer", of_one(READER, FN_POINTER)),
            ("reader_2_threads_vs_1", by_two),
            ("pin_vs_fn_pointer", of_one(PIN, FN_POINTER)),
            ("slot_vs_arcswap_load", of_one(SLOT, LOAD)),
            ("mut_vs_lock", of_alone(READER, LOCK)),
            ("pin_mut_vs_fn_pointer", of_alone(PIN_MUT, FN_POINTER)),
            ("hot_lib_reloader_vs_reader", of_one(calls::RELOADER, READER)),
            ("relib_vs_reader", of_one(calls::RELIB, READER)),
            ("live_vs_floor", ratio(&live.ours, &live.floor)),
            ("hot_lib_reloader_live_vs_ours", ratio(&live.reloader, &live.ours)),
            ("pause_vs_codec", ratio(&changed.waits.longest, &changed.codec)),
            ("pause_ms_1mib", median(&changed.waits.longest)),
            ("moved_pause_ms_1mib", median(&small.waits.longest)),
            ("moved_pause_ms_1gib", median(&large.waits.longest)),
            ("build_overhead_ms", saves.overhead()),
            ("idle_wakeups_per_s", *wakeups),
        ]
    }

    /// The figures that have a target, with one more that a quick run does not measure: what a debug
    /// host adds to a build.
    pub(crate) fn table(&self, overhead_in_debug: Option<f64>) -> Table {
        const TARGETS: [(&str, &str, f64); 12] = [
            ("reader_vs_fn_pointer", "`&self` call by a reader / fn pointer", 1.2),
            ("reader_2_threads_vs_1", "the same by two threads / by one", 1.15),
            ("pin_vs_fn_pointer", "`&self` call by a pin / fn pointer", 1.2),
            (
                "slot_vs_arcswap_load",
                "`&self` call on the slot / `ArcSwap::load` + fn pointer",
                1.3,
            ),
            ("mut_vs_lock", "`&mut self` call by a reader / lock + fn pointer", 1.2),
            ("pin_mut_vs_fn_pointer", "`&mut self` call by a `pin_mut` / fn pointer", 1.2),
            ("live_vs_floor", "complete artifact → live / copy, hash, open, check, close", 1.5),
            ("pause_vs_codec", "pause, 1 MiB, shape changed / encode and decode alone", 1.2),
            ("moved_pause_ms_1mib", "pause, 1 MiB handed over, ms", 1.0),
            ("moved_pause_ms_1gib", "pause, 1 GiB handed over, ms", 1.0),
            ("build_overhead_ms", "save → live over `cargo build`, release, ms", 50.0),
            ("idle_wakeups_per_s", "wake-ups of an idle host a second", 0.0),
        ];
        const IN_DEBUG: (&str, f64) = ("save → live over `cargo build`, debug, ms", 50.0);
        let figures = self.figures();
        let found = |key| figures.iter().find(|(name, _)| *name == key).and_then(|(_, it)| *it);
        let rows = TARGETS.iter().map(|&(key, what, most)| (what, most, found(key)));
        let mut table = Table::new(["what", "at most", "is", "holds"]);
        for (what, most, is) in rows.chain([(IN_DEBUG.0, IN_DEBUG.1, overhead_in_debug)]) {
            let holds = if is.is_some_and(|is| is <= most) { "yes" } else { "**no**" };
            let is = is.map_or("–".to_owned(), figure);
            table.row([what.to_owned(), figure(most), is, holds.to_owned()]);
        }
        table
    }
}
