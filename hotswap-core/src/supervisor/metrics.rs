//! Gauges and counters, through the facade `metrics`: they go to the recorder that the program has
//! installed, and cost next to nothing where it has none.
//!
//! | name | kind | labels | what |
//! |---|---|---|---|
//! | `hotswap_generation` | gauge | `slot` | the number of the generation that serves |
//! | `hotswap_degraded` | gauge | `slot` | 1 while a version serves that should not |
//! | `hotswap_on_trial` | gauge | `slot` | 1 while the version that serves is on trial |
//! | `hotswap_phases_total` | counter | `slot`, `phase` | upgrades that have reached a phase |
//! | `hotswap_upgrades_total` | counter | `slot`, `outcome` | upgrades that are over: `committed`, `refused`, `cancelled`, `rolled_back`, `degraded` |
//! | `hotswap_pause_seconds` | histogram | `slot` | how long callers were kept waiting |
//! | `hotswap_upgrade_seconds` | histogram | `slot` | from a detected artifact to live |
//! | `hotswap_panics` | gauge | `slot` | calls of the instance that serves that have panicked |

use hotswap_types::{Outcome, Phase};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics::{gauge, histogram};

use crate::event::{Event, EventKind, Exit};

/// Says what the figures are, to the recorder that is there.
pub(super) fn describe() {
    describe_gauge!("hotswap_generation", "the number of the generation that serves");
    describe_gauge!("hotswap_degraded", "1 while a version serves that should not");
    describe_gauge!("hotswap_on_trial", "1 while the version that serves is on trial");
    describe_gauge!("hotswap_panics", "calls of the instance that serves that have panicked");
    describe_counter!("hotswap_phases_total", "upgrades that have reached a phase");
    describe_counter!("hotswap_upgrades_total", "upgrades that are over, by their outcome");
    let pause = "how long callers were kept waiting";
    describe_histogram!("hotswap_pause_seconds", Unit::Seconds, pause);
    let upgrade = "from a detected artifact to live";
    describe_histogram!("hotswap_upgrade_seconds", Unit::Seconds, upgrade);
}

/// Counts what is told.
pub(super) fn count(event: &Event) {
    let slot = || event.slot.to_string();
    let over = |outcome: Outcome| {
        counter!("hotswap_upgrades_total", "slot" => slot(), "outcome" => outcome.word())
            .increment(1);
    };
    let serves =
        |generation: u64| gauge!("hotswap_generation", "slot" => slot()).set(generation as f64);
    let on_trial =
        |is: bool| gauge!("hotswap_on_trial", "slot" => slot()).set(f64::from(u8::from(is)));
    let degraded =
        |is: bool| gauge!("hotswap_degraded", "slot" => slot()).set(f64::from(u8::from(is)));
    match &event.kind {
        EventKind::Phase { phase, .. } => {
            counter!("hotswap_phases_total", "slot" => slot(), "phase" => phase.to_string())
                .increment(1);
            match phase {
                Phase::Trial => on_trial(true),
                Phase::Committed => {
                    on_trial(false);
                    over(Outcome::Committed);
                }
                _ => {}
            }
        }
        EventKind::Live(live) => {
            serves(live.generation);
            degraded(false);
            gauge!("hotswap_panics", "slot" => slot()).set(0.0);
            histogram!("hotswap_upgrade_seconds", "slot" => slot()).record(live.took);
            if let Some(pause) = live.pause {
                histogram!("hotswap_pause_seconds", "slot" => slot()).record(pause);
            }
        }
        EventKind::Refused(refusal) => {
            over(refusal.exit.into());
            match refusal.exit {
                Exit::Rejected | Exit::Cancelled => {}
                Exit::RolledBack => {
                    on_trial(false);
                    if let Some(serving) = &refusal.serving {
                        serves(serving.generation);
                    }
                }
                Exit::Degraded => {
                    on_trial(false);
                    degraded(true);
                }
            }
        }
        // The host has ended within a trial.
        EventKind::Reported(report)
            if (report.phase, report.outcome) == (Phase::Trial, Outcome::Cancelled) =>
        {
            on_trial(false);
        }
        EventKind::Panicked(panicked) => {
            gauge!("hotswap_panics", "slot" => slot()).set(panicked.count as f64);
        }
        _ => {}
    }
}
