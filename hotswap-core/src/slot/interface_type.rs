//! What a slot knows of its interface, whose type only its handles have.

use std::any::TypeId;

use hotswap_abi::{__private::interface::Recordable, Interface};

use crate::instance::CallTape;

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
    /// How calls of its methods are recorded and replayed.
    pub(crate) recordables: fn() -> Box<[Recordable]>,
}

impl InterfaceType {
    pub(crate) fn of<I: Interface + ?Sized>() -> Self {
        Self {
            id: TypeId::of::<I>(),
            methods: I::METHODS,
            exclusive: I::EXCLUSIVE,
            schema: I::schema(),
            recordables: I::recordables::<CallTape>,
        }
    }

    /// Of an interface that is known by its description alone: nothing of it can be called.
    #[cfg(target_os = "linux")]
    pub(crate) fn unknown() -> Self {
        let recordables = || -> Box<[Recordable]> { Box::new([]) };
        Self { id: TypeId::of::<()>(), methods: &[], exclusive: true, schema: &[], recordables }
    }
}
