//! The README's program is this example, and does what the README says.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// Where the README's reader has the clone of this repository, seen from a crate's folder.
const CLONE: &str = "../../hotswap/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").canonicalize().unwrap()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The README's blocks whose first line is a comment with the name of a file.
fn files(readme: &str) -> Vec<(&str, &str)> {
    let blocks = readme.split("\n```").skip(1).step_by(2);
    let named = blocks.filter_map(|block| {
        let (language, text) = block.split_once('\n')?;
        let comment = match language {
            "rust" => "// ",
            "toml" => "# ",
            _ => return None,
        };
        let (first, text) = text.split_once('\n')?;
        Some((first.strip_prefix(comment)?, text))
    });
    named.collect()
}

#[test]
fn the_readme_shows_the_files_of_this_example() {
    let readme = readme();
    let files = files(&readme);
    assert_eq!(files.len(), 7, "{files:#?}");
    for (name, text) in files {
        if name == "Cargo.toml" {
            // The workspace's own; here the crates are members of another one.
            continue;
        }
        let here = fs::read_to_string(root().join("examples/minimal").join(name)).unwrap();
        assert_eq!(text.replace(CLONE, "../../../").trim_end(), here.trim_end(), "{name}");
    }
}

/// Types the README's program in, runs it, types what the README types, edits the module as it
/// does, and sees every line that it shows.
#[test]
fn the_readme_says_what_is_seen() {
    let readme = readme();
    let shown: Vec<_> = blocks(&readme, "text").collect();
    let [first, edited, misspelt, renamed] = shown[..] else { panic!("{shown:#?}") };
    let user = NewUser::new(&readme);
    let mut program = user.run();
    program.plays(first);

    let edit: Vec<_> = blocks(&readme, "diff").flat_map(str::lines).collect();
    let [from, to] = edit[..] else { panic!("{edit:#?}") };
    user.edit(&[(from.strip_prefix('-').unwrap(), to.strip_prefix('+').unwrap())]);
    program.plays(edited);
    user.edit(&[("number * 10", "numbr * 10")]);
    program.plays(misspelt);
    user.edit(&[
        ("numbr * 10", "number * 10"),
        ("    total: i64", "    sum: i64"),
        ("self.sum.total +=", "self.sum.sum +="),
        ("        self.sum.total\n", "        self.sum.sum\n"),
    ]);
    program.plays(renamed);
}

/// The README's blocks in a language.
fn blocks<'a>(readme: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let blocks = readme.split("\n```").skip(1).step_by(2);
    blocks.filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'))
}

/// A line without what differs each time: hashes and durations.
fn lasting(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let number = word.trim_end_matches([';', ',']).trim_end_matches(['s', 'm', 'µ']);
        let is_duration = number.len() < word.len() && number.parse::<f64>().is_ok();
        if is_duration || (word.starts_with('(') && word.contains('…')) { "*" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A folder with the README's program in it.
struct NewUser {
    folder: PathBuf,
    target: PathBuf,
}

impl NewUser {
    fn new(readme: &str) -> Self {
        let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let folder = target.join("readme");
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let clone = format!("{}/", root().display());
        for (name, text) in files(readme) {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text.replace(CLONE, &clone)).unwrap();
        }
        // The same versions of everything, so that nothing has to be looked up.
        fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
        // Shared with the tour's module: what both depend on is built once.
        Self { folder, target: target.join("quickstart/build") }
    }

    /// The host is the one that was built with this test: the same source, see above.
    fn run(&self) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_adder-host"))
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_PROFILE_DEV_DEBUG", "line-tables-only")
            // A panic is shown in one line, unless somebody asks for more.
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (told, lines) = mpsc::channel();
        for output in [
            Box::new(child.stdout.take().unwrap()) as Box<dyn Read + Send>,
            Box::new(child.stderr.take().unwrap()),
        ] {
            let (told, output) = (told.clone(), BufReader::new(output));
            thread::spawn(move || {
                output.lines().for_each(|line| told.send(line.unwrap()).unwrap_or(()))
            });
        }
        Program { input: child.stdin.take().unwrap(), lines, child }
    }

    /// Saved once.
    fn edit(&self, edits: &[(&str, &str)]) {
        let path = self.folder.join("module/src/lib.rs");
        let mut text = fs::read_to_string(&path).unwrap();
        for (from, to) in edits {
            assert_eq!(text.matches(from).count(), 1, "{from:?}");
            text = text.replace(from, to);
        }
        fs::write(path, text).unwrap();
    }
}

/// The program while it runs.
struct Program {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Program {
    /// Plays what is shown: one word is typed, everything else is printed, among other lines. The
    /// program and its host print on threads of their own: lines between two words have no order.
    #[track_caller]
    fn plays(&mut self, shown: &str) {
        let mut seen: Vec<String> = Vec::new();
        for expected in shown.lines() {
            if !expected.contains(' ') {
                seen.clear();
                writeln!(self.input, "{expected}").unwrap();
                continue;
            }
            let is_it = |line: &str| lasting(line) == lasting(expected);
            if let Some(place) = seen.iter().position(|line| is_it(line)) {
                seen.remove(place);
                continue;
            }
            loop {
                match self.lines.recv_timeout(Duration::from_secs(600)) {
                    Ok(line) if is_it(&line) => break,
                    Ok(line) => seen.push(line),
                    Err(error) => panic!("{expected:?} was not seen: {error}, but {seen:#?}"),
                }
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails only when it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
