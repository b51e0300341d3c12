//! Compiler, cargo and linker: a small library is really built, with the workspace's settings.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use semver::Version;
use tempfile::TempDir;

use super::finding::{Finding, Level};
use crate::workspace::cargo;

/// The oldest compiler that hotswap is built with.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

pub(super) fn look(folder: &Path) -> Vec<Finding> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let rustc = tool("rustc", rustc.current_dir(folder));
    let cargo = tool("cargo", cargo().current_dir(folder));
    let builds = cargo.as_ref().is_ok_and(|it| it.level == Level::Ok);
    let mut findings: Vec<Finding> =
        [rustc, cargo].into_iter().map(|it| it.unwrap_or_else(|finding| finding)).collect();
    if builds {
        findings.push(linker(folder));
    }
    findings
}

fn tool(name: &'static str, command: &mut Command) -> Result<Finding, Finding> {
    let output = command.arg("--version").stdin(Stdio::null()).output().map_err(|error| {
        Finding::fail(name, format!("cannot be run: {error}"), "install Rust: https://rustup.rs")
    })?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Finding::fail(name, said, "mend the installation: `rustup update`"));
    }
    Ok(judge(name, &text))
}

fn judge(name: &'static str, text: &str) -> Finding {
    let least: Option<Version> = format!("{OLDEST}.0").parse().ok();
    let found: Option<Version> = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    match (found, least) {
        // A nightly of the least version is as good.
        (Some(found), Some(least)) if (found.major, found.minor) < (least.major, least.minor) => {
            let advice = format!("hotswap needs {OLDEST} or newer: `rustup update`");
            Finding::fail(name, text, advice)
        }
        _ => Finding::ok(name, text),
    }
}

fn linker(folder: &Path) -> Finding {
    let aside = match project() {
        Ok(aside) => aside,
        Err(error) => {
            return Finding::warn(
                "linker",
                format!("not tried, for no folder can be made to build in: {error}"),
                "make the temporary folder writable, or set TMPDIR",
            );
        }
    };
    match build(aside.path(), folder) {
        Ok(linker) => Finding::ok("linker", format!("{linker} links a cdylib")),
        Err(said) => Finding::fail(
            "linker",
            format!("a small cdylib cannot be built: {said}"),
            "install a C compiler with its linker (cc), or mend the linker in .cargo/config.toml",
        ),
    }
}

/// A small library.
fn project() -> io::Result<TempDir> {
    let aside = tempfile::tempdir()?;
    let package = "[package]\nname = \"probe\"\nedition = \"2024\"\n[lib]\ncrate-type = \
                   [\"cdylib\"]\npath = \"lib.rs\"\n[workspace]\n";
    let source = "#[unsafe(no_mangle)]\npub extern \"C\" fn probe() {}\n";
    fs::write(aside.path().join("Cargo.toml"), package)?;
    fs::write(aside.path().join("lib.rs"), source)?;
    Ok(aside)
}

/// Builds it, with the configuration of a workspace's folder.
fn build(project: &Path, folder: &Path) -> Result<String, String> {
    let mut command = cargo();
    command.args(["rustc", "--offline", "--quiet", "--color=never", "--manifest-path"]);
    command.arg(project.join("Cargo.toml")).arg("--target-dir").arg(project.join("target"));
    command.args(["--", "--print=link-args"]).current_dir(folder).stdin(Stdio::null());
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(name(&String::from_utf8_lossy(&output.stdout)))
}

/// The linker in the command line that rustc prints.
fn name(line: &str) -> String {
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| word.trim_matches('"'))
        .filter(|it| !it.contains('=') || it.starts_with('-'))
        .collect();
    let program = words.first().copied().unwrap_or("the linker");
    let chosen = words.iter().find_map(|word| word.strip_prefix("-fuse-ld="));
    match chosen {
        Some(linker) => format!("{program} with {linker}"),
        None => program.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_compiler_does_not_do() {
        let level = |text: &str| judge("rustc", text).level;
        assert_eq!(level("rustc 1.80.1 (3f5fd8dd4 2024-08-06)"), Level::Fail);
        assert_eq!(level(&format!("rustc {OLDEST}.0-nightly (x)")), Level::Ok);
        assert_eq!(level("cargo 9.1.0"), Level::Ok);
        // A compiler that names itself otherwise is somebody's choice.
        assert_eq!(level("rustc of mine"), Level::Ok);
    }

    #[test]
    fn the_linker_is_named() {
        assert_eq!(
            name("LC_ALL=\"C\" PATH=\"/bin\" \"cc\" \"-m64\" \"-fuse-ld=lld\"\n"),
            "cc with lld"
        );
        assert_eq!(name("\"/opt/clang\" \"x.o\""), "/opt/clang");
    }
}
