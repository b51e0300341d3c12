//! How cargo is called: its arguments, as plain text.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;

use super::Request;

/// Arguments of `cargo metadata`: those of the request that say what the workspace is made of go
/// along. Dependencies of other platforms are left out, so that they need not be there.
pub(super) fn metadata(request: &Request) -> Vec<OsString> {
    let own = ["metadata", "--format-version=1", "--filter-platform=host-tuple", "--color=never"];
    let own = own.into_iter().map(str::to_owned);
    own.chain(about_the_workspace(&request.arguments)).map(Into::into).collect()
}

/// The width of cargo's line of progress, with room for the names of what it compiles.
const WIDTH: u16 = 400;

/// Arguments of `cargo build` for these packages, in the form that `-p` takes, in one invocation.
///
/// What the configuration may say of the place of intermediate files is overruled: they belong into
/// a folder of the builder's own, and its dependency files have whole paths.
pub(super) fn build<'a>(
    request: &Request,
    target_folder: &Path,
    build_folder: &Path,
    packages: impl Iterator<Item = &'a str>,
) -> Vec<OsString> {
    let profile = request.profile.name();
    let format = if request.colors { "json-diagnostic-rendered-ansi" } else { "json" };
    let mut all: Vec<OsString> = vec![
        "build".into(),
        "--lib".into(),
        format!("--message-format={format}").into(),
        // The lines that `message` reads, without escape codes.
        "--color=never".into(),
        "--target-dir".into(),
        target_folder.into(),
        "--profile".into(),
        profile.into(),
        "--config".into(),
        format!("profile.{profile}.panic=\"unwind\"").into(),
        // The lines that `message` counts by.
        "--config".into(),
        "term.progress.when=\"always\"".into(),
        "--config".into(),
        format!("term.progress.width={WIDTH}").into(),
    ];
    let root = target_folder.ancestors().last().unwrap_or(target_folder);
    for (key, folder) in [("build.build-dir", build_folder), ("build.dep-info-basedir", root)] {
        // Cargo's configuration is UTF-8.
        if let Some(folder) = folder.to_str() {
            all.extend(["--config".into(), format!("{key}={}", quoted(folder)).into()]);
        }
    }
    for package in packages {
        all.extend(["-p".into(), package.into()]);
    }
    all.extend(request.arguments.iter().map(Into::into));
    all
}

/// As a string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Those of `arguments` that mean the same to `cargo metadata`.
fn about_the_workspace(arguments: &[String]) -> Vec<String> {
    const ALONE: [&str; 5] =
        ["--offline", "--locked", "--frozen", "--all-features", "--no-default-features"];
    const WITH_VALUE: [&str; 5] = ["--config", "--features", "-F", "-Z", "--lockfile-path"];
    let mut taken = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let joined = |name: &&str| {
            argument.strip_prefix(*name).is_some_and(|value| match name.starts_with("--") {
                true => value.starts_with('='),
                false => !value.is_empty(),
            })
        };
        if ALONE.contains(&argument.as_str()) || WITH_VALUE.iter().any(joined) {
            taken.push(argument.clone());
        } else if WITH_VALUE.contains(&argument.as_str()) {
            taken.push(argument.clone());
            taken.extend(rest.next().cloned());
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    #[test]
    fn one_build_for_all_packages_unwinds() {
        let request = Request::new("/w").with_profile(Profile::Named("fast".into()));
        let request = request.with_argument("--offline");
        let all = build(
            &request,
            Path::new("/w/my target"),
            Path::new("/w/a \"b\\c"),
            ["a", "b"].into_iter(),
        );
        let wanted = [
            "build",
            "--lib",
            "--message-format=json",
            "--color=never",
            "--target-dir",
            "/w/my target",
            "--profile",
            "fast",
            "--config",
            "profile.fast.panic=\"unwind\"",
            "--config",
            "term.progress.when=\"always\"",
            "--config",
            "term.progress.width=400",
            "--config",
            r#"build.build-dir="/w/a \"b\\c""#,
            "--config",
            r#"build.dep-info-basedir="/""#,
            "-p",
            "a",
            "-p",
            "b",
            "--offline",
        ];
        assert_eq!(all, wanted);
        let folder = Path::new("/t");
        let all = build(&request.with_colors(true), folder, folder, std::iter::empty());
        assert_eq!(all[2], "--message-format=json-diagnostic-rendered-ansi");
    }

    #[test]
    fn the_metadata_is_asked_for_the_same_workspace() {
        let table: [(&[&str], &[&str]); 6] = [
            (&[], &[]),
            (&["--offline", "--timings", "-v"], &["--offline"]),
            (&["-j", "4", "--features", "x y"], &["--features", "x y"]),
            (&["--features=x", "--config=a.b=1"], &["--features=x", "--config=a.b=1"]),
            (&["-Fx", "-Z", "next", "--featureless"], &["-Fx", "-Z", "next"]),
            (&["--config"], &["--config"]),
        ];
        for (given, wanted) in table {
            let given: Vec<String> = given.iter().map(|&argument| argument.into()).collect();
            assert_eq!(about_the_workspace(&given), wanted, "{given:?}");
        }
    }
}
