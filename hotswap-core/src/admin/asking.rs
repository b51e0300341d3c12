//! Who has connected, and not asked yet.

use std::{
    io::{self, Read as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_types::Operation;

use super::protocol::{LONGEST_REQUEST, understood};

/// Whoever connects has to ask within this time, however many pieces the request comes in.
const ASKS_WITHIN: Duration = Duration::from_secs(10);

/// A connection whose request is not whole yet. Nothing waits for it.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) stream: Arc<UnixStream>,
    deadline: Instant,
    read: Vec<u8>,
}

/// What a connection has said.
#[derive(Debug)]
pub(super) enum Heard {
    /// Nothing that is whole.
    Nothing,
    /// It is closed, or late.
    Gone,
    Operation(Operation),
    /// No request that this host understands.
    Nonsense(String),
}

impl Asking {
    /// `stream` does not block.
    pub(super) fn new(stream: UnixStream) -> Self {
        let deadline = Instant::now() + ASKS_WITHIN;
        Self { stream: Arc::new(stream), deadline, read: Vec::new() }
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Reads what has come.
    pub(super) fn hear(&mut self) -> Heard {
        let mut piece = [0; 4096];
        loop {
            let is_over = match (&*self.stream).read(&mut piece) {
                Ok(0) => true,
                Ok(length) => {
                    self.read.extend_from_slice(&piece[..length]);
                    false
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return if self.deadline <= Instant::now() {
                        Heard::Gone
                    } else {
                        Heard::Nothing
                    };
                }
                Err(_) => return Heard::Gone,
            };
            if is_over && self.read.is_empty() {
                return Heard::Gone;
            }
            let is_long = self.read.len() as u64 > LONGEST_REQUEST;
            if is_over || is_long || self.read.contains(&b'\n') {
                return match understood(&self.read) {
                    Ok(request) => Heard::Operation(request),
                    Err(why) => Heard::Nonsense(why),
                };
            }
        }
    }
}
