//! A row of the table, as data.

use std::path::Path;

use hotswap_core::{
    Config,
    event::{Exit, Live, Refusal},
};

use super::{apart::Way, place::Place};
use crate::{Fixture, Outcome, fixture};

/// Rows that meet the same host.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) setting: Setting,
    pub(super) rows: Vec<Row>,
}

/// A host, and the build that serves first in its slot.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    /// The fixture of the first build and of all good ones.
    pub(super) module: &'static str,
    /// What is written into the first build beside its label.
    pub(super) script: &'static str,
    /// How the host is set up; it is given a folder of its own.
    pub(super) config: fn(&Path) -> Config,
    /// Whether builds are signed when they are put there.
    pub(super) signed: bool,
}

/// One fault.
pub(super) struct Row {
    pub(super) name: &'static str,
    does: Does,
    pub(super) promised: Promised,
    /// A host of its own, instead of the group's.
    pub(super) setting: Option<Setting>,
    /// A process of its own.
    pub(super) way: Option<Way>,
}

type Does = Box<dyn Fn(&mut Place) -> Happened + Send + Sync>;

/// What is promised.
#[derive(Clone, Copy)]
pub(super) struct Promised {
    /// As [`Happened::outcome`].
    pub(super) outcome: &'static str,
    /// Parts of the text that a user sees.
    pub(super) says: &'static [&'static str],
    pub(super) after: After,
}

/// What serves afterwards. In each case a good build goes live then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The same instance with its state, which the good build gets.
    AsBefore,
    /// The version before, which has been brought back from a trial, with the state.
    BroughtBack,
    /// The build that was put there, with the state.
    TheNewOne,
    /// The host cannot have the state any more and has said so: it starts afresh.
    Afresh,
    /// The host has ended; the next one in this process begins with the state.
    NextRun,
    /// The host has ended and the state is gone, which was said; the next one begins afresh.
    NextRunAfresh,
}

/// What happened.
#[derive(Debug)]
pub(super) struct Happened {
    /// In two or three words: `refused at Staged`.
    pub(super) outcome: String,
    /// What a user reads.
    pub(super) text: String,
}

impl Row {
    pub(super) fn new(
        name: &'static str,
        does: impl Fn(&mut Place) -> Happened + Send + Sync + 'static,
        outcome: &'static str,
        says: &'static [&'static str],
    ) -> Self {
        let promised = Promised { outcome, says, after: After::AsBefore };
        Self { name, does: Box::new(does), promised, setting: None, way: None }
    }

    /// A bad artifact is put there.
    pub(super) fn bad(
        name: &'static str,
        build: impl Fn() -> Fixture + Send + Sync + 'static,
        outcome: &'static str,
        says: &'static [&'static str],
    ) -> Self {
        Self::new(name, move |place| place.put(&build()), outcome, says)
    }

    /// What serves afterwards, where that is not what served before.
    pub(super) fn then(mut self, after: After) -> Self {
        self.promised.after = after;
        self
    }

    /// A host of its own.
    pub(super) fn with(mut self, setting: Setting) -> Self {
        self.setting = Some(setting);
        self
    }

    /// A process of its own.
    pub(super) fn apart(mut self, way: Way) -> Self {
        self.way = Some(way);
        self
    }

    pub(super) fn happens(&self, place: &mut Place) -> Happened {
        (self.does)(place)
    }
}

impl Setting {
    /// Builds that count over these settings.
    pub(super) const fn counter(config: fn(&Path) -> Config) -> Self {
        Self::of("counter", config)
    }

    /// Builds of a fixture.
    pub(super) const fn of(module: &'static str, config: fn(&Path) -> Config) -> Self {
        Self { module, script: "", config, signed: false }
    }

    pub(super) const fn scripted(self, script: &'static str) -> Self {
        Self { script, ..self }
    }

    /// Builds are signed when they are put there.
    pub(super) const fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    /// A build that does all it should.
    pub(super) fn good(&self, label: &str) -> Fixture {
        fixture(self.module).told(&format!("label={label}"))
    }
}

impl Happened {
    pub(super) fn new(outcome: impl Into<String>, text: impl ToString) -> Self {
        Self { outcome: outcome.into(), text: text.to_string() }
    }

    pub(super) fn refused(refusal: &Refusal) -> Self {
        let word = match refusal.exit {
            Exit::Rejected => "refused",
            Exit::Cancelled => "cancelled",
            Exit::RolledBack => "rolled back",
            Exit::Degraded => "degraded",
            _ => "ended otherwise",
        };
        Self::new(format!("{word} at {}", refusal.phase), refusal)
    }

    pub(super) fn live(live: &Live) -> Self {
        Self::new("live", live)
    }

    pub(super) fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Live(live) => Self::live(live),
            Outcome::Refused(refusal) => Self::refused(refusal),
            Outcome::Pending => Self::new("pending", ""),
        }
    }

    /// Another thing, that happened after this one.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            outcome: format!("{}, then {}", self.outcome, next.outcome),
            text: format!("{}\n{}", self.text, next.text),
        }
    }

    /// The line that says most: a refusal's first finding.
    pub(super) fn short(&self) -> &str {
        let first = self.text.lines().find(|line| !line.is_empty()).unwrap_or_default();
        self.text.lines().find_map(|line| line.strip_prefix("  ")).unwrap_or(first)
    }
}
