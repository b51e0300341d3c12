//! The watched sources: told when something may have changed, they say what has.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::contents::Contents;
use super::survey::Survey;
use super::watched::Watched;
use crate::error::WatchError;
use crate::folders::Folders;

/// A tree that changes as fast as it can be walked is left to its next event.
const MOST_ROUNDS: usize = 32;

#[derive(Debug)]
pub(super) struct Sources {
    watched: Watched,
    /// `None` where the sources are looked at at an interval.
    folders: Option<Folders>,
    linked: BTreeSet<PathBuf>,
    contents: Contents,
}

/// What a look has found.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Files that hold something else, are new or are gone; in order.
    pub(super) changed: Vec<PathBuf>,
    /// Files that were not watched before.
    pub(super) new: Vec<PathBuf>,
    pub(super) troubles: Vec<WatchError>,
}

impl Sources {
    pub(super) fn new(folders: Option<Folders>) -> Self {
        Self {
            watched: Watched::default(),
            folders,
            linked: BTreeSet::new(),
            contents: Contents::default(),
        }
    }

    /// Whether something seen at this path is worth a look.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.watched.concerns(path)
            || path.parent().is_some_and(|folder| self.linked.contains(folder))
    }

    /// Watches this from now on. Of what was not watched before, nothing has changed.
    pub(super) fn watch(&mut self, watched: Watched) -> Look {
        let before = std::mem::replace(&mut self.watched, watched);
        let mut look = self.look_around(&BTreeSet::new());
        look.changed.retain(|file| self.watched.has(file));
        let is_old = |file: &PathBuf| before.has(file);
        (look.changed, look.new) = look.changed.into_iter().partition(is_old);
        look
    }

    /// All watched files that are there.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.contents.files()
    }

    /// Looks at what something was seen at.
    pub(super) fn look(&mut self, suspects: &BTreeSet<PathBuf>) -> Look {
        // A save of a file that is known; all else may have moved other files, too.
        if suspects.iter().all(|path| self.contents.has(path) && path.is_file()) {
            let changed = suspects.iter().filter(|path| self.contents.look(path));
            return Look { changed: changed.cloned().collect(), ..Look::default() };
        }
        self.look_around(suspects)
    }

    /// Looks at everything. Nothing can slip through between looking and watching: it is looked
    /// again until nothing new had to be watched.
    pub(super) fn look_around(&mut self, suspects: &BTreeSet<PathBuf>) -> Look {
        let mut troubles = Vec::new();
        let mut survey = Survey::of(&self.watched);
        if let Some(folders) = &mut self.folders {
            for _ in 0..MOST_ROUNDS {
                troubles.clear();
                if !folders.set(&survey.folders, &mut troubles) {
                    break;
                }
                survey = Survey::of(&self.watched);
            }
        }
        self.linked = survey.linked;
        let changed = self.contents.look_at_all(&survey.files, suspects);
        Look { changed, troubles, ..Look::default() }
    }

    /// These went away.
    pub(super) fn gone(&mut self, paths: &[PathBuf]) {
        if let Some(folders) = &mut self.folders {
            paths.iter().for_each(|path| folders.gone(path));
        }
    }

    /// Events were lost.
    pub(super) fn lost(&mut self) {
        if let Some(folders) = &mut self.folders {
            folders.all_gone();
        }
    }
}
