//! Records the compiler and the target, so that the manifest of a module can name them.
use std::{env, process::Command};

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = Command::new(&rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|out| String::from_utf8(out.stdout).ok())
        .map_or_else(|| "unknown".to_owned(), |text| text.trim().to_owned());
    println!("cargo::rustc-env=HOTSWAP_RUSTC={version}");
    println!("cargo::rustc-env=HOTSWAP_COMPILER={}", compiler(&rustc));
    println!("cargo::rustc-env=HOTSWAP_TARGET={}", env::var("TARGET").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    println!("cargo::rerun-if-env-changed=CARGO_ENCODED_RUSTFLAGS");
}

/// The compiler with its commit, and the flags that all crates of this build have, on one line. A
/// compiler that does not say it equals none.
fn compiler(rustc: &str) -> String {
    let verbose = Command::new(rustc).arg("-vV").output().ok();
    let verbose = verbose.and_then(|out| String::from_utf8(out.stdout).ok()).unwrap_or_default();
    let of = |key: &str| verbose.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let commit = of("commit-hash:").filter(|it| *it != "unknown");
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default().replace('\u{1f}', " ");
    match (of("release:"), commit) {
        (Some(release), Some(commit)) => {
            format!("rustc {release} {commit} {flags}").trim_end().replace('\n', " ")
        }
        _ => {
            let now = std::time::SystemTime::now();
            format!("a compiler that is not known, at {now:?}")
        }
    }
}
