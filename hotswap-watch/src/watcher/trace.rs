//! Where a path leads, link by link, and what on the way could lead it elsewhere.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::{Component, Path, PathBuf};

/// As many links as Linux follows.
const MOST_LINKS: u32 = 40;

/// The way from the root to where a path leads. All paths in it are free of links.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Trace {
    /// Folders in which an entry of `names` is: to be watched.
    pub folders: BTreeSet<PathBuf>,
    /// Entries that, when replaced, created or removed, lead the path elsewhere: each link, the
    /// end, and the first part that is missing.
    pub names: BTreeSet<PathBuf>,
    /// Folders on the way, which lead the path elsewhere when they are renamed.
    pub ancestors: BTreeSet<PathBuf>,
    /// What is at the end, if something is; a link, where links lead in a circle.
    pub end: Option<(PathBuf, Metadata)>,
}

enum Part {
    Root(PathBuf),
    Up,
    Name(OsString),
}

/// Follows the absolute `path`.
pub fn trace(path: &Path) -> Trace {
    let mut trace = Trace::default();
    let mut parts = VecDeque::new();
    put_in_front(path, &mut parts);
    let (mut at, mut links) = (PathBuf::new(), 0);
    while let Some(part) = parts.pop_front() {
        let next = match part {
            Part::Root(root) => {
                at = root;
                continue;
            }
            Part::Up => {
                at.pop();
                continue;
            }
            Part::Name(name) => at.join(name),
        };
        let meta = fs::symlink_metadata(&next);
        if let Ok(meta) = &meta
            && meta.is_dir()
            && !parts.is_empty()
        {
            trace.ancestors.insert(next.clone());
            at = next;
            continue;
        }
        trace.folders.insert(at.clone());
        trace.names.insert(next.clone());
        let Ok(meta) = meta else { return trace };
        if meta.is_symlink() {
            links += 1;
            match fs::read_link(&next) {
                Ok(target) if links <= MOST_LINKS => put_in_front(&target, &mut parts),
                // They lead in a circle: something is there, and who reads it is told what.
                Ok(_) => {
                    trace.end = Some((next, meta));
                    return trace;
                }
                Err(_) => return trace,
            }
        } else {
            // What follows a file leads nowhere.
            trace.end = parts.is_empty().then_some((next, meta));
            return trace;
        }
    }
    // The path, or the last link, ended in `..` or at the root.
    trace.end = fs::symlink_metadata(&at).ok().map(|meta| (at, meta));
    trace
}

fn put_in_front(path: &Path, parts: &mut VecDeque<Part>) {
    let mut root = PathBuf::new();
    let mut new = Vec::new();
    for component in path.components() {
        match component {
            Component::Prefix(prefix) => root.push(prefix.as_os_str()),
            Component::RootDir => {
                root.push(component.as_os_str());
                new.push(Part::Root(root.clone()));
            }
            Component::CurDir => {}
            Component::ParentDir => new.push(Part::Up),
            Component::Normal(name) => new.push(Part::Name(name.to_owned())),
        }
    }
    for part in new.into_iter().rev() {
        parts.push_front(part);
    }
}
