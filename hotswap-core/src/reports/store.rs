//! Where reports are kept: in memory, and where the host has a journal in files beside it.
//!
//! `reports/<slot>/00000007.json` is the seventh report of a slot, and `reports/<slot>/under-way.json`
//! what there would be to report if the process ended now. Each is written aside, synced and renamed.
//! Files that cannot be read are left as they are, and named.

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use hotswap_loader::fs::{file_stem_of, make_private, read_regular, replace};
use hotswap_types::{ArtifactHash, escape};
use serde::{Deserialize, Serialize};

use crate::{
    report::{Note, Report},
    written::{OWN, by_another, writer},
};

pub(crate) const FOLDER: &str = "reports";
const UNDER_WAY: &str = "under-way.json";
/// A report that is longer is written without its plan; a file that is longer is no report.
const LARGEST: usize = 1 << 20;
/// No more slots are looked for.
const MOST_SLOTS: usize = 4096;
/// No more notes are taken for a report, and no more findings kept of one that is too long.
const MOST: usize = 64;

/// The format of a file. Every later one keeps the fields of [`Head`].
const FORMAT: u32 = 1;
const SUM: &str = ",\n  \"sum\": \"";
const END: &str = "\n}";

/// Who has written a file.
#[derive(Deserialize)]
struct Head {
    format: u32,
    hotswap: String,
}

/// A report as a file.
#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    hotswap: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

impl<'a> Written<'a> {
    const fn of(report: &'a Report) -> Self {
        Self { format: FORMAT, hotswap: OWN, report }
    }
}

/// The reports of a host.
#[derive(Debug)]
pub(crate) struct Store {
    /// The journal's folder.
    journal: Option<PathBuf>,
    /// Of each slot.
    most: usize,
    /// By the stem of the slot's name.
    shelves: BTreeMap<String, Shelf>,
    /// The same: files that cannot be read, and why.
    damaged: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Default)]
struct Shelf {
    /// The number of the last one.
    last: u64,
    /// The oldest first; and whether it is to be written still.
    reports: VecDeque<(Arc<Report>, bool)>,
    under_way: Option<Report>,
}

/// Why a note was not taken.
#[derive(Debug)]
pub(crate) enum Unnoted {
    /// There is no such report.
    Unknown,
    /// It could not be written.
    Because(String),
}

impl Store {
    /// What earlier runs have left, where there is a journal.
    pub(crate) fn open(journal: Option<&Path>, most: usize) -> Self {
        let (shelves, damaged) = (BTreeMap::new(), BTreeMap::new());
        let journal = journal.map(Path::to_path_buf);
        let mut store = Self { journal, most: most.max(1), shelves, damaged };
        let folder = store.journal.as_ref().map(|journal| journal.join(FOLDER));
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten();
        for entry in entries.flatten().take(MOST_SLOTS) {
            if let Ok(stem) = entry.file_name().into_string() {
                store.read(&entry.path(), &stem);
            }
        }
        store
    }

    fn read(&mut self, folder: &Path, stem: &str) {
        let mut numbers: Vec<u64> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| number_of(&entry.file_name().into_string().ok()?))
            .collect();
        numbers.sort_unstable();
        let excess = numbers.len().saturating_sub(self.most);
        for number in numbers.drain(..excess) {
            let _ = fs::remove_file(folder.join(name_of(number)));
        }
        let last = numbers.last().copied().unwrap_or_default();
        let mut found = Vec::new();
        for number in numbers {
            let path = folder.join(name_of(number));
            match read(&path, stem) {
                Ok(report) => found.push(Report { number, ..report }),
                Err(why) => self.is_damaged(stem, &path, &why),
            }
        }
        let path = folder.join(UNDER_WAY);
        let under_way = match read(&path, stem) {
            Ok(report) => Some(report),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(why) => {
                self.is_damaged(stem, &path, &why);
                None
            }
        };
        let reports = found.into_iter().map(|report| (Arc::new(report), false)).collect();
        self.shelves.insert(stem.to_owned(), Shelf { last, reports, under_way });
    }

    fn is_damaged(&mut self, stem: &str, path: &Path, why: &io::Error) {
        let why = format!(
            "{} is no report that can be read: {}",
            escape::path(path),
            escape::text(&why.to_string())
        );
        self.damaged.entry(stem.to_owned()).or_default().push(why);
    }

    /// Files of a slot that cannot be read, and why; once.
    pub(crate) fn take_damaged(&mut self, slot: &str) -> Vec<String> {
        self.damaged.remove(&file_stem_of(slot)).unwrap_or_default()
    }

    /// Keeps a report, with its number; what could not be written is tried again with the next one.
    pub(crate) fn put(&mut self, report: Report) -> (Arc<Report>, Result<(), String>) {
        let slot = report.slot.clone();
        let (journal, most) = (self.journal.clone(), self.most);
        let shelf = self.shelves.entry(file_stem_of(&slot)).or_default();
        shelf.last = shelf.last.saturating_add(1);
        let report = Arc::new(bounded(Report { number: shelf.last, ..report }));
        shelf.under_way = None;
        shelf.reports.push_back((Arc::clone(&report), true));
        let removed = shelf.reports.len().saturating_sub(most);
        let removed: Vec<_> = shelf.reports.drain(..removed).map(|(it, _)| it.number).collect();
        let Some(journal) = journal else { return (report, Ok(())) };
        let written = folder(&journal, &slot).and_then(|folder| {
            let mut too_large = Ok(());
            for (report, is_unwritten) in shelf.reports.iter_mut().filter(|(_, it)| *it) {
                match write(&folder.join(name_of(report.number)), report) {
                    // It does not get smaller.
                    Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                        too_large = Err(error);
                    }
                    written => written?,
                }
                *is_unwritten = false;
            }
            for number in removed {
                let _ = fs::remove_file(folder.join(name_of(number)));
            }
            match fs::remove_file(folder.join(UNDER_WAY)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => too_large,
            }
        });
        let why = |error: io::Error| format!("the report of an upgrade is not on disk: {error}");
        (report, written.map_err(why))
    }

    /// Writes down what there would be to report if the process ended now, where there is a journal.
    /// What goes wrong costs that report its details alone.
    pub(crate) fn set_under_way(&self, report: Report) -> io::Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let report = bounded(report);
        folder(journal, &report.slot).and_then(|folder| write(&folder.join(UNDER_WAY), &report))
    }

    /// What the last run was about to do in a slot.
    pub(crate) fn take_under_way(&mut self, slot: &str) -> Option<Report> {
        self.shelves.get_mut(&file_stem_of(slot))?.under_way.take()
    }

    /// The reports of a slot, the newest first.
    pub(crate) fn of(&self, slot: &str) -> impl Iterator<Item = &Arc<Report>> {
        self.shelves
            .get(&file_stem_of(slot))
            .into_iter()
            .flat_map(|shelf| shelf.reports.iter().rev())
            .map(first)
    }

    /// All reports.
    pub(crate) fn all(&self) -> Vec<Arc<Report>> {
        self.shelves.values().flat_map(|shelf| &shelf.reports).map(first).cloned().collect()
    }

    /// The newest report of an artifact.
    pub(crate) fn of_artifact(&self, artifact: ArtifactHash) -> Option<Arc<Report>> {
        let all = self.shelves.values().flat_map(|shelf| &shelf.reports).map(first);
        all.filter(|it| it.artifact == artifact).max_by_key(|it| (it.ended, it.number)).cloned()
    }

    /// Adds a note to a report. On an error it is as it was.
    pub(crate) fn note(
        &mut self,
        slot: &str,
        number: u64,
        note: Note,
    ) -> Result<Arc<Report>, Unnoted> {
        let shelf = self.shelves.get_mut(&file_stem_of(slot)).ok_or(Unnoted::Unknown)?;
        let found = shelf.reports.iter_mut().find(|(report, _)| report.number == number);
        let (report, is_unwritten) = found.ok_or(Unnoted::Unknown)?;
        if report.notes.len() >= MOST {
            return Err(Unnoted::Because(format!("it has {MOST} notes")));
        }
        let mut noted = Report::clone(report);
        noted.notes.push(note);
        let noted = Arc::new(noted);
        if let Some(journal) = &self.journal {
            let written = folder(journal, slot)
                .and_then(|folder| write(&folder.join(name_of(number)), &noted));
            written.map_err(|error| Unnoted::Because(error.to_string()))?;
            *is_unwritten = false;
        }
        *report = Arc::clone(&noted);
        Ok(noted)
    }
}

fn first(kept: &(Arc<Report>, bool)) -> &Arc<Report> {
    &kept.0
}

fn name_of(number: u64) -> String {
    format!("{number:08}.json")
}

fn number_of(name: &str) -> Option<u64> {
    let number: u64 = name.strip_suffix(".json")?.parse().ok()?;
    // It is written in one way alone, and there is a next one.
    (name_of(number) == name && number < u64::MAX).then_some(number)
}

/// The folder of a slot, made where it is missing. That of the journal is not: somebody who has
/// removed it should know.
fn folder(journal: &Path, slot: &str) -> io::Result<PathBuf> {
    if !journal.is_dir() {
        let text = format!("the folder {} was removed", escape::path(journal));
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    let all = journal.join(FOLDER);
    let own = all.join(file_stem_of(slot));
    make_private(&all)?;
    make_private(&own)?;
    Ok(own)
}

fn write(path: &Path, report: &Report) -> io::Result<()> {
    let mut text = serde_json::to_string_pretty(&Written::of(report))?;
    if text.len() > LARGEST {
        let text = format!("it has {} bytes, the limit is {LARGEST}", text.len());
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    text.truncate(text.len() - END.len());
    let text = format!("{text}{SUM}{}\"{END}\n", sum(&text));
    replace(path, |out| out.write_all(text.as_bytes()))
}

fn read(path: &Path, stem: &str) -> io::Result<Report> {
    let bytes = read_regular(path, LARGEST as u64 + 100)?;
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    if let Ok(Head { format, hotswap }) = serde_json::from_slice(&bytes)
        && (format != FORMAT && hotswap != OWN)
    {
        return Err(invalid(format!(
            "it {}",
            by_another(format, FORMAT, writer(hotswap.as_bytes()).as_ref())
        )));
    }
    let text = str::from_utf8(&bytes).map_err(|error| invalid(error.to_string()))?;
    let (content, found) = text.rsplit_once(SUM).unwrap_or((text, ""));
    if found != format!("{}\"{END}\n", sum(content)) {
        return Err(invalid("its content does not have the hash that it names".to_owned()));
    }
    let report: Report = serde_json::from_str(text)?;
    if file_stem_of(&report.slot) != stem {
        return Err(invalid(format!(
            "expected one of this folder's slot, found one of {}",
            report.slot
        )));
    }
    Ok(report)
}

fn sum(content: &str) -> String {
    blake3::hash(content.as_bytes()).to_hex()[..16].to_owned()
}

/// What an artifact says of itself may be long: then its plan is left out.
fn bounded(report: Report) -> Report {
    // Half of it is for notes.
    let is_long = |report: &Report| {
        serde_json::to_vec_pretty(report).is_ok_and(|text| text.len() > LARGEST / 2)
    };
    if !is_long(&report) {
        return report;
    }
    let mut report = Report { plan: None, ..report };
    report.findings.push("the plan is too long to be kept".to_owned());
    if is_long(&report) {
        for texts in [&mut report.findings, &mut report.lost] {
            texts.truncate(MOST);
            texts.iter_mut().for_each(|it| it.truncate(it.floor_char_boundary(1024)));
        }
        report.phases.truncate(MOST);
    }
    report
}

#[cfg(all(test, unix))]
mod tests;
