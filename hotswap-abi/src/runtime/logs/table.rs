//! The host that listens, and its functions, called safely.

use std::sync::OnceLock;

use crate::{
    logs::{Current, Interest, Key, Listener, Parent},
    portable::Bytes,
};

/// Set once, when a host attaches to this library.
pub(super) static LISTENER: OnceLock<Listener> = OnceLock::new();

macro_rules! calls {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        impl Listener {
            $($(#[$doc])*
            pub(super) fn $name(&self $(, $arg: $type)*) $(-> $result)? {
                // SAFETY: a host has attached with this listener: its functions are there as long
                // as the process is, and take any numbers; the bytes live for the call.
                unsafe { (self.$name)(self.address $(, Given::given($arg))*) }
            })*
        }
    };
}

calls! {
    fn is_heard() -> bool;
    fn wants_level(level: u8) -> bool;
    fn interest(site: Key) -> Interest;
    fn describe(site: Key, description: &[u8]) -> Interest;
    fn is_enabled(site: Key) -> bool;
    fn record(description: &[u8]) -> Key;
    fn event(site: Key, parent: Parent, values: &[u8]) -> bool;
    fn new_span(site: Key, parent: Parent, values: &[u8]) -> u64;
    fn add(span: u64, values: &[u8]);
    fn follows(span: u64, follows: u64);
    fn enter(span: u64);
    fn exit(span: u64);
    fn clone_span(span: u64);
    fn drop_span(span: u64) -> bool;
    fn current() -> Current;
}

/// An argument as it is passed.
trait Given<To> {
    fn given(self) -> To;
}

macro_rules! as_it_is {
    ($($type:ty),*) => {$(
        impl Given<$type> for $type {
            fn given(self) -> $type {
                self
            }
        }
    )*};
}
as_it_is!(u8, u64, Key, Parent);

impl Given<Bytes> for &[u8] {
    fn given(self) -> Bytes {
        Bytes::new(self)
    }
}
