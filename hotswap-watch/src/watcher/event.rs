//! What an event of `notify` means here.

use std::path::PathBuf;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};

use super::source::Hint;

/// An event, as far as it matters.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Of no interest: somebody opened or read something, most likely we.
    Nothing,
    /// Events were lost.
    Lost,
    /// The content of files may be new; what is where did not change.
    Content(Vec<PathBuf>, Hint),
    /// Something else may be there now.
    Place(Vec<PathBuf>),
    /// What was there went away.
    Gone(Vec<PathBuf>),
}

pub(super) fn meaning(event: notify::Event) -> Meaning {
    if event.need_rescan() {
        return Meaning::Lost;
    }
    let paths = event.paths;
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => {
            Meaning::Content(paths, Hint::Ready)
        }
        EventKind::Access(_) => Meaning::Nothing,
        EventKind::Modify(ModifyKind::Data(_)) => Meaning::Content(paths, Hint::Changing),
        EventKind::Modify(ModifyKind::Metadata(_)) => Meaning::Content(paths, Hint::Ready),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => {
            Meaning::Gone(paths)
        }
        _ => Meaning::Place(paths),
    }
}

#[cfg(test)]
mod tests {
    use notify::Event;
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    #[test]
    fn each_kind_has_its_meaning() {
        let paths = || vec![PathBuf::from("/lib.so")];
        let name = |mode| EventKind::Modify(ModifyKind::Name(mode));
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let touched = EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any));
        let close = |mode| EventKind::Access(AccessKind::Close(mode));
        let table = [
            (close(AccessMode::Write), Meaning::Content(paths(), Hint::Ready)),
            (close(AccessMode::Read), Meaning::Nothing),
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), Meaning::Nothing),
            (data, Meaning::Content(paths(), Hint::Changing)),
            (touched, Meaning::Content(paths(), Hint::Ready)),
            (EventKind::Create(CreateKind::File), Meaning::Place(paths())),
            (name(RenameMode::To), Meaning::Place(paths())),
            (name(RenameMode::From), Meaning::Gone(paths())),
            (EventKind::Remove(RemoveKind::Folder), Meaning::Gone(paths())),
            // What says little is taken for much.
            (EventKind::Any, Meaning::Place(paths())),
            (EventKind::Modify(ModifyKind::Any), Meaning::Place(paths())),
        ];
        for (kind, wanted) in table {
            assert_eq!(meaning(Event::new(kind).add_path(paths().remove(0))), wanted, "{kind:?}");
        }
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(meaning(lost), Meaning::Lost);
    }
}
