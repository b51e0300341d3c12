//! A journal, and what else an artifact or a slot may be: signed, or linked into the program.

use std::{
    fs,
    path::{Path, PathBuf},
};

use hotswap_core::{
    Config, SlotConfig, Standing, Trust,
    event::{EventKind, StateNote},
    journal::BackupReason,
    plan::Intent,
};
use hotswap_tests::{Fixture, fixture, replace};

use crate::{
    runs::{Place, Run, hash},
    support::{Signer, counter, label, value},
};

/// A place to which builds are deployed with their signatures.
struct Signed {
    place: Place,
    signer: Signer,
}

impl Signed {
    fn new() -> Self {
        Self { place: Place::new(), signer: Signer::new() }
    }

    fn path(&self) -> PathBuf {
        self.place.artifact()
    }

    /// Where the journal keeps a build.
    fn kept(&self, build: &Fixture) -> PathBuf {
        let name = format!("{}.{}", hash(build), std::env::consts::DLL_EXTENSION);
        self.place.journal().join("artifacts").join(name)
    }

    fn deploy(&self, build: &Fixture) {
        replace(&signature(&self.path()), self.signer.sign(build).as_bytes());
        replace(&self.path(), build.bytes());
    }

    fn config(&self) -> Config {
        self.place.config()
    }

    fn signed(&self) -> Config {
        self.place
            .config_with(|slot| slot.with_module("counter"))
            .with_trust(Trust::minisign([self.signer.key()]).unwrap())
    }
}

#[track_caller]
fn serves(run: &Run, wanted: &str, count: u64) {
    assert_eq!((label(&run.slot).as_str(), value(&run.slot)), (wanted, count));
}

/// What was said of why the last version does not begin again.
fn not_recovered(run: &Run) -> Vec<String> {
    let said = run.before.iter().filter(|event| {
        matches!(event.kind, EventKind::Refused(_) | EventKind::NotRecovered { .. })
    });
    said.map(ToString::to_string).collect()
}

fn signature(path: &Path) -> PathBuf {
    path.with_added_extension("minisig")
}

#[test]
fn a_signed_artifact_is_recovered_from_its_kept_copy_with_its_signature() {
    let place = Signed::new();
    let first = counter("label=a");
    place.deploy(&first);
    let run = Run::of(place.signed());
    run.add(5);
    run.host.shutdown().unwrap();
    assert!(signature(&place.kept(&first)).exists());

    // Nothing lies at the path any more.
    fs::remove_file(place.path()).unwrap();
    fs::remove_file(signature(&place.path())).unwrap();
    let run = Run::of(place.signed());
    serves(&run, "a", 5);
    let key = run.before.iter().find_map(|event| match &event.kind {
        EventKind::Signed { key, artifact, .. } => Some((key.clone(), *artifact)),
        _ => None,
    });
    assert_eq!(key, Some((place.signer.number(), hash(&first))));
    run.host.shutdown().unwrap();
}

#[test]
fn a_kept_artifact_that_nobody_trusted_has_signed_does_not_begin_a_run() {
    let first = counter("label=a");
    type Damage = fn(&Path);
    let table: [(Damage, &str); 4] = [
        (|kept| fs::remove_file(signature(kept)).unwrap(), "signature  nothing is at "),
        (
            |kept| {
                let forged = Signer::new().sign(&counter("label=a"));
                replace(&signature(kept), forged.as_bytes());
            },
            "signed with: ",
        ),
        (|kept| replace(kept, counter("label=forged").bytes()), "it was damaged or replaced"),
        (
            |kept| {
                let mut bytes = fs::read(kept).unwrap();
                *bytes.last_mut().unwrap() ^= 1;
                replace(kept, &bytes);
            },
            "it was damaged or replaced",
        ),
    ];
    for (damage, wanted) in table {
        let place = Signed::new();
        place.deploy(&first);
        let run = Run::of(place.signed());
        run.add(5);
        run.host.shutdown().unwrap();
        damage(&place.kept(&first));
        place.deploy(&counter("label=b"));
        // What lies at the path is signed, and goes on with the state.
        let run = Run::of(place.signed());
        let said = not_recovered(&run);
        assert!(said.iter().any(|it| it.contains(wanted)), "{wanted}: {said:?}");
        assert!(said.iter().any(|it| it.contains("does not begin again")), "{said:?}");
        serves(&run, "b", 5);
        run.host.shutdown().unwrap();
    }
}

#[test]
fn a_revert_takes_what_is_signed_and_nothing_else() {
    let place = Signed::new();
    let older = counter("label=older");
    place.deploy(&older);
    let run = Run::of(place.signed());
    run.add(5);
    place.deploy(&counter("label=newer"));
    assert_eq!(run.told.live().generation, 2);
    let aside = place.place.root().join("aside");
    fs::rename(signature(&place.kept(&older)), &aside).unwrap();
    let error = run.host.operator().revert_to("main", hash(&older), "why").unwrap_err();
    assert!(error.to_string().contains("signature  nothing is at "), "{error}");
    serves(&run, "newer", 5);
    fs::rename(&aside, signature(&place.kept(&older))).unwrap();
    run.host.operator().revert_to("main", hash(&older), "why").unwrap();
    serves(&run, "older", 5);
    run.host.shutdown().unwrap();
}

fn built_in(place: &Signed) -> Config {
    place.place.config_with(SlotConfig::with_builtin::<counter::Counting>)
}

#[test]
fn a_built_in_module_goes_on_with_its_state() {
    let place = Signed::new();
    let run = Run::of(built_in(&place));
    serves(&run, "plain", 0);
    run.add(5);
    let backup = run.host.operator().checkpoint("main").unwrap();
    assert_eq!((backup.release.artifact, backup.reason), (None, BackupReason::Checkpoint));
    run.add(1);
    run.host.shutdown().unwrap();
    let run = Run::of(built_in(&place));
    let recovered = run.before.iter().find_map(|event| match &event.kind {
        EventKind::Recovered(recovered) => Some(recovered.clone()),
        _ => None,
    });
    let recovered = recovered.unwrap();
    assert!(recovered.artifact.is_none() && !recovered.is_older, "{recovered}");
    serves(&run, "plain", 6);
    // A backup can be had back, as of any module.
    run.host.operator().restore("main", backup.number).unwrap();
    serves(&run, "plain", 5);
    run.host.shutdown().unwrap();
}

#[test]
fn what_has_taken_over_from_a_built_in_module_is_recovered_and_reverted_to() {
    let place = Signed::new();
    let run = Run::of(built_in(&place));
    run.add(5);
    let (b, c) = (counter("label=b"), fixture("chain").told("label=c"));
    replace(&place.path(), b.bytes());
    assert_eq!(run.told.live().state, StateNote::Kept);
    run.add(1);
    run.host.shutdown().unwrap();

    // Not the one that is linked in, although that is there at once.
    fs::remove_file(place.path()).unwrap();
    let run = Run::of(built_in(&place));
    serves(&run, "b", 6);
    replace(&place.path(), c.bytes());
    assert_eq!(run.told.live().state, StateNote::Migrated { from: 1, to: 3 });
    run.host.operator().revert_to("main", hash(&b), "why").unwrap();
    serves(&run, "b", 6);
    // It is no file, and has never been one.
    let error =
        run.host.operator().revert_to("main", "0.0.1".parse::<semver::Version>().unwrap(), "why");
    assert!(error.unwrap_err().to_string().contains("it is not kept"));
    run.host.shutdown().unwrap();

    // Without its file the one that is linked in goes on with the state.
    fs::remove_file(place.kept(&b)).unwrap();
    fs::remove_file(place.path()).unwrap();
    let run = Run::of(built_in(&place));
    let said = not_recovered(&run);
    assert!(said.iter().any(|it| it.contains("does not begin again")), "{said:?}");
    serves(&run, "plain", 6);
    run.host.shutdown().unwrap();
}

/// How a kept copy is damaged, and what the host says of it.
type Damage = (fn(&Path), &'static str);

const DAMAGES: [Damage; 4] = [
    (|kept| replace(kept, counter("label=forged").bytes()), "it was damaged or replaced"),
    (
        |kept| {
            let mut bytes = fs::read(kept).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            replace(kept, &bytes);
        },
        "it was damaged or replaced",
    ),
    (|kept| fs::write(kept, b"").unwrap(), "it was damaged or replaced"),
    (|kept| fs::remove_file(kept).unwrap(), "cannot be read"),
];

/// Two builds are committed, and the run has ended in order.
fn committed_twice(place: &Signed, older: &Fixture, newer: &Fixture) {
    replace(&place.path(), older.bytes());
    let run = Run::of(place.config());
    run.add(5);
    replace(&place.path(), newer.bytes());
    assert_eq!(run.told.live().generation, 2);
    run.host.shutdown().unwrap();
}

#[test]
fn where_the_last_committed_artifact_is_damaged_the_one_before_serves() {
    let (older, newer) = (counter("label=older"), counter("label=newer"));
    for (damage, wanted) in DAMAGES {
        let place = Signed::new();
        committed_twice(&place, &older, &newer);
        damage(&place.kept(&newer));
        fs::remove_file(place.path()).unwrap();
        let run = Run::of(place.config());
        serves(&run, "older", 5);
        assert_eq!(run.recovered().artifact.unwrap().artifact, Some(hash(&older)));
        let said = not_recovered(&run);
        let expected = format!("expected artifact {}", hash(&newer));
        assert!(said[0].contains(wanted), "{said:?}");
        assert!(wanted == "cannot be read" || said[0].contains(&expected), "{said:?}");
        let next = format!("({}…), committed before it, is tried", hash(&older).short());
        assert!(said[1].contains("does not begin again") && said[1].contains(&next), "{said:?}");
        // It is nobody's fault but the file's.
        replace(&place.path(), newer.bytes());
        assert_eq!(run.told.live().generation, 2);
        serves(&run, "newer", 5);
        run.host.shutdown().unwrap();
        assert_eq!(fs::read(place.kept(&newer)).unwrap(), newer.bytes());
    }
}

#[test]
fn where_a_kept_copy_is_damaged_the_same_artifact_at_the_path_serves_and_is_kept_again() {
    let (older, newer) = (counter("label=older"), counter("label=newer"));
    for (damage, wanted) in DAMAGES {
        let place = Signed::new();
        committed_twice(&place, &older, &newer);
        damage(&place.kept(&newer));
        let run = Run::of(place.config());
        serves(&run, "newer", 5);
        assert_eq!(run.recovered().artifact.unwrap().artifact, Some(hash(&newer)));
        assert!(not_recovered(&run)[0].contains(wanted), "{:?}", not_recovered(&run));
        assert_eq!(fs::read(place.kept(&newer)).unwrap(), newer.bytes());
        run.host.shutdown().unwrap();
    }
}

#[test]
fn where_no_committed_artifact_is_as_it_was_the_path_is_tried_with_the_state() {
    let (older, newer) = (counter("label=older"), counter("label=newer"));
    let place = Signed::new();
    committed_twice(&place, &older, &newer);
    for kept in [&older, &newer] {
        replace(&place.kept(kept), counter("label=forged").bytes());
    }
    replace(&place.path(), counter("label=other").bytes());
    let run = Run::of(place.config());
    serves(&run, "other", 5);
    let recovered = run.recovered();
    assert!(recovered.artifact.is_none() && recovered.backup.is_some(), "{recovered}");
    let said = not_recovered(&run).join("\n");
    assert!(said.contains("what lies at "), "{said}");
    run.host.shutdown().unwrap();
}

#[test]
fn a_damaged_kept_copy_is_neither_gone_back_to_nor_offered() {
    let (older, newer) = (counter("label=older"), counter("label=newer"));
    let place = Signed::new();
    committed_twice(&place, &older, &newer);
    let run = Run::of(place.config());
    let kept = place.kept(&older);
    replace(&kept, counter("label=forged").bytes());
    for _ in 0..2 {
        let error = run.host.operator().revert_to("main", hash(&older), "why").unwrap_err();
        assert!(error.to_string().contains("it was damaged or replaced"), "{error}");
        serves(&run, "newer", 5);
    }
    let offered = run.host.operator().offer("main", &kept, Intent::default()).unwrap();
    let Standing::Refused(refusal) = offered.standing else { panic!("{offered:?}") };
    assert!(refusal.findings[0].contains("it was damaged or replaced"), "{refusal}");
    let refusal = run.host.operator().judge("main", &kept).unwrap().unwrap_err();
    assert!(refusal.findings[0].contains("it was damaged or replaced"), "{refusal}");
    serves(&run, "newer", 5);
    // Brought back, it can be.
    replace(&kept, older.bytes());
    run.host.operator().revert_to("main", hash(&older), "why").unwrap();
    serves(&run, "older", 5);
    run.host.shutdown().unwrap();
}

#[test]
fn a_backup_that_was_exchanged_for_another_is_named_and_passed_over() {
    let place = Signed::new();
    replace(&place.path(), counter("label=a").bytes());
    let run = Run::of(place.config());
    run.add(5);
    let first = run.host.operator().checkpoint("main").unwrap();
    run.add(1);
    let second = run.host.operator().checkpoint("main").unwrap();
    run.add(1);
    fs::copy(&first.path, &second.path).unwrap();
    let error = run.host.operator().restore("main", second.number).unwrap_err();
    assert!(error.to_string().contains("the file was exchanged"), "{error}");
    serves(&run, "a", 7);
    let image = place.place.image();
    let after = image.run();
    let recovered = after.recovered();
    assert_eq!(recovered.backup.as_ref().unwrap().number, first.number);
    assert!(recovered.passed_over[0].contains("the file was exchanged"), "{recovered}");
    serves(&after, "a", 5);
}
