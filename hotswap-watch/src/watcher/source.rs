//! What is watched, and what is told of it.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::WatchError;

/// A place where artifacts appear. It need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
    companion: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
}

impl Source {
    /// One file. A relative path is taken from the current folder of this moment. Links are
    /// followed whenever an artifact is looked for, not now.
    ///
    /// # Errors
    /// When the path is empty, or the current folder is gone.
    pub fn file(path: impl AsRef<Path>) -> Result<Self, WatchError> {
        Self::new(path.as_ref(), Kind::File)
    }

    /// The files of a folder, not of its subfolders, that have the extension of this platform's
    /// dynamic libraries. A relative path is taken as in [`Source::file`].
    ///
    /// # Errors
    /// As for [`Source::file`].
    pub fn folder(path: impl AsRef<Path>) -> Result<Self, WatchError> {
        Self::new(path.as_ref(), Kind::Folder)
    }

    /// Beside each artifact there is a file with this extension after its name, which matters as
    /// much as itself: when it changes, the artifact is told.
    pub fn with_companion(self, extension: &'static str) -> Self {
        Self { companion: Some(extension), ..self }
    }

    pub(super) fn companion(&self) -> Option<&'static str> {
        self.companion
    }

    /// Where it is; absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    fn new(path: &Path, kind: Kind) -> Result<Self, WatchError> {
        let refused = |source: io::Error| WatchError::NoPath { path: path.into(), source };
        std::path::absolute(path).map(|path| Self { path, kind, companion: None }).map_err(refused)
    }
}

/// A source of one [`Watcher`](super::Watcher).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(super) u64);

/// How likely a try is to find a complete artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Hint {
    /// A writer is at work; another event will follow, on platforms that tell.
    Changing,
    /// It was closed, renamed, linked, created or found.
    Ready,
}

/// A path may have new content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appeared {
    /// Whose path it is.
    pub source: SourceId,
    /// The path to stage, as the source was given: links in it are not resolved.
    pub path: PathBuf,
    /// Whether a try is worth it now.
    pub hint: Hint,
}

/// What a [`Watcher`](super::Watcher) tells its owner.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "hotswap-core answers each of them")]
pub enum Notice {
    /// A path may have new content.
    Appeared(Appeared),
    /// A file that was seen is not there any more.
    Gone(SourceId, PathBuf),
    /// A part of what should be watched is not watched; the rest is.
    Trouble(WatchError),
}
