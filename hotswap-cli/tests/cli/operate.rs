//! The operator's verbs where no host answers: what they do with one is for the tests of a host.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::net::UnixListener,
    path::Path,
    process::Stdio,
    thread,
};

use crate::support::{Ran, command, hotswap, scratch};

/// All of them.
pub(crate) const VERBS: &[&str] = &[
    "status",
    "why",
    "plan",
    "apply",
    "approve",
    "reject",
    "pause",
    "resume",
    "commit",
    "promote",
    "rollback",
    "revert",
    "checkpoint",
    "clear",
    "history",
    "report",
    "note",
];

/// Each verb with the least that it wants to know.
fn least(verb: &'static str) -> Vec<&'static str> {
    let more: &[_] = match verb {
        "approve" | "clear" => &["3f9a01"],
        "reject" => &["3f9a01", "--why", "slow"],
        "revert" => &["--to", "1.0.0", "--why", "slow"],
        "note" => &["--problem", "slow"],
        _ => &[],
    };
    [&[verb], more].concat()
}

/// `hotswap …` that is told of no host but by its arguments.
fn asked(folder: &Path, arguments: &[&str]) -> Ran {
    with_host(folder, None, arguments)
}

/// `hotswap …` with a host in its environment.
fn with_host(folder: &Path, host: Option<&str>, arguments: &[&str]) -> Ran {
    let mut command = command(env!("CARGO_BIN_EXE_hotswap"), folder);
    command.env_remove("HOTSWAP_HOST").envs(host.map(|host| ("HOTSWAP_HOST", host)));
    let output = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn who_names_no_host_is_told_how() {
    let folder = scratch();
    for verb in VERBS {
        let ran = asked(folder.path(), &least(verb)).expect(2);
        assert!(ran.out.is_empty(), "{ran:#?}");
        ran.says("--host SOCKET").says("HOTSWAP_HOST").says("Config::admin");
    }
}

#[test]
fn where_no_host_answers_it_is_said_why() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (missing, dead, file) = (at("missing.sock"), at("dead.sock"), at("file"));
    drop(UnixListener::bind(&dead).unwrap());
    fs::write(&file, "mine").unwrap();
    for (socket, why) in [
        (&missing, "there is no such file; a host makes it where Config::admin names it"),
        (&dead, "its host has ended, and has left it behind"),
        (&file, "it is no socket"),
        (&at("missing/admin.sock"), "there is no such file"),
        (&at(&"x".repeat(200)), "the path is longer than a socket's may be"),
    ] {
        for verb in VERBS {
            let asked = [&least(verb)[..], &["--host", socket]].concat();
            let ran = hotswap(folder.path(), &asked).expect(2);
            assert!(ran.out.is_empty(), "{ran:#?}");
            ran.says(&format!("no host answers at {socket}")).says(why);
        }
        hotswap(folder.path(), &["check", "x.so", "--host", socket]).expect(2).says(why);
    }
    assert_eq!(fs::read(file).unwrap(), b"mine");
}

#[test]
fn the_environment_names_the_host_unless_the_command_line_does() {
    let folder = scratch();
    let ran = with_host(folder.path(), Some("a.sock"), &["status"]).expect(2);
    ran.says("no host answers at a.sock");
    let ran = with_host(folder.path(), Some("a.sock"), &["status", "--host", "b.sock"]).expect(2);
    ran.says("no host answers at b.sock");
}

/// Something else listens there.
#[test]
fn who_answers_and_is_no_host_is_not_believed() {
    let folder = scratch();
    let socket = folder.path().join("other.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let other = thread::spawn(move || {
        for answer in ["", "HTTP/1.1 400 Bad Request\r\n\r\n", "{\"done\":{}}\n"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0];
            stream.read_exact(&mut request).unwrap();
            std::io::Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        }
    });
    let ask = || hotswap(folder.path(), &["status", "--host", socket.to_str().unwrap()]).expect(2);
    ask().says("has not answered to the end, and may have done what was asked");
    ask().says("and not as a host does");
    ask().says("and not as a host does");
    other.join().unwrap();
}

#[test]
fn what_cannot_be_asked_is_not_asked() {
    let folder = scratch();
    let none = folder.path().join("none").display().to_string();
    let ask = |words: &[&str]| hotswap(folder.path(), &[words, &["--host", &none]].concat());
    ask(&["apply", "shop", "--wait"]).expect(2).says("--wait is for an artifact");
    ask(&["apply", "--wait"]).expect(2).says("--wait is for an artifact");
    ask(&["apply", "--at-once"]).expect(2).says("--at-once is for an artifact");
    ask(&["apply", "--strategy", "parallel"]).expect(2).says("--strategy is for an artifact");
    let file = |words: &[&str]| ask(&[&["apply", "libshop.so"], words].concat()).expect(2);
    file(&["--strategy", "smooth", "--at-once"]).says("cannot be used with");
    file(&["--manual"]).says("--strategy");
    file(&["--strategy", "smooth", "--manual"]).says("smooth has none");
    file(&["--strategy", "slow"]).says("expected smooth, parallel, or gradual");
    file(&["--strategy", "gradual=50,10"]).says("10 is not above 50 and below 100");
    file(&["--strategy", "gradual=1,x"]).says("\"x\" is no number");
    // A file alone is one.
    ask(&["apply", "libshop.so", "--wait"]).expect(2).says("no host answers");
    ask(&["apply", "shop", "libshop.so", "--urgency", "soon"]).expect(2).says("low, normal, high");
    for verb in ["approve", "reject", "clear", "revert", "note"] {
        ask(&[verb]).expect(2).says("Usage");
    }
}

#[test]
fn a_strategy_is_asked_for_in_the_request() {
    let folder = scratch();
    let socket = folder.path().join("admin.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let other = thread::spawn(move || {
        [(); 5].map(|()| {
            let (stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            BufReader::new(stream).read_line(&mut request).unwrap();
            request
        })
    });
    let gradual = ["--strategy", "gradual=0.5,10"];
    let manual = ["--strategy", "parallel", "--manual"];
    for option in [&["--at-once"][..], &["--strategy", "smooth"], &gradual, &manual, &[]] {
        let ask = ["apply", "shop", "libshop.so", "--host", socket.to_str().unwrap()];
        hotswap(folder.path(), &[&ask, option].concat()).expect(2);
    }
    let [at_once, smooth, gradual, manual, usual] = other.join().unwrap();
    for (request, wanted) in [
        (at_once, r#"{"kind":"smooth"}"#),
        (smooth, r#"{"kind":"smooth"}"#),
        (gradual, r#"{"kind":"gradual","shares":[0.005,0.1]}"#),
        (manual, r#"{"kind":"parallel","manual_promotion":true}"#),
    ] {
        assert!(request.contains(&format!("\"strategy\":{wanted}")), "{request}");
    }
    assert!(usual.contains("libshop.so") && !usual.contains("strategy"), "{usual}");
}
