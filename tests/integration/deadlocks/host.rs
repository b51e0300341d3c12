//! What the host is asked from where an upgrade would wait for the answer: inside a call, a pin, a
//! callback.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex, OnceLock,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    CallError, Config, Error, ErrorKind, Host, Slot, SlotConfig, Status,
    event::{Event, EventKind, Exit},
};
use hotswap_tests::{LONG, Scene, Told, patient, replace, until};

use super::support::Two;
use crate::support::{closing, counter, elsewhere, is_closed, label};

/// Where somebody asks from.
const PLACES: [&str; 4] = ["a `&self` call", "a `&mut self` call", "a pin", "a pin_mut"];

/// Does it in a place inside of a slot.
fn within<R>(place: &str, slot: &Slot<dyn Counter>, mut ask: impl FnMut() -> R) -> R {
    let mut answer = None;
    match place {
        "a `&self` call" => slot.pin().inside(&mut || answer = Some(ask())).unwrap(),
        "a `&mut self` call" => slot.pin_mut().inside_mut(&mut || answer = Some(ask())).unwrap(),
        "a pin" => {
            let _pin = slot.pin();
            answer = Some(ask());
        }
        _ => {
            let _pin = slot.pin_mut();
            answer = Some(ask());
        }
    }
    answer.unwrap()
}

fn is_misuse<T>(result: Result<T, Error>) -> bool {
    result.is_err_and(|error| error.kind() == ErrorKind::Misuse)
}

#[test]
fn what_is_asked_of_the_host_from_inside_while_an_upgrade_waits() {
    let scene = Scene::<dyn Counter>::with(closing(), &counter("label=a"));
    let (host, slot) = (&scene.host, &scene.slot);
    let version = || "1.0.0".parse().unwrap();
    for (n, place) in PLACES.into_iter().enumerate() {
        within(place, slot, || {
            scene.put(&counter(&format!("label={n}")));
            // Its worker does nothing else now, until this thread comes out.
            until("the upgrade closes the gate", || is_closed(slot));
            assert!(is_misuse(host.apply_pending()), "{place}");
            assert!(is_misuse(host.operator().abandon("main")), "{place}");
            assert!(is_misuse(host.operator().restart("main")), "{place}");
            assert!(is_misuse(host.operator().commit("main", "")), "{place}");
            assert!(is_misuse(host.operator().roll_back("main", "")), "{place}");
            assert!(is_misuse(host.operator().clear("00".repeat(32).parse().unwrap())), "{place}");
            assert!(is_misuse(host.operator().allow_downgrade("counter", version())), "{place}");
            assert!(is_misuse(slot.wait_for(99, LONG)), "{place}");
            // These wait for nobody.
            host.slot::<dyn Counter>("main").unwrap();
            host.rescan().unwrap();
            let _events: Receiver<Event> = host.events();
            let _status: Status = host.status();
        });
        assert_eq!(scene.told.live().generation, n as u64 + 2, "{place}");
    }
    assert_eq!(label(slot), "3");
}

#[test]
fn a_first_load_asked_for_from_inside_while_an_upgrade_waits() {
    let config = closing().with_pause_deadline(Duration::from_millis(300));
    let two = Two::of(config, &counter("label=a"));
    let left = two.host.slot::<dyn Counter>("left").unwrap();
    let told = Told::of(&two.host);
    let right = within("a `&self` call", &left, || {
        replace(&two.at("left"), counter("label=b").bytes());
        until("the upgrade closes the gate", || is_closed(&left));
        // The upgrade is cancelled, and then there is time for it.
        two.host.slot::<dyn Counter>("right").unwrap()
    });
    assert_eq!(right.pin().label().unwrap(), "a");
    assert_eq!(told.refused().exit, Exit::Cancelled);
}

#[test]
fn an_end_asked_for_from_inside_waits_for_nobody() {
    for place in PLACES {
        for drops in [false, true] {
            let scene = Scene::<dyn Counter>::of(&counter("label=a"));
            let (slot, mut host) = (scene.slot.clone(), Some(scene.host));
            within(place, &slot, || {
                let host = host.take().unwrap();
                if drops {
                    drop(host);
                } else {
                    assert!(is_misuse(host.shutdown()), "{place}");
                }
                let ended = elsewhere(|| slot.pin().value());
                assert!(matches!(ended, Err(CallError::Ended { .. })), "{place}: {ended:?}");
            });
            // In order all the same, as soon as the thread has come out.
            assert_eq!(scene.told.retired().0, 1, "{place}");
        }
    }
}

/// A host that tells of itself before it can be named.
#[derive(Clone, Default)]
struct Known(Arc<OnceLock<Host>>);

impl Known {
    /// Starts it. `asks` is asked in a callback of each event that `when` picks.
    fn start(
        &self,
        config: Config,
        when: fn(&EventKind) -> bool,
        asks: impl Fn(&Host) -> Vec<bool> + Send + Sync + 'static,
    ) -> Receiver<Vec<bool>> {
        let (sender, answers): (Sender<_>, _) = mpsc::channel();
        let known = self.clone();
        let config = config.on_event(move |event| {
            if let Some(host) = known.0.get().filter(|_| when(&event.kind)) {
                let _ = sender.send(asks(host));
            }
        });
        self.0.set(Host::new(config).unwrap()).unwrap();
        answers
    }
}

/// Whether each is refused that would wait for an upgrade, or whose answer would.
fn refuses_all(host: &Host) -> Vec<bool> {
    let _: Status = host.status();
    host.rescan().unwrap();
    vec![
        is_misuse(host.slot::<dyn Counter>("main")),
        is_misuse(host.slot::<dyn Counter>("other")),
        is_misuse(host.apply_pending()),
        is_misuse(host.operator().abandon("main")),
        is_misuse(host.operator().restart("main")),
        is_misuse(host.operator().commit("main", "")),
        is_misuse(host.operator().roll_back("main", "")),
        is_misuse(host.operator().clear("00".repeat(32).parse().unwrap())),
        is_misuse(host.operator().allow_downgrade("counter", "1.0.0".parse().unwrap())),
    ]
}

/// A slot that was not opened before, on a thread that may hang.
fn open_elsewhere(known: &Known) -> Receiver<Result<Slot<dyn Counter>, Error>> {
    let (known, (sender, opened)) = (known.clone(), mpsc::channel());
    thread::spawn(move || sender.send(known.0.get().unwrap().slot("main")));
    opened
}

fn two_at(folder: &Path, config: Config) -> Config {
    config
        .slot("main", SlotConfig::artifact(folder.join("main")))
        .slot("other", SlotConfig::artifact(folder.join("other")))
}

#[test]
fn what_a_callback_asks_on_the_worker() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main"), counter("label=a").bytes()).unwrap();
    let known = Known::default();
    let is_live = |kind: &EventKind| matches!(kind, EventKind::Live(_));
    let answers = known.start(two_at(folder.path(), patient()), is_live, refuses_all);
    let slot = open_elsewhere(&known).recv_timeout(LONG).unwrap().unwrap();
    assert_eq!(answers.recv_timeout(LONG).unwrap(), [true; 9]);
    assert_eq!(slot.pin().label().unwrap(), "a");
}

#[test]
fn what_a_callback_asks_on_the_thread_that_waits_for_a_first_artifact() {
    let folder = tempfile::tempdir().unwrap();
    let known = Known::default();
    let waits = |kind: &EventKind| matches!(kind, EventKind::WaitingForFirst { .. });
    let answers = known.start(two_at(folder.path(), patient()), waits, refuses_all);
    let opened = open_elsewhere(&known);
    assert_eq!(answers.recv_timeout(LONG).unwrap(), [true; 9]);
    replace(&folder.path().join("main"), counter("label=a").bytes());
    assert_eq!(opened.recv_timeout(LONG).unwrap().unwrap().pin().label().unwrap(), "a");
}

#[test]
fn what_a_callback_asks_on_the_thread_that_opens_a_slot() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("main"), counter("label=a").bytes()).unwrap();
    let config = || {
        two_at(folder.path(), patient())
            .with_data_dir(folder.path())
            .with_journal(false)
            .with_floors(false)
    };
    // A run that ends in order, and one that begins with its state and does not.
    let first = Host::new(config()).unwrap();
    first.slot::<dyn Counter>("main").unwrap();
    first.shutdown().unwrap();
    let second = Host::new(config()).unwrap();
    second.slot::<dyn Counter>("main").unwrap();
    std::mem::forget(second);
    let known = Known::default();
    let is_told = |kind: &EventKind| matches!(kind, EventKind::NoCheckpoint { .. });
    let answers = known.start(config(), is_told, refuses_all);
    let opened = open_elsewhere(&known);
    assert_eq!(answers.recv_timeout(LONG).unwrap(), [true; 9]);
    assert_eq!(opened.recv_timeout(LONG).unwrap().unwrap().pin().label().unwrap(), "a");
}

#[test]
fn a_host_that_is_dropped_in_a_callback_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("main");
    fs::write(&path, counter("label=a").bytes()).unwrap();
    let kept: Arc<Mutex<Option<Host>>> = Arc::default();
    let config = patient().slot("main", SlotConfig::artifact(&path)).on_event({
        let kept = Arc::clone(&kept);
        move |event| {
            let is_second = matches!(&event.kind, EventKind::Live(live) if live.generation == 2);
            drop(kept.lock().unwrap().take_if(|_| is_second));
        }
    });
    let host = Host::new(config).unwrap();
    let slot = host.slot::<dyn Counter>("main").unwrap();
    let told = Told::of(&host);
    *kept.lock().unwrap() = Some(host);
    replace(&path, counter("label=b").bytes());
    assert_eq!(told.live().generation, 2);
    assert_eq!(told.retired().0, 1);
    assert_eq!(told.retired().0, 2);
    assert!(matches!(slot.pin().value(), Err(CallError::Ended { .. })));
}
