//! Sources change: cargo builds them, and what comes of it is told.
//!
//! A [`Builder`] watches the sources of some packages, with all the path dependencies of each. It
//! runs one `cargo build` for all of them when it starts, and again whenever the *content* of a
//! watched file has changed. What cargo says is told as it says it: an artifact at the moment its
//! line is read, not when cargo ends.
//!
//! # How it works
//! One thread owns everything and sleeps until a message comes: from the watch, from the running
//! cargo (two threads read its output, one waits for its end), or from the owner. Decisions are
//! made by modules without effects: `build_plan` (what cargo's metadata means: what to watch, which
//! crates the host shares), `schedule` (a save × what is being done → what to do), `written` (which
//! files builds themselves write), `message` (what a line means), `scripts` (what a build script has
//! said), `environment` and `arguments` (how cargo is called), `watched` (which paths matter). `run`
//! alone knows the order of things. `unnoticed` sees to it that cargo builds what has changed.
//!
//! There is no delay after a save. A file that is closed after writing, or renamed into place, is
//! looked at at once; one that is only just being written or has gone away, when it is closed or
//! after `limits::SETTLE`. A build that a newer save has made stale is ended with all its processes, and
//! the next one starts. When builds have been ended like that for `limits::PATIENCE`, the next one is
//! left to its end, so that somebody who never stops saving sees results, too.
//!
//! A change of a manifest, of `Cargo.lock` or of cargo's configuration makes the plan be drawn up
//! anew, before the build. What the compiler read from elsewhere (`include_str!`) is learnt from its
//! dependency files, and of a build that fails from its messages; what build scripts depend on, from
//! their output. It is watched after the first build.
//!
//! Nothing is built into the folders of the host's own cargo: a target folder of its own keeps
//! the builder out of the way of `cargo run`, and of editors. `seed` copies into it what was compiled
//! for the host, once.

mod arguments;
mod build;
mod build_plan;
mod calls;
#[expect(unsafe_code, reason = "asks how a signal is handled, and sets it in a child")]
mod children;
mod contents;
mod depinfo;
mod environment;
mod error;
mod event;
mod input;
mod job;
mod limits;
mod message;
mod process;
mod report;
mod request;
mod run;
mod schedule;
mod scripts;
mod seed;
mod sources;
mod survey;
mod suspects;
mod unnoticed;
mod watched;
mod written;

use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

pub use error::CargoError;
pub use report::{Diagnostic, Finished, Level, Progress, Report};
pub use request::{Profile, Request};

use input::Input;
use run::Run;

/// Builds packages whenever their sources change, until dropped. Dropping it ends a running build
/// with all its processes, and joins the builder's threads.
pub struct Builder {
    inputs: Sender<Input>,
    thread: Option<JoinHandle<()>>,
}

impl Builder {
    /// Asks cargo what the packages are, watches their sources, and starts a first build.
    ///
    /// `sink` is called on the builder's own thread, and on this one while cargo is asked; it should
    /// hand over and return.
    ///
    /// # Errors
    /// When cargo cannot be run or refuses the workspace, when a package is not in it or has no
    /// library of type cdylib, and when the sources cannot be watched. What a build finds is
    /// reported, not returned.
    pub fn start(
        request: Request,
        sink: impl FnMut(Report) + Send + 'static,
    ) -> Result<Self, CargoError> {
        let (inputs, inbox) = mpsc::channel();
        let run = Run::new(request, &inputs, Box::new(sink))?;
        let thread = thread::Builder::new()
            .name("hotswap-cargo".into())
            .spawn(move || run.until_stopped(&inbox))
            .map_err(|source| CargoError::Thread { source })?;
        Ok(Self { inputs, thread: Some(thread) })
    }

    /// Builds now, though nothing has changed: after something that is not watched did. Does
    /// nothing while a build is running.
    pub fn build(&self) {
        // Fails only when the thread has ended, and then nobody builds.
        let _ = self.inputs.send(Input::Asked);
    }

    /// Builds once more, after the build that is running.
    #[doc(hidden)]
    pub fn build_again(&self) {
        // Fails only when the thread has ended, and then nobody builds.
        let _ = self.inputs.send(Input::Again);
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        let _ = self.inputs.send(Input::Stop);
        if let Some(thread) = self.thread.take()
            // Dropped by its own sink: the thread ends when that returns.
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_can_be_shared() {
        fn check<T: Send + Sync>() {}
        check::<Builder>();
        check::<Request>();
        check::<Report>();
        check::<CargoError>();
    }
}
