//! The environment of the cargo that is run: that of the host, without what the cargo that
//! started the host has put there for it.
//!
//! A host under `cargo run` inherits the variables of its own package. Build scripts and `env!`
//! would see them, and be built again whenever they differ. What the user has set is kept.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What becomes of a variable.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Remove,
    Set(OsString),
}

/// Variables of cargo for the programs it starts, build scripts among them.
const REMOVED: [&str; 10] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_RUSTC_CURRENT_DIR",
    "CARGO_SBOM_PATH",
    "CARGO_TARGET_TMPDIR",
    // `--target-dir` has the last word, also for build scripts that call cargo.
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_TARGET_DIR",
    "OUT_DIR",
    "RUST_RECURSION_COUNT",
];

const REMOVED_PREFIXES: [&str; 6] =
    ["CARGO_BIN_EXE_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_MANIFEST_", "CARGO_PKG_", "__CARGO"];

/// They name descriptors that this process does not have.
const JOB_SERVERS: [&str; 3] = ["CARGO_MAKEFLAGS", "MAKEFLAGS", "MFLAGS"];

const LIBRARY_PATHS: [&str; 3] =
    ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];

/// What becomes of a variable. `target_folder`: where cargo has built the host, most likely.
pub(super) fn judge(name: &OsStr, value: &OsStr, target_folder: Option<&Path>) -> Verdict {
    let Some(name) = name.to_str() else { return Verdict::Keep };
    if LIBRARY_PATHS.contains(&name) {
        return library_path(value, target_folder);
    }
    let by_jobs = JOB_SERVERS.contains(&name)
        && value.to_str().is_some_and(|flags| flags.contains("--jobserver"));
    let removed =
        REMOVED.contains(&name) || REMOVED_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if removed || by_jobs { Verdict::Remove } else { Verdict::Keep }
}

/// Cargo adds its output folders and the compiler's libraries, rustup those of the toolchain.
fn library_path(value: &OsStr, target_folder: Option<&Path>) -> Verdict {
    let entries: Vec<PathBuf> = env::split_paths(value).collect();
    // `<profile>/deps`, and beside it the profile's folder itself and the build scripts' output.
    let outputs: Vec<&Path> = entries
        .iter()
        .filter(|entry| entry.ends_with("deps"))
        .filter_map(|entry| entry.parent())
        .collect();
    let by_cargo = |entry: &Path| {
        outputs.iter().any(|output| entry.starts_with(output))
            || target_folder.is_some_and(|folder| entry.starts_with(folder))
            || is_toolchain(entry)
    };
    let kept: Vec<&PathBuf> = entries.iter().filter(|entry| !by_cargo(entry)).collect();
    if kept.len() == entries.len() {
        return Verdict::Keep;
    }
    if kept.iter().all(|entry| entry.as_os_str().is_empty()) {
        return Verdict::Remove;
    }
    // They come from such a list, so that they can be joined again.
    env::join_paths(kept).map_or(Verdict::Keep, Verdict::Set)
}

/// `…/toolchains/<name>/lib`, `…/rustlib/<target>/lib`.
fn is_toolchain(entry: &Path) -> bool {
    let above = |count| entry.ancestors().nth(count).and_then(Path::file_name);
    entry.ends_with("lib")
        && [above(2), above(1)].iter().flatten().any(|name| {
            // Without rustup the compiler's libraries are the system's, which nobody adds.
            *name == "toolchains" || *name == "rustlib"
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, value: &str, wanted: Verdict) {
        let target = Path::new("/home/ada/game/target");
        assert_eq!(judge(name.as_ref(), value.as_ref(), Some(target)), wanted, "{name}={value}");
    }

    #[test]
    fn what_cargo_has_put_there_is_removed() {
        for name in [
            "CARGO_PKG_NAME",
            "CARGO_PKG_VERSION_PRE",
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "CARGO_BIN_NAME",
            "CARGO_BIN_EXE_game",
            "CARGO_CRATE_NAME",
            "CARGO_TARGET_DIR",
            "OUT_DIR",
            "RUST_RECURSION_COUNT",
            "__CARGO_TEST_CHANNEL",
        ] {
            check(name, "x", Verdict::Remove);
        }
    }

    #[test]
    fn what_the_user_has_set_is_kept() {
        for name in [
            "PATH",
            "HOME",
            "CARGO",
            "CARGO_HOME",
            "CARGO_INCREMENTAL",
            "CARGO_PROFILE_DEV_OPT_LEVEL",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_BUILD_JOBS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "RUSTUP_TOOLCHAIN",
            "RUSTUP_HOME",
        ] {
            check(name, "x", Verdict::Keep);
        }
    }

    #[test]
    fn flags_of_make_are_kept_without_a_job_server() {
        check("MAKEFLAGS", " -j --jobserver-auth=3,4", Verdict::Remove);
        check("MAKEFLAGS", "-k", Verdict::Keep);
    }

    #[test]
    fn of_the_library_path_only_cargos_entries_go() {
        let set = |value: &str| Verdict::Set(value.into());
        let table = [
            ("/opt/lib", Verdict::Keep),
            ("", Verdict::Keep),
            ("/home/ada/game/target/debug/deps:/home/ada/game/target/debug", Verdict::Remove),
            ("/else/t/debug/build/x-1/out:/else/t/debug/deps:/else/t/debug:/a", set("/a")),
            ("/r/toolchains/stable-x/lib/rustlib/x86_64/lib:/r/toolchains/s/lib:", Verdict::Remove),
            ("/my/deps2:/my/lib", Verdict::Keep),
            ("/a:/r/toolchains/1.95/lib:/b/lib", set("/a:/b/lib")),
        ];
        for (value, wanted) in table {
            check("LD_LIBRARY_PATH", value, wanted);
        }
    }
}
