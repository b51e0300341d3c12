//! The game's physics: what flies, falls and bounces.
//!
//! Edit it while the game runs. Add a field to `World` or `Ball` as well: what is there keeps
//! its values, and the new field starts at zero.

mod picture;

use std::borrow::Cow;

use game_api::{Body, HEIGHT, Hit, Kind, Order, Physics, Stage, WIDTH};
use hotswap_abi::{Context, HotModule, HotState, Module, ModuleError, Shape, Start};
use serde::{Deserialize, Serialize};

// Try changing these while it runs.

/// What pulls balls and gifts down; negative pulls them up.
const GRAVITY: f32 = 14.0;
/// How fast a ball flies, at least and at most.
const SPEED: (f32, f32) = (34.0, 58.0);
/// How much of its speed a ball keeps when it bounces off a wall or a brick; more than 1 is wild.
const BOUNCE: f32 = 1.0;
/// How strongly the edges of the paddle send a ball aside.
const SPIN: f32 = 36.0;
/// How big a ball is.
const BALL: f32 = 1.0;
/// Half the width of the paddle.
const PADDLE: f32 = 7.0;
/// How fast sparks fly apart, and how long they glow.
const SPARKS: f32 = 22.0;
const GLOW: f32 = 0.9;

/// What outlives an upgrade.
#[derive(HotState, Serialize, Deserialize, Clone, Default)]
#[hot_state(version = 1)]
pub struct World {
    paddle: f32,
    balls: Vec<Ball>,
    bricks: Vec<Brick>,
    gifts: Vec<Ball>,
    sparks: Vec<Spark>,
    seed: u32,
}

#[derive(Shape, Serialize, Deserialize, Clone, Default)]
struct Ball {
    x: f32,
    y: f32,
    vx: f32,
    vy: f32,
}

#[derive(Shape, Serialize, Deserialize, Clone)]
struct Brick {
    id: u32,
    tint: u32,
    x: f32,
    y: f32,
    half_width: f32,
    half_height: f32,
}

#[derive(Shape, Serialize, Deserialize, Clone)]
struct Spark {
    x: f32,
    y: f32,
    vx: f32,
    vy: f32,
    tint: u32,
    life: f32,
}

/// The module.
#[derive(HotModule)]
#[hot_module(interface = Physics)]
pub struct Newton {
    world: World,
}

impl Module for Newton {
    type State = World;

    fn start(from: Start<World>, _cx: &Context) -> Result<Self, ModuleError> {
        let fresh = World { paddle: WIDTH / 2.0, seed: 1, ..World::default() };
        Ok(Self { world: from.state().unwrap_or(fresh) })
    }

    fn state(&self) -> Cow<'_, World> {
        Cow::Borrowed(&self.world)
    }
}

impl Physics for Newton {
    fn step(&mut self, dt: f32, orders: Vec<Order>, stage: &mut dyn Stage) {
        let mut hits = Vec::new();
        for order in orders {
            self.world.obey(order);
        }
        self.world.move_balls(dt, &mut hits);
        self.world.move_gifts(dt, &mut hits);
        self.world.move_sparks(dt);
        stage.bodies(&self.world.bodies());
        stage.hits(&hits);
    }

    fn restore(&mut self, bodies: &[Body]) {
        self.world = World { seed: 1, ..World::default() };
        for body in bodies {
            self.world.put(body);
        }
    }
}

const PADDLE_Y: f32 = HEIGHT - 3.0;
const PADDLE_HALF_HEIGHT: f32 = 0.5;

impl World {
    fn obey(&mut self, order: Order) {
        match order {
            Order::Wall(bricks) => {
                self.balls.clear();
                self.gifts.clear();
                self.bricks = bricks
                    .into_iter()
                    .map(|game_api::Brick { id, x, y, half_width, half_height, tint }| Brick {
                        id,
                        tint,
                        x,
                        y,
                        half_width,
                        half_height,
                    })
                    .collect();
            }
            Order::Paddle(x) => self.paddle = x.clamp(PADDLE, WIDTH - PADDLE),
            Order::Serve => {
                let vx = self.random() * 40.0 - 20.0;
                let y = PADDLE_Y - BALL - PADDLE_HALF_HEIGHT;
                self.balls.push(Ball { x: self.paddle, y, vx, vy: -SPEED.1 });
            }
            Order::Break(id) => self.bricks.retain(|brick| brick.id != id),
            Order::Gift(x, y) => self.gifts.push(Ball { x, y, vx: 0.0, vy: -10.0 }),
            Order::Burst { x, y, count, tint } => {
                for _ in 0..count {
                    let (angle, speed) =
                        (self.random() * std::f32::consts::TAU, self.random() * SPARKS);
                    let (vx, vy) = (angle.cos() * speed, angle.sin() * speed);
                    let life = 0.5 + 0.5 * self.random();
                    self.sparks.push(Spark { x, y, vx, vy, tint, life });
                }
            }
        }
    }

    fn move_balls(&mut self, dt: f32, hits: &mut Vec<Hit>) {
        let (bricks, paddle) = (&self.bricks, self.paddle);
        for ball in &mut self.balls {
            ball.vy += GRAVITY * dt;
            ball.x += ball.vx * dt;
            ball.y += ball.vy * dt;
            ball.bounce_off_walls();
            for brick in bricks {
                let half = (brick.half_width, brick.half_height);
                if ball.bounce_off((brick.x, brick.y), half) {
                    hits.push(Hit { what: Kind::Brick, id: brick.id, x: ball.x, y: ball.y });
                    break;
                }
            }
            if ball.vy > 0.0 && ball.bounce_off((paddle, PADDLE_Y), (PADDLE, PADDLE_HALF_HEIGHT)) {
                ball.vy = -ball.vy.abs().max(SPEED.0);
                ball.vx = 0.5 * ball.vx + (ball.x - paddle) / PADDLE * SPIN;
                hits.push(Hit { what: Kind::Paddle, id: 0, x: ball.x, y: ball.y });
            }
            ball.keep_speed();
        }
        self.balls.retain(|ball| ball.y < HEIGHT + 4.0);
    }

    fn move_gifts(&mut self, dt: f32, hits: &mut Vec<Hit>) {
        let paddle = self.paddle;
        self.gifts.retain_mut(|gift| {
            gift.vy += GRAVITY * dt;
            gift.y += gift.vy * dt;
            let caught = (gift.y - PADDLE_Y).abs() < 1.5 && (gift.x - paddle).abs() < PADDLE + 1.0;
            if caught {
                hits.push(Hit { what: Kind::Gift, id: 0, x: gift.x, y: gift.y });
            }
            !caught && gift.y < HEIGHT + 4.0
        });
    }

    fn move_sparks(&mut self, dt: f32) {
        self.sparks.retain_mut(|spark| {
            spark.vy += 2.0 * GRAVITY * dt;
            spark.x += spark.vx * dt;
            spark.y += spark.vy * dt;
            spark.life -= dt / GLOW;
            spark.life > 0.0
        });
    }

    /// From 0 to 1, the same in every run.
    fn random(&mut self) -> f32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        (self.seed >> 8) as f32 / (1 << 24) as f32
    }
}

impl Ball {
    fn bounce_off_walls(&mut self) {
        if self.x < BALL || self.x > WIDTH - BALL {
            self.x = self.x.clamp(BALL, WIDTH - BALL);
            self.vx *= -BOUNCE;
        }
        if self.y < BALL {
            self.y = BALL;
            self.vy = self.vy.abs() * BOUNCE;
        }
    }

    /// Off a box; returns whether it was met.
    fn bounce_off(&mut self, (x, y): (f32, f32), (half_width, half_height): (f32, f32)) -> bool {
        let (dx, dy) = (self.x - x, self.y - y);
        let (over_x, over_y) = (half_width + BALL - dx.abs(), half_height + BALL - dy.abs());
        if over_x <= 0.0 || over_y <= 0.0 {
            return false;
        }
        // Out by the shorter way.
        if over_x < over_y {
            self.x += over_x.copysign(dx);
            self.vx = (self.vx.abs() * BOUNCE).copysign(dx);
        } else {
            self.y += over_y.copysign(dy);
            self.vy = (self.vy.abs() * BOUNCE).copysign(dy);
        }
        true
    }

    fn keep_speed(&mut self) {
        let speed = self.vx.hypot(self.vy).max(1.0);
        let wanted = speed.clamp(SPEED.0, SPEED.1);
        self.vx *= wanted / speed;
        self.vy *= wanted / speed;
    }
}
