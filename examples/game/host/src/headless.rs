//! The game without a terminal: frames one after the other, as fast as they come, and a summary.

use std::{error::Error, fmt};

use game_api::{Board, Keys, Kind};

use crate::{
    frame::Frame,
    modules::{Modules, Part},
};

/// The size of the picture, in pixels.
const SIZE: (u16, u16) = (96, 56);

/// What came of the frames. The same in every run.
#[derive(Debug)]
pub struct Summary {
    /// How many there were.
    pub frames: u64,
    /// How the game stands.
    pub board: Board,
    /// How many bodies there are of each kind.
    pub bodies: [(Kind, usize); 5],
    /// What served, in words.
    pub serving: Vec<String>,
    /// Calls that have no result.
    pub troubles: Vec<String>,
    /// Of the last picture.
    pub checksum: u64,
}

/// Plays by itself, with the modules that are linked in.
///
/// # Errors
/// When one does not start.
pub fn play(frames: u64) -> Result<Summary, Box<dyn Error>> {
    let Modules { slots, host, .. } = Modules::built_in()?;
    let mut frame = Frame::default();
    frame.resize(SIZE);
    let keys = Keys { autopilot: true, ..Keys::default() };
    let mut troubles = Vec::new();
    for _ in 0..frames {
        let new = frame.next(&slots, keys.clone(), &|_| true);
        troubles.extend(new.into_iter().map(|trouble| trouble.error.to_string()));
    }
    let serving = Part::ALL.map(|part| format!("{part} {}", slots.generation(part)));
    host.shutdown()?;
    let count = |kind| (kind, frame.bodies.iter().filter(|body| body.kind == kind).count());
    Ok(Summary {
        frames: frame.number,
        board: frame.board.clone(),
        bodies: [Kind::Paddle, Kind::Ball, Kind::Brick, Kind::Gift, Kind::Spark].map(count),
        serving: serving.into(),
        troubles,
        checksum: frame.checksum(),
    })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { frames, board, bodies, serving, troubles, checksum } = self;
        let Board { score, best, level, lives } = board;
        writeln!(f, "frames       {frames}")?;
        writeln!(f, "score        {score} (best {best}), level {level}, {lives} lives")?;
        let bodies = bodies.map(|(kind, count)| format!("{count} {kind:?}").to_lowercase());
        writeln!(f, "bodies       {}", bodies.join(", "))?;
        writeln!(f, "generations  {}", serving.join(", "))?;
        writeln!(f, "errors       {}", troubles.len())?;
        for trouble in troubles.iter().take(5) {
            writeln!(f, "             {trouble}")?;
        }
        write!(f, "checksum     {checksum:016x}")
    }
}
