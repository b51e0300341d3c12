//! Would serve a type of which nobody has described anything.

use hotswap_core::Config;

struct Arcade;

fn main() {
    let _ = Config::dev().builtin::<Arcade>("main");
}
