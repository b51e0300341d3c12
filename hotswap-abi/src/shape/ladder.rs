//! A type that describes itself, and the ladder of constants that finds what it is made of, without
//! referring to itself.
//!
//! # Why a ladder, and why flat sets
//! A constant description of `struct Node { kids: Vec<Node> }` would refer to itself (E0391). So
//! each rung names types and refers only to the rung below. The rungs above a complete one are not
//! computed: each is a constant, and with all of them a module of four small types took the
//! compiler a second longer. The constants hold flat sets instead of trees because the compiler
//! hashes a constant with all that it refers to, once for every path to it. With trees, an
//! interface with one type of three recursive fields took a minute to compile; with sets it takes a
//! second.

use std::marker::PhantomData;

use super::{
    info::Info,
    node::{List, Node},
    outline::{Outline, Outlines, Whole},
};

/// A type that describes itself, for the purpose `P`.
///
/// Derived: `Portable` and `Plain` describe a type for [`Wire`](super::Wire), `Shape` and `HotState` for
/// [`Stored`](super::Stored).
///
/// # Safety
/// Two builds of a module and a host call each other with the C signatures that they each derive
/// from their own types, as soon as the descriptions of these types are equal. So a description for
/// [`Wire`](super::Wire) must be of this very type, and determine how its values cross:
/// - where it says a scalar, a type of the standard library or one of another crate (whose name
///   stands before it), the type is that one, and crosses as this crate has it cross;
/// - where it has a layout, the type is plain data of that size and alignment, with fields of these
///   types at these offsets, or variants of these numbers;
/// - where it is of a user's type without a layout, values travel
///   [`Encoded`](crate::portable::Encoded);
/// - [`args`](Self::args) and [`parts`](Self::parts) list the types that [`INFO`](Self::INFO)
///   counts.
///
/// The derives do this. Implementing [`Portable`](crate::Portable) by hand takes a description by
/// hand as well, and with it this promise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not describe itself",
    label = "not described",
    note = "types of bytes, chrono, glam, indexmap, jiff, serde_json, smallvec, time and uuid: turn on the \
            feature of hotswap-abi that is named like their crate, `features = [\"uuid\"]`; in a state \
            also that crate's own feature `serde`",
    note = "for a type of your own that is part of a state: `#[derive(Shape)]` on it",
    note = "for any other type of another crate: `#[shape(opaque)]` on the field; it is then compared by \
            decoding and encoding it",
    note = "for a type that crosses a call: `#[derive(Portable)]`"
)]
pub unsafe trait Shaped<P> {
    /// The names.
    const INFO: Info;
    /// The type arguments, as a list `Cell<A, Cell<B, ()>>`. Never called, and no associated type:
    /// a public type may have fields of private ones, which an associated type must not show
    /// (E0446).
    #[doc(hidden)]
    fn args() -> impl Parts<P>;
    /// The types of the members' parts, in order.
    #[doc(hidden)]
    fn parts() -> impl Parts<P>;
}

/// A list of types `Cell<A, Cell<B, ()>>`, each of which describes itself.
pub trait Parts<P>: PartsLadder<P> {}

impl<P> Parts<P> for () {}
impl<P, H: Shaped<P> + ?Sized, T: Parts<P>> Parts<P> for Cell<H, T> {}

/// A cell of a list of types; the head may be unsized (`dyn Engine`, `str`).
#[derive(Debug)]
pub struct Cell<H: ?Sized, T>(PhantomData<(PhantomData<H>, T)>);

/// A list of types, as [`Shaped::parts`] gives it: for its type only.
///
/// # Panics
/// Always: there are no values of it.
#[doc(hidden)]
#[must_use]
pub fn list<L>() -> L {
    unreachable!("descriptions are constants")
}

/// The rungs of the list that `parts` would give.
const fn rungs<P, L: Parts<P>, F: FnOnce() -> L + Copy>(_: F) -> Rungs<P, L> {
    Rungs(PhantomData)
}

struct Rungs<P, L>(PhantomData<(P, L)>);

impl<P, L> Clone for Rungs<P, L> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P, L> Copy for Rungs<P, L> {}

/// Two lists in one. A list of hundreds of types (an interface of a hundred methods) is built as a
/// tree, since the compiler follows no more than 128 steps.
#[derive(Debug)]
pub struct Join<A, B>(PhantomData<(A, B)>);

impl<P, A: Parts<P>, B: Parts<P>> Parts<P> for Join<A, B> {}

macro_rules! ladder {
    ($top:ident, $nearly:ident; $($step:ident <- $below:ident)*) => {
        /// The rungs of one type's description.
        pub trait Ladder<P> {
            /// The type, with its arguments.
            const NODE: Node;
            /// The type and its parts.
            const OUTLINE: Outline;
            /// Nothing yet.
            const S0: Outlines;
            $(
                /// The users' types that are found in so many steps.
                const $step: Outlines;
            )*
            /// The whole description.
            const WHOLE: Whole;
        }

        impl<P, T: Shaped<P> + ?Sized> Ladder<P> for T {
            const NODE: Node = Node::new(&T::INFO, rungs::<P, _, _>(T::args).nodes());
            const OUTLINE: Outline =
                Outline::new(&<T as Ladder<P>>::NODE, rungs::<P, _, _>(T::parts).nodes());
            const S0: Outlines = Outlines::NONE;
            $(
                // The step below comes first: then a recursive type finds its own steps done, and the
                // compiler's queries do not nest as deep as the ladder is high. What it shows to be
                // complete is handed up, and what calls give is not computed where they are not made:
                // most types are complete after two or three steps. The arguments take no step: they
                // are smaller than the type itself.
                const $step: Outlines = if <T as Ladder<P>>::$below.is_complete() {
                    <T as Ladder<P>>::$below
                } else {
                    <T as Ladder<P>>::$below.grown(
                        rungs::<P, _, _>(T::parts).$below(),
                        rungs::<P, _, _>(T::args).$step(),
                        &<T as Ladder<P>>::OUTLINE,
                    )
                };
            )*
            const WHOLE: Whole = Whole::new(
                &<T as Ladder<P>>::NODE,
                &<T as Ladder<P>>::$top,
                &<T as Ladder<P>>::$nearly,
            );
        }

        /// The rungs of a list of types.
        pub trait PartsLadder<P> {
            /// The types.
            const NODES: List;
            /// Nothing yet.
            const S0: Outlines;
            $(
                /// The users' types that are found in so many steps.
                const $step: Outlines;
            )*
        }

        #[allow(non_snake_case, reason = "named like the constants")]
        impl<P, L: PartsLadder<P>> Rungs<P, L> {
            const fn nodes(self) -> &'static List {
                &L::NODES
            }
            const fn S0(self) -> &'static Outlines {
                &L::S0
            }
            $(
                const fn $step(self) -> &'static Outlines {
                    &L::$step
                }
            )*
        }

        impl<P> PartsLadder<P> for () {
            const NODES: List = List::End;
            const S0: Outlines = Outlines::NONE;
            $(const $step: Outlines = Outlines::NONE;)*
        }

        impl<P, A: Parts<P>, B: Parts<P>> PartsLadder<P> for Join<A, B> {
            const NODES: List =
                List::Join(&<A as PartsLadder<P>>::NODES, &<B as PartsLadder<P>>::NODES);
            const S0: Outlines = Outlines::NONE;
            $(
                const $step: Outlines =
                    <A as PartsLadder<P>>::$step.union(&<B as PartsLadder<P>>::$step);
            )*
        }

        impl<P, H: Shaped<P> + ?Sized, T: Parts<P>> PartsLadder<P> for Cell<H, T> {
            const NODES: List =
                List::Cons(&<H as Ladder<P>>::NODE, &<T as PartsLadder<P>>::NODES);
            const S0: Outlines = Outlines::NONE;
            $(
                const $step: Outlines =
                    <H as Ladder<P>>::$step.union(&<T as PartsLadder<P>>::$step);
            )*
        }
    };
}

ladder! {
    S16, S15;
    S1 <- S0    S2 <- S1    S3 <- S2    S4 <- S3    S5 <- S4    S6 <- S5
    S7 <- S6    S8 <- S7    S9 <- S8    S10 <- S9   S11 <- S10  S12 <- S11
    S13 <- S12  S14 <- S13  S15 <- S14  S16 <- S15
}
