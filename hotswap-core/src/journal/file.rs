//! The journal as a file: appended to, synced at the points that matter, locked, bounded.
//!
//! `journal.jsonl` is the one that is read. When it has grown past its size it becomes
//! `journal.1.jsonl`, the oldest of those is removed, and a new one begins with what the old one
//! has come to. It is replaced by a rename, so that there is always a whole one.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

use hotswap_loader::fs::{disk, make_private, read_regular, remove_left_aside, replace};
use hotswap_types::escape;

use super::{
    error::JournalError,
    line::{Damage, LONGEST, Line, What},
    lock::{LOCK, Lock},
    replay::Replay,
};
use crate::written::OWN;

pub(super) const FILE: &str = "journal.jsonl";
/// How many older files are kept.
const OLDER: u32 = 4;
/// A file that is larger becomes an older one.
pub(super) const LARGE: u64 = 1 << 20;
/// A file that is larger was not written by us.
const LARGEST: u64 = 256 << 20;

/// A journal that is open, and locked.
#[derive(Debug)]
pub(crate) struct JournalFile {
    folder: PathBuf,
    file: File,
    /// Held, never read.
    lock: Lock,
    /// As far as the file is whole.
    length: u64,
    /// When it is longer it becomes an older one.
    limit: u64,
    large: u64,
    next: u64,
    /// Something that was to be in the file is not.
    behind: bool,
    /// A line that does not count may be in it.
    uncut: bool,
    /// Why it has grown past its size, until somebody has asked.
    grows: Option<String>,
    replay: Replay,
}

impl JournalFile {
    /// Opens the journal in a folder, made where it is missing.
    pub(crate) fn open(folder: &Path, large: u64) -> Result<Self, JournalError> {
        make_private(folder).map_err(|source| JournalError::folder(folder, source))?;
        let lock = Lock::take(folder)?;
        remove_left_aside(folder);
        let path = folder.join(FILE);
        let (mut replay, mut next) = (Replay::default(), 1);
        match read(&path)? {
            Some(bytes) => {
                let (lines, whole) = lines(&path, &bytes)?;
                if lines.is_empty() {
                    // Each file begins as a whole: this one was cut by somebody else.
                    return Err(JournalError::damaged(&path, 1, Damage::Torn));
                }
                for line in &lines {
                    replay.apply(line);
                    next = line.n + 1;
                }
                if whole < bytes.len() {
                    tracing::warn!(path = %escape::path(&path), "the journal's last line was torn");
                    let file = disk::open(File::options().write(true), &path);
                    let cut = file.and_then(|file| {
                        disk::cut(&file, whole as u64)?;
                        disk::sync(&file)
                    });
                    cut.map_err(|source| JournalError::write(&path, source))?;
                }
            }
            None if is_bare(folder) => next = begin(&path, next, &replay)?,
            None => return Err(JournalError::Missing { path }),
        }
        let (file, length) = append_to(&path)?;
        let limit = large.max(2 * length);
        let folder = folder.to_owned();
        let (behind, uncut) = (false, false);
        Ok(Self {
            folder,
            file,
            lock,
            length,
            limit,
            large,
            next,
            behind,
            uncut,
            grows: None,
            replay,
        })
    }

    /// What its lines have come to.
    pub(crate) fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Why it has grown past its size since this was last asked. It is not logged here: a subscriber may
    /// ask for what is in it.
    pub(crate) const fn take_growth(&mut self) -> Option<String> {
        self.grows.take()
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Writes a line. One that is not written is caught up on by the next that must be.
    pub(crate) fn append_lazy(&mut self, slot: &str, what: What) -> Result<(), JournalError> {
        let line = Line::new(self.next, now(), slot, what);
        self.replay.apply(&line);
        self.next += 1;
        if self.behind {
            return Ok(());
        }
        self.write_line(&line)
    }

    /// Writes a line, and comes back when it will be there after the power was cut. On an error it
    /// counts as not written; [`may_be_there`](Self::may_be_there) says whether a later run may read
    /// it all the same.
    pub(crate) fn append_durable(&mut self, slot: &str, what: What) -> Result<(), JournalError> {
        self.ready()?;
        let (replay, next, length) = (self.replay.clone(), self.next, self.length);
        let written = self.append_lazy(slot, what).and_then(|()| self.sync());
        if written.is_err() {
            (self.replay, self.next, self.behind) = (replay, next, true);
            let cut = disk::cut(&self.file, length).and_then(|()| disk::sync(&self.file));
            self.uncut = cut.is_err();
        }
        written
    }

    /// As [`append_durable`](Self::append_durable), for what has been done already: on an error it counts all the same,
    /// and is caught up on.
    pub(crate) fn append(&mut self, slot: &str, what: What) -> Result<(), JournalError> {
        let ready = self.ready();
        self.behind |= ready.is_err();
        let noted = self.append_lazy(slot, what);
        let written = ready.and(noted).and_then(|()| self.sync());
        self.behind |= written.is_err();
        written
    }

    /// Whether a later run would read what this one has noted, as far as that is known.
    pub(crate) const fn is_behind(&self) -> bool {
        self.behind
    }

    /// Whether a line that counts as not written may be in the file.
    pub(crate) const fn may_be_there(&self) -> bool {
        self.uncut
    }

    /// A number of a backup is not given again.
    pub(crate) fn give_up_backup(&mut self, slot: &str, number: u64) {
        self.replay.slots.entry(slot.to_owned()).or_default().last_backup = number;
    }

    fn sync(&mut self) -> Result<(), JournalError> {
        let path = self.path();
        disk::sync(&self.file).map_err(|source| JournalError::write(&path, source))?;
        if self.length > self.limit {
            self.rotate();
        }
        Ok(())
    }

    /// Whether what must be written can be, as far as that is known.
    pub(crate) fn ready(&mut self) -> Result<(), JournalError> {
        if self.behind || self.has_vanished() { self.catch_up() } else { Ok(()) }
    }

    fn write_line(&mut self, line: &Line) -> Result<(), JournalError> {
        let text = line.encode();
        let written = disk::Out(&self.file).write_all(text.as_bytes());
        match written {
            Ok(()) => {
                self.length += text.len() as u64;
                Ok(())
            }
            Err(source) => {
                // A part of it may be there; one that stays is cut when it is opened again.
                let _ = disk::cut(&self.file, self.length);
                self.behind = true;
                Err(JournalError::write(&self.path(), source))
            }
        }
    }

    /// Whether somebody has taken the file away: what is written to it would be gone.
    fn has_vanished(&self) -> bool {
        !is_same(&self.file, &self.path())
    }

    /// Writes anew what all lines have come to. The folder is not made: somebody who has removed it
    /// has removed the backups as well, and should know.
    fn catch_up(&mut self) -> Result<(), JournalError> {
        let path = self.path();
        if !self.folder.is_dir() {
            let source = io::Error::new(io::ErrorKind::NotFound, "its folder was removed");
            return Err(JournalError::write(&path, source));
        }
        let file = self.folder.join(LOCK);
        if !file.exists() {
            self.lock = Lock::take(&self.folder)?;
        }
        self.begin_anew()
    }

    fn begin_anew(&mut self) -> Result<(), JournalError> {
        let path = self.path();
        let next = begin(&path, self.next, &self.replay)?;
        (self.file, self.length) = append_to(&path)?;
        (self.next, self.behind, self.uncut) = (next, false, false);
        self.limit = self.large.max(2 * self.length);
        Ok(())
    }

    /// Lets a file that has grown become an older one. What goes wrong costs space, or an older file.
    fn rotate(&mut self) {
        let older = |n: u32| self.folder.join(format!("journal.{n}.jsonl"));
        for n in (1..OLDER).rev() {
            let _ = disk::rename(&older(n), &older(n + 1));
        }
        let (path, first) = (self.path(), older(1));
        // It may be this very file, by a second name: never written to.
        let _ = disk::remove(&first);
        let copy = |_| {
            let mut from = disk::open(File::options().read(true), &path)?;
            replace(&first, |out| io::copy(&mut from, out).map(drop))
        };
        let kept = disk::link(&path, &first).or_else(copy);
        if let Err(error) = kept.map_err(|it| it.to_string()).and_then(|()| {
            self.begin_anew().map_err(|it| hotswap_abi::__private::text::in_full(&it))
        }) {
            self.grows = Some(format!("{}: {error}", escape::path(&path)));
            self.limit = self.length + self.large;
        }
    }
}

/// Reads the lines of a file, and says up to where it is whole: behind that stands the beginning of
/// a line that was not written to its end.
pub(crate) fn lines(path: &Path, bytes: &[u8]) -> Result<(Vec<Line>, usize), JournalError> {
    let mut lines: Vec<Line> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let Some(length) = bytes[at..].iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() - at > LONGEST {
                let damage = Damage::Long(bytes.len() - at);
                Err(JournalError::damaged(path, lines.len() + 1, damage))
            } else {
                Ok((lines, at))
            };
        };
        let line = Line::decode(&bytes[at..at + length]).and_then(|line| {
            match lines.last().map(|last| last.n + 1) {
                Some(expected) if line.n != expected => {
                    Err(Damage::Sequence { expected, found: line.n })
                }
                _ => Ok(line),
            }
        });
        let line = match line {
            Ok(line) => line,
            // A file has one format, and this version writes no other.
            Err(Damage::Format { found, hotswap })
                if lines.is_empty() && hotswap.as_deref() != Some(OWN) =>
            {
                return Err(JournalError::format(path, found, hotswap));
            }
            // What was not synced when the power was cut may be zeros.
            Err(_) if bytes[at..].contains(&0) && at + length + 1 == bytes.len() => {
                return Ok((lines, at));
            }
            Err(damage) => return Err(JournalError::damaged(path, lines.len() + 1, damage)),
        };
        lines.push(line);
        at += length + 1;
    }
    Ok((lines, at))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    match read_regular(path, LARGEST) {
        // A file is never made empty.
        Ok(bytes) if bytes.is_empty() => Err(JournalError::Missing { path: path.into() }),
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(JournalError::Read { path: path.into(), source }),
    }
}

/// Whether a folder has nothing of a journal.
fn is_bare(folder: &Path) -> bool {
    let has = |name: &str| {
        fs::read_dir(folder.join(name)).is_ok_and(|mut entries| entries.next().is_some())
    };
    !has(super::store::ARTIFACTS)
        && !has(super::store::BACKUPS)
        && !folder.join("journal.1.jsonl").exists()
}

/// Writes a file that begins with what all lines before have come to; returns the number of its
/// next line.
fn begin(path: &Path, next: u64, replay: &Replay) -> Result<u64, JournalError> {
    let (at, mut lines) = (now(), vec![Line::first(next, now())]);
    for (slot, record) in &replay.slots {
        let what = What::Carried(Box::new(record.clone()));
        lines.push(Line::new(next + lines.len() as u64, at, slot, what));
    }
    let text: String = lines.iter().map(Line::encode).collect();
    replace(path, |out| out.write_all(text.as_bytes()))
        .map_err(|source| JournalError::write(path, source))?;
    Ok(next + lines.len() as u64)
}

fn append_to(path: &Path) -> Result<(File, u64), JournalError> {
    let opened = disk::open(File::options().append(true), path);
    let measured = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
    let (length, file) = measured.map_err(|source| JournalError::write(path, source))?;
    Ok((file, length))
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |meta: &fs::Metadata| (meta.dev(), meta.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if id(&a) == id(&b))
}

#[cfg(not(unix))]
fn is_same(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
