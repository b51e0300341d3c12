//! What the figures were measured on.

use std::{fs, hint::black_box, process::Command, time::Duration};

use hotswap_benches::{Contender, Rounds, race};

use crate::modules;

/// The machine, the system, the compiler, the version and the day.
pub(crate) fn describe() -> String {
    let said = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).current_dir(modules::suite()).output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        text.unwrap_or_default()
    };
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let count = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let rows = [
        ("processor", format!("{} × {count}", model.trim_start_matches([' ', '\t', ':']))),
        ("system", said("uname", &["-srm"])),
        ("compiler", said("rustc", &["--version"])),
        (
            "hotswap",
            format!(
                "{} ({})",
                env!("CARGO_PKG_VERSION"),
                said("git", &["rev-parse", "--short", "HEAD"])
            ),
        ),
        ("day", said("date", &["+%Y-%m-%d"])),
        (
            "a loop that needs nothing but registers",
            format!("the median is {:.2} times the smallest", neighbours()),
        ),
        ("load at the end", load.split_whitespace().take(3).collect::<Vec<_>>().join(", ")),
    ];
    let rows = rows.map(|(what, is)| format!("| {what} | {is} |"));
    format!("| what | is |\n|---|---|\n{}", rows.join("\n"))
}

/// How much slower the median of a loop is than its smallest figure that touches no memory and has
/// much to do in each cycle: nothing but another user of the same core makes it slower. What has few
/// instructions, each of which waits for the one before, is hardly disturbed.
fn neighbours() -> f64 {
    let registers = Contender::new("registers", || {
        Box::new(|times| {
            let mut states = black_box([1_u64, 2, 3, 4, 5, 6]);
            for _ in 0..times {
                for state in &mut states {
                    *state ^= *state << 13;
                    *state ^= *state >> 7;
                    *state ^= *state << 17;
                }
            }
            black_box(states);
        })
    });
    let rounds = Rounds { count: 4000, batch: Duration::from_micros(250) };
    let summary = race(&[registers], rounds)[0].summary();
    summary.map_or(f64::NAN, |it| it.median / it.min)
}
