//! The compiler's command line.

use std::{fs, path::PathBuf};

/// What the command line says of the crate that is being compiled.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// The crate's root file.
    pub(super) input: PathBuf,
    /// `--target`, where it is given.
    pub(super) target: Option<String>,
    /// The flags that decide about code and layout.
    pub(super) profile: String,
    pub(super) features: String,
    /// What is made of it: `bin`, `lib`, `cdylib`, …; `test` for a program of tests.
    pub(super) kinds: Vec<String>,
    /// Other settings for `#[cfg]`.
    pub(super) cfg: String,
    /// The dependencies: the name that the crate uses, and the file.
    pub(super) externs: Vec<(String, PathBuf)>,
    /// Where the compiler looks for what these depend on (`-L dependency=`): the folder of this
    /// build, and with a target of its own that for macros and build scripts as well.
    pub(super) folders: Vec<PathBuf>,
    pub(super) out_dir: PathBuf,
    /// What tells this crate from others of its name (`-C metadata`): part of each type's identity.
    pub(super) metadata: String,
    /// Cargo's hash of this unit (`-C extra-filename`); empty for a module, whose file has none in its
    /// name.
    pub(super) hash: String,
}

/// Flags of code generation that say where things go and how they are linked, and nothing of code
/// or layout; and those that are looked at on their own.
const APART: [&str; 13] = [
    "ar",
    "codegen-units",
    "dlltool",
    "embed-bitcode",
    "incremental",
    "link-arg",
    "link-args",
    "linker",
    "linker-flavor",
    "linker-plugin-lto",
    "save-temps",
    "split-debuginfo",
    "strip",
];

impl Command {
    /// Reads the command line of a compiler that cargo has started.
    pub(super) fn new(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = expanded(args.skip(1))?.into_iter().peekable();
        let (mut command, mut cfg, mut features) = (Self::default(), Vec::new(), Vec::new());
        let (mut flags, mut is_compiler) = (Vec::new(), false);
        while let Some(arg) = args.next() {
            // `--name=value`, `--name value`, `-C value`, `-Cvalue`.
            let (name, joined) = match arg.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                _ if arg.len() > 2 && arg.starts_with('-') && !arg.starts_with("--") => {
                    let (name, value) = arg.split_at(2);
                    (name, Some(value.to_owned()))
                }
                _ => (arg.as_str(), None),
            };
            let mut value = || joined.clone().or_else(|| args.next()).unwrap_or_default();
            match name {
                "--crate-name" => is_compiler = !value().is_empty(),
                "--crate-type" => command.kinds.extend(value().split(',').map(str::to_owned)),
                "--test" => command.kinds.push("test".to_owned()),
                "--target" => command.target = Some(value()),
                "--out-dir" => command.out_dir = value().into(),
                "--edition" => flags.push(format!("edition={}", value())),
                "--cfg" => {
                    let value = value();
                    match value.strip_prefix("feature=") {
                        Some(feature) => features.push(feature.trim_matches('"').to_owned()),
                        None => cfg.push(value),
                    }
                }
                "--extern" => {
                    let value = value();
                    // `options:name=path`; without a path it is the toolchain's.
                    if let Some((name, path)) = value.split_once('=') {
                        let name = name.rsplit(':').next().unwrap_or(name);
                        command.externs.push((name.to_owned(), path.into()));
                    }
                }
                "-L" => {
                    if let Some(folder) = value().strip_prefix("dependency=") {
                        command.folders.push(folder.into());
                    }
                }
                "-C" | "--codegen" => command.codegen(&value(), &mut flags),
                "-Z" => flags.push(format!("-Z{}", value())),
                "-O" | "-g" => flags.push(arg.clone()),
                _ if arg.ends_with(".rs") && !arg.starts_with('-') => command.input = arg.into(),
                _ => {}
            }
        }
        if !is_compiler || command.input.as_os_str().is_empty() {
            return Err("no compiler of cargo's has expanded it".to_owned());
        }
        if command.metadata.is_empty() {
            return Err("cargo did not build it".to_owned());
        }
        let join = |mut all: Vec<String>| {
            all.sort();
            all.dedup();
            if all.is_empty() { "none".to_owned() } else { all.join(" ") }
        };
        (command.profile, command.cfg, command.features) = (join(flags), join(cfg), join(features));
        command.externs.sort();
        Ok(command)
    }

    fn codegen(&mut self, flag: &str, flags: &mut Vec<String>) {
        let (name, value) = flag.split_once('=').unwrap_or((flag, ""));
        match name {
            "metadata" => value.clone_into(&mut self.metadata),
            "extra-filename" => value.trim_start_matches('-').clone_into(&mut self.hash),
            name if APART.contains(&name) => {}
            _ => flags.push(flag.to_owned()),
        }
    }
}

/// The arguments, with those from files (`@path`) in their places.
fn expanded(args: impl Iterator<Item = String>) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for arg in args {
        let Some(path) = arg.strip_prefix('@') else {
            all.push(arg);
            continue;
        };
        let text = fs::read_to_string(path)
            .map_err(|error| format!("the compiler's arguments in {path}: {error}"))?;
        all.extend(text.lines().map(str::to_owned));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        Command::new(line.split(' ').map(str::to_owned))
    }

    const CARGO: &str = "rustc --crate-name api --edition=2024 api/src/lib.rs --error-format=json \
                         --crate-type lib --emit=dep-info,metadata,link -C embed-bitcode=no \
                         -C debuginfo=2 --cfg feature=\"fast\" --cfg feature=\"big\" \
                         --check-cfg cfg(docsrs,test) -C metadata=b503cc71a5ebb80f \
                         -C extra-filename=-d1e4a3b2848835da --out-dir /t/debug/deps \
                         -C incremental=/t/debug/incremental -L dependency=/t/debug/deps \
                         --extern util=/t/debug/deps/libutil-dbe8f10e3f5b4e8d.rmeta \
                         --extern priv:mac=/t/debug/deps/libmac-c24759dbbda697b1.so \
                         --extern proc_macro";

    #[test]
    fn what_cargo_says_is_read() {
        let command = read(CARGO).unwrap();
        assert_eq!(command.input, PathBuf::from("api/src/lib.rs"));
        assert_eq!(command.profile, "debuginfo=2 edition=2024");
        assert_eq!((command.features.as_str(), command.cfg.as_str()), ("big fast", "none"));
        assert_eq!((&*command.metadata, &*command.hash), ("b503cc71a5ebb80f", "d1e4a3b2848835da"));
        assert_eq!(command.target, None);
        assert_eq!(command.kinds, ["lib"]);
        let externs: Vec<_> = command.externs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(externs, ["mac", "util"]);
        assert_eq!(command.folders, [Path::new("/t/debug/deps")]);
        let line = format!("{CARGO} -Ldependency=/t/macros -L native=/t/c -L /t/all");
        let folders = read(&line).unwrap().folders;
        assert_eq!(folders, [Path::new("/t/debug/deps"), Path::new("/t/macros")]);
    }

    #[test]
    fn each_flag_that_matters_changes_the_description() {
        let base = read(CARGO).unwrap();
        for flag in [
            "-C opt-level=3",
            "-Copt-level=3",
            "--codegen=opt-level=3",
            "-O",
            "-C panic=abort",
            "-C debug-assertions=off",
            "-C target-cpu=native",
            "-Zrandomize-layout",
        ] {
            let other = read(&format!("{CARGO} {flag}")).unwrap();
            assert_ne!(other.profile, base.profile, "{flag}");
        }
        let cfg = read(&format!("{CARGO} --cfg large")).unwrap();
        assert_eq!((&*cfg.cfg, &cfg.features), ("large", &base.features));
        let target = read(&format!("{CARGO} --target=wasm32-unknown-unknown")).unwrap();
        assert_eq!(target.target.as_deref(), Some("wasm32-unknown-unknown"));
        for flag in ["-C linker=lld", "-C link-arg=-s", "-Cincremental=/x", "-C strip=symbols"] {
            assert_eq!(read(&format!("{CARGO} {flag}")).unwrap(), base, "{flag}");
        }
    }

    #[test]
    fn arguments_may_stand_in_a_file() {
        let file = env_file("args");
        fs::write(&file, CARGO.split(' ').skip(1).collect::<Vec<_>>().join("\n")).unwrap();
        let line = format!("rustc @{}", file.display());
        assert_eq!(read(&line).unwrap(), read(CARGO).unwrap());
        fs::remove_file(file).unwrap();
    }

    fn env_file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("hotswap-macros-{}-{name}", std::process::id()))
    }

    #[test]
    fn other_programs_are_no_compilers() {
        for line in ["rust-analyzer proc-macro", "rustc", "rustc --crate-name x src/lib.rs"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
