//! A revert whose rehearsal ends within a trial.

use std::{fs, sync::Arc, thread, time::Duration};

use counter_api::Counter;
use hotswap_core::{
    ArtifactHash, Host, SlotConfig, Timing, Trial,
    event::{Event, EventKind, Phase},
    journal::Outcome,
    report::Report,
};
use hotswap_tests::{LONG, Told, file_name, patient, replace};

use super::support::{Stands, counter, label, rehearsal};

pub(crate) fn reported(event: &Event, artifact: ArtifactHash) -> Option<Arc<Report>> {
    match &event.kind {
        EventKind::Reported(report) if report.artifact == artifact => Some(Arc::clone(report)),
        _ => None,
    }
}

/// What a trial has overtaken is answered, and its report is over.
pub(crate) fn an_overtaken_revert() {
    let folder = tempfile::tempdir().unwrap();
    let (first, path) = (Stands::new(folder.path(), "a"), folder.path().join(file_name("module")));
    first.go();
    fs::write(&path, first.build.bytes()).unwrap();
    let trial = Trial::new(Duration::from_secs(3600)).with_longest_call(LONG);
    let config = patient()
        .with_rehearsal(rehearsal())
        .with_data_dir(folder.path().join("data"))
        .with_timing(Timing::on_request())
        .with_trial(trial);
    let host = Host::new(config.slot("main", SlotConfig::artifact(&path))).unwrap();
    let told = Told::of(&host);
    let slot = host.slot::<dyn Counter>("main").unwrap();
    assert_eq!(told.live().generation, 1);
    replace(&path, counter("label=b").bytes());
    told.pending();
    assert_eq!(host.apply_pending().unwrap(), 1);
    host.operator().commit("main", "a test").unwrap();
    replace(&path, counter("label=c").bytes());
    told.find(|event| matches!(event.kind, EventKind::Pending { .. }).then_some(()));
    fs::remove_file(&first.go).unwrap();
    let before = first.begun("start");
    thread::scope(|scope| {
        let back = scope.spawn(|| host.operator().revert_to("main", first.hash(), "why"));
        first.stands(before + 1);
        assert_eq!(host.apply_pending().unwrap(), 1);
        first.go();
        let error = back.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("a version is on trial"), "{error}");
    });
    let report = told.find(|event| reported(event, first.hash()));
    assert_eq!((report.outcome, report.phase), (Outcome::Cancelled, Phase::Rehearsed));
    assert!(report.findings[0].contains("a version is on trial"), "{report:?}");
    assert!(!report.tried_again && label(&slot) == "c");
}
