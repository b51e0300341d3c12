//! Plain data: lent across a call by reference, without a copy.

use crate::shape::{Shaped, Wire};

/// Data that both sides may look at in place: `&T`, `&mut T`, `&[T]`, `&mut [T]`.
///
/// Derive it for `#[repr(C)]` structs of plain fields, and for enums without fields that have a
/// number type as their representation:
/// ```
/// # use hotswap_abi::Plain;
/// #[derive(Plain, Clone, Copy, Debug)]
/// #[repr(C)]
/// pub struct Sprite {
///     pub x: f32,
///     pub y: f32,
///     pub image: u32,
/// }
/// ```
///
/// # Safety
/// The description ([`Shaped`]) must state size, alignment and offsets as they are. The layout must
/// be fixed (`repr(C)`, `repr(transparent)` or a number), and the value must hold
/// no reference, pointer or function pointer: a `&'static str` of a module, written through
/// `&mut T`, would outlive its library in the host's memory. The derive checks both.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be lent across the boundary by reference",
    label = "not plain data",
    note = "types of glam and uuid: turn on the feature of hotswap-abi that is named like their crate, \
            `features = [\"glam\"]`",
    note = "`&T` and `&[T]` take plain data: `#[derive(Plain, Clone, Copy)] #[repr(C)]`; pass \
            anything else by value, as `#[derive(Portable)]`; where host and module are always \
            built from the same sources, lend any type as `#[same_build] name: &T`"
)]
pub unsafe trait Plain: Copy + Shaped<Wire> + 'static {}

// SAFETY: an array of plain data has a fixed layout and holds nothing but its items.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}
