//! Where cargo and rustup look for their configuration: in the folder that cargo is run in, in all
//! folders above it, and in the user's own.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::Request;

/// Files of configuration, there or not.
pub(super) fn configuration(request: &Request) -> BTreeSet<PathBuf> {
    let home = env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let mut files = above(&request.folder, home.as_deref());
    let mut arguments = request.arguments.iter();
    while let Some(argument) = arguments.next() {
        let named = match argument.strip_prefix("--config") {
            Some("") => arguments.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        // Else it is a value of the form `key=value`.
        let named = named.map(|named| request.folder.join(named));
        files.extend(named.filter(|file| file.is_file()));
    }
    let included: Vec<PathBuf> = files
        .iter()
        .filter_map(|file| Some((file, fs::read_to_string(file).ok()?)))
        .flat_map(|(file, text)| included(file, &text))
        .collect();
    files.extend(included);
    files
}

fn above(folder: &Path, home: Option<&Path>) -> BTreeSet<PathBuf> {
    const CONFIG: [&str; 2] = ["config.toml", "config"];
    const TOOLCHAIN: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];
    let mut files = BTreeSet::new();
    for folder in folder.ancestors() {
        files.extend(CONFIG.map(|name| folder.join(".cargo").join(name)));
        files.extend(TOOLCHAIN.map(|name| folder.join(name)));
    }
    files.extend(home.into_iter().flat_map(|home| CONFIG.map(|name| home.join(name))));
    files
}

/// What a file of configuration includes. One name too many does no harm, so that all quoted names
/// of such files count.
fn included(file: &Path, text: &str) -> Vec<PathBuf> {
    let folder = file.parent().unwrap_or(file);
    let is_include = |line: &str| line.trim_start().starts_with("include");
    if !text.lines().any(is_include) {
        return Vec::new();
    }
    let quoted = text.split(['"', '\'', '\n']).filter(|text| text.ends_with(".toml"));
    quoted.map(|name| folder.join(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_folders_above_count_and_the_users_own() {
        let files = above(Path::new("/home/w"), Some(Path::new("/opt/cargo")));
        for file in [
            "/home/w/.cargo/config.toml",
            "/home/.cargo/config",
            "/.cargo/config.toml",
            "/home/rust-toolchain.toml",
            "/opt/cargo/config.toml",
        ] {
            assert!(files.contains(Path::new(file)), "{file}");
        }
        assert!(!files.contains(Path::new("/opt/config.toml")));
    }

    #[test]
    fn what_is_included_counts() {
        let table: [(&str, &[&str]); 4] = [
            ("include = \"more.toml\"\n[build]", &["/w/.cargo/more.toml"]),
            (
                "include = [\n 'a.toml', { path = \"../b.toml\", optional = true }]\n",
                &["/w/.cargo/a.toml", "/w/.cargo/../b.toml"],
            ),
            ("[build]\njobs = 1\n# x.toml", &[]),
            ("", &[]),
        ];
        for (text, wanted) in table {
            let wanted: Vec<PathBuf> = wanted.iter().map(PathBuf::from).collect();
            assert_eq!(included(Path::new("/w/.cargo/config.toml"), text), wanted, "{text}");
        }
    }
}
