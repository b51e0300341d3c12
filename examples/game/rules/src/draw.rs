//! How the game looks.

use game_api::{Body, HEIGHT, Kind, Labels, Pixel, WIDTH};

use crate::{Game, LIVES, of};

// Try changing these while it runs.

/// How long everything that moves leaves a trail: 0 for none, 1 for ever.
const TRAIL: f32 = 0.86;
/// The sky, from top to bottom.
const SKY: (Pixel, Pixel) = (Pixel::rgb(0x070b1f), Pixel::rgb(0x24123f));
/// The bricks, in the order of the letters in `levels.rs`: red, orange, yellow, green, blue,
/// violet; and gifts.
const TINTS: [Pixel; 7] = [
    Pixel::rgb(0xff4d6d),
    Pixel::rgb(0xff8e3c),
    Pixel::rgb(0xffd23f),
    Pixel::rgb(0x4be38a),
    Pixel::rgb(0x3fa7ff),
    Pixel::rgb(0xb86bff),
    Pixel::rgb(0xfff3b0),
];
pub(crate) const GIFT: u32 = 6;
const BALL: Pixel = Pixel::rgb(0xffffff);
const GLOW: Pixel = Pixel::rgb(0x59d7ff);
const PADDLE: Pixel = Pixel::rgb(0x59d7ff);
const TEXT: Pixel = Pixel::rgb(0xc9d4ff);
const STARS: u32 = 60;

impl Game {
    pub(crate) fn draw(
        &self,
        bodies: &[Body],
        pixels: &mut [Pixel],
        width: usize,
        labels: &mut dyn Labels,
    ) {
        let mut canvas = Canvas::new(pixels, width);
        canvas.fade();
        canvas.stars(self.clock);
        for body in bodies {
            let color = TINTS[body.tint as usize % TINTS.len()];
            match body.kind {
                Kind::Brick => canvas.brick(body, color),
                Kind::Spark => canvas.dot(body.x, body.y, color, body.life),
                Kind::Gift => {
                    let pulse = 0.5 + 0.5 * (self.clock * 9.0).sin();
                    canvas.disc(body, 2.0, TINTS[GIFT as usize].toward(TINTS[0], pulse));
                }
                Kind::Ball => {
                    canvas.disc(body, 2.6, GLOW);
                    canvas.disc(body, 1.2, BALL);
                }
                Kind::Paddle => canvas.brick(body, PADDLE),
            }
        }
        self.labels(bodies, labels);
    }

    fn labels(&self, bodies: &[Body], labels: &mut dyn Labels) {
        let Self { score, best, level, lives, combo, .. } = self;
        labels.label(WIDTH * 0.14, 1.0, &format!("SCORE {score}"), &TEXT);
        labels.label(WIDTH * 0.38, 1.0, &format!("BEST {best}"), &TEXT);
        labels.label(WIDTH * 0.62, 1.0, &format!("LEVEL {level}"), &TEXT);
        let hearts =
            "♥".repeat(*lives as usize) + &"♡".repeat(LIVES.saturating_sub(*lives) as usize);
        labels.label(WIDTH * 0.86, 1.0, &hearts, &TINTS[0]);
        if *combo > 2 {
            labels.label(WIDTH / 2.0, HEIGHT * 0.62, &format!("combo × {combo}"), &TINTS[2]);
        }
        if self.wait > 0.0 {
            let banner = if *lives == 0 { "G A M E   O V E R" } else { "R E A D Y" };
            labels.label(WIDTH / 2.0, HEIGHT * 0.7, banner, &TINTS[2]);
        }
        let balls = of(Kind::Ball, bodies).count();
        if balls > 1 {
            labels.label(WIDTH / 2.0, HEIGHT - 1.0, &format!("{balls} balls"), &TEXT);
        }
    }
}

/// The pixels, in the world's units.
struct Canvas<'a> {
    pixels: &'a mut [Pixel],
    width: usize,
    height: usize,
    /// Pixels of a unit.
    scale: f32,
}

impl<'a> Canvas<'a> {
    fn new(pixels: &'a mut [Pixel], width: usize) -> Self {
        let height = pixels.len() / width.max(1);
        Self { pixels, width, height, scale: width as f32 / WIDTH }
    }

    /// The last picture, on its way to the sky.
    fn fade(&mut self) {
        for (y, row) in self.pixels.chunks_exact_mut(self.width.max(1)).enumerate() {
            let sky = SKY.0.toward(SKY.1, y as f32 / self.height as f32);
            for pixel in row {
                // The difference is in whole steps, which the last few would never reach.
                let faded = pixel.toward(sky, 1.0 - TRAIL);
                *pixel = if faded == *pixel { sky } else { faded };
            }
        }
    }

    fn stars(&mut self, clock: f32) {
        for star in 0..STARS {
            let place = star.wrapping_mul(2_654_435_761);
            let (x, y) = ((place >> 8) % 960, (place >> 18) % 560);
            let light = 0.05 + 0.04 * (clock * 2.0 + star as f32).sin();
            self.dot(x as f32 / 10.0, 3.0 + y as f32 / 10.0, TEXT, light);
        }
    }

    /// A box that is lit from above.
    fn brick(&mut self, body: &Body, color: Pixel) {
        let to = |at: f32| (at * self.scale).round().max(0.0) as usize;
        let (left, right) = (to(body.x - body.half_width), to(body.x + body.half_width));
        let top = to(body.y - body.half_height);
        let bottom = to(body.y + body.half_height).max(top + 1);
        for y in top..bottom {
            let shade = (y - top) as f32 / (bottom - top) as f32;
            let color = color.toward(Pixel::rgb(0xffffff), 0.3 * (1.0 - shade));
            for x in left..right {
                self.paint(x, y, color, 1.0);
            }
        }
    }

    /// A disc that is brightest in its middle.
    fn disc(&mut self, body: &Body, radius: f32, color: Pixel) {
        let (x, y) = (body.x * self.scale, body.y * self.scale);
        let radius = (radius * self.scale).max(1.0);
        let to = |at: f32| at.max(0.0) as usize;
        for row in to(y - radius)..=to(y + radius) {
            for column in to(x - radius)..=to(x + radius) {
                let away = (column as f32 + 0.5 - x).hypot(row as f32 + 0.5 - y) / radius;
                self.paint(column, row, color, 1.0 - away * away);
            }
        }
    }

    fn dot(&mut self, x: f32, y: f32, color: Pixel, light: f32) {
        if x >= 0.0 && y >= 0.0 {
            self.paint((x * self.scale) as usize, (y * self.scale) as usize, color, light);
        }
    }

    fn paint(&mut self, x: usize, y: usize, color: Pixel, light: f32) {
        if x < self.width && y < self.height {
            let pixel = &mut self.pixels[y * self.width + x];
            *pixel = pixel.toward(color, light);
        }
    }
}
