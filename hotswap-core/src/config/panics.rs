//! What a module's panic means, and what is told of it.

use super::{AfterPanic, Config};
use crate::instance::PanicPolicy;

impl Config {
    /// What a panic means: in a `&mut self` call, which may have left its instance half changed, and
    /// in a `&self` call. [`AfterPanic::GoOn`] for both unless told otherwise.
    ///
    /// An instance that does not go on is left with its state. The one in its place begins with the
    /// state of the last upgrade, as [`Start::Restored`](hotswap_abi::Start::Restored), or
    /// afresh where there was none; the event says which.
    #[must_use]
    pub const fn with_after_panic(mut self, exclusive: AfterPanic, shared: AfterPanic) -> Self {
        self.defaults.panics = Some(PanicPolicy { shared, exclusive });
        self
    }

    /// Keeps the encoded state of each slot's last upgrade in memory: what is left of it if its
    /// instance hangs and has to be given up ([`Operator::abandon`](crate::Operator::abandon)). Where a
    /// panic has an instance [replaced](Self::with_after_panic) it is kept in any case.
    #[must_use]
    pub const fn with_last_states(mut self, keep: bool) -> Self {
        self.last_states = keep;
        self
    }

    /// Whether a module's panic has a backtrace in its error or refusal, where the environment
    /// variable `RUST_BACKTRACE` asks for it: `1` for the frames of the module, `full` for all.
    ///
    /// To take one, a module maps its whole file, with its debug information, and keeps it mapped.
    /// So there is none where generations are unloaded ([`Retire::Unload`](crate::Retire::Unload)).
    #[must_use]
    pub const fn with_backtraces(mut self, backtraces: bool) -> Self {
        self.backtraces = backtraces;
        self
    }
}
