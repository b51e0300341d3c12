//! The terminal: keys in, the screen out, and its old self again at the end, whatever the end is.

use std::{
    io::{self, Stdout},
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use game_api::Keys;
use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::{
    game::Game,
    screen::{self, View},
    simulation,
};

/// A terminal says when a key is pressed, and not when it is let go: a press counts for so long.
const PRESS: Duration = Duration::from_millis(160);
/// Without a key for so long, the game plays by itself.
const ALONE: Duration = Duration::from_secs(6);
/// How often it is looked for news.
const TICK: Duration = Duration::from_millis(8);

/// Plays until the player has had enough.
///
/// # Errors
/// When the terminal does not do as it is told.
pub fn play(start: impl FnOnce((u16, u16)) -> Game) -> io::Result<()> {
    let over = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&over))?;
    }
    let mut terminal = Ours::take()?;
    let mut game = start(screen::pixels(terminal.0.size()?));
    let mut player = Player::default();
    while !over.load(Ordering::Relaxed) && !player.has_enough {
        let size = screen::pixels(terminal.0.size()?);
        game.tick(player.keys(), size);
        let view = View {
            picture: &game.picture,
            news: &game.news,
            hang: game.hang(),
            scroll: player.scroll,
            autopilot: player.is_away(),
        };
        terminal.0.draw(|frame| screen::draw(&view, frame))?;
        player.play()?;
    }
    drop(terminal);
    game.end();
    Ok(())
}

/// The terminal, as long as it is ours.
struct Ours(Terminal<CrosstermBackend<Stdout>>);

impl Ours {
    fn take() -> io::Result<Self> {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A module's panic is contained, and shown in the game.
            let thread = thread::current();
            if !matches!(thread.name(), Some(simulation::THREAD | "hotswap-step")) {
                give_back();
                before(info);
            }
        }));
        enable_raw_mode()?;
        // From here on it is given back.
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout())).map(Self);
        execute!(io::stdout(), EnterAlternateScreen)?;
        terminal
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        give_back();
    }
}

fn give_back() {
    // There is nothing to be done about a terminal that is gone.
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
}

/// What the player does.
#[derive(Default)]
struct Player {
    steer: f32,
    pressed: Option<Instant>,
    scroll: u16,
    has_enough: bool,
}

impl Player {
    /// Takes the keys that were pressed; waits a little for the first.
    fn play(&mut self) -> io::Result<()> {
        let mut wait = TICK;
        while event::poll(wait)? {
            if let Event::Key(key) = event::read()?
                && key.kind != KeyEventKind::Release
            {
                self.press(key);
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    fn press(&mut self, key: KeyEvent) {
        let mut steer = |by| {
            self.steer = by;
            self.pressed = Some(Instant::now());
        };
        match key.code {
            KeyCode::Left | KeyCode::Char('a') => steer(-1.0),
            KeyCode::Right | KeyCode::Char('d') => steer(1.0),
            KeyCode::PageDown => self.scroll = self.scroll.saturating_add(5),
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(5),
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.has_enough = true;
            }
            KeyCode::Char('q') => self.has_enough = true,
            _ => {}
        }
    }

    fn is_away(&self) -> bool {
        self.pressed.is_none_or(|pressed| pressed.elapsed() > ALONE)
    }

    fn keys(&self) -> Keys {
        let is_pressed = self.pressed.is_some_and(|pressed| pressed.elapsed() < PRESS);
        Keys { steer: if is_pressed { self.steer } else { 0.0 }, autopilot: self.is_away() }
    }
}
