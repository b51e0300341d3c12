//! A slot that was asked for: it begins where the last run has left off, and watches its artifacts.

use std::{path::Path, sync::Arc, time::Instant};

use hotswap_watch::Source;

use super::{candidate::Identity, context::Context, slot::SlotSupervisor, trigger::Trigger};
use crate::{
    config::Place,
    event::EventKind,
    slot::Over,
    trust::{EXTENSION, Trust},
};

impl SlotSupervisor {
    /// Begins.
    pub(super) fn open(&mut self, cx: &mut Context) {
        let core = Arc::clone(&self.core);
        cx.shared.tell_damaged(&core.name);
        if !self.recover(cx) {
            return core.set_over(Over::GivenUp);
        }
        let builtin = core.settings.builtin.is_some();
        if builtin && core.gate().is_none() && !self.start_builtin(cx) {
            core.set_over(Over::GivenUp);
            return;
        }
        self.watch(cx);
    }

    /// Begins to watch a slot's artifacts; where that cannot be done, again and again.
    pub(super) fn watch(&mut self, cx: &mut Context) {
        let core = Arc::clone(&self.core);
        let source = core.settings.source.clone();
        let (Some(source), Some(artifacts)) = (source, &cx.artifacts) else { return };
        let source = match source {
            Place::File(path) => Source::file(path),
            Place::Folder(path) => Source::folder(path),
            #[cfg(feature = "cargo")]
            Place::Package(package) => return self.take_built(cx, &package),
        };
        let source = source.map(|source| match cx.shared.config.trust {
            Trust::Any => source,
            Trust::Minisign(_) => source.with_companion(EXTENSION),
        });
        match source.and_then(|source| artifacts.watcher.add(source)) {
            Ok(id) => {
                cx.sources.insert(id, self.id);
                self.told.unwatched = None;
                self.timers.unwatched.cancel(&());
            }
            Err(error) => {
                self.timers.unwatched.again((), Instant::now());
                let text = error.to_string();
                if self.told.unwatched.replace(text.clone()) != Some(text) {
                    cx.tell(&core.name, EventKind::WatchTrouble(Arc::new(error)));
                }
            }
        }
    }

    fn start_builtin(&mut self, cx: &mut Context) -> bool {
        let begun = Instant::now();
        let applied = cx.in_slot(&self.core, |upgrade| {
            let prepared = upgrade.prepare_builtin()?;
            upgrade.apply(prepared, None).map_err(|unapplied| unapplied.fault)
        });
        match applied {
            Ok(applied) => {
                self.live(cx, applied, begun, Trigger::Watched, None);
                true
            }
            Err(fault) => {
                let path = Path::new("the module linked into the program");
                self.refuse(cx, Identity { path, artifact: None, module: None }, fault);
                false
            }
        }
    }
}
