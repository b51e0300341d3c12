//! Values as the host's subscribers see them, rebuilt from bytes of a module. Its texts are escaped:
//! not every subscriber does that, and a line of a log must be the host's.

use std::{borrow::Cow, error::Error, fmt};

use hotswap_abi::__private::{
    logs::value::{Cause, Read, Value},
    text::lined,
};
use tracing_core::field::{self, DebugValue, ValueSet};

use super::site::{Form, Site};

/// Whose values they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct From<'a> {
    pub(super) module: &'a str,
    pub(super) generation: u64,
}

/// Rebuilds values and hands them on, with the module's name and generation if they are asked for.
pub(super) fn with<R>(
    site: &Site,
    bytes: &[u8],
    from: Option<From<'_>>,
    then: impl FnOnce(&ValueSet<'_>) -> R,
) -> R {
    let fields = site.data().fields();
    // The last two are the module's name and generation.
    let own = fields.len() - 2;
    let mut rebuilt = Vec::with_capacity(fields.len());
    let message;
    match site.form() {
        Form::Own => rebuilt.extend(
            Read::new(bytes)
                .filter(|(field, _)| *field < own)
                .map(|(field, value)| (field, Rebuilt::new(value))),
        ),
        Form::Plain => {
            message = in_words(bytes);
            rebuilt.push((0, Rebuilt::new(Value::Debug(&message))));
        }
    }
    if let Some(From { module, generation }) = from {
        rebuilt.push((own, Rebuilt::Str(module.into())));
        rebuilt.push((own + 1, Rebuilt::U64(generation)));
    }
    let mut values = vec![None; fields.len()];
    for (field, value) in &rebuilt {
        values[*field] = Some(value.as_value());
    }
    then(&fields.value_set_all(&values))
}

/// What a site without the callsite's own fields says.
fn in_words(bytes: &[u8]) -> String {
    use fmt::Write;
    let mut text = String::new();
    for (_, value) in Read::new(bytes) {
        let space = if text.is_empty() { "" } else { " " };
        // A string takes everything.
        let _ = match value {
            Value::Str(value) | Value::Debug(value) => write!(text, "{space}{value}"),
            Value::Error(chain) => {
                write!(text, "{space}{}", chain.first().map_or("", |cause| cause.display))
            }
            Value::I64(value) => write!(text, "{space}{value}"),
            Value::U64(value) => write!(text, "{space}{value}"),
            Value::I128(value) => write!(text, "{space}{value}"),
            Value::U128(value) => write!(text, "{space}{value}"),
            Value::F64(value) => write!(text, "{space}{value}"),
            Value::Bool(value) => write!(text, "{space}{value}"),
            Value::Bytes(value) => write!(text, "{space}{value:x?}"),
        };
    }
    text
}

/// A value in the host's memory, or lent by the module for this call.
enum Rebuilt<'a> {
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Bool(bool),
    Str(Cow<'a, str>),
    Bytes(&'a [u8]),
    Debug(DebugValue<Written<'a>>),
    Error(Box<dyn Error>),
}

impl<'a> Rebuilt<'a> {
    fn new(value: Value<'a>) -> Self {
        match value {
            Value::I64(value) => Self::I64(value),
            Value::U64(value) => Self::U64(value),
            Value::I128(value) => Self::I128(value),
            Value::U128(value) => Self::U128(value),
            Value::F64(value) => Self::F64(value),
            Value::Bool(value) => Self::Bool(value),
            Value::Str(value) => Self::Str(lined(value)),
            Value::Bytes(value) => Self::Bytes(value),
            Value::Debug(value) => Self::Debug(field::debug(Written(lined(value)))),
            Value::Error(chain) => {
                let error = chain
                    .iter()
                    .rev()
                    .fold(None, |source, cause| Some(Box::new(Foreign::new(*cause, source))));
                error.map_or(Self::Str("".into()), |error| Self::Error(error))
            }
        }
    }

    fn as_value(&self) -> &dyn field::Value {
        match self {
            Self::I64(value) => value,
            Self::U64(value) => value,
            Self::I128(value) => value,
            Self::U128(value) => value,
            Self::F64(value) => value,
            Self::Bool(value) => value,
            Self::Str(Cow::Borrowed(value)) => value,
            Self::Str(Cow::Owned(value)) => value,
            Self::Bytes(value) => value,
            Self::Debug(value) => value,
            Self::Error(value) => value,
        }
    }
}

/// Its `Debug` form was written by the module.
struct Written<'a>(Cow<'a, str>);

impl fmt::Debug for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An error of a module, as it described itself.
struct Foreign {
    display: Box<str>,
    debug: Box<str>,
    source: Option<Box<Self>>,
}

impl Foreign {
    fn new(cause: Cause<'_>, source: Option<Box<Self>>) -> Self {
        Self { display: lined(cause.display).into(), debug: lined(cause.debug).into(), source }
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.debug)
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl Error for Foreign {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
