//! Descriptions of the standard library's types, and of the ways to lend a value for a call.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    ffi::OsString,
    marker::PhantomData,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    num::NonZero,
    ops::{Range, RangeInclusive},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{Cell, Info, Join, Kind, Parts, Shaped, Stored, list};

macro_rules! scalars {
    ($($ty:ty => $name:literal),* $(,)?) => {$(
        // SAFETY: the name is this type's.
        unsafe impl<P> Shaped<P> for $ty {
            const INFO: Info = Info::scalar($name);
            fn args() -> impl Parts<P> {}
            fn parts() -> impl Parts<P> {}
        }
    )*};
}

scalars! {
    u8 => "u8", u16 => "u16", u32 => "u32", u64 => "u64", u128 => "u128", usize => "usize",
    i8 => "i8", i16 => "i16", i32 => "i32", i64 => "i64", i128 => "i128", isize => "isize",
    f32 => "f32", f64 => "f64", bool => "bool", char => "char", () => "()",
    str => "str", String => "String", Duration => "Duration", SystemTime => "SystemTime",
    PathBuf => "PathBuf", OsString => "OsString", Ordering => "Ordering",
    NonZero<u8> => "NonZero<u8>", NonZero<u16> => "NonZero<u16>", NonZero<u32> => "NonZero<u32>",
    NonZero<u64> => "NonZero<u64>", NonZero<u128> => "NonZero<u128>",
    NonZero<usize> => "NonZero<usize>",
    NonZero<i8> => "NonZero<i8>", NonZero<i16> => "NonZero<i16>", NonZero<i32> => "NonZero<i32>",
    NonZero<i64> => "NonZero<i64>", NonZero<i128> => "NonZero<i128>",
    NonZero<isize> => "NonZero<isize>",
    IpAddr => "IpAddr", Ipv4Addr => "Ipv4Addr", Ipv6Addr => "Ipv6Addr",
    SocketAddr => "SocketAddr", SocketAddrV4 => "SocketAddrV4", SocketAddrV6 => "SocketAddrV6",
    Box<str> => "Box<str>", Arc<str> => "Arc<str>",
}

// SAFETY: it is no description for calls.
unsafe impl Shaped<Stored> for Rc<str> {
    const INFO: Info = Info::scalar("Rc<str>");
    fn args() -> impl Parts<Stored> {}
    fn parts() -> impl Parts<Stored> {}
}

macro_rules! stored_containers {
    ($($name:literal: $ty:ty, $arg:ident;)*) => {$(
        // SAFETY: it is no description for calls.
        unsafe impl<$arg: Shaped<Stored>> Shaped<Stored> for $ty {
            const INFO: Info = Info::container($name, 1);
            fn args() -> impl Parts<Stored> {
                list::<Cell<$arg, ()>>()
            }
            fn parts() -> impl Parts<Stored> {}
        }
    )*};
}

stored_containers! {
    "Rc": Rc<T>, T;
    "Arc": Arc<T>, T;
}

macro_rules! containers {
    ($($name:literal: $ty:ty, [$($arg:ident),*] $([$($free:ident),*])?;)*) => {$(
        // SAFETY: name and arguments are this type's.
        unsafe impl<P, $($arg: Shaped<P>,)* $($($free,)*)?> Shaped<P> for $ty {
            const INFO: Info = Info::container($name, containers!(@count $($arg)*));
            fn args() -> impl Parts<P> {
                list::<containers!(@list $($arg)*)>()
            }
            fn parts() -> impl Parts<P> {}
        }
    )*};
    (@count) => { 0 };
    (@count $head:ident $($tail:ident)*) => { 1 + containers!(@count $($tail)*) };
    (@list) => { () };
    (@list $head:ident $($tail:ident)*) => { Cell<$head, containers!(@list $($tail)*)> };
}

containers! {
    "Vec": Vec<T>, [T];
    "VecDeque": VecDeque<T>, [T];
    "Option": Option<T>, [T];
    "Result": Result<T, E>, [T, E];
    "Box": Box<T>, [T];
    "Box<[_]>": Box<[T]>, [T];
    "BinaryHeap": BinaryHeap<T>, [T];
    "LinkedList": LinkedList<T>, [T];
    "Range": Range<T>, [T];
    "RangeInclusive": RangeInclusive<T>, [T];
    "BTreeMap": BTreeMap<K, V>, [K, V];
    "BTreeSet": BTreeSet<T>, [T];
    "HashMap": HashMap<K, V, S>, [K, V] [S];
    "HashSet": HashSet<T, S>, [T] [S];
    "tuple": (A,), [A];
    "tuple": (A, B), [A, B];
    "tuple": (A, B, C), [A, B, C];
    "tuple": (A, B, C, D), [A, B, C, D];
    "tuple": (A, B, C, D, E), [A, B, C, D, E];
    "tuple": (A, B, C, D, E, F), [A, B, C, D, E, F];
    "tuple": (A, B, C, D, E, F, G), [A, B, C, D, E, F, G];
    "tuple": (A, B, C, D, E, F, G, H), [A, B, C, D, E, F, G, H];
    "tuple": (A, B, C, D, E, F, G, H, I), [A, B, C, D, E, F, G, H, I];
    "tuple": (A, B, C, D, E, F, G, H, I, J), [A, B, C, D, E, F, G, H, I, J];
    "tuple": (A, B, C, D, E, F, G, H, I, J, K), [A, B, C, D, E, F, G, H, I, J, K];
    "tuple": (A, B, C, D, E, F, G, H, I, J, K, L), [A, B, C, D, E, F, G, H, I, J, K, L];
}

// SAFETY: name, item and length are this type's.
unsafe impl<P, T: Shaped<P>, const N: usize> Shaped<P> for [T; N] {
    const INFO: Info = Info {
        kind: Kind::Container,
        name: "array",
        path: "",
        attrs: "",
        args: 1,
        members: &[],
        layout: Some((N, 0)),
        build: "",
    };
    fn args() -> impl Parts<P> {
        list::<Cell<T, ()>>()
    }
    fn parts() -> impl Parts<P> {}
}

macro_rules! lent {
    ($($(#[$doc:meta])* $marker:ident => $name:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $marker<T: ?Sized>(PhantomData<fn(&T)>);

        // SAFETY: it stands for one kind of argument, which has a name of its own.
        unsafe impl<P, T: Shaped<P> + ?Sized> Shaped<P> for $marker<T> {
            const INFO: Info = Info::container($name, 1);
            fn args() -> impl Parts<P> {
                list::<Cell<T, ()>>()
            }
            fn parts() -> impl Parts<P> {}
        }
    )*};
}

lent! {
    /// Describes an argument `&T`.
    Ref => "&";
    /// Describes an argument `&mut T`.
    Mut => "&mut";
    /// Describes an argument `&[T]`.
    Slice => "&[]";
    /// Describes an argument `&mut [T]`.
    SliceMut => "&mut []";
    /// Describes an argument `#[same_build] &T`.
    SameBuild => "#[same_build] &";
    /// Describes an argument `#[same_build] &mut T`.
    SameBuildMut => "#[same_build] &mut";
}

/// Describes an argument `&mut dyn FnMut(…) -> …`; `L` lists the arguments, then the result.
#[derive(Debug)]
pub struct FnMutShape<L>(PhantomData<fn(L)>);

// SAFETY: as above; the list is the closure's signature.
unsafe impl<P, L: Parts<P> + Count> Shaped<P> for FnMutShape<L> {
    const INFO: Info = Info::container("FnMut", L::COUNT);
    fn args() -> impl Parts<P> {
        list::<L>()
    }
    fn parts() -> impl Parts<P> {}
}

/// The length of a list of types.
#[doc(hidden)]
pub trait Count {
    /// How many.
    const COUNT: usize;
}

impl Count for () {
    const COUNT: usize = 0;
}

impl<H: ?Sized, T: Count> Count for Cell<H, T> {
    const COUNT: usize = 1 + T::COUNT;
}

impl<A: Count, B: Count> Count for Join<A, B> {
    const COUNT: usize = A::COUNT + B::COUNT;
}
