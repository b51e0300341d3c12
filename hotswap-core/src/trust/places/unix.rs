//! Owners and modes: those of what is at the end of a path, and of all folders on the way to it.

use std::{
    collections::BTreeSet,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use hotswap_watch::trace;

use super::{End, Why, Writable, Writers};
use crate::trust::groups::is_of_one;

const GROUP: u32 = 0o020;
const OTHERS: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// What is at the end of `path`, which is absolute, and all folders on the way.
pub(in super::super) fn check(
    path: &Path,
    writers: Writers<'_>,
    wanted: End,
) -> Result<(), Writable> {
    let trace = trace(path);
    let end = trace.end.as_ref().map(|(end, _)| end.as_path());
    if end.is_none() && wanted != End::FolderOrNothing {
        let path = path.to_path_buf();
        return Err(Writable { path, is_folder: false, why: Why::Missing });
    }
    // Where anybody could put what is missing.
    let missing = || trace.names.iter().find(|name| fs::symlink_metadata(name).is_err());
    let unshared = match (end, wanted) {
        (Some(end), End::File) => end.parent(),
        (Some(_), _) => None,
        (None, _) => missing().and_then(|missing| missing.parent()),
    };
    // Free of links, so that each one's parents are the folders that it is in.
    let named = trace.folders.iter().chain(&trace.ancestors);
    let folders: BTreeSet<&Path> = named.flat_map(|folder| folder.ancestors()).collect();
    for folder in folders {
        let may_be_sticky = Some(folder) != unshared;
        judge(folder, writers, |meta| {
            let is_sticky = may_be_sticky && meta.mode() & STICKY != 0;
            let is_group_of_one = writers.groups_of_one
                && Some(folder) != end
                && meta.mode() & OTHERS == GROUP
                && is_of_one(meta.gid(), meta.uid());
            is_sticky || is_group_of_one
        })?;
    }
    for name in &trace.names {
        if end.is_none() && fs::symlink_metadata(name).is_err() {
            continue;
        }
        // A link's own mode says nothing.
        judge(name, writers, Metadata::is_symlink)?;
    }
    Ok(())
}

fn judge(
    path: &Path,
    writers: Writers<'_>,
    any_mode: impl FnOnce(&Metadata) -> bool,
) -> Result<(), Writable> {
    let of = |is_folder, why| Writable { path: path.to_path_buf(), is_folder, why };
    let meta = fs::symlink_metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => of(false, Why::Missing),
        _ => of(false, Why::Unknown(error.to_string())),
    })?;
    let Writers { owners, can_be_named, .. } = writers;
    let user = meta.uid();
    if user != 0 && user != rustix::process::geteuid().as_raw() && !owners.contains(&user) {
        return Err(of(meta.is_dir(), Why::Owner { user, can_be_named }));
    }
    if meta.mode() & OTHERS != 0 && !any_mode(&meta) {
        let mode = meta.mode() & 0o7777;
        let why = if mode & STICKY != 0 { Why::Shared(mode) } else { Why::Mode(mode) };
        return Err(of(meta.is_dir(), why));
    }
    Ok(())
}
