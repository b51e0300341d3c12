//! The description of a callsite, as bytes.
//!
//! The same callsite has the same bytes, also in another build and another copy of its library:
//! the host knows callsites by them.

use crate::portable::{DecodeError, Reader};

/// What is said of a callsite: `tracing`'s metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "both ends are in this workspace")]
pub struct Description<'a> {
    /// Whether it makes spans; else it makes events.
    pub is_span: bool,
    /// From 1, error, to 5, trace.
    pub level: u8,
    /// The span's name, or what `tracing` calls an event.
    pub name: &'a str,
    /// What filters look at.
    pub target: &'a str,
    /// The path of the Rust module.
    pub module_path: Option<&'a str>,
    /// Where it is.
    pub file: Option<&'a str>,
    /// Where it is.
    pub line: Option<u32>,
    /// The names of its fields, in order.
    pub fields: Vec<&'a str>,
}

/// A level as a number.
#[must_use]
pub fn level(level: tracing_core::Level) -> u8 {
    use tracing_core::Level;
    match level {
        Level::ERROR => 1,
        Level::WARN => 2,
        Level::INFO => 3,
        Level::DEBUG => 4,
        Level::TRACE => 5,
    }
}

/// The level that [`level`] gave a number.
#[must_use]
pub const fn to_level(number: u8) -> Option<tracing_core::Level> {
    use tracing_core::Level;
    Some(match number {
        1 => Level::ERROR,
        2 => Level::WARN,
        3 => Level::INFO,
        4 => Level::DEBUG,
        5 => Level::TRACE,
        _ => return None,
    })
}

impl<'a> Description<'a> {
    /// Writes it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Self { is_span, level, name, target, module_path, file, line, fields } = self;
        let mut out = Vec::with_capacity(128);
        out.extend([u8::from(*is_span), *level]);
        text(&mut out, name);
        text(&mut out, target);
        for optional in [module_path, file] {
            out.push(u8::from(optional.is_some()));
            text(&mut out, optional.unwrap_or_default());
        }
        out.push(u8::from(line.is_some()));
        out.extend(line.unwrap_or_default().to_le_bytes());
        fields.iter().for_each(|field| text(&mut out, field));
        out
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the bytes do not spell one.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let [is_span, level] = input.array()?;
        if to_level(level).is_none() {
            return Err(input.error("a level from 1 to 5", level));
        }
        let name = read(&mut input)?;
        let target = read(&mut input)?;
        let mut optional = || -> Result<_, DecodeError> {
            let [is_there] = input.array()?;
            let text = read(&mut input)?;
            Ok((is_there != 0).then_some(text))
        };
        let (module_path, file) = (optional()?, optional()?);
        let [has_line] = input.array()?;
        let line = u32::from_le_bytes(input.array()?);
        let line = (has_line != 0).then_some(line);
        let mut fields = Vec::new();
        while input.remaining() > 0 {
            fields.push(read(&mut input)?);
        }
        Ok(Self { is_span: is_span != 0, level, name, target, module_path, file, line, fields })
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A text with its length before it.
pub(super) fn read<'a>(input: &mut Reader<'a>) -> Result<&'a str, DecodeError> {
    let len = input.len()?;
    let bytes = input.bytes(len)?;
    str::from_utf8(bytes).map_err(|error| input.error("a string", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one() -> Description<'static> {
        Description {
            is_span: true,
            level: 4,
            name: "frame",
            target: "game::physics",
            module_path: Some("game::physics"),
            file: None,
            line: Some(17),
            fields: vec!["dt", "größe"],
        }
    }

    #[test]
    fn a_description_comes_back_and_no_part_of_it_does() {
        let bytes = one().encode();
        assert_eq!(Description::decode(&bytes), Ok(one()));
        let fields: usize = one().fields.iter().map(|field| 8 + field.len()).sum();
        for end in 0..bytes.len() - fields {
            assert!(Description::decode(&bytes[..end]).is_err(), "{end}");
        }
        for (place, wrong) in [(1, 0), (1, 6), (2, 255), (9, 255)] {
            let mut bytes = bytes.clone();
            bytes[place] = wrong;
            assert!(Description::decode(&bytes).is_err(), "{place}");
        }
    }

    #[test]
    fn each_level_has_a_number() {
        for number in 1..=5 {
            assert_eq!(to_level(number).map(level), Some(number));
        }
        assert!(to_level(0).is_none() && to_level(6).is_none());
        assert_eq!(to_level(1), Some(tracing_core::Level::ERROR));
    }
}
