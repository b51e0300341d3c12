//! What an event of `notify` means for sources.

use std::path::PathBuf;

use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RenameMode};

/// An event, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// Of no interest: somebody opened or read something, most likely the compiler.
    Nothing,
    /// Events were lost.
    Lost,
    /// Somebody is done with these.
    Settled(Vec<PathBuf>),
    /// Somebody is about to write these; more will follow, on platforms that tell.
    Changing(Vec<PathBuf>),
    /// These went away; many editors put the file back a moment later.
    Gone(Vec<PathBuf>),
}

pub(super) fn seen(event: notify::Event) -> Seen {
    if event.need_rescan() {
        return Seen::Lost;
    }
    let paths = event.paths;
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Seen::Settled(paths),
        EventKind::Access(_) => Seen::Nothing,
        EventKind::Modify(ModifyKind::Data(_))
        | EventKind::Create(CreateKind::File | CreateKind::Any) => Seen::Changing(paths),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            Seen::Gone(paths)
        }
        _ => Seen::Settled(paths),
    }
}

#[cfg(test)]
mod tests {
    use notify::Event;
    use notify::event::{DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    #[test]
    fn each_kind_has_its_meaning() {
        let paths = || vec![PathBuf::from("/lib.rs")];
        let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        let table = [
            (close(AccessMode::Write), Seen::Settled(paths())),
            (close(AccessMode::Read), Seen::Nothing),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), Seen::Nothing),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), Seen::Changing(paths())),
            (EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), Seen::Settled(paths())),
            (EventKind::Create(CreateKind::File), Seen::Changing(paths())),
            (EventKind::Create(CreateKind::Folder), Seen::Settled(paths())),
            (name(RenameMode::To), Seen::Settled(paths())),
            (name(RenameMode::Both), Seen::Settled(paths())),
            (name(RenameMode::From), Seen::Gone(paths())),
            (EventKind::Remove(RemoveKind::Folder), Seen::Gone(paths())),
            (EventKind::Any, Seen::Settled(paths())),
        ];
        for (kind, wanted) in table {
            assert_eq!(seen(Event::new(kind).add_path(paths().remove(0))), wanted, "{kind:?}");
        }
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(seen(lost), Seen::Lost);
    }
}
