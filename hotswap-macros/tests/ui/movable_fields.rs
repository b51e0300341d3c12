//! Each would point into the library that is left, or have another end somewhere else.

use std::{
    borrow::Cow,
    rc::Rc,
    sync::{Arc, Mutex},
};

use hotswap_abi::Movable;

#[derive(Movable)]
pub struct State {
    text: &'static str,
    cow: Cow<'static, str>,
    object: Box<dyn Fn() + Send>,
    function: fn(u32) -> u32,
    counted: Rc<u32>,
    shared: Arc<str>,
    pointer: *const u32,
    lock: Mutex<u32>,
    fine: Vec<String>,
}

#[derive(Movable)]
pub enum Part {
    Fine(u32),
    Inside(Vec<Option<&'static str>>),
}

fn main() {}
