//! The thread that listens, and those that answer.
//!
//! `hotswap-admin` reads the requests of all who have connected, without waiting for any of them: who
//! is slow to ask keeps nobody else from asking. A request that is whole goes to a thread of its own.
//! Looks and orders have places apart, so that those who wait for an upgrade do not keep anybody from
//! looking; where all are taken a request waits for one. An order whose client has gone is not done:
//! the host looks when its turn has come, and the worker once more (`Operator::only_while`).

use std::{
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hotswap_abi::__private::contained;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use hotswap_types::Operation;

use super::{
    answer::answer,
    asker::Asker,
    asking::{Asking, Heard},
    protocol::{Reply, line},
    socket::{Place, SocketError},
};
use crate::{event::EventKind, operator::Operator};

/// So many looks are answered at a time.
pub(super) const MOST_LOOKS: usize = 16;
/// So many orders are done, or wait for the worker or for the end of an upgrade, at a time.
pub(super) const MOST_ORDERS: usize = 64;
/// So many clients may have connected without having asked, and so many requests may wait.
pub(super) const MOST: usize = 256;
/// How long nobody is let in after somebody could not be.
const BREATH: Duration = Duration::from_millis(100);
/// How long an answer may take to be written, piece by piece.
const READS_WITHIN: Duration = Duration::from_secs(10);

/// A host's ear for operators. Dropping it is its end.
#[derive(Debug)]
pub(crate) struct Admin {
    listening: Option<JoinHandle<()>>,
    ending: Arc<Ending>,
    /// Written to, it wakes the thread that listens.
    wake: Arc<UnixStream>,
    place: Option<Place>,
}

/// What connections share: whether the host ends.
#[derive(Debug, Default)]
struct Ending {
    ends: AtomicBool,
}

impl Ending {
    fn ends(&self) -> bool {
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
        woken.set_nonblocking(true).map_err(failed)?;
        wake.set_nonblocking(true).map_err(failed)?;
        let wake = Arc::new(wake);
        let ending = Arc::new(Ending::default());
        let listening = thread::Builder::new().name("hotswap-admin".into()).spawn({
            let (ending, wake) = (Arc::clone(&ending), Arc::clone(&wake));
            let listening = Listening {
                listener,
                woken,
                operator,
                ending,
                asking: Vec::new(),
                waiting: VecDeque::new(),
                answering: Vec::new(),
                wake,
                trouble: None,
            };
            move || {
                let operator = listening.operator.clone();
                listen(&operator, || listening.run());
            }
        });
        let listening = Some(listening.map_err(failed)?);
        Ok(Self { listening, ending, wake, place: Some(place) })
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
        rouse(&self.wake);
        if let Some(listening) = self.listening.take() {
            // A panic of ours has been reported by its hook.
            let _ = listening.join();
        }
    }
}

/// Listens, and says so where that ends by a panic.
fn listen(operator: &Operator, listening: impl FnOnce()) {
    if contained(listening).is_none() {
        let why = "their thread has panicked; restart the program".to_owned();
        operator.shared.tell("", EventKind::AdminTrouble { why });
    }
}

/// The thread that listens.
struct Listening {
    listener: UnixListener,
    /// Readable when an answer was given, or the host ends.
    woken: UnixStream,
    operator: Operator,
    ending: Arc<Ending>,
    /// Who has connected, and not asked yet; the oldest first.
    asking: Vec<Asking>,
    /// Who has asked, and waits for a place.
    waiting: VecDeque<(Arc<UnixStream>, Operation)>,
    /// Who is being answered, and whether that is an order.
    answering: Vec<(JoinHandle<()>, bool)>,
    wake: Arc<UnixStream>,
    /// What was told of why nobody is answered, until that is over.
    trouble: Option<String>,
}

impl Listening {
    fn run(mut self) {
        loop {
            let slept = self.sleep();
            if self.ending.ends() {
                break;
            }
            // No memory, or fewer descriptors than there are places: nothing tells then of what has
            // come, so it is looked at all the same.
            let mut trouble = slept.err();
            if trouble.is_some() {
                thread::sleep(BREATH);
            }
            let mut drained = [0; 64];
            while matches!((&self.woken).read(&mut drained), Ok(1..)) {}
            self.hear();
            if let Err(error) = self.accept() {
                let _ = polled(&[self.woken.as_fd()], Some(BREATH));
                trouble.get_or_insert(error);
            }
            self.tell(trouble.as_ref());
            self.answer_next();
        }
        for (stream, _) in self.waiting {
            let _ = say(&stream, &Reply::Failed("the host ends; nothing was done".to_owned()));
        }
        for (thread, _) in self.answering {
            let _ = thread.join();
        }
    }

    /// Says once that operators are not answered just now.
    fn tell(&mut self, trouble: Option<&io::Error>) {
        let trouble = trouble.map(|error| format!("{error}; tried again by itself"));
        let before = std::mem::replace(&mut self.trouble, trouble.clone());
        if let Some(why) = trouble.filter(|why| before.as_ref() != Some(why)) {
            self.operator.shared.tell("", EventKind::AdminTrouble { why });
        }
    }

    /// Until somebody connects, asks, has been answered, or is late.
    fn sleep(&self) -> io::Result<()> {
        let mut places = vec![self.woken.as_fd(), self.listener.as_fd()];
        places.extend(self.asking.iter().map(Asking::as_fd));
        let late = self.asking.iter().map(Asking::deadline).min();
        polled(&places, late.map(|late| late.saturating_duration_since(Instant::now())))
    }

    /// Reads what has come.
    fn hear(&mut self) {
        for mut asking in std::mem::take(&mut self.asking) {
            match asking.hear() {
                Heard::Nothing => self.asking.push(asking),
                Heard::Gone => {}
                Heard::Operation(_) if self.waiting.len() >= MOST => {
                    let text = format!("{MOST} requests wait already; nothing was done");
                    let _ = say(&asking.stream, &Reply::Failed(text));
                }
                Heard::Operation(request) => self.waiting.push_back((asking.stream, request)),
                Heard::Nonsense(why) => {
                    let _ = say(&asking.stream, &Reply::Failed(why));
                }
            }
        }
    }

    /// Lets in who has connected.
    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Whoever it was has gone; or there is no descriptor left.
                    let gone = [io::ErrorKind::WouldBlock, io::ErrorKind::ConnectionAborted];
                    return if gone.contains(&error.kind()) { Ok(()) } else { Err(error) };
                }
            };
            let _ = stream.set_nonblocking(true);
            if let Err(why) = may_ask(&stream) {
                let _ = say(&stream, &Reply::Failed(why));
                continue;
            }
            if self.asking.len() >= MOST {
                // The one that has been silent longest.
                self.asking.remove(0);
            }
            self.asking.push(Asking::new(stream));
        }
    }

    /// Answers those for whom there is a place, in the order in which they have asked.
    fn answer_next(&mut self) {
        self.answering.retain(|(thread, _)| !thread.is_finished());
        let mut waits = VecDeque::new();
        for (stream, request) in std::mem::take(&mut self.waiting) {
            let is_order = request.is_order();
            let taken = self.answering.iter().filter(|it| it.1 == is_order).count();
            if taken >= if is_order { MOST_ORDERS } else { MOST_LOOKS } {
                waits.push_back((stream, request));
                continue;
            }
            let (operator, ending) = (self.operator.clone(), Arc::clone(&self.ending));
            let wake = Arc::clone(&self.wake);
            let thread = thread::Builder::new().name("hotswap-answer".into()).spawn(move || {
                in_its_place(&wake, move || converse(&stream, request, &operator, &ending));
            });
            // Where no thread can be had, the connection is closed, which says enough.
            self.answering.extend(thread.ok().map(|thread| (thread, is_order)));
        }
        self.waiting = waits;
    }
}

/// Answers, and wakes the thread that listens, since there is a place again: also after a panic, of a
/// subscriber of the program's that has heard of the request. Then the connection is closed.
fn in_its_place(wake: &UnixStream, answers: impl FnOnce()) {
    contained(answers);
    rouse(wake);
}

/// Wakes the thread that listens; where its pipe is full it is awake already.
fn rouse(mut wake: &UnixStream) {
    let _ = wake.write(&[0]);
}

/// Sleeps until there is something at one of these places.
fn polled(places: &[BorrowedFd<'_>], at_most: Option<Duration>) -> io::Result<()> {
    let mut places: Vec<_> =
        places.iter().map(|place| PollFd::from_borrowed_fd(*place, PollFlags::IN)).collect();
    let at_most = at_most.and_then(|it| Timespec::try_from(it).ok());
    match poll(&mut places, at_most.as_ref()) {
        // What has come is looked at in any case.
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn may_ask(stream: &UnixStream) -> Result<(), String> {
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

fn converse(stream: &Arc<UnixStream>, request: Operation, operator: &Operator, ending: &Ending) {
    let blocks = stream.set_nonblocking(false);
    if blocks.and_then(|()| stream.set_write_timeout(Some(READS_WITHIN))).is_err() {
        return;
    }
    let is_gone = || ending.ends() || has_gone(stream);
    if is_gone() {
        tracing::info!(?request, "not done: who has asked has gone");
        return;
    }
    tracing::debug!(?request, "an operator asks");
    let asks = Arc::clone(stream);
    let operator = operator.only_while(move || !has_gone(&asks));
    let mut progress = |text: &str| say(stream, &Reply::Progress(text.to_owned())).is_ok();
    let mut asker = Asker { progress: &mut progress, is_gone: &is_gone };
    let reply = match answer(&operator, request, &mut asker) {
        Ok(done) => Reply::Done(done),
        Err(why) => Reply::Failed(why),
    };
    let _ = say(stream, &reply);
}

/// Whether the other end is closed. One that only has no more to ask still waits for its answer.
fn has_gone(stream: &UnixStream) -> bool {
    let mut places = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let found = poll(&mut places, Some(&now)).is_ok_and(|count| count > 0);
    found && places[0].revents().intersects(PollFlags::HUP | PollFlags::ERR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Host, SlotConfig};

    #[test]
    fn a_thread_that_panics_while_it_listens_is_an_event() {
        let folder = tempfile::tempdir().unwrap();
        let slot = SlotConfig::artifact(folder.path().join("none.so"));
        let host = Host::new(Config::dev().slot("shop", slot)).unwrap();
        let events = host.events();
        listen(host.operator(), || panic!("a mistake of ours"));
        let trouble = events.iter().find_map(|event| match event.kind {
            EventKind::AdminTrouble { why } => Some(why),
            _ => None,
        });
        assert!(trouble.unwrap().contains("has panicked; restart the program"));
    }

    #[test]
    fn an_answer_that_panics_leaves_its_place_to_the_next_one() {
        let (wake, mut woken) = UnixStream::pair().unwrap();
        woken.set_nonblocking(true).unwrap();
        in_its_place(&wake, || panic!("a subscriber does not like it"));
        assert_eq!(woken.read(&mut [0; 8]).unwrap(), 1);
    }
}
