//! What the game's host and its two modules agree on.
//!
//! Physics moves bodies and tells what met what. The rules judge that, give orders to physics, and
//! draw. Neither knows the other: the host carries what one says to the other.
//!
//! Unlike the modules this crate is linked into the host as well. Change it, and start the game
//! again.

use hotswap_abi::{Plain, Portable, interface};

/// The width of the world; its units are square.
pub const WIDTH: f32 = 96.0;
/// The height of the world; y grows downwards.
pub const HEIGHT: f32 = 56.0;

/// What a body is.
#[derive(Plain, Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Flies, and breaks bricks.
    Ball,
    /// The player's.
    Paddle,
    /// Stands until it is hit often enough.
    Brick,
    /// Falls out of a brick, to be caught.
    Gift,
    /// Glows, falls and is gone.
    Spark,
}

/// Something that is somewhere. Lent as `&[Body]`, without a copy.
#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Body {
    /// What it is.
    pub kind: Kind,
    /// Which one: a brick's number.
    pub id: u32,
    /// The colour that the rules gave it, as a number that they understand.
    pub tint: u32,
    /// The middle.
    pub x: f32,
    /// The middle.
    pub y: f32,
    /// From the middle to the right edge.
    pub half_width: f32,
    /// From the middle to the lower edge.
    pub half_height: f32,
    /// Units a second.
    pub vx: f32,
    /// Units a second.
    pub vy: f32,
    /// How much is left of it, from 1 down to 0.
    pub life: f32,
}

/// A ball has met something, or the paddle a gift.
#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Hit {
    /// What was met.
    pub what: Kind,
    /// Which one.
    pub id: u32,
    /// Where.
    pub x: f32,
    /// Where.
    pub y: f32,
}

/// What the rules want of physics, for the next step.
#[derive(Portable, Clone, Debug, PartialEq)]
pub enum Order {
    /// Clear the world, and put up these bricks.
    Wall(Vec<Brick>),
    /// Move the paddle there.
    Paddle(f32),
    /// A new ball flies up from the paddle.
    Serve,
    /// Take a brick away.
    Break(u32),
    /// A gift falls from here.
    Gift(f32, f32),
    /// Sparks fly.
    Burst {
        /// From where.
        x: f32,
        /// From where.
        y: f32,
        /// How many.
        count: u32,
        /// Their colour.
        tint: u32,
    },
}

/// A brick to be put up.
#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Brick {
    /// Its number.
    pub id: u32,
    /// The middle.
    pub x: f32,
    /// The middle.
    pub y: f32,
    /// From the middle to the right edge.
    pub half_width: f32,
    /// From the middle to the lower edge.
    pub half_height: f32,
    /// Its colour.
    pub tint: u32,
}

/// What the player does.
#[derive(Portable, Clone, Debug, Default, PartialEq)]
pub struct Keys {
    /// From -1, full left, to 1, full right.
    pub steer: f32,
    /// Nobody plays: the rules play for themselves.
    pub autopilot: bool,
}

/// How the game stands.
#[derive(Portable, Clone, Debug, Default, PartialEq, Eq)]
pub struct Board {
    /// Points.
    pub score: u32,
    /// The best of all games since the start.
    pub best: u32,
    /// From 1.
    pub level: u32,
    /// Balls in reserve.
    pub lives: u32,
}

/// Moves everything.
#[interface]
pub trait Physics {
    /// One step of `dt` seconds: does what was ordered, moves, and tells the stage.
    fn step(&mut self, dt: f32, orders: Vec<Order>, stage: &mut dyn Stage);
    /// Everything is as it was in this picture, as far as that shows it.
    fn restore(&mut self, bodies: &[Body]);
}

/// Implemented by the host, lent to physics for a step.
#[interface]
pub trait Stage {
    /// Everything that there is after the step.
    fn bodies(&mut self, all: &[Body]);
    /// What has met in the step.
    fn hits(&mut self, all: &[Hit]);
}

/// Judges what happened, and draws it.
#[interface]
pub trait Rules {
    /// One step of `dt` seconds: what follows from where everything is and what has met.
    fn play(&mut self, dt: f32, keys: Keys, bodies: &[Body], hits: &[Hit]) -> Vec<Order>;
    /// Paints a picture over the last one: rows of `width` pixels, and labels above them.
    fn draw(&self, bodies: &[Body], pixels: &mut [Pixel], width: u32, labels: &mut dyn Labels);
    /// How the game stands.
    fn board(&self) -> Board;
    /// The game stands like this.
    fn resume(&mut self, board: Board);
}

/// Implemented by the host, lent to the rules for a picture.
#[interface]
pub trait Labels {
    /// Writes a line with its middle at a place in the world.
    fn label(&mut self, x: f32, y: f32, text: &str, color: &Pixel);
}

/// A colour.
#[derive(Plain, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Pixel {
    /// From 0 to 255.
    pub red: u8,
    /// From 0 to 255.
    pub green: u8,
    /// From 0 to 255.
    pub blue: u8,
}

impl Pixel {
    /// From 0xRRGGBB.
    #[must_use]
    pub const fn rgb(color: u32) -> Self {
        let [_, red, green, blue] = color.to_be_bytes();
        Self { red, green, blue }
    }

    /// A part of the way to another colour: 0 is this one, 1 the other.
    #[must_use]
    pub fn toward(self, other: Self, part: f32) -> Self {
        let mix = |from: u8, to: u8| {
            let (from, to) = (f32::from(from), f32::from(to));
            (to - from).mul_add(part.clamp(0.0, 1.0), from).round() as u8
        };
        Self {
            red: mix(self.red, other.red),
            green: mix(self.green, other.green),
            blue: mix(self.blue, other.blue),
        }
    }
}
