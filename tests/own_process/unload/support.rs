//! Modules with habits, threads of the program that call them, and what is mapped.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
};

use habits_api::{Habit, Habits};
use hotswap_core::{
    Config, Retire, Slot,
    event::{Holder, Retirement},
};
use hotswap_tests::{Fixture, Scene, fixture, patient};

/// One test at a time: handlers of signals are the process's, and so are the names of threads.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn unloads() -> Config {
    patient().with_retire(Retire::Unload)
}

pub(crate) fn habits(script: &str) -> Fixture {
    fixture("habits").told(script)
}

pub(crate) type Place = Scene<dyn Habits>;

/// A scene whose private copies have a folder of their own, so that its mappings can be told.
pub(crate) fn scene(first: &Fixture, folder: &Path) -> Place {
    Scene::with(unloads().with_private_folder(folder), first)
}

/// How many libraries are mapped from a folder.
pub(crate) fn mapped(folder: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_once('/').map(|(_, path)| path));
    let prefix = folder.strip_prefix("/").unwrap().to_str().unwrap().to_owned();
    let mut copies: Vec<_> = paths.filter(|path| path.starts_with(&prefix)).collect();
    copies.sort_unstable();
    copies.dedup();
    copies.len()
}

/// A thread of the host that calls when it is told to.
pub(crate) struct Worker {
    pub(crate) tasks: Sender<(Habit, Sender<()>)>,
    pub(crate) thread: JoinHandle<()>,
}

impl Worker {
    pub(crate) fn new(slot: &Slot<dyn Habits>, name: &str) -> Self {
        let slot = slot.clone();
        let (tasks, inbox): (_, Receiver<(Habit, Sender<()>)>) = mpsc::channel();
        let work = move || {
            for (habit, done) in inbox {
                hotswap_core::release_thread_locals();
                slot.pin().practise(habit).unwrap();
                done.send(()).unwrap();
            }
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work).unwrap();
        Self { tasks, thread }
    }

    pub(crate) fn calls(&self, habit: Habit) {
        let (done, is_done) = mpsc::channel();
        self.tasks.send((habit, done)).unwrap();
        is_done.recv().unwrap();
    }

    pub(crate) fn ends(self) {
        drop(self.tasks);
        self.thread.join().unwrap();
    }
}

/// What the destructors of a build have noted.
pub(crate) fn noted(log: &Path, label: &str) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap_or_default();
    let of = text.lines().filter_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
    let mut noted: Vec<_> = of.map(str::to_owned).collect();
    noted.retain(|line| !matches!(line.as_str(), "start" | "stop"));
    noted.sort_unstable();
    noted
}

/// The next event of a generation that is retained for now: who holds it.
pub(crate) fn held(scene: &Place, generation: u64) -> Vec<Holder> {
    let (number, outcome) = scene.told.retired();
    let Retirement::Retained { by } = outcome else { panic!("{outcome:?}") };
    assert_eq!(number, generation);
    by
}

/// The private folder of the only host: a lock, and copies.
pub(crate) fn private(folder: &Path) -> PathBuf {
    let mut found = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    found.find(|path| path.is_dir()).unwrap()
}
