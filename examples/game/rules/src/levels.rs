//! The walls. A letter is a brick of that colour; see `draw.rs`.

use game_api::{Brick, WIDTH};

// Try changing these: a new wall is put up when the next level begins.

const LEVELS: [&[&str]; 3] = [
    &[
        "rrrrrrrrrrrr", //
        "oooooooooooo",
        "yy.yyyyyy.yy",
        "gg.gggggg.gg",
        "bbbbbbbbbbbb",
    ],
    &[
        "...v....v...", //
        "....v..v....",
        "..bbbbbbbb..",
        ".bb.bbbb.bb.",
        "bbbbbbbbbbbb",
        "g.gggggggg.g",
        "g.g......g.g",
    ],
    &[
        "......r.....", //
        ".....roo....",
        "....royyo...",
        "...royggyo..",
        "..roygbbgyo.",
        ".roygbvvbgyo",
    ],
];

const TOP: f32 = 6.0;
const ROW: f32 = 3.0;

/// The colours by their letters.
pub(crate) const LETTERS: &str = "roygbv";

/// The wall of a level; after the last one comes the first.
pub(crate) fn wall(level: u32) -> Vec<Brick> {
    let rows = LEVELS[(level as usize - 1) % LEVELS.len()];
    let column = WIDTH / 12.0;
    let mut bricks = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        for (x, letter) in row.chars().enumerate() {
            let Some(tint) = LETTERS.find(letter) else { continue };
            bricks.push(Brick {
                id: bricks.len() as u32,
                x: (x as f32 + 0.5) * column,
                y: (y as f32).mul_add(ROW, TOP),
                half_width: column / 2.0 - 0.5,
                half_height: ROW / 2.0 - 0.5,
                tint: tint as u32,
            });
        }
    }
    bricks
}
