//! The folders that are watched: what `notify` is told, kept in step with what is wanted.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hotswap_loader::fs::Fingerprint;
use notify::{Config, EventHandler, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::watch::WatchError;

/// A set of watched folders, each without those below it. A folder is known by path *and*
/// identity: another one that took its place is watched anew.
#[derive(Debug)]
pub(super) struct Folders {
    watcher: RecommendedWatcher,
    held: BTreeMap<PathBuf, Fingerprint>,
}

impl Folders {
    pub(super) fn new(handler: impl EventHandler) -> Result<Self, WatchError> {
        let watcher = RecommendedWatcher::new(handler, Config::default())
            .map_err(|error| trouble(None, error))?;
        Ok(Self { watcher, held: BTreeMap::new() })
    }

    /// Watches `wanted` and nothing else. Says whether something came in that was not watched a
    /// moment ago: then what was seen before may be out of date.
    pub(super) fn set(
        &mut self,
        wanted: &BTreeSet<PathBuf>,
        troubles: &mut Vec<WatchError>,
    ) -> bool {
        let held = self.held.keys();
        let unwanted: Vec<_> = held.filter(|folder| !wanted.contains(*folder)).cloned().collect();
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
                Err(error) => troubles.push(trouble(Some(folder), error)),
            }
        }
        new
    }

    /// What is at `path` went away. `notify` forgets a folder then, and all below it, even where
    /// another one has been watched in its place.
    pub(super) fn gone(&mut self, path: &Path) {
        if self.held.contains_key(path) {
            let below = self.held.keys().filter(|folder| folder.starts_with(path));
            for folder in below.cloned().collect::<Vec<_>>() {
                self.forget(&folder);
            }
        }
    }

    /// Events were lost: nothing that is held can be relied on.
    pub(super) fn all_gone(&mut self) {
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

/// What `notify` says, in the words of the watch of artifacts.
pub(super) fn trouble(folder: Option<&Path>, error: notify::Error) -> WatchError {
    let folder = folder.or(error.paths.first().map(PathBuf::as_path));
    let folder = folder.unwrap_or(Path::new("")).to_path_buf();
    let starting = folder.as_os_str().is_empty();
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => WatchError::NoWatchLeft { folder },
        notify::ErrorKind::Io(source) if starting && is_out_of_descriptors(&source) => {
            WatchError::NoInstanceLeft { source }
        }
        notify::ErrorKind::Io(source) if starting => WatchError::Service { source },
        notify::ErrorKind::Io(source) => WatchError::Refused { folder, source },
        other => {
            WatchError::Refused { folder, source: io::Error::other(notify::Error::new(other)) }
        }
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    // EMFILE and ENFILE, which is how inotify says that its instances are used up.
    cfg!(target_os = "linux") && matches!(error.raw_os_error(), Some(23 | 24))
}

fn is_gone(error: &notify::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => matches!(error.kind(), NotFound | NotADirectory),
        _ => false,
    }
}
