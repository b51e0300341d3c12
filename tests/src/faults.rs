//! The table of faults: what is done to a host, what was promised, and what happened.
//!
//! A `Row` is data: a name, what is done, and what is promised (how the artifact comes out, what
//! the user reads, what serves afterwards, with which state). Rows stand in groups, a file each. A
//! group's rows meet the same host one after the other, so that each finds it as the one before has
//! left it (`place`). After every row a good build goes live in the same process (`check`).
//!
//! A row that changes its whole process (its limits, its mounts) runs in one of its own, which is
//! this program again (`apart`). What cannot be done on a machine is skipped with a reason, and
//! does not count.
//!
//! To add a row, put it into its group's list; to add a group, name it in `groups`.

mod apart;
mod check;
mod happened;
mod place;
mod row;
mod setting;
mod signing;
mod table;
mod worker;

mod abi;
#[cfg(target_os = "linux")]
mod builds;
mod callers;
mod candidates;
mod crashes;
mod drops;
mod elf;
mod ending;
mod files;
mod floors;
mod journals;
mod manifests;
#[cfg(unix)]
mod operators;
mod permissions;
mod resources;
mod restarts;
mod rollouts;
mod serving;
mod signatures;
mod states;
#[cfg(target_os = "linux")]
mod surroundings;
mod trials;
mod unloading;
mod watching;
mod ways;
mod worlds;

use std::{path::Path, process::ExitCode};

use self::row::Group;

/// In the order in which they are run.
fn groups() -> Vec<Group> {
    vec![
        files::group(),
        elf::group(),
        ways::group(),
        manifests::group(),
        signatures::group(),
        permissions::group(),
        floors::group(),
        abi::group(),
        states::group(),
        candidates::group(),
        serving::group(),
        drops::group(),
        trials::approvals(),
        trials::group(),
        rollouts::group(),
        callers::group(),
        unloading::group(),
        resources::group(),
        #[cfg(target_os = "linux")]
        surroundings::group(),
        #[cfg(target_os = "linux")]
        builds::group(),
        worlds::group(),
        journals::group(),
        #[cfg(unix)]
        operators::group(),
        watching::group(),
        ending::group(),
        restarts::group(),
        crashes::group(),
    ]
}

/// A part of a row that does not survive.
fn part(part: &str, folder: &Path) -> ExitCode {
    if unloading::has_part(part) {
        unloading::part(part, folder)
    } else {
        crashes::part(part, folder)
    }
}

/// Runs the program with these arguments.
#[must_use]
pub fn run(args: Vec<String>) -> ExitCode {
    table::run(groups(), part, &args)
}
