//! A web server that is upgraded under load: what its callers notice of that.
//!
//! An axum server with two workers calls a module with state by `Slot::run`. Connections ask it at a
//! steady pace: mostly to count, each fourth time on a route that touches no module, and one time in a
//! thousand for a call that stays in the module for two seconds, which the server makes on a thread for
//! blocking calls. Times with an upgrade every 300 ms and times without any take turns, so that both see the
//! same machine.
//!
//! The answers' times are from the request's last byte to the answer's, without those of the calls that
//! stay. `wait` is the time that a call of `/add` has waited for the slot.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

mod crowd;
mod options;
mod server;
mod times;

use std::{
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::Parser as _;
use crowd::{Crowd, Sums};
use hotswap_core::{Config, Host, Slot, SlotConfig, event::Exit};
use hotswap_tests::{Outcome, Told, file_name, fixture, replace};
use options::Options;
use server::Server;
use tally_api::Tally;
use times::{Times, Turns};

/// How long callers may be kept out while others are inside: as in production.
const LONGEST_WAIT: Duration = Duration::from_millis(20);
/// What may come on top of it: the pause itself, and what the machine has to do besides.
const ON_TOP: Duration = Duration::from_millis(10);
/// By how much a route that touches no module may be slower while there are upgrades.
const MOST_RATIO: f64 = 1.5;
const BETWEEN_UPGRADES: Duration = Duration::from_millis(300);
/// Times with upgrades and times without are that long.
const TURN: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    load(&Options::parse())
}

fn load(options: &Options) -> ExitCode {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let artifact = folder.path().join(file_name("tally"));
    put(&artifact, 0);
    let config = Config::production()
        .with_longest_wait(LONGEST_WAIT)
        .with_pause_deadline(Duration::from_secs(10))
        .with_call_budget(Duration::from_secs(20))
        .slot("main", SlotConfig::artifact(&artifact));
    let host = Host::new(config).unwrap_or_else(|error| panic!("{error}"));
    let told = Told::of(&host);
    let slot = host.slot::<dyn Tally>("main").unwrap_or_else(|error| panic!("{error}"));
    let mut seen = Seen::default();
    seen.until(&told, &slot, 0);

    let server = Server::start(slot.clone());
    let crowd = Crowd::start(server.address(), options);
    let (begun, mut offered) = (Instant::now(), 0);
    while begun.elapsed() < options.time() {
        server.upgrades(false);
        crowd.upgrades(false);
        thread::sleep(TURN);
        server.upgrades(true);
        crowd.upgrades(true);
        let turn = Instant::now();
        while turn.elapsed() < TURN {
            offered += 1;
            put(&artifact, offered);
            thread::sleep(BETWEEN_UPGRADES);
        }
        // The next turn is without any.
        seen.until(&told, &slot, offered);
    }
    let sums = crowd.end();
    let waits = server.end();
    let total = slot.pin().total().expect("the last one serves");
    let is_well = report(sums, waits, &seen, total);
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints the line of JSON; whether all is as it should be.
fn report(mut sums: Sums, mut waits: Turns, seen: &Seen, total: u64) -> bool {
    let lost = sums.counted.abs_diff(total);
    let wait = waits.with.quantile(0.999);
    let of_other = |times: &mut Times| times.quantile(0.99).as_secs_f64();
    let ratio = of_other(&mut sums.other.with) / of_other(&mut sums.other.without);
    let micros = |times: &mut Times, share| times.quantile(share).as_micros();
    println!(
        "{{\"requests\":{},\"failed_requests\":{},\"upgrades\":{},\"refused\":{},\"cancelled\":{},\
         \"rolled_back\":{},\"p50_us\":{},\"p99_us\":{},\"p999_us\":{},\"p99_us_without_upgrades\":{},\
         \"wait_p999_us\":{},\"wait_p999_us_without_upgrades\":{},\"longest_wait_us\":{},\
         \"other_route_p99_ratio\":{ratio:.2},\"lost_updates\":{lost}}}",
        sums.requests,
        sums.failed,
        seen.live,
        seen.refused,
        seen.cancelled,
        seen.rolled_back,
        micros(&mut sums.add.with, 0.5),
        micros(&mut sums.add.with, 0.99),
        micros(&mut sums.add.with, 0.999),
        micros(&mut sums.add.without, 0.99),
        wait.as_micros(),
        micros(&mut waits.without, 0.999),
        LONGEST_WAIT.as_micros(),
    );
    sums.failed == 0
        && lost == 0
        && seen.live > 1
        && (seen.refused, seen.rolled_back) == (0, 0)
        && wait <= LONGEST_WAIT + ON_TOP
        && ratio <= MOST_RATIO
}

/// What was told.
#[derive(Debug, Default)]
struct Seen {
    live: u64,
    refused: u64,
    /// Callers did not leave in time: tried again.
    cancelled: u64,
    rolled_back: u64,
}

impl Seen {
    /// Until what was offered last serves.
    fn until(&mut self, told: &Told, slot: &Slot<dyn Tally>, offered: u64) {
        let label = offered.to_string();
        while slot.pin().label().expect("a version serves") != label {
            self.heard(&told.find(Outcome::of));
        }
        for event in told.so_far() {
            if let Some(outcome) = Outcome::of(&event) {
                self.heard(&outcome);
            }
        }
    }

    fn heard(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Live(_) => self.live += 1,
            Outcome::Pending => unreachable!("nothing waits for a request"),
            Outcome::Refused(refusal) => match refusal.exit {
                Exit::Cancelled => self.cancelled += 1,
                Exit::RolledBack => self.rolled_back += 1,
                _ => {
                    eprintln!("{refusal}");
                    self.refused += 1;
                }
            },
        }
    }
}

/// Another build: an artifact is known by its content.
fn put(artifact: &Path, number: u64) {
    replace(artifact, fixture("tally").told(&format!("label={number}")).bytes());
}
