//! A module with a state of the size that is asked for, in two shapes.

use std::borrow::Cow;

use benches_api::{
    Store,
    store::{self, Record},
};
use hotswap_abi::{Context, HotModule, Module, ModuleError, Start};

#[cfg(not(feature = "second"))]
type Records = store::RecordsV1;
#[cfg(feature = "second")]
type Records = store::RecordsV2;

/// Bytes that a benchmark changes, to have another artifact.
#[used]
static MARK: [u8; 64] = *b"hotswap benchmark mark:                                         ";

/// The module.
#[derive(Debug, HotModule)]
#[hot_module(interface = Store)]
pub struct Storing {
    records: Records,
}

impl Module for Storing {
    type State = Records;

    fn start(from: Start<Records>, _cx: &Context) -> Result<Self, ModuleError> {
        Ok(Self { records: from.state().unwrap_or_default() })
    }

    fn state(&self) -> Cow<'_, Records> {
        Cow::Borrowed(&self.records)
    }
}

impl Store for Storing {
    fn fill(&mut self, count: u64) {
        self.records.records = (0..count).map(Record::of).collect();
    }

    fn records(&self) -> u64 {
        self.records.records.len() as u64
    }
}
