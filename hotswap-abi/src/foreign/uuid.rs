//! `uuid::Uuid`: its 16 bytes, in the order in which they are written down.

use ::uuid::Uuid;

use super::named;
use crate::{
    Movable, Plain, Portable,
    portable::{DecodeError, Direct, Reader, Writer},
    state::movable::Description,
};

named! { Uuid => "uuid::Uuid" }

impl Portable for Uuid {
    type Carrier = Direct;

    fn encode(&self, out: &mut Writer<'_>) {
        out.bytes(self.as_bytes());
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.array().map(Self::from_bytes)
    }
}

const _: () = assert!(size_of::<Uuid>() == 16 && align_of::<Uuid>() == 1);

// SAFETY: the crate promises that it is always laid out like its 16 bytes, and any are a value.
unsafe impl Plain for Uuid {}

// SAFETY: as above: it points to nothing, in every version of the crate.
unsafe impl Movable for Uuid {
    fn describe(_: &mut Description) {}
    fn mend(&mut self) {}
}
