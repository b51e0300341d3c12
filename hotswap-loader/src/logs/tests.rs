//! What a module can do to the host by what it logs, and what is left of it: the functions that
//! modules call, called as a module does.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use hotswap_abi::__private::{
    logs::{Interest, Key, Listener, Parent, UNWANTED, site::Description, value::Values},
    portable::Bytes,
};
use tracing_core::{
    Dispatch, Event, Metadata, Subscriber,
    dispatcher::with_default,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use super::{Logs, UNUSED, callsites, filters::FilterSync};

/// Writes down what it is told.
#[derive(Default)]
struct Counting {
    last: AtomicU64,
    open: Mutex<Vec<u64>>,
    events: Mutex<Vec<String>>,
}

struct Text<'a>(&'a mut String);

impl Visit for Text<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        *self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Counting {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        let id = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        self.open.lock().unwrap().push(id);
        Id::from_u64(id)
    }
    fn record(&self, span: &Id, _: &Record<'_>) {
        self.known(span);
    }
    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.known(span);
        self.known(follows);
    }
    fn event(&self, event: &Event<'_>) {
        let data = event.metadata();
        let mut text = format!("{} {}", data.target(), data.line().unwrap_or(0));
        event.record(&mut Text(&mut text));
        self.events.lock().unwrap().push(text);
    }
    fn enter(&self, span: &Id) {
        self.known(span);
    }
    fn exit(&self, span: &Id) {
        self.known(span);
    }
    fn try_close(&self, span: Id) -> bool {
        self.known(&span);
        self.open.lock().unwrap().retain(|open| *open != span.into_u64());
        true
    }
}

impl Counting {
    fn known(&self, span: &Id) {
        assert!(self.open.lock().unwrap().contains(&span.into_u64()), "{span:?} is not open");
    }
}

/// A subscriber of this thread.
fn listened(then: impl FnOnce(&Counting)) {
    let dispatch = Dispatch::new(Counting::default());
    with_default(&dispatch, || then(dispatch.downcast_ref::<Counting>().unwrap()));
}

/// A module, as the host sees it.
struct Module(Listener);

impl Module {
    fn describe(&self, key: usize, it: &Description<'_>) -> Interest {
        let bytes = it.encode();
        // SAFETY: as a module calls it.
        unsafe { (self.0.describe)(self.0.address, at(key), Bytes::new(&bytes)) }
    }
    fn event(&self, key: usize, values: &Values) -> bool {
        let values = Bytes::new(values.bytes());
        // SAFETY: as above.
        unsafe { (self.0.event)(self.0.address, at(key), Parent::CONTEXT, values) }
    }
    fn new_span(&self, key: usize) -> u64 {
        let values = Bytes::new(&[]);
        // SAFETY: as above.
        unsafe { (self.0.new_span)(self.0.address, at(key), Parent::CONTEXT, values) }
    }
    /// Everything that can be done to a span but to close it.
    fn touch(&self, span: u64) {
        let address = self.0.address;
        // SAFETY: as above.
        unsafe { (self.0.enter)(address, span) };
        // SAFETY: as above.
        unsafe { (self.0.add)(address, span, Bytes::new(&[])) };
        // SAFETY: as above.
        unsafe { (self.0.follows)(address, span, span) };
        // SAFETY: as above.
        unsafe { (self.0.exit)(address, span) };
        // SAFETY: as above.
        unsafe { (self.0.clone_span)(address, span) };
        self.drop(span);
    }
    fn drop(&self, span: u64) -> bool {
        // SAFETY: as above.
        unsafe { (self.0.drop_span)(self.0.address, span) }
    }
}

fn at(key: usize) -> Key {
    Key(std::ptr::without_provenance(key))
}

fn callsite(is_span: bool, target: &str, line: u32) -> Description<'_> {
    Description {
        is_span,
        level: 3,
        name: if is_span { "span" } else { "event src/lib.rs:1" },
        target,
        module_path: Some(target),
        file: Some("src/lib.rs"),
        line: Some(line),
        fields: vec!["message"],
    }
}

fn attached(generation: u64) -> (Logs, Module) {
    let (logs, listener) = Logs::new(FilterSync::nothing(), "module", generation);
    (logs, Module(listener))
}

fn said(text: &str) -> Values {
    let mut values = Values::default();
    values.debug(0, format_args!("{text}"));
    values
}

#[test]
fn ten_thousand_generations_whose_lines_shift_take_bounded_memory() {
    const CALLSITES: usize = 20;
    const TARGET: &str = "ten_thousand";
    listened(|subscriber| {
        let mut made = 0;
        for generation in 1..=10_000_u32 {
            let (logs, module) = attached(generation.into());
            for key in 1..=CALLSITES {
                let is_span = key % 2 == 0;
                let line = generation * 1_000 + u32::try_from(key).unwrap();
                assert_ne!(
                    module.describe(key, &callsite(is_span, TARGET, line)),
                    Interest::UNKNOWN
                );
                if is_span {
                    assert_ne!(module.new_span(key), UNWANTED);
                } else {
                    assert!(module.event(key, &said("text")));
                }
            }
            assert_eq!(subscriber.open.lock().unwrap().len(), CALLSITES / 2);
            drop(logs);
            // What was left open is closed; nothing is heard of it any more.
            assert_eq!(subscriber.open.lock().unwrap().len(), 0);
            assert!(module.event(1, &said("too late")));
            assert_eq!(module.new_span(2), UNWANTED);
            let mut events = subscriber.events.lock().unwrap();
            assert_eq!(events.len(), CALLSITES / 2);
            for (event, key) in events.iter().zip((1_u32..).step_by(2)) {
                let line = generation * 1_000 + key;
                let rest = format!(
                    " message=text hotswap.module=\"module\" hotswap.generation={generation}"
                );
                // In their own lines, until there are too many.
                let exact = *event == format!("{TARGET} {line}{rest}");
                assert!(exact || *event == format!("{TARGET} 0{rest}"), "{event}");
                made += usize::from(exact);
            }
            events.clear();
        }
        assert!(made > 4_000, "{made}");
    });
    let (sites, bytes) = callsites::count();
    assert!(sites <= 2 * 16_384 + 10, "{sites}");
    assert!(bytes < 9 << 20, "{bytes}");
    // Each generation had the place of the one before; other tests have a few.
    assert!(UNUSED.lock().len() < 64);
}

#[test]
fn numbers_and_bytes_that_make_no_sense_are_ignored() {
    listened(|subscriber| {
        let (logs, module) = attached(1);
        let (_other, other_module) = attached(1);
        // A callsite that was never described.
        assert!(!module.event(1, &said("unknown")));
        assert_eq!(module.new_span(1), 0);
        // One that makes no sense.
        // SAFETY: as a module calls it.
        unsafe { (module.0.describe)(module.0.address, at(1), Bytes::new(&[9; 40])) };
        assert!(!module.event(1, &said("unknown")));
        module.describe(1, &callsite(true, "nonsense", 1));
        let span = module.new_span(1);
        // Spans of another generation, and of nobody.
        for number in [0, span + 1, UNWANTED, u64::MAX - 1] {
            module.touch(number);
            assert!(!module.drop(number));
        }
        other_module.touch(span);
        assert!(!other_module.drop(span));
        // Its own, once; the subscriber panics if it is told of a span that is not open.
        module.touch(span);
        assert!(module.drop(span));
        assert!(!module.drop(span));
        module.touch(span);
        // Values with numbers of fields that there are not, and cut off.
        module.describe(2, &callsite(false, "nonsense", 2));
        let mut values = Values::default();
        values.u64(1, 1);
        values.u64(9_999, 1);
        values.str(0, "text");
        assert!(module.event(2, &values));
        let cut = Bytes::new(&values.bytes()[..values.bytes().len() - 1]);
        // SAFETY: as a module calls it.
        assert!(unsafe { (module.0.event)(module.0.address, at(2), Parent::CONTEXT, cut) });
        // A parent that is none.
        let parent = Parent { how: Parent::SPAN, span: 12_345 };
        let bytes = Bytes::new(values.bytes());
        // SAFETY: as a module calls it.
        assert!(unsafe { (module.0.event)(module.0.address, at(2), parent, bytes) });
        assert_eq!(subscriber.events.lock().unwrap().len(), 3);
        drop(logs);
        module.touch(span);
        assert!(module.event(2, &values));
        assert_eq!(subscriber.events.lock().unwrap().len(), 3);
    });
}

#[test]
fn a_place_is_used_again_and_the_old_generation_is_not_taken_for_the_new() {
    listened(|subscriber| {
        let (first, old) = attached(1);
        old.describe(1, &callsite(false, "again", 1));
        assert!(old.event(1, &said("old")));
        drop(first);
        let later: Vec<_> = (2..40).map(attached).collect();
        for (_, module) in &later {
            module.describe(1, &callsite(false, "again", 1));
        }
        assert!(later.iter().any(|(_, it)| it.0.address.place == old.0.address.place));
        assert!(old.event(1, &said("too late")));
        assert_eq!(subscriber.events.lock().unwrap().len(), 1);
    });
}

#[test]
fn threads_log_while_their_generation_ends() {
    let dispatch = Dispatch::new(Counting::default());
    for generation in 0..50 {
        let (logs, module) = attached(generation);
        module.describe(1, &callsite(true, "ends", 1));
        module.describe(2, &callsite(false, "ends", 2));
        let module = Arc::new(module);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    with_default(&dispatch, || {
                        for _ in 0..100 {
                            let span = module.new_span(1);
                            module.touch(span);
                            assert!(module.event(2, &said("text")));
                        }
                    });
                });
            }
            drop(logs);
        });
        let subscriber = dispatch.downcast_ref::<Counting>().unwrap();
        assert_eq!(*subscriber.open.lock().unwrap(), [0; 0], "{generation}");
    }
}
