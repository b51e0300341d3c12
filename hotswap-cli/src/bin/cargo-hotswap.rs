//! `cargo hotswap`: cargo finds this program by its name.

fn main() -> std::process::ExitCode {
    hotswap_cli::main()
}
