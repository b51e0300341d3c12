//! Would serve a type of which nobody has described anything.

use hotswap_core::SlotConfig;

struct Arcade;

fn main() {
    let _ = SlotConfig::builtin::<Arcade>();
}
