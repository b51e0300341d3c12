//! What the terminal shows: the game, what serves, the log, and what is wrong.

use std::time::Instant;

use game_api::{HEIGHT, Pixel, WIDTH};
use hotswap_core::event::{Live, StateNote};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Constraint, Layout, Rect, Size},
    style::{Color, Style, Stylize as _},
    text::{Line, Span},
    widgets::{Block, Borders, Clear, Paragraph, Widget as _, Wrap},
};

use crate::{
    frame,
    modules::Part,
    news::{News, Serving, Tone, Wrong},
    simulation::Call,
};

const DIM: Color = Color::Rgb(0x7a, 0x84, 0xad);
const TEXT: Color = Color::Rgb(0xc9, 0xd4, 0xff);
const GOOD: Color = Color::Rgb(0x4b, 0xe3, 0x8a);
const BAD: Color = Color::Rgb(0xff, 0x6b, 0x81);
const NIGHT: Color = Color::Rgb(0x07, 0x0b, 0x1f);
/// Lines of the status, and of the log.
const STATUS: u16 = 3;
const LOG: u16 = 5;

/// What is shown.
#[derive(Debug)]
pub struct View<'a> {
    /// The game's picture.
    pub picture: &'a frame::Frame,
    /// What was told.
    pub news: &'a News,
    /// The call that hangs.
    pub hang: Option<Call>,
    /// How many lines of what is wrong were read.
    pub scroll: u16,
    /// Nobody plays.
    pub autopilot: bool,
}

/// The size of the game's picture in a terminal of this size.
#[must_use]
pub fn pixels(terminal: Size) -> (u16, u16) {
    let rows = terminal.height.saturating_sub(STATUS + LOG + 1).max(1);
    let by_height = f32::from(rows) * 2.0 * WIDTH / HEIGHT;
    let width = by_height.min(f32::from(terminal.width)).max(1.0);
    let height = (width * HEIGHT / WIDTH / 2.0).ceil() * 2.0;
    (width as u16, (height as u16).min(rows * 2))
}

/// Draws all of it.
pub fn draw(view: &View<'_>, frame: &mut Frame<'_>) {
    let news = view.news;
    let area = frame.area();
    let buffer = frame.buffer_mut();
    buffer.set_style(area, Style::new().bg(NIGHT).fg(TEXT));
    let [game, status, log] = Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(STATUS),
        Constraint::Length(LOG + 1),
    ])
    .areas(area);
    picture(view.picture, game, buffer);
    serving(view, status, buffer);
    lines(news, log, buffer);
    let wrong = news.wrong(view.hang, Instant::now());
    if let Some(wrong) = wrong.first() {
        trouble(wrong, view.scroll, area, buffer);
    }
}

/// The game's picture, two pixels in a cell, in the middle of an area.
pub fn picture(picture: &frame::Frame, area: Rect, buffer: &mut Buffer) {
    let width = picture.width.min(area.width);
    let left = area.x + (area.width - width) / 2;
    let rows: Vec<_> = picture.pixels.chunks(usize::from(picture.width.max(1))).collect();
    let cells = rows.chunks(2).zip(area.y..area.bottom());
    let mut height: u16 = 0;
    for (pair, y) in cells {
        let lower = pair.get(1).unwrap_or(&pair[0]);
        for (x, (above, below)) in pair[0].iter().zip(*lower).enumerate().take(width.into()) {
            let cell = &mut buffer[(left + x as u16, y)];
            cell.set_char('▀').set_fg(color(*above)).set_bg(color(*below));
        }
        height += 1;
    }
    for label in &picture.labels {
        let length = label.text.chars().count() as u16;
        let middle = (label.x * f32::from(width)) as u16;
        let x = left + middle.saturating_sub(length / 2).min(width.saturating_sub(length));
        let y = area.y + ((label.y * f32::from(height)) as u16).min(height.saturating_sub(1));
        for (at, letter) in (x..left + width).zip(label.text.chars()) {
            let Some(cell) = buffer.cell_mut((at, y)) else { break };
            cell.set_char(letter).set_fg(color(label.color));
        }
    }
}

fn color(Pixel { red, green, blue }: Pixel) -> Color {
    Color::Rgb(red, green, blue)
}

fn serving(view: &View<'_>, area: Rect, buffer: &mut Buffer) {
    let news = view.news;
    let mut lines: Vec<Line<'_>> =
        Part::ALL.iter().zip(&news.serving).map(|(part, it)| module(*part, it)).collect();
    let building = match (news.building, &news.built) {
        (Some(since), _) => {
            let dots = ".".repeat(1 + (since.elapsed().as_millis() / 300 % 3) as usize);
            Span::from(format!("building{dots:3} {:.1} s", since.elapsed().as_secs_f32())).fg(TEXT)
        }
        (None, Some(built)) if built.success => Span::from(built.to_string()).fg(DIM),
        (None, Some(_)) => Span::from("does not build").fg(BAD),
        (None, None) => Span::from("not built yet").fg(DIM),
    };
    let plays = if view.autopilot { "plays by itself" } else { "you play" };
    let keys = Span::from(format!("  ·  {plays}, ← → to steer, q to end")).fg(DIM);
    lines.push(Line::from(vec![Span::from(" cargo    ").fg(DIM), building, keys]));
    Paragraph::new(lines).render(area, buffer);
}

/// What serves, and how it came.
fn module(part: Part, serving: &Serving) -> Line<'static> {
    let mut spans = vec![Span::from(format!(" {:<8} ", part.to_string())).fg(TEXT).bold()];
    let Some(live) = &serving.live else { return Line::from(spans) };
    let Live { generation, release, took, pause, state, .. } = live;
    spans.push(Span::from(format!("generation {generation}")).fg(GOOD));
    if let Some(after) = serving.after_save {
        spans.push(Span::from(format!("  ·  live in {} ms", after.as_millis())).fg(TEXT).bold());
    }
    let how = match (release.artifact, pause) {
        (None, _) => "linked in".to_owned(),
        (_, None) => format!("upgrade {took:.1?}"),
        (_, Some(pause)) => format!("upgrade {took:.1?}, pause {pause:.1?}"),
    };
    let state = match state {
        StateNote::Dropped { .. } => "state dropped".to_owned(),
        state => state.to_string(),
    };
    spans.push(Span::from(format!("  ·  {how}  ·  {state}")).fg(DIM));
    Line::from(spans)
}

fn lines(news: &News, area: Rect, buffer: &mut Buffer) {
    let block = Block::new().borders(Borders::TOP).border_style(Style::new().fg(DIM));
    let inner = block.inner(area);
    block.render(area, buffer);
    let skip = news.lines.len().saturating_sub(inner.height.into());
    let lines = news.lines.iter().skip(skip).map(|line| {
        let color = match line.tone {
            Tone::Plain => DIM,
            Tone::Good => GOOD,
            Tone::Bad => BAD,
        };
        Line::from(format!(" {}", line.text)).fg(color)
    });
    Paragraph::new(lines.collect::<Vec<_>>()).render(inner, buffer);
}

/// What is wrong, above the lower part of the game.
fn trouble(wrong: &Wrong, scroll: u16, area: Rect, buffer: &mut Buffer) {
    let width = area.width.saturating_sub(4).min(110);
    let text = Paragraph::new(wrong.text.as_str()).wrap(Wrap { trim: false });
    let room = area.height.saturating_sub(STATUS + LOG + 1);
    let needed = lines_of(&wrong.text, width.saturating_sub(2)) + 2;
    let height = needed.min(room * 3 / 4).max(3);
    let place = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + room.saturating_sub(height),
        width,
        height: height.min(area.height),
    };
    Clear.render(place, buffer);
    let more = if needed > height { " page down for more " } else { "" };
    let block = Block::bordered()
        .border_style(Style::new().fg(BAD))
        .style(Style::new().bg(Color::Rgb(0x1c, 0x0a, 0x14)).fg(TEXT))
        .title(Line::from(format!(" {} ", wrong.title)).fg(BAD).bold())
        .title_bottom(Line::from(more).fg(DIM).right_aligned());
    text.block(block).scroll((scroll.min(needed - height), 0)).render(place, buffer);
}

fn lines_of(text: &str, width: u16) -> u16 {
    let width = usize::from(width.max(1));
    text.lines().map(|line| line.chars().count().div_ceil(width).max(1) as u16).sum()
}
