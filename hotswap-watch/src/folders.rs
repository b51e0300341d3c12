//! The folders that are watched: what `notify` is told, kept in step with what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hotswap_types::Fingerprint;
use notify::{EventHandler, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::error::WatchError;

/// A set of watched folders, each without those below it. A folder is known by path *and*
/// identity: another one that took its place is watched anew.
#[derive(Debug)]
pub(crate) struct Folders {
    watcher: RecommendedWatcher,
    held: BTreeMap<PathBuf, Fingerprint>,
}

impl Folders {
    pub(crate) fn new(handler: impl EventHandler) -> Result<Self, WatchError> {
        let watcher = RecommendedWatcher::new(handler, notify::Config::default())
            .map_err(|error| WatchError::from_notify(None, error))?;
        Ok(Self { watcher, held: BTreeMap::new() })
    }

    /// Watches `wanted` and nothing else. Says whether something came in that was not watched a
    /// moment ago: then what was seen before may be out of date.
    pub(crate) fn set(
        &mut self,
        wanted: &BTreeSet<PathBuf>,
        trouble: &mut Vec<WatchError>,
    ) -> bool {
        let unwanted: Vec<_> = self.held.keys().filter(|f| !wanted.contains(*f)).cloned().collect();
        for folder in unwanted {
            self.forget(&folder);
        }
        let mut new = false;
        for folder in wanted {
            // Gone meanwhile: the next survey will want another one.
            let Ok(meta) = fs::metadata(folder) else {
                new = true;
                continue;
            };
            let now = Fingerprint::of(&meta);
            if self.held.get(folder).is_some_and(|held| held.same_file(&now)) {
                continue;
            }
            self.forget(folder);
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    new = true;
                    self.held.insert(folder.clone(), now);
                }
                Err(error) if is_gone(&error) => new = true,
                Err(error) => trouble.push(WatchError::from_notify(Some(folder), error)),
            }
        }
        new
    }

    /// An event said that what is at `path` went away. `notify` forgets a folder then, and all
    /// below it, even where another one has been watched in its place.
    pub(crate) fn gone(&mut self, path: &Path) {
        if self.held.contains_key(path) {
            let below = self.held.keys().filter(|folder| folder.starts_with(path));
            for folder in below.cloned().collect::<Vec<_>>() {
                self.forget(&folder);
            }
        }
    }

    /// Events were lost: nothing that is held can be relied on.
    pub(crate) fn all_gone(&mut self) {
        for folder in self.held.keys().cloned().collect::<Vec<_>>() {
            self.forget(&folder);
        }
    }

    fn forget(&mut self, folder: &Path) {
        if self.held.remove(folder).is_some() {
            // Fails where it is gone already.
            let _ = self.watcher.unwatch(folder);
        }
    }
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `notify` has forgotten it, and its identity says nothing of that.
    #[test]
    fn a_folder_that_went_away_and_is_back_is_watched_anew_with_all_below_it() {
        let root = tempfile::tempdir().unwrap();
        let (folder, aside) = (root.path().join("a"), root.path().join("b"));
        let below = folder.join("below");
        fs::create_dir_all(&below).unwrap();
        let mut folders = Folders::new(|_| ()).unwrap();
        let (wanted, mut trouble) = (BTreeSet::from([folder.clone(), below]), Vec::new());
        assert!(folders.set(&wanted, &mut trouble));
        assert!(!folders.set(&wanted, &mut trouble), "nothing has changed");
        fs::rename(&folder, &aside).unwrap();
        fs::rename(&aside, &folder).unwrap();
        folders.gone(&root.path().join("c"));
        assert!(!folders.set(&wanted, &mut trouble), "another one has gone");
        folders.gone(&folder);
        assert_eq!(folders.held.len(), 0);
        assert!(folders.set(&wanted, &mut trouble) && folders.held.len() == 2);
        assert!(trouble.is_empty(), "{trouble:?}");
    }
}
