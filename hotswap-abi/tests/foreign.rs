//! Types of other crates: their form as bytes, which is written out here because builds of different
//! times agree on it; what is no value; how a plan names them; and in states.

#![allow(unreachable_pub, missing_docs, reason = "a test")]

#[path = "foreign/dates.rs"]
mod dates;
#[path = "foreign/described.rs"]
mod described;
#[path = "foreign/states.rs"]
mod states;
#[path = "foreign/values.rs"]
mod values;

use std::fmt::Debug;

use hotswap_abi::{
    __private::portable::{Buffer, Reader},
    Portable,
};

fn bytes(value: &impl Portable) -> Vec<u8> {
    let mut buffer = Buffer::new();
    value.encode(&mut buffer.writer());
    buffer.into_vec()
}

/// All of these in one.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[track_caller]
fn check<T: Portable + PartialEq + Debug>(value: &T, wanted: &[u8]) {
    assert_eq!(bytes(value), wanted, "{value:?}");
    assert_eq!(&Reader::whole::<T>(wanted).unwrap(), value);
    for len in 0..wanted.len() {
        assert!(Reader::whole::<T>(&wanted[..len]).is_err(), "{len} bytes of {value:?}");
    }
}

/// A value that keeps its secrets.
#[track_caller]
fn returns<T: Portable + PartialEq + Debug>(value: &T) {
    assert_eq!(&Reader::whole::<T>(&bytes(value)).unwrap(), value);
}

#[track_caller]
fn refused<T: Portable + Debug>(bytes: &[u8], wanted: &str) {
    let error = Reader::whole::<T>(bytes).unwrap_err().to_string();
    assert!(error.starts_with(wanted), "{error}");
}
