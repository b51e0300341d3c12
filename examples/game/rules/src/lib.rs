//! The game's rules: points, levels, lives. How it looks is in `draw.rs`, the walls are in
//! `levels.rs`, and who plays when nobody does is in `autopilot.rs`.
//!
//! Edit all of it while the game runs. Add a field to `Game` as well: what is there keeps its
//! values, and the new field starts at zero.

mod autopilot;
mod draw;
mod levels;

use game_api::{Board, Body, Hit, Keys, Kind, Labels, Order, Pixel, Rules};
use hotswap_abi::{HotModule, HotState};
use serde::{Deserialize, Serialize};

// Try changing these while it runs.

/// Points for a brick; each further one before the ball is back at the paddle counts once more.
const POINTS: u32 = 10;
/// Balls in reserve at the start.
const LIVES: u32 = 3;
/// Every so many bricks, one has a gift in it.
const GIFTS: u32 = 6;
/// How many balls a gift brings.
const BALLS_OF_A_GIFT: usize = 2;
/// Sparks of a broken brick.
const SPARKS: u32 = 14;
/// How fast the paddle is, in units a second.
const PADDLE_SPEED: f32 = 75.0;
/// Seconds before a ball is served.
const BREATH: f32 = 1.0;

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct Game {
    score: u32,
    best: u32,
    /// 0 before the first one.
    level: u32,
    lives: u32,
    /// Bricks since the ball was last at the paddle.
    combo: u32,
    /// Seconds until the next ball is served.
    wait: f32,
    clock: f32,
}

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Rules, state = game)]
pub struct Referee {
    game: Game,
}

impl Rules for Referee {
    fn play(&mut self, dt: f32, keys: Keys, bodies: &[Body], hits: &[Hit]) -> Vec<Order> {
        let mut orders = Vec::new();
        self.game.clock += dt;
        self.game.steer(dt, &keys, bodies, &mut orders);
        for hit in hits {
            self.game.judge(hit, bodies, &mut orders);
        }
        self.game.go_on(dt, bodies, &mut orders);
        orders
    }

    fn draw(&self, bodies: &[Body], pixels: &mut [Pixel], width: u32, labels: &mut dyn Labels) {
        self.game.draw(bodies, pixels, width as usize, labels);
    }

    fn board(&self) -> Board {
        let Game { score, best, level, lives, .. } = self.game;
        Board { score, best, level, lives }
    }

    fn resume(&mut self, board: Board) {
        let Board { score, best, level, lives } = board;
        self.game = Game { score, best, level, lives, ..Game::default() };
    }
}

impl Game {
    fn steer(&self, dt: f32, keys: &Keys, bodies: &[Body], orders: &mut Vec<Order>) {
        let Some(paddle) = of(Kind::Paddle, bodies).next() else { return };
        let step = PADDLE_SPEED * dt;
        let by = match keys.autopilot {
            true => (autopilot::target(bodies, self.clock) - paddle.x).clamp(-step, step),
            false => keys.steer * step,
        };
        orders.push(Order::Paddle(paddle.x + by));
    }

    fn judge(&mut self, hit: &Hit, bodies: &[Body], orders: &mut Vec<Order>) {
        let Hit { id, x, y, .. } = *hit;
        match hit.what {
            Kind::Brick => {
                // Two balls may have met it in one step.
                let Some(brick) = of(Kind::Brick, bodies).find(|brick| brick.id == id) else {
                    return;
                };
                self.combo += 1;
                self.score += POINTS * self.combo;
                orders.push(Order::Break(id));
                orders.push(Order::Burst { x, y, count: SPARKS, tint: brick.tint });
                if id % GIFTS == GIFTS - 1 {
                    orders.push(Order::Gift(brick.x, brick.y));
                }
            }
            Kind::Gift => {
                orders.extend(vec![Order::Serve; BALLS_OF_A_GIFT]);
                orders.push(Order::Burst { x, y, count: 2 * SPARKS, tint: draw::GIFT });
            }
            _ => self.combo = 0,
        }
        self.best = self.best.max(self.score);
    }

    /// The next ball, the next level, the next game.
    fn go_on(&mut self, dt: f32, bodies: &[Body], orders: &mut Vec<Order>) {
        if self.level == 0 || of(Kind::Brick, bodies).next().is_none() {
            if self.level == 0 {
                (self.score, self.lives) = (0, LIVES);
            }
            self.level += 1;
            (self.combo, self.wait) = (0, BREATH);
            orders.push(Order::Wall(levels::wall(self.level)));
        } else if self.wait > 0.0 {
            self.wait -= dt;
            if self.wait <= 0.0 && self.lives > 0 {
                orders.push(Order::Serve);
            } else if self.wait <= 0.0 {
                self.level = 0;
            }
        } else if of(Kind::Ball, bodies).next().is_none() {
            self.lives -= 1;
            (self.combo, self.wait) = (0, if self.lives > 0 { BREATH } else { 3.0 * BREATH });
        }
    }
}

/// The bodies of one kind.
fn of(kind: Kind, bodies: &[Body]) -> impl Iterator<Item = &Body> {
    bodies.iter().filter(move |body| body.kind == kind)
}
