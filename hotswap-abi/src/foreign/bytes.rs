//! `bytes::Bytes` and `bytes::BytesMut`: a length and the bytes, in memory of the receiver's own.

use ::bytes::{Bytes, BytesMut};

use super::named;
use crate::{
    Portable,
    portable::{DecodeError, Encoded, Reader, Writer},
};

named! { Bytes => "bytes::Bytes", BytesMut => "bytes::BytesMut" }

macro_rules! buffers {
    ($($ty:ty: $copied:path),*) => {$(
        impl Portable for $ty {
            type Carrier = Encoded;

            fn encode(&self, out: &mut Writer<'_>) {
                out.len(self.len());
                out.bytes(self);
            }

            fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let len = input.len()?;
                input.bytes(len).map($copied)
            }
        }
    )*};
}

buffers! { Bytes: Self::copy_from_slice, BytesMut: Self::from }
