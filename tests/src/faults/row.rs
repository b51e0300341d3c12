//! A row of the table, as data.

pub(super) use super::{
    happened::Happened,
    setting::{Setting, Way},
};

use super::place::Place;
use crate::Fixture;

/// Rows that meet the same host.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) setting: Setting,
    pub(super) rows: Vec<Row>,
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
    /// What is built before its time begins.
    pub(super) builds: fn(),
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

impl Row {
    pub(super) fn new(
        name: &'static str,
        does: impl Fn(&mut Place) -> Happened + Send + Sync + 'static,
        outcome: &'static str,
        says: &'static [&'static str],
    ) -> Self {
        let promised = Promised { outcome, says, after: After::AsBefore };
        Self { name, does: Box::new(does), promised, setting: None, way: None, builds: || () }
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

    /// Builds what takes longer than any row may, before its time begins.
    pub(super) fn after_building(mut self, builds: fn()) -> Self {
        self.builds = builds;
        self
    }

    pub(super) fn happens(&self, place: &mut Place) -> Happened {
        (self.does)(place)
    }
}
