//! Room: what an upgrade takes of a place, and what is free there → whether it is begun. Pure.
//!
//! It is asked before anything is touched, so that a full disk or a want of memory is a cancelled
//! upgrade with a name, and not an error in its midst. What is free may be gone a moment later: the
//! errors of those who write stay what they are.

use std::{fmt, path::Path};

use super::Fault;
use crate::{event::Phase, shown::shown};

/// What a private folder needs beside the copy: the names and the request of a rehearsal.
const BESIDE: u64 = 64 << 10;

/// Where an upgrade takes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'a> {
    /// The folder for private copies.
    Copies(&'a Path),
    /// The journal's.
    Journal(&'a Path),
    /// The machine's memory.
    Memory,
    /// What the process's control group may have of it.
    Group,
}

/// How large what takes room is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) artifact: u64,
    /// The state, encoded, when it was last looked at.
    pub(crate) state: u64,
}

impl Place<'_> {
    /// What an upgrade takes of it.
    const fn wanted(self, Sizes { artifact, state }: Sizes) -> u64 {
        match self {
            Self::Copies(_) => artifact.saturating_add(BESIDE),
            // Before the upgrade and after it.
            Self::Journal(_) => artifact.saturating_add(state.saturating_mul(2)),
            // The old state, its bytes, and the new one; and the library.
            Self::Memory | Self::Group => artifact.saturating_add(state.saturating_mul(3)),
        }
    }

    const fn phase(self) -> Phase {
        match self {
            Self::Copies(_) => Phase::Staged,
            Self::Journal(_) | Self::Memory | Self::Group => Phase::BackedUp,
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Copies(_) => {
                "make room there, or choose another place with Config::with_private_folder"
            }
            Self::Journal(_) => {
                "make room there, or keep less with Config::with_kept_backups and \
                 with_kept_artifacts"
            }
            Self::Memory => "make room, or upgrade another process in its place",
            Self::Group => "raise memory.max of its control group, or make room in it",
        }
    }
}

/// Whether there is as much room as is wanted. What is not known is no reason not to begin.
pub(crate) fn has_room(place: Place<'_>, sizes: Sizes, free: Option<u64>) -> Result<(), Fault> {
    let wanted = place.wanted(sizes);
    match free {
        Some(free) if free < wanted => {
            let finding = format!("room  {place} has {free} bytes free, and {wanted} are wanted");
            Err(Fault::cancelled(place.phase(), finding, place.advice()))
        }
        _ => Ok(()),
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copies(folder) => write!(f, "the private folder {}", shown(folder)),
            Self::Journal(folder) => write!(f, "the journal's folder {}", shown(folder)),
            Self::Memory => f.write_str("the machine's memory"),
            Self::Group => f.write_str("the memory of the process's control group"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Exit;

    const SIZES: Sizes = Sizes { artifact: 1 << 20, state: 100 };

    #[test]
    fn each_place_has_to_hold_what_is_put_there() {
        let folder = Path::new("/somewhere");
        let table = [
            (Place::Copies(folder), (1 << 20) + BESIDE, Phase::Staged, "/somewhere"),
            (Place::Journal(folder), (1 << 20) + 200, Phase::BackedUp, "journal"),
            (Place::Memory, (1 << 20) + 300, Phase::BackedUp, "machine"),
            (Place::Group, (1 << 20) + 300, Phase::BackedUp, "control group"),
        ];
        for (place, wanted, phase, names) in table {
            assert!(has_room(place, SIZES, Some(wanted)).is_ok());
            let fault = has_room(place, SIZES, Some(wanted - 1)).unwrap_err();
            assert_eq!((fault.exit, fault.phase), (Exit::Cancelled, phase));
            let finding = &fault.findings[0];
            for part in [names, &wanted.to_string(), &(wanted - 1).to_string()] {
                assert!(finding.contains(part), "{part}: {finding}");
            }
            assert!(fault.advice.ends_with("; tried again by itself"), "{}", fault.advice);
        }
    }

    #[test]
    fn what_is_not_known_is_no_reason() {
        assert!(has_room(Place::Memory, SIZES, None).is_ok());
    }

    #[test]
    fn sizes_without_end_are_wanted_as_such() {
        let sizes = Sizes { artifact: 1, state: u64::MAX / 2 };
        assert!(has_room(Place::Memory, sizes, Some(u64::MAX - 1)).is_err());
        assert!(has_room(Place::Memory, sizes, Some(u64::MAX)).is_ok());
    }
}
