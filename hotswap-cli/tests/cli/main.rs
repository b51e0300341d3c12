//! The real program, on real workspaces, artifacts and hosts that cargo has built.
//!
//! One target folder for all of them, below the tests' own, so that hotswap is built once in it.

mod add;
mod check;
mod doctor;
mod help;
mod inspect;
mod new;
#[cfg(unix)]
mod operate;
#[cfg(unix)]
mod signed;
mod support;
mod watch;
mod zoo;
