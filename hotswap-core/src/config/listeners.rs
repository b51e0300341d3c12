//! Who hears what a host tells.

use std::sync::Arc;

use super::{Config, Reporter};
use crate::event::Event;

impl Config {
    /// Takes the reporter's lines, for a program that owns the terminal. Each is a line or several,
    /// without a line feed at its end, and comes on the host's own thread.
    #[must_use]
    pub fn with_reporter(mut self, lines: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.reporter = Reporter::Lines(Arc::new(lines));
        self
    }

    /// Called with every event, on the host's own thread: hand over and return.
    ///
    /// A host with a callback or a channel counts as one that listens: refusals are then no longer
    /// written to stderr. A callback that picks some events should show
    /// [`Refused`](crate::event::EventKind::Refused) among them.
    #[must_use]
    pub fn on_event(mut self, callback: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.callbacks.push(Arc::new(callback));
        self
    }
}
