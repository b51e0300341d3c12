//! A guided tour of hotswap: edits a scratch copy of a module, builds each variant with cargo, and
//! lets a running program take it or refuse it. Meanwhile two threads call the module all the
//! time, one through `&self` and one through `&mut self`, and count.
//!
//! Ends with a line `quickstart: ok, …` and exit code 0, or says which step came out otherwise.

mod load;
mod scratch;
mod steps;

use std::{
    process::ExitCode,
    sync::{Arc, mpsc::Receiver},
    time::{Duration, Instant},
};

use hotswap_core::{
    Config, Host, Plan, Rehearsal, Report, Slot, SlotConfig, StateDrift, Trial,
    event::{Event, EventKind, Exit, Live, Refusal, WayBack},
    probe,
};
use quickstart_api::Game;

use crate::{load::Load, scratch::Scratch};

/// What a step of the tour may fail with: it is shown, and ends the tour.
type Failure = Box<dyn std::error::Error>;

/// A program that runs, and the scratch copy of its module.
struct Tour {
    scratch: Scratch,
    events: Receiver<Event>,
    slot: Slot<dyn Game>,
    /// Kept to the end: dropping it is the orderly end of the slot.
    host: Host,
    load: Load,
    step: u32,
}

fn main() -> ExitCode {
    // First: a host starts this program again to rehearse an artifact.
    probe::serve();

    let begun = Instant::now();
    match tour() {
        Ok(summary) => {
            println!("\nquickstart: ok, {:.0} s, {summary}", begun.elapsed().as_secs_f32());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("\nquickstart: FAILED: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn tour() -> Result<String, Failure> {
    let scratch = Scratch::new()?;
    println!("scratch copy in {}\n", scratch.folder().display());
    println!(" 1. a first load");
    scratch.build()?;

    let config = Config::production()
        .slot("arcade", SlotConfig::artifact(scratch.artifact()))
        .with_state_drift(StateDrift::Refuse)
        .with_rehearsal(Rehearsal::new().with_deadline(Duration::from_secs(3)))
        .with_trial(Trial::new(Duration::from_millis(200)))
        .with_first_artifact_deadline(Duration::from_secs(20))
        .with_call_budget(Duration::from_secs(20));
    let host = Host::new(config)?;
    let events = host.events();
    let slot = host.slot::<dyn Game>("arcade")?;
    let load = Load::start(&slot);
    let mut tour = Tour { scratch, events, slot, host, load, step: 1 };
    tour.live()?;

    for step in steps::ALL {
        (step.run)(&mut tour, step.title)?;
    }
    tour.finish()
}

impl Tour {
    /// Announces a step.
    fn announce(&mut self, title: &str) {
        self.step += 1;
        println!("{:2}. {title}", self.step);
    }

    /// The next version that goes live, shown.
    fn live(&self) -> Result<Live, Failure> {
        loop {
            match self.next()?.kind {
                EventKind::Rehearsed { report, .. } => {
                    let back = match &report.way_back {
                        WayBack::Works => "; the way back works",
                        WayBack::Impossible { .. } => "; there is no way back",
                        _ => "",
                    };
                    println!("    rehearsed in {:.0?}{back}", report.took);
                }
                EventKind::Planned(plan) => show(&plan),
                EventKind::Live(live) => {
                    println!("    {live}");
                    return Ok(live);
                }
                EventKind::Refused(refusal) => return Err(refusal.to_string().into()),
                _ => {}
            }
        }
    }

    /// The version that serves is committed.
    fn committed(&self) -> Result<(), Failure> {
        loop {
            match self.next()?.kind {
                EventKind::Committed { why, .. } => {
                    println!("    committed: {why}");
                    return Ok(());
                }
                EventKind::Refused(refusal) => return Err(refusal.to_string().into()),
                _ => {}
            }
        }
    }

    /// The version that serves is rolled back, and the one before serves again.
    fn rolled_back(&self) -> Result<Arc<Refusal>, Failure> {
        loop {
            match self.next()?.kind {
                EventKind::Refused(refusal) if refusal.exit == Exit::RolledBack => {
                    for line in refusal.to_string().lines() {
                        println!("    {line}");
                    }
                    return Ok(refusal);
                }
                EventKind::Refused(refusal) => return Err(refusal.to_string().into()),
                EventKind::Committed { .. } => return Err("it was committed".into()),
                _ => {}
            }
        }
    }

    /// The report of the next upgrade that is over.
    fn reported(&self) -> Result<Arc<Report>, Failure> {
        loop {
            if let EventKind::Reported(report) = self.next()?.kind {
                return Ok(report);
            }
        }
    }

    /// The next refusal, shown; the version that served must go on serving.
    fn refused(&self) -> Result<Arc<Refusal>, Failure> {
        let serving = self.slot.generation();
        loop {
            match self.next()?.kind {
                EventKind::Refused(refusal) => {
                    for line in refusal.to_string().lines() {
                        println!("    {line}");
                    }
                    if self.slot.generation() != serving {
                        return Err("another generation serves after a refusal".into());
                    }
                    return Ok(refusal);
                }
                EventKind::Live(live) => return Err(format!("went live: {live}").into()),
                _ => {}
            }
        }
    }

    fn next(&self) -> Result<Event, Failure> {
        self.events
            .recv_timeout(Duration::from_secs(20))
            .map_err(|_| format!("nothing happened within 20 s; {}", self.host.status()).into())
    }

    /// Stops the callers, and holds the module to what they have counted.
    fn finish(self) -> Result<String, Failure> {
        let counted = self.load.stop();
        let updates = self.slot.pin().scores()?[0].points;
        let generations = self.slot.generation();
        self.host.shutdown()?;
        if updates != counted.updates {
            return Err(format!(
                "{} updates were made, and the state holds {updates}",
                counted.updates
            )
            .into());
        }
        if counted.panicked == 0 {
            return Err("no call was told of a panic".into());
        }
        if let Some(error) = counted.first_error {
            return Err(format!("{} calls failed, first: {error}", counted.failed).into());
        }
        Ok(format!(
            "{generations} generations, {} `&mut self` calls all kept in the state, {} `&self` \
             calls, {} calls failed, {} were told of a panic",
            counted.updates, counted.reads, counted.failed, counted.panicked
        ))
    }
}

/// What an upgrade will do, and the worst that may come of it.
fn show(plan: &Plan) {
    let changes: Vec<_> = plan.changes.iter().map(ToString::to_string).collect();
    println!("    plan: {}; risk {}", changes.join("; "), plan.level());
    if let Some(risk) = plan.risks.first() {
        println!("      {}", risk.reason);
    }
}
