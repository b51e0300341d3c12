//! Where in a state a value is: as people read it, and exactly.

use std::fmt::{self, Write as _};

use rmpv::Value;

use crate::text::grouped;

/// A place in a state.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// As people read it: `World.units[].hp`.
    pub(super) shown: String,
    /// Exactly: `.units[3/1000].hp`; `None` for what has no place, in a set.
    pub(super) exact: Option<String>,
}

impl Place {
    pub(super) fn root(name: String) -> Self {
        Self { shown: name, exact: Some(String::new()) }
    }

    /// The same step in both.
    pub(super) fn step(&self, step: impl fmt::Display) -> Self {
        self.with(&step, Some(&step))
    }

    pub(super) fn item(&self, index: usize, len: usize) -> Self {
        self.with(&"[]", Some(&format_args!("[{index}/{len}]")))
    }

    pub(super) fn in_set(&self) -> Self {
        self.with(&"[]", None)
    }

    pub(super) fn in_key(&self) -> Self {
        self.with(&"[key]", None)
    }

    pub(super) fn entry(&self, key: &Value) -> Self {
        self.with(&"[]", Some(&format_args!("[{key}]")))
    }

    fn with(&self, shown: &dyn fmt::Display, exact: Option<&dyn fmt::Display>) -> Self {
        let exact = self.exact.as_ref().zip(exact).map(|(exact, step)| format!("{exact}{step}"));
        Self { shown: format!("{}{shown}", self.shown), exact }
    }
}

/// How often something happened to each field.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<(String, u64)>);

impl Tally {
    pub(super) fn add(&mut self, path: &str) {
        // The same fields come again and again.
        match self.0.iter_mut().find(|(known, _)| known == path) {
            Some((_, count)) => *count += 1,
            None => self.0.push((path.to_owned(), 1)),
        }
    }

    /// Each field once, with the number of values where there are several.
    pub(super) fn lines(self) -> Vec<String> {
        let line = |(mut path, count): (String, u64)| {
            if count > 1 {
                let _ = write!(path, ": {} values", grouped(count));
            }
            path
        };
        self.0.into_iter().map(line).collect()
    }
}
