//! A caller decides which lock a call holds: safe code must not write one.

use hotswap_abi::{
    __private::interface::{Caller, Target},
    CallError,
};

struct Lax<C>(C);

impl<C: Caller> Caller for Lax<&C> {
    fn shared<R>(
        &self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        self.0.shared(call, is_failure)
    }

    fn exclusive<R>(
        &mut self,
        call: impl FnOnce(Target<'_>) -> Result<R, Box<CallError>>,
        is_failure: fn(&R) -> bool,
    ) -> Result<R, Box<CallError>> {
        self.0.shared(call, is_failure)
    }
}

fn main() {}
