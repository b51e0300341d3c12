//! Two sides that were compiled against different sources: what the verdict says.

use hotswap_abi::{
    Interface,
    compat::Requirement,
    manifest::{Manifest, Schema},
};

/// An interface and a module that implements it.
macro_rules! side {
    ($name:ident { $($types:item)* } $version:literal { $($methods:tt)* }) => {
        #[allow(dead_code, unused_imports, reason = "never called")]
        pub mod $name {
            use hotswap_abi::{Plain, Portable, interface};
            $($types)*
            #[interface(version = $version)]
            pub trait Game { $($methods)* }
            pub struct Arcade;
        }
    };
}

/// The host's requirement.
fn host<I: Interface + ?Sized>() -> Requirement {
    Requirement::new(Schema::decode(I::schema()).unwrap())
}

/// A manifest of a module that implements an interface, without its code.
macro_rules! artifact {
    ($side:ident) => {{
        use hotswap_abi::private as p;
        const SOURCE: p::ManifestSource = p::ManifestSource {
            export: "x",
            module: "arcade",
            version: "1.0.0",
            interface_version: <dyn $side::Game as p::Interface>::VERSION,
            unwinds: true,
            requires: &[],
            moves: false,
            interface: &<dyn $side::Game as p::Ladder<p::Wire>>::WHOLE,
            state: <() as p::HotState>::LINEAGE,
        };
        const LEN: usize = p::encoded_len(&SOURCE);
        const BYTES: [u8; LEN] = p::encode(&SOURCE);
        Manifest::decode(&BYTES).unwrap()
    }};
}

/// The verdict, one line a reason.
fn check<I: Interface + ?Sized>(artifact: &Manifest) -> Vec<String> {
    host::<I>().check(artifact).iter().map(ToString::to_string).collect()
}

side! { base {
    #[derive(Portable)] pub struct Score { pub player: String, pub points: u32 }
    #[derive(Plain, Clone, Copy)] #[repr(C)] pub struct Sprite { pub x: f32, pub layer: Layer }
    #[derive(Plain, Clone, Copy)] #[repr(u8)] pub enum Layer { Back = 1, Front = 2 }
    #[derive(Portable)] pub enum Command { Stop, Go { to: u8, by: Vec<Score> }, Say(String) }
    #[interface] pub trait Engine {
        fn play(&self, sound: u32);
        fn late(&self, _sound: u32) {}
    }
} "1.3.0" {
    fn update(&mut self, dt: f32) -> Vec<Score>;
    fn draw(&self, all: &[Sprite]) -> bool;
    fn command(&self, command: Command, name: &str);
    fn with(&mut self, engine: &mut dyn Engine, each: &mut dyn FnMut(u8) -> u16);
    fn paused(&self) -> bool { false }
} }

side! { same {
    #[derive(Portable)] pub struct Score { pub player: String, pub points: u32 }
    #[derive(Plain, Clone, Copy)] #[repr(C)] pub struct Sprite { pub x: f32, pub layer: Layer }
    #[derive(Plain, Clone, Copy)] #[repr(u8)] pub enum Layer { Back = 1, Front = 2 }
    #[derive(Portable)] pub enum Command { Stop, Go { to: u8, by: Vec<Score> }, Say(String) }
    #[interface] pub trait Engine { fn play(&self, sound: u32); }
} "1.9.9" {
    fn new_one(&self, value: u64) -> u64;
    fn with(&mut self, engine: &mut dyn Engine, each: &mut dyn FnMut(u8) -> u16);
    fn command(&self, command: Command, name: &str);
    fn draw(&self, all: &[Sprite]) -> bool;
    fn update(&mut self, dt: f32) -> Vec<Score>;
} }

side! { other {
    #[derive(Portable)] pub struct Score { pub player: String, pub points: u64, pub rank: u8 }
    #[derive(Plain, Clone, Copy)] #[repr(C)] pub struct Sprite { pub x: f32, pub layer: Layer }
    #[derive(Plain, Clone, Copy)] #[repr(u8)] pub enum Layer { Back = 1, Front = 3 }
    #[derive(Portable)] pub enum Command { Stop, Say(Vec<u8>), Go { to: u8, via: Vec<Score> } }
    #[interface] pub trait Engine { fn play(&self, sound: u32); fn stop(&self); }
} "2.0.0" {
    fn update(&mut self, dt: f64) -> Vec<Score>;
    fn draw(&mut self, all: &[Sprite]) -> bool;
    fn command(&self, command: Command, name: String);
    fn with(&mut self, engine: &mut dyn Engine, each: &mut dyn FnMut(u16) -> u16);
    fn paused(&self, now: bool) -> bool { now }
} }

side! { lacking {} "1.3.0" {
    fn update(&mut self, dt: f32) -> Vec<u8>;
    fn draw(&self) -> Option<bool>;
} }

#[test]
fn the_same_methods_in_another_order_with_more_and_fewer_fit() {
    assert_eq!(check::<dyn base::Game>(&artifact!(same)), [""; 0]);
    assert_eq!(check::<dyn base::Game>(&artifact!(base)), [""; 0]);
}

#[test]
fn every_difference_is_named_with_both_sides() {
    assert_eq!(
        check::<dyn base::Game>(&artifact!(other)),
        [
            "Game::update  host: dt: f32   artifact: dt: f64",
            "Score.points  host: u32   artifact: u64",
            "Score.rank  host: nothing   artifact: u8",
            "Game::draw  host: draw(&self, all: &[Sprite]) -> bool   \
             artifact: draw(&mut self, all: &[Sprite]) -> bool",
            "Command::Go  host: to: u8, by: Vec<Score>   artifact: to: u8, via: Vec<Score>",
            "Command::Say  host: String   artifact: Vec<u8>",
            "Command  host: order Stop, Go, Say   artifact: order Stop, Say, Go",
            "Game::command  host: name: &str   artifact: name: String",
            "Engine::stop  host: nothing   artifact: stop(&self)",
            "Game::with  host: each: &mut dyn FnMut(u8) -> u16   \
             artifact: each: &mut dyn FnMut(u16) -> u16",
            "Game::paused  host: paused(&self) -> bool   artifact: paused(&self, now: bool) -> bool",
            "Game  host: version 1.3.0   artifact: built against 2.0.0, which is not compatible",
        ]
    );
}

#[test]
fn a_missing_method_is_named() {
    assert_eq!(
        check::<dyn base::Game>(&artifact!(lacking)),
        [
            "Game::update  host: -> Vec<Score>   artifact: -> Vec<u8>",
            "Game::draw  host: draw(&self, all: &[Sprite]) -> bool   \
             artifact: draw(&self) -> Option<bool>",
            "Game::command  host: command(&self, command: Command, name: &str)   artifact: nothing",
            "Game::with  host: with(&mut self, engine: &mut dyn Engine, \
             each: &mut dyn FnMut(u8) -> u16)   artifact: nothing",
        ]
    );
}

mod layout {
    side! { number {
        #[derive(Plain, Clone, Copy)] #[repr(u8)] pub enum Layer { Back = 1, Front = 2 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
    side! { value {
        #[derive(Plain, Clone, Copy)] #[repr(u8)] pub enum Layer { Back = 1, Front = 3 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
    side! { size {
        #[derive(Plain, Clone, Copy)] #[repr(u16)] pub enum Layer { Back = 1, Front = 2 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
    side! { order {
        #[derive(Plain, Clone, Copy)] #[repr(C)] pub struct Layer { pub a: u8, pub b: u32 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
    side! { aligned {
        #[derive(Plain, Clone, Copy)] #[repr(C, align(8))] pub struct Layer { pub a: u8, pub b: u32 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
    side! { swapped {
        #[derive(Plain, Clone, Copy)] #[repr(C)] pub struct Layer { pub b: u32, pub a: u8 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
}
use layout::*;

#[test]
fn the_layout_of_plain_data_is_compared() {
    assert_eq!(
        check::<dyn number::Game>(&artifact!(value)),
        ["Layer::Front  host: = 2   artifact: = 3"]
    );
    assert_eq!(
        check::<dyn number::Game>(&artifact!(size)),
        ["Layer  host: 1 bytes, aligned to 1   artifact: 2 bytes, aligned to 2"]
    );
    assert_eq!(
        check::<dyn order::Game>(&artifact!(aligned)),
        ["Layer  host: 8 bytes, aligned to 4   artifact: 8 bytes, aligned to 8"]
    );
    assert_eq!(
        check::<dyn order::Game>(&artifact!(swapped)),
        [
            "Layer.a  host: at byte 0   artifact: at byte 4",
            "Layer.b  host: at byte 4   artifact: at byte 0",
            "Layer  host: order a, b   artifact: order b, a",
        ]
    );
    assert_eq!(
        check::<dyn number::Game>(&artifact!(order)),
        ["Game::layer  host: layer: Layer (an enum)   artifact: layer: Layer (a struct)"]
    );
}
