//! The file of a slot's module in a folder: one. A module that lies there twice (a backup, a build
//! under another name) would be whichever was written last, and after a restart the other one.
//!
//! The file that holds what serves is the slot's, or else the first by its name; it stays the slot's
//! while it is there. Another one is refused, with both names, and looked at again when the first is
//! gone.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use hotswap_loader::fs::read_regular;
use hotswap_types::{ArtifactHash, Phase};
use hotswap_watch::Hint;

use super::{context::Context, slot::SlotSupervisor, trigger::Trigger};
use crate::{
    config::Place,
    upgrade::{Fault, contents},
};

impl SlotSupervisor {
    /// Whether a file may be what its slot's module comes from; it is from now on. Who names a file
    /// has chosen it.
    pub(super) fn own(
        &mut self,
        cx: &Context,
        path: &Path,
        module: &str,
        trigger: Trigger,
    ) -> Result<(), Fault> {
        if !self.is_in_folder(path) {
            return Ok(());
        }
        let has_chosen = !matches!(trigger, Trigger::Watched | Trigger::Retry);
        let first = if has_chosen { None } else { self.first_file(cx, path, module) };
        let file = &mut self.file;
        file.others.retain(|other| other != path);
        let Some(first) = first else {
            file.path = Some(path.to_owned());
            return Ok(());
        };
        file.others.push(path.to_owned());
        let finding = format!(
            "two files of one folder are module {module}: {} and {}",
            first.display(),
            path.display()
        );
        let advice = "remove one of the two, or give the slot its file with SlotConfig::artifact";
        Err(Fault::rejected(Phase::Staged, finding, advice))
    }

    /// A file holds what serves.
    pub(super) fn own_serving(&mut self, path: &Path) {
        let is_there = |it: &PathBuf| it.exists();
        if self.is_in_folder(path) && !self.file.path.as_ref().is_some_and(is_there) {
            self.file.path = Some(path.to_owned());
        }
    }

    /// A file is another module's: those that were refused beside it are looked at.
    pub(super) fn disown(&mut self, path: &Path) {
        let file = &mut self.file;
        file.others.retain(|other| other != path);
        if file.path.take_if(|own| own == path).is_some() {
            self.look_at_others(Hint::Ready);
        }
    }

    /// A file is gone, perhaps to come again at once: then it stays the slot's.
    pub(super) fn gone(&mut self, path: &Path) {
        let file = &mut self.file;
        file.others.retain(|other| other != path);
        if file.path.as_deref() == Some(path) {
            self.look_at_others(Hint::Changing);
        }
        self.candidates.paths.appeared(path.to_owned(), Hint::Changing, Instant::now());
    }

    fn look_at_others(&mut self, hint: Hint) {
        for other in &self.file.others {
            self.candidates.paths.appeared(other.clone(), hint, Instant::now());
        }
    }

    fn is_in_folder(&self, path: &Path) -> bool {
        let source = &self.core.settings.source;
        let Some(Place::Folder(folder)) = source else { return false };
        std::path::absolute(folder).is_ok_and(|folder| path.parent() == Some(&folder))
    }

    /// The file that comes before `path`, if there is one.
    fn first_file(&self, cx: &Context, path: &Path, module: &str) -> Option<PathBuf> {
        if let Some(own) = self.file.path.as_ref().filter(|own| own.exists()) {
            return (own != path).then(|| own.clone());
        }
        let serves = self.artifact();
        let found = fs::read_dir(path.parent()?).into_iter().flatten().flatten();
        let found = found.map(|entry| entry.path()).filter(|it| it.extension() == path.extension());
        let mut files: Vec<_> = found
            .filter_map(|file| {
                let bytes = read_regular(&file, cx.shared.config.max_artifact_bytes).ok()?;
                let is_it =
                    file == path || contents(&bytes).is_ok_and(|it| it.manifest.module == module);
                let is_other = serves != Some(ArtifactHash::of(&bytes));
                is_it.then_some((is_other, file))
            })
            .collect();
        files.sort();
        files.into_iter().next().map(|(_, file)| file).filter(|first| first != path)
    }
}
