//! A trait that was read, as [`expand`](super::expand) takes it.

use proc_macro2::Ident;
use syn::{Attribute, Block, ItemTrait, LitStr, Type};

use super::argument::{Mode, Value};

/// A trait that was read.
pub(crate) struct Interface {
    /// The trait without our own attributes.
    pub(crate) item: ItemTrait,
    /// The version, if it is not the crate's.
    pub(crate) version: Option<LitStr>,
    pub(crate) send: bool,
    pub(crate) sync: bool,
    pub(crate) methods: Vec<Method>,
    /// Whether `dyn Trait` makes sense at all.
    pub(crate) dyn_compatible: bool,
}

/// One method.
pub(crate) struct Method {
    pub(crate) ident: Ident,
    pub(crate) docs: Vec<Attribute>,
    /// `&mut self`.
    pub(crate) exclusive: bool,
    pub(crate) args: Vec<Argument>,
    /// `()` if nothing is written.
    pub(crate) result: Value,
    pub(crate) default: Option<Block>,
    pub(crate) since: Vec<Since>,
    /// The `fold` attributes.
    pub(crate) fold: Vec<Attribute>,
    /// The `expected` attributes: an `Err` of it is an answer like any other.
    pub(crate) expected: Vec<Attribute>,
    /// The `not_replayed` attributes: a rehearsal does not ask it again what callers have asked.
    pub(crate) not_replayed: Vec<Attribute>,
}

/// `#[since("1.1.0")]`.
pub(crate) struct Since {
    pub(crate) attr: Attribute,
    pub(crate) version: LitStr,
}

/// One argument.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    pub(crate) mode: Mode,
}

impl Interface {
    /// What the trait requires of its implementors, and the proxy therefore promises.
    pub(crate) fn promises(&self) -> Vec<&'static str> {
        let all = [(self.send, "Send"), (self.sync, "Sync")];
        all.into_iter().filter_map(|(given, name)| given.then_some(name)).collect()
    }

    /// Whether an argument is marked `#[same_build]`.
    pub(crate) fn lends_rust_types(&self) -> bool {
        let mut args = self.methods.iter().flat_map(|method| &method.args);
        args.any(|arg| matches!(arg.mode, Mode::SameBuild { .. }))
    }
}
