//! For tests: what those of one process do to each other.

use std::{fs::File, path::Path, thread, time::Duration};

use crate::fs::{Claim, read_lease};

/// Waits until a file that this test has closed is open for writing nowhere: another test that just
/// starts a child gives it every writer of this process, until the child's `exec`.
///
/// # Panics
/// When that takes too long.
#[track_caller]
pub fn closed(path: &Path) {
    let file = File::open(path).unwrap();
    for _ in 0..10_000 {
        if !matches!(read_lease(&file), Claim::BeingWritten) {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
    panic!("{} stays open for writing", path.display());
}
