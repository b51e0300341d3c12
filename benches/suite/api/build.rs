//! Writes interfaces that differ in how many methods they have, and a macro for each that
//! implements it.

use std::{env, fmt::Write as _, fs, path::Path};

const WIDTHS: [usize; 4] = [1, 10, 50, 200];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut code = String::new();
    for width in WIDTHS {
        let signature = |at| format!("fn m{at}(&self, x: u64) -> u64");
        let declared: String = (0..width).map(|at| format!("    {};\n", signature(at))).collect();
        let defined: String =
            (0..width).map(|at| format!("{} {{ x.wrapping_add({at}) }} ", signature(at))).collect();
        let _ = write!(
            code,
            "#[hotswap_abi::interface]\npub trait Wide{width} {{\n{declared}}}\n\
             /// The methods of `Wide{width}`.\n#[macro_export]\n\
             macro_rules! wide_{width} {{ () => {{ {defined} }} }}\n"
        );
    }
    let folder = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&folder).join("wide.rs"), code).expect("the folder can be written");
}
