//! `hotswap` and `cargo hotswap`: the command line of hotswap.
//!
//! The two programs of this package are one; everything is here. A command reads, decides and
//! says: what is said for the asker goes to stdout, what is said about it to stderr, and how it
//! ended is the exit code (`error.rs`). Verdicts are `hotswap-core`'s own: this crate has no
//! second opinion on what a host would do.
//!
//! It is a program and no library: it offers nothing but [`main`].

#![deny(unsafe_code)]

mod add;
mod args;
mod check;
mod describe;
mod doctor;
mod error;
mod inspect;
mod new;
#[cfg(unix)]
mod operate;
mod say;
mod scaffold;
mod watch;
mod workspace;

use std::{ffi::OsString, process::ExitCode};

use clap::CommandFactory as _;

use self::{
    args::{Cli, Command},
    error::{Error, Outcome},
};

/// Runs the program with the arguments of the process.
#[must_use]
pub fn main() -> ExitCode {
    let (name, arguments) = args::as_called(std::env::args_os().collect());
    run(name, arguments).into()
}

fn run(name: &'static str, arguments: Vec<OsString>) -> Outcome {
    let cli = match Cli::parse_as(name, arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Also `--help` and `--version`, which go to stdout and are no failure.
            let _ = error.print();
            return if error.use_stderr() { Outcome::Unable } else { Outcome::Done };
        }
    };
    let done = match cli.command {
        Command::New(it) => new::run(name, &it),
        Command::Add(it) => add::run(&it),
        Command::Inspect(it) => inspect::run(&it),
        Command::Check(it) => check::run(&it),
        Command::Watch(it) => watch::run(it),
        Command::Doctor(it) => doctor::run(&it),
        #[cfg(unix)]
        Command::Operate(verb) => operate::run(verb),
        Command::Completions(it) => {
            let mut script = Vec::new();
            clap_complete::generate(it.shell, &mut Cli::command(), "hotswap", &mut script);
            say::result(&String::from_utf8_lossy(&script));
            Ok(Outcome::Done)
        }
    };
    done.unwrap_or_else(|error| {
        say::error(&error);
        error.outcome()
    })
}
