//! Builds the suite, in its own workspace, and runs it: `cargo run --release -p hotswap-benches`.
//! What is given behind `--` is given on.

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const PROGRAM: &str = "benches-runner";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let target = target();
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["rustc", "--release", "--locked", "--package", PROGRAM, "--bin", PROGRAM, "--"])
        // Where a loop lies in memory is chance, and moves a figure of a few nanoseconds by an
        // eighth: every contender's begins at a cache line.
        .arg("-Cllvm-args=-align-loops=64")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("suite"))
        .env("CARGO_TARGET_DIR", &target)
        .status()?;
    if !built.success() {
        return Ok(ExitCode::FAILURE);
    }
    let program = target.join("release").join(PROGRAM);
    let ran = Command::new(&program).args(env::args_os().skip(1)).status()?;
    if ran.success() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(format!("{}: {ran}", program.display()).into())
}

/// The target folder of this program, which the suite shares.
fn target() -> PathBuf {
    let program = env::current_exe().ok();
    let folder = program.as_deref().and_then(|program| program.ancestors().nth(2));
    folder.map_or_else(|| "target".into(), Path::to_path_buf)
}
