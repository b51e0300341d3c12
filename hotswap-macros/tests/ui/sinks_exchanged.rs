//! Would have one buffer read what was written to another.

use hotswap_abi::__private::portable::Buffer;

fn main() {
    let (mut one, mut other) = (Buffer::new(), Buffer::new());
    std::mem::swap(one.sink(), other.sink());
}
