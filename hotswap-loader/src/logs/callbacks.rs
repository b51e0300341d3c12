//! The functions that modules call when they log, and the calls into a module for its logs.
//!
//! # Safety
//! A module hands back the [`Address`] that it was attached with. Its place is never freed; its
//! number says whether the generation that calls is the one that is there. All other numbers are
//! looked up, and ignored if they are not known. Bytes are lent for the call. Nothing unwinds.

use std::cell::Cell;

use hotswap_abi::__private::{
    contained,
    logs::{self, Address, Current, Interest, Key, Listener, Parent, site::to_level},
    module::RootRef,
    portable::Bytes,
};
use tracing_core::{
    Event, LevelFilter, dispatcher,
    span::{Attributes, Record},
};

use super::{
    callsites, filters, site,
    source::{Place, Source},
    value,
};

/// Whom the logs of a generation go to.
pub(super) fn listener(place: &'static Place, number: u64) -> Listener {
    Listener {
        address: Address { place: std::ptr::from_ref(place).cast(), number },
        is_heard,
        wants_level,
        interest,
        describe,
        is_enabled,
        record,
        event,
        new_span,
        add,
        follows,
        enter,
        exit,
        clone_span,
        drop_span,
        current,
    }
}

/// Says to a module whom its logs go to.
pub(super) fn attach(root: RootRef, listener: &Listener) {
    // SAFETY: a function of the root of a library that was just loaded; the listener is lent.
    unsafe { (root.attach())(listener) };
}

thread_local! {
    static IS_LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// Finds the generation that calls.
fn source<R>(address: Address, then: impl FnOnce(&Source) -> Option<R>) -> Option<R> {
    contained(|| {
        // SAFETY: `attach` gave this module the address of a place, which is never freed.
        let place = unsafe { &*address.place.cast::<Place>() };
        let source = place.0.load();
        then(source.as_deref().filter(|source| source.number == address.number)?)
    })
    .flatten()
}

/// As [`source`], for what calls subscribers; not from below a subscriber that was called for a
/// module's sake.
fn heard<R>(address: Address, then: impl FnOnce(&Source) -> Option<R>) -> Option<R> {
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            IS_LISTENING.set(false);
        }
    }
    if IS_LISTENING.replace(true) {
        return None;
    }
    let _done = Done;
    source(address, then)
}

unsafe extern "C" fn is_heard(_: Address) -> bool {
    site::is_heard()
}

unsafe extern "C" fn wants_level(_: Address, level: u8) -> bool {
    to_level(level).is_some_and(|level| level <= LevelFilter::current())
}

unsafe extern "C" fn interest(address: Address, key: Key) -> Interest {
    let known = source(address, |source| source.site(key)).map(|site| site.interest());
    match known {
        Some(interest) => interest,
        // Its own thread is about to describe it, and has the right subscriber.
        None if filters::is_asking() => Interest::SOMETIMES,
        None => Interest::UNKNOWN,
    }
}

unsafe extern "C" fn describe(address: Address, key: Key, description: Bytes) -> Interest {
    // Not the site's own: see the module's side.
    let described = heard(address, |source| {
        // SAFETY: lent for the call.
        let site = callsites::find(unsafe { description.as_slice() })?;
        source.learn(key, site);
        source.filters.has_new();
        Some(Interest::SOMETIMES)
    });
    described.unwrap_or(Interest::SOMETIMES)
}

unsafe extern "C" fn is_enabled(address: Address, key: Key) -> bool {
    let enabled = heard(address, |source| {
        let Some(site) = source.site(key) else { return Some(true) };
        Some(dispatcher::get_default(|dispatch| site.is_wanted(dispatch)))
    });
    enabled.unwrap_or(false)
}

unsafe extern "C" fn record(address: Address, description: Bytes) -> Key {
    let key = heard(address, |source| {
        // SAFETY: lent for the call.
        let site = callsites::find(unsafe { description.as_slice() })?;
        if !dispatcher::get_default(|dispatch| site.is_wanted(dispatch)) {
            return None;
        }
        let key = Key(std::ptr::from_ref(site).cast());
        if source.site(key).is_none() {
            source.learn(key, site);
        }
        Some(key)
    });
    key.unwrap_or(Key::NONE)
}

unsafe extern "C" fn event(address: Address, key: Key, parent: Parent, values: Bytes) -> bool {
    let known = heard(address, |source| {
        let Some(site) = source.site(key) else { return Some(false) };
        // SAFETY: lent for the call.
        let values = unsafe { values.as_slice() };
        dispatcher::get_default(|dispatch| {
            if !site.is_wanted(dispatch) {
                return;
            }
            value::with(site, values, Some(source.named()), |values| {
                dispatch.event(&match source.spans.parent(parent) {
                    None => Event::new(site.data(), values),
                    Some(parent) => Event::new_child_of(parent, site.data(), values),
                });
            });
        });
        Some(true)
    });
    known.unwrap_or(true)
}

unsafe extern "C" fn new_span(address: Address, key: Key, parent: Parent, values: Bytes) -> u64 {
    let number = heard(address, |source| {
        let Some(site) = source.site(key) else { return Some(0) };
        // SAFETY: lent for the call.
        let values = unsafe { values.as_slice() };
        dispatcher::get_default(|dispatch| {
            if !site.is_wanted(dispatch) {
                return None;
            }
            let id = value::with(site, values, Some(source.named()), |values| {
                dispatch.new_span(&match source.spans.parent(parent) {
                    None => Attributes::new(site.data(), values),
                    Some(None) => Attributes::new_root(site.data(), values),
                    Some(Some(parent)) => Attributes::child_of(parent, site.data(), values),
                })
            });
            source.spans.add(dispatch, &id, site, key)
        })
    });
    number.unwrap_or(logs::UNWANTED)
}

unsafe extern "C" fn add(address: Address, span: u64, values: Bytes) {
    heard(address, |source| {
        let span = source.spans.find(span)?;
        // SAFETY: lent for the call.
        let values = unsafe { values.as_slice() };
        value::with(span.site?, values, None, |values| {
            span.dispatch.record(&span.id, &Record::new(values));
        });
        Some(())
    });
}

unsafe extern "C" fn follows(address: Address, span: u64, follows: u64) {
    heard(address, |source| {
        let (span, follows) = (source.spans.find(span)?, source.spans.find(follows)?);
        span.dispatch.record_follows_from(&span.id, &follows.id);
        Some(())
    });
}

unsafe extern "C" fn enter(address: Address, span: u64) {
    heard(address, |source| {
        let span = source.spans.find(span)?;
        span.dispatch.enter(&span.id);
        Some(())
    });
}

unsafe extern "C" fn exit(address: Address, span: u64) {
    heard(address, |source| {
        let span = source.spans.find(span)?;
        span.dispatch.exit(&span.id);
        Some(())
    });
}

// The count of references is kept also where the subscriber is not to be called.

unsafe extern "C" fn clone_span(address: Address, span: u64) {
    source(address, |source| {
        source.spans.clone(span);
        Some(())
    });
}

unsafe extern "C" fn drop_span(address: Address, span: u64) -> bool {
    source(address, |source| Some(source.spans.drop(span))).unwrap_or(false)
}

unsafe extern "C" fn current(address: Address) -> Current {
    let current =
        heard(address, |source| dispatcher::get_default(|dispatch| source.spans.current(dispatch)));
    current.unwrap_or(Current { span: 0, site: Key::NONE })
}
