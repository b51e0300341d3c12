//! What is not the artifact's fault.

use super::*;

pub(super) fn second_time() {
    let folder = tempfile::tempdir().unwrap();
    let once = folder.path().join("once");
    let script = |label: &str| stall(&format!("label={label};once={}", once.display()));
    let quoted = calls(20).only(["quote"]);
    let scene = Scene::with(replaying(quoted), &script("a"));
    let replay = replayed(&scene, &script("b"));
    let [noise] = &*replay.noise else { panic!("{replay:?}") };
    assert_eq!((&*noise.method, noise.differ, replay.differences), ("quote", 1, vec![]));
}

pub(super) fn old_state() {
    let quoted = calls(20).only(["quote"]);
    let scene = Scene::with(replaying(quoted), &stall("label=a;forgets=1"));
    cut_short(&scene, &stall("label=b"));
}

pub(super) fn left_thread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("left");
    let script = |it: &str| stall(&format!("{it}={}", path.display()));
    let scene = Scene::with(replaying(calls(20).only(["quote"])), &script("label=a;meets"));
    cut_short(&scene, &script("label=b;leaves"));
}

/// The child ends while the version that serves is asked again: that is not hidden, and refuses nothing.
fn cut_short(scene: &Scene<dyn Stall>, build: &Fixture) {
    called(scene, || {
        scene.put(build);
        let report = rehearsed(scene);
        let Some(Replayed::Ended { why }) = &report.replay else { panic!("{report}") };
        let wanted = "the child was ended by SIGABRT, it aborts when the version that serves was";
        assert!(why.starts_with(wanted), "{why}");
        let _ = scene.told.live();
    });
    let risk = risks(scene).into_iter().find(|(_, why)| why.contains("the replay was cut short"));
    assert_eq!(risk.unwrap().0, Level::High);
}

/// They have values of callers.
pub(super) fn texts() {
    let build = |script| stall(&format!("label=b;{script}"));
    let scene = scene(calls(20).without_values());
    for (script, wanted) in [
        ("start=panic", "start  it panicked: (text left out) at "),
        ("start=fail forged", "start  (text left out)"),
        ("hides=1", "state  it panicked: (text left out) at "),
    ] {
        let refusal = refused(&scene, &build(script));
        assert!(refusal.findings[0].starts_with(wanted), "{refusal}");
        let text = refusal.to_string();
        assert!(!["told to", "forged", "for tea"].iter().any(|it| text.contains(it)), "{text}");
    }
}
