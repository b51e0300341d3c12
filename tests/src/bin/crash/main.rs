//! Hosts that are killed at any moment, and started again: what serves then, and with what state.
//!
//! ```sh
//! cargo run --release -p hotswap-tests --bin crash -- --runs 200
//! ```
//!
//! Each run is a process with a journal: it counts, takes checkpoints, and gets a new build now and
//! then. First it dies at chosen moments, five times at each: it kills itself when a phase of an
//! upgrade is told, or entered in the pause. Then this program kills it at random. Another one is
//! started on the same folder. That one must serve what was committed last, and have counted at least
//! as far as the last checkpoint that was answered. Where the trial of a newer state is undone it may
//! be less, and then the host must have said so (`undone`). Now and then the new build aborts the
//! process: after a few starts it must not be tried any more. The last line is JSON; the program fails
//! unless all is well and each moment has had its kills.
//!
//! Folders are made where `TMPDIR` says.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

mod child;
mod place;

use std::{
    collections::{BTreeMap, VecDeque},
    env,
    error::Error,
    fs,
    path::Path,
    process::ExitCode,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use hotswap_core::{ArtifactHash, probe};
use hotswap_tests::{fixture, replace};

use self::place::{Dice, Found, Place};

/// Moments at which a host kills itself.
const MOMENTS: [&str; 16] = [
    "Opened",
    "Recovered",
    "Staged",
    "Inspected",
    "Assessed",
    "BackedUp",
    "Rehearsed",
    "AwaitingApproval",
    "Loaded",
    "Prepared",
    "Quiescing",
    "Snapshotted",
    "Migrating",
    "Activated",
    "Trial",
    "Committed",
];
/// So many kills at each, if there are runs enough.
const AT_EACH: u64 = 5;
/// So many kills on one folder.
const ON_ONE_FOLDER: u64 = 12;
/// So many starts until a build that aborts must be given up.
const MOST_STARTS: usize = 4;

fn main() -> ExitCode {
    probe::serve();
    let args: Vec<_> = env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("--child") => child::run(Path::new(&args[1]), &args[2]),
        _ => parent(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("crash: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Report {
    runs: u64,
    recovered: u64,
    kills: BTreeMap<String, u64>,
    /// Kills when the last line of the journal was of no phase: a try that had failed, a backup.
    elsewhere: u64,
    wrong_version: u64,
    lost_state: u64,
    undone: u64,
    crash_loops: u64,
}

impl Report {
    fn killed(&mut self, at: &str) {
        match MOMENTS.contains(&at) {
            true => *self.kills.entry(at.to_owned()).or_default() += 1,
            false => self.elsewhere += 1,
        }
    }
}

fn parent(args: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let number = |flag: &str, unless: u64| -> Result<u64, Box<dyn Error>> {
        match args.iter().position(|arg| arg == flag) {
            Some(at) => Ok(args.get(at + 1).ok_or("a number is missing")?.parse()?),
            None => Ok(unless),
        }
    };
    let runs = number("--runs", 200)?;
    let mut dice = Dice(number("--seed", 1)?.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut report = Report::default();
    let mut place = Place::new()?;
    let at_each = AT_EACH.min(runs / (2 * MOMENTS.len() as u64));
    let mut aimed: VecDeque<_> = (0..at_each).flat_map(|_| MOMENTS).collect();
    for n in 0..runs {
        if n % ON_ONE_FOLDER == 0 {
            place = Place::new()?;
            place.put();
        }
        if n % ON_ONE_FOLDER == ON_ONE_FOLDER - 1 {
            crash_loop(&place, &mut report)?;
            continue;
        }
        if n % ON_ONE_FOLDER == 0 && aimed.front() == Some(&"Recovered") {
            // There is nothing yet.
            aimed.rotate_left(1);
        }
        let moment = aimed.pop_front();
        let at = place.kill(moment, &mut dice)?;
        if let Some(at) = &at {
            report.killed(at);
        } else {
            // Once more.
            aimed.extend(moment);
        }
        let at = at.as_deref().unwrap_or("no moment");
        check(&place, &format!("run {n}, killed at {at}"), &mut report)?;
    }
    let too_few: Vec<_> = MOMENTS
        .into_iter()
        .filter(|it| report.kills.get(*it).is_none_or(|kills| *kills < at_each))
        .collect();
    if !too_few.is_empty() {
        println!("fewer than {at_each} kills at: {}", too_few.join(", "));
    }
    let kills: Vec<_> = report.kills.iter().map(|(at, n)| format!("\"{at}\":{n}")).collect();
    let Report {
        runs,
        recovered,
        kills: _,
        elsewhere,
        wrong_version,
        lost_state,
        undone,
        crash_loops,
    } = report;
    println!(
        "{{\"runs\":{runs},\"recovered\":{recovered},\"kills_by_phase\":{{{}}},\
         \"kills_elsewhere\":{elsewhere},\"wrong_version\":{wrong_version},\"lost_state\":{lost_state},\"undone\":{undone},\
         \"crash_loops\":{crash_loops}}}",
        kills.join(",")
    );
    let is_well =
        recovered == runs && wrong_version + lost_state + crash_loops == 0 && too_few.is_empty();
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is left must be what was committed, with what was acknowledged.
fn check(place: &Place, what: &str, report: &mut Report) -> Result<(), Box<dyn Error>> {
    report.runs += 1;
    let committed = place.committed();
    // With nothing at the path only the journal's own copy can serve.
    let aside = place.folder.path().join("aside");
    if committed.is_some() {
        fs::rename(place.artifact(), &aside)?;
    }
    let found = place.look()?;
    if committed.is_some() {
        fs::rename(&aside, place.artifact())?;
    }
    let acknowledged = place.acknowledged.load(Ordering::Relaxed);
    match found {
        Ok(Found { label, value, is_told }) => {
            report.recovered += 1;
            if committed.is_some_and(|it| !is_build(&it, &label)) {
                report.wrong_version += 1;
                println!("{what}: {label} serves, and was not committed last");
            }
            if value < acknowledged && is_told {
                // The trial of a newer state was undone, and that is told.
                report.undone += 1;
                place.acknowledged.store(value, Ordering::Relaxed);
            } else if value < acknowledged {
                report.lost_state += 1;
                println!("{what}: {value} is left of {acknowledged}");
            }
        }
        Err(why) => println!("{what}: nothing serves: {why}"),
    }
    Ok(())
}

fn is_build(hash: &str, label: &str) -> bool {
    let builds = ["counter", "chain"].map(|name| fixture(name).told(&format!("label={label}")));
    builds.iter().any(|build| ArtifactHash::of(build.bytes()).to_string() == hash)
}

/// A build that ends the process is not tried for ever.
fn crash_loop(place: &Place, report: &mut Report) -> Result<(), Box<dyn Error>> {
    let before = fs::read(place.artifact())?;
    replace(&place.artifact(), fixture("counter").told("label=bad;start=abort").bytes());
    let mut ended = false;
    for _ in 0..MOST_STARTS {
        let mut run = place.start("serve")?;
        let deadline = Instant::now() + Duration::from_secs(2);
        while run.child.try_wait()?.is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        ended = run.child.try_wait()?.is_none();
        run.child.kill()?;
        run.child.wait()?;
        let _ = run.reader.join();
        if ended {
            break;
        }
    }
    report.elsewhere += 1;
    report.crash_loops += u64::from(!ended);
    replace(&place.artifact(), &before);
    check(place, "after a build that aborts", report)
}
