//! Two sides that were compiled against different sources: what the verdict says.

use hotswap_abi::{
    __private::{compat::Requirement, manifest::Schema},
    Interface, Manifest,
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
        use hotswap_abi::__private as p;
        const SOURCE: p::ManifestSource = p::ManifestSource {
            export: "x",
            module: "arcade",
            version: "1.0.0",
            interface_version: <dyn $side::Game as p::Interface>::VERSION,
            unwinds: true,
            requires: &[],
            packages: "",
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
    side! { signed {
        #[derive(Plain, Clone, Copy)] #[repr(i8)] pub enum Layer { Back = 1, Front = 2 }
    } "1.0.0" { fn layer(&self, layer: &Layer); } }
    side! { newtype {
        #[derive(Plain, Clone, Copy)] #[repr(C)] pub struct Layer { pub a: u32 }
    } "1.0.0" { fn layer(&self, layer: Layer); } }
    side! { transparent {
        #[derive(Plain, Clone, Copy)] #[repr(transparent)] pub struct Layer { pub a: u32 }
    } "1.0.0" { fn layer(&self, layer: Layer); } }
    side! { reordered {
        #[derive(Plain, Clone, Copy)] #[repr(align(8))] #[repr(C)] pub struct Layer { pub a: u8, pub b: u32 }
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
        ["Layer  host: #[repr(u8)]   artifact: #[repr(u16)]"]
    );
    assert_eq!(
        check::<dyn order::Game>(&artifact!(aligned)),
        ["Layer  host: #[repr(C)]   artifact: #[repr(C, align(8))]"]
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
    assert_eq!(
        check::<dyn number::Game>(&artifact!(signed)),
        ["Layer  host: #[repr(u8)]   artifact: #[repr(i8)]"]
    );
    assert_eq!(
        check::<dyn newtype::Game>(&artifact!(transparent)),
        ["Layer  host: #[repr(C)]   artifact: #[repr(transparent)]"]
    );
    assert_eq!(check::<dyn aligned::Game>(&artifact!(reordered)), [""; 0]);
}

mod promises {
    //! The host calls `Game` and lends it a `Sink`, to which the module lends a `Back`.
    macro_rules! sides {
        ($($side:ident $game:tt $sink:tt $back:tt;)*) => {$(
            sides! { @ $side $game $sink $back }
        )*};
        (@ $side:ident [$($game:tt)*] [$($sink:tt)*] [$($back:tt)*]) => {
            #[allow(dead_code, reason = "never called")]
            pub mod $side {
                use hotswap_abi::interface;
                #[interface(version = "1.0.0")]
                pub trait Game $($game)* { fn fill(&self, sink: &dyn Sink, again: &mut dyn Sink); }
                #[interface(version = "1.0.0")]
                pub trait Sink $($sink)* { fn put(&self, back: &dyn Back); }
                #[interface(version = "1.0.0")]
                pub trait Back $($back)* { fn ready(&self); }
            }
        };
    }
    sides! {
        none [] [] [];
        game [: Send] [] [];
        sink_sync [] [: Sync] [];
        sink_both [] [: Send + Sync] [];
        back [] [] [: Sync + Send];
    }
}
use promises::*;

#[test]
fn whoever_lends_an_object_must_offer_what_the_receiver_assumes() {
    // The host lends a sink: the module may not assume more of it.
    assert_eq!(
        check::<dyn none::Game>(&artifact!(sink_both)),
        ["Sink  host: trait Sink   artifact: trait Sink: Send + Sync"]
    );
    assert_eq!(
        check::<dyn sink_sync::Game>(&artifact!(sink_both)),
        ["Sink  host: trait Sink: Sync   artifact: trait Sink: Send + Sync"]
    );
    assert_eq!(check::<dyn sink_both::Game>(&artifact!(sink_sync)), [""; 0]);
    assert_eq!(check::<dyn sink_both::Game>(&artifact!(none)), [""; 0]);
    // The module lends something to that sink: the host may not assume more of it.
    assert_eq!(
        check::<dyn back::Game>(&artifact!(none)),
        ["Back  host: trait Back: Send + Sync   artifact: trait Back"]
    );
    assert_eq!(check::<dyn none::Game>(&artifact!(back)), [""; 0]);
    // The module's own object: as with what it lends.
    assert_eq!(
        check::<dyn game::Game>(&artifact!(none)),
        ["Game  host: trait Game: Send   artifact: trait Game"]
    );
    assert_eq!(check::<dyn none::Game>(&artifact!(game)), [""; 0]);
    assert_eq!(check::<dyn back::Game>(&artifact!(back)), [""; 0]);
}
