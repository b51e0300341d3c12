//! What can go wrong with a disk, one operation at a time, for the operations of this thread.
//!
//! Everything is done on the real file system; only the failing operation is not, or not wholly.
//! Beside it stands what would be there if the power was cut: of each file what it held when it was
//! last synced, in each folder the names that it had when that was last synced.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    fs::{self, File},
    io,
    os::{fd::AsRawFd as _, unix::fs::MetadataExt as _},
    path::{Path, PathBuf},
};

use super::Op;

/// How an operation goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "for tests")]
pub enum Way {
    /// It is not done, and fails.
    Refused,
    /// It is done, and fails all the same.
    Unsaid,
    /// Half of what is written is, and then it fails. Other operations are not done.
    Half,
    /// The process is killed before it.
    Killed,
}

/// All ways.
pub const WAYS: [Way; 4] = [Way::Refused, Way::Unsaid, Way::Half, Way::Killed];

/// The operations of a thread, one of which goes wrong.
#[derive(Debug)]
pub struct Disk {
    way: Way,
    at: usize,
    seen: usize,
    /// What went wrong.
    pub hit: Option<String>,
    /// By inode.
    files: HashMap<u64, Vec<u8>>,
    folders: BTreeMap<PathBuf, BTreeMap<OsString, u64>>,
}

thread_local! {
    static DISK: RefCell<Option<Disk>> = const { RefCell::new(None) };
}

/// Does something on a disk whose operation number `at` goes wrong.
pub fn with_fault<T>(way: Way, at: usize, work: impl FnOnce() -> T) -> (T, Disk) {
    let (files, folders) = Default::default();
    let disk = Disk { way, at, seen: 0, hit: None, files, folders };
    DISK.with_borrow_mut(|slot| assert!(slot.replace(disk).is_none(), "one at a time"));
    let done = work();
    (done, DISK.with_borrow_mut(|slot| slot.take().expect("it was put there")))
}

/// How much of a write is done.
pub(super) fn at_most(length: usize) -> usize {
    DISK.with_borrow(|slot| match slot {
        Some(disk) if disk.is_next() && disk.way == Way::Half => length.div_ceil(2),
        _ => length,
    })
}

pub(super) fn does<T>(
    op: Op<'_>,
    file: Option<&File>,
    real: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let Some((does, fails)) = DISK.with_borrow_mut(|slot| slot.as_mut().map(|it| it.next(op)))
    else {
        return real();
    };
    let failure = || Err(io::Error::other(format!("made to fail: {op:?}")));
    if !does {
        return failure();
    }
    let done = real();
    if done.is_ok() {
        DISK.with_borrow_mut(|slot| slot.as_mut().expect("it is there").is_done(op, file));
    }
    if fails { failure() } else { done }
}

impl Disk {
    fn is_next(&self) -> bool {
        self.seen == self.at
    }

    /// Whether an operation is done, and whether it fails.
    fn next(&mut self, op: Op<'_>) -> (bool, bool) {
        let is_it = self.is_next();
        self.seen += 1;
        if is_it {
            self.hit = Some(format!("{op:?}"));
        }
        match self.way {
            Way::Killed => (self.hit.is_none(), self.hit.is_some()),
            _ if !is_it => (true, false),
            Way::Refused => (false, true),
            Way::Unsaid => (true, true),
            Way::Half => (matches!(op, Op::Write(_)), true),
        }
    }

    fn is_done(&mut self, op: Op<'_>, file: Option<&File>) {
        match (op, file) {
            (Op::Sync, Some(file)) => {
                let content = fs::read(format!("/proc/self/fd/{}", file.as_raw_fd()));
                let inode = file.metadata().expect("it is open").ino();
                self.files.insert(inode, content.expect("it can be read"));
            }
            (Op::SyncFolder(folder), _) => {
                let entries = fs::read_dir(folder).expect("it can be read").map(Result::unwrap);
                let entries = entries.map(|it| (it.file_name(), it.metadata().unwrap().ino()));
                self.folders.insert(folder.to_owned(), entries.collect());
            }
            // Its number may have been another file's.
            (Op::Aside(folder), _) => {
                let all = fs::read_dir(folder).expect("it can be read").map(Result::unwrap);
                let newest = all.filter(|it| it.file_name().to_string_lossy().starts_with(".tmp"));
                for entry in newest {
                    self.files.remove(&entry.metadata().unwrap().ino());
                }
            }
            _ => {}
        }
    }

    /// Lays out what would be in a folder after a power cut.
    pub fn after_power_cut(&self, folder: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for (name, inode) in self.folders.get(folder).into_iter().flatten() {
            let (from, to) = (folder.join(name), to.join(name));
            if from.is_dir() {
                self.after_power_cut(&from, &to);
            } else {
                fs::write(to, self.files.get(inode).map_or(&[][..], Vec::as_slice)).unwrap();
            }
        }
    }
}
