//! What the figures were measured on.

use std::{fs, process::Command, time::Duration};

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
            neighbours().map_or_else(
                || "not measured".to_owned(),
                |ratio| format!("the median is {ratio:.2} times the smallest"),
            ),
        ),
        ("load at the end", load.split_whitespace().take(3).collect::<Vec<_>>().join(", ")),
    ];
    let rows = rows.map(|(what, is)| format!("| {what} | {is} |"));
    format!("| what | is |\n|---|---|\n{}", rows.join("\n"))
}

/// How much slower the median of a loop is than its smallest figure that touches no memory and has
/// much to do in each cycle: nothing but another user of the same core makes it slower. What has few
/// instructions, each of which waits for the one before, is hardly disturbed. Looked at for a few
/// seconds; `None` for other processors.
fn neighbours() -> Option<f64> {
    const ROUNDS: Rounds = Rounds { count: 8000, batch: Duration::from_micros(250) };
    let registers = Contender::new("registers", || Box::new(additions));
    let summary = race(&[registers], ROUNDS)[0].summary()?;
    cfg!(target_arch = "x86_64").then_some(summary.median / summary.min)
}

/// Twelve additions a turn, six of which wait for nothing.
#[cfg(target_arch = "x86_64")]
fn additions(turns: u64) {
    if turns == 0 {
        return;
    }
    // SAFETY: it counts registers up, and one of them down to zero.
    unsafe {
        std::arch::asm!(
            "2:",
            "add {a}, 1", "add {b}, 1", "add {c}, 1", "add {d}, 1", "add {e}, 1", "add {f}, 1",
            "add {a}, 1", "add {b}, 1", "add {c}, 1", "add {d}, 1", "add {e}, 1", "add {f}, 1",
            "dec {turns}",
            "jnz 2b",
            a = inout(reg) 0_u64 => _, b = inout(reg) 0_u64 => _, c = inout(reg) 0_u64 => _,
            d = inout(reg) 0_u64 => _, e = inout(reg) 0_u64 => _, f = inout(reg) 0_u64 => _,
            turns = inout(reg) turns => _,
            options(nomem, nostack),
        );
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn additions(turns: u64) {
    std::hint::black_box(turns);
}
