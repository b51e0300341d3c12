//! Scenes whose rehearsals stand still until they are let go on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Config, Host, Rehearsal, Slot, SlotConfig,
    event::{Event, EventKind, Phase},
};
use hotswap_tests::{Fixture, LONG, Scene, fixture, until};

pub(crate) fn counter(script: &str) -> Fixture {
    fixture("counter").told(script)
}

/// Nothing ends by its deadline.
pub(crate) fn rehearsal() -> Rehearsal {
    Rehearsal::new().with_deadline(LONG)
}

pub(crate) fn counted(config: Config) -> Scene<dyn Counter> {
    counted_with(config, |slot| slot)
}

/// The same, with something of its own for the slot.
pub(crate) fn counted_with(
    config: Config,
    own: impl FnOnce(SlotConfig) -> SlotConfig,
) -> Scene<dyn Counter> {
    let scene = Scene::<dyn Counter>::with_slot(config, own, &counter("label=a"));
    scene.slot.pin_mut().add(5).unwrap();
    scene
}

pub(crate) fn label(slot: &Slot<dyn Counter>) -> String {
    slot.pin().label().unwrap()
}

/// A build that stands in its `start` until a file is there.
pub(crate) struct Stands {
    pub(crate) build: Fixture,
    pub(crate) go: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) label: String,
}

impl Stands {
    pub(crate) fn new(folder: &Path, label: &str) -> Self {
        let (go, log) = (folder.join(format!("go-{label}")), folder.join(format!("log-{label}")));
        let script = format!("label={label};log={};start=wait {}", log.display(), go.display());
        Self { build: counter(&script), go, log, label: label.to_owned() }
    }

    pub(crate) fn hash(&self) -> ArtifactHash {
        ArtifactHash::of(self.build.bytes())
    }

    /// How often something was begun, in whatever process.
    pub(crate) fn begun(&self, step: &str) -> usize {
        let wanted = format!("{} {step}", self.label);
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| *line == wanted).count()
    }

    /// A child stands there.
    pub(crate) fn stands(&self, times: usize) {
        until("a child stands in its start", || self.begun("start") == times);
    }

    pub(crate) fn go(&self) {
        fs::write(&self.go, "").unwrap();
    }
}

pub(crate) fn superseded(event: &Event) -> Option<(ArtifactHash, String)> {
    match &event.kind {
        EventKind::Superseded { artifact, why } => Some((*artifact, why.clone())),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    }
}

pub(crate) fn is_rehearsed(event: &Event) -> Option<()> {
    match &event.kind {
        EventKind::Rehearsed { .. } => Some(()),
        EventKind::Refused(refusal) => panic!("{refusal}"),
        _ => None,
    }
}

pub(crate) fn phase(host: &Host, slot: &str) -> Option<Phase> {
    let status = host.status();
    status.slots.iter().find(|it| it.name == slot).and_then(|it| it.phase)
}
