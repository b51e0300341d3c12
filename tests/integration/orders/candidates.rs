//! Two artifacts of one slot, of which one waits: which of them comes, and what a file that is gone or
//! looked at again does to it.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use counter_api::Counter;
use hotswap_core::{
    Approval, ArtifactHash, Config, Decision, SlotConfig, Standing, Timing,
    event::{Event, EventKind, Phase},
    plan::Intent,
};
use hotswap_tests::{Scene, Told, file_name, patient};

use super::{cancelled, close, next_live, of, open};
use crate::support::{Inside, counter, label, stay_inside};

/// Callers who stay inside have an upgrade cancelled soon, and tried again at once.
fn hasty() -> Config {
    let soon = Duration::from_millis(1);
    patient().with_pause_deadline(Duration::from_millis(50)).with_retry_delays(soon, soon)
}

/// Whatever is due meanwhile happens.
fn pass_time(scene: &Scene<dyn Counter>) {
    for _ in 0..20 {
        let _ = scene.host.operator().judge("main", scene.artifact()).unwrap();
    }
}

/// Offers a build from elsewhere.
fn offer(scene: &Scene<dyn Counter>, script: &str) -> (PathBuf, Standing) {
    let path = scene.folder().join("elsewhere").join(file_name("offered"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, counter(script).bytes()).unwrap();
    let offered = scene.host.operator().offer("main", &path, Intent::default()).unwrap();
    (path, offered.standing)
}

/// What is withdrawn next.
fn withdrawn(told: &Told) -> (PathBuf, Option<ArtifactHash>) {
    told.find(|event| match &event.kind {
        EventKind::Withdrawn { path, artifact, why } => {
            assert_eq!(why, "its file was removed");
            assert!(event.to_string().contains("is withdrawn: its file was removed"), "{event}");
            Some((path.clone(), *artifact))
        }
        EventKind::Live(live) => panic!("{live}"),
        _ => None,
    })
}

#[test]
fn what_waits_for_its_next_try_is_withdrawn_with_its_file() {
    let scene = Scene::<dyn Counter>::with(hasty(), &counter("label=a"));
    let inside = stay_inside(&scene.slot, "stays");
    let (path, _) = offer(&scene, "label=b");
    cancelled(&scene.told, of("label=b"));
    fs::remove_file(&path).unwrap();
    assert_eq!(withdrawn(&scene.told), (path, Some(of("label=b"))));
    let refusal = scene.host.status().slots.remove(0).last_refusal.unwrap();
    assert!(!refusal.tried_again, "{refusal}");
    inside.leave();
    assert_eq!(scene.host.apply_pending().unwrap(), 0);
    assert_eq!(scene.upgrade(&counter("label=c")).release.artifact, Some(of("label=c")));
}

#[test]
fn nobody_who_is_given_up_brings_back_what_was_withdrawn() {
    let never = Duration::from_secs(3600);
    let config = hasty().with_retry_delays(never, never);
    type Brings = fn(&Scene<dyn Counter>);
    let orders: [Brings; 2] = [
        |scene| assert!(!scene.host.operator().abandon("main").unwrap()),
        |scene| assert_eq!(scene.host.apply_pending().unwrap(), 0),
    ];
    for brings in orders {
        let scene = Scene::<dyn Counter>::with(config.clone(), &counter("label=a"));
        let inside = stay_inside(&scene.slot, "stays");
        let (path, _) = offer(&scene, "label=b");
        cancelled(&scene.told, of("label=b"));
        fs::remove_file(&path).unwrap();
        brings(&scene);
        assert_eq!(withdrawn(&scene.told).1, Some(of("label=b")));
        inside.leave();
    }
}

#[test]
fn what_is_pending_is_withdrawn_with_its_file() {
    let config = patient().with_timing(Timing::on_request());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    let goes: [fn(&Path); 2] = [
        |file| fs::remove_file(file).unwrap(),
        |file| fs::rename(file, file.with_extension("aside")).unwrap(),
    ];
    for goes in goes {
        // Where it has come back, it is a new one.
        scene.put(&counter("label=b"));
        scene.told.pending();
        goes(&scene.artifact());
        assert_eq!(withdrawn(&scene.told), (scene.artifact(), Some(of("label=b"))));
        assert_eq!(scene.host.status().slots[0].pending, None);
        assert_eq!(scene.host.apply_pending().unwrap(), 0);
    }
    scene.put(&counter("label=b"));
    scene.told.pending();
    assert_eq!(scene.host.apply_pending().unwrap(), 1);
    assert_eq!(label(&scene.slot), "b");
}

/// The other builds of a slot need nobody's word.
fn asked_for(waits: ArtifactHash) -> Config {
    hasty().with_approval(Approval::ask(move |plan| match plan.artifact == waits {
        true => Decision::Wait,
        false => Decision::Approve,
    }))
}

fn is_called_off(event: &Event) -> Option<String> {
    match &event.kind {
        EventKind::Decided { approved: false, by: None, why, .. } => Some(why.clone()),
        _ => None,
    }
}

#[test]
fn what_waits_for_approval_is_withdrawn_with_its_file() {
    let scene = Scene::<dyn Counter>::with(asked_for(of("label=b")), &counter("label=a"));
    scene.put(&counter("label=b"));
    let is_it = |event: &Event| match event.kind {
        EventKind::Phase { phase, .. } => (phase == Phase::AwaitingApproval).then_some(()),
        _ => None,
    };
    scene.told.find(is_it);
    fs::remove_file(scene.artifact()).unwrap();
    assert_eq!(scene.told.find(is_called_off), "its file was removed");
    assert!(scene.host.operator().approve(of("label=b"), "ada").is_err());
}

/// An older build waits for its next try in its place, and a newer one from elsewhere for a yes.
fn older_and_newer() -> (Scene<dyn Counter>, Inside) {
    let scene = Scene::<dyn Counter>::with(asked_for(of("label=newer")), &counter("label=a"));
    let inside = stay_inside(&scene.slot, "stays");
    scene.put(&counter("label=older"));
    cancelled(&scene.told, of("label=older"));
    let (_, standing) = offer(&scene, "label=newer");
    assert!(matches!(standing, Standing::AwaitsApproval(_)), "{standing}");
    (scene, inside)
}

#[test]
fn what_is_older_waits_for_what_needs_a_yes() {
    let (scene, inside) = older_and_newer();
    inside.leave();
    pass_time(&scene);
    assert_eq!(label(&scene.slot), "a");
    scene.host.operator().approve(of("label=newer"), "ada").unwrap();
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=newer")));
    pass_time(&scene);
    assert_eq!(label(&scene.slot), "newer");
}

#[test]
fn what_is_older_comes_when_what_is_newer_does_not() {
    let (scene, inside) = older_and_newer();
    inside.leave();
    pass_time(&scene);
    scene.host.operator().reject(of("label=newer"), "ada", "no").unwrap();
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=older")));
}

#[test]
fn an_older_build_that_was_not_prepared_calls_off_no_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let config = asked_for(of("label=newer")).with_data_dir(folder.path());
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    close(&journal);
    scene.put(&counter("label=older"));
    cancelled(&scene.told, of("label=older"));
    scene.host.operator().pause(None, "ada", "a look").unwrap();
    // A try that has begun before is over.
    pass_time(&scene);
    open(&journal);
    let (_, standing) = offer(&scene, "label=newer");
    assert!(matches!(standing, Standing::AwaitsApproval(_)), "{standing}");
    scene.host.operator().resume(None).unwrap();
    pass_time(&scene);
    scene.host.operator().approve(of("label=newer"), "ada").unwrap();
    assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=newer")));
}

#[test]
fn a_look_at_what_serves_takes_back_nothing_that_was_offered_from_elsewhere() {
    let junk = tempfile::tempdir().unwrap();
    let junk = junk.path().join(file_name("junk"));
    let config = asked_for(of("label=b")).slot("other", SlotConfig::artifact(&junk));
    let scene = Scene::<dyn Counter>::with(config, &counter("label=a"));
    std::thread::scope(|scope| {
        // Its file is looked at after the first slot's.
        let other = scope.spawn(|| scene.host.slot::<dyn Counter>("other"));
        hotswap_tests::until("it is opened", || scene.host.status().slots.len() == 2);
        fs::create_dir_all(junk.parent().unwrap()).unwrap();
        fs::write(&junk, "no library at all").unwrap();
        assert_eq!(scene.told.refused().slot, "other");
        let (_, standing) = offer(&scene, "label=b");
        assert!(matches!(standing, Standing::AwaitsApproval(_)), "{standing}");
        scene.host.rescan().unwrap();
        assert_eq!(scene.told.refused().slot, "other");
        scene.host.operator().approve(of("label=b"), "ada").unwrap();
        assert_eq!(next_live(&scene.told).release.artifact, Some(of("label=b")));
        fs::write(&junk, counter("label=o").bytes()).unwrap();
        let _ = other.join().unwrap().unwrap();
    });
}
