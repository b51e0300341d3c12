//! Would call methods of an instance that nobody has let in.

use hotswap_abi::__private::interface::{Origin, Target};

fn target(origin: &Origin) -> Target<'_> {
    Target::new(std::ptr::null(), &[], origin)
}

fn main() {}
