//! The table: which rows are run, a line for each, and the last line.

use std::{
    env, fmt,
    panic::{self, AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
    slice,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::Duration,
};

use super::{
    apart::{self, Ended},
    check::{Wrong, check},
    place::Place,
    row::{Group, Happened, Row, Setting, Way},
};
use crate::fixture;

/// What a row may take before it counts as one that never ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// What runs a part of a row that does not survive.
pub(super) type Part = fn(&str, &Path) -> ExitCode;

/// How a row came out.
enum Report {
    Here(Option<Happened>, Wrong),
    /// In a process of its own, which has printed its line.
    Apart {
        as_promised: bool,
    },
    Skipped(&'static str),
}

/// As the arguments say.
pub(super) fn run(groups: Vec<Group>, part_of: Part, args: &[String]) -> ExitCode {
    keep_quiet();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match args[..] {
        [apart::PART, part, folder] => part_of(part, folder.as_ref()),
        [apart::ROW, name] => table(groups, |row| row.name == name, true),
        ["--list"] => {
            let rows = groups.iter().flat_map(|group| &group.rows);
            rows.for_each(|row| say(row.name));
            ExitCode::SUCCESS
        }
        [] => table(groups, |_| true, false),
        ref words => table(groups, |row| words.iter().any(|word| row.name.contains(word)), false),
    }
}

fn table(groups: Vec<Group>, wanted: impl Fn(&Row) -> bool, is_child: bool) -> ExitCode {
    let width = groups.iter().flat_map(|it| &it.rows).map(|row| row.name.len()).max().unwrap_or(0);
    let (mut rows, mut good, mut skipped) = (0, 0, 0);
    // Building takes longer than any row may.
    let _ = fixture("counter");
    for Group { title, setting, rows: all } in groups {
        let chosen: Vec<_> = all.into_iter().filter(&wanted).map(Arc::new).collect();
        if !chosen.is_empty() && !is_child {
            say(format_args!("{title}"));
        }
        let mut shared = None;
        for row in chosen {
            let report = match row.way {
                Some(way) if !is_child => apart(row.name, way),
                _ => here(&row, setting, &mut shared, rows),
            };
            say_row(&row, width, &report);
            match report {
                Report::Skipped(_) => skipped += 1,
                Report::Here(_, wrong) if wrong.is_empty() => (rows, good) = (rows + 1, good + 1),
                Report::Apart { as_promised: true } => (rows, good) = (rows + 1, good + 1),
                _ => rows += 1,
            }
        }
    }
    if !is_child {
        if skipped > 0 {
            say(format_args!("skipped here, and not counted: {skipped}"));
        }
        say(format_args!("faults: {rows} rows, {good} as promised"));
    }
    if good == rows && rows > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// In a process of its own.
fn apart(row: &str, way: Way) -> Report {
    match apart::run(row, way) {
        Ended::Skipped(why) => Report::Skipped(why),
        Ended::Printed { text, as_promised } => {
            detail(&[text], "");
            Report::Apart { as_promised }
        }
    }
}

/// In this process, on a thread that can be left behind.
fn here(row: &Arc<Row>, setting: Setting, shared: &mut Option<Place>, number: usize) -> Report {
    (row.builds)();
    let place = if row.setting.is_some() { None } else { shared.take() };
    let setting = row.setting.unwrap_or(setting);
    let (reply, answer) = mpsc::channel();
    let heard = Arc::new(Mutex::new(place.as_ref().map(Place::heard)));
    let work = {
        let (row, heard) = (Arc::clone(row), Arc::clone(&heard));
        move || {
            let mut place = place;
            let result = catch_unwind(AssertUnwindSafe(|| {
                let place = place.get_or_insert_with(|| Place::new(setting));
                *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(place.heard());
                check(&row, place, &format!("good {number}"))
            }));
            let _ = reply.send((result.ok(), place));
        }
    };
    let started = thread::Builder::new().name("row".to_owned()).spawn(work);
    drop(started.expect("a thread can be started"));
    let (happened, mut wrong, place) = match answer.recv_timeout(PATIENCE) {
        Ok((Some((happened, wrong)), place)) => (Some(happened), wrong, place),
        Ok((None, place)) => (None, vec![last_panic()], place),
        Err(_) => (None, vec![format!("it is not over after {PATIENCE:?}")], None),
    };
    if wrong.is_empty() && row.setting.is_none() {
        *shared = place;
    } else {
        // What is left of a row that went wrong may take its time to end.
        thread::spawn(move || drop(place));
    }
    if !wrong.is_empty() {
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).take();
        let heard = heard.map(|it| it.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let heard = heard.unwrap_or_default();
        let last = heard.iter().skip(heard.len().saturating_sub(6));
        wrong.extend(last.map(|event| format!("told: {event}")));
    }
    Report::Here(happened, wrong)
}

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Rows panic on purpose; where one does not, its text is in the table.
fn keep_quiet() {
    panic::set_hook(Box::new(|info| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = info.to_string();
    }));
}

fn last_panic() -> String {
    LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn say_row(row: &Row, width: usize, report: &Report) {
    let name = row.name;
    match report {
        Report::Apart { .. } => {}
        Report::Skipped(why) => say(format_args!("skip     {name:width$}  {why}")),
        Report::Here(Some(happened), wrong) => {
            let word = if wrong.is_empty() { "ok" } else { "DIFFERS" };
            say(format_args!("{word:7}  {name:width$}  {}", line(happened)));
            if !wrong.is_empty() {
                detail(slice::from_ref(&happened.text), "         | ");
            }
            detail(wrong, "         ! ");
        }
        Report::Here(None, wrong) => {
            say(format_args!("DIFFERS  {name:width$}  it did not come out"));
            detail(wrong, "         ! ");
        }
    }
}

fn detail(texts: &[String], indent: &str) {
    for line in texts.iter().flat_map(|text| text.lines()) {
        say(format_args!("{indent}{line}"));
    }
}

/// What happened, in a line. Of paths in the temporary folder the names are enough.
fn line(happened: &Happened) -> String {
    const LONGEST: usize = 110;
    let folder = env::temp_dir().display().to_string();
    let mut text = String::new();
    for word in happened.short().split(' ') {
        let short = match word.rsplit_once('/') {
            Some((path, name)) if path.starts_with(&folder) => format!("…/{name}"),
            _ => word.to_owned(),
        };
        text.push(' ');
        text.push_str(&short);
    }
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain(['…']).collect();
    }
    match text.trim() {
        "" => happened.outcome.clone(),
        text => format!("{}: {text}", happened.outcome),
    }
}

#[expect(clippy::print_stdout, reason = "the table is what the program is for")]
fn say(line: impl fmt::Display) {
    println!("{line}");
}
