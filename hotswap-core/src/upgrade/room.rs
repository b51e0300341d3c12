//! Room: what an upgrade takes of a place, and what is free there → whether it is begun. Pure.
//!
//! It is asked before anything is touched, so that a full disk or a want of memory is a cancelled
//! upgrade with a name, and not an error in its midst. What is free may be gone a moment later: the
//! errors of those who write stay what they are.

use std::{fmt, path::Path};

use hotswap_types::{Phase, escape};

use super::{Fault, Handover};
use crate::machine::free::Memory;

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
    /// What a limit of the process leaves it.
    Limit(Limit),
}

/// A limit of a process on its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `RLIMIT_AS`.
    AddressSpace,
    /// `RLIMIT_DATA`.
    Data,
}

/// How large what takes room is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    pub(crate) artifact: u64,
    /// The state, encoded, when it was last looked at.
    pub(crate) state: u64,
    /// How often memory has to hold it on the way ([`copies`]).
    pub(crate) copies: u64,
}

/// How often memory has to hold a state on the way to a candidate.
pub(crate) const fn copies(handover: &Handover, is_rehearsed: bool, is_backed_up: bool) -> u64 {
    match handover {
        // The old one, its bytes, and the new one.
        Handover::State { moves: false, .. } => ENCODED,
        // What a rehearsal's child gets goes by its encoding.
        Handover::State { .. } if is_rehearsed => ENCODED,
        // Its bytes, for a file.
        Handover::State { .. } | Handover::Drop { .. } if is_backed_up => 1,
        _ => 0,
    }
}

/// How often memory has to hold a state that goes over by its encoding.
const ENCODED: u64 = 3;

impl Sizes {
    /// What a state takes that goes over by its encoding, in the pause.
    pub(crate) const fn in_pause(state: u64) -> Self {
        Self { artifact: 0, state, copies: ENCODED }
    }

    /// What is wanted of memory.
    pub(crate) const fn memory(self) -> u64 {
        self.artifact.saturating_add(self.state.saturating_mul(self.copies))
    }
}

impl Place<'_> {
    /// What an upgrade takes of it.
    const fn wanted(self, sizes: Sizes) -> u64 {
        let Sizes { artifact, state, copies: _ } = sizes;
        match self {
            Self::Copies(_) => artifact.saturating_add(BESIDE),
            // Before the upgrade and after it.
            Self::Journal(_) => artifact.saturating_add(state.saturating_mul(2)),
            Self::Memory | Self::Group | Self::Limit(_) => sizes.memory(),
        }
    }

    const fn phase(self) -> Phase {
        match self {
            Self::Copies(_) => Phase::Staged,
            Self::Journal(_) | Self::Memory | Self::Group | Self::Limit(_) => Phase::BackedUp,
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
            Self::Limit(Limit::AddressSpace) => {
                "raise the limit (`ulimit -v`, LimitAS= of systemd), or make the state smaller"
            }
            Self::Limit(Limit::Data) => {
                "raise the limit (`ulimit -d`, LimitDATA= of systemd), or make the state smaller"
            }
        }
    }
}

/// Whether there is as much room as is wanted. What is not known is no reason not to begin.
pub(crate) fn has_room(place: Place<'_>, sizes: Sizes, free: Option<u64>) -> Result<(), Fault> {
    let wanted = place.wanted(sizes);
    match free {
        Some(free) if free < wanted => {
            let mut finding =
                format!("room  {place} has {free} bytes free, and {wanted} are wanted");
            let Sizes { state, copies, .. } = sizes;
            if matches!(place, Place::Memory | Place::Group | Place::Limit(_))
                && state.min(copies) > 0
            {
                finding.push_str(&format!(" (the state has {state}, encoded)"));
            }
            Err(Fault::cancelled(place.phase(), finding, place.advice()))
        }
        _ => Ok(()),
    }
}

/// Whether a state whose size is not known may be taken to fit: there is room for all that the process
/// has in memory. Encoded it is larger only where it has one thing in many places. What is not known
/// is no reason to look.
pub(crate) fn holds_all_of(memory: &Memory, own: Option<u64>) -> bool {
    own.is_none_or(|own| memory_has_room(memory, Sizes::in_pause(own)).is_ok())
}

/// Whether memory has room, wherever its bounds are.
pub(crate) fn memory_has_room(memory: &Memory, sizes: Sizes) -> Result<(), Fault> {
    let Memory { machine, group, address_space, data } = *memory;
    has_room(Place::Memory, sizes, machine)?;
    has_room(Place::Group, sizes, group)?;
    has_room(Place::Limit(Limit::AddressSpace), sizes, address_space)?;
    has_room(Place::Limit(Limit::Data), sizes, data)
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Copies(folder) => write!(f, "the private folder {}", escape::path(folder)),
            Self::Journal(folder) => write!(f, "the journal's folder {}", escape::path(folder)),
            Self::Memory => f.write_str("the machine's memory"),
            Self::Group => f.write_str("the memory of the process's control group"),
            Self::Limit(Limit::AddressSpace) => {
                f.write_str("the process's address space (RLIMIT_AS)")
            }
            Self::Limit(Limit::Data) => f.write_str("the process's data (RLIMIT_DATA)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Exit;

    const SIZES: Sizes = Sizes { artifact: 1 << 20, state: 100, copies: 3 };

    #[test]
    fn each_place_has_to_hold_what_is_put_there() {
        let folder = Path::new("/somewhere");
        let table = [
            (Place::Copies(folder), (1 << 20) + BESIDE, Phase::Staged, "/somewhere"),
            (Place::Journal(folder), (1 << 20) + 200, Phase::BackedUp, "journal"),
            (Place::Memory, (1 << 20) + 300, Phase::BackedUp, "machine"),
            (Place::Group, (1 << 20) + 300, Phase::BackedUp, "control group"),
            (Place::Limit(Limit::AddressSpace), (1 << 20) + 300, Phase::BackedUp, "RLIMIT_AS"),
            (Place::Limit(Limit::Data), (1 << 20) + 300, Phase::BackedUp, "RLIMIT_DATA"),
        ];
        for (place, wanted, phase, names) in table {
            assert!(has_room(place, SIZES, Some(wanted)).is_ok());
            let fault = has_room(place, SIZES, Some(wanted - 1)).unwrap_err();
            assert_eq!((fault.exit, fault.phase), (Exit::Cancelled, phase));
            let finding = &fault.findings[0];
            for part in [names, &wanted.to_string(), &(wanted - 1).to_string()] {
                assert!(finding.contains(part), "{part}: {finding}");
            }
            assert!(fault.is_tried_again(), "{}", fault.advice_in_full());
        }
    }

    #[test]
    fn what_is_not_known_is_no_reason() {
        assert!(has_room(Place::Memory, SIZES, None).is_ok());
        assert!(memory_has_room(&Memory::default(), SIZES).is_ok());
    }

    #[test]
    fn what_holds_the_whole_process_so_often_holds_its_state() {
        let memory = |free| Memory { data: Some(free), ..Memory::default() };
        assert!(holds_all_of(&memory(300), Some(100)));
        assert!(!holds_all_of(&memory(299), Some(100)));
        // Nothing is known of the process, or of its bounds.
        assert!(holds_all_of(&memory(0), None));
        assert!(holds_all_of(&Memory::default(), Some(u64::MAX)));
    }

    #[test]
    fn each_bound_of_memory_counts() {
        let (enough, less) = (Some(SIZES.memory()), Some(SIZES.memory() - 1));
        let all = Memory { machine: enough, group: enough, address_space: enough, data: enough };
        assert!(memory_has_room(&all, SIZES).is_ok());
        for scarce in [
            Memory { machine: less, ..all },
            Memory { group: less, ..all },
            Memory { address_space: less, ..all },
            Memory { data: less, ..all },
        ] {
            let fault = memory_has_room(&scarce, SIZES).unwrap_err();
            assert!(fault.findings[0].ends_with("(the state has 100, encoded)"), "{fault:?}");
        }
    }

    #[test]
    fn a_copy_that_is_not_made_needs_no_room() {
        let state = |moves| Handover::State {
            from: 1,
            to: 1,
            downgraded: None,
            by_name: false,
            check: false,
            moves,
        };
        let dropped = Handover::Drop { why: Vec::new() };
        // What becomes of the state; whether it is rehearsed, and backed up.
        let table = [
            (state(false), (false, false), 3),
            (state(false), (true, true), 3),
            (state(true), (false, false), 0),
            (state(true), (false, true), 1),
            (state(true), (true, false), 3),
            (state(true), (true, true), 3),
            (dropped.clone(), (false, false), 0),
            (dropped, (true, true), 1),
            (Handover::Fresh, (true, true), 0),
            (Handover::None, (true, true), 0),
        ];
        for (handover, (is_rehearsed, is_backed_up), wanted) in table {
            let found = copies(&handover, is_rehearsed, is_backed_up);
            assert_eq!(found, wanted, "{handover:?}, {is_rehearsed}, {is_backed_up}");
        }
        // The library does, all the same.
        let moves = Sizes { copies: 0, ..SIZES };
        assert!(has_room(Place::Memory, moves, Some(1 << 20)).is_ok());
        assert!(has_room(Place::Memory, moves, Some((1 << 20) - 1)).is_err());
    }

    #[test]
    fn sizes_without_end_are_wanted_as_such() {
        let sizes = Sizes { artifact: 1, state: u64::MAX / 2, copies: 3 };
        assert!(has_room(Place::Memory, sizes, Some(u64::MAX - 1)).is_err());
        assert!(has_room(Place::Memory, sizes, Some(u64::MAX)).is_ok());
    }
}
