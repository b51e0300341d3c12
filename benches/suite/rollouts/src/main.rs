//! Simulated steps of a rollout: how often a canary is judged wrongly, and after how many calls a worse
//! one is found. The comparison is the host's own ([`FailureRate`]).
//!
//! In each run the canary gets 5 % of the calls, and both versions are compared after each twentieth of
//! the step, as a host looks at intervals. Prints the table of the book's chapter "Rolling out".

#![expect(clippy::print_stdout, reason = "a program that reports")]

use fastrand::Rng;
use hotswap_types::FailureRate;

const RUNS: usize = 2000;
const LOOKS: u64 = 20;
/// For each call of the canary so many of the stable version.
const STABLE: u64 = 19;
const MARGIN: f64 = 0.01;

/// The shares of calls that fail, of the stable version and of the canary.
const RATES: [(f64, f64); 6] =
    [(0.0, 0.05), (0.01, 0.05), (0.0, 0.01), (0.0, 0.0), (0.01, 0.01), (0.05, 0.05)];
/// How many calls of the canary a step has.
const CALLS: [u64; 3] = [200, 1000, 5000];

fn main() {
    println!(
        "| stable version fails | canary fails | its calls in the step | rolled back \
         | after calls (median) | promoted | inconclusive |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut rng = Rng::with_seed(1);
    for (stable, canary) in RATES {
        for calls in CALLS {
            let ends: Vec<_> = (0..RUNS).map(|_| step(&mut rng, stable, canary, calls)).collect();
            let mut found: Vec<u64> = ends.iter().filter_map(|end| end.rolled_back()).collect();
            found.sort_unstable();
            let after = found.get(found.len() / 2).map_or(String::new(), ToString::to_string);
            let count = |end| ends.iter().filter(|it| **it == end).count();
            println!(
                "| {} % | {} % | {calls} | {} | {after} | {} | {} |",
                stable * 100.0,
                canary * 100.0,
                percent(found.len()),
                percent(count(End::Promoted)),
                percent(count(End::Open)),
            );
        }
    }
}

fn percent(runs: usize) -> String {
    format!("{:.1} %", runs as f64 * 100.0 / RUNS as f64)
}

/// How a step has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// After so many calls of the canary.
    RolledBack(u64),
    Promoted,
    Open,
}

impl End {
    const fn rolled_back(self) -> Option<u64> {
        if let Self::RolledBack(calls) = self { Some(calls) } else { None }
    }
}

fn step(rng: &mut Rng, stable: f64, canary: f64, calls: u64) -> End {
    let (mut failed, mut stable_failed) = (0, 0);
    let mut fails =
        |share: f64, calls: u64| -> u64 { (0..calls).map(|_| u64::from(rng.f64() < share)).sum() };
    for look in 1..=LOOKS {
        failed += fails(canary, calls / LOOKS);
        stable_failed += fails(stable, calls / LOOKS * STABLE);
        let so_far = calls / LOOKS * look;
        let new = FailureRate::new(failed, so_far);
        let old = FailureRate::new(stable_failed, so_far * STABLE);
        if new.is_worse_than(old) {
            return End::RolledBack(so_far);
        }
        if look == LOOKS && new.is_within(MARGIN, old) {
            return End::Promoted;
        }
    }
    End::Open
}
