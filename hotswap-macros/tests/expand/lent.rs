//! What is lent for a call: interfaces and closures.

use hotswap_abi::{Plain, Portable, interface};

use crate::{
    double::{log, logged, start},
    module,
};

#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Item {
    name: String,
}

#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Point {
    x: i32,
    y: i32,
}

/// Implemented by the host.
#[interface]
pub trait Engine: Send + Sync {
    fn play(&self, sound: u32);
    fn draw(&mut self, points: &mut [Point]) -> usize;
    fn name(&self, of: &dyn Names) -> String;
}

#[interface]
pub trait Names {
    fn name(&self, id: u32) -> String;
}

#[allow(clippy::type_complexity, reason = "tests many kinds of arguments")]
#[interface]
pub trait Game {
    fn shared(&self, engine: &dyn Engine) -> String;
    fn update(&mut self, engine: &mut dyn Engine, dt: f32) -> usize;
    fn each(
        &self,
        visit: &mut dyn FnMut(Item, &str, &[Point], &Point) -> bool,
        done: &mut dyn FnMut(),
    ) -> u32;
}

#[derive(Default)]
struct Arcade {
    frames: usize,
}
module!(Arcade: Game);

struct Modules;
impl Names for Modules {
    fn name(&self, id: u32) -> String {
        format!("the module's {id}")
    }
}

impl Game for Arcade {
    fn shared(&self, engine: &dyn Engine) -> String {
        engine.play(7);
        // The module lends something of its own to what it was lent.
        engine.name(&Modules)
    }
    fn update(&mut self, engine: &mut dyn Engine, dt: f32) -> usize {
        self.frames += 1;
        engine.play(dt as u32);
        let mut points = [Point { x: 1, y: 2 }; 3];
        let drawn = engine.draw(&mut points);
        assert_eq!(points, [Point { x: 10, y: 2 }; 3]);
        drawn + self.frames
    }
    fn each(
        &self,
        visit: &mut dyn FnMut(Item, &str, &[Point], &Point) -> bool,
        done: &mut dyn FnMut(),
    ) -> u32 {
        let points = [Point { x: 1, y: 1 }, Point { x: 2, y: 2 }];
        let mut count = 0;
        while visit(Item { name: format!("item {count}") }, "text", &points, &points[1]) {
            count += 1;
        }
        done();
        count
    }
}

struct Sound {
    drawn: usize,
}
impl Engine for Sound {
    fn play(&self, sound: u32) {
        log(format!("play {sound}"));
    }
    fn draw(&mut self, points: &mut [Point]) -> usize {
        points.iter_mut().for_each(|point| point.x = 10);
        self.drawn += points.len();
        self.drawn
    }
    fn name(&self, of: &dyn Names) -> String {
        of.name(5)
    }
}

#[test]
fn an_interface_is_lent_for_a_call() {
    let mut double = start::<dyn Game, Arcade>();
    let mut game = double.client::<dyn Game>();
    let mut sound = Sound { drawn: 0 };
    assert_eq!(game.shared(&sound).unwrap(), "the module's 5");
    assert_eq!(game.update(&mut sound, 3.0).unwrap(), 4);
    assert_eq!(game.update(&mut sound, 4.0).unwrap(), 8);
    assert_eq!(logged(), ["play 7", "play 3", "play 4"]);
    assert_eq!(sound.drawn, 6);
}

#[test]
fn a_closure_is_lent_for_a_call() {
    let mut double = start::<dyn Game, Arcade>();
    let game = double.client::<dyn Game>();
    let (mut seen, mut done) = (Vec::new(), false);
    let count = game
        .each(
            &mut |item, text, points, point| {
                assert_eq!((text, points.len(), point.x), ("text", 2, 2));
                seen.push(item.name);
                seen.len() < 3
            },
            &mut || done = true,
        )
        .unwrap();
    assert_eq!((count, done), (2, true));
    assert_eq!(seen, ["item 0", "item 1", "item 2"]);
}
