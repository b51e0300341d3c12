//! What a build script says that it depends on.

use std::path::{Component, Path, PathBuf};

/// The files and folders that a script names in its output; `None` where it names nothing at all,
/// which to cargo means every file of its package.
pub(super) fn named(output: &str, package: &Path) -> Option<Vec<PathBuf>> {
    let mut named = None;
    for line in output.lines().map(str::trim_start) {
        let Some(said) = line.strip_prefix("cargo:") else { continue };
        let said = said.strip_prefix(':').unwrap_or(said);
        if let Some(path) = said.strip_prefix("rerun-if-changed=") {
            named.get_or_insert_with(Vec::new).push(normal(&package.join(path.trim_end())));
        } else if said.starts_with("rerun-if-env-changed=") {
            named.get_or_insert_with(Vec::new);
        }
    }
    named
}

/// The folder of the package whose script has failed, out of cargo's words.
pub(super) fn failed(words: &str) -> Option<PathBuf> {
    let (_, rest) = words.split_once("failed to run custom build command for `")?;
    let (package, _) = rest.split_once(")`")?;
    package.split_once(" (").map(|(_, folder)| PathBuf::from(folder))
}

/// Without `.` and `..`, as cargo reads a path.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_names_what_it_reads_or_all() {
        let table: [(&str, Option<&[&str]>); 6] = [
            ("cargo:rerun-if-changed=a.txt\n", Some(&["/w/m/a.txt"])),
            (
                "hello\ncargo::rerun-if-changed=../levels\ncargo:rerun-if-changed=/x/y z\r\n",
                Some(&["/w/levels", "/x/y z"]),
            ),
            ("cargo::rerun-if-env-changed=CC", Some(&[])),
            ("  --- stdout\n  cargo:rerun-if-changed=.\n  panicked", Some(&["/w/m"])),
            ("cargo::rustc-env=A=rerun-if-changed=x\nrerun-if-changed=y", None),
            ("", None),
        ];
        for (output, wanted) in table {
            let wanted = wanted.map(|paths| paths.iter().map(PathBuf::from).collect());
            assert_eq!(named(output, Path::new("/w/m")), wanted, "{output}");
        }
    }

    #[test]
    fn cargo_says_whose_script_has_failed() {
        let words = "error: failed to run custom build command for `a v0.1.0 (/w/my (old) a)`\n\n";
        assert_eq!(failed(words), Some("/w/my (old) a".into()));
        assert_eq!(failed("error: failed to run custom build command for `cc v1.0.0`\n"), None);
        assert_eq!(failed("error: mismatched types"), None);
    }
}
