//! Without a terminal the game plays by itself, and says what came of it.

use std::process::{Command, Output, Stdio};

fn game(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_game")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

#[test]
fn three_hundred_frames_are_the_same_in_every_run() {
    let run = || {
        let output = game(&["--headless", "--frames", "300"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stderr, b"");
        String::from_utf8(output.stdout).unwrap()
    };
    let summary = run();
    assert_eq!(run(), summary);
    let value = |name| {
        let line = summary.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {summary}")).trim()
    };
    assert_eq!(value("frames"), "300");
    assert_eq!(value("errors"), "0");
    assert_eq!(value("generations"), "physics 1, rules 1");
    assert!(value("bodies").starts_with("1 paddle, 1 ball, "), "{summary}");
    // The ball has met a brick.
    assert!(!value("score").starts_with("0 "), "{summary}");
    let longer = String::from_utf8(game(&["--headless", "--frames", "301"]).stdout).unwrap();
    let checksum = |text: &str| text.lines().last().unwrap().to_owned();
    assert_ne!(checksum(&longer), checksum(&summary), "the picture moves");
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let output = game(&[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "game: this is no terminal; try --headless\n");
    let output = game(&["--frames", "many"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("many is no number of frames\n"), "{said}");
}
