//! Would say that no method takes `&mut self`, so that calls hold no lock.

use hotswap_abi::{
    __private::{
        interface::{Caller, Recordable, Tape},
        shape::{Info, Parts, Shaped, Wire},
    },
    Interface,
};

pub struct Game;

unsafe impl Shaped<Wire> for Game {
    const INFO: Info = Info::scalar("Game");
    fn args() -> impl Parts<Wire> {}
    fn parts() -> impl Parts<Wire> {}
}

impl Interface for Game {
    const VERSION: &'static str = "1.0.0";
    const EXCLUSIVE: bool = false;
    const METHODS: &'static [&'static str] = &[];
    type Client<C: Caller> = C;

    fn client<C: Caller>(caller: C) -> C {
        caller
    }
    fn caller<C: Caller>(client: &C) -> &C {
        client
    }
    fn schema() -> &'static [u8] {
        &[]
    }
    fn recordables<T: Tape>() -> Box<[Recordable]> {
        Box::new([])
    }
}

fn main() {}
