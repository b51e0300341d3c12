//! Every operation of the disk goes wrong once, in every way, under a journal that is used for a
//! while: the next start succeeds, and finds what was acknowledged.

use std::{path::Path, sync::Arc};

use hotswap_abi::__private::text::in_full;
use hotswap_loader::fs::disk::faults::{Disk, WAYS, Way, with_fault};
use hotswap_types::ArtifactHash;

use super::{
    BackupReason, Build, Journal, What, error::JournalError, line::Line, record::SlotRecord,
    replay::Replay,
};
use crate::{config::Config, sample::manifest, snapshot::Snapshot};

const SLOT: &str = "main";
/// Small enough that a file becomes an older one several times.
const LARGE: u64 = 1500;

/// Whose journal is in that folder.
fn config(journal: &Path) -> Config {
    assert!(journal.ends_with("journal"));
    let config = Config::production().with_data_dir(journal.parent().unwrap());
    config.with_kept_backups(2).with_kept_artifacts(1)
}

fn open(folder: &Path) -> Result<Journal, JournalError> {
    let opened = Journal::open_with(&config(folder), LARGE);
    opened.map(|journal| journal.expect("a folder is given"))
}

fn content(n: u8) -> Vec<u8> {
    vec![n; 40]
}

fn build(n: u8) -> Build {
    let artifact = ArtifactHash::of(&content(n));
    Build::new("tally", semver::Version::new(1, n.into(), 0), artifact)
}

/// What a later run may find: what was acknowledged last, or anything that was said since.
#[derive(Default)]
struct MayFind(Vec<Replay>);

impl MayFind {
    fn after(&mut self, journal: &Journal, acknowledged: bool) {
        if acknowledged {
            self.0.clear();
        }
        self.0.push(timeless(journal.file.replay()));
    }

    /// Something failed, and may be there all the same.
    fn perhaps(&mut self, journal: &Journal, what: What) {
        let mut replay = journal.file.replay().clone();
        replay.apply(&Line::new(0, 0, SLOT, what));
        self.0.push(timeless(&replay));
    }
}

/// One run cannot know to the millisecond what another one has written.
fn timeless(replay: &Replay) -> Replay {
    let mut replay = replay.clone();
    for record in replay.slots.values_mut() {
        let SlotRecord { backups, under_way, history, .. } = record;
        backups.iter_mut().for_each(|it| it.taken = 0);
        under_way.iter_mut().for_each(|it| it.began = 0);
        history.iter_mut().for_each(|it| (it.began, it.at) = (0, 0));
    }
    replay
}

/// Four upgrades, as the worker writes them down: one that cannot be written is cancelled.
fn live(folder: &Path, found: &mut MayFind) -> Result<(), JournalError> {
    let mut journal = open(folder)?;
    found.after(&journal, true);
    let manifest = Arc::new(manifest());
    for n in 1..5 {
        let build = build(n);
        let artifact = build.artifact;
        let _ = journal.append_lazy(SLOT, What::Staged { artifact, path: "a path".to_owned() });
        found.after(&journal, false);
        if journal.keep(artifact, &content(n), Some(b"signature")).is_err() {
            continue;
        }
        let state = Snapshot::new(Arc::clone(&manifest), content(n + 100));
        let record = journal.next_backup(SLOT, Some(artifact), &state, BackupReason::Upgrade);
        let backed_up = journal.back_up(SLOT, Some(artifact), &state, BackupReason::Upgrade);
        found.after(&journal, backed_up.is_ok());
        if backed_up.is_err() {
            found.perhaps(&journal, What::BackedUp(record));
            continue;
        }
        let attempt = journal.record(SLOT).map_or(0, |it| it.tries_of(artifact)) + 1;
        let activating = journal.activating(SLOT, build.clone(), None);
        found.after(&journal, activating.is_ok());
        if activating.is_err() {
            found.perhaps(&journal, What::Activating { build, attempt, strategy: None });
            continue;
        }
        let _ = journal.append_lazy(SLOT, What::Activated { artifact, generation: n.into() });
        found.after(&journal, false);
        let why = "w".repeat(200);
        let committed = journal.append(SLOT, What::Committed { build, generation: n.into(), why });
        found.after(&journal, committed.is_ok());
        journal.tidy();
    }
    let ended = journal.append_durable("", What::Ended);
    found.after(&journal, ended.is_ok());
    if ended.is_err() {
        found.perhaps(&journal, What::Ended);
    }
    Ok(())
}

/// The next run begins, finds what it may find, and every file that it goes by.
fn next_start(folder: &Path, found: &MayFind, what: &str) {
    // Read before the run writes that it begins.
    let read = |folder: &Path| {
        let bytes = std::fs::read(folder.join(super::file::FILE)).unwrap_or_default();
        let (lines, _) = super::file::lines(folder, &bytes).unwrap_or_else(|error| {
            panic!("{what}: the next start fails: {}", in_full(&error));
        });
        let mut replay = Replay::default();
        lines.iter().for_each(|line| replay.apply(line));
        timeless(&replay)
    };
    let replay = read(folder);
    let is_expected = found.0.contains(&replay) || (found.0.is_empty() && replay.slots.is_empty());
    assert!(is_expected, "{what}: found {replay:#?}\nand not one of {:#?}", found.0);
    for _ in 0..2 {
        let mut journal = open(folder).unwrap_or_else(|error| {
            panic!("{what}: the next start fails: {}", in_full(&error));
        });
        for backup in journal.backups(SLOT) {
            let state = journal.state(SLOT, backup.number);
            assert!(state.is_ok(), "{what}: {}", in_full(&state.unwrap_err()));
        }
        let recovery = journal.recovery(SLOT);
        if let Some(first) = recovery.first {
            let kept = std::fs::read(journal.artifact(first.artifact));
            let kept = kept.unwrap_or_else(|error| panic!("{what}: {first} is not kept: {error}"));
            assert_eq!(ArtifactHash::of(&kept), first.artifact, "{what}: {first}");
        }
        journal.append_durable("", What::Ended).unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}

/// A life with a fault in it; `None` when that came too late.
fn one(way: Way, at: usize, place: &Path) -> Option<(Disk, MayFind)> {
    let folder = place.join("journal");
    let mut found = MayFind::default();
    let (_, disk) = with_fault(way, at, || live(&folder, &mut found));
    disk.hit.is_some().then_some((disk, found))
}

fn place() -> tempfile::TempDir {
    // Where that is memory, to sync costs nothing.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(place).unwrap()
}

#[test]
fn whatever_goes_wrong_with_the_disk_the_next_start_succeeds_with_what_was_acknowledged() {
    for way in WAYS {
        let mut at = 0;
        loop {
            let place = place();
            let Some((disk, found)) = one(way, at, place.path()) else { break };
            let what = format!("{way:?} at {at}, {}", disk.hit.as_deref().unwrap_or_default());
            if way == Way::Killed {
                let image = place.path().join("image/journal");
                disk.after_power_cut(&place.path().join("journal"), &image);
                next_start(&image, &found, &format!("{what}, power cut"));
            }
            next_start(&place.path().join("journal"), &found, &what);
            at += 1;
        }
        assert!(at > 100, "{way:?}: {at} operations");
    }
}

#[test]
fn without_a_fault_a_power_cut_loses_nothing() {
    let place = place();
    let (folder, image) = (place.path().join("journal"), place.path().join("image/journal"));
    let mut found = MayFind::default();
    let (lived, disk) = with_fault(Way::Refused, usize::MAX, || live(&folder, &mut found));
    lived.unwrap();
    assert!(folder.join("journal.2.jsonl").exists(), "it has grown past its size");
    disk.after_power_cut(&folder, &image);
    next_start(&image, &found, "power cut");
}
