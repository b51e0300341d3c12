//! The book's chapter on rolling out says what is seen: its part before "Steps" is played, line by line.
//!
//! `sh` blocks start the example, `diff` blocks are edits of its module. `text` blocks are lines that it
//! prints, in this order; others may be between them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use hotswap_testing::Terminal;

#[test]
fn the_chapter_says_what_is_seen() {
    let chapter = fs::read_to_string(root().join("docs/src/strategies.md")).unwrap();
    let (_, trial) = chapter.split_once("\n## Try it").expect("it has that part");
    let (trial, _) = trial.split_once("\n## Steps").expect("the rest follows");
    let copy = Copy::new();
    let mut running = None;
    let mut lines = 0;
    for block in trial.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        match (language, &mut running) {
            ("sh", _) => {
                let strategy = text.trim().strip_prefix("cargo run -p rollout -- ").unwrap();
                let mut command = Command::new(env!("CARGO_BIN_EXE_rollout"));
                command.arg(strategy).current_dir(&copy.folder).env_remove("CARGO_TARGET_DIR");
                running = Some(Terminal::start(&mut command));
            }
            ("text", Some(running)) => {
                lines += text.lines().count();
                for line in text.lines() {
                    // What it says in the end.
                    if line.ends_with("without their tax") {
                        running.ends_input();
                    }
                    running.sees(line, |printed| same(printed) == same(line));
                }
            }
            ("diff", Some(_)) => copy.edit(text),
            ("rust", _) => {}
            (other, _) => panic!("a block of {other}, or before the example was started"),
        }
    }
    assert!(lines > 10, "{lines} lines were compared");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}

/// A copy of the example's interface and module, in a workspace of its own.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    const MODULE: &str = "module/src/lib.rs";

    fn new() -> Self {
        let profile = env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned();
        let folder = profile.parent().unwrap().join("rollout");
        if folder.join("module").exists() {
            fs::remove_dir_all(folder.join("module")).unwrap();
        }
        let copy = Self { folder };
        let abi = root().join("hotswap-abi").display().to_string();
        for file in ["api/Cargo.toml", "api/src/lib.rs", "module/Cargo.toml", Self::MODULE] {
            let to = copy.folder.join(file);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let text = fs::read_to_string(root().join("examples/rollout").join(file)).unwrap();
            fs::write(to, text.replace("../../../hotswap-abi", &abi)).unwrap();
        }
        let members = "[workspace]\nresolver = \"3\"\nmembers = [\"api\", \"module\"]\n";
        fs::write(copy.folder.join("Cargo.toml"), members).unwrap();
        // The same versions of everything, so that nothing has to be looked up.
        fs::copy(root().join("Cargo.lock"), copy.folder.join("Cargo.lock")).unwrap();
        copy
    }

    #[track_caller]
    fn edit(&self, diff: &str) {
        let path = self.folder.join(Self::MODULE);
        let source = fs::read_to_string(&path).unwrap();
        let side = |not: char| -> String {
            let lines = diff.lines().filter(|line| !line.starts_with(not));
            lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
        };
        let (from, to) = (side('+'), side('-'));
        assert_eq!(source.matches(&from).count(), 1, "{from}");
        fs::write(path, source.replace(&from, &to)).unwrap();
    }
}

/// What is the same each time: words without a figure or a hash.
fn same<'l>(line: &'l str) -> Vec<&'l str> {
    let mut is_hash = false;
    let mut same = |word: &'l str| {
        let differs = is_hash || word.contains(|it: char| it.is_ascii_digit() || it == '…');
        is_hash = word == "canary";
        if differs { "#" } else { word }
    };
    line.split(' ').map(&mut same).collect()
}
