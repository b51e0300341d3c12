//! A folder on which hosts run and are killed.

use std::{
    env,
    error::Error,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hotswap_tests::{file_name, fixture, replace};

/// A folder, and what must hold on it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    builds: u64,
    pub(crate) acknowledged: Arc<AtomicU64>,
}

/// What a host goes on with.
pub(crate) struct Found {
    pub(crate) label: String,
    pub(crate) value: u64,
    /// It has said that there are later backups, which what serves cannot read.
    pub(crate) is_told: bool,
}

pub(crate) struct Run {
    pub(crate) child: Child,
    pub(crate) reader: JoinHandle<Option<String>>,
}

impl Place {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let place = Self { folder: tempfile::tempdir()?, builds: 0, acknowledged: Arc::default() };
        Ok(place)
    }

    pub(crate) fn artifact(&self) -> PathBuf {
        self.folder.path().join(file_name("module"))
    }

    /// Every third build has a newer state, or goes back from it.
    pub(crate) fn put(&mut self) {
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
    pub(crate) fn committed(&self) -> Option<String> {
        let mark = "\"committed\":{\"build\":{\"artifact\":\"";
        let text = self.journal();
        let whole = &text[..text.rfind('\n').map_or(0, |at| at + 1)];
        let at = whole.rfind(mark)? + mark.len();
        whole.get(at..at + 64).map(str::to_owned)
    }

    pub(crate) fn start(&self, how: &str) -> Result<Run, Box<dyn Error>> {
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
    pub(crate) fn kill(
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
    pub(crate) fn look(&self) -> Result<Result<Found, String>, Box<dyn Error>> {
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

/// Numbers that look random, the same for each seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}
