//! Values that cross by value, of every kind there is: what is decoded is written and read again.

#![no_main]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    fmt::Debug,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use hotswap_abi::{
    __private::portable::{Buffer, Reader},
    Portable,
};
use libfuzzer_sys::fuzz_target;

#[derive(Portable, Debug, PartialEq)]
pub struct Numbers {
    bytes: Vec<u8>,
    words: [u16; 3],
    signed: VecDeque<(i8, i64)>,
    large: Option<u128>,
    truth: Vec<bool>,
    text: BTreeMap<char, String>,
}

#[derive(Portable, Debug, PartialEq)]
pub struct Places {
    path: PathBuf,
    took: Duration,
    when: Result<SystemTime, String>,
    seen: BTreeSet<(u32, char)>,
    names: HashSet<String>,
    all: HashMap<u16, Vec<Vec<u32>>>,
}

#[derive(Portable, Debug, PartialEq)]
pub enum Item {
    Nothing,
    Book(u32, String),
    Set { of: Vec<Self>, discount: Option<Box<Self>> },
}

fuzz_target!(|bytes: &[u8]| {
    // How deep a value is nested is bounded by its length alone.
    let Some((kind, bytes)) = bytes.split_first().filter(|_| bytes.len() < 1 << 14) else { return };
    match kind % 3 {
        0 => again::<Numbers>(bytes),
        1 => again::<Places>(bytes),
        _ => again::<Item>(bytes),
    }
});

fn again<T: Portable + Debug + PartialEq>(bytes: &[u8]) {
    let Ok(value) = Reader::whole::<T>(bytes) else { return };
    let mut buffer = Buffer::new();
    value.encode(&mut buffer.writer());
    assert_eq!(Reader::whole::<T>(buffer.bytes()).as_ref(), Ok(&value));
}
