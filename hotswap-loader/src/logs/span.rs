//! The spans of a generation: numbers in the module, and who they are in the host.
//!
//! A span belongs to the subscriber that it was made with, also on threads that have another one.
//! The subscriber's own count of references is one for each span; clones are counted here. So a
//! number that is forged or out of date is found out here, and when the generation ends, each span
//! that is left is closed by one call.

use std::collections::HashMap;

use hotswap_abi::__private::logs::{Current, Key, Parent};
use parking_lot::Mutex;
use tracing_core::{Dispatch, span};

use super::site::Site;

/// The open spans of a generation.
#[derive(Debug, Default)]
pub(super) struct Spans(Mutex<Open>);

#[derive(Debug, Default)]
struct Open {
    last: u64,
    spans: HashMap<u64, Span>,
    /// Numbers by the id of the subscriber.
    numbers: HashMap<u64, Vec<u64>>,
    is_over: bool,
}

/// A span.
#[derive(Debug, Clone)]
pub(super) struct Span {
    pub(super) dispatch: Dispatch,
    pub(super) id: span::Id,
    /// `None` for a span of the host's own that the module has come across.
    pub(super) site: Option<&'static Site>,
    /// The module's callsite.
    key: Key,
    references: usize,
}

/// How many spans of the host a module may know without a reference to them.
const MOST_GLIMPSED: usize = 64;

impl Spans {
    /// A span that the subscriber has just made. Its number, or `None` when the generation is over.
    pub(super) fn add(
        &self,
        dispatch: &Dispatch,
        id: &span::Id,
        site: &'static Site,
        key: Key,
    ) -> Option<u64> {
        let site = Some(site);
        let span = Span { dispatch: dispatch.clone(), id: id.clone(), site, key, references: 1 };
        let added = self.0.lock().insert(span);
        if added.is_none() {
            dispatch.try_close(id.clone());
        }
        added
    }

    /// A span, if it is one.
    pub(super) fn find(&self, number: u64) -> Option<Span> {
        self.0.lock().spans.get(&number).cloned()
    }

    /// The parent that a subscriber is told of.
    pub(super) fn parent(&self, parent: Parent) -> Option<Option<span::Id>> {
        match parent {
            Parent::ROOT => Some(None),
            Parent { how: Parent::SPAN, span } => self.find(span).map(|span| Some(span.id)),
            _ => None,
        }
    }

    /// One more refers to a span.
    pub(super) fn clone(&self, number: u64) {
        let mut open = self.0.lock();
        let Some(span) = open.spans.get_mut(&number) else { return };
        span.references += 1;
        // The first to a span of the host.
        let first = (span.references == 1).then(|| (span.dispatch.clone(), span.id.clone()));
        drop(open);
        if let Some((dispatch, id)) = first {
            dispatch.clone_span(&id);
        }
    }

    /// One fewer refers to a span; whether it was the last.
    pub(super) fn drop(&self, number: u64) -> bool {
        let mut open = self.0.lock();
        let Some(span) = open.spans.get_mut(&number) else { return false };
        match span.references {
            // A glimpse of a span of the host's: there is no reference of the module's to drop.
            0 => return false,
            1 => {}
            _ => {
                span.references -= 1;
                return false;
            }
        }
        let span = open.remove(number);
        drop(open);
        if let Some(Span { dispatch, id, .. }) = span {
            dispatch.try_close(id);
        }
        true
    }

    /// The span that the thread is in: the module's own, or a glimpse of the host's.
    pub(super) fn current(&self, dispatch: &Dispatch) -> Option<Current> {
        let (id, _) = dispatch.current_span().into_inner()?;
        let mut open = self.0.lock();
        if let Some(number) = open.number(dispatch, &id) {
            return Some(Current { span: number, site: open.spans[&number].key });
        }
        // Another generation's, or the host's own.
        open.forget_glimpsed();
        let (dispatch, key) = (dispatch.clone(), Key::NONE);
        let span = open.insert(Span { dispatch, id, site: None, key, references: 0 })?;
        Some(Current { span, site: key })
    }

    /// Closes what is left, for ever.
    pub(super) fn close_all(&self) {
        let mut open = self.0.lock();
        open.is_over = true;
        open.numbers.clear();
        let mut left: Vec<_> = open.spans.drain().collect();
        drop(open);
        // The innermost first.
        left.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
        for (_, span) in left {
            if span.references > 0 {
                span.dispatch.try_close(span.id);
            }
        }
    }
}

impl Open {
    fn insert(&mut self, span: Span) -> Option<u64> {
        if self.is_over {
            return None;
        }
        self.last += 1;
        self.numbers.entry(span.id.into_u64()).or_default().push(self.last);
        self.spans.insert(self.last, span);
        Some(self.last)
    }

    fn remove(&mut self, number: u64) -> Option<Span> {
        let span = self.spans.remove(&number)?;
        let id = span.id.into_u64();
        if let Some(numbers) = self.numbers.get_mut(&id) {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.numbers.remove(&id);
            }
        }
        Some(span)
    }

    /// The number of a subscriber's span. Two subscribers may use the same ids.
    fn number(&self, dispatch: &Dispatch, id: &span::Id) -> Option<u64> {
        let numbers = self.numbers.get(&id.into_u64())?;
        // A dispatch says by its `Debug` form alone which subscriber it is.
        let wanted = format!("{dispatch:?}");
        numbers.iter().copied().find(|number| {
            let span = &self.spans[number];
            format!("{:?}", span.dispatch) == wanted
        })
    }

    /// A thread that asks for its span and does nothing with it leaves a number behind.
    fn forget_glimpsed(&mut self) {
        let glimpsed = self.spans.iter().filter(|(_, span)| span.references == 0);
        let mut glimpsed: Vec<_> = glimpsed.map(|(number, _)| *number).collect();
        if glimpsed.len() >= MOST_GLIMPSED {
            glimpsed.sort_unstable();
            for number in &glimpsed[..MOST_GLIMPSED / 2] {
                self.remove(*number);
            }
        }
    }
}
