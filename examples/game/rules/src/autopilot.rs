//! Plays when nobody does.

use game_api::{Body, HEIGHT, Kind, WIDTH};

use crate::of;

/// How far from the middle of the paddle it likes to meet the ball.
const TEASE: f32 = 5.0;

/// Where the paddle should be: below the ball that comes down first, or else below a gift.
pub(crate) fn target(bodies: &[Body], clock: f32) -> f32 {
    let falling = of(Kind::Ball, bodies).filter(|ball| ball.vy > 0.0);
    let first = falling.min_by(|a, b| time(a).total_cmp(&time(b)));
    match first.or_else(|| of(Kind::Gift, bodies).next()) {
        Some(body) => landing(body) + TEASE * (clock * 1.7).sin(),
        None => WIDTH / 2.0,
    }
}

fn time(body: &Body) -> f32 {
    (HEIGHT - 3.0 - body.y).max(0.0) / body.vy.max(1.0)
}

/// Where it comes down, mirrored at the walls.
fn landing(body: &Body) -> f32 {
    let x = body.vx.mul_add(time(body), body.x).rem_euclid(2.0 * WIDTH);
    x.min(2.0 * WIDTH - x)
}
