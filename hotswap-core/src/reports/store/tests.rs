use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::report::sample;

fn open(folder: &Path) -> Store {
    Store::open(Some(folder), 3)
}

fn numbers(store: &Store) -> Vec<u64> {
    store.of("shop").map(|report| report.number).collect()
}

fn put(store: &mut Store, times: usize) {
    for _ in 0..times {
        store.put(sample::committed()).1.unwrap();
    }
}

#[test]
fn the_newest_are_kept_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    put(&mut store, 5);
    assert_eq!(numbers(&store), [5, 4, 3]);
    let own = folder.path().join("reports/shop");
    let files = fs::read_dir(&own).unwrap().map(Result::unwrap);
    let modes: Vec<_> =
        files.map(|it| it.metadata().unwrap().permissions().mode() & 0o777).collect();
    assert_eq!(modes, [0o600; 3]);
    assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o700);
    let mut again = Store::open(Some(folder.path()), 2);
    assert_eq!(numbers(&again), [5, 4]);
    put(&mut again, 1);
    assert_eq!(numbers(&again), [6, 5]);
    assert_eq!(fs::read_dir(&own).unwrap().count(), 2);
}

#[test]
fn a_damaged_file_is_named_and_passed_over_and_its_number_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    put(&mut open(folder.path()), 3);
    let file = |name: &str| folder.path().join("reports/shop").join(name);
    let whole = fs::read_to_string(file("00000001.json")).unwrap();
    let damages = [
        whole[..whole.len() / 2].to_owned(),
        "[".repeat(100_000),
        whole.replace("\"slot\": \"shop\"", "\"slot\": \"\\u001b[2J\""),
        whole.replace("\"took_ms\": 3,", "\"took_ms\": -1,"),
        whole.replace("\"took_ms\": 3\n", "\"took_ms\": -1\n"),
        " ".repeat(LARGEST + 2),
    ];
    for damage in damages.into_iter().filter(|it| *it != whole) {
        fs::write(file("00000003.json"), damage).unwrap();
        let mut store = open(folder.path());
        assert_eq!(numbers(&store), [2, 1]);
        let [why] = &store.take_damaged("shop")[..] else { panic!("there is one") };
        assert!(why.contains("00000003.json is no report that can be read"), "{why}");
        assert!(!why.contains('\u{1b}'), "{why}");
        assert!(store.take_damaged("shop").is_empty() && file("00000003.json").exists());
    }
    // Names that nobody has given.
    for name in
        ["3.json", "+0000009.json", "99999999999999999999.json", "18446744073709551615.json"]
    {
        fs::write(file(name), &whole).unwrap();
    }
    let mut store = open(folder.path());
    put(&mut store, 1);
    assert_eq!(numbers(&store), [4, 2, 1]);
}

#[test]
fn notes_are_added_one_by_one_and_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    put(&mut store, 1);
    let before = store.of("shop").next().unwrap().notes.len();
    store.note("shop", 1, Note::new("ada", "x".repeat(10_000))).unwrap();
    assert!(matches!(store.note("shop", 2, Note::new("ada", "why")), Err(Unnoted::Unknown)));
    assert!(matches!(store.note("other", 1, Note::new("ada", "why")), Err(Unnoted::Unknown)));
    let again = open(folder.path());
    let notes = &again.of("shop").next().unwrap().notes;
    assert_eq!((notes.len(), notes[before].problem.len()), (before + 1, 4096));
    for _ in notes.len()..MOST {
        store.note("shop", 1, Note::new("ada", "why")).unwrap();
    }
    let full = store.note("shop", 1, Note::new("ada", "why"));
    assert!(matches!(full, Err(Unnoted::Because(why)) if why == "it has 64 notes"));
}

#[test]
fn what_cannot_be_written_is_kept_in_memory_and_caught_up_on() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let mut store = open(&journal);
    let (_, written) = store.put(sample::committed());
    assert!(written.unwrap_err().contains("was removed"));
    assert!(!journal.exists() && numbers(&store) == [1]);
    assert!(store.set_under_way(sample::committed()).is_err());
    fs::create_dir(&journal).unwrap();
    put(&mut store, 1);
    assert_eq!(numbers(&open(&journal)), [2, 1]);
}

#[test]
fn what_is_under_way_is_there_until_it_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    store.set_under_way(sample::committed()).unwrap();
    let found = open(folder.path()).take_under_way("shop").unwrap();
    assert_eq!(found.artifact, sample::committed().artifact);
    put(&mut store, 1);
    assert!(open(folder.path()).take_under_way("shop").is_none());
}

#[test]
fn one_that_is_too_long_is_kept_without_its_plan() {
    let long = |findings: usize| Report {
        findings: vec!["ü".repeat(1 << 15); findings],
        ..sample::committed()
    };
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path());
    let mut with_plan = sample::committed();
    let mut plan = with_plan.plan.as_deref().unwrap().clone();
    plan.risks = vec![plan.risks[0].clone(); 10_000];
    with_plan.plan = Some(Arc::new(plan));
    for report in [with_plan, long(100)] {
        let (kept, written) = store.put(report);
        written.unwrap();
        assert!(kept.plan.is_none() && kept.findings.len() <= MOST);
    }
    assert_eq!(numbers(&open(folder.path())), [2, 1]);
}

#[test]
fn a_report_of_a_later_format_is_named_with_its_writer_and_one_that_was_changed_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    put(&mut open(folder.path()), 1);
    let file = folder.path().join("reports/shop/00000001.json");
    let whole = fs::read_to_string(&file).unwrap();
    let later = whole.replace("\"format\": 1", "\"format\": 2");
    let later = later.replace(&format!("\"hotswap\": \"{OWN}\""), "\"hotswap\": \"9.1.0\"");
    let changed = whole.replacen("shop", "shoq", 2).replacen("shoq", "shop", 1);
    let table = [
        (later, "it has format 2 and was written by hotswap 9.1.0"),
        (changed, "its content does not have the hash that it names"),
    ];
    for (text, wanted) in table {
        assert_ne!(text, whole);
        fs::write(&file, &text).unwrap();
        let mut store = open(folder.path());
        let [why] = &store.take_damaged("shop")[..] else { panic!("there is one") };
        assert!(why.contains(wanted), "{why}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}
