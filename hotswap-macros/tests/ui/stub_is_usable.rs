use hotswap_abi::{Interface, Portable, interface};

#[derive(Portable)]
pub struct Score<'a> {
    name: &'a str,
}

#[derive(Portable)]
pub struct Point {
    x: *const f32,
}

#[interface]
pub trait Engine {
    fn play(&self, sound: &String);
}

// Everything below is fine.
#[derive(Portable)]
pub struct Line {
    from: Point,
    to: Point,
}

#[interface]
pub trait Game {
    fn update(&mut self, engine: &mut dyn Engine, line: Line);
}

pub fn client<C: hotswap_abi::__private::interface::Caller>(caller: C) -> EngineClient<C> {
    <dyn Engine>::client(caller)
}

fn main() {}
