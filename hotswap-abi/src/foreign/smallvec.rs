//! `smallvec::SmallVec`: a length and the values, like `Vec`.

use ::smallvec::{Array, SmallVec};

use crate::{
    Portable,
    portable::{DecodeError, Encoded, Reader, Writer},
    shape::{Cell, Info, Parts, Shaped, list},
};

// SAFETY: name and argument are this type's: `[T; N]`, which has the length that fits inside.
unsafe impl<P, A: Array + Shaped<P>> Shaped<P> for SmallVec<A> {
    const INFO: Info = Info::container("smallvec::SmallVec", 1);
    fn args() -> impl Parts<P> {
        list::<Cell<A, ()>>()
    }
    fn parts() -> impl Parts<P> {}
}

impl<A: Array<Item: Portable> + Portable> Portable for SmallVec<A> {
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        out.len(self.len());
        A::Item::encode_all(self, out);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.len()?;
        (0..count).map(|_| A::Item::decode(input)).collect()
    }
}
