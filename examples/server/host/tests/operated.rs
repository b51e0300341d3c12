//! The book's chapter on operating says what is seen: its trial is played, line by line.
//!
//! Of the part of the chapter before "Reference", `sh` blocks are typed: a variable is set, or the
//! server is started. `console` blocks are commands of the second terminal with what they answer,
//! `text` blocks are lines of the server's terminal, and a line there without a space is typed.
//! `diff` blocks are edits. A line `…` stands for lines that are not shown.

#[path = "operated/same.rs"]
mod same;

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use hotswap_testing::Terminal;
use serde_json::Value;
use tempfile::TempDir;

use self::same::Same;

/// Where the reader has the clone of this repository, and the server's folder.
const CLONE: &str = "/home/ada/hotswap";
const FOLDER: &str = "/tmp/prices";

#[test]
fn the_chapter_says_what_is_seen() {
    let chapter = fs::read_to_string(root().join("docs/src/operating.md")).unwrap();
    let (trial, _) = chapter.split_once("\n## Reference").expect("the reference follows the trial");
    let mut desk = Desk::new();
    let mut seen = BTreeMap::new();
    for block in trial.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        *seen.entry(language).or_insert(0) += 1;
        match language {
            "sh" => desk.types(text),
            "console" => desk.asks(text),
            "text" => desk.sees(text),
            "diff" => desk.edits(text),
            "rust" => {}
            other => panic!("a block of {other}"),
        }
    }
    let ended = desk.server.as_mut().expect("it was started").ended();
    assert!(ended.success(), "{ended}");
    assert!(seen["console"] > 10 && seen["text"] > 5 && seen["diff"] > 3, "{seen:?}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}

/// A reader with two terminals, in a copy of the example.
struct Desk {
    /// Ends before its folder goes.
    server: Option<Terminal>,
    copy: PathBuf,
    folder: TempDir,
    /// Where `hotswap` is, before everything else.
    path: String,
    variables: Vec<(String, String)>,
    same: Same,
}

impl Desk {
    fn new() -> Self {
        let profile = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        let target = profile.parent().unwrap();
        build_hotswap(target, profile.ends_with("release"));
        let copy = target.join("operated");
        if copy.exists() {
            fs::remove_dir_all(&copy).unwrap();
        }
        let abi = root().join("hotswap-abi").display().to_string();
        for file in ["api/Cargo.toml", "api/src/lib.rs", "module/Cargo.toml", "module/src/lib.rs"] {
            let to = copy.join("examples/server").join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let text = fs::read_to_string(root().join("examples/server").join(file)).unwrap();
            fs::write(to, text.replace("../../../hotswap-abi", &abi)).unwrap();
        }
        let members = "[workspace]\nresolver = \"3\"\n\
             members = [\"examples/server/api\", \"examples/server/module\"]\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n";
        fs::write(copy.join("Cargo.toml"), members).unwrap();
        // The same versions of everything, so that nothing has to be looked up.
        fs::copy(root().join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();
        // Shared with the tour's module: what both depend on is built once.
        let built = target.join("quickstart/build");
        fs::create_dir_all(&built).unwrap();
        symlink(built, copy.join("target")).unwrap();

        let cargo = Path::new(env!("CARGO")).parent().unwrap().display().to_string();
        let others = env::var("PATH").unwrap_or_default();
        let path = format!("{}:{cargo}:{others}", profile.display());
        // A socket's path is short.
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let here = folder.path().display().to_string();
        let places = vec![(CLONE, copy.display().to_string()), (FOLDER, here)];
        let same = Same { places, names: BTreeMap::new() };
        let variables = vec![("USER".to_owned(), "ada".to_owned())];
        Self { copy, folder, path, variables, same, server: None }
    }

    fn types(&mut self, text: &str) {
        for line in text.lines() {
            let line = self.same.real(line);
            if let Some((name, value)) =
                line.strip_prefix("export ").and_then(|it| it.split_once('='))
            {
                self.variables.push((name.to_owned(), value.to_owned()));
            } else if line.starts_with("cargo run -p price-server -- ") {
                // One that was killed has ended before its terminal takes the next command.
                drop(self.server.take());
                // The one that was built with this test.
                let mut command = Command::new(env!("CARGO_BIN_EXE_price-server"));
                self.server = Some(Terminal::start(command.arg(self.folder.path())));
            } else {
                panic!("what is {line:?}?");
            }
        }
    }

    /// Commands, each with what it answers.
    #[track_caller]
    fn asks(&mut self, text: &str) {
        for asked in format!("\n{text}").split("\n$ ").skip(1) {
            let (command, expected) = asked.split_once('\n').unwrap_or((asked, ""));
            let expected: Vec<_> = expected.lines().collect();
            let looks = ["status", "why", "plan", "history", "report"]
                .iter()
                .any(|verb| command.starts_with(&format!("hotswap {verb}")));
            let begun = Instant::now();
            loop {
                let answer = self.run(command);
                let before = self.same.names.clone();
                match self.same.lines(&expected, &answer.lines().collect::<Vec<_>>()) {
                    Ok(()) => break,
                    // A reader is slower than what he waits for.
                    Err(_) if looks && begun.elapsed() < Duration::from_secs(20) => {
                        self.same.names = before;
                        thread::sleep(Duration::from_millis(50));
                    }
                    Err(why) => panic!("$ {command}\n{answer}\n{why}"),
                }
            }
        }
    }

    /// In the second terminal.
    fn run(&self, command: &str) -> String {
        let (command, path) = match command.split_once(" | jq -r ") {
            Some((command, path)) => (command, Some(path)),
            None => (command, None),
        };
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1\n{}", self.same.real(command))])
            .current_dir(&self.copy)
            .env("PATH", &self.path)
            .env("CARGO_TARGET_DIR", self.copy.join("target"))
            .env_remove("RUST_BACKTRACE")
            .envs(self.variables.clone())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        path.map_or(text.clone(), |path| jq(&text, path))
    }

    /// Lines of the first terminal, in this order; others may be between them.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let server = self.server.as_mut().expect("it was started");
        for expected in text.lines() {
            if expected.contains(' ') {
                server.sees(expected, |line| self.same.line(expected, line).is_ok());
            } else {
                server.types(expected);
            }
        }
    }

    /// `--- file`, then lines that go and lines that come.
    #[track_caller]
    fn edits(&self, text: &str) {
        for piece in format!("\n{text}\n").split("\n--- ").skip(1) {
            let (file, lines) = piece.split_once('\n').unwrap();
            let path = self.copy.join(file);
            let mut source = fs::read_to_string(&path).unwrap();
            for hunk in lines.trim_end().split("\n@@\n") {
                let side = |not: char| -> String {
                    let lines = hunk.lines().filter(|line| !line.starts_with(not));
                    lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
                };
                let (from, to) = (side('+'), side('-'));
                assert_eq!(source.matches(&from).count(), 1, "{file}: {from}");
                source = source.replace(&from, &to);
            }
            fs::write(path, source).unwrap();
        }
    }
}

fn build_hotswap(target: &Path, release: bool) {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "hotswap-cli", "--bin", "hotswap"])
        .args(release.then_some("--release"))
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// As far as the chapter needs it: `.name` and `[number]`.
fn jq(json: &str, path: &str) -> String {
    let whole: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"));
    let steps = path.split(['.', '[', ']']).filter(|step| !step.is_empty());
    let found = steps.fold(&whole, |value, step| match step.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[step],
    });
    found.as_str().map_or(found.to_string(), str::to_owned)
}
