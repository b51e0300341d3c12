//! What the themes share.

use std::{
    io::Cursor,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{CallError, Config, Host, Pin, Slot};
use hotswap_tests::{Fixture, LONG, Told, fixture, patient};
use minisign::KeyPair;

/// A build of `counter` with a script.
pub(crate) fn counter(script: &str) -> Fixture {
    fixture("counter").told(script)
}

/// A patient host whose upgrades keep a slot closed for as long as they wait for callers.
pub(crate) fn closing() -> Config {
    patient().with_longest_wait(LONG)
}

/// The slot `main` with its first generation, and what is told from then on.
pub(crate) fn open(host: &Host) -> (Slot<dyn Counter>, Told) {
    let told = Told::of(host);
    let slot = host.slot("main").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(told.live().generation, 1);
    (slot, told)
}

/// Runs on a thread of its own: a thread that is inside a slot stays on its generation.
pub(crate) fn elsewhere<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(work).join().expect("the other thread does not panic"))
}

/// The label of the build that a new caller gets.
pub(crate) fn label(slot: &Slot<dyn Counter>) -> String {
    elsewhere(|| slot.pin().label().expect("it serves"))
}

/// The count.
pub(crate) fn value(slot: &Slot<dyn Counter>) -> u64 {
    elsewhere(|| slot.pin().value().expect("it serves"))
}

/// The gate of a slot is closed: a call that does not wait is turned away.
pub(crate) fn is_closed(slot: &Slot<dyn Counter>) -> bool {
    let now = slot.with_budget(Duration::ZERO);
    elsewhere(|| matches!(Pin::generation(&now.pin()), Err(CallError::Draining { .. })))
}

/// A thread inside a call of a slot.
pub(crate) struct Inside {
    release: Sender<()>,
    thread: JoinHandle<Result<(), CallError>>,
}

/// A thread of that name goes inside with `&self` and stays there.
pub(crate) fn stay_inside(slot: &Slot<dyn Counter>, name: &str) -> Inside {
    let slot = slot.clone();
    let (release, held): (_, Receiver<()>) = mpsc::channel();
    let (enter, entered) = mpsc::channel();
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            slot.pin().inside(&mut || {
                enter.send(()).expect("the test waits");
                let _ = held.recv();
            })
        })
        .expect("a thread can be started");
    entered.recv().expect("the thread goes inside");
    Inside { release, thread }
}

impl Inside {
    /// The thread comes out; its call must have gone well.
    pub(crate) fn leave(self) {
        drop(self.release);
        self.thread.join().expect("it does not panic").expect("its call goes well");
    }
}

/// Somebody who signs.
pub(crate) struct Signer(KeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_unencrypted_keypair().unwrap())
    }

    pub(crate) fn key(&self) -> String {
        self.0.pk.to_base64()
    }

    /// As minisign shows it.
    pub(crate) fn number(&self) -> String {
        self.0.pk.to_box().unwrap().to_string()[..]
            .lines()
            .next()
            .unwrap()
            .rsplit(' ')
            .next()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn sign(&self, build: &Fixture) -> String {
        self.sign_as(build, "built on Monday")
    }

    pub(crate) fn sign_as(&self, build: &Fixture, comment: &str) -> String {
        let data = Cursor::new(build.bytes());
        minisign::sign(None, &self.0.sk, data, Some(comment), None).unwrap().to_string()
    }
}
