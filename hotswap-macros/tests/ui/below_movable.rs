use std::ops::{Deref, DerefMut};

use hotswap_abi::Movable;
use hotswap_test_attributes::replace;

pub struct Sly {
    text: &'static str,
    number: u64,
}

impl Deref for Sly {
    type Target = u64;
    fn deref(&self) -> &u64 {
        &self.number
    }
}

impl DerefMut for Sly {
    fn deref_mut(&mut self) -> &mut u64 {
        &mut self.number
    }
}

#[derive(Movable)]
#[replace(n => text: &'static str, n)]
pub struct Field {
    n: u64,
}

#[derive(Movable)]
#[replace(u64 => Sly)]
pub struct Type {
    n: u64,
}

#[derive(Movable)]
#[replace(Last => Last, Text(&'static str))]
pub enum Variant {
    First(u64),
    Last,
}

#[derive(Movable)]
#[replace(u64 => u64, &'static str)]
pub enum FieldOfVariant {
    First(u64),
}

#[derive(Movable)]
#[replace(u64 => Sly)]
pub enum TypeOfVariant {
    First { n: u64 },
}

#[derive(Movable)]
#[replace(C => C, packed)]
#[repr(C)]
pub struct Packed {
    a: u8,
    n: u64,
}

#[derive(Movable)]
#[hotswap_test_attributes::replace(nothing => changes)]
pub struct Path {
    n: u64,
}

fn main() {}
