//! Two types that a description could not tell from each other.

use hotswap_abi::{Plain, interface};

pub trait Has {
    type Point;
}

pub struct Whole;
pub struct Broken;

const _: () = {
    #[derive(Plain, Clone, Copy)]
    #[repr(C)]
    pub struct Point {
        x: u32,
    }
    impl Has for Whole {
        type Point = Point;
    }
};

const _: () = {
    #[derive(Plain, Clone, Copy)]
    #[repr(C)]
    pub struct Point {
        x: f32,
    }
    impl Has for Broken {
        type Point = Point;
    }
};

#[interface]
pub trait Game {
    fn whole(&self, point: <Whole as Has>::Point);
    fn broken(&self, point: <Broken as Has>::Point);
}

fn main() {}
