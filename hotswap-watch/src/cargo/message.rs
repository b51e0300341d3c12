//! What a line of cargo means.

use std::path::PathBuf;

use cargo_metadata::{Artifact, CrateType, Message, diagnostic::DiagnosticLevel};

use super::Level;

/// A line of its output, which is JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Of no interest.
    Nothing,
    /// A cdylib is complete.
    Cdylib { manifest: PathBuf, file: PathBuf, fresh: bool },
    Diagnostic {
        /// The package's identity, in cargo's form.
        package: String,
        level: Level,
        rendered: String,
        /// The files that it is about, as rustc was given them.
        files: Vec<PathBuf>,
    },
    /// The build script of a package has run, now or before.
    Script {
        /// The package's identity, in cargo's form.
        package: String,
        /// What it has written.
        out: PathBuf,
    },
    /// It is over.
    Finished { success: bool },
}

/// A line of its standard error, which is text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// What it does, of no interest.
    Status,
    Compiling(&'a str),
    WaitsFor(&'a str),
    /// It asks the network; the verb and what it is about.
    Fetches(&'a str),
    /// How far it has come.
    Progress(Count<'a>),
    /// A part of a message.
    Text,
}

/// So many of what is to be compiled are done, and these are being worked on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count<'a> {
    pub(super) done: usize,
    pub(super) total: usize,
    pub(super) names: Vec<&'a str>,
}

pub(super) fn output(line: &[u8]) -> Output {
    let Some(Ok(message)) = Message::parse_stream(line).next() else { return Output::Nothing };
    match message {
        Message::CompilerArtifact(artifact) => self::artifact(artifact),
        Message::CompilerMessage(found) => {
            let diagnostic = found.message;
            match level(diagnostic.level) {
                Some(level) if !(diagnostic.spans.is_empty() && is_count(&diagnostic.message)) => {
                    let spans = diagnostic.spans.iter().map(|span| span.file_name.as_str());
                    let files = spans.chain(unread(&diagnostic.message)).map(PathBuf::from);
                    let files = files.collect();
                    let rendered = diagnostic.rendered.unwrap_or(diagnostic.message);
                    let rendered = rendered.trim_end().to_owned();
                    Output::Diagnostic { package: found.package_id.repr, level, rendered, files }
                }
                _ => Output::Nothing,
            }
        }
        Message::BuildFinished(finished) => Output::Finished { success: finished.success },
        Message::BuildScriptExecuted(script) => {
            Output::Script { package: script.package_id.repr, out: script.out_dir.into() }
        }
        _ => Output::Nothing,
    }
}

fn artifact(artifact: Artifact) -> Output {
    if !artifact.target.crate_types.contains(&CrateType::CDyLib) {
        return Output::Nothing;
    }
    let is_library = |file: &PathBuf| {
        file.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
    };
    match artifact.filenames.into_iter().map(PathBuf::from).find(is_library) {
        Some(file) => {
            Output::Cdylib { manifest: artifact.manifest_path.into(), file, fresh: artifact.fresh }
        }
        None => Output::Nothing,
    }
}

fn level(level: DiagnosticLevel) -> Option<Level> {
    match level {
        DiagnosticLevel::Ice | DiagnosticLevel::Error => Some(Level::Error),
        DiagnosticLevel::Warning => Some(Level::Warning),
        DiagnosticLevel::Note | DiagnosticLevel::Help => Some(Level::Note),
        // "For more information about this error, try `rustc --explain E0308`."
        _ => None,
    }
}

/// The file that `include_str!` and its like have not found.
fn unread(message: &str) -> Option<&str> {
    message.strip_prefix("couldn't read `")?.split('`').next()
}

/// The compiler's own count of what it found: "aborting due to 2 previous errors; 1 warning
/// emitted", "1 warning emitted".
fn is_count(message: &str) -> bool {
    message.starts_with("aborting due to ")
        || message.ends_with(" warning emitted")
        || message.ends_with(" warnings emitted")
}

pub(super) fn said(line: &str) -> Said<'_> {
    let Some((verb, rest)) = status(line) else { return Said::Text };
    match verb {
        "Compiling" => Said::Compiling(rest.split(' ').next().unwrap_or(rest)),
        "Updating" | "Downloading" => Said::Fetches(line.trim_start()),
        "Building" => count(rest).map_or(Said::Status, Said::Progress),
        "Blocking" => match rest.strip_prefix("waiting for file lock on ") {
            Some(what) => Said::WaitsFor(what),
            None => Said::Status,
        },
        _ => Said::Status,
    }
}

/// `[=====>      ] 37/92: serde, syn(build)`
fn count(rest: &str) -> Option<Count<'_>> {
    let (_, rest) = rest.split_once("] ")?;
    let (count, names) = rest.split_once(':').unwrap_or((rest, ""));
    let (done, total) = count.trim().split_once('/')?;
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "...");
    Some(Count { done: done.parse().ok()?, total: total.parse().ok()?, names: names.collect() })
}

/// Cargo's status lines have a verb that ends in the twelfth column.
fn status(line: &str) -> Option<(&str, &str)> {
    let (verb, rest) = (line.get(..12)?, line.get(12..)?);
    let verb = verb.trim_start();
    let is_verb =
        verb.starts_with(char::is_uppercase) && verb.bytes().all(|b| b.is_ascii_alphabetic());
    is_verb.then(|| rest.strip_prefix(' ')).flatten().map(|rest| (verb, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str = r#"{"kind":["cdylib","rlib"],"crate_types":["cdylib","rlib"],
        "name":"arcade","src_path":"/w/arcade/src/lib.rs","edition":"2024","doc":true,
        "doctest":true,"test":true}"#;

    /// On one line, as cargo writes it.
    fn line(template: &str) -> Vec<u8> {
        template.replace("TARGET", TARGET).replace('\n', "").into_bytes()
    }

    fn artifact(target: &str, files: &str) -> Vec<u8> {
        line(
            &r#"{"reason":"compiler-artifact","package_id":"path+file:///w/arcade#0.1.0",
            "manifest_path":"/w/arcade/Cargo.toml","target":TARGET,"profile":{"opt_level":"0",
            "debuginfo":2,"debug_assertions":true,"overflow_checks":true,"test":false},
            "features":[],"filenames":FILES,"executable":null,"fresh":false}"#
                .replace("FILES", files)
                .replace("TARGET", target),
        )
    }

    fn diagnostic(level: &str, message: &str, spans: &str) -> Vec<u8> {
        line(&format!(
            r#"{{"reason":"compiler-message","package_id":"path+file:///w/arcade#0.1.0",
            "manifest_path":"/w/arcade/Cargo.toml","target":TARGET,"message":{{"rendered":
            "{level}: {message}\n\n","$message_type":"diagnostic","children":[],"code":null,
            "level":"{level}","message":"{message}","spans":{spans}}}}}"#
        ))
    }

    #[test]
    fn the_dynamic_library_is_found_among_the_files() {
        let files = format!(
            r#"["/t/debug/libarcade.rlib","/t/debug/libarcade.{}"]"#,
            std::env::consts::DLL_EXTENSION
        );
        let Output::Cdylib { manifest, file, fresh } = output(&artifact(TARGET, &files)) else {
            panic!("{:?}", output(&artifact(TARGET, &files)));
        };
        assert_eq!(manifest, PathBuf::from("/w/arcade/Cargo.toml"));
        assert_eq!(file.extension().unwrap(), std::env::consts::DLL_EXTENSION);
        assert!(!fresh);
        // A `cargo check`, or another kind of crate, has none.
        assert_eq!(output(&artifact(TARGET, r#"["/t/libarcade.rmeta"]"#)), Output::Nothing);
        let macros = TARGET.replace("cdylib", "proc-macro");
        assert_eq!(output(&artifact(&macros, &files)), Output::Nothing);
    }

    #[test]
    fn what_the_compiler_found_keeps_its_text() {
        let wanted = |level, text: &str| Output::Diagnostic {
            package: "path+file:///w/arcade#0.1.0".into(),
            level,
            rendered: text.into(),
            files: Vec::new(),
        };
        let table = [
            ("error", "no such name", wanted(Level::Error, "error: no such name")),
            (
                "error: internal compiler error",
                "oh",
                wanted(Level::Error, "error: internal compiler error: oh"),
            ),
            ("warning", "unused", wanted(Level::Warning, "warning: unused")),
            ("note", "look", wanted(Level::Note, "note: look")),
            ("failure-note", "For more information", Output::Nothing),
            ("error", "aborting due to 2 previous errors; 1 warning emitted", Output::Nothing),
            ("warning", "1 warning emitted", Output::Nothing),
            ("warning", "3 warnings emitted", Output::Nothing),
        ];
        for (level, message, wanted) in table {
            assert_eq!(output(&diagnostic(level, message, "[]")), wanted, "{level}: {message}");
        }
    }

    #[test]
    fn the_end_of_a_build_says_how_it_went() {
        let finished = |line: &str| output(line.as_bytes());
        for success in [true, false] {
            let line = format!(r#"{{"reason":"build-finished","success":{success}}}"#);
            assert_eq!(finished(&line), Output::Finished { success });
        }
    }

    #[test]
    fn a_file_that_was_not_found_is_one_that_it_is_about() {
        let missing = "couldn't read `m/src/../a.txt`: No such file or directory (os error 2)";
        let found = output(&diagnostic("error", missing, "[]"));
        let Output::Diagnostic { files, .. } = found else { panic!("{found:?}") };
        assert_eq!(files, [PathBuf::from("m/src/../a.txt")]);
    }

    #[test]
    fn a_script_that_has_run_says_where() {
        let said = line(
            r#"{"reason":"build-script-executed","package_id":"path+file:///w/a#0.1.0",
            "linked_libs":[],"linked_paths":[],"cfgs":[],"env":[],"out_dir":"/t/build/a-1/out"}"#,
        );
        let package = "path+file:///w/a#0.1.0".to_owned();
        assert_eq!(output(&said), Output::Script { package, out: "/t/build/a-1/out".into() });
    }

    #[test]
    fn other_lines_mean_nothing() {
        for line in [
            &b""[..],
            b"hello from a wrapper",
            br#"{"reason":"from-the-future","x":1}"#,
            b"\xff\xfe{",
        ] {
            assert_eq!(output(line), Output::Nothing, "{line:?}");
        }
    }

    #[test]
    fn a_line_of_status_is_told_from_a_message() {
        let table = [
            ("   Compiling arcade v0.1.0 (/w/my game)", Said::Compiling("arcade")),
            (
                "    Blocking waiting for file lock on build directory",
                Said::WaitsFor("build directory"),
            ),
            ("    Blocking something", Said::Status),
            ("    Updating crates.io index", Said::Fetches("Updating crates.io index")),
            (
                "    Building [==>    ] 3/12: serde, syn(build), ...    ",
                Said::Progress(Count { done: 3, total: 12, names: vec!["serde", "syn(build)"] }),
            ),
            (
                "    Building [======>] 12/12",
                Said::Progress(Count { done: 12, total: 12, names: vec![] }),
            ),
            ("    Building [x", Said::Status),
            ("    Finished `dev` profile [unoptimized] target(s) in 0.01s", Said::Status),
            ("      Adding x v1.0.0", Said::Status),
            ("error: no matching package named `x` found", Said::Text),
            ("  process didn't exit successfully: `x`", Said::Text),
            ("Caused by:", Said::Text),
            ("   ä Compiling x", Said::Text),
            ("", Said::Text),
        ];
        for (line, wanted) in table {
            assert_eq!(said(line), wanted, "{line}");
        }
    }
}
