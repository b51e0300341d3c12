//! What a host costs that has nothing to do: how often its threads wake up.
//!
//! The peers' threads must not be counted, so this is measured in a process of its own.

use std::{
    env, fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use benches_api::Calls;
use hotswap_core::{Config, Host, SlotConfig};

use crate::modules;

/// The argument that makes this program the process that is measured.
pub(crate) const ARGUMENT: &str = "--measured-while-idle";

/// Wake-ups in a second.
pub(crate) fn measure() -> Option<f64> {
    let artifact = modules::build("benches-calls", &[]);
    let program = env::current_exe().ok()?;
    let mut command = Command::new(program);
    let command = command.arg(ARGUMENT).arg(artifact).stderr(Stdio::inherit());
    let output = command.output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// The process that is measured: a host with two slots and a reader, for a few seconds.
pub(crate) fn idle(artifact: &str) {
    const SECONDS: u64 = 4;
    let config = Config::production()
        .slot("one", SlotConfig::artifact(artifact))
        .slot("two", SlotConfig::artifact(artifact));
    let host = Host::new(config).expect("the host starts");
    let slots = ["one", "two"].map(|name| host.slot::<dyn Calls>(name).expect("it is live"));
    let reader = slots[0].reader();
    reader.add(1).expect("the slot serves");
    // What the first artifacts have left to do.
    thread::sleep(Duration::from_secs(1));
    let before = wakeups();
    thread::sleep(Duration::from_secs(SECONDS));
    // This thread has woken up once, to look.
    let woken = wakeups().saturating_sub(before + 1);
    println!("{}", woken as f64 / SECONDS as f64);
}

/// How often the threads of this process have waited for something, in all.
fn wakeups() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("this is Linux");
    let counts = tasks.filter_map(|task| {
        let status = fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        line.trim().parse::<u64>().ok()
    });
    counts.sum()
}
