//! The simulation: a thread of its own that makes frame after frame.
//!
//! A call that hangs cannot be ended. On a thread of its own it holds up nothing but the
//! simulation: who draws sees which call does not come back, and goes on. When a mended module
//! serves, a new simulation goes on from the last frame, and the old thread is left behind.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use game_api::Keys;

use crate::{
    frame::{Frame, STEP, Trouble},
    modules::{Part, Slots},
};

/// The name of the thread: panics on it are module code's, and shown in the game.
pub const THREAD: &str = "simulation";

/// A thread that makes frames.
#[derive(Debug)]
pub struct Simulation {
    shared: Arc<Shared>,
    /// Taken when it was found to have ended.
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    keys: Mutex<Keys>,
    size: Mutex<(u16, u16)>,
    call: Mutex<Option<Call>>,
    picture: Mutex<Frame>,
    troubles: Mutex<Vec<Trouble>>,
}

/// A call that has not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Whose.
    pub part: Part,
    /// The generation that served when it began.
    pub generation: u64,
    /// When it began.
    pub since: Instant,
}

impl Simulation {
    /// Goes on from a frame. Where the instance of a module is new, and knows nothing, the frame
    /// tells it how everything was.
    ///
    /// # Panics
    /// When the system has no more threads.
    #[must_use]
    pub fn start(slots: Slots, mut frame: Frame, size: (u16, u16), new: Option<Part>) -> Self {
        let shared = Arc::new(Shared::default());
        *lock(&shared.size) = size;
        *lock(&shared.picture) = frame.clone();
        let ours = Arc::clone(&shared);
        let run = move || {
            if let Some(part) = new
                && shared.calls(&slots, Some(part))
                && let Err(error) = frame.restore(&slots, part)
            {
                lock(&shared.troubles).push(Trouble { part, error });
            }
            shared.run(&slots, frame);
        };
        let thread = thread::Builder::new().name(THREAD.into()).spawn(run);
        Self { shared: ours, thread: Some(thread.expect("a thread can be started")) }
    }

    /// The simulation itself has panicked, not a module: what it said.
    pub fn failed(&mut self) -> Option<String> {
        let payload = self.thread.take_if(|thread| thread.is_finished())?.join().err()?;
        let text = payload.downcast_ref::<String>().map(String::as_str);
        Some(text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("no text").to_owned())
    }

    /// What the player does.
    pub fn set_keys(&self, keys: Keys) {
        *lock(&self.shared.keys) = keys;
    }

    /// The size of the picture, in pixels.
    pub fn set_size(&self, size: (u16, u16)) {
        *lock(&self.shared.size) = size;
    }

    /// The last frame.
    #[must_use]
    pub fn picture(&self) -> Frame {
        lock(&self.shared.picture).clone()
    }

    /// What went wrong since this was last asked.
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        std::mem::take(&mut lock(&self.shared.troubles))
    }

    /// The call that has not come back for so long.
    #[must_use]
    pub fn hangs(&self, for_long: Duration) -> Option<Call> {
        lock(&self.shared.call).filter(|call| call.since.elapsed() >= for_long)
    }
}

impl Drop for Simulation {
    /// The thread ends after its frame, or never.
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn run(&self, slots: &Slots, mut frame: Frame) {
        let step = Duration::from_secs_f32(STEP);
        let mut due = Instant::now();
        while !self.over.load(Ordering::Relaxed) {
            frame.resize(*lock(&self.size));
            let keys = lock(&self.keys).clone();
            let troubles = frame.next(slots, keys, &|part| self.calls(slots, part));
            lock(&self.troubles).extend(troubles);
            lock(&self.picture).clone_from(&frame);
            due += step;
            match due.checked_duration_since(Instant::now()) {
                Some(left) => thread::sleep(left),
                // Late: no frame is caught up with.
                None => due = Instant::now(),
            }
        }
    }

    /// Notes which module is called next; false when somebody else goes on from here.
    fn calls(&self, slots: &Slots, part: Option<Part>) -> bool {
        *lock(&self.call) = part.map(|part| Call {
            part,
            generation: slots.generation(part),
            since: Instant::now(),
        });
        !self.over.load(Ordering::Relaxed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
