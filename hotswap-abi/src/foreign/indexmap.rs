//! `indexmap::IndexMap` and `IndexSet`: a length and the entries, in their order. Of equal keys, which
//! are in no map's bytes, the last one counts.

use std::hash::{BuildHasher, Hash};

use ::indexmap::{IndexMap, IndexSet};

use crate::{
    Portable,
    portable::{DecodeError, Encoded, Reader, Writer},
    shape::{Cell, Info, Parts, Shaped, list},
};

// SAFETY: name and arguments are this type's.
unsafe impl<P, K: Shaped<P>, V: Shaped<P>, S> Shaped<P> for IndexMap<K, V, S> {
    const INFO: Info = Info::container("indexmap::IndexMap", 2);
    fn args() -> impl Parts<P> {
        list::<Cell<K, Cell<V, ()>>>()
    }
    fn parts() -> impl Parts<P> {}
}

// SAFETY: as above.
unsafe impl<P, T: Shaped<P>, S> Shaped<P> for IndexSet<T, S> {
    const INFO: Info = Info::container("indexmap::IndexSet", 1);
    fn args() -> impl Parts<P> {
        list::<Cell<T, ()>>()
    }
    fn parts() -> impl Parts<P> {}
}

impl<K, V, S> Portable for IndexMap<K, V, S>
where
    K: Portable + Eq + Hash,
    V: Portable,
    S: BuildHasher + Default + 'static,
{
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        out.len(self.len());
        for (key, value) in self {
            key.encode(out);
            value.encode(out);
        }
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.len()?;
        (0..count).map(|_| Ok((K::decode(input)?, V::decode(input)?))).collect()
    }
}

impl<T, S> Portable for IndexSet<T, S>
where
    T: Portable + Eq + Hash,
    S: BuildHasher + Default + 'static,
{
    type Carrier = Encoded;

    fn encode(&self, out: &mut Writer<'_>) {
        out.len(self.len());
        self.iter().for_each(|item| item.encode(out));
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = input.len()?;
        (0..count).map(|_| T::decode(input)).collect()
    }
}
