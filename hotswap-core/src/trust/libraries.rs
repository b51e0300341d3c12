//! What the system's loader would open together with a signed artifact: whether nobody else can
//! put it there.
//!
//! Each folder on a run path is judged as the artifact's own is, with those below it that the
//! loader prefers on some processors; then each needed library in one of them, and what it needs
//! itself. A name is looked for in every folder that was found so far, which is more than the
//! loader does, never less. What no run path leads to is the system's (`/etc/ld.so.cache`,
//! `/usr/lib`), or the operator's (`LD_LIBRARY_PATH`).

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use hotswap_loader::{
    elf::{ElfError, ElfFacts, Expanded, examine, expand},
    fs::read_regular,
};
use hotswap_types::escape;

use super::places::{End, Writable, Writers, check_for};

/// A bound that no real library comes near.
const MOST: usize = 4096;
/// In bytes.
const LARGEST: u64 = 1 << 30;
/// Below a folder, where glibc before 2.37 looks first.
const PREFERRED: [&str; 7] =
    ["tls", "haswell", "avx512_1", "xeon_phi", "x86_64", "aarch64", "atomics"];
const DEEPEST: usize = 4;

/// Why others can have a say in what is opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsound {
    #[error("{0}")]
    Place(Writable),
    #[error("library {} cannot be read: {source}", escape::path(path))]
    Unread { path: PathBuf, source: io::Error },
    #[error("library {} is unsound: {source}", escape::path(path))]
    Damaged { path: PathBuf, source: ElfError },
    #[error(
        "library {} looks for others in {entry:?}, and only the loader knows where that is",
        escape::path(path)
    )]
    Astray { path: PathBuf, entry: String },
    #[error("it needs more than {MOST} libraries")]
    TooMany,
}

impl Unsound {
    /// What to do.
    pub(crate) fn advice(&self) -> String {
        match self {
            Self::Place(writable) => {
                format!("{}, or build the module without that run path", writable.advice())
            }
            Self::Unread { .. } | Self::Damaged { .. } => "mend that library".to_owned(),
            Self::Astray { .. } => "build that library without relative run paths".to_owned(),
            Self::TooMany => "link them statically".to_owned(),
        }
    }
}

/// Expects that nobody else can put a library where the loader would look for one that an
/// artifact needs. Its own entries are known to be [sound](ElfFacts::astray).
pub(super) fn check(artifact: &ElfFacts, writers: Writers<'_>) -> Result<(), Unsound> {
    let mut reach = Reach::of(writers);
    reach.add(artifact, Path::new("/"), Path::new("/"))?;
    while let Some(path) = reach.unread.pop() {
        check_for(&path, writers, End::File).map_err(Unsound::Place)?;
        let bytes = read_regular(&path, LARGEST)
            .map_err(|source| Unsound::Unread { path: path.clone(), source })?;
        match examine(&bytes) {
            Ok(facts) => reach.add(&facts, &path, path.parent().unwrap_or(&path))?,
            // The loader passes it over, or fails.
            Err(ElfError::Foreign { .. } | ElfError::NotElf { .. }) => {}
            Err(source) => return Err(Unsound::Damaged { path, source }),
        }
    }
    Ok(())
}

/// What the loader can come to.
struct Reach<'a> {
    writers: Writers<'a>,
    /// All that were judged.
    folders: BTreeSet<PathBuf>,
    names: BTreeSet<String>,
    files: BTreeSet<PathBuf>,
    unread: Vec<PathBuf>,
}

impl<'a> Reach<'a> {
    const fn of(writers: Writers<'a>) -> Self {
        Self {
            writers,
            folders: BTreeSet::new(),
            names: BTreeSet::new(),
            files: BTreeSet::new(),
            unread: Vec::new(),
        }
    }

    /// Adds what a library in the folder `origin` says.
    fn add(&mut self, facts: &ElfFacts, path: &Path, origin: &Path) -> Result<(), Unsound> {
        let expanded = |entry: &str| match expand(entry, origin) {
            Expanded::Absolute(place) => Ok(place),
            Expanded::Unknown => Err(Unsound::Astray { path: path.into(), entry: entry.into() }),
        };
        for entry in facts.run_paths.iter().flat_map(|run_path| run_path.split(':')) {
            self.folder(expanded(entry)?)?;
        }
        for name in &facts.needed {
            if name.contains(['/', '$']) {
                self.file(expanded(name)?)?;
            } else if self.names.insert(name.clone()) {
                let files: Vec<_> = self.folders.iter().map(|folder| folder.join(name)).collect();
                files.into_iter().try_for_each(|file| self.file(file))?;
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: PathBuf) -> Result<(), Unsound> {
        let mut found = vec![(folder, 0)];
        while let Some((folder, depth)) = found.pop() {
            if self.folders.contains(&folder) {
                continue;
            }
            check_for(&folder, self.writers, End::FolderOrNothing).map_err(Unsound::Place)?;
            if depth < DEEPEST {
                let below = PREFERRED.iter().map(|name| folder.join(name));
                found.extend(below.filter(|it| it.is_dir()).map(|it| (it, depth + 1)));
            }
            let levels = fs::read_dir(folder.join("glibc-hwcaps")).into_iter().flatten().flatten();
            found.extend(levels.map(|level| (level.path(), DEEPEST)));
            let files: Vec<_> = self.names.iter().map(|name| folder.join(name)).collect();
            self.folders.insert(folder);
            files.into_iter().try_for_each(|file| self.file(file))?;
        }
        Ok(())
    }

    fn file(&mut self, file: PathBuf) -> Result<(), Unsound> {
        let is_there = fs::symlink_metadata(&file).is_ok();
        if is_there && self.files.insert(file.clone()) {
            self.unread.push(file);
        }
        if self.files.len() + self.folders.len() > MOST { Err(Unsound::TooMany) } else { Ok(()) }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, process::Command};

    use super::*;

    /// `/tmp/<random>` of mode 0755.
    fn place() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        mode(root.path(), 0o755);
        root
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn folder(path: PathBuf, mode: u32) -> PathBuf {
        fs::create_dir_all(&path).unwrap();
        self::mode(&path, mode);
        path
    }

    /// A real library in a folder.
    fn library(folder: &Path, name: &str, flags: &[&str]) {
        let (from, to) = (folder.join("empty.s"), folder.join(name));
        fs::write(&from, ".data\n.globl odd\nodd: .quad 1\n").unwrap();
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-nostdlib", "-Wl,--no-as-needed"]).arg("-o").args([&to, &from]);
        assert!(cc.args(flags).status().unwrap().success());
        mode(&to, 0o755);
    }

    fn judged(run_path: &Path, needed: &str) -> Result<(), String> {
        let facts = ElfFacts {
            needed: vec![needed.to_owned(), "libc.so.6".to_owned()],
            run_paths: vec![run_path.to_str().unwrap().to_owned()],
            ..ElfFacts::default()
        };
        let writers = Writers { owners: &[], can_be_named: true, groups_of_one: false };
        check(&facts, writers).map_err(|unsound| format!("{unsound}; {}", unsound.advice()))
    }

    #[track_caller]
    fn names(refused: &Result<(), String>, place: &Path) {
        let text = refused.as_ref().unwrap_err();
        assert!(text.contains(&*place.to_string_lossy()), "{text}");
    }

    #[test]
    fn a_run_path_is_judged_as_a_folder_is() {
        let root = place();
        let lib = folder(root.path().join("lib"), 0o755);
        assert_eq!(judged(&lib, "libone.so"), Ok(()));
        // Who makes it could put anything there.
        assert_eq!(judged(&lib.join("not/there"), "libone.so"), Ok(()));
        let shared = folder(root.path().join("shared"), 0o1777);
        names(&judged(&shared.join("not/there"), "libone.so"), &shared);
        names(&judged(&shared, "libone.so"), &shared);
        mode(&lib, 0o777);
        let text = judged(&lib, "libone.so").unwrap_err();
        assert!(text.contains(&format!("chmod go-w {}, or build", lib.display())), "{text}");
        mode(&lib, 0o755);
        for below in ["glibc-hwcaps/x86-64-v3", "tls/x86_64"] {
            let below = folder(lib.join(below), 0o777);
            names(&judged(&lib, "libone.so"), &below);
            mode(&below, 0o755);
            assert_eq!(judged(&lib, "libone.so"), Ok(()));
        }
    }

    #[test]
    fn what_needed_libraries_need_is_judged_too() {
        let root = place();
        let (lib, deep) = (folder(root.path().join("lib"), 0o755), root.path().join("deep"));
        let deep = folder(deep, 0o755);
        library(&deep, "libtwo.so", &["-Wl,-soname,libtwo.so"]);
        let run_path = format!("-Wl,-rpath,{}", deep.display());
        library(&lib, "libone.so", &["-L", deep.to_str().unwrap(), "-ltwo", &run_path]);
        assert_eq!(judged(&lib, "libone.so"), Ok(()));
        names(
            &{
                mode(&deep, 0o777);
                judged(&lib, "libone.so")
            },
            &deep,
        );
        mode(&deep, 0o755);
        names(
            &{
                mode(&deep.join("libtwo.so"), 0o777);
                judged(&lib, "libone.so")
            },
            &deep.join("libtwo.so"),
        );
        mode(&deep.join("libtwo.so"), 0o755);
        // Beside itself it finds what is there.
        let own = folder(lib.join("own"), 0o755);
        library(&lib, "libone.so", &["-Wl,-rpath,$ORIGIN/own"]);
        assert_eq!(judged(&lib, "libone.so"), Ok(()));
        names(
            &{
                mode(&own, 0o777);
                judged(&lib, "libone.so")
            },
            &own,
        );
        for (run_path, found) in [("deps", "\"deps\""), ("/opt/$LIB", "\"/opt/$LIB\"")] {
            library(&lib, "libone.so", &[&format!("-Wl,-rpath,{run_path}")]);
            let text = judged(&lib, "libone.so").unwrap_err();
            assert!(text.contains("libone.so") && text.contains(found), "{text}");
        }
        fs::write(lib.join("libone.so"), &fs::read(deep.join("libtwo.so")).unwrap()[..600])
            .unwrap();
        assert!(judged(&lib, "libone.so").unwrap_err().contains("is unsound"));
    }

    /// An absolute path leads there, whatever is on the run path.
    #[test]
    fn a_needed_path_is_judged_as_a_file_is() {
        let root = place();
        let lib = folder(root.path().join("lib"), 0o755);
        library(&lib, "libone.so", &[]);
        let path = lib.join("libone.so");
        assert_eq!(judged(&lib, path.to_str().unwrap()), Ok(()));
        mode(&path, 0o777);
        names(&judged(root.path(), path.to_str().unwrap()), &path);
    }
}
