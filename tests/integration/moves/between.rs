//! Moves among other ways of the state: from a module that is linked into the program, and between
//! migrations.

use counter_api::Counter;
use hotswap_core::{
    Config, Host, Retire, SlotConfig, Trial,
    event::{EventKind, Exit, Live, Retirement, StateNote},
};
use hotswap_tests::{
    Fixture, LONG, Scene, Told, as_configured, edition, file_name, patient, replace,
};
use ledger_api::{Entry, Ledger};

use super::mover;
use crate::support::{elsewhere, label, open};

/// A host whose first version is linked into it, and has counted.
struct Linked {
    folder: tempfile::TempDir,
    slot: hotswap_core::Slot<dyn Counter>,
    told: Told,
    host: Host,
}

impl Linked {
    fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config.slot(
            "main",
            SlotConfig::artifact(folder.path().join(file_name("module")))
                .with_builtin::<mover::Mover>(),
        );
        let host = Host::new(config).unwrap();
        let (slot, told) = open(&host);
        let this = Self { folder, slot, told, host };
        for n in 1..=5 {
            this.add(n);
        }
        this
    }

    fn upgrade(&self, build: &Fixture) -> Live {
        replace(&self.folder.path().join(file_name("module")), build.bytes());
        self.told.live()
    }

    fn add(&self, n: u64) -> u64 {
        elsewhere(|| self.slot.pin_mut().add(n)).unwrap()
    }

    fn text(&self) -> String {
        elsewhere(|| self.slot.pin().state_text().unwrap())
    }
}

/// Both allocate from the C library, and are of one build.
#[test]
fn what_is_linked_in_hands_its_state_over_as_memory() {
    let scene = Linked::with(patient());
    let before = scene.text();
    assert_eq!(scene.upgrade(&mover("label=b")).state, StateNote::Moved);
    assert_eq!((scene.text(), label(&scene.slot).as_str()), (before, "b"));
    for n in 0..20 {
        scene.add(n);
    }
    let before = scene.text();
    assert_eq!(scene.upgrade(&mover("label=c")).state, StateNote::Moved);
    assert_eq!((scene.text(), label(&scene.slot).as_str()), (before, "c"));
    scene.add(1);
}

#[test]
fn what_is_linked_in_gets_its_state_back() {
    let trial = Trial::new(LONG).with_longest_call(LONG);
    let scene = Linked::with(patient().with_trial(trial));
    assert_eq!(scene.upgrade(&mover("label=b")).state, StateNote::Moved);
    for n in 0..20 {
        scene.add(n);
    }
    let before = scene.text();
    scene.host.operator().roll_back("main", "by hand").unwrap();
    let refusal = scene.told.refused();
    assert_eq!(refusal.exit, Exit::RolledBack);
    assert!(refusal.state.contains("handed over as memory"), "{refusal}");
    assert_eq!((scene.text(), label(&scene.slot).as_str()), (before, "plain"));
    for n in 0..20 {
        scene.add(n);
    }
    scene.host.operator().restart("main").unwrap();
    scene.add(1);
}

/// A library that is to be unloaded has its blocks counted, and the program's own are not.
#[test]
fn where_what_comes_is_unloaded_a_linked_in_state_goes_by_its_encoding() {
    let scene = Linked::with(patient().with_retire(Retire::Unload));
    let live = scene.upgrade(&mover("label=b"));
    let why = "what the two libraries allocate is freed apart".to_owned();
    assert_eq!(live.state, StateNote::Encoded { why }, "{live}");
    assert_eq!(scene.upgrade(&mover("label=c")).state, StateNote::Moved);
    assert_eq!(scene.add(1), 16);
}

/// The books, in an edition that hands its state over as memory.
fn books(features: &[&str], label: &str) -> Fixture {
    edition("ledger", &[&["moves"], features].concat()).told(&format!("label={label}"))
}

#[test]
fn moves_and_migrations_follow_each_other() {
    for retire in [Retire::Retain, Retire::Unload] {
        let config = patient().with_retire(retire);
        let scene = Scene::<dyn Ledger>::with(config, &books(&[], "0"));
        let mut total = 0;
        let mut book = |account: u32, amount: u64| {
            total += amount;
            elsewhere(|| scene.slot.pin_mut().book(Entry { account, amount, text: None })).unwrap();
            assert_eq!(elsewhere(|| scene.slot.pin().total()).unwrap(), total);
        };
        let steps: [(&[&str], StateNote); 9] = [
            (&["doubling"], StateNote::Moved),
            (&["state-3"], StateNote::Migrated { from: 1, to: 3 }),
            (&["state-3", "doubling"], StateNote::Moved),
            (&["state-3", "newer"], StateNote::Moved),
            (&["state-2"], StateNote::Downgraded { from: 3, to: 2 }),
            (&["state-2", "older"], StateNote::Moved),
            (&["state-3"], StateNote::Migrated { from: 2, to: 3 }),
            (&[], StateNote::Downgraded { from: 3, to: 1 }),
            (&["older"], StateNote::Moved),
        ];
        for (n, (features, wanted)) in steps.into_iter().enumerate() {
            // Full, or just empty again.
            for account in 0..64 + (n as u32 % 2) * 6 {
                book(account, 1 + n as u64);
            }
            let label = (n + 1).to_string();
            let live = scene.upgrade(&books(features, &label));
            assert_eq!(live.state, wanted, "{n}: {live}");
            // Where libraries are unloaded, the one that has made the books is gone by now.
            let outcome = match retire {
                Retire::Unload => Retirement::Unloaded,
                _ => as_configured(),
            };
            assert_eq!(scene.told.retired(), (1 + n as u64, outcome));
            book(3, 1);
        }
        let told = scene.told.so_far();
        let refused = told.iter().any(|event| matches!(event.kind, EventKind::Refused(_)));
        assert!(!refused, "{told:?}");
    }
}
