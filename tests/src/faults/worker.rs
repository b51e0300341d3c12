//! A thread of the host, in the rows about threads.

use std::{
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

use habits_api::{Habit, Habits};
use hotswap_core::Slot;

/// A thread of the host that calls when it is told to.
pub(super) struct Worker {
    pub(super) tasks: Sender<(Habit, Sender<()>)>,
    pub(super) thread: JoinHandle<()>,
}

impl Worker {
    pub(super) fn new(slot: Slot<dyn Habits>, name: &str) -> Self {
        let (tasks, inbox): (_, Receiver<(Habit, Sender<()>)>) = mpsc::channel();
        let work = move || {
            for (habit, done) in inbox {
                hotswap_core::release_thread_locals();
                slot.pin().practise(habit).expect("it serves");
                done.send(()).expect("the row waits");
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
        Self { tasks, thread: thread.expect("a thread can be started") }
    }

    pub(super) fn calls(&self, habit: Habit) {
        let (done, is_done) = mpsc::channel();
        self.tasks.send((habit, done)).expect("it is there");
        is_done.recv().expect("it has called");
    }

    pub(super) fn ends(self) {
        drop(self.tasks);
        self.thread.join().expect("it does not panic");
    }
}
