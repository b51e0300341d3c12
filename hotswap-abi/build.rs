//! Records the compiler and the target, so that the manifest of a module can name them, and what
//! the names of std's internal symbols begin with.
use std::{env, fs, path::Path, process::Command};

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
    println!("cargo::rustc-check-cfg=cfg(hotswap_allocator_is_seen)");
    if let Some(prefix) = internal_symbols(&rustc) {
        println!("cargo::rustc-cfg=hotswap_allocator_is_seen");
        println!("cargo::rustc-env=HOTSWAP_INTERNAL={prefix}");
    }
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

/// What the names of std's internal symbols begin with, which depends on the compiler's version, if
/// std's library has the functions behind Rust's allocator under such names.
fn internal_symbols(rustc: &str) -> Option<String> {
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|it| it == value);
    // Where it is known how the compiler's functions lead to std's.
    if !is("CARGO_CFG_TARGET_ARCH", "x86_64") || !is("CARGO_CFG_TARGET_OS", "linux") {
        return None;
    }
    let target = env::var("TARGET").ok()?;
    let asked = ["--print", "target-libdir", "--target", &target];
    let folder = Command::new(rustc).args(asked).output().ok()?;
    let folder = String::from_utf8(folder.stdout).ok()?;
    let is_std = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    };
    let files = fs::read_dir(folder.trim()).ok()?;
    let file = files.flatten().map(|entry| entry.path()).find(|path| is_std(path))?;
    let library = fs::read(file).ok()?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut names = library.split(|byte| !is_name(byte)).filter(|name| name.starts_with(b"_RNvCs"));
    let prefix = names.find_map(|name| name.strip_suffix(b"11___rdl_alloc"))?;
    Some(String::from_utf8_lossy(prefix).into_owned())
}
