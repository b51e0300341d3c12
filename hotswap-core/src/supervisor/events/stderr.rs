//! The reporter's lines on stderr.
//!
//! How far a build has come is a line that changes, on a terminal and as long as nothing serves yet:
//! then the program most likely waits as well. Anywhere else it is a line for each time it is told, so
//! that nothing the program prints is written over.

use std::env;
use std::io::{self, IsTerminal as _};

use parking_lot::Mutex;

/// Back to the line's beginning, and away with what is there.
const CLEAR: &str = "\r\x1b[K";

/// What a line says.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// How far the build has come.
    Progress,
    /// Something serves.
    Live,
    Other,
}

pub(super) struct Stderr(Mutex<Lines>);

struct Lines {
    may_change: bool,
    /// The line that stands there is one that changes.
    changes: bool,
}

impl Stderr {
    pub(super) fn new() -> Self {
        let dumb = env::var_os("TERM").is_none_or(|it| it.is_empty() || it == "dumb");
        let may_change = cfg!(unix) && !dumb && io::stderr().is_terminal();
        Self(Mutex::new(Lines { may_change, changes: false }))
    }

    #[expect(
        clippy::print_stderr,
        reason = "what the reporter is for, documented in the crate's text"
    )]
    pub(super) fn show(&self, text: &str, says: Says) {
        eprint!("{}", self.0.lock().next(text, says));
    }
}

impl Lines {
    fn next(&mut self, text: &str, says: Says) -> String {
        let clear = if std::mem::take(&mut self.changes) { CLEAR } else { "" };
        self.may_change &= says != Says::Live;
        self.changes = self.may_change && says == Says::Progress;
        if self.changes {
            // What is being compiled would make it longer than a terminal is wide.
            let short = text.split_once(": compiling").map_or(text, |(short, _)| short);
            return format!("{clear}hotswap: {short}");
        }
        format!("{clear}hotswap: {text}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_progress_of_a_terminals_first_build_changes() {
        let mut lines = Lines { may_change: true, changes: false };
        let far = "building x: 1 of 2 crates, 2 s";
        assert_eq!(lines.next("building", Says::Other), "hotswap: building\n");
        let compiling = format!("{far}: compiling syn");
        assert_eq!(lines.next(&compiling, Says::Progress), format!("hotswap: {far}"));
        assert_eq!(lines.next(far, Says::Progress), format!("\r\x1b[Khotswap: {far}"));
        assert_eq!(lines.next("built", Says::Other), "\r\x1b[Khotswap: built\n");
        assert_eq!(lines.next("live", Says::Live), "hotswap: live\n");
        assert_eq!(lines.next(&compiling, Says::Progress), format!("hotswap: {compiling}\n"));

        let mut lines = Lines { may_change: false, changes: false };
        assert_eq!(lines.next(&compiling, Says::Progress), format!("hotswap: {compiling}\n"));
        assert_eq!(lines.next("built", Says::Other), "hotswap: built\n");
    }
}
