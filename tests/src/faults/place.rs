//! A place where rows happen: a host with one slot, what it should serve, and with which count.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use counter_api::Counter;
use habits_api::{Habit, Habits};
use hotswap_core::{
    CallError, Config, Error, Host, Slot,
    event::{Event, EventKind, Exit},
};
use meter_api::Meter;
use tally_api::Tally;
use tempfile::TempDir;

use super::{happened::Happened, setting::Setting, signing};
use crate::{Fixture, Outcome, Told, file_name, patient, replace, until};

/// A host with one slot, `main`.
pub(super) struct Place {
    pub(super) setting: Setting,
    /// `None` once it has ended.
    pub(super) host: Option<Host>,
    pub(super) told: Told,
    slot: Serving,
    folder: Arc<TempDir>,
    /// What the last good build calls itself.
    pub(super) label: String,
    pub(super) count: u64,
    spies: Spies,
    /// All that was told, for a row that differs.
    heard: Arc<Mutex<Vec<String>>>,
}

/// Where calls go: the interface that the setting's module implements.
#[derive(Clone)]
enum Serving {
    Counter(Slot<dyn Counter>),
    Meter(Slot<dyn Meter>),
    /// A module without state: how often it was called is counted here.
    Habits(Slot<dyn Habits>),
    /// The same, of one that many may call at once.
    Tally(Slot<dyn Tally>),
}

type Spy = Box<dyn FnMut(&Event) + Send>;

#[derive(Clone, Default)]
struct Spies(Arc<Mutex<Option<Spy>>>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place {
    /// A host in a folder of its own, in which a first build serves.
    pub(super) fn new(setting: Setting) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self::run(setting, Arc::new(folder), "first").unwrap_or_else(|error| panic!("{error}"))
    }

    /// The next run of a program in the same folder, with a build there.
    pub(super) fn next_run(&self, label: &str) -> Result<Self, Error> {
        let setting = Setting { script: "", ..self.setting };
        Self::run(setting, Arc::clone(&self.folder), label)
    }

    /// How a run of the program comes out that finds what is there now.
    pub(super) fn opened(&self) -> Happened {
        let config = self.setting.host(self.folder(), &self.artifact());
        let opened = Host::new(config).and_then(|host| host.slot::<dyn Counter>("main"));
        opened.map_or_else(|error| failed(&error), |_| Happened::new("serves", ""))
    }

    fn run(setting: Setting, folder: Arc<TempDir>, label: &str) -> Result<Self, Error> {
        let artifact = artifact_in(folder.path());
        fs::create_dir_all(artifact.parent().expect("it lies in a folder"))
            .expect("a folder can be made");
        let script = format!("label={label};{}", setting.script);
        let build = crate::fixture(setting.module).told(&script);
        if setting.signed {
            signing::make_sound(folder.path(), &artifact);
            signing::deploy(&artifact, &build, || {});
        } else {
            replace(&artifact, build.bytes());
        }
        let (spies, heard) = (Spies::default(), Arc::default());
        let config = setting.host(folder.path(), &artifact);
        let host = Host::new(spies.clone().look(&heard, config))?;
        let told = Told::of(&host);
        let slot = match setting.module {
            "gauge" => Serving::Meter(host.slot("main")?),
            "habits" | "nodelete" | "dynamic-std" | "constructor" | "quick-exit"
            | "text-relocations" => Serving::Habits(host.slot("main")?),
            "till" => Serving::Tally(host.slot("main")?),
            _ => Serving::Counter(host.slot("main")?),
        };
        told.find(|event| matches!(event.kind, EventKind::Live(_)).then_some(()));
        let label = label.to_owned();
        let mut place =
            Self { setting, host: Some(host), told, slot, folder, label, count: 0, spies, heard };
        place.count = place.counted().expect("it serves");
        Ok(place)
    }

    pub(super) fn host(&self) -> &Host {
        self.host.as_ref().expect("the host lives")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the artifact lies.
    pub(super) fn artifact(&self) -> PathBuf {
        artifact_in(self.folder.path())
    }

    /// The slot, of a module that counts.
    pub(super) fn slot(&self) -> Slot<dyn Counter> {
        match &self.slot {
            Serving::Counter(slot) => slot.clone(),
            _ => panic!("this setting has no module that counts"),
        }
    }

    /// The slot, of a module that leaves something behind.
    pub(super) fn habits(&self) -> Slot<dyn Habits> {
        match &self.slot {
            Serving::Habits(slot) => slot.clone(),
            _ => panic!("this setting has no module with habits"),
        }
    }

    /// The slot, of a module that many may call at once.
    pub(super) fn tally(&self) -> Slot<dyn Tally> {
        match &self.slot {
            Serving::Tally(slot) => slot.clone(),
            _ => panic!("this setting has no module that many may call at once"),
        }
    }

    pub(super) const fn has_state(&self) -> bool {
        !matches!(self.slot, Serving::Habits(_) | Serving::Tally(_))
    }

    pub(super) fn generation(&self) -> u64 {
        match &self.slot {
            Serving::Counter(slot) => slot.generation(),
            Serving::Meter(slot) => slot.generation(),
            Serving::Habits(slot) => slot.generation(),
            Serving::Tally(slot) => slot.generation(),
        }
    }

    /// What the build that serves calls itself.
    pub(super) fn serving(&self) -> Result<String, CallError> {
        match &self.slot {
            Serving::Counter(slot) => slot.pin().label(),
            Serving::Meter(slot) => slot.pin().label(),
            Serving::Habits(slot) => slot.pin().label(),
            Serving::Tally(slot) => slot.pin().label(),
        }
    }

    /// Its count.
    pub(super) fn counted(&self) -> Result<u64, CallError> {
        match &self.slot {
            Serving::Counter(slot) => slot.pin().value(),
            Serving::Meter(slot) => slot.pin().read().map(|reading| reading.value.into()),
            Serving::Habits(slot) => slot.pin().practise(Habit::None).map(|()| self.count),
            Serving::Tally(slot) => slot.pin().total().map(|_| self.count),
        }
    }

    /// One more.
    pub(super) fn count_on(&mut self) -> Result<(), CallError> {
        self.count += 1;
        match &self.slot {
            Serving::Counter(slot) => slot.pin_mut().add(1).map(drop),
            Serving::Meter(slot) => {
                slot.pin_mut().reset(u32::try_from(self.count).expect("a few rows"))
            }
            Serving::Habits(slot) => slot.pin().practise(Habit::None),
            Serving::Tally(slot) => slot.pin().add(1).map(drop),
        }
    }

    /// A build of this module with a script.
    pub(super) fn build(&self, script: &str) -> Fixture {
        crate::fixture(self.setting.module).told(&format!("label=new;{script}"))
    }

    /// Puts a build there, signed where that is asked for.
    pub(super) fn deploy(&self, build: &Fixture) {
        if self.setting.signed {
            signing::deploy(&self.artifact(), build, || {
                // Answered when what the host was at is over.
                let nothing = "00".repeat(32).parse().expect("a hash");
                assert!(!self.host().operator().clear(nothing).expect("the host lives"));
            });
        } else {
            replace(&self.artifact(), build.bytes());
        }
    }

    /// Puts a build there, and waits until it has come out.
    pub(super) fn put(&self, build: &Fixture) -> Happened {
        self.deploy(build);
        self.outcome()
    }

    /// Puts a good build there, and waits until it is live.
    pub(super) fn put_good(&mut self, label: &str) -> Happened {
        self.deploy(&self.setting.good(label));
        self.label = label.to_owned();
        self.live()
    }

    /// How the next artifact comes out.
    pub(super) fn outcome(&self) -> Happened {
        Happened::of(&self.told.outcome().1)
    }

    /// Waits until an upgrade waits for callers to leave.
    pub(super) fn drains(&self) {
        self.told.find(|event| matches!(event.kind, EventKind::Draining { .. }).then_some(()));
    }

    /// The next one that goes live: what was cancelled is tried again by itself, what waits for
    /// leave gets it, and a canary gets calls.
    pub(super) fn live(&self) -> Happened {
        self.previewed(|| {
            loop {
                match self.told.outcome().1 {
                    Outcome::Refused(it) if it.exit == Exit::Cancelled => {}
                    Outcome::Pending => {
                        let applied = self.host().apply_pending();
                        assert!(applied.is_ok(), "{applied:?}");
                    }
                    outcome => return Happened::of(&outcome),
                }
            }
        })
    }

    /// While a canary, where there may be one, gets calls, and so does the stable version.
    pub(super) fn previewed<T>(&self, then: impl FnOnce() -> T) -> T {
        let Serving::Tally(slot) = &self.slot else { return then() };
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    // What it answers is compared in its time alone.
                    let _ = slot.pin().total();
                    if slot.preview().is_none_or(|canary| canary.total().is_err()) {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            });
            let result = then();
            is_over.store(true, Ordering::Relaxed);
            result
        })
    }

    /// The host ends in order.
    pub(super) fn end(&mut self) -> Happened {
        match self.host.take().expect("the host lives").shutdown() {
            Ok(()) => Happened::new("ended", self.kept()),
            Err(error) => failed(&error),
        }
    }

    /// What was told of states that were kept for the next run.
    pub(super) fn kept(&self) -> String {
        let told = self.told.so_far();
        let kept = told.iter().filter(|it| matches!(it.kind, EventKind::Kept { .. }));
        kept.map(ToString::to_string).collect()
    }

    /// Waits for an event, and returns its text.
    pub(super) fn event(&self, wanted: impl Fn(&EventKind) -> bool) -> String {
        self.told.find(|event| wanted(&event.kind).then(|| event.to_string()))
    }

    /// Looks at each event from now on, on the host's thread.
    pub(super) fn spy(&self, spy: impl FnMut(&Event) + Send + 'static) {
        *lock(&self.spies.0) = Some(Box::new(spy));
    }

    /// A file in which builds with `log=` note their steps.
    pub(super) fn log(&self) -> PathBuf {
        self.folder().join("log")
    }

    /// Waits until a build has noted something.
    pub(super) fn noted(&self, what: &str) {
        until(what, || fs::read_to_string(self.log()).is_ok_and(|log| log.contains(what)));
    }

    pub(super) fn heard_so_far(&self) -> String {
        lock(&self.heard).iter().map(|text| format!("\n{text}")).collect()
    }

    /// All that is told, for a row that differs.
    pub(super) fn heard(&self) -> Arc<Mutex<Vec<String>>> {
        Arc::clone(&self.heard)
    }
}

impl Spies {
    fn look(self, heard: &Arc<Mutex<Vec<String>>>, config: Config) -> Config {
        let heard = Arc::clone(heard);
        config.on_event(move |event| {
            lock(&heard).push(event.to_string());
            // Taken out: it may ask for something that tells an event.
            let spy = lock(&self.0).take();
            if let Some(mut spy) = spy {
                spy(event);
                lock(&self.0).get_or_insert(spy);
            }
        })
    }
}

/// In a folder of its own, so that this one can be deleted.
pub(super) fn artifact_in(folder: &Path) -> PathBuf {
    folder.join("target").join(file_name("module"))
}

/// Nothing is cut short.
pub(super) fn unhurried(_: &Path) -> Config {
    patient()
}

/// An error of the host, as a `main` that returns it prints it.
pub(super) fn failed(error: &Error) -> Happened {
    Happened::new(format!("error {:?}", error.kind()), format!("{error:?}"))
}
