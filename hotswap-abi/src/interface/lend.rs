//! What is lent for one call: other interfaces, and closures.

use std::{marker::PhantomData, slice};

use abi_stable::StableAbi;

use super::{
    Interface,
    call::{Callee, Target},
    table::{Entry, TableRef, by_name, table_id},
};

/// How an entry point finds the value that it is to be called on.
///
/// # Safety
/// The functions must return the value that `data` was made from.
pub unsafe trait Place {
    /// The value's type.
    type Value: ?Sized;
    /// Whether the value may be borrowed mutably.
    const EXCLUSIVE: bool;
    /// The value.
    ///
    /// # Safety
    /// `data` must be what this place's maker gave out, and the value must live for `'a` and must
    /// not be borrowed mutably meanwhile.
    unsafe fn shared<'a>(data: *const ()) -> &'a Self::Value;
    /// The value.
    ///
    /// # Safety
    /// As for [`shared`](Self::shared), and the value must not be borrowed at all meanwhile.
    unsafe fn exclusive<'a>(data: *const ()) -> &'a mut Self::Value;
}

/// A module's instance: `data` is a `*mut T` from a box.
#[derive(Debug)]
pub struct Owned<T>(PhantomData<T>);

// SAFETY: the pointer is cast back to what it was.
unsafe impl<T> Place for Owned<T> {
    type Value = T;
    const EXCLUSIVE: bool = true;

    #[inline]
    unsafe fn shared<'a>(data: *const ()) -> &'a T {
        // SAFETY: see the trait; the host holds the instance's lock shared, or it has none.
        unsafe { &*data.cast() }
    }
    #[inline]
    unsafe fn exclusive<'a>(data: *const ()) -> &'a mut T {
        // SAFETY: see the trait; the host holds the instance's lock exclusively.
        unsafe { &mut *data.cast_mut().cast() }
    }
}

/// A `&mut dyn Trait` of the caller: `data` points to that reference.
#[derive(Debug)]
pub struct LentMut<T: ?Sized>(PhantomData<fn(&T)>);

// SAFETY: the pointer is cast back to what it was.
unsafe impl<T: ?Sized> Place for LentMut<T> {
    type Value = T;
    const EXCLUSIVE: bool = true;

    unsafe fn shared<'a>(data: *const ()) -> &'a T {
        // SAFETY: `data` points to the caller's reference, lent for the call.
        unsafe { &**data.cast::<&'a mut T>() }
    }
    unsafe fn exclusive<'a>(data: *const ()) -> &'a mut T {
        // SAFETY: as above; the proxy is the only one that has it, and is borrowed mutably.
        unsafe { &mut **data.cast_mut().cast::<&'a mut T>() }
    }
}

/// A `&dyn Trait` of the caller: `data` points to that reference.
#[derive(Debug)]
pub struct LentRef<T: ?Sized>(PhantomData<fn(&T)>);

// SAFETY: the pointer is cast back to what it was.
unsafe impl<T: ?Sized> Place for LentRef<T> {
    type Value = T;
    const EXCLUSIVE: bool = false;

    unsafe fn shared<'a>(data: *const ()) -> &'a T {
        // SAFETY: `data` points to the caller's reference, lent for the call.
        unsafe { *data.cast::<&'a T>() }
    }
    unsafe fn exclusive<'a>(_: *const ()) -> &'a mut T {
        unreachable!("a shared loan has no entry for `&mut self`")
    }
}

/// An interface lent for one call.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
pub struct Lent {
    data: *const (),
    table: *const TableRef,
}

impl Lent {
    /// Lends `value`, a reference to an interface object.
    #[inline]
    #[must_use]
    pub const fn new<R>(value: &R, table: &'static TableRef) -> Self {
        Self { data: std::ptr::from_ref(value).cast(), table }
    }

    /// As [`new`](Self::new), for a mutable reference.
    #[inline]
    pub const fn new_mut<R>(value: &mut R, table: &'static TableRef) -> Self {
        Self { data: std::ptr::from_mut(value).cast_const().cast(), table }
    }
}

/// A loan as its receiver sees it: with the entry points in the receiver's own order.
#[derive(Debug)]
pub struct Resolved {
    data: *const (),
    entries: Entries,
}

#[derive(Debug)]
enum Entries {
    /// The lender has the same methods in the same order.
    Same(*const Entry),
    /// The lender has others, too, or lacks some.
    Mapped(Box<[*const ()]>),
}

impl Resolved {
    /// Resolves a loan of interface `I`.
    ///
    /// # Safety
    /// `lent` must be alive for as long as the result, and of interface `I`.
    #[must_use]
    pub unsafe fn new<I: Interface + ?Sized>(lent: Lent) -> Self {
        // SAFETY: the table is a constant of the lender, which is alive (caller).
        let table = unsafe { &*lent.table };
        let entries = if table.id == const { table_id(I::METHODS) } {
            Entries::Same(table.entries)
        } else {
            // SAFETY: as above; `TableRef::new` took both from one slice.
            let entries = unsafe { slice::from_raw_parts(table.entries, table.count) };
            // SAFETY: the names are constants of the lender.
            Entries::Mapped(unsafe { by_name(I::METHODS, entries) })
        };
        Self { data: lent.data, entries }
    }

    /// Where to call method `index`.
    #[inline]
    #[must_use]
    pub fn callee(&self, index: usize) -> Callee<'_> {
        let entry = match &self.entries {
            Entries::Same(entries) => {
                // SAFETY: the lender's table has as many methods as ours, and `index` is ours.
                let entry = unsafe { entries.add(index) };
                // SAFETY: as above; the table is a constant of the lender, which is alive (`new`).
                unsafe { (*entry).entry }
            }
            Entries::Mapped(entries) => entries[index],
        };
        Callee::lent(self.data, entry)
    }
}

/// A closure lent for one call.
#[derive(Debug, Clone, Copy, StableAbi)]
#[repr(C)]
pub struct LentFn {
    /// Points to the caller's `&mut dyn FnMut(…) -> …`.
    pub(crate) data: *const (),
    /// A function whose signature follows from the closure's.
    pub(crate) entry: *const (),
}

impl LentFn {
    /// Lends a closure.
    #[inline]
    pub const fn new<R>(value: &mut R, entry: *const ()) -> Self {
        Self { data: std::ptr::from_mut(value).cast_const().cast(), entry }
    }

    /// Where to call it.
    #[inline]
    #[must_use]
    pub const fn callee<'a>(self) -> Callee<'a> {
        Callee::lent(self.data, self.entry)
    }
}

/// What a proxy calls: a slot's instance, or something lent.
///
/// A proxy calls all methods of its interface on it, in safe code. Where the interface is declared
/// anybody can make a proxy of a source, so to make a source is what is unsafe.
#[derive(Debug)]
pub struct Source<'a>(Called<'a>);

#[derive(Debug)]
enum Called<'a> {
    /// For default bodies that run in the host.
    Slot(Target<'a>),
    /// For arguments.
    Lent(Resolved),
}

impl<'a> Source<'a> {
    /// For default bodies that run in the host.
    ///
    /// # Safety
    /// The proxy must be of the interface that the target was made for, and the instance borrowed
    /// as the methods that are called need it.
    #[inline]
    #[must_use]
    pub const unsafe fn slot(target: Target<'a>) -> Self {
        Self(Called::Slot(target))
    }
}

impl Source<'_> {
    /// One of its methods.
    ///
    /// # Safety
    /// The interface that the source is one of must have a method with this index.
    #[inline]
    #[must_use]
    pub unsafe fn callee(&self, index: usize) -> Callee<'_> {
        match &self.0 {
            // SAFETY: the interface has one (caller).
            Called::Slot(target) => unsafe { target.callee(index) },
            Called::Lent(lent) => lent.callee(index),
        }
    }
}

/// An interface that can be lent for one call; implemented by `#[interface]` for `dyn Trait`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interface",
    label = "not an interface",
    note = "mark the trait: `#[interface] pub trait …`"
)]
pub trait Lendable: Interface {
    /// What the receiver of a loan calls; it implements the trait.
    type Proxy<'a>;
    /// The entry points of a `&dyn Trait`.
    const BEHIND_REF: &'static TableRef;
    /// The entry points of a `&mut dyn Trait`.
    const BEHIND_MUT: &'static TableRef;
    /// Makes a proxy.
    ///
    /// # Safety
    /// The source must be of this interface, and borrowed by nobody else as far as the methods
    /// that are called need it: a proxy has methods that take `&mut self`.
    unsafe fn proxy(source: Source<'_>) -> Self::Proxy<'_>;
    /// Makes a proxy for what was lent.
    ///
    /// # Safety
    /// `lent` must be alive for as long as the proxy, and of this interface.
    #[must_use]
    unsafe fn receive<'a>(lent: Lent) -> Self::Proxy<'a> {
        // SAFETY: alive and of this interface (caller).
        let lent = unsafe { Resolved::new::<Self>(lent) };
        // SAFETY: a loan has entry points for what its lender has borrowed, and no others.
        unsafe { Self::proxy(Source(Called::Lent(lent))) }
    }
}
