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
    called(&scene, || {
        scene.put(&stall("label=b"));
        let report = rehearsed(&scene);
        let Some(Replayed::Not { why }) = &report.replay else { panic!("{report}") };
        assert_eq!(why, "the version that serves was ended by SIGABRT, it aborts");
        let _ = scene.told.live();
    });
}
