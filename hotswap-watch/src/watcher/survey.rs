//! What a source consists of right now, and which events concern it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use hotswap_types::Fingerprint;

use super::source::{Kind, Source};
use super::trace::trace;
use crate::mounted::is_mounted;

/// A source as it was found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Folders to watch, and files that are mounted by themselves.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Folders of which only renaming matters.
    pub(super) ancestors: BTreeSet<PathBuf>,
    /// The artifacts that exist, by the path to stage them from.
    pub(super) present: BTreeMap<PathBuf, Fingerprint>,
    /// Their companions that exist, by the same path.
    pub(super) companions: BTreeMap<PathBuf, Fingerprint>,
    /// What a companion has behind the name of its artifact.
    companion: Option<&'static str>,
    /// Entries that concern one artifact.
    names: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// Entries on the way to a folder source, which concern all of it.
    way: BTreeSet<PathBuf>,
    /// Where a folder source really is, and the path it was given by.
    folder: Option<(PathBuf, PathBuf)>,
}

/// What an event concerns.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Concern {
    Nothing,
    Some(BTreeSet<PathBuf>),
    All,
}

impl Survey {
    /// Looks at the file system.
    pub(super) fn of(source: &Source) -> Self {
        let mut survey = Self { companion: source.companion(), ..Self::default() };
        match source.kind() {
            Kind::File => survey.add_file(source.path(), false),
            Kind::Folder => survey.add_folder(source.path()),
        }
        survey
    }

    /// What of this source an event at `path` concerns.
    pub(super) fn concern(&self, path: &Path) -> Concern {
        if self.way.contains(path) || self.ancestors.contains(path) {
            return Concern::All;
        }
        let mut some = self.names.get(path).cloned().unwrap_or_default();
        if let Some((real, given)) = &self.folder
            && path.parent() == Some(real)
        {
            let bare = path.with_extension("");
            let is_companion =
                self.companion.is_some_and(|it| path.extension().is_some_and(|found| found == it));
            let artifact = if is_companion { bare.as_path() } else { path };
            if is_library(artifact)
                && let Some(name) = artifact.file_name()
            {
                some.insert(given.join(name));
            }
        }
        if some.is_empty() { Concern::Nothing } else { Concern::Some(some) }
    }

    fn add_file(&mut self, path: &Path, regular_only: bool) {
        if let Some(meta) = self.follow(path, path)
            && (meta.is_file() || !regular_only)
        {
            self.present.insert(path.to_path_buf(), Fingerprint::of(&meta));
        }
        if let Some(extension) = self.companion
            && let Some(meta) = self.follow(&path.with_added_extension(extension), path)
        {
            self.companions.insert(path.to_path_buf(), Fingerprint::of(&meta));
        }
    }

    /// Watches all that leads to `path`, on behalf of `artifact`; returns what is there.
    fn follow(&mut self, path: &Path, artifact: &Path) -> Option<Metadata> {
        let trace = trace(path);
        self.folders.extend(trace.folders);
        self.ancestors.extend(trace.ancestors);
        for name in trace.names {
            self.names.entry(name).or_default().insert(artifact.to_path_buf());
        }
        trace.end.map(|(end, meta)| {
            if meta.is_file() && is_mounted(&end) {
                self.folders.insert(end);
            }
            meta
        })
    }

    fn add_folder(&mut self, path: &Path) {
        let trace = trace(path);
        self.ancestors.extend(trace.ancestors);
        self.way.extend(trace.names);
        let Some((real, _)) = trace.end.filter(|(_, meta)| meta.is_dir()) else {
            self.folders.extend(trace.folders);
            return;
        };
        // The folder tells itself when it goes; the parents of links on the way must be watched.
        let parent = real.parent();
        let ends_here = |folder: &PathBuf| {
            Some(folder.as_path()) == parent
                && !self.way.iter().any(|name| *name != real && name.parent() == parent)
        };
        let folders: Vec<_> = trace.folders.into_iter().filter(|f| !ends_here(f)).collect();
        self.folders.extend(folders);
        self.folders.insert(real.clone());
        for entry in fs::read_dir(&real).into_iter().flatten().flatten() {
            let name = PathBuf::from(entry.file_name());
            if is_library(&name) {
                self.add_file(&path.join(name), true);
            }
        }
        self.folder = Some((real, path.to_path_buf()));
    }
}

fn is_library(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
}
