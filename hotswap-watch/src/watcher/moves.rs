//! Folders on the way to a source, of which only one thing matters: that they are renamed.
//!
//! `mv app app.old && mv app.new app` leads `app/lib/x.so` elsewhere, and neither `lib` nor
//! `x.so` hears of it. `notify` reports everything that happens in a folder it watches, and up
//! there (in `/home`, in `/tmp`) much happens. inotify itself can be asked for the one event, so
//! that an idle host stays idle. Elsewhere than on Linux such a rename is noticed at the next
//! event or [`rescan`](super::Watcher::rescan).

#[cfg(target_os = "linux")]
pub(super) use linux::Moves;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt;
    use std::io::{self, PipeReader, PipeWriter};
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd as _, OwnedFd};
    use std::path::PathBuf;
    use std::sync::Arc;
    use std::thread::{self, JoinHandle};

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

    use crate::error::WatchError;
    use hotswap_types::Fingerprint;

    /// Calls back when one of a set of folders is renamed.
    pub(crate) struct Moves {
        inotify: Arc<OwnedFd>,
        held: BTreeMap<PathBuf, (i32, Fingerprint)>,
        // Closed, it ends the thread.
        end: Option<PipeWriter>,
        thread: Option<JoinHandle<()>>,
    }

    impl Moves {
        pub(crate) fn new(moved: impl Fn() + Send + 'static) -> Result<Self, WatchError> {
            Self::start(moved).map_err(WatchError::starting)
        }

        fn start(moved: impl Fn() + Send + 'static) -> io::Result<Self> {
            let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
            let (ended, end) = io::pipe()?;
            let events = Arc::clone(&inotify);
            let thread = thread::Builder::new().name("hotswap-moves".into()).spawn(move || {
                while wait(&events, &ended) {
                    if drain(&events) {
                        moved();
                    }
                }
            })?;
            Ok(Self { inotify, held: BTreeMap::new(), end: Some(end), thread: Some(thread) })
        }

        /// As [`Folders::set`](crate::folders::Folders::set).
        pub(crate) fn set(
            &mut self,
            wanted: &BTreeSet<PathBuf>,
            trouble: &mut Vec<WatchError>,
        ) -> bool {
            let unwanted = |folder: &&PathBuf| !wanted.contains(*folder);
            for folder in self.held.keys().filter(unwanted).cloned().collect::<Vec<_>>() {
                self.drop_one(&folder);
            }
            let mut new = false;
            for folder in wanted {
                let Ok(meta) = std::fs::symlink_metadata(folder) else {
                    new = true;
                    continue;
                };
                let now = Fingerprint::of(&meta);
                if self.held.get(folder).is_some_and(|(_, held)| held.same_file(&now)) {
                    continue;
                }
                self.drop_one(folder);
                let flags = WatchFlags::MOVE_SELF | WatchFlags::ONLYDIR | WatchFlags::DONT_FOLLOW;
                match inotify::add_watch(&*self.inotify, folder, flags) {
                    Ok(watch) => {
                        self.held.insert(folder.clone(), (watch, now));
                        new = true;
                    }
                    Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => new = true,
                    // A folder that may be passed but not read cannot be watched. What is below
                    // it can.
                    Err(rustix::io::Errno::ACCESS) => {}
                    Err(error) => trouble.push(WatchError::adding(folder, error.into())),
                }
            }
            new
        }

        pub(crate) fn all_gone(&mut self) {
            for folder in self.held.keys().cloned().collect::<Vec<_>>() {
                self.drop_one(&folder);
            }
        }

        fn drop_one(&mut self, folder: &PathBuf) {
            if let Some((watch, _)) = self.held.remove(folder) {
                // Fails where it is gone already.
                let _ = inotify::remove_watch(&*self.inotify, watch);
            }
        }
    }

    impl Drop for Moves {
        fn drop(&mut self) {
            drop(self.end.take());
            if let Some(thread) = self.thread.take() {
                let _ = thread.join();
            }
        }
    }

    impl fmt::Debug for Moves {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Moves").field("held", &self.held).finish_non_exhaustive()
        }
    }

    /// Blocks until there is an event (`true`) or the end (`false`).
    fn wait(inotify: &OwnedFd, ended: &PipeReader) -> bool {
        let (events, end) = (inotify.as_fd(), ended.as_fd());
        let mut both = [
            PollFd::from_borrowed_fd(events, PollFlags::IN),
            PollFd::from_borrowed_fd(end, PollFlags::IN),
        ];
        loop {
            match poll(&mut both, None) {
                Ok(_) => return both[1].revents().is_empty(),
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Reads all events; whether one of them matters.
    fn drain(inotify: &OwnedFd) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(inotify, &mut buffer);
        let matter = ReadFlags::MOVE_SELF | ReadFlags::QUEUE_OVERFLOW | ReadFlags::UNMOUNT;
        let mut moved = false;
        while let Ok(event) = reader.next() {
            moved |= event.events().intersects(matter);
        }
        moved
    }
}

/// Nothing to be had.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(super) struct Moves;

#[cfg(not(target_os = "linux"))]
impl Moves {
    pub(super) fn new(_: impl Fn() + Send + 'static) -> Result<Self, crate::error::WatchError> {
        Ok(Self)
    }

    pub(super) fn set(
        &mut self,
        _: &std::collections::BTreeSet<std::path::PathBuf>,
        _: &mut Vec<crate::error::WatchError>,
    ) -> bool {
        false
    }

    pub(super) fn all_gone(&mut self) {}
}
