//! Whoever has asked for something, while the answer is waited for.

pub(super) struct Asker<'a> {
    /// Is told something meanwhile; says whether anybody listens.
    pub(super) progress: &'a mut dyn FnMut(&str) -> bool,
    /// Whether nobody waits any more, or nothing more will come.
    pub(super) is_gone: &'a dyn Fn() -> bool,
}
