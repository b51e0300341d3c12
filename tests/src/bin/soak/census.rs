//! What there is in the process.

use std::{collections::BTreeSet, fs, io, path::Path, thread, time::Duration};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Census {
    pub(crate) rss_kib: u64,
    pub(crate) descriptors: usize,
    /// How many files below the folder of private copies are mapped.
    pub(crate) mapped: usize,
    pub(crate) free_keys: usize,
}

impl Census {
    /// Counts. Nobody may call meanwhile: for a moment all keys are taken.
    pub(crate) fn now(copies: &Path) -> Self {
        // What was freed and is kept for later would hide what was not.
        // SAFETY: gives memory back to the system, and touches nothing that is in use.
        unsafe { libc::malloc_trim(0) };
        Self {
            rss_kib: rss_kib(),
            descriptors: descriptors(),
            mapped: mapped(copies),
            free_keys: free_keys(),
        }
    }
}

/// Whether there is the thread that closes libraries.
pub(crate) fn is_closing() -> bool {
    let threads = fs::read_dir("/proc/self/task").expect("Linux tells of a process");
    let name = |it: io::Result<fs::DirEntry>| fs::read_to_string(it.ok()?.path().join("comm")).ok();
    threads.filter_map(name).any(|name| name == "hotswap-reaper\n")
}

fn rss_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells of a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|it| it.trim().strip_suffix(" kB")?.parse().ok()).expect("its memory is told")
}

/// The fewest of several looks: a change of a file is often told twice, and while the host looks a
/// second time it has the file and a copy open. What is leaked is there in every look.
fn descriptors() -> usize {
    let look = |_| {
        thread::sleep(Duration::from_millis(10));
        fs::read_dir("/proc/self/fd").expect("Linux tells of a process").count()
    };
    (0..20).map(look).min().expect("several looks")
}

fn mapped(folder: &Path) -> usize {
    let folder = fs::canonicalize(folder).expect("it is there");
    let folder = folder.to_str().expect("a path without surprises");
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux tells of a process");
    let files = maps.lines().filter_map(|line| line.find(folder).map(|at| &line[at..]));
    files.collect::<BTreeSet<_>>().len()
}

/// Takes all keys for thread-locals that there are, and gives them back.
fn free_keys() -> usize {
    let mut keys = Vec::new();
    loop {
        let mut key = 0;
        // SAFETY: a place for the key.
        if unsafe { libc::pthread_key_create(&mut key, None) } != 0 {
            break;
        }
        keys.push(key);
    }
    for key in &keys {
        // SAFETY: it was made above, and nobody knows it.
        unsafe { libc::pthread_key_delete(*key) };
    }
    keys.len()
}
