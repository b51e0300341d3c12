//! The thread that listens, and those that answer.

use std::{
    io::{self, BufReader, Write as _},
    net::Shutdown,
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::Mutex;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::{
    answer::answer,
    protocol::{LONGEST_REQUEST, Reply, Request, Unread, line, read_line},
    socket::{Place, SocketError},
};
use crate::host::Operator;

/// So many operators are answered at a time.
pub(super) const MOST: usize = 16;
/// How long nobody is let in after somebody could not be.
const BREATH: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// Whoever connects has to say what for.
const ASKS_WITHIN: Duration = Duration::from_secs(10);

/// A host's ear for operators. Dropping it is its end.
#[derive(Debug)]
pub(crate) struct Admin {
    listening: Option<JoinHandle<()>>,
    ending: Arc<Ending>,
    /// Closed, it wakes the thread that listens.
    wake: Option<UnixStream>,
    place: Option<Place>,
}

/// What connections share: whether the host ends, and who is still there.
#[derive(Debug, Default)]
pub(super) struct Ending {
    ends: AtomicBool,
    connections: Mutex<Vec<Weak<UnixStream>>>,
}

impl Ending {
    pub(super) fn ends(&self) -> bool {
        // Nothing is read because of it.
        self.ends.load(Ordering::Relaxed)
    }
}

impl Admin {
    /// Answers at a path from now on.
    pub(crate) fn start(path: &Path, operator: Operator) -> Result<Self, SocketError> {
        let failed = |source| SocketError::Io { path: path.to_owned(), source };
        let (place, listener) = Place::take(path)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let (wake, woken) = UnixStream::pair().map_err(failed)?;
        let ending = Arc::new(Ending::default());
        let listening = thread::Builder::new().name("hotswap-admin".into()).spawn({
            let ending = Arc::clone(&ending);
            move || listen(&listener, &woken, &operator, &ending)
        });
        let listening = Some(listening.map_err(failed)?);
        Ok(Self { listening, ending, wake: Some(wake), place: Some(place) })
    }
}

impl Admin {
    /// Its end, without waiting for who is being answered.
    pub(crate) fn let_go(mut self) {
        self.listening = None;
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        drop(self.place.take());
        self.ending.ends.store(true, Ordering::Relaxed);
        drop(self.wake.take());
        if let Some(listening) = self.listening.take() {
            // A panic of ours has been reported by its hook.
            let _ = listening.join();
        }
    }
}

fn listen(listener: &UnixListener, woken: &UnixStream, operator: &Operator, ending: &Arc<Ending>) {
    let mut answering: Vec<JoinHandle<()>> = Vec::new();
    while polled(&[listener.as_fd(), woken.as_fd()], None).is_ok() && !ending.ends() {
        let stream = match listener.accept() {
            Ok((stream, _)) => Arc::new(stream),
            // Whoever it was has gone; or there is no descriptor left, and nobody is let in at once.
            Err(_) => {
                let _ = polled(&[woken.as_fd()], Some(BREATH));
                continue;
            }
        };
        answering.retain(|thread| !thread.is_finished());
        if let Err(why) = may_ask(&stream, answering.len()) {
            let _ = say(&stream, &Reply::Failed(why));
            continue;
        }
        let (operator, ended) = (operator.clone(), Arc::clone(ending));
        {
            let mut connections = ending.connections.lock();
            connections.retain(|connection| connection.strong_count() > 0);
            connections.push(Arc::downgrade(&stream));
        }
        let thread = thread::Builder::new()
            .name("hotswap-answer".into())
            .spawn(move || converse(&stream, &operator, &ended));
        // Where no thread can be had, the connection is closed, which says enough.
        answering.extend(thread.ok());
    }
    for connection in ending.connections.lock().drain(..) {
        if let Some(stream) = connection.upgrade() {
            // Who is about to ask is told nothing; who has asked still gets its answer.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }
    for thread in answering {
        let _ = thread.join();
    }
}

/// Sleeps until there is something at one of these places: somebody who connects, or the host's end.
fn polled(places: &[BorrowedFd<'_>], at_most: Option<Timespec>) -> io::Result<()> {
    let mut places: Vec<_> =
        places.iter().map(|place| PollFd::from_borrowed_fd(*place, PollFlags::IN)).collect();
    loop {
        match poll(&mut places, at_most.as_ref()) {
            Err(Errno::INTR) => {}
            other => return Ok(other.map(drop)?),
        }
    }
}

fn may_ask(stream: &UnixStream, others: usize) -> Result<(), String> {
    if others >= MOST {
        return Err(format!("{MOST} others are being answered; ask again in a moment"));
    }
    let (peer, own) = (peer(stream), rustix::process::geteuid().as_raw());
    match peer {
        Ok(peer) if peer == own || peer == 0 => Ok(()),
        Ok(peer) => Err(format!("the host is user {own}'s, and does not answer user {peer}")),
        Err(error) => Err(format!("the host cannot tell who asks: {error}")),
    }
}

/// The user at the other end.
#[cfg(target_os = "linux")]
pub(super) fn peer(stream: &UnixStream) -> io::Result<u32> {
    Ok(rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw())
}

/// Elsewhere the mode of the socket is all there is.
#[cfg(not(target_os = "linux"))]
pub(super) fn peer(_: &UnixStream) -> io::Result<u32> {
    Ok(rustix::process::geteuid().as_raw())
}

fn say(mut stream: &UnixStream, reply: &Reply) -> io::Result<()> {
    stream.write_all(&line(reply)?)
}

fn converse(stream: &UnixStream, operator: &Operator, ending: &Ending) {
    let said = |reply: &Reply| say(stream, reply);
    let limits = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(ASKS_WITHIN)))
        .and_then(|()| stream.set_write_timeout(Some(ASKS_WITHIN)));
    if limits.is_err() {
        return;
    }
    let request = match read_line::<Request>(&mut BufReader::new(stream), LONGEST_REQUEST) {
        Ok(Some(request)) => request,
        // Nobody asks.
        Ok(None) | Err(Unread::Io(_)) => return,
        Err(error) => {
            let version = env!("CARGO_PKG_VERSION");
            let text = format!("hotswap {version} in the host does not understand this: {error}");
            let _ = said(&Reply::Failed(text));
            return;
        }
    };
    tracing::debug!(?request, "an operator asks");
    let mut progress = |text: &str| said(&Reply::Progress(text.to_owned())).is_ok();
    let reply = match answer(operator, request, &mut progress, &Peer { stream, ending }) {
        Ok(done) => Reply::Done(done),
        Err(why) => Reply::Failed(why),
    };
    let _ = said(&reply);
}

/// Whoever waits for an answer.
pub(super) struct Peer<'a> {
    stream: &'a UnixStream,
    ending: &'a Ending,
}

impl Peer<'_> {
    /// Whether nobody waits any more, or nothing more will come.
    pub(super) fn is_gone(&self) -> bool {
        if self.ending.ends() {
            return true;
        }
        let mut places = [PollFd::from_borrowed_fd(self.stream.as_fd(), PollFlags::RDHUP)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let found = poll(&mut places, Some(&now));
        found.is_ok_and(|count| count > 0)
    }
}
