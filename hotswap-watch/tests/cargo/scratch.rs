//! A workspace in a scratch folder, and a builder of it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use hotswap_watch::cargo::{Builder, Diagnostic, Finished, Level, Profile, Report, Request};

/// Far longer than anything takes.
const LONG: Duration = Duration::from_secs(600);

/// A workspace with the module `arcade` and its path dependency `helper`. There is a space in its
/// path.
pub(crate) struct Scratch {
    _folder: tempfile::TempDir,
    root: PathBuf,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap().join("my work");
        fs::create_dir(&root).unwrap();
        let scratch = Self { _folder: folder, root };
        scratch.write("Cargo.toml", &workspace(&["arcade", "helper"], ""));
        scratch.package("arcade", "cdylib", "helper = { path = \"../helper\" }");
        scratch.package("helper", "lib", "");
        scratch.write("arcade/src/lib.rs", &marked("one", "helper::TEXT"));
        scratch.write("helper/src/lib.rs", "pub static TEXT: &str = \"HELPER-one-END\";\n");
        scratch
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// As an editor does that overwrites files.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A package without sources, named as its folder.
    pub(crate) fn package(&self, folder: &str, kind: &str, dependencies: &str) {
        let name = folder.rsplit('/').next().unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [lib]\ncrate-type = [\"{kind}\"]\n\n[dependencies]\n{dependencies}\n"
        );
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
    }

    /// Gives `arcade` a build script that waits as long as the file `hold` exists, and leaves its
    /// number in `pid`.
    pub(crate) fn can_hold(&self) {
        self.write(
            "arcade/build.rs",
            "use std::{fs, path::Path, process, thread, time::Duration};\n\
             fn main() {\n    \
                 println!(\"cargo:rerun-if-changed=src\");\n    \
                 fs::write(\"../pid.new\", process::id().to_string()).unwrap();\n    \
                 fs::rename(\"../pid.new\", \"../pid\").unwrap();\n    \
                 while Path::new(\"../hold\").exists() {\n        \
                     thread::sleep(Duration::from_millis(5));\n    \
                 }\n\
             }\n",
        );
    }

    /// The number of a build script that runs and waits.
    #[track_caller]
    pub(crate) fn held(&self) -> String {
        let mut pid = None;
        until(|| {
            pid = fs::read_to_string(self.at("pid")).ok();
            pid.is_some()
        });
        fs::remove_file(self.at("pid")).unwrap();
        pid.unwrap()
    }

    /// A request for `arcade`, offline and in a target folder of its own.
    pub(crate) fn request(&self) -> Request {
        Request::new(&self.root)
            .with_package("arcade")
            .with_profile(Profile::Dev)
            .with_target_folder(self.at("target/hotswap"))
            .with_argument("--offline")
    }

    pub(crate) fn start(&self) -> Watching {
        Watching::start(self.request())
    }
}

pub(crate) fn workspace(members: &[&str], rest: &str) -> String {
    format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{rest}\n")
}

/// A module whose artifact has the text `ARCADE-<mark>-END` in it, and what `uses` names.
pub(crate) fn marked(mark: &str, uses: &str) -> String {
    format!(
        "#[unsafe(no_mangle)]\npub extern \"C\" fn arcade() -> usize {{\n    \
         std::hint::black_box({uses}).len() + std::hint::black_box(\"ARCADE-{mark}-END\").len()\n}}\n"
    )
}

/// A builder and what it tells.
pub(crate) struct Watching {
    pub(crate) builder: Builder,
    reports: Receiver<(Report, Vec<u8>)>,
}

/// What was told from the start of a build to its end.
pub(crate) struct Told {
    pub(crate) because: Vec<PathBuf>,
    pub(crate) reports: Vec<Report>,
    pub(crate) finished: Finished,
    arcade: Vec<u8>,
}

impl Watching {
    #[track_caller]
    pub(crate) fn start(request: Request) -> Self {
        let (sender, reports) = mpsc::channel();
        let builder = Builder::start(request, move |report| {
            // At once: the next build overwrites it.
            let artifact = match &report {
                Report::Built { artifact, .. } => fs::read(artifact).unwrap(),
                _ => Vec::new(),
            };
            let _ = sender.send((report, artifact));
        });
        Self { builder: builder.unwrap(), reports }
    }

    #[track_caller]
    pub(crate) fn next(&self) -> Report {
        self.next_with_artifact().0
    }

    #[track_caller]
    fn next_with_artifact(&self) -> (Report, Vec<u8>) {
        self.reports.recv_timeout(LONG).expect("a report")
    }

    /// What has been told and was not looked at.
    pub(crate) fn rest(self) -> Vec<Report> {
        drop(self.builder);
        self.reports.iter().map(|(report, _)| report).collect()
    }

    /// The next build, with what was told since the last one.
    #[track_caller]
    pub(crate) fn build(&self) -> Told {
        let mut reports = Vec::new();
        let mut started = None;
        let mut arcade = Vec::new();
        loop {
            let (report, artifact) = self.next_with_artifact();
            match report {
                Report::Started { because } => {
                    assert!(started.is_none(), "two builds at a time: {reports:?}");
                    started = Some(because);
                }
                Report::Finished(finished) => {
                    let because = started.expect("a start");
                    return Told { because, reports, finished, arcade };
                }
                other => {
                    if matches!(&other, Report::Built { package, .. } if package == "arcade") {
                        arcade = artifact;
                    }
                    reports.push(other);
                }
            }
        }
    }

    /// The next build that no save has made stale.
    #[track_caller]
    pub(crate) fn last_build(&self) -> Told {
        loop {
            let told = self.build();
            if !told.finished.stale {
                return told;
            }
        }
    }

    /// The next build that is not stale, which has to succeed.
    #[track_caller]
    pub(crate) fn good_build(&self) -> Told {
        let told = self.last_build();
        assert!(told.finished.success, "{told:#?}");
        told
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { because, reports, finished, arcade: _ } = self;
        f.debug_tuple("Told").field(because).field(reports).field(finished).finish()
    }
}

impl Told {
    /// The artifact of a package, and whether it was there already.
    #[track_caller]
    pub(crate) fn built(&self, name: &str) -> (&Path, bool) {
        let built = self.reports.iter().find_map(|report| match report {
            Report::Built { package, artifact, fresh } if package == name => {
                Some((artifact.as_path(), *fresh))
            }
            _ => None,
        });
        built.unwrap_or_else(|| panic!("{name} was not built: {self:#?}"))
    }

    /// Whether the artifact of `arcade`, as it was told, has this text in it.
    pub(crate) fn has(&self, text: &str) -> bool {
        self.arcade.windows(text.len()).any(|window| window == text.as_bytes())
    }

    pub(crate) fn errors(&self) -> Vec<&Diagnostic> {
        let diagnostics = self.reports.iter().filter_map(|report| match report {
            Report::Diagnostic(found) if found.level == Level::Error => Some(found),
            _ => None,
        });
        diagnostics.collect()
    }

    pub(crate) fn interfaces(&self) -> Vec<&str> {
        let changed = self.reports.iter().filter_map(|report| match report {
            Report::InterfaceChanged { package } => Some(package.as_str()),
            _ => None,
        });
        changed.collect()
    }
}

/// Waits for something that nobody tells.
#[track_caller]
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < end, "it does not become true");
        std::thread::sleep(Duration::from_millis(2));
    }
}
