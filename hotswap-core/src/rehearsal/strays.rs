//! Processes that a child has started, and that have left its process group: a daemon that calls
//! `setsid` and forks twice is nobody's child and in nobody's group.
//!
//! Each child has an environment with a mark of its own (the value of [`CHILD`]), which what it starts
//! inherits, through `fork` and `exec`. So the processes that have the mark are its own, wherever they
//! are now, and also when the child has ended. They are killed by a descriptor, after another look at the
//! mark: no number is mistaken for another process that has got it meanwhile.
//!
//! # What gets away
//! A process with an environment that was made anew (`env -i`, `Command::env_clear`), or written over, and
//! one of another user. The host is no subreaper for their sake: that would give it the orphans of the
//! whole program, whatever started them. Who means harm is not held by a rehearsal in any case.

use std::{
    fs, process,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal},
};

use super::role::CHILD;

/// How long they are looked for: one may start others as fast as they are killed.
const WITHIN: Duration = Duration::from_secs(2);
/// Between two looks.
const BREATH: Duration = Duration::from_millis(1);

/// A mark that no other child has.
pub(super) fn mark() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", process::id(), now.as_nanos())
}

/// Kills all that have a mark; says how many are still there.
pub(super) fn kill(mark: &str) -> Result<(), String> {
    let (begun, wanted) = (Instant::now(), format!("{CHILD}={mark}"));
    loop {
        let found = marked(&wanted);
        if found.is_empty() {
            return Ok(());
        }
        for pid in &found {
            kill_one(*pid, &wanted);
        }
        if begun.elapsed() > WITHIN {
            let found: Vec<_> = found.iter().map(|pid| pid.as_raw_nonzero().to_string()).collect();
            return Err(format!("processes that it has started: {}", found.join(", ")));
        }
        thread::sleep(BREATH);
    }
}

fn marked(wanted: &str) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids =
        entries.filter_map(|it| it.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    pids.filter(|pid| has_mark(*pid, wanted)).collect()
}

/// One that has ended, and is still to be waited for, has no environment any more.
fn has_mark(pid: Pid, wanted: &str) -> bool {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()));
    environment.is_ok_and(|it| it.split(|byte| *byte == 0).any(|it| it == wanted.as_bytes()))
}

fn kill_one(pid: Pid, wanted: &str) {
    let _ = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(process) if has_mark(pid, wanted) => pidfd_send_signal(process, Signal::KILL),
        Ok(_) | Err(Errno::SRCH) => Ok(()),
        // An old kernel does not have it, and a filter of system calls may forbid it.
        Err(_) => kill_process(pid, Signal::KILL),
    };
}
