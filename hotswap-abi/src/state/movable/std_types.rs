//! The types of the language and of std that can move.
//!
//! # Safety
//! What each of them points to, in the std that [`Description`] names by its compiler:
//! * numbers, `bool`, `char`, times, addresses of the network: nothing;
//! * `String`, `Vec`, `Box`, `VecDeque`, `LinkedList`, `BinaryHeap`, `PathBuf`, `OsString`, and on the
//!   inside `BTreeMap` and `BTreeSet`: what they have allocated from the global allocator, and when they are
//!   empty nothing (a number that is no address, or none);
//! * `HashMap` and `HashSet`: what they have allocated; with no room for an entry, a constant of the
//!   library that has made them. Their hasher holds its two numbers itself.

use std::{
    cmp::{Ordering, Reverse},
    collections::{
        BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque,
        hash_map::RandomState,
    },
    ffi::OsString,
    marker::PhantomData,
    mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    num::{NonZero, Saturating, Wrapping},
    ops::{Range, RangeInclusive},
    path::PathBuf,
    sync::atomic,
    time::{Duration, SystemTime},
};

use super::{Description, Movable};

/// Types that have no parts to be looked at, and own what they point to.
macro_rules! whole {
    ($($ty:ty),* $(,)?) => {$(
        // SAFETY: see the module's text.
        unsafe impl Movable for $ty {
            fn describe(_: &mut Description) {}
            fn mend(&mut self) {}
        }
    )*};
}

whole! {
    (), bool, char,
    u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64,
    NonZero<u8>, NonZero<u16>, NonZero<u32>, NonZero<u64>, NonZero<u128>, NonZero<usize>,
    NonZero<i8>, NonZero<i16>, NonZero<i32>, NonZero<i64>, NonZero<i128>, NonZero<isize>,
    atomic::AtomicBool, atomic::AtomicU8, atomic::AtomicU16, atomic::AtomicU32, atomic::AtomicU64,
    atomic::AtomicUsize, atomic::AtomicI8, atomic::AtomicI16, atomic::AtomicI32, atomic::AtomicI64,
    atomic::AtomicIsize,
    Ordering, Duration, SystemTime, String, Box<str>, OsString, PathBuf,
    IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6,
}

/// Types that own any number of values, somewhere else.
macro_rules! collection {
    ($($ty:ident<$($param:ident),+>),* $(,)?) => {$(
        // SAFETY: see the module's text; it owns its values, which can move.
        unsafe impl<$($param: Movable),+> Movable for $ty<$($param),+> {
            fn describe(description: &mut Description) {
                $(description.behind::<$param>(stringify!($param));)+
            }
            fn mend(&mut self) {}
        }
    )*};
}

collection! {
    Box<T>, Vec<T>, VecDeque<T>, LinkedList<T>, BinaryHeap<T>, BTreeSet<T>, BTreeMap<K, V>
}

// SAFETY: as for `Vec`.
unsafe impl<T: Movable> Movable for Box<[T]> {
    fn describe(description: &mut Description) {
        description.behind::<T>("T");
    }
    fn mend(&mut self) {}
}

// SAFETY: see the module's text; one that may point to a constant of its library is replaced.
unsafe impl<K: Movable, V: Movable> Movable for HashMap<K, V, RandomState> {
    fn describe(description: &mut Description) {
        description.trap();
        description.behind::<K>("K");
        description.behind::<V>("V");
    }

    fn mend(&mut self) {
        // Zero as well for one that is full of what was removed: that one is dropped as any other.
        if self.capacity() == 0 {
            let hasher = self.hasher().clone();
            // The drop of one that has allocated nothing does not look where it points.
            drop(mem::replace(self, Self::with_hasher(hasher)));
        }
    }
}

// SAFETY: as for `HashMap`.
unsafe impl<T: Movable> Movable for HashSet<T, RandomState> {
    fn describe(description: &mut Description) {
        description.trap();
        description.behind::<T>("T");
    }

    fn mend(&mut self) {
        if self.capacity() == 0 {
            let hasher = self.hasher().clone();
            drop(mem::replace(self, Self::with_hasher(hasher)));
        }
    }
}

// SAFETY: it has a `T`, or nothing.
unsafe impl<T: Movable> Movable for Option<T> {
    fn describe(description: &mut Description) {
        description.part::<T>("Some");
    }
    fn mend(&mut self) {
        if let Some(value) = self {
            value.mend();
        }
    }
}

// SAFETY: it has a `T`, or an `E`.
unsafe impl<T: Movable, E: Movable> Movable for Result<T, E> {
    fn describe(description: &mut Description) {
        description.part::<T>("Ok");
        description.part::<E>("Err");
    }
    fn mend(&mut self) {
        match self {
            Ok(value) => value.mend(),
            Err(error) => error.mend(),
        }
    }
}

// SAFETY: it has no value, and its type says what it stands for.
unsafe impl<T: 'static> Movable for PhantomData<T> {
    fn describe(_: &mut Description) {}
    fn mend(&mut self) {}
}

// SAFETY: it has so many of `T`.
unsafe impl<T: Movable, const N: usize> Movable for [T; N] {
    fn describe(description: &mut Description) {
        description.part::<T>("each");
    }
    fn mend(&mut self) {
        self.iter_mut().for_each(T::mend);
    }
}

/// Types that have one or two values of a parameter, in a field that is at hand.
macro_rules! wrapper {
    ($($ty:ident { $($field:tt),+ })*) => {$(
        // SAFETY: it has nothing but these.
        unsafe impl<T: Movable> Movable for $ty<T> {
            fn describe(description: &mut Description) {
                $(description.field::<T>(stringify!($field), mem::offset_of!(Self, $field));)+
            }
            fn mend(&mut self) {
                $(self.$field.mend();)+
            }
        }
    )*};
}

wrapper! { Reverse { 0 } Wrapping { 0 } Saturating { 0 } Range { start, end } }

/// Only for what has nothing to be mended: its ends are not lent mutably.
macro_rules! inclusive {
    ($($ty:ty),*) => {$(
        // SAFETY: it has two numbers, and whether it is used up.
        unsafe impl Movable for RangeInclusive<$ty> {
            fn describe(_: &mut Description) {}
            fn mend(&mut self) {}
        }
    )*};
}

inclusive! { u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, char }

macro_rules! tuple {
    ($($param:ident $index:tt),+) => {
        // SAFETY: it has nothing but these.
        unsafe impl<$($param: Movable),+> Movable for ($($param,)+) {
            fn describe(description: &mut Description) {
                $(
                    let offset = mem::offset_of!(Self, $index);
                    description.field::<$param>(stringify!($index), offset);
                )+
            }
            fn mend(&mut self) {
                $(self.$index.mend();)+
            }
        }
    };
}

tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
