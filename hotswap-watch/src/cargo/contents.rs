//! What watched files hold, as hashes: a save that changes nothing is none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use blake3::{Hash, Hasher};

use hotswap_types::Fingerprint;

/// Of larger files, which are no sources but what a build script packs, size and time count.
const LARGEST: u64 = 16 << 20;

/// What files held when they were last looked at.
#[derive(Debug, Default)]
pub(super) struct Contents {
    known: BTreeMap<PathBuf, (Fingerprint, Hash)>,
}

impl Contents {
    pub(super) fn has(&self, file: &Path) -> bool {
        self.known.contains_key(file)
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.known.keys()
    }

    /// Looks at one file. Says whether it holds something else, is new, or is gone.
    pub(super) fn look(&mut self, file: &Path) -> bool {
        match read(file) {
            Ok((fingerprint, hash)) => {
                let before = self.known.insert(file.to_path_buf(), (fingerprint, hash));
                before.is_none_or(|(_, before)| before != hash)
            }
            Err(_) => self.known.remove(file).is_some(),
        }
    }

    /// Looks at all `files` and at no others: those that look different from outside, and
    /// `suspects` in any case. Returns what is different, new or gone.
    pub(super) fn look_at_all(
        &mut self,
        files: &BTreeSet<PathBuf>,
        suspects: &BTreeSet<PathBuf>,
    ) -> Vec<PathBuf> {
        let gone = self.known.keys().filter(|file| !files.contains(*file));
        let mut changed: Vec<PathBuf> = gone.cloned().collect();
        for file in &changed {
            self.known.remove(file);
        }
        for file in files {
            let same = self.known.get(file).is_some_and(|(before, _)| {
                file.metadata().is_ok_and(|meta| Fingerprint::of(&meta) == *before)
            });
            if (!same || suspects.contains(file)) && self.look(file) {
                changed.push(file.clone());
            }
        }
        changed.sort();
        changed
    }
}

fn read(path: &Path) -> io::Result<(Fingerprint, Hash)> {
    let file = File::open(path)?;
    // Before the content: what is written meanwhile looks different later.
    let fingerprint = Fingerprint::of(&file.metadata()?);
    let mut hasher = Hasher::new();
    if fingerprint.size() > LARGEST {
        hasher.update(format!("{:?}", (fingerprint.size(), fingerprint.modified())).as_bytes());
    } else {
        hasher.update_reader(file)?;
    }
    Ok((fingerprint, hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_content_counts() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let (a, b, c) = (at("a.rs"), at("b.rs"), at("c.rs"));
        fs::write(&a, "one").unwrap();
        fs::write(&b, "two").unwrap();
        let mut contents = Contents::default();
        let all = |files: [&PathBuf; 2]| files.into_iter().cloned().collect();
        let none = BTreeSet::new();
        assert_eq!(contents.look_at_all(&all([&a, &b]), &none), [a.clone(), b.clone()]);

        // Written again, and replaced by another file, with the same content.
        fs::write(&a, "one").unwrap();
        assert!(!contents.look(&a));
        fs::write(&c, "two").unwrap();
        fs::rename(&c, &b).unwrap();
        assert_eq!(contents.look_at_all(&all([&a, &b]), &none), Vec::<PathBuf>::new());

        fs::write(&a, "six").unwrap();
        assert!(contents.look(&a));
        fs::write(&b, "ten").unwrap();
        let suspects = BTreeSet::from([b.clone()]);
        let changed = contents.look_at_all(&all([&a, &b]), &suspects);
        assert_eq!(changed, Vec::from_iter(suspects));

        fs::remove_file(&b).unwrap();
        fs::write(&c, "new").unwrap();
        assert_eq!(contents.look_at_all(&all([&a, &c]), &none), [b.clone(), c.clone()]);
        fs::remove_file(&c).unwrap();
        assert!(contents.look(&c));
        assert!(!contents.has(&c));
        assert!(!contents.look(&c));
    }
}
