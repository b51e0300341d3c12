//! Tests with a `main` of their own: what of the harness of Rust they still need.

use std::{
    env, fs,
    panic::catch_unwind,
    process::{self, ExitCode},
};

/// Runs the tests whose names the arguments are a part of; all, if there are none.
#[expect(clippy::print_stdout, reason = "it runs tests by itself")]
#[must_use]
pub fn run(tests: &[(&str, fn())]) -> ExitCode {
    let wanted: Vec<_> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|it| name.contains(&**it));
    let mut code = ExitCode::SUCCESS;
    for (name, test) in tests.iter().filter(|(name, _)| is_wanted(name)) {
        let good = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if good { "ok" } else { "FAILED" });
        if !good {
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// Processes whose parent is this one.
#[must_use]
pub fn children() -> Vec<String> {
    let parent = format!("PPid:\t{}", process::id());
    let status = |pid: &str| fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let pids = fs::read_dir("/proc").into_iter().flatten();
    let pids = pids.filter_map(|it| it.ok()?.file_name().into_string().ok());
    pids.filter(|pid| status(pid).lines().any(|line| line == parent)).collect()
}
