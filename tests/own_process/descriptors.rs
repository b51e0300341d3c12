//! A host that has no descriptor left for an operator neither spins nor forgets him.
//!
//! A process of its own: the limit is that of the process.
#![cfg(target_os = "linux")]

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::{
        fd::AsRawFd as _,
        unix::{fs::FileExt as _, net::UnixStream},
    },
    path::Path,
    thread,
    time::Duration,
};

use hotswap_core::{Host, event::EventKind};
use hotswap_tests::{LONG, Told, patient, until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the system keeps of the thread that listens, once it has its name.
fn statistics() -> File {
    let name = |task: &Path| fs::read_to_string(task.join("comm")).unwrap_or_default();
    let mut found = None;
    until("it listens", || {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten().map(|task| task.path());
        found = tasks.into_iter().find(|task| name(task).trim() == "hotswap-admin");
        found.is_some()
    });
    File::open(found.unwrap().join("schedstat")).unwrap()
}

/// For how long it has run.
fn has_run(statistics: &File) -> Duration {
    let mut text = [0; 100];
    let length = statistics.read_at(&mut text, 0).unwrap();
    let text = String::from_utf8_lossy(&text[..length]);
    Duration::from_nanos(text.split_whitespace().next().unwrap().parse().unwrap())
}

#[test]
fn who_connects_is_answered_when_there_is_one_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("admin");
    let host = Host::new(patient().admin(&path)).unwrap();
    let told = Told::of(&host);
    let statistics = statistics();
    let before = getrlimit(Resource::Nofile);
    // One is left, for this end of the connection.
    let next = File::open("/dev/null").unwrap().as_raw_fd();
    let limit = Rlimit { current: Some(u64::try_from(next).unwrap() + 1), ..before };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    assert_eq!(client.as_raw_fd(), next);

    let ran = has_run(&statistics);
    thread::sleep(Duration::from_millis(500));
    let ran = has_run(&statistics) - ran;
    assert!(ran < Duration::from_millis(100), "it spins: it has run for {ran:?}");

    setrlimit(Resource::Nofile, before).unwrap();
    client.write_all(b"{\"verb\":\"status\"}\n").unwrap();
    is_answered(client);
    let why = trouble(&told);
    assert!(why.contains("Too many open files"), "{why}");

    // With fewer descriptors than it has places to wait at, it cannot wait there at all.
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let idle = open();
    let mut client = UnixStream::connect(&path).unwrap();
    until("both ends are open", || open() == idle + 2);
    setrlimit(Resource::Nofile, Rlimit { current: Some(1), ..before }).unwrap();
    client.write_all(b"{\"verb\":\"status\"}\n").unwrap();
    is_answered(client);
    while !trouble(&told).contains("Invalid argument") {}
    setrlimit(Resource::Nofile, before).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"{\"verb\":\"status\"}\n").unwrap();
    is_answered(client);
    drop(host);
}

fn is_answered(mut client: UnixStream) {
    let mut answer = String::new();
    client.set_read_timeout(Some(LONG)).unwrap();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("{\"done\""), "{answer}");
}

/// Why operators are not answered.
fn trouble(told: &Told) -> String {
    told.find(|event| match &event.kind {
        EventKind::AdminTrouble { why } => Some(why.clone()),
        _ => None,
    })
}
