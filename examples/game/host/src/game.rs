//! The game without its screen: the modules, the simulation that calls them, and what is told.

use std::time::{Duration, Instant};

use game_api::Keys;
use hotswap_core::event::EventKind;

use crate::{
    frame::Frame,
    modules::{Modules, Part},
    news::News,
    simulation::{Call, Simulation},
};

/// A frame that takes longer hangs.
const HANGS: Duration = Duration::from_secs(1);

/// The game without its screen.
#[derive(Debug)]
pub struct Game {
    /// What was told, as it is shown.
    pub news: News,
    /// The last frame.
    pub picture: Frame,
    modules: Modules,
    simulation: Simulation,
    size: (u16, u16),
    /// The call that hangs, and whether it was given up.
    hang: Option<(Call, bool)>,
}

impl Game {
    /// Starts to play, with a picture of that many pixels.
    #[must_use]
    pub fn start(modules: Modules, size: (u16, u16)) -> Self {
        let simulation = Simulation::start(modules.slots.clone(), Frame::default(), size, None);
        let news = News::default();
        Self { news, picture: Frame::default(), modules, simulation, size, hang: None }
    }

    /// Looks at what has happened. To be called every few milliseconds.
    ///
    /// # Panics
    /// When the simulation has.
    pub fn tick(&mut self, keys: Keys, size: (u16, u16)) {
        self.size = size;
        self.simulation.set_keys(keys);
        self.simulation.set_size(size);
        while let Ok(event) = self.modules.events.try_recv() {
            // A breakpoint hangs as well; who saves has left it.
            let saved = matches!(&event.kind, EventKind::Build(_) | EventKind::Phase { .. });
            self.news.told(&event, Instant::now());
            if saved {
                self.give_up();
            }
        }
        if let Some(text) = self.simulation.failed() {
            panic!("the simulation panicked: {text}");
        }
        for trouble in self.simulation.troubles() {
            self.news.failed(&trouble, Instant::now());
        }
        self.watch();
        self.picture = self.simulation.picture();
    }

    /// The call that hangs.
    #[must_use]
    pub fn hang(&self) -> Option<Call> {
        self.hang.map(|(call, _)| call)
    }

    /// The generation that serves.
    #[must_use]
    pub fn generation(&self, part: Part) -> u64 {
        self.modules.slots.generation(part)
    }

    /// The orderly end.
    pub fn end(self) {
        let Self { modules: Modules { host, .. }, simulation, .. } = self;
        drop(simulation);
        drop(host);
    }

    fn watch(&mut self) {
        let Some(call) = self.simulation.hangs(HANGS) else {
            if self.hang.take().is_some() {
                self.news.came_back();
            }
            return;
        };
        if self.hang.is_none() {
            self.hang = Some((call, false));
            self.news.hangs(call);
        }
        if self.modules.slots.generation(call.part) != call.generation {
            self.hang = None;
            self.news.goes_on(call);
            let slots = self.modules.slots.clone();
            let last = self.simulation.picture();
            self.simulation = Simulation::start(slots, last, self.size, Some(call.part));
        }
    }

    // ANCHOR: give_up
    /// The call that hangs will not come back: the next build is not to wait for it.
    fn give_up(&mut self) {
        if let Some((call, given_up @ false)) = &mut self.hang {
            *given_up = self.modules.host.operator().abandon(call.part.package()).is_ok();
        }
    }
    // ANCHOR_END: give_up
}
