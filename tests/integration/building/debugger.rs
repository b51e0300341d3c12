//! A debugger finds what a host has loaded: the real gdb, where there is one.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::{
    env, fs,
    path::Path,
    process::{Command, Output},
};

use adder_api::Adder;
use hotswap_core::{Host, SlotConfig, event::EventKind};
use hotswap_tests::{Sources, Told, patient, target};

/// The folder of the sources, for the child that is debugged.
const CHILD: &str = "HOTSWAP_TESTS_DEBUGGED";
const FILE: &str = Sources::MODULE;
/// Where the breakpoint is, and what the child makes of it.
const BEFORE: &str = "self.sum.total += number;";
const AFTER: &str = "self.sum.total += number * 10;";

#[test]
fn a_breakpoint_at_a_line_stops_in_every_generation() {
    if let Some(folder) = env::var_os(CHILD) {
        return child(Path::new(&folder));
    }
    if !gdb(&["-ex", "run", "--args", "true"]).is_some_and(|said| said.contains("exited normally"))
    {
        return println!("skipped: no gdb here that can run a program");
    }
    let sources = Sources::new("debugged", "0.1.4");
    let text = fs::read_to_string(sources.at(FILE)).unwrap();
    let line = 1 + text.lines().position(|line| line.contains(BEFORE)).unwrap();
    // `directory` makes gdb forget the text of files that it has shown.
    let script = format!(
        "set pagination off\nset breakpoint pending on\nset environment {CHILD} {}\n\
         break {FILE}:{line}\ncommands\nsilent\ndirectory .\nframe\ninfo symbol $pc\ncontinue\nend\nrun\n",
        sources.folder().display(),
    );
    let commands = sources.at("stop.gdb");
    fs::write(&commands, script).unwrap();
    let test = "building::debugger::a_breakpoint_at_a_line_stops_in_every_generation";
    let this = env::current_exe().unwrap();
    let said = gdb(&[
        "-x",
        commands.to_str().unwrap(),
        "--args",
        this.to_str().unwrap(),
        "--exact",
        test,
        "--nocapture",
    ])
    .unwrap();

    let lines = |mark: &str| -> Vec<&str> {
        said.lines().filter(|line| line.contains(mark)).map(str::trim).collect()
    };
    assert!(said.contains("exited normally"), "{said}");
    // The frame is in the file and at the line that were asked for, both times.
    assert_eq!(lines(&format!("() at {FILE}:{line}")).len(), 2, "{said}");
    // The source that is shown is the generation's own.
    let shown = |source: &str| said.contains(&format!("\n{line}\t        {source}\n"));
    assert!(shown(BEFORE) && shown(AFTER), "{said}");
    // And the code is in two private copies.
    let [first, second] = lines("in section .text of ")[..] else { panic!("{said}") };
    let copy = |line: &str| line.rsplit_once("of ").unwrap().1.to_owned();
    assert!(copy(first).contains("/hotswap-private-"), "{said}");
    assert_ne!(copy(first), copy(second), "{said}");
}

/// What gdb says; `None` if there is none.
fn gdb(arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("gdb");
    // Without anybody's settings, and without a look at the network.
    command.args(["-nx", "-q", "-batch"]).args(arguments).env_remove("DEBUGINFOD_URLS");
    let Output { stdout, stderr, .. } = command.output().ok()?;
    Some([stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat())
}

/// What runs in the debugger: two generations, built from their sources with debug information,
/// and a call of each.
fn child(folder: &Path) {
    let package = |setting: &str| format!("--config=profile.dev.package.adder.{setting}");
    let config = patient().slot("adder", SlotConfig::cargo("adder")).build(|request| {
        request
            .with_folder(folder)
            .with_target_folder(target().join("built"))
            .with_argument(package("debug=\"line-tables-only\""))
            .with_argument(package("strip=\"none\""))
    });
    let host = Host::new(config).unwrap();
    let told = Told::of(&host);
    let adder = host.slot::<dyn Adder>("adder").unwrap();
    assert_eq!(adder.pin_mut().add("4").unwrap(), 4);

    let text = fs::read_to_string(folder.join(FILE)).unwrap();
    fs::write(folder.join(FILE), text.replace(BEFORE, AFTER)).unwrap();
    told.find(|event| match &event.kind {
        EventKind::Live(live) if live.generation == 2 => Some(()),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    });
    assert_eq!(adder.pin_mut().add("1").unwrap(), 14);
}
