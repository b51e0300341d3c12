//! The module's side of its logs: the only subscriber of this library's `tracing`, and the only
//! logger of its `log`. Both hand on to the host that has attached ([`Listener`]).
//!
//! # What it costs when nobody listens
//! As long as nobody has ever listened in the host, the maximal level here is `OFF`: a macro loads
//! it and is done. Afterwards each callsite has the host's interest cached; what is off loads two
//! words. The host calls [`follow`] when something has changed.
//!
//! The first answer for a callsite is always "sometimes", until the next [`follow`]: a thread that
//! registers a callsite stores the answer some time after it was given, and could store one that is
//! out of date over a newer one. "Sometimes" is never wrong.
//!
//! # No thread-local values
//! Nothing here uses a thread-local with a destructor, which would keep the library from being
//! unloaded. `tracing` has one for scoped subscribers, and does not touch it as long as the module
//! sets none.

mod fields;
mod records;
mod table;

use tracing_core::{
    Dispatch, Event, Interest, LevelFilter, Metadata, Subscriber, callsite, dispatcher,
    span::{Attributes, Current, Id, Record},
};

use self::table::LISTENER;
use crate::logs::{self, Key, Listener, Parent, site::Description, value::Values};

/// From now on this library's logs go to `listener`.
///
/// A constructor that has set a subscriber or a logger before keeps it.
pub(super) fn attach(listener: Listener) {
    if LISTENER.set(listener).is_ok() {
        // For ever: `tracing` keeps some hundred bytes of it, also when this library is unloaded.
        let _ = dispatcher::set_global_default(Dispatch::new(Forwarder));
        let _ = log::set_logger(&records::Logger);
        follow();
    }
}

/// Asks the host again what it wants.
pub(crate) fn follow() {
    let Some(listener) = LISTENER.get() else { return };
    log::set_max_level(if listener.is_heard() {
        log::LevelFilter::Trace
    } else {
        log::LevelFilter::Off
    });
    callsite::rebuild_interest_cache();
}

/// The subscriber of a module.
struct Forwarder;

fn key(metadata: &Metadata<'_>) -> Key {
    Key(std::ptr::from_ref(metadata).cast())
}

fn describe(listener: &Listener, metadata: &'static Metadata<'static>) -> logs::Interest {
    let description = Description {
        is_span: metadata.is_span(),
        level: logs::site::level(*metadata.level()),
        name: metadata.name(),
        target: metadata.target(),
        module_path: metadata.module_path(),
        file: metadata.file(),
        line: metadata.line(),
        fields: metadata.fields().iter().map(|field| field.name()).collect(),
    };
    listener.describe(key(metadata), &description.encode())
}

/// Does something with a callsite; describes it first, if the host does not know it.
fn described<R>(
    listener: &Listener,
    metadata: &'static Metadata<'static>,
    then: impl Fn() -> Option<R>,
) -> Option<R> {
    then().or_else(|| {
        describe(listener, metadata);
        then()
    })
}

fn parent(id: Option<&Id>, is_root: bool) -> Parent {
    match id {
        Some(id) => Parent { how: Parent::SPAN, span: id.into_u64() },
        None if is_root => Parent::ROOT,
        None => Parent::CONTEXT,
    }
}

impl Subscriber for Forwarder {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let Some(listener) = LISTENER.get() else { return Interest::never() };
        let interest = match listener.interest(key(metadata)) {
            logs::Interest::UNKNOWN => describe(listener, metadata),
            interest => interest,
        };
        match interest {
            logs::Interest::NEVER => Interest::never(),
            logs::Interest::ALWAYS => Interest::always(),
            _ => Interest::sometimes(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        LISTENER.get().is_some_and(|listener| listener.is_enabled(key(metadata)))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // Not the host's own maximum: that may be set after its callsites' interests.
        let is_heard = LISTENER.get().is_some_and(Listener::is_heard);
        (!is_heard).then_some(LevelFilter::OFF)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let number = LISTENER.get().and_then(|listener| {
            let mut values = Values::default();
            span.record(&mut fields::Recorder(&mut values));
            let (key, parent) = (key(span.metadata()), parent(span.parent(), span.is_root()));
            described(listener, span.metadata(), || {
                Some(listener.new_span(key, parent, values.bytes())).filter(|number| *number != 0)
            })
        });
        Id::from_u64(number.unwrap_or(logs::UNWANTED))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        if let Some(listener) = wanted(span) {
            let mut out = Values::default();
            values.record(&mut fields::Recorder(&mut out));
            listener.add(span.into_u64(), out.bytes());
        }
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let Some(listener) = wanted(span) {
            listener.follows(span.into_u64(), follows.into_u64());
        }
    }

    fn event(&self, event: &Event<'_>) {
        let Some(listener) = LISTENER.get() else { return };
        let mut values = Values::default();
        event.record(&mut fields::Recorder(&mut values));
        let (key, parent) = (key(event.metadata()), parent(event.parent(), event.is_root()));
        described(listener, event.metadata(), || {
            listener.event(key, parent, values.bytes()).then_some(())
        });
    }

    fn enter(&self, span: &Id) {
        if let Some(listener) = wanted(span) {
            listener.enter(span.into_u64());
        }
    }

    fn exit(&self, span: &Id) {
        if let Some(listener) = wanted(span) {
            listener.exit(span.into_u64());
        }
    }

    fn clone_span(&self, span: &Id) -> Id {
        if let Some(listener) = wanted(span) {
            listener.clone_span(span.into_u64());
        }
        span.clone()
    }

    fn try_close(&self, span: Id) -> bool {
        wanted(&span).is_some_and(|listener| listener.drop_span(span.into_u64()))
    }

    fn current_span(&self) -> Current {
        let Some(logs::Current { span, site }) = LISTENER.get().map(Listener::current) else {
            return Current::none();
        };
        if span == 0 {
            return Current::none();
        }
        let metadata = if site == Key::NONE {
            &fields::OF_THE_HOST
        } else {
            // SAFETY: the host gives back the key that `new_span` of this library gave with the
            // span, and nobody else's (`logs::Current`): the address of metadata that are 'static.
            unsafe { &*site.0.cast::<Metadata<'static>>() }
        };
        Current::new(Id::from_u64(span), metadata)
    }
}

/// The listener, if the host wants that span.
fn wanted(span: &Id) -> Option<&'static Listener> {
    LISTENER.get().filter(|_| span.into_u64() != logs::UNWANTED)
}
