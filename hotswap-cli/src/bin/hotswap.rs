//! `hotswap`.

fn main() -> std::process::ExitCode {
    hotswap_cli::main()
}
