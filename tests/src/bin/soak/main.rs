//! Ten thousand upgrades of one slot in a program of many threads, with every tenth artifact a bad
//! one; then what is left of them is counted.
//!
//! The artifacts are real builds of the fixture `ledger`: they differ in code, in the interface they
//! were built against, and in the version of their state, which goes up and down, or is handed over as
//! memory. Callers call as fast as they can and add up what they book; threads come, call once and go. In the end all books
//! must agree, and of all libraries but the last nothing may be left: no mapping, no descriptor, no
//! key for thread-locals, no memory.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

mod census;
mod crowd;
mod editions;
mod options;

use std::{process::ExitCode, time::Instant};

use census::Census;
use clap::Parser as _;
use crowd::Crowd;
use editions::Editions;
use hotswap_core::{
    AtCap, Config, Host, Retire, SlotConfig,
    event::{Holder, Retirement, StateNote},
};
use hotswap_tests::{Outcome, Told, file_name, patient, replace, until};
use ledger_api::Ledger;
use options::Options;

/// From then on memory must not grow: caches are full. Shorter runs do not compare it.
const WARM: u64 = 200;

/// By how much memory may differ from one count to another, in KiB.
const MOST_GROWTH_KIB: u64 = 4096;

/// One of so many upgrades at least is a move: one of three good ones could be.
const MOVED: u64 = 5;

fn main() -> ExitCode {
    soak(&Options::parse())
}

fn soak(options: &Options) -> ExitCode {
    eprintln!("building {} editions", Editions::GOOD.len() + Editions::BAD.len());
    let mut editions = Editions::build();
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (artifact, copies) =
        (folder.path().join(file_name("ledger")), folder.path().join("copies"));
    replace(&artifact, editions.good().bytes());

    let host = Host::new(
        config(options).with_private_folder(&copies).slot("main", SlotConfig::artifact(&artifact)),
    )
    .expect("the host starts");
    let told = Told::of(&host);
    let slot = host.slot::<dyn Ledger>("main").unwrap_or_else(|error| panic!("{error}"));
    let mut seen = Seen::default();
    seen.outcome_of(&told, false);

    let crowd = Crowd::start(&slot, options.threads());
    let begun = Instant::now();
    let mut start = None;
    for number in 1..=options.upgrades() {
        let next = if number % 10 == 0 { editions.bad() } else { editions.good() };
        replace(&artifact, next.bytes());
        seen.outcome_of(&told, number % 10 == 0);
        if number == WARM.min(options.upgrades() / 2) {
            // Before they rest: each of them has to come by.
            seen.all_retired(&told);
            start = Some(crowd.at_rest(|| Census::now(&copies)));
        }
        if number % 1000 == 0 {
            eprintln!("{number} upgrades, {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    let took = begun.elapsed();
    let sums = crowd.end();
    let total = slot.pin().total().expect("the last one serves");
    seen.all_retired(&told);
    let end = Census::now(&copies);
    let start = start.unwrap_or(end);

    let still_mapped = end.mapped.saturating_sub(1);
    let lost = sums.booked.abs_diff(total);
    let keys = start.free_keys.saturating_sub(end.free_keys);
    let per_second = options.upgrades() as f64 / took.as_secs_f64();
    println!(
        "{{\"upgrades\":{},\"refused\":{},\"distinct_artifacts\":{},\"calls\":{},\
         \"failed_calls\":{},\"lost_updates\":{lost},\"unloaded\":{},\"still_mapped\":{still_mapped},\
         \"rss_start_kib\":{},\"rss_end_kib\":{},\"fds_start\":{},\"fds_end\":{},\
         \"keys_leaked\":{keys},\"max_wait_us\":{},\"upgrades_per_second\":{per_second:.1},\"moved\":{}}}",
        seen.live,
        seen.refused,
        Editions::GOOD.len() + Editions::BAD.len(),
        sums.calls,
        sums.failed,
        seen.unloaded,
        start.rss_kib,
        end.rss_kib,
        start.descriptors,
        end.descriptors,
        sums.longest.as_micros(),
        seen.moved,
    );
    let unloads = options.retire() == Retire::Unload;
    let is_well = sums.failed == 0
        && lost == 0
        && seen.surprises == 0
        && seen.moved >= options.upgrades() / MOVED
        && (!unloads
            || (still_mapped == 0
                && keys == 0
                && end.descriptors == start.descriptors
                && (options.upgrades() <= WARM || end.rss_kib <= start.rss_kib + MOST_GROWTH_KIB)));
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn config(options: &Options) -> Config {
    patient().with_retire(options.retire()).with_generation_cap(usize::MAX).with_at_cap(AtCap::GoOn)
}

/// What was told.
#[derive(Debug, Default)]
struct Seen {
    live: u64,
    /// Those whose state was handed over as memory.
    moved: u64,
    refused: u64,
    unloaded: u64,
    /// Generations that are not needed any more and of which the end was told.
    retired: u64,
    /// Artifacts that came out otherwise than they should.
    surprises: u64,
}

impl Seen {
    /// Waits for the outcome of an artifact.
    fn outcome_of(&mut self, told: &Told, is_bad: bool) {
        let outcome = told.find(|event| {
            self.retirement(event);
            Outcome::of(event)
        });
        match outcome {
            Outcome::Live(live) => {
                self.live += 1;
                self.moved += u64::from(live.state == StateNote::Moved);
                if is_bad {
                    self.surprises += 1;
                    eprintln!("a bad one went live: {live}");
                }
            }
            Outcome::Refused(refusal) => {
                self.refused += 1;
                if !is_bad {
                    self.surprises += 1;
                    eprintln!("a good one was refused: {refusal}");
                }
            }
            Outcome::Pending => unreachable!("nothing waits for a request"),
        }
    }

    /// Waits until the end of every generation but the last was told.
    fn all_retired(&mut self, told: &Told) {
        until("every generation but the last has ended", || {
            for event in told.so_far() {
                self.retirement(&event);
            }
            self.retired + 1 >= self.live
        });
        // Of a bad one nobody tells.
        until("every library that dies is closed", || !census::is_closing());
    }

    fn retirement(&mut self, event: &hotswap_core::event::Event) {
        if let hotswap_core::event::EventKind::Retired { outcome, .. } = &event.kind {
            self.retired += 1;
            match outcome {
                Retirement::Unloaded => self.unloaded += 1,
                Retirement::Retained { by } if matches!(&**by, [Holder::Policy]) => {}
                // For now: its end is told when it comes.
                Retirement::Retained { .. } => self.retired -= 1,
                other => {
                    self.surprises += 1;
                    eprintln!("a generation ended badly: {other:?}");
                }
            }
        }
    }
}
