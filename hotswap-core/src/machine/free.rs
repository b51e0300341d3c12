//! What is free: of a file system, and of memory.
//!
//! Memory has several bounds, and each is known or not.
//!
//! A control group's `memory.current` counts the cache of every file that was read. That part
//! counts as free here: else each upgrade of a host that has run for a day would be cancelled. The
//! limits of the groups above hold as well.

use std::path::Path;
#[cfg(target_os = "linux")]
use std::{fs, path::PathBuf};

/// What the process may still take of memory, in bytes, by each of its bounds; `None` where there is
/// none, or it is not known.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// What the system has available.
    pub(crate) machine: Option<u64>,
    /// What the control group leaves.
    pub(crate) group: Option<u64>,
    /// What `RLIMIT_AS` leaves.
    pub(crate) address_space: Option<u64>,
    /// What `RLIMIT_DATA` leaves.
    pub(crate) data: Option<u64>,
}

impl Memory {
    pub(crate) fn now() -> Self {
        let [address_space, data] = limits();
        Self { machine: memory(), group: memory_of_group(), address_space, data }
    }

    /// What the process itself has in memory that is no file's, in bytes, if that is known.
    #[cfg(target_os = "linux")]
    pub(crate) fn own() -> Option<u64> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let [resident, swapped] = ["RssAnon:", "VmSwap:"].map(|name| of_kib(&status, name));
        resident?.checked_add(swapped?)
    }

    /// What the process itself has in memory; not known.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn own() -> Option<u64> {
        None
    }

    /// By the closest bound.
    pub(crate) fn least(&self) -> Option<u64> {
        let Self { machine, group, address_space, data } = *self;
        [machine, group, address_space, data].into_iter().flatten().min()
    }
}

/// What this user can still write on a folder's file system, in bytes.
#[cfg(unix)]
pub(crate) fn on_disk(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
pub(crate) fn on_disk(_: &Path) -> Option<u64> {
    None
}

/// What the system says it could give out without swapping, in bytes.
#[cfg(target_os = "linux")]
fn memory() -> Option<u64> {
    available(&fs::read_to_string("/proc/meminfo").ok()?)
}

/// What the process's control group, and those that it lies in, may still take of the memory, in
/// bytes; `None` where no limit is set, or control groups are of the first version.
#[cfg(target_os = "linux")]
fn memory_of_group() -> Option<u64> {
    let group = group(&fs::read_to_string("/proc/self/cgroup").ok()?)?;
    let root = Path::new("/sys/fs/cgroup");
    let own = root.join(&group);
    let groups = own.ancestors().take_while(|it| it.starts_with(root));
    let read = |folder: &Path, name| fs::read_to_string(folder.join(name)).ok();
    let left = groups.filter_map(|folder| {
        let (most, has) = (read(folder, "memory.max")?, read(folder, "memory.current")?);
        left(&most, &has, &read(folder, "memory.stat").unwrap_or_default())
    });
    left.min()
}

/// What the process's own limits leave it: of its address space, and of its data.
#[cfg(target_os = "linux")]
fn limits() -> [Option<u64>; 2] {
    use rustix::process::{Resource, getrlimit};

    let most = [Resource::As, Resource::Data].map(|which| getrlimit(which).current);
    if most == [None; 2] {
        return most;
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let has = ["VmSize:", "VmData:"].map(|name| of_kib(&status, name));
    [0, 1].map(|i| Some(most[i]?.saturating_sub(has[i]?)))
}

#[cfg(not(target_os = "linux"))]
fn memory() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn memory_of_group() -> Option<u64> {
    None
}

#[cfg(not(target_os = "linux"))]
fn limits() -> [Option<u64>; 2] {
    [None; 2]
}

/// Pure: `/proc/meminfo` → what is available.
#[cfg(target_os = "linux")]
fn available(meminfo: &str) -> Option<u64> {
    of_kib(meminfo, "MemAvailable:")
}

/// Pure: a line of a file of `/proc` with so many kB → bytes.
#[cfg(target_os = "linux")]
fn of_kib(file: &str, name: &str) -> Option<u64> {
    let line = file.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Pure: `/proc/self/cgroup` → the group of version 2, relative to where they are mounted.
#[cfg(target_os = "linux")]
fn group(cgroup: &str) -> Option<PathBuf> {
    let path = cgroup.lines().find_map(|line| line.strip_prefix("0::/"))?;
    // One that lies outside of what this process can see.
    (!path.split('/').any(|part| part == "..")).then(|| path.into())
}

/// Pure: a group's files → what it may still take. What it has for files can be had again.
#[cfg(target_os = "linux")]
fn left(most: &str, has: &str, stat: &str) -> Option<u64> {
    // `max` is no limit.
    let (most, has): (u64, u64) = (most.trim().parse().ok()?, has.trim().parse().ok()?);
    let of = |name: &str| -> Option<u64> {
        stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    };
    let files = ["inactive_file", "active_file"].into_iter().filter_map(of);
    let files = files.fold(0, u64::saturating_add);
    Some(most.saturating_sub(has.saturating_sub(files)))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_and_the_machine_have_something_left() {
        assert!(on_disk(Path::new("/")).is_some() && memory().is_some_and(|it| it > 0));
        assert_eq!(on_disk(Path::new("/nowhere at all")), None);
    }

    #[test]
    fn the_closest_bound_of_memory_counts() {
        let memory = Memory { machine: Some(9), data: Some(5), ..Memory::default() };
        assert_eq!((memory.least(), Memory::default().least()), (Some(5), None));
        let status = "VmSize:\t  16 kB\nVmData:\t   4 kB\n";
        assert_eq!(
            ["VmSize:", "VmData:"].map(|it| of_kib(status, it)),
            [Some(16 << 10), Some(4 << 10)]
        );
    }

    #[test]
    fn what_the_system_says_is_read() {
        let meminfo = "MemTotal:       16 kB\nMemFree:        1 kB\nMemAvailable:   12 kB\n";
        assert_eq!(available(meminfo), Some(12 << 10));
        assert_eq!(available("MemTotal: 16 kB\n"), None);
        assert_eq!(available("MemAvailable: many kB\n"), None);
        let cgroup = "4:memory:/old\n0::/system.slice/shop.service\n";
        assert_eq!(group(cgroup), Some("system.slice/shop.service".into()));
        assert_eq!(group("0::/\n"), Some(PathBuf::new()));
        assert_eq!(group("0::/../elsewhere\n"), None);
        assert_eq!(group("4:memory:/old\n"), None);
    }

    #[test]
    fn a_group_has_left_what_its_limit_leaves() {
        assert_eq!(left("max\n", "5\n", ""), None);
        assert_eq!(left("100\n", "60\n", ""), Some(40));
        assert_eq!(left("100\n", "120\n", ""), Some(0));
        let stat = "anon 30\nfile 30\ninactive_file 20\nactive_file 5\ninactive_files 9\n";
        assert_eq!(left("100\n", "60\n", stat), Some(65));
        assert_eq!(left("100\n", "10\n", stat), Some(100));
    }
}
