//! The measuring: how rounds are run, what is made of their figures, and how that is shown. What is
//! measured stands in `suite`, a workspace of its own that knows the peers.
//!
//! Contenders are measured in one process, in rounds: each round runs every contender once, in
//! another order, for about as long. What disturbs the machine for a while so disturbs all of them.
//! Of a figure below a microsecond the smallest is taken, because nothing makes a call faster than
//! it is; beside it stands the ratio round by round, which says how sure that is.

pub mod json;
pub mod rounds;
pub mod stats;
pub mod svg;
pub mod table;

pub use rounds::{Contender, Rounds, race};
pub use stats::{Ratio, Summary};
