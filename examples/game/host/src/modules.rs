//! The two modules: where they come from, and the slots through which they are called.

use std::{
    fmt,
    path::Path,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use game_api::{Physics, Rules};
use game_physics::Newton;
use game_rules::Referee;
use hotswap_core::{Config, Error, Host, Slot, SlotConfig, cargo::Request, event::Event};

/// A call that finds its slot in the middle of an upgrade gives up soon: the frame goes on.
const CALL_BUDGET: Duration = Duration::from_millis(200);
/// A step of an upgrade that hangs holds the game up for that long.
const PAUSE_DEADLINE: Duration = Duration::from_secs(1);

/// One of the two modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `examples/game/physics`
    Physics,
    /// `examples/game/rules`
    Rules,
}

impl Part {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Physics, Self::Rules];

    /// Its package, and its slot.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::Physics => "game-physics",
            Self::Rules => "game-rules",
        }
    }

    /// By its slot.
    #[must_use]
    pub fn of_slot(slot: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.package() == slot)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.package().trim_start_matches("game-"))
    }
}

/// The slots; cheap to clone.
#[derive(Debug, Clone)]
pub struct Slots {
    /// That of the physics.
    pub physics: Slot<dyn Physics>,
    /// That of the rules.
    pub rules: Slot<dyn Rules>,
}

impl Slots {
    /// The generation that serves.
    #[must_use]
    pub fn generation(&self, part: Part) -> u64 {
        match part {
            Part::Physics => self.physics.generation(),
            Part::Rules => self.rules.generation(),
        }
    }
}

/// The modules, and the host that replaces them.
#[derive(Debug)]
pub struct Modules {
    /// How they are called.
    pub slots: Slots,
    /// What is told of them.
    pub events: Receiver<Event>,
    /// Dropped last: the orderly end.
    pub host: Host,
}

impl Modules {
    /// As they are linked into this program; nothing is built or replaced.
    ///
    /// # Errors
    /// When one does not start.
    pub fn built_in() -> Result<Self, Error> {
        let (physics, rules) = (SlotConfig::builtin::<Newton>(), SlotConfig::builtin::<Referee>());
        Self::open(Config::dev(), physics, rules)
    }

    /// Linked in, too, so that the game starts at once; then as cargo builds them in the workspace
    /// of `folder`, whenever they change.
    ///
    /// # Errors
    /// When one does not start, or cargo cannot.
    pub fn from_sources(
        folder: &Path,
        build: impl FnOnce(Request) -> Request,
    ) -> Result<Self, Error> {
        let slot = |part: Part| SlotConfig::cargo(part.package()).with_module(part.package());
        let physics = slot(Part::Physics).with_builtin::<Newton>();
        let rules = slot(Part::Rules).with_builtin::<Referee>();
        let config = Config::dev().build(|request| build(request.with_folder(folder)));
        Self::open(config, physics, rules)
    }

    fn open(config: Config, physics: SlotConfig, rules: SlotConfig) -> Result<Self, Error> {
        // A channel of the host's own would begin after the first build has.
        let (told, events) = mpsc::channel();
        let config = config
            .on_event(move |event| {
                // Nobody listens any more when the game ends.
                let _ = told.send(event.clone());
            })
            .slot(Part::Physics.package(), physics)
            .slot(Part::Rules.package(), rules)
            .with_call_budget(CALL_BUDGET)
            .with_pause_deadline(PAUSE_DEADLINE)
            // The game shows all of it itself.
            .with_reporter(|_| ());
        let host = Host::new(config)?;
        let physics = host.slot::<dyn Physics>(Part::Physics.package())?;
        let rules = host.slot::<dyn Rules>(Part::Rules.package())?;
        Ok(Self { slots: Slots { physics, rules }, events, host })
    }
}
