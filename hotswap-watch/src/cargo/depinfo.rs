//! The files that an artifact was made of, out of the file that cargo writes beside it
//! (`libarcade.d`): those of path dependencies too, with what `include_str!` reads and what build
//! scripts have named.

use std::path::PathBuf;

/// Reads `<artifact>: <file> <file>…`, in which the spaces of paths have a backslash.
pub(super) fn sources(text: &str) -> Vec<PathBuf> {
    let line = text.lines().next().unwrap_or_default();
    let mut words = words(line).into_iter();
    // A path may have a colon, too: the first word that ends with one is the artifact.
    words.find(|word| word.ends_with(':'));
    words.map(PathBuf::from).collect()
}

fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some(' ')) => {
                rest.next();
                words.last_mut().expect("never empty").push(' ');
            }
            (' ', _) => words.push(String::new()),
            _ => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_follows_the_artifact() {
        let table: [(&str, &[&str]); 5] = [
            ("/t/liba.so: /w/src/lib.rs /w/a.txt\n", &["/w/src/lib.rs", "/w/a.txt"]),
            (r"/my\ t/liba.so: /my\ w/src/lib.rs /w/b.rs", &["/my w/src/lib.rs", "/w/b.rs"]),
            (r"C:\t\a.dll: C:\w\src\lib.rs", &[r"C:\w\src\lib.rs"]),
            ("/t/liba.so:\n", &[]),
            ("", &[]),
        ];
        for (text, wanted) in table {
            let wanted: Vec<PathBuf> = wanted.iter().map(PathBuf::from).collect();
            assert_eq!(sources(text), wanted, "{text}");
        }
    }
}
