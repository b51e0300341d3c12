//! Would be let in by oneself, or take hold of an instance behind its gate.

use hotswap_core::{
    gate::{Entered, Gate},
    instance::Generation,
    library::Image,
};

fn main() {}
