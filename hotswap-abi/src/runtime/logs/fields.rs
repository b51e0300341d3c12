//! The fields of an event or a span, written as they are visited.

use std::{error::Error, fmt};

use tracing_core::{
    Callsite, Interest, Kind, Level, Metadata,
    field::{Field, Visit},
    metadata,
};

use crate::logs::value::Values;

/// Writes what it visits.
pub(super) struct Recorder<'a>(pub(super) &'a mut Values);

impl Visit for Recorder<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.f64(field.index(), value);
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.i64(field.index(), value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.u64(field.index(), value);
    }
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.0.i128(field.index(), value);
    }
    fn record_u128(&mut self, field: &Field, value: u128) {
        self.0.u128(field.index(), value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.bool(field.index(), value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.str(field.index(), value);
    }
    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.0.byte_slice(field.index(), value);
    }
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.0.error(field.index(), value);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.debug(field.index(), format_args!("{value:?}"));
    }
}

/// What a module is told of a span that is not its own: only that it is one.
struct OfTheHost;

impl Callsite for OfTheHost {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &OF_THE_HOST
    }
}

pub(super) static OF_THE_HOST: Metadata<'static> = metadata! {
    name: "a span of the host",
    target: "hotswap",
    level: Level::INFO,
    fields: &[],
    callsite: &OfTheHost,
    kind: Kind::SPAN,
};
