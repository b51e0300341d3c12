//! Real files and real events. [`Owner`] does what a host does: tries what is due, asks again
//! later for what is being written, and forgets the rest until its next event.

mod complete;
mod places;
mod writers;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use self::complete::{Incomplete, complete};
use super::{Backend, Backoff, Notice, Pending, Source, SourceId, Watcher};

/// Long enough that only a lost event can reach it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for an event that must not come, after one that did come behind it.
const QUIET: Duration = Duration::from_millis(150);

struct Owner {
    root: tempfile::TempDir,
    watcher: Watcher,
    notices: Receiver<Notice>,
    pending: Pending<(SourceId, PathBuf)>,
    due: Vec<(SourceId, PathBuf)>,
    refused: Vec<Incomplete>,
}

impl Owner {
    fn new(backend: Backend) -> Self {
        let (tell, notices) = mpsc::channel();
        let watcher = Watcher::start(backend, move |notice| drop(tell.send(notice))).unwrap();
        Self {
            root: tempfile::tempdir().unwrap(),
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

    /// The next artifact that is complete within `patience`, and what it holds.
    fn next(&mut self, patience: Duration) -> Option<(PathBuf, Vec<u8>)> {
        let end = Instant::now() + patience;
        loop {
            let now = Instant::now();
            self.due.extend(self.pending.due(now));
            if let Some(key) = self.due.pop() {
                match complete(&key.1) {
                    Ok(content) => {
                        self.pending.done(&key);
                        return Some((key.1, content));
                    }
                    Err(why) => {
                        match why {
                            Incomplete::BeingWritten => drop(self.pending.again(key, now)),
                            Incomplete::Empty | Incomplete::Read(_) => self.pending.done(&key),
                        }
                        self.refused.push(why);
                    }
                }
                continue;
            }
            let until = self.pending.next_deadline().unwrap_or(end).min(end);
            match self.notices.recv_timeout(until.saturating_duration_since(now)) {
                Ok(Notice::Appeared(a)) => {
                    self.pending.appeared((a.source, a.path), a.hint, Instant::now());
                }
                Ok(Notice::Gone(..)) => {}
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
        let wanted = (self.path(name), content.as_bytes().to_vec());
        let mut other = Vec::new();
        while let Some(found) = self.next(PATIENCE) {
            if found == wanted {
                return;
            }
            other.push((found.0, String::from_utf8_lossy(&found.1).into_owned()));
        }
        panic!("{name} never was {content:?}; found {other:?}, refused {:?}", self.refused);
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

#[test]
fn a_watcher_can_be_shared_and_what_it_tells_be_sent() {
    fn check<T: Send + Sync>() {}
    check::<Watcher>();
    check::<Notice>();
}
