//! For generated code, for `hotswap-core` and for the tools: no part of the public interface, and
//! other in every version.

// What generated code names.
pub use std::{borrow::Cow, boxed::Box, string::String, vec::Vec};

pub use hotswap_macros::host_build;

pub use crate::quiet::contained;
pub use crate::{
    checks::{Is, must_be, must_be_plain, must_be_portable, must_be_serde, must_be_stored},
    interface::{
        Answer, Arguments, BySerde, CallError, Callee, Caller, Crosses, Crossing, Entry, Fold,
        Interface, Lendable, Lent, LentFn, LentMut, LentRef, NotBySerde, OtherAnswer, Owned, Place,
        Recordable, Recorder, Refused, ReplayError, Resolved, ResultAnswer, Serves, Source,
        TableRef, Tape, Target, Way, expected, missing, or_relay, record_str, run_default, unboxed,
    },
    manifest::{Source as ManifestSource, encode, encode_schema, encoded_len, schema_len},
    module::{Export, HotModule, Module, Moving, export, manifest_source},
    portable::{
        Bytes, DecodeError, Direct, Encoded, Plain, PlainSlice, Portable, Reader, Reply, Sink, Str,
        Writer, with,
    },
    shape::{
        Cell, FnMutShape, Info, Join, Kind, Ladder, Maybe, Member, Mut, Named, Nameless, Node,
        Opaque, Parts, Probe, Ref, SameBuild, SameBuildMut, Shaped, Slice, SliceMut, Stored,
        Unknown, Whole, Wire, list,
    },
    state::{
        HotState, Lineage, Migrate, Movable, RestoreError, Steps, assert_faithful, keeps_exactly,
        movable::{Description, Part, movable},
        no_steps, restore_exactly, state_name, steps, store_exactly,
    },
};

// What the host names: the modules of this crate.
macro_rules! modules {
    ($($name:ident)*) => {$(
        pub mod $name {
            pub use crate::$name::*;
        }
    )*};
}

modules! {
    allocator compat interface logs manifest module portable same_build shape state text
}
