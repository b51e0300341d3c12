//! What a rehearsal's child leaves behind: processes, and files in its folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use hotswap_core::{
    Rehearsal,
    event::{EventKind, Phase},
};
use hotswap_tests::{patient, until};

use super::support::{counted, counter, refused, rehearsing};

/// Whether a process runs; one that has ended may still have to be waited for.
fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// A process in a session of its own, whose parent has ended.
pub(crate) fn what_has_left_the_childs_group_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let late = Rehearsal::new().with_deadline(Duration::from_secs(3));
    let scene = counted(patient().with_rehearsal(late), &counter("label=a"));
    // The child fails, crashes, and is killed.
    for how in ["fail", "segfault", "hang"] {
        let file = folder.path().join(how);
        let _ = refused(
            &scene,
            &counter(&format!("label=b;prepare=stray {};start={how}", file.display())),
        );
        let pid = fs::read_to_string(&file).unwrap();
        until("it is dead", || !runs(pid.trim()));
    }
}

/// Or what is left is told: it takes as long as the file system does.
pub(crate) fn a_folder_that_was_filled_is_removed() {
    let private = tempfile::tempdir().unwrap();
    let config = rehearsing().with_private_folder(private.path());
    let scene = counted(config, &counter("label=a"));
    scene.put(&counter("label=b;prepare=fill;start=fail"));
    let mut is_told = false;
    scene.told.find(|event| match &event.kind {
        EventKind::NotCleanedUp { why } => {
            assert!(why.contains("/rehearsal-") && why.contains("it was not gone after"), "{why}");
            is_told = true;
            None
        }
        EventKind::Refused(refusal) => {
            assert_eq!(refusal.phase, Phase::Rehearsed, "{refusal}");
            Some(())
        }
        _ => None,
    });
    let folders = |path: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(path).unwrap().map(|it| it.unwrap().path());
        entries.filter(|it| it.is_dir()).collect()
    };
    assert_ne!(folders(&folders(private.path())[0]).is_empty(), is_told);
}
