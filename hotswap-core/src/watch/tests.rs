//! Real files and real events. [`Owner`] does what a host does: tries what is due, asks again
//! later for what is being written, and forgets the rest until its next event.

mod places;
mod writers;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use hotswap_loader::fs::PrivateFolder;
use hotswap_types::ArtifactHash;

use super::{Backend, Backoff, Notice, Pending, Source, SourceId, Watcher};
use crate::upgrade::{StageError, StageRequest, stage};

/// Long enough that only a lost event can reach it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for an event that must not come, after one that did come behind it.
const QUIET: Duration = Duration::from_millis(150);

struct Owner {
    root: tempfile::TempDir,
    private: PrivateFolder,
    watcher: Watcher,
    notices: Receiver<Notice>,
    pending: Pending<(SourceId, PathBuf)>,
    due: Vec<(SourceId, PathBuf)>,
    refused: Vec<StageError>,
}

impl Owner {
    fn new(backend: Backend) -> Self {
        let (tell, notices) = mpsc::channel();
        let watcher = Watcher::start(backend, move |notice| drop(tell.send(notice))).unwrap();
        Self {
            root: tempfile::tempdir().unwrap(),
            private: PrivateFolder::new(&std::env::temp_dir()).unwrap(),
            watcher,
            notices,
            pending: Pending::new(Backoff::default()),
            due: Vec::new(),
            refused: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn file(&self, name: &str) -> SourceId {
        self.watcher.add(Source::file(self.path(name)).unwrap()).unwrap()
    }

    fn folder(&self, name: &str) -> SourceId {
        self.watcher.add(Source::folder(self.path(name)).unwrap()).unwrap()
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Writes beside and renames over, as careful tools do.
    fn replace(&self, name: &str, content: &str) {
        self.write("beside.tmp", content);
        fs::rename(self.path("beside.tmp"), self.path(name)).unwrap();
    }

    /// The next artifact that can be staged within `patience`.
    fn next(&mut self, patience: Duration) -> Option<(PathBuf, ArtifactHash)> {
        let end = Instant::now() + patience;
        loop {
            let now = Instant::now();
            self.due.extend(self.pending.due(now));
            if let Some(key) = self.due.pop() {
                let staged = stage(StageRequest::new(&key.1, &self.private));
                match staged {
                    Ok(staged) => {
                        self.pending.done(&key);
                        return Some((key.1, staged.hash()));
                    }
                    Err(error) if error.try_again() => {
                        self.refused.push(error);
                        self.pending.again(key, now);
                    }
                    Err(error) => {
                        self.refused.push(error);
                        self.pending.done(&key);
                    }
                }
                continue;
            }
            let until = self.pending.next_deadline().unwrap_or(end).min(end);
            match self.notices.recv_timeout(until.saturating_duration_since(now)) {
                Ok(Notice::Appeared(a)) => {
                    self.pending.appeared((a.source, a.path), a.hint, Instant::now());
                }
                Ok(Notice::Trouble(error)) => panic!("{error}"),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= end => return None,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => panic!("the watcher is gone"),
            }
        }
    }

    /// Waits until the artifact `name` has this content.
    #[track_caller]
    fn expect(&mut self, name: &str, content: &str) {
        let wanted = (self.path(name), ArtifactHash::of(content.as_bytes()));
        let mut other = Vec::new();
        while let Some(found) = self.next(PATIENCE) {
            if found == wanted {
                return;
            }
            other.push(found);
        }
        panic!(
            "{name} never appeared as {content:?}; staged {other:?}, refused {:?}",
            self.refused
        );
    }

    /// Nothing new, nothing scheduled.
    #[track_caller]
    fn expect_quiet(&mut self) {
        while self.next(QUIET).is_some() {}
        assert_eq!(self.pending.next_deadline(), None);
        assert_eq!(self.next(QUIET), None);
    }
}

fn link(target: impl AsRef<Path>, path: &Path) {
    std::os::unix::fs::symlink(target, path).unwrap();
}

/// Switches a link as deployments do: a new one renamed over the old one.
fn switch(target: impl AsRef<Path>, path: &Path) {
    let beside = path.with_extension("new");
    link(target, &beside);
    fs::rename(beside, path).unwrap();
}
