//! Parts of a type that may describe themselves or not.

use std::marker::PhantomData;

use super::{
    info::Info,
    ladder::{Parts, Shaped},
};

/// A field whose type may describe itself or not, as [`Probe`] has found out: the type itself, or
/// its name. That it is the type itself, and nothing that stands for it, saves the compiler most of
/// the constants: a `u32` has one description, in whatever field it is.
pub type Maybe<T, N, const KNOWN: bool> = <Choice<T, N> as Choose<KNOWN>>::Part;

/// For [`Maybe`].
#[derive(Debug)]
pub struct Choice<T: ?Sized, N>(PhantomData<(N, PhantomData<T>)>);

/// For [`Maybe`].
pub trait Choose<const KNOWN: bool> {
    /// What describes itself.
    type Part: ?Sized;
}

impl<T: ?Sized, N> Choose<true> for Choice<T, N> {
    type Part = T;
}

impl<T: ?Sized, N> Choose<false> for Choice<T, N> {
    type Part = Opaque<N>;
}

/// A type that does not describe itself, by its name: the text of the field's type.
#[derive(Debug)]
pub struct Opaque<N>(PhantomData<N>);

/// A name carried by a type, for [`Opaque`].
pub trait Named {
    /// The name.
    const NAME: &'static str;
}

/// The name of a type that has another mistake, and will not compile.
#[derive(Debug)]
pub struct Nameless(());

impl Named for Nameless {
    const NAME: &'static str = "?";
}

// SAFETY: no value of a type that is known by name only crosses, but in a field that travels as bytes.
unsafe impl<P, N: Named> Shaped<P> for Opaque<N> {
    const INFO: Info = Info::opaque(N::NAME);
    fn args() -> impl Parts<P> {}
    fn parts() -> impl Parts<P> {}
}

/// Tells in a constant whether a type describes itself for a purpose.
///
/// `Probe::<T, P>::KNOWN` finds the inherent constant where `T: Shaped<P>`, and the one of
/// [`Unknown`] otherwise.
#[derive(Debug)]
pub struct Probe<T: ?Sized, P>(PhantomData<(P, PhantomData<T>)>);

impl<T: Shaped<P> + ?Sized, P> Probe<T, P> {
    /// The type describes itself.
    pub const KNOWN: bool = true;
}

/// The other half of [`Probe`].
pub trait Unknown {
    /// The type does not describe itself.
    const KNOWN: bool = false;
}

impl<T: ?Sized, P> Unknown for Probe<T, P> {}
