//! What a package's build script has set for it: `cargo::rustc-cfg`, which no other trace shows.
//!
//! Cargo keeps what each run of a script has printed. A package may have several runs in one folder,
//! for several sets of features; cargo's note of the unit says which one it was, as soon as the unit
//! is compiled in full.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    sources::hash,
    unit::{Unit, notes},
};

/// The settings, as a hash; empty for none.
pub(super) fn settings(unit: &Unit) -> Result<String, String> {
    let runs = runs(unit);
    let noted = unit.note().and_then(|note| run_in(&note));
    let run = runs.iter().find(|run| noted.as_ref() == Some(&run.fingerprint));
    let possible: BTreeSet<&str> = match run {
        Some(run) => BTreeSet::from([run.settings.as_str()]),
        None => runs.iter().map(|run| run.settings.as_str()).collect(),
    };
    let mut possible = possible.into_iter();
    match (possible.next(), possible.next()) {
        (None | Some(""), None) => Ok(String::new()),
        (Some(settings), None) => Ok(hash(&[settings.as_bytes()])),
        (_, Some(_)) => Err(format!(
            "which run of its build script {} was built with is not known yet",
            unit.package
        )),
    }
}

/// A run of a build script.
struct Run {
    /// As cargo writes it beside the run: 16 digits.
    fingerprint: String,
    /// The lines that it has set.
    settings: String,
}

/// All runs of the build script of a package's name.
fn runs(unit: &Unit) -> Vec<Run> {
    let is_own =
        |name: &str| name.rsplit_once('-').is_some_and(|(package, _)| package == unit.package);
    let folders = notes(unit.folder())
        .filter(|note| note.file_name().and_then(|it| it.to_str()).is_some_and(is_own));
    folders
        .filter_map(|note| {
            let is_fingerprint = |file: &Path| {
                let name = file.file_name().and_then(|it| it.to_str()).unwrap_or_default();
                name.starts_with("run-build-script-") && file.extension().is_none()
            };
            let mut files = fs::read_dir(&note).ok()?.filter_map(Result::ok);
            let file = files.find_map(|it| Some(it.path()).filter(|it| is_fingerprint(it)))?;
            let fingerprint = fs::read_to_string(file).ok()?;
            let output = unit.folder().parent()?.join("build").join(note.file_name()?);
            let output = fs::read_to_string(output.join("output")).ok()?;
            Some(Run { fingerprint, settings: set(&output) })
        })
        .collect()
}

/// The settings in what a build script has printed, in order and once.
fn set(output: &str) -> String {
    let keys = ["cargo::rustc-cfg=", "cargo:rustc-cfg="];
    let lines = output.lines().filter_map(|line| keys.iter().find_map(|it| line.strip_prefix(it)));
    lines.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
}

/// The fingerprint of the run that a unit's note names: `"build_script_build",false,8527…]`.
fn run_in(note: &Path) -> Option<String> {
    let text = fs::read_to_string(note).ok()?;
    let (_, rest) = text.split_once("\"build_script_")?;
    let number = rest.split(']').next()?.rsplit(',').next()?;
    Some(written(number.trim().parse().ok()?))
}

/// A fingerprint as cargo writes it into a file of its own.
fn written(fingerprint: u64) -> String {
    fingerprint.to_le_bytes().map(|byte| format!("{byte:02x}")).concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_what_is_printed_for_the_compiler() {
        let output = "cargo::rustc-check-cfg=cfg(big)\ncargo:rustc-cfg=wide\n\
                      cargo::rustc-cfg=big\ncargo::rustc-cfg=big\ncargo:rustc-env=X=1\nhello\n";
        assert_eq!(set(output), "big wide");
    }

    #[test]
    fn a_fingerprint_is_written_as_cargo_does() {
        assert_eq!(written(0x0123_4567_89ab_cdef), "efcdab8967452301");
    }
}
