//! What was told, as it is shown: of each module what serves, a log, and what is wrong right now.

use std::{
    collections::VecDeque,
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use hotswap_core::{
    CallError,
    cargo::{Finished, Level, Report},
    event::{Event, EventKind, Exit, Live, Refusal, Retirement},
};

use crate::{frame::Trouble, modules::Part, simulation::Call};

/// How many lines of the log are kept.
const LINES: usize = 200;
/// For how long a call that failed is shown.
const SHOWN: Duration = Duration::from_secs(2);

/// What was told, as it is shown.
#[derive(Debug, Default)]
pub struct News {
    /// The log.
    pub lines: VecDeque<Line>,
    /// What serves, in the order of [`Part::ALL`].
    pub serving: [Serving; 2],
    /// Since when cargo builds.
    pub building: Option<Instant>,
    /// What the last build found that has to be mended.
    pub errors: Vec<String>,
    /// How the last build ended.
    pub built: Option<Finished>,
    /// When the newest source was saved.
    saved: Option<SystemTime>,
}

/// What a module serves.
#[derive(Debug, Default)]
pub struct Serving {
    /// The last that went live.
    pub live: Option<Live>,
    /// From the save of its source until it served.
    pub after_save: Option<Duration>,
    /// The last artifact that was not taken since.
    pub refused: Option<String>,
    /// The last call that failed since.
    pub failed: Option<Failed>,
}

/// A call that failed.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub text: String,
    /// How often.
    pub times: u32,
    /// When it was last seen.
    pub last: Instant,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it sounds.
    pub tone: Tone,
    /// What it says.
    pub text: String,
}

/// How a line sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Something goes on.
    Plain,
    /// Something is new, and well.
    Good,
    /// Something has to be mended.
    Bad,
}

/// What is wrong right now, the worst first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// In a few words.
    pub title: String,
    /// All of it.
    pub text: String,
}

impl News {
    /// Something that the host told.
    pub fn told(&mut self, event: &Event, now: Instant) {
        match &event.kind {
            EventKind::Build(report) => self.reported(report, now),
            EventKind::Live(live) => self.went_live(&event.slot, live),
            EventKind::Refused(refusal) => self.was_refused(refusal),
            // A call that has panicked is told by who has called.
            EventKind::Phase { .. }
            | EventKind::Planned(_)
            | EventKind::Panicked(_)
            | EventKind::Retired {
                outcome: Retirement::Unloaded | Retirement::Retained { .. },
                ..
            } => {}
            _ => self.say(Tone::Bad, event.to_string()),
        }
    }

    /// A call that has no result.
    pub fn failed(&mut self, trouble: &Trouble, now: Instant) {
        // The frame goes on without it, and the next one is whole again.
        if matches!(trouble.error, CallError::Draining { .. } | CallError::Ended { .. }) {
            return;
        }
        let text = trouble.error.to_string();
        let failed = &mut self.serving[trouble.part as usize].failed;
        match failed {
            Some(failed) if failed.text == text => {
                failed.times += 1;
                failed.last = now;
            }
            _ => {
                let line = first_line(&text);
                *failed = Some(Failed { text, times: 1, last: now });
                self.say(Tone::Bad, line);
            }
        }
    }

    /// A call does not come back.
    pub fn hangs(&mut self, call: Call) {
        let Call { part, generation, .. } = call;
        self.say(Tone::Bad, format!("{part}: a call of generation {generation} hangs"));
    }

    /// It came back after all.
    pub fn came_back(&mut self) {
        self.say(Tone::Good, "the call that hung has come back".to_owned());
    }

    /// A new generation takes the place of one that hangs.
    pub fn goes_on(&mut self, call: Call) {
        let Call { part, generation, .. } = call;
        let text = format!(
            "{part}: generation {generation} is left behind, with its thread; on from its last frame"
        );
        self.say(Tone::Good, text);
    }

    /// What is wrong right now.
    #[must_use]
    pub fn wrong(&self, hang: Option<Call>, now: Instant) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        if let Some(Call { part, since, generation }) = hang {
            let title = format!("{part} hangs");
            let seconds = since.elapsed().as_secs();
            let text = format!(
                "a call of generation {generation} has not come back for {seconds} s\ndo: mend \
                 {part} and save; the game goes on from its last frame"
            );
            wrong.push(Wrong { title, text });
        }
        if !self.errors.is_empty() {
            let title = "does not build; what ran goes on".to_owned();
            wrong.push(Wrong { title, text: self.errors.join("\n\n") });
        }
        for (part, Serving { refused, failed, .. }) in Part::ALL.iter().zip(&self.serving) {
            if let Some(text) = refused {
                let title = format!("{part} was not taken; what ran goes on");
                wrong.push(Wrong { title, text: text.clone() });
            }
            let failed = failed.as_ref().filter(|it| now.duration_since(it.last) < SHOWN);
            if let Some(Failed { text, times, .. }) = failed {
                let title = format!("{part} panics (× {times}); the rest goes on");
                wrong.push(Wrong { title, text: text.clone() });
            }
        }
        wrong
    }

    fn reported(&mut self, report: &Report, now: Instant) {
        match report {
            Report::Started { because } => {
                self.building = Some(now);
                self.errors.clear();
                self.serving.iter_mut().for_each(|it| it.refused = None);
                self.saved = because.iter().filter_map(|file| saved(file)).max();
                if let Some(file) = because.first() {
                    self.say(Tone::Plain, format!("{} was saved, building", short(file)));
                }
            }
            Report::Diagnostic(found) if found.level == Level::Error => {
                self.errors.push(found.rendered.clone());
            }
            Report::Diagnostic(found) if found.level == Level::Warning => {
                self.say(Tone::Plain, first_line(&found.rendered));
            }
            Report::Finished(finished) => {
                self.building = None;
                if finished.stale {
                    self.errors.clear();
                }
                let tone = if finished.success || finished.stale { Tone::Plain } else { Tone::Bad };
                self.say(tone, finished.to_string());
                self.built = Some(finished.clone());
            }
            Report::InterfaceChanged { .. } | Report::WatchTrouble(_) => {
                self.say(Tone::Bad, report.to_string());
            }
            Report::WaitingForLock { .. } => self.say(Tone::Plain, report.to_string()),
            _ => {}
        }
    }

    fn went_live(&mut self, slot: &str, live: &Live) {
        let Some(part) = Part::of_slot(slot) else { return };
        let after_save = self
            .saved
            .filter(|_| live.release.artifact.is_some())
            .and_then(|saved| saved.elapsed().ok());
        let since = after_save
            .map(|it| format!(", {} ms after the save", it.as_millis()))
            .unwrap_or_default();
        let Live { generation, state, .. } = live;
        self.say(Tone::Good, format!("{part}: generation {generation} is live{since}; {state}"));
        let live = Some(live.clone());
        self.serving[part as usize] = Serving { live, after_save, refused: None, failed: None };
    }

    fn was_refused(&mut self, refusal: &Refusal) {
        let text = refusal.to_string();
        self.say(Tone::Bad, first_line(&text));
        let part = Part::of_slot(&refusal.slot).filter(|_| refusal.exit == Exit::Rejected);
        if let Some(part) = part {
            self.serving[part as usize].refused = Some(text);
        }
    }

    fn say(&mut self, tone: Tone, text: String) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(Line { tone, text });
    }
}

fn saved(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

/// What a log has room for.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The last names of a path.
fn short(file: &Path) -> String {
    let names: Vec<_> = file.iter().rev().take(3).map(|name| name.to_string_lossy()).collect();
    names.into_iter().rev().collect::<Vec<_>>().join("/")
}
