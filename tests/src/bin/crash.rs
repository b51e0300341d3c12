//! Hosts that are killed at any moment, and started again: what serves then, and with what state.
//!
//! ```sh
//! cargo run --release -p hotswap-tests --bin crash -- --runs 200
//! ```
//!
//! Each run is a process with a journal: it counts, takes checkpoints, and gets a new build now and
//! then. This program kills it, at a random moment or when it reads a chosen line in the journal,
//! and starts another one on the same folder. That one must serve what was committed last, and have
//! counted at least as far as the last checkpoint that was answered. Where the trial of a newer state
//! is undone it may be less, and then the host must have said so (`undone`). Now and then the new build
//! aborts the process: after a few starts it must not be tried any more. The last line is JSON.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use counter_api::Counter;
use hotswap_core::{ArtifactHash, Config, Host, Trial, event::EventKind};
use hotswap_tests::{file_name, fixture, patient, replace};

/// Lines at which a host is killed; `""` is a random moment.
const POINTS: [&str; 12] = [
    "",
    "\"opened\"",
    "\"recovered\"",
    "\"staged\"",
    "\"inspected\"",
    "\"phase\":\"Loaded\"",
    "\"phase\":\"Prepared\"",
    "\"backed_up\"",
    "\"activating\"",
    "\"activated\"",
    "\"phase\":\"Trial\"",
    "\"committed\"",
];
/// So many kills on one folder.
const ON_ONE_FOLDER: u64 = 12;
/// So many starts until a build that aborts must be given up.
const MOST_STARTS: usize = 4;

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("--child") => child(Path::new(&args[1]), args[2] == "serve"),
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

/// A host: says what it serves, and where it is told to, counts on until it is killed.
fn child(folder: &Path, serves: bool) -> Result<ExitCode, Box<dyn Error>> {
    let passed_over = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&passed_over);
    let config: Config = patient()
        .on_event(move |event| {
            if let EventKind::Recovered(recovered) = &event.kind {
                seen.store(recovered.passed_over.len() as u64, Ordering::Relaxed);
            }
        })
        .with_first_artifact_deadline(Duration::from_secs(20))
        .artifact("main", folder.join(file_name("module")))
        .with_journal(folder.join("journal"))
        .with_checkpoint_interval(Duration::from_millis(15))
        .with_trial(Trial::new(Duration::from_millis(30)));
    let host = Host::new(config)?;
    let slot = host.slot::<dyn Counter>("main")?;
    let (label, value) = (slot.pin().label()?, slot.pin().value()?);
    println!("serves {label} {value} {}", passed_over.load(Ordering::Relaxed));
    if !serves {
        return Ok(ExitCode::SUCCESS);
    }
    loop {
        let mut last = 0;
        for _ in 0..20 {
            last = slot.pin_mut().add(1)?;
        }
        // A trial that begins at this moment may have it wait.
        if host.checkpoint("main").is_ok() {
            println!("acknowledged {last}");
            std::io::stdout().flush()?;
        }
    }
}

/// Numbers that look random, the same for each seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

#[derive(Default)]
struct Report {
    runs: u64,
    recovered: u64,
    kills: BTreeMap<String, u64>,
    wrong_version: u64,
    lost_state: u64,
    undone: u64,
    crash_loops: u64,
}

/// A folder, and what must hold on it.
struct Place {
    folder: tempfile::TempDir,
    builds: u64,
    acknowledged: Arc<AtomicU64>,
}

/// What a host goes on with.
struct Found {
    label: String,
    value: u64,
    /// It has said that there are later backups, which what serves cannot read.
    is_told: bool,
}

struct Run {
    child: Child,
    reader: JoinHandle<Option<String>>,
}

impl Place {
    fn new() -> Result<Self, Box<dyn Error>> {
        let place = Self { folder: tempfile::tempdir()?, builds: 0, acknowledged: Arc::default() };
        Ok(place)
    }

    fn artifact(&self) -> PathBuf {
        self.folder.path().join(file_name("module"))
    }

    /// Every third build has a newer state, or goes back from it.
    fn put(&mut self) {
        self.builds += 1;
        let name = if self.builds.is_multiple_of(3) { "chain" } else { "counter" };
        let build = fixture(name).told(&format!("label={}", self.builds));
        replace(&self.artifact(), build.bytes());
    }

    fn journal(&self) -> String {
        let path = self.folder.path().join("journal").join("journal.jsonl");
        fs::read_to_string(path).unwrap_or_default()
    }

    /// The artifact that was committed last, as the journal says.
    fn committed(&self) -> Option<String> {
        let mark = "\"committed\":{\"build\":{\"artifact\":\"";
        let text = self.journal();
        let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
        let at = whole.rfind(mark)? + mark.len();
        whole.get(at..at + 64).map(str::to_owned)
    }

    fn start(&self, how: &str) -> Result<Run, Box<dyn Error>> {
        let mut child = Command::new(env::current_exe()?)
            .arg("--child")
            .arg(self.folder.path())
            .arg(how)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("a pipe was asked for")?;
        let acknowledged = Arc::clone(&self.acknowledged);
        let reader = thread::spawn(move || {
            let mut serves = None;
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                match line.split_once(' ') {
                    Some(("acknowledged", value)) => {
                        let value = value.parse().unwrap_or(0);
                        acknowledged.fetch_max(value, Ordering::Relaxed);
                    }
                    Some(("serves", what)) => serves = Some(what.to_owned()),
                    _ => {}
                }
            }
            serves
        });
        Ok(Run { child, reader })
    }

    /// Has a host serve until it is killed; says what stood last in its journal.
    fn kill(&mut self, point: &str, dice: &mut Dice) -> Result<String, Box<dyn Error>> {
        let before = self.journal().len();
        let mut run = self.start("serve")?;
        let (begun, patience) = (Instant::now(), Duration::from_millis(20 + dice.below(400)));
        let mut next_build = begun + Duration::from_millis(30 + dice.below(60));
        loop {
            let seen = point.is_empty()
                || self.journal().get(before..).is_some_and(|new| new.contains(point));
            let waited = begun.elapsed() >= patience;
            let given_up = begun.elapsed() >= Duration::from_secs(10);
            if (seen && (waited || !point.is_empty())) || given_up {
                break;
            }
            if run.child.try_wait()?.is_some() {
                break;
            }
            if Instant::now() >= next_build {
                self.put();
                next_build += Duration::from_millis(60 + dice.below(90));
            }
            thread::sleep(Duration::from_micros(200));
        }
        // SIGKILL.
        run.child.kill()?;
        run.child.wait()?;
        let _ = run.reader.join();
        let text = self.journal();
        let last = text.lines().rev().find(|line| line.ends_with("\"}")).unwrap_or_default();
        Ok(name(last))
    }

    /// Starts a host on what is left; what it serves, or what it says.
    fn look(&self) -> Result<Result<Found, String>, Box<dyn Error>> {
        let run = self.start("look")?;
        let output = run.child.wait_with_output()?;
        let serves = run.reader.join().map_err(|_| "the reader panicked")?;
        let words: Vec<_> = serves.iter().flat_map(|it| it.split(' ')).collect();
        Ok(match words[..] {
            [label, value, passed_over] => Ok(Found {
                label: label.to_owned(),
                value: value.parse()?,
                is_told: passed_over != "0",
            }),
            _ => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        })
    }
}

/// What a line of the journal tells, in short.
fn name(line: &str) -> String {
    let what = line.split_once("\"what\":").map_or("", |(_, what)| what);
    let word = |text: &str| text.split('"').nth(1).unwrap_or("nothing").to_owned();
    match what.split_once("\"phase\":") {
        Some((kind, phase)) if kind.starts_with("{\"phase\"") && !phase.starts_with('{') => {
            word(phase)
        }
        Some(_) if what.starts_with("{\"phase\"") => {
            what.rsplit_once("\"phase\":").map_or_else(String::new, |(_, phase)| word(phase))
        }
        _ => word(what),
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
    for n in 0..runs {
        if n % ON_ONE_FOLDER == 0 {
            place = Place::new()?;
            place.put();
        }
        if n % ON_ONE_FOLDER == ON_ONE_FOLDER - 1 {
            crash_loop(&place, &mut report)?;
            continue;
        }
        let point = POINTS[usize::try_from(dice.below(POINTS.len() as u64))?];
        let last = place.kill(point, &mut dice)?;
        *report.kills.entry(last.clone()).or_default() += 1;
        check(&place, &format!("run {n}, killed at {last}"), &mut report)?;
    }
    let kills: Vec<_> = report.kills.iter().map(|(at, n)| format!("\"{at}\":{n}")).collect();
    let Report { runs, recovered, kills: _, wrong_version, lost_state, undone, crash_loops } =
        report;
    println!(
        "{{\"runs\":{runs},\"recovered\":{recovered},\"kills_by_phase\":{{{}}},\
         \"wrong_version\":{wrong_version},\"lost_state\":{lost_state},\"undone\":{undone},\
         \"crash_loops\":{crash_loops}}}",
        kills.join(",")
    );
    let is_well = recovered == runs && wrong_version + lost_state + crash_loops == 0;
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
    *report.kills.entry("crash loop".to_owned()).or_default() += 1;
    report.crash_loops += u64::from(!ended);
    replace(&place.artifact(), &before);
    check(place, "after a build that aborts", report)
}
