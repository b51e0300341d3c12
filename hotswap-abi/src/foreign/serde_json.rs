//! `serde_json::Value`: a byte for its kind, then what it holds.
//!
//! | byte | value | then |
//! |---|---|---|
//! | 0, 1, 2 | `null`, `false`, `true` | nothing |
//! | 3, 4, 5 | a number: `u64`, `i64`, `f64` | eight bytes |
//! | 6 | a number that is none of these (`arbitrary_precision`) | its text |
//! | 7 | a text | like `String` |
//! | 8 | an array | a length, the values |
//! | 9 | an object | a length, the keys with their values |
//!
//! A number is written as the first of its forms that is this very number. Values that are nested
//! deeper than serde_json itself reads them are an error for the reader.

use ::serde_json::{Map, Number, Value};

use super::named;
use crate::{
    Portable,
    portable::{DecodeError, Encoded, Reader, Writer},
};

/// How deep values are nested: serde_json's own limit.
const DEEPEST: usize = 128;

named! { Value => "serde_json::Value" }

impl Portable for Value {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        match self {
            Self::Null => out.bytes(&[0]),
            Self::Bool(value) => out.bytes(&[1 + u8::from(*value)]),
            Self::Number(number) => encode_number(number, out),
            Self::String(text) => {
                out.bytes(&[7]);
                text.encode(out);
            }
            Self::Array(items) => {
                out.bytes(&[8]);
                items.encode(out);
            }
            Self::Object(entries) => {
                out.bytes(&[9]);
                out.len(entries.len());
                for (key, value) in entries {
                    key.encode(out);
                    value.encode(out);
                }
            }
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        decode(input, 0)
    }
}

fn encode_number(number: &Number, out: &mut Writer<'_>) {
    // Also where a number is kept as its text, of which not all is in another form.
    let is = |other: Number| other == *number;
    if let Some(value) = number.as_u64().filter(|it| is(Number::from(*it))) {
        out.bytes(&[3]);
        value.encode(out);
    } else if let Some(value) = number.as_i64().filter(|it| is(Number::from(*it))) {
        out.bytes(&[4]);
        value.encode(out);
    } else if let Some(value) = number.as_f64().filter(|it| Number::from_f64(*it).is_some_and(is)) {
        out.bytes(&[5]);
        value.encode(out);
    } else {
        out.bytes(&[6]);
        number.to_string().encode(out);
    }
}

fn decode(input: &mut Reader<'_>, depth: usize) -> Result<Value, DecodeError> {
    if depth == DEEPEST {
        return Err(input.error("values that are nested less deeply", depth));
    }
    Ok(match input.array()? {
        [0] => Value::Null,
        [1] => Value::Bool(false),
        [2] => Value::Bool(true),
        [3] => Value::Number(u64::decode(input)?.into()),
        [4] => Value::Number(i64::decode(input)?.into()),
        [5] => {
            let float = f64::decode(input)?;
            let number = Number::from_f64(float);
            Value::Number(number.ok_or_else(|| input.error("a number of JSON", float))?)
        }
        [6] => {
            let text = String::decode(input)?;
            let number = text.parse();
            Value::Number(number.map_err(|error| input.error("a number of JSON", error))?)
        }
        [7] => Value::String(String::decode(input)?),
        [8] => {
            let count = input.len()?;
            let items = (0..count).map(|_| decode(input, depth + 1));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        [9] => {
            let count = input.len()?;
            let entry = |_| Ok((String::decode(input)?, decode(input, depth + 1)?));
            Value::Object((0..count).map(entry).collect::<Result<Map<_, _>, _>>()?)
        }
        [other] => return Err(input.error("a value of JSON", other)),
    })
}
