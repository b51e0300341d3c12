//! Everything, as tables, and as the report.

use std::{fs, io};

use crate::{
    builds,
    calls::{self, Exclusive, Figures, Kind, MANY_ROUNDS, ROUNDS, Scene},
    growth, idle, live, machine, modules,
    pause::{Encoded, Moved, Shapes},
    saves::Saves,
    scale, show,
    targets::Measured,
};

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// Tables and pictures, as they come.
#[derive(Debug, Default)]
struct Sheets {
    /// What should be, and what is.
    targets: String,
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
    let images = root.join("docs/src/images");
    fs::create_dir_all(&images)?;
    let mut pictures = String::new();
    for (name, svg) in &sheets.pictures {
        fs::write(images.join(format!("{name}.svg")), svg)?;
        pictures.push_str(&format!("![{name}](src/images/{name}.svg)\n\n"));
    }
    let text = include_str!("report.md")
        .replace("MACHINE", &machine::describe())
        .replace("TARGETS", sheets.targets.trim())
        .replace("PICTURES", pictures.trim_end())
        .replace("TABLES", sheets.text.trim());
    fs::write(root.join("docs/performance.md"), text)
}

/// What a call costs, in every way.
pub(crate) fn calls() {
    add_calls(&mut Sheets::default(), &Scene::new());
}

/// What callers see of an upgrade.
pub(crate) fn pauses() {
    add_pauses(&mut Sheets::default(), &mut Shapes::new());
}

/// How things grow.
pub(crate) fn scale() {
    add_scale(&mut Sheets::default(), &Scene::new(), &mut Shapes::new());
}

/// What a build costs.
pub(crate) fn builds() {
    Sheets::default().add(&show::titled("What a build costs", &builds::measure(1, 12)));
}

/// All tables.
fn everything() -> Sheets {
    let mut sheets = Sheets::default();
    let scene = Scene::new();
    let (one, both, alone) = add_calls(&mut sheets, &scene);
    let live = live::race(40);
    sheets.add(&show::live(&live));
    sheets.pictures.push(("live", show::live_picture(&live)));
    let mut shapes = Shapes::new();
    let (changed, small, large) = add_pauses(&mut sheets, &mut shapes);
    let mut saved = |what, profile| {
        let figures = Saves::new(profile).measure(12);
        sheets.add(&show::saves(what, &figures));
        figures
    };
    let (saves, in_debug) = (saved("release", "release"), saved("debug", "dev"));
    sheets.add(&show::titled("What a build costs", &builds::measure(1, 12)));
    add_scale(&mut sheets, &scene, &mut shapes);
    sheets.add(&show::growth(&growth::measure(10_000)));
    let wakeups = idle::measure();
    let measured = Measured { one, both, alone, live, changed, small, large, saves, wakeups };
    sheets.targets = measured.table(in_debug.overhead()).text();
    println!("\n{}", sheets.targets);
    sheets
}

/// What callers see of an upgrade: 1 MiB in another shape, and 1 MiB and 1 GiB handed over.
fn add_pauses(sheets: &mut Sheets, shapes: &mut Shapes) -> (Encoded, Moved, Moved) {
    let mut encoded = |size, bytes, changed, rounds| {
        let what = if changed { "changed" } else { "unchanged" };
        let figures = shapes.encoded(bytes, changed, rounds);
        sheets.add(&show::encoded(&format!("{size} of state, shape {what}"), &figures));
        figures
    };
    let changed = encoded("1 MiB", MIB, true, 30);
    encoded("1 MiB", MIB, false, 30);
    encoded("16 MiB", 16 * MIB, true, 8);
    encoded("16 MiB", 16 * MIB, false, 8);
    let mut moved = |size, bytes| {
        let figures = shapes.moved(bytes, 40);
        sheets.add(&show::moved(&format!("{size} of state"), &figures));
        figures
    };
    (changed, moved("1 MiB", MIB), moved("1 GiB", GIB))
}

/// How things grow.
fn add_scale(sheets: &mut Sheets, scene: &Scene, shapes: &mut Shapes) {
    const SIZES: [(&str, usize, u64); 5] = [
        ("1 KiB", 1 << 10, 20),
        ("32 KiB", 1 << 15, 20),
        ("1 MiB", MIB, 20),
        ("32 MiB", 32 * MIB, 6),
        ("1 GiB", GIB, 2),
    ];
    let mut add = |title, table| {
        sheets.add(&show::titled(title, &table));
        // What was written goes to the disk before others write.
        rustix::fs::sync();
    };
    add("More slots in a host, each with a copy of one module", scale::slots(&[1, 10, 100, 1000]));
    add("More threads that call at full speed", scale::callers(scene, &[1, 2, 4, 8, 16]));
    add("A larger state; medians", scale::states(shapes, &SIZES));
    add("An interface with more methods", scale::methods());
}

/// What a call costs: numbers by one thread, a reader by one thread and by two, and `&mut self`.
fn add_calls(sheets: &mut Sheets, scene: &Scene) -> (Figures, Figures, Figures) {
    let exclusive = Exclusive::new();
    let both = scene.one_against_two(calls::READER, MANY_ROUNDS);
    sheets.add(&show::one_against_two(calls::READER, &both));
    let mut race = |kind: Kind, threads| {
        let figures = scene.race(kind, threads, ROUNDS);
        sheets.add(&show::race(kind.signature(), threads, &figures, calls::FN_POINTER));
        if let (1, Some(name)) = (threads, kind.picture()) {
            sheets.pictures.push((name, show::picture(kind.signature(), &figures)));
        }
        figures
    };
    let one = race(Kind::Number, 1);
    for kind in Kind::ALL.into_iter().skip(1) {
        race(kind, 1);
    }
    for threads in [2, 4] {
        for kind in Kind::ALL {
            race(kind, threads);
        }
    }
    let mut race = |threads| {
        let figures = exclusive.race(threads, ROUNDS);
        sheets.add(&show::race("&mut self, fn(u64) -> u64", threads, &figures, calls::LOCK));
        figures
    };
    let alone = race(1);
    for threads in [2, 4] {
        race(threads);
    }
    sheets.pictures.push(("calls-exclusive", show::picture("&mut self", &alone)));
    (one, both, alone)
}
