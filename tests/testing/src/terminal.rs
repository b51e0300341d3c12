//! A program as somebody has it in a terminal: what is typed, and the lines that it prints.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Far longer than anything takes.
const LONG: Duration = Duration::from_secs(120);

/// A program that runs; killed when it is dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    /// `None` when the input has ended.
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Terminal {
    /// Starts it. A panic is shown in one line.
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (told, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            output.lines().map_while(Result::ok).for_each(|line| told.send(line).unwrap_or(()))
        });
        Self { input: child.stdin.take(), lines, child }
    }

    /// Types a line.
    #[track_caller]
    pub fn types(&mut self, line: &str) {
        writeln!(self.input.as_mut().expect("its input has not ended"), "{line}").unwrap();
    }

    /// Ends its input.
    pub fn ends_input(&mut self) {
        drop(self.input.take());
    }

    /// Waits for a line that is the expected one; others may come before it.
    #[track_caller]
    pub fn sees(&self, expected: &str, mut is_it: impl FnMut(&str) -> bool) {
        let until = Instant::now() + LONG;
        let mut others = Vec::new();
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if is_it(&line) => break,
                Ok(line) => others.push(line),
                Err(RecvTimeoutError::Timeout) => panic!("no {expected:?}, but {others:#?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it has ended without {expected:?}, but with {others:#?}")
                }
            }
        }
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
