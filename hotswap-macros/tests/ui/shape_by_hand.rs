//! A description decides about the calling convention: safe code must not write one.

use hotswap_abi::{
    __private::{
        portable::{DecodeError, Encoded, Reader, Writer},
        shape::{Info, Parts, Shaped, Wire},
    },
    Portable,
};

/// Travels as bytes, and says it were a number, which travels in a register.
pub struct NoNumber;

impl Shaped<Wire> for NoNumber {
    const INFO: Info = Info::scalar("u64");
    fn args() -> impl Parts<Wire> {}
    fn parts() -> impl Parts<Wire> {}
}

impl Portable for NoNumber {
    type Carrier = Encoded;
    fn encode(&self, _: &mut Writer<'_>) {}
    fn decode(_: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self)
    }
}

fn main() {}
