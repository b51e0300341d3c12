//! Everything, as tables, and as the report.

use std::{fs, io};

use crate::{
    builds,
    calls::{self, Exclusive, Kind, MANY_ROUNDS, ROUNDS, Scene},
    growth, idle, live, machine, modules,
    pause::Shapes,
    saves::Saves,
    scale, show,
};

/// Tables and pictures, as they come.
#[derive(Debug, Default)]
struct Sheets {
    text: String,
    pictures: Vec<(&'static str, String)>,
}

impl Sheets {
    fn add(&mut self, text: &str) {
        print!("{text}");
        self.text.push_str(text);
    }
}

/// Prints the tables.
pub(crate) fn run() {
    everything();
}

/// Prints them, and writes `docs/performance.md` with its pictures.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn report() -> io::Result<()> {
    let sheets = everything();
    let root = modules::suite().join("../..");
    let images = root.join("docs/images");
    fs::create_dir_all(&images)?;
    let mut pictures = String::new();
    for (name, svg) in &sheets.pictures {
        fs::write(images.join(format!("{name}.svg")), svg)?;
        pictures.push_str(&format!("![{name}](images/{name}.svg)\n\n"));
    }
    let text = include_str!("report.md")
        .replace("MACHINE", &machine::describe())
        .replace("PICTURES", pictures.trim_end())
        .replace("TABLES", sheets.text.trim());
    fs::write(root.join("docs/performance.md"), text)
}

/// What a call costs, in every way.
pub(crate) fn calls() {
    add_calls(&mut Sheets::default());
}

/// What callers see of an upgrade.
pub(crate) fn pauses() {
    add_pauses(&mut Sheets::default(), &mut Shapes::new());
}

/// How things grow.
pub(crate) fn scale() {
    add_scale(&mut Sheets::default(), &mut Shapes::new());
}

/// What a build costs.
pub(crate) fn builds() {
    Sheets::default().add(&show::titled("What a build costs", &builds::measure(2, 12)));
}

fn everything() -> Sheets {
    let mut sheets = Sheets::default();
    add_calls(&mut sheets);
    sheets.add(&show::live(&live::race(40)));
    let mut shapes = Shapes::new();
    add_pauses(&mut sheets, &mut shapes);
    for (what, profile) in [("release", "release"), ("debug", "dev")] {
        sheets.add(&show::saves(what, &Saves::new(profile).measure(12)));
    }
    sheets.add(&show::titled("What a build costs", &builds::measure(2, 12)));
    add_scale(&mut sheets, &mut shapes);
    sheets.add(&show::growth(&growth::measure(10_000)));
    if let Some(wakeups) = idle::measure() {
        sheets.add(&format!("\nAn idle host wakes up {wakeups} times a second.\n"));
    }
    sheets
}

/// What callers see of an upgrade.
fn add_pauses(sheets: &mut Sheets, shapes: &mut Shapes) {
    for (size, bytes, rounds) in [("1 MiB", 1 << 20, 30), ("16 MiB", 16 << 20, 8)] {
        for (what, changed) in [("changed", true), ("unchanged", false)] {
            let figures = shapes.encoded(bytes, changed, rounds);
            sheets.add(&show::encoded(&format!("{size} of state, shape {what}"), &figures));
        }
    }
    for (size, bytes) in [("1 MiB", 1 << 20), ("1 GiB", 1 << 30)] {
        let figures = shapes.moved(bytes, 40);
        sheets.add(&show::moved(&format!("{size} of state"), &figures));
    }
}

/// How things grow.
fn add_scale(sheets: &mut Sheets, shapes: &mut Shapes) {
    const SIZES: [(&str, usize, u64); 5] = [
        ("1 KiB", 1 << 10, 20),
        ("32 KiB", 1 << 15, 20),
        ("1 MiB", 1 << 20, 20),
        ("32 MiB", 1 << 25, 6),
        ("1 GiB", 1 << 30, 2),
    ];
    let mut add = |title, table| sheets.add(&show::titled(title, &table));
    add("More slots in a host, each with a copy of one module", scale::slots(&[1, 10, 100, 1000]));
    add("More threads that call at full speed", scale::callers(&[1, 2, 4, 8, 16]));
    add("A larger state; medians", scale::states(shapes, &SIZES));
    add("An interface with more methods", scale::methods());
}

fn add_calls(sheets: &mut Sheets) {
    let (scene, exclusive) = (Scene::new(), Exclusive::new());
    let both = scene.one_against_two(calls::READER, MANY_ROUNDS);
    sheets.add(&show::one_against_two(calls::READER, &both));
    for threads in [1, 2, 4] {
        for kind in Kind::ALL {
            let figures = scene.race(kind, threads, ROUNDS);
            sheets.add(&show::race(kind.signature(), threads, &figures, calls::FN_POINTER));
            if let (1, Some(name)) = (threads, kind.picture()) {
                sheets.pictures.push((name, show::picture(kind.signature(), &figures)));
            }
        }
        let figures = exclusive.race(threads, ROUNDS);
        sheets.add(&show::race("&mut self, fn(u64) -> u64", threads, &figures, calls::LOCK));
        if threads == 1 {
            sheets.pictures.push(("calls-exclusive", show::picture("&mut self", &figures)));
        }
    }
}
