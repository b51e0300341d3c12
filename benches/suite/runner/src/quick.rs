//! What the targets are about, in less than a minute; the last line is JSON.

use std::time::Instant;

use crate::{
    calls::{self, Exclusive, Kind, MANY_ROUNDS, ROUNDS, Scene},
    idle, live,
    pause::Shapes,
    saves::Saves,
    show,
    targets::Measured,
};

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

pub(crate) fn run() {
    let scene = Scene::new();
    let exclusive = Exclusive::new();
    let mut shapes = Shapes::new();
    let saves = Saves::new("release");
    let started = Instant::now();

    let one = scene.race(Kind::Number, 1, ROUNDS);
    print!("{}", show::race(Kind::Number.signature(), 1, &one, calls::FN_POINTER));
    let two = scene.race(Kind::Number, 2, ROUNDS);
    print!("{}", show::race(Kind::Number.signature(), 2, &two, calls::FN_POINTER));
    let both = scene.one_against_two(calls::READER, MANY_ROUNDS);
    print!("{}", show::one_against_two(calls::READER, &both));
    let alone = exclusive.race(1, ROUNDS);
    print!("{}", show::race("&mut self, fn(u64) -> u64", 1, &alone, calls::LOCK));
    let live = live::race(8);
    print!("{}", show::live(&live));
    let changed = shapes.encoded(MIB, true, 24);
    print!("{}", show::encoded("1 MiB of state, shape changed", &changed));
    let small = shapes.moved(MIB, 20);
    print!("{}", show::moved("1 MiB of state", &small));
    let large = shapes.moved(GIB, 10);
    print!("{}", show::moved("1 GiB of state", &large));
    let saves = saves.measure(5);
    print!("{}", show::saves("release", &saves));
    let wakeups = idle::measure();

    println!("\nmeasured in {:.1} s", started.elapsed().as_secs_f64());
    let measured = Measured { one, both, alone, live, changed, small, large, saves, wakeups };
    println!("{}", measured.json());
}
