//! relib writes its side of the interface.

fn main() {
    relib_interface::module::generate(
        benches_relib_api::EXPORTS,
        "benches_relib_api::exports::Exports",
        benches_relib_api::IMPORTS,
        "benches_relib_api::imports::Imports",
    );
}
