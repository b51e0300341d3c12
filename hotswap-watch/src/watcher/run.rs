//! The watcher's thread: messages in, notices out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};

use super::backend::Backend;
use super::event::{Meaning, meaning};
use super::moves::Moves;
use super::source::{Appeared, Hint, Notice, Source, SourceId};
use super::survey::{Concern, Survey};
use crate::error::WatchError;
use crate::folders::Folders;

/// A source that moves as fast as it can be followed is left to its next event.
const MOST_ROUNDS: usize = 32;

/// Others wait meanwhile.
const MOST_AT_ONCE: usize = 10_000;

#[derive(Debug)]
pub(super) enum Message {
    Event(Meaning),
    Failed(WatchError),
    Lost,
    Add(Source, SyncSender<Result<SourceId, WatchError>>),
    Remove(SourceId, SyncSender<()>),
    Stop,
}

pub(super) struct Run {
    backend: Backend,
    system: Option<(Folders, Moves)>,
    sources: BTreeMap<SourceId, (Source, Survey)>,
    next: u64,
    sink: Box<dyn FnMut(Notice) + Send>,
}

/// What a batch of messages asks for.
#[derive(Default)]
struct Work {
    /// To be traced again.
    look: BTreeSet<SourceId>,
    /// To be told in full.
    all: BTreeSet<SourceId>,
    some: BTreeMap<(SourceId, PathBuf), Hint>,
}

impl Run {
    pub(super) fn new(
        backend: Backend,
        messages: &Sender<Message>,
        sink: Box<dyn FnMut(Notice) + Send>,
    ) -> Result<Self, WatchError> {
        let system = match backend {
            Backend::Poll(_) => None,
            Backend::Events => {
                let (events, moves) = (messages.clone(), messages.clone());
                let folders = Folders::new(move |event: notify::Result<notify::Event>| {
                    let message = match event.map(meaning) {
                        Ok(Meaning::Nothing) => return,
                        Ok(meaning) => Message::Event(meaning),
                        Err(error) => Message::Failed(WatchError::from_notify(None, error)),
                    };
                    let _ = events.send(message);
                })?;
                let moves = Moves::new(move || drop(moves.send(Message::Lost)))?;
                Some((folders, moves))
            }
        };
        Ok(Self { backend, system, sources: BTreeMap::new(), next: 0, sink })
    }

    pub(super) fn until_stopped(mut self, inbox: &Receiver<Message>) {
        loop {
            let first = match self.backend {
                Backend::Events => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Backend::Poll(interval) => inbox.recv_timeout(interval),
            };
            let first = match first {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    self.poll();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // What came at once is answered at once: a writer causes hundreds of events.
            let mut work = Work::default();
            for message in std::iter::once(first).chain(inbox.try_iter().take(MOST_AT_ONCE)) {
                if matches!(message, Message::Stop) {
                    return;
                }
                self.take(message, &mut work);
            }
            self.carry_out(work);
        }
    }

    fn take(&mut self, message: Message, work: &mut Work) {
        match message {
            Message::Event(Meaning::Nothing) | Message::Stop => {}
            Message::Event(Meaning::Lost) | Message::Lost => {
                if let Some((folders, moves)) = &mut self.system {
                    folders.all_gone();
                    moves.all_gone();
                }
                work.look.extend(self.sources.keys());
                work.all.extend(self.sources.keys());
            }
            Message::Event(Meaning::Content(paths, hint)) => self.sort(&paths, hint, false, work),
            Message::Event(Meaning::Place(paths)) => self.sort(&paths, Hint::Ready, true, work),
            Message::Event(Meaning::Gone(paths)) => {
                if let Some((folders, _)) = &mut self.system {
                    paths.iter().for_each(|path| folders.gone(path));
                }
                self.sort(&paths, Hint::Ready, true, work);
            }
            Message::Failed(error) => (self.sink)(Notice::Trouble(error)),
            Message::Add(source, reply) => {
                // The owner may be gone; the source is kept until it says otherwise.
                let _ = reply.send(self.add(source, work));
            }
            Message::Remove(id, reply) => {
                self.sources.remove(&id);
                work.all.remove(&id);
                work.look.remove(&id);
                work.some.retain(|(source, _), _| *source != id);
                self.watch(&mut Vec::new());
                let _ = reply.send(());
            }
        }
    }

    fn add(&mut self, source: Source, work: &mut Work) -> Result<SourceId, WatchError> {
        let id = SourceId(self.next);
        self.next += 1;
        let survey = Survey::of(&source);
        self.sources.insert(id, (source, survey));
        let mut trouble = self.follow(&BTreeSet::from([id]));
        if let Some(error) = trouble.pop() {
            self.sources.remove(&id);
            self.watch(&mut trouble);
            return Err(error);
        }
        work.all.insert(id);
        Ok(id)
    }

    /// Whom do these paths concern?
    fn sort(&self, paths: &[PathBuf], hint: Hint, place: bool, work: &mut Work) {
        for (path, (id, (_, survey))) in
            paths.iter().flat_map(|path| self.sources.iter().map(move |source| (path, source)))
        {
            match survey.concern(path) {
                Concern::Nothing => {}
                Concern::All => {
                    work.look.insert(*id);
                    work.all.insert(*id);
                }
                Concern::Some(artifacts) => {
                    for artifact in artifacts {
                        if place || !survey.present.contains_key(&artifact) {
                            work.look.insert(*id);
                        }
                        let known = work.some.entry((*id, artifact)).or_insert(hint);
                        *known = hint.max(*known);
                    }
                }
            }
        }
    }

    fn carry_out(&mut self, mut work: Work) {
        let before = self.present(&work.look);
        for error in self.follow(&work.look) {
            (self.sink)(Notice::Trouble(error));
        }
        self.tell_gone(before);
        for id in work.all {
            if let Some((_, survey)) = self.sources.get(&id) {
                let present = survey.present.keys().cloned();
                work.some.extend(present.map(|path| ((id, path), Hint::Ready)));
            }
        }
        for ((source, path), hint) in work.some {
            let present = |(_, survey): &(Source, Survey)| survey.present.contains_key(&path);
            if self.sources.get(&source).is_some_and(present) {
                (self.sink)(Notice::Appeared(Appeared { source, path, hint }));
            }
        }
    }

    /// What was seen at these sources.
    fn present(&self, look: &BTreeSet<SourceId>) -> Vec<(SourceId, PathBuf)> {
        let sources = self.sources.iter().filter(|(id, _)| look.contains(*id));
        let present = sources
            .flat_map(|(id, (_, survey))| survey.present.keys().map(|path| (*id, path.clone())));
        present.collect()
    }

    fn tell_gone(&mut self, before: Vec<(SourceId, PathBuf)>) {
        for (id, path) in before {
            let is_there = |it: &(Source, Survey)| it.1.present.contains_key(&path);
            if !self.sources.get(&id).is_some_and(is_there) {
                (self.sink)(Notice::Gone(id, path));
            }
        }
    }

    /// Surveys these sources until nothing new had to be watched for it.
    fn follow(&mut self, look: &BTreeSet<SourceId>) -> Vec<WatchError> {
        let mut trouble = Vec::new();
        if look.is_empty() {
            return trouble;
        }
        for _ in 0..MOST_ROUNDS {
            for id in look {
                if let Some((source, survey)) = self.sources.get_mut(id) {
                    *survey = Survey::of(source);
                }
            }
            trouble.clear();
            if !self.watch(&mut trouble) || !trouble.is_empty() {
                break;
            }
        }
        trouble
    }

    /// Watches what the surveys say.
    fn watch(&mut self, trouble: &mut Vec<WatchError>) -> bool {
        let Some((folders, moves)) = &mut self.system else {
            return false;
        };
        let surveys = || self.sources.values().map(|(_, survey)| survey);
        let wanted = surveys().flat_map(|survey| &survey.folders).cloned().collect();
        let ancestors = surveys().flat_map(|survey| &survey.ancestors);
        // A watched folder tells of its own renaming.
        let ancestors = ancestors.filter(|folder| !BTreeSet::contains(&wanted, *folder));
        let ancestors = ancestors.cloned().collect();
        let new = folders.set(&wanted, trouble);
        moves.set(&ancestors, trouble) || new
    }

    fn poll(&mut self) {
        let before = self.present(&self.sources.keys().copied().collect());
        for (id, (source, survey)) in &mut self.sources {
            let before = std::mem::replace(survey, Survey::of(source));
            for (path, now) in &survey.present {
                let same = before.present.get(path).is_some_and(|b| b.difference(now).is_none());
                let companion = |survey: &Survey| survey.companions.get(path).copied();
                if !same || companion(&before) != companion(survey) {
                    let (source, path) = (*id, path.clone());
                    let appeared = Appeared { source, path, hint: Hint::Ready };
                    (self.sink)(Notice::Appeared(appeared));
                }
            }
        }
        self.tell_gone(before);
    }
}
