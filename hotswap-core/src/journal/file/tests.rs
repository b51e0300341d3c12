use std::os::unix::fs::PermissionsExt as _;

use hotswap_abi::__private::text::in_full;
use hotswap_types::ArtifactHash;

use super::*;
use crate::journal::record::Build;

fn build(n: u8) -> Build {
    Build::new("arcade", format!("1.{n}.0").parse().unwrap(), ArtifactHash::of(&[n]))
}

fn committed(n: u8) -> What {
    What::Committed { build: build(n), generation: 1, why: String::new() }
}

fn open(folder: &Path) -> JournalFile {
    JournalFile::open(folder, LARGE).unwrap()
}

fn first(journal: &JournalFile) -> Option<Build> {
    journal.replay().slot("main")?.recovery(2).first
}

#[test]
fn what_was_written_is_there_for_the_next_run_and_for_nobody_else() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("deep").join("journal");
    let mut journal = open(&folder);
    journal.append_durable("main", committed(1)).unwrap();
    let error = JournalFile::open(&folder, LARGE).unwrap_err();
    assert!(error.to_string().contains("another host has the journal"), "{error}");
    drop(journal);
    assert_eq!(first(&open(&folder)), Some(build(1)));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!([mode(&folder.join(FILE)), mode(&folder.join(LOCK))], [0o600; 2]);
}

#[test]
fn every_cut_and_every_flip_is_a_torn_last_line_or_named() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(FILE);
    let mut journal = open(place.path());
    for n in 1..4 {
        journal.append_durable("main", committed(n)).unwrap();
    }
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let (all, _) = lines(&path, &whole).unwrap();
    for end in 0..whole.len() {
        let (read, good) = lines(&path, &whole[..end]).unwrap();
        assert_eq!(read, all[..read.len()]);
        assert_eq!(good, whole[..end].iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1));
    }
    let last = whole[..whole.len() - 1].iter().rposition(|it| *it == b'\n').unwrap() + 1;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        match lines(&path, &bytes) {
            // Its line feed is gone, so it is not whole.
            Ok((read, good)) => {
                assert!(at == whole.len() - 1, "flipped at {at}");
                assert_eq!((read.len(), good), (all.len() - 1, last));
            }
            Err(error) => {
                let text = in_full(&error);
                let line = 1 + whole[..at].iter().filter(|it| **it == b'\n').count();
                assert!(text.contains(&format!("line {line} of {}", path.display())), "{text}");
                assert!(text.contains("expected ") && text.contains("found"), "{text}");
            }
        }
    }
    // A line that is missing, or there twice.
    let split: Vec<_> = whole.split_inclusive(|it| *it == b'\n').collect();
    let without = [split[0], split[2]].concat();
    let text = in_full(&lines(&path, &without).unwrap_err());
    assert!(text.contains("expected line number 2, found 3"), "{text}");
    assert!(lines(&path, &[split[0], split[1], split[1]].concat()).is_err());

    // Torn: cut, and gone on with.
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let mut journal = open(place.path());
    assert_eq!(first(&journal), Some(build(2)));
    journal.append_durable("main", committed(4)).unwrap();
    drop(journal);
    assert_eq!(first(&open(place.path())), Some(build(4)));

    // Damaged: named, and left as it is.
    let mut bytes = whole.clone();
    bytes[last - 20] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let error = in_full(&JournalFile::open(place.path(), LARGE).unwrap_err());
    assert!(error.contains("is damaged, and the file was left as it is"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_journal_that_is_gone_beside_what_it_names_is_an_error() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path()));
    fs::create_dir(place.path().join("backups")).unwrap();
    fs::write(place.path().join("backups").join("main-00000001.snapshot"), b"").unwrap();
    fs::remove_file(place.path().join(FILE)).unwrap();
    let error = JournalFile::open(place.path(), LARGE).unwrap_err();
    assert!(matches!(error, JournalError::Missing { .. }), "{error}");
    fs::write(place.path().join(FILE), b"").unwrap();
    assert!(JournalFile::open(place.path(), LARGE).is_err());
}

#[test]
fn a_file_that_grows_becomes_an_older_one_and_nothing_is_forgotten() {
    let place = tempfile::tempdir().unwrap();
    let mut journal = JournalFile::open(place.path(), 4096).unwrap();
    for n in 0..250 {
        journal.append_durable("main", committed(n)).unwrap();
    }
    let replay = journal.replay().clone();
    drop(journal);
    let names = || {
        let entries = fs::read_dir(place.path()).unwrap().map(|it| it.unwrap());
        let mut names: Vec<_> = entries.map(|it| it.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let older = ["journal.1.jsonl", "journal.2.jsonl", "journal.3.jsonl", "journal.4.jsonl"];
    assert_eq!(names(), [&older[..], &[FILE, LOCK]].concat());
    let again = JournalFile::open(place.path(), 4096).unwrap();
    assert_eq!(*again.replay(), replay);
    let read = |name: &str| {
        let path = place.path().join(name);
        lines(&path, &fs::read(&path).unwrap()).unwrap().0
    };
    let (newest, before) = (read(FILE), read("journal.1.jsonl"));
    assert_eq!(newest[0].n, before.last().unwrap().n + 1);
}

/// Where it was logged, whoever is told of it and asks the journal would wait for himself.
#[test]
fn that_a_file_has_grown_past_its_size_is_told_to_whoever_asks() {
    let place = tempfile::tempdir().unwrap();
    let mut journal = JournalFile::open(place.path(), 4096).unwrap();
    for n in 1..=OLDER {
        let older = place.path().join(format!("journal.{n}.jsonl"));
        fs::create_dir_all(older.join("in the way")).unwrap();
    }
    let growth = (0..250).find_map(|n| {
        journal.append_durable("main", committed(n)).unwrap();
        journal.take_growth()
    });
    assert!(growth.unwrap().contains(FILE));
    assert_eq!(journal.take_growth(), None);
}

#[test]
fn what_could_not_be_written_does_not_count_or_is_caught_up_on() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("journal");
    let mut journal = open(&folder);
    journal.append_durable("main", committed(1)).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let error = in_full(&journal.append_durable("main", committed(2)).unwrap_err());
    assert!(error.contains("its folder was removed"), "{error}");
    assert_eq!(first(&journal), Some(build(1)));
    // It has been done, and cannot be taken back.
    journal.append("main", committed(3)).unwrap_err();
    assert_eq!(first(&journal), Some(build(3)));
    make_private(&folder).unwrap();
    journal.append_durable("main", What::Recovered { build: None, backup: None }).unwrap();
    drop(journal);
    assert_eq!(first(&open(&folder)), Some(build(3)));
}

#[test]
fn a_journal_of_a_later_format_is_told_from_damage_with_its_writer() {
    let place = tempfile::tempdir().unwrap();
    drop(open(place.path()));
    let path = place.path().join(FILE);
    let own = fs::read_to_string(&path).unwrap();
    let head = format!("{{\"v\":2,\"hotswap\":\"{OWN}\",");
    assert!(own.starts_with(&head), "{own}");
    for (later, by) in [
        ("{\"v\":3,\"hotswap\":\"9.1.0\",\"and\":\"more\"}\n\0\0\n{\"v\":3}\n", "hotswap 9.1.0"),
        ("{\"v\":1,\"n\":1,\"at\":1}\n", "another version"),
    ] {
        fs::write(&path, later).unwrap();
        let error = in_full(&JournalFile::open(place.path(), LARGE).unwrap_err());
        let (found, wanted) = (&later[5..6], "nothing was changed");
        let says = format!("has format {found} and was written by {by}, and this is hotswap {OWN}");
        assert!(error.contains(&says) && error.contains(wanted), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), later);
    }
    // A line in the middle of our own is damaged.
    fs::write(&path, format!("{own}{{\"v\":3,\"hotswap\":\"9.1.0\"}}\n")).unwrap();
    let error = in_full(&JournalFile::open(place.path(), LARGE).unwrap_err());
    assert!(error.contains("is damaged"), "{error}");
}

#[test]
fn what_a_power_cut_has_left_of_the_last_line_is_cut() {
    let place = tempfile::tempdir().unwrap();
    let mut journal = open(place.path());
    journal.append_durable("main", committed(1)).unwrap();
    drop(journal);
    let path = place.path().join(FILE);
    let whole = fs::read(&path).unwrap();
    for tail in [&[0; 100][..], b"\0\0\0\0\"sum\":\"0123\"}\n"] {
        fs::write(&path, [&whole, tail].concat()).unwrap();
        assert_eq!(first(&open(place.path())), Some(build(1)));
    }
    // Behind it stands something that was written later: that is damage.
    fs::write(&path, [&whole, &b"\0\0\n"[..], &whole].concat()).unwrap();
    JournalFile::open(place.path(), LARGE).unwrap_err();
    // Nothing of it is whole: that is no journal without a past.
    fs::write(&path, &whole[..20]).unwrap();
    let error = in_full(&JournalFile::open(place.path(), LARGE).unwrap_err());
    assert!(error.contains("line 1 of") && error.contains("cut off"), "{error}");
}

/// An older file that a failed rotation has left is the journal itself, by a second name.
#[test]
fn a_rotation_never_writes_to_what_is_there() {
    let place = tempfile::tempdir().unwrap();
    let mut journal = JournalFile::open(place.path(), 4096).unwrap();
    journal.append_durable("main", committed(0)).unwrap();
    fs::hard_link(place.path().join(FILE), place.path().join("journal.1.jsonl")).unwrap();
    // It does not get out of the way.
    fs::create_dir_all(place.path().join("journal.2.jsonl").join("in the way")).unwrap();
    for n in 1..30 {
        journal.append_durable("main", committed(n)).unwrap();
    }
    let replay = journal.replay().clone();
    drop(journal);
    let again = JournalFile::open(place.path(), 4096).unwrap();
    assert_eq!(*again.replay(), replay);
    assert!(place.path().join("journal.1.jsonl").is_file());
}
