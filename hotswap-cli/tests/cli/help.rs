//! What the program says of itself.

use crate::support::{cargo, hotswap, scratch};

/// What is asked of a host that runs.
#[cfg(unix)]
const VERBS: &[&str] = crate::operate::VERBS;
#[cfg(not(unix))]
const VERBS: &[&str] = &[];

/// The commands whose answer is an exit code.
fn commands() -> impl Iterator<Item = &'static str> {
    ["new", "add", "inspect", "check", "watch", "doctor"].into_iter().chain(VERBS.iter().copied())
}

#[test]
fn every_command_teaches_with_an_example_and_its_exit_codes() {
    let folder = scratch();
    hotswap(folder.path(), &["--help"]).expect(0).says("cargo hotswap new demo").says("Exit codes");
    for command in commands() {
        let ran = hotswap(folder.path(), &[command, "--help"]).expect(0);
        assert!(ran.err.is_empty(), "{ran:#?}");
        ran.says("Examples:").says("Exit codes: 0");
    }
}

#[test]
fn cargo_has_it_as_a_command_of_its_own() {
    let folder = scratch();
    cargo(folder.path(), &["hotswap", "new", "--help"]).expect(0).says("Usage: cargo hotswap new");
    hotswap(folder.path(), &["new", "--help"]).expect(0).says("Usage: hotswap new");
    let version = concat!("hotswap ", env!("CARGO_PKG_VERSION"));
    cargo(folder.path(), &["hotswap", "--version"]).expect(0).says(version);
}

#[test]
fn what_cannot_be_asked_is_code_2() {
    let folder = scratch();
    for wrong in [&[][..], &["gnu"], &["check", "x"], &["watch", "--release", "--profile", "x"]] {
        let ran = hotswap(folder.path(), wrong).expect(2);
        assert!(ran.out.is_empty() && ran.err.contains("Usage"), "{ran:#?}");
    }
}

#[test]
fn completions_name_every_command() {
    let folder = scratch();
    for shell in ["bash", "zsh", "fish"] {
        let ran = hotswap(folder.path(), &["completions", shell]).expect(0);
        for command in commands() {
            assert!(ran.out.contains(command), "{shell}: {command}");
        }
    }
}

/// Nothing here is a terminal; a user may want colours all the same, and may want none anywhere.
#[test]
fn colours_are_for_terminals() {
    let folder = scratch();
    let missing = ["inspect", "missing.so"];
    let plain = hotswap(folder.path(), &missing).expect(2);
    assert!(!plain.err.contains('\x1b'), "{plain:?}");
    let run = |name: &str| {
        let program = env!("CARGO_BIN_EXE_hotswap");
        let mut command = crate::support::command(program, folder.path());
        let output = command.env("CLICOLOR_FORCE", "1").env(name, "1").args(missing).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    assert!(run("ANY").contains("\x1b["));
    assert!(!run("NO_COLOR").contains('\x1b'));
}
