//! What a slot knows of its interface, whose type only its handles have.

use std::any::TypeId;

use hotswap_abi::Interface;

/// What is known of an interface's type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InterfaceType {
    pub(crate) id: TypeId,
    /// The methods, in the host's order.
    pub(crate) methods: &'static [&'static str],
    /// Whether a call of it may change its instance.
    pub(crate) exclusive: bool,
    /// Its description, as bytes.
    pub(crate) schema: &'static [u8],
}

impl InterfaceType {
    pub(crate) fn of<I: Interface + ?Sized>() -> Self {
        Self {
            id: TypeId::of::<I>(),
            methods: I::METHODS,
            exclusive: I::EXCLUSIVE,
            schema: I::schema(),
        }
    }

    /// Of an interface that is known by its description alone: nothing of it can be called.
    #[cfg(target_os = "linux")]
    pub(crate) fn unknown() -> Self {
        Self { id: TypeId::of::<()>(), methods: &[], exclusive: true, schema: &[] }
    }
}
