//! Artifacts appear: which path may have new content, told to one owner.
//!
//! A [`Watcher`] has a thread that sleeps until the file system tells something. It watches
//! folders, never files, so that a file can be replaced by rename, deleted and made again: for
//! each [`Source`] the folder of every link on its way, the folder of what is at the end, and
//! where a part is missing, the nearest folder that exists. On each event that concerns a source
//! its way is traced again (`trace`), until nothing new had to be watched: then nothing can
//! have slipped through between looking and watching.
//!
//! It does not read or judge files. What it tells is a hint: the owner stages the path, and finds
//! it complete, being written, or with the content it has already. [`Pending`] keeps the owner's
//! book of what is to be tried and when.

mod backend;
mod event;
mod moves;
mod pending;
mod run;
mod source;
mod survey;
mod trace;

use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

pub use backend::Backend;
pub use pending::{Backoff, Pending, Retry};
pub use source::{Appeared, Hint, Notice, Source, SourceId};
pub use trace::{Trace, trace};

use run::{Message, Run};

use crate::error::WatchError;

/// Watches sources until dropped.
#[derive(Debug)]
pub struct Watcher {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Starts to watch, nothing at first. `sink` is called on the watcher's own thread; it should
    /// hand over and return, and must not call the watcher.
    ///
    /// # Errors
    /// When the system's events cannot be had; [`Backend::Poll`] needs none.
    pub fn start(
        backend: Backend,
        sink: impl FnMut(Notice) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (messages, inbox) = mpsc::channel();
        let run = Run::new(backend, &messages, Box::new(sink))?;
        let thread = thread::Builder::new()
            .name("hotswap-watch".into())
            .spawn(move || run.until_stopped(&inbox))
            .map_err(|source| WatchError::Service { source })?;
        Ok(Self { messages, thread: Some(thread) })
    }

    /// Watches one more source, and tells of what is there already. When this returns, no later
    /// change is missed.
    ///
    /// # Errors
    /// When a folder on the way cannot be watched; the source is not kept then.
    pub fn add(&self, source: Source) -> Result<SourceId, WatchError> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Message::Add(source, reply));
        answer.recv().unwrap_or_else(|_| {
            let source = std::io::Error::other("the watcher's thread has ended");
            Err(WatchError::Service { source })
        })
    }

    /// Watches a source no longer. Something may still be told of it until this returns.
    pub fn remove(&self, source: SourceId) {
        let (reply, answer) = mpsc::sync_channel(1);
        self.send(Message::Remove(source, reply));
        let _ = answer.recv();
    }

    /// Looks at all sources again and tells of everything that is there.
    pub fn rescan(&self) {
        self.send(Message::Lost);
    }

    fn send(&self, message: Message) {
        // Fails only when the thread has ended, and then there is nobody to tell.
        let _ = self.messages.send(message);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
