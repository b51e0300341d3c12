//! The world as others see it, and back again.

use game_api::{Body, Kind};

use crate::{BALL, Ball, Brick, PADDLE, PADDLE_HALF_HEIGHT, PADDLE_Y, Spark, World};

impl World {
    /// A picture of everything; [`put`](Self::put) reads it back.
    pub(crate) fn bodies(&self) -> Vec<Body> {
        let body = |kind, x, y, half_width, half_height| Body {
            kind,
            id: 0,
            tint: 0,
            x,
            y,
            half_width,
            half_height,
            vx: 0.0,
            vy: 0.0,
            life: 1.0,
        };
        let moving = |kind, it: &Ball, size| {
            let at = body(kind, it.x, it.y, size, size);
            Body { vx: it.vx, vy: it.vy, ..at }
        };
        let bricks = self.bricks.iter().map(|it| {
            let at = body(Kind::Brick, it.x, it.y, it.half_width, it.half_height);
            Body { id: it.id, tint: it.tint, ..at }
        });
        let sparks = self.sparks.iter().map(|it| {
            let at = body(Kind::Spark, it.x, it.y, 0.5, 0.5);
            Body { tint: it.tint, vx: it.vx, vy: it.vy, life: it.life, ..at }
        });
        let paddle = body(Kind::Paddle, self.paddle, PADDLE_Y, PADDLE, PADDLE_HALF_HEIGHT);
        bricks
            .chain(sparks)
            .chain(self.gifts.iter().map(|it| moving(Kind::Gift, it, 1.0)))
            .chain(self.balls.iter().map(|it| moving(Kind::Ball, it, BALL)))
            .chain([paddle])
            .collect()
    }

    pub(crate) fn put(&mut self, body: &Body) {
        let Body { kind, id, tint, x, y, half_width, half_height, vx, vy, life } = *body;
        match kind {
            Kind::Paddle => self.paddle = x,
            Kind::Ball => self.balls.push(Ball { x, y, vx, vy }),
            Kind::Gift => self.gifts.push(Ball { x, y, vx, vy }),
            Kind::Brick => {
                self.bricks.push(Brick { id, tint, x, y, half_width, half_height });
            }
            Kind::Spark => self.sparks.push(Spark { x, y, vx, vy, tint, life }),
        }
    }
}
