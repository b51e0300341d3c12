//! The description of this build, line by line.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::SystemTime,
};

use super::{
    command::Command,
    metadata, script,
    sources::Sources,
    unit::{self, Unit},
};

/// A description of this build.
pub(crate) struct Build {
    /// The lines.
    pub(crate) text: String,
    /// Files of this crate that the description rests on: the compiler is to note that it depends
    /// on them.
    pub(crate) files: Vec<PathBuf>,
}

/// This build. It is the same for every interface of a crate, so it is described once.
pub(crate) fn build() -> &'static Build {
    static BUILD: OnceLock<Build> = OnceLock::new();
    BUILD.get_or_init(|| {
        describe().unwrap_or_else(|why| Build { text: line('!', "", &why), files: Vec::new() })
    })
}

/// A line; `' '` is no mark.
fn line(mark: char, what: &str, value: &str) -> String {
    let mark = if mark == ' ' { String::new() } else { mark.to_string() };
    format!("{mark}{}\t{}\n", clean(what), clean(value))
}

fn line_of_sources(package: &str, sources: &Sources) -> String {
    format!("sources of {}\t{}\t{}\n", clean(package), sources.hash, clean(&sources.list))
}

pub(super) fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn describe() -> Result<Build, String> {
    let command = Command::new(env::args())?;
    let name = env::var("CARGO_PKG_NAME").map_err(|_| "cargo did not build it".to_owned())?;
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let units = Unit::closure(&command.externs, &command.folders)?;
    if command.hash.is_empty() {
        return Err(unit::without_hash(&name));
    }
    if let Some(unit) = units.iter().find(|unit| unit.hash.is_empty()) {
        return Err(unit::without_hash(&unit.package));
    }
    let mut text = String::new();
    let mut put = |mark, what: &str, value: &str| text.push_str(&line(mark, what, value));

    put(' ', "--target", command.target.as_deref().unwrap_or("none"));
    put(' ', "profile", &command.profile);
    put(' ', &format!("features of {name}"), &command.features);
    put(' ', "cfg", &command.cfg);
    put(' ', &format!("crate {name}"), &version);
    let mut soft: Vec<_> = units
        .iter()
        .filter_map(|unit| Some((format!("features of {}", unit.package), unit.features()?)))
        .collect();
    soft.sort();
    soft.iter().for_each(|(what, value)| put('?', what, value));
    let mut versions: Vec<_> =
        units.iter().map(|unit| (&unit.package, unit.shown_version())).collect();
    versions.sort();
    for (package, version) in versions {
        put(' ', &format!("dependency {package}"), &version);
    }
    // Those of the direct ones cover what is below them.
    for (krate, file) in &command.externs {
        put(' ', &format!("build of {krate}"), metadata::hash_in(file).unwrap_or_default());
    }
    put(' ', &format!("build of {name}"), &command.metadata);

    let mut doubts = BTreeSet::new();
    for unit in units.iter().filter(|unit| unit.is_local()) {
        let sources = Sources::of_unit(unit)?;
        text += &line_of_sources(&unit.package, &sources);
        doubts.extend(doubt(&unit.package, &sources, unit.begun()));
        match script::settings(unit) {
            Ok(settings) if settings.is_empty() => {}
            Ok(settings) => text += &line(' ', &format!("settings of {}", unit.package), &settings),
            Err(why) => doubts.extend([("changed", why)]),
        }
    }
    let own = Sources::of_crate(&command.input, env::var_os("OUT_DIR").as_deref().map(Path::new))?;
    text += &line_of_sources(&name, &own);
    let begun = unit::begun(&command.out_dir, &command.hash);
    doubts.extend(doubt(&name, &own, begun));
    doubts.iter().for_each(|(what, why)| text += &line('!', what, why));
    Ok(Build { text, files: own.files })
}

/// Whether the sources may be others than those that were compiled: what it is about, and why.
pub(super) fn doubt(
    package: &str,
    sources: &Sources,
    begun: Option<SystemTime>,
) -> Option<(&'static str, String)> {
    let Some(begun) = begun else {
        let why = format!("cargo's note of when it began to build {package} is not there");
        return Some(("", why));
    };
    let (time, file) = sources.newest.as_ref().filter(|(time, _)| *time > begun)?;
    // No build begins after it.
    Some(if *time > SystemTime::now() {
        ("", format!("{file} of {package} has a time in the future; touch it"))
    } else {
        ("changed", format!("{file} of {package} was changed while it was being built"))
    })
}
