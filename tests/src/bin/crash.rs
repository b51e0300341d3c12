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

use std::{
    collections::{BTreeMap, VecDeque},
    env,
    error::Error,
    fmt::Debug,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use counter_api::Counter;
use hotswap_core::{
    Approval, ArtifactHash, Config, Host, Rehearsal, Trial, event::EventKind, probe,
};
use hotswap_tests::{file_name, fixture, patient, replace};
use rustix::process::{Signal, getpid, kill_process};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer, layer::Context, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

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
/// Those of the pause are told when it is over: their spans say when they begin.
const IN_THE_PAUSE: [&str; 3] = ["Quiescing", "Snapshotted", "Migrating"];
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
        Some("--child") => child(Path::new(&args[1]), &args[2]),
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

/// A host: says what it serves, and unless it is only to `look`, counts on until it is killed, at the
/// latest at its moment.
fn child(folder: &Path, moment: &str) -> Result<ExitCode, Box<dyn Error>> {
    let passed_over = Arc::new(AtomicU64::new(0));
    // What is recovered goes through the phases as well.
    let serves = Arc::new(AtomicBool::new(false));
    let (seen, upgrades, at) = (Arc::clone(&passed_over), Arc::clone(&serves), moment.to_owned());
    let mut config: Config = patient()
        .on_event(move |event| match &event.kind {
            EventKind::Recovered(recovered) => {
                seen.store(recovered.passed_over.len() as u64, Ordering::Relaxed);
                if at == "Recovered" {
                    die();
                }
            }
            EventKind::Phase { phase, .. }
                if upgrades.load(Ordering::Relaxed)
                    && !IN_THE_PAUSE.contains(&&*at)
                    && phase.to_string() == at =>
            {
                die();
            }
            _ => {}
        })
        .with_first_artifact_deadline(Duration::from_secs(20))
        .artifact("main", folder.join(file_name("module")))
        .with_journal(folder.join("journal"))
        .with_checkpoint_interval(Duration::from_millis(15))
        .with_trial(Trial::new(Duration::from_millis(30)));
    match moment {
        "Rehearsed" => config = config.with_rehearsal(Rehearsal::new()),
        "AwaitingApproval" => config = config.with_approval(Approval::by_call()),
        _ if IN_THE_PAUSE.contains(&moment) => {
            let spans = Spans { moment: moment.to_owned(), serves: Arc::clone(&serves) };
            tracing_subscriber::registry().with(spans).init();
        }
        _ => {}
    }
    let host = Host::new(config)?;
    if moment == "Opened" {
        die();
    }
    let slot = host.slot::<dyn Counter>("main")?;
    let (label, value) = (slot.pin().label()?, slot.pin().value()?);
    println!("serves {label} {value} {}", passed_over.load(Ordering::Relaxed));
    if moment == "look" {
        return Ok(ExitCode::SUCCESS);
    }
    serves.store(true, Ordering::Relaxed);
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

/// As if somebody else had done it.
fn die() -> ! {
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        thread::park();
    }
}

/// Dies when the span of a phase is entered.
struct Spans {
    moment: String,
    serves: Arc<AtomicBool>,
}

/// The phase of a span.
struct OfPhase(String);

impl Visit for OfPhase {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "phase" {
            self.0 = format!("{value:?}");
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut phase = OfPhase(String::new());
        attributes.record(&mut phase);
        if let Some(span) = context.span(id).filter(|_| phase.0 == self.moment) {
            span.extensions_mut().insert(phase);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let is_it = context.span(id).is_some_and(|it| it.extensions().get::<OfPhase>().is_some());
        if is_it && self.serves.load(Ordering::Relaxed) {
            die();
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

    /// Has a host serve until it is dead: at its moment, or killed after a while, where it has none.
    /// Says when that was; `None` if its moment did not come.
    fn kill(
        &mut self,
        moment: Option<&str>,
        dice: &mut Dice,
    ) -> Result<Option<String>, Box<dyn Error>> {
        let mut run = self.start(moment.unwrap_or("serve"))?;
        let begun = Instant::now();
        let patience = match moment {
            Some(_) => Duration::from_secs(10),
            None => Duration::from_millis(20 + dice.below(400)),
        };
        let mut next_build = begun + Duration::from_millis(30 + dice.below(60));
        let dead = loop {
            if let Some(status) = run.child.try_wait()? {
                break Some(status);
            }
            if begun.elapsed() >= patience {
                break None;
            }
            if Instant::now() >= next_build {
                self.put();
                next_build += Duration::from_millis(60 + dice.below(90));
            }
            thread::sleep(Duration::from_micros(200));
        };
        // SIGKILL.
        run.child.kill()?;
        run.child.wait()?;
        let _ = run.reader.join();
        match (moment, dead) {
            (Some(moment), Some(status)) if status.signal() == Some(9) => {
                Ok(Some(moment.to_owned()))
            }
            (Some(_), Some(status)) => Err(format!("a host has ended by itself: {status}").into()),
            (Some(_), None) => Ok(None),
            (None, _) => {
                let text = self.journal();
                let last = text.lines().rev().find(|line| line.ends_with("\"}"));
                Ok(Some(name(last.unwrap_or_default())))
            }
        }
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

/// What a line of the journal tells, as a phase is written.
fn name(line: &str) -> String {
    let what = line.split_once("\"what\":").map_or("", |(_, what)| what);
    let word = |text: &str| text.split('"').nth(1).unwrap_or("nothing").to_owned();
    let kind = word(what);
    if kind == "phase" {
        return what.rsplit_once("\"phase\":").map_or(kind, |(_, phase)| word(phase));
    }
    if kind == "activating" {
        // Written before the pause, whose phases are told when it is over.
        return "Prepared".to_owned();
    }
    let words = kind.split('_').map(|it| it[..1].to_uppercase() + &it[1..]);
    words.collect()
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
