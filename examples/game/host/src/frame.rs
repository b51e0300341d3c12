//! One frame: physics, then the rules, then the drawing. Here is what the two modules say to each
//! other.

use std::mem;

use game_api::{Board, Body, HEIGHT, Hit, Keys, Labels, Order, Pixel, Stage, WIDTH};
use hotswap_core::CallError;

use crate::modules::{Part, Slots};

/// The time of a frame, in seconds.
pub const STEP: f32 = 1.0 / 60.0;

/// What a frame has made, and what the next one needs.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// How many there were.
    pub number: u64,
    /// What there is.
    pub bodies: Vec<Body>,
    /// What has met.
    pub hits: Vec<Hit>,
    /// What physics is to do next.
    pub orders: Vec<Order>,
    /// How the game stands.
    pub board: Board,
    /// Rows of `width` pixels.
    pub pixels: Vec<Pixel>,
    /// Pixels in a row.
    pub width: u16,
    /// What is written above the pixels.
    pub labels: Vec<Label>,
}

/// A line of text above the pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Where its middle is, from 0 to 1.
    pub x: f32,
    /// Where it is, from 0 to 1.
    pub y: f32,
    /// The text.
    pub text: String,
    /// Its colour.
    pub color: Pixel,
}

/// Why a part of a frame is missing.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// Whose call it was.
    pub part: Part,
    /// Why it has no result.
    pub error: CallError,
}

/// What physics is lent for a step.
struct Collected<'a>(&'a mut Vec<Body>, &'a mut Vec<Hit>);

impl Stage for Collected<'_> {
    fn bodies(&mut self, all: &[Body]) {
        self.0.clear();
        self.0.extend_from_slice(all);
    }

    fn hits(&mut self, all: &[Hit]) {
        self.1.clear();
        self.1.extend_from_slice(all);
    }
}

/// What the rules are lent for a picture.
struct Written(Vec<Label>);

impl Labels for Written {
    fn label(&mut self, x: f32, y: f32, text: &str, color: &Pixel) {
        let (x, y) = (x / WIDTH, y / HEIGHT);
        self.0.push(Label { x, y, text: text.to_owned(), color: *color });
    }
}

impl Frame {
    /// Makes the next frame. What could not be made is as it was in the last one.
    ///
    /// `calls` is told which module is called next, and when none is; when it says no, nothing
    /// more is called.
    pub fn next(
        &mut self,
        slots: &Slots,
        keys: Keys,
        calls: &dyn Fn(Option<Part>) -> bool,
    ) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        self.number += 1;
        if !calls(Some(Part::Physics)) {
            return troubles;
        }
        let moved = self.move_bodies(slots);
        if !calls(Some(Part::Rules)) {
            return troubles;
        }
        let judged = moved.is_ok().then(|| self.judge(slots, keys));
        let drawn = self.draw(slots);
        calls(None);
        let trouble = |part| move |error| Trouble { part, error };
        troubles.extend(moved.err().map(trouble(Part::Physics)));
        troubles.extend(judged.and_then(Result::err).map(trouble(Part::Rules)));
        troubles.extend(drawn.err().map(trouble(Part::Rules)));
        troubles
    }

    fn move_bodies(&mut self, slots: &Slots) -> Result<(), CallError> {
        // One version for the whole step.
        let mut physics = slots.physics.pin_mut();
        let mut stage = Collected(&mut self.bodies, &mut self.hits);
        let moved = physics.step(STEP, self.orders.clone(), &mut stage);
        // Orders that could not be given are given in the next frame. Those that made physics
        // panic are not.
        if !matches!(moved, Err(CallError::Draining { .. })) {
            self.orders.clear();
        }
        moved
    }

    fn judge(&mut self, slots: &Slots, keys: Keys) -> Result<(), CallError> {
        let mut rules = slots.rules.pin_mut();
        self.orders = rules.play(STEP, keys, &self.bodies, &self.hits)?;
        self.board = rules.board()?;
        Ok(())
    }

    fn draw(&mut self, slots: &Slots) -> Result<(), CallError> {
        let mut labels = Written(Vec::new());
        let width = u32::from(self.width);
        slots.rules.pin().draw(&self.bodies, &mut self.pixels, width, &mut labels)?;
        self.labels = labels.0;
        Ok(())
    }

    /// Makes room for a picture of another size.
    pub fn resize(&mut self, (width, height): (u16, u16)) {
        let pixels = usize::from(width) * usize::from(height);
        if self.width != width || self.pixels.len() != pixels {
            self.width = width;
            self.pixels = vec![Pixel::default(); pixels];
        }
    }

    /// Tells a new instance of a module, which knows nothing, how everything was in this frame.
    ///
    /// # Errors
    /// When the call fails.
    pub fn restore(&mut self, slots: &Slots, part: Part) -> Result<(), CallError> {
        mem::take(&mut self.orders);
        match part {
            Part::Physics => slots.physics.pin_mut().restore(&self.bodies),
            Part::Rules => slots.rules.pin_mut().resume(self.board.clone()),
        }
    }

    /// A number that differs where pictures differ.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        let pixels = self.pixels.iter().flat_map(|it| [it.red, it.green, it.blue]);
        let labels = self.labels.iter().flat_map(|label| label.text.bytes());
        // FNV-1a.
        pixels.chain(labels).fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
