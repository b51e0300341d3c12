//! What the terminal shows, held to the files in `screen/`.

use std::{env, fs, path::Path, time::Instant};

use game::{
    frame::Frame,
    modules::Modules,
    news::News,
    screen::{self, View},
};
use game_api::Keys;
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    layout::Size,
    style::Color,
};

/// A cell as a letter: of a cell of the picture, which of its two pixels are lit.
fn letter(cell: &Cell) -> &str {
    let is_lit = |color| match color {
        Color::Rgb(red, green, blue) => [red, green, blue].iter().any(|part| *part > 0x70),
        _ => false,
    };
    match (cell.symbol(), is_lit(cell.fg), is_lit(cell.bg)) {
        ("▀", true, true) => "█",
        ("▀", true, false) => "▀",
        ("▀", false, true) => "▄",
        ("▀", false, false) => " ",
        (symbol, ..) => symbol,
    }
}

fn text(buffer: &Buffer) -> Vec<String> {
    let rows = buffer.content.chunks(buffer.area.width.into());
    rows.map(|row| row.iter().map(letter).collect::<String>().trim_end().to_owned()).collect()
}

/// What is shown after so many frames, in a terminal of 76 × 28.
fn shown(frames: u64, change: impl FnOnce(&mut News)) -> Vec<String> {
    let modules = Modules::built_in().unwrap();
    let mut news = News::default();
    modules.events.try_iter().for_each(|event| news.told(&event, Instant::now()));
    change(&mut news);
    let mut frame = Frame::default();
    let size = Size::new(76, 28);
    frame.resize(screen::pixels(size));
    let keys = Keys { autopilot: true, ..Keys::default() };
    for _ in 0..frames {
        let troubles = frame.next(&modules.slots, keys.clone(), &|_| true);
        assert!(troubles.is_empty(), "{troubles:?}");
    }
    let mut terminal = Terminal::new(TestBackend::new(size.width, size.height)).unwrap();
    let view = View { picture: &frame, news: &news, hang: None, scroll: 0, autopilot: true };
    terminal.draw(|to| screen::draw(&view, to)).unwrap();
    text(terminal.backend().buffer())
}

/// Holds what is shown to what was shown; with `GAME_BLESS=1`, takes it as it is from now on.
#[track_caller]
fn check(shown: &[String], name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screen").join(name);
    let shown = shown.join("\n") + "\n";
    if env::var_os("GAME_BLESS").is_some() {
        fs::write(&path, &shown).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap();
    assert_eq!(shown, expected, "shown:\n{shown}");
}

#[test]
fn a_frame() {
    check(&shown(500, |_| ()), "frame.txt");
}

#[test]
fn what_does_not_build_is_shown_above_the_game() {
    let error = "error: expected `;`, found `}`\n --> examples/game/physics/src/lib.rs:20:30\n  \
                 |\n20 | const GRAVITY: f32 = 14.0\n  |                          ^ help: add `;` here";
    check(&shown(75, |news| news.errors.push(error.to_owned())), "error.txt");
}
