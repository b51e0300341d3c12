//! Records of `log`: each becomes an event. Its target, level and place are those of the event's
//! callsite; its text is the field `message`, and its key-values are fields.

use log::{
    Log, Metadata, Record,
    kv::{Error, Key, Value, VisitSource},
};

use super::table::LISTENER;
use crate::logs::{self, Listener, Parent, site::Description, value::Values};

/// The logger of a module.
pub(super) struct Logger;

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        listener(metadata).is_some_and(|listener| {
            let description = description(metadata, None, vec!["message"]);
            listener.record(&description.encode()) != logs::Key::NONE
        })
    }

    fn log(&self, record: &Record<'_>) {
        let Some(listener) = listener(record.metadata()) else { return };
        let mut names = Names(vec!["message".to_owned()]);
        // Neither fails.
        let _ = record.key_values().visit(&mut names);
        let fields = names.0.iter().map(String::as_str).collect();
        let description = description(record.metadata(), Some(record), fields);
        let site = listener.record(&description.encode());
        if site == logs::Key::NONE {
            return;
        }
        let mut values = Values::default();
        values.debug(0, *record.args());
        let _ = record.key_values().visit(&mut Numbered { next: 1, values: &mut values });
        listener.event(site, Parent::CONTEXT, values.bytes());
    }

    fn flush(&self) {}
}

/// The listener, if it may want that level.
fn listener(metadata: &Metadata<'_>) -> Option<&'static Listener> {
    LISTENER.get().filter(|listener| listener.wants_level(level(metadata.level())))
}

const fn level(level: log::Level) -> u8 {
    match level {
        log::Level::Error => 1,
        log::Level::Warn => 2,
        log::Level::Info => 3,
        log::Level::Debug => 4,
        log::Level::Trace => 5,
    }
}

fn description<'a>(
    metadata: &Metadata<'a>,
    record: Option<&Record<'a>>,
    fields: Vec<&'a str>,
) -> Description<'a> {
    Description {
        is_span: false,
        level: level(metadata.level()),
        name: "log record",
        target: metadata.target(),
        module_path: record.and_then(Record::module_path),
        file: record.and_then(Record::file),
        line: record.and_then(Record::line),
        fields,
    }
}

/// The names of key-values.
struct Names(Vec<String>);

impl<'kvs> VisitSource<'kvs> for Names {
    fn visit_pair(&mut self, key: Key<'kvs>, _: Value<'kvs>) -> Result<(), Error> {
        self.0.push(key.as_str().to_owned());
        Ok(())
    }
}

/// The values of key-values, each under its field's number.
struct Numbered<'a> {
    next: usize,
    values: &'a mut Values,
}

impl<'kvs> VisitSource<'kvs> for Numbered<'_> {
    fn visit_pair(&mut self, _: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        let field = self.next;
        self.next += 1;
        if let Some(value) = value.to_bool() {
            self.values.bool(field, value);
        } else if let Some(value) = value.to_i64() {
            self.values.i64(field, value);
        } else if let Some(value) = value.to_u64() {
            self.values.u64(field, value);
        } else if let Some(value) = value.to_f64() {
            self.values.f64(field, value);
        } else if let Some(value) = value.to_borrowed_str() {
            self.values.str(field, value);
        } else {
            self.values.debug(field, format_args!("{value}"));
        }
        Ok(())
    }
}
