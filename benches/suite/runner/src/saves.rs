//! From the save of a source to the first call into it, against `cargo build` of the same change.
//!
//! Each round saves a change and builds it by hand, and saves another one under a host that watches,
//! in turn the one and the other first. The host is a process of its own, built like the module.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};

use hotswap_benches::stats::Samples;

use crate::{
    crates::Crate,
    modules::{self, milliseconds},
};

/// The figures, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) alone: Samples,
    pub(crate) live: Samples,
}

impl Figures {
    /// What a host adds: the median of the differences, round by round.
    pub(crate) fn overhead(&self) -> Option<f64> {
        let pairs = self.live.0.iter().zip(&self.alone.0);
        Some(Samples(pairs.map(|(live, alone)| live - alone).collect()).summary()?.median)
    }
}

/// A crate whose source is saved, and the program that watches it.
#[derive(Debug)]
pub(crate) struct Saves {
    saved: Crate,
    host: PathBuf,
    profile: &'static str,
}

impl Saves {
    /// Writes the crate, and builds what it depends on, and the host, with a profile of cargo's.
    pub(crate) fn new(profile: &'static str) -> Self {
        let saved = Crate::module(&format!("saves-{profile}"));
        let saves = Self { saved, host: modules::program("benches-host", profile), profile };
        saves.build();
        saves
    }

    /// Saves and builds, once by hand and once under a host, in each round.
    pub(crate) fn measure(&self, rounds: u64) -> Figures {
        let mut figures = Figures::default();
        for round in 1..=rounds {
            if round % 2 == 0 {
                figures.alone.0.push(self.alone(2 * round));
                figures.live.0.push(self.live(2 * round + 1));
            } else {
                figures.live.0.push(self.live(2 * round));
                figures.alone.0.push(self.alone(2 * round + 1));
            }
        }
        figures
    }

    fn build(&self) -> f64 {
        self.saved.build(&["--profile", self.profile], "")
    }

    fn alone(&self, number: u64) -> f64 {
        self.saved.save(number);
        self.build()
    }

    fn live(&self, number: u64) -> f64 {
        let mut host = Watching::start(self);
        let started = Instant::now();
        self.saved.save(number);
        assert_eq!(host.next(), number.to_string());
        let took = milliseconds(started);
        host.end();
        took
    }
}

/// A host that watches.
struct Watching {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Watching {
    fn start(saves: &Saves) -> Self {
        let mut command = Command::new(&saves.host);
        command.args([saves.saved.folder(), &saves.saved.target()]).arg(saves.profile);
        // As for the build by hand.
        command.env("RUSTFLAGS", "").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the host can be run");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut watching = Self { child, input, output };
        assert_eq!(watching.line(), "ready");
        watching
    }

    /// Waits for the next version; returns what a call into it does.
    fn next(&mut self) -> String {
        writeln!(self.input, "next").expect("the host reads");
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the host writes text");
        line.trim_end().to_owned()
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().expect("it is a child").success(), "the host has failed");
    }
}
