use hotswap_abi::{HotState, Plain, Portable, Shape};
use hotswap_test_attributes::replace;
use serde::{Deserialize, Serialize};

#[derive(Plain, Clone, Copy)]
#[replace(n => text: &'static str, n)]
#[repr(C)]
pub struct PlainField {
    n: u64,
}

#[derive(Plain, Clone, Copy)]
#[replace(u64 => &'static u64)]
#[repr(C)]
pub struct PlainType {
    n: u64,
}

#[derive(Plain, Clone, Copy)]
#[replace(Last => Last, More)]
#[repr(u8)]
pub enum PlainVariant {
    First,
    Last,
}

#[derive(Portable)]
#[replace(n => more: u8, n)]
pub struct PortableField {
    n: u64,
}

#[derive(Portable)]
#[replace(u64 => Box<u64>)]
pub struct PortableType {
    n: u64,
}

#[derive(Portable)]
#[replace(Last => Last, More)]
pub enum PortableVariant {
    First,
    Last,
}

#[derive(Shape, Serialize, Deserialize, Clone)]
#[replace(n => more: u8, n)]
pub struct ShapeField {
    n: u64,
}

#[derive(Shape)]
#[replace(Last => Last, More)]
pub enum ShapeVariant {
    First,
    Last,
}

#[derive(HotState, Serialize, Deserialize, Clone)]
#[replace(u64 => Box<u64>)]
#[hot_state(version = 1)]
pub struct StateType {
    n: u64,
}

fn main() {}
