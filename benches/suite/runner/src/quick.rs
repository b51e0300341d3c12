//! What the targets are about, in less than a minute; the last line is JSON.

use std::time::Instant;

use hotswap_benches::{json, stats::Samples};

use crate::{
    calls::{self, Exclusive, Kind, MANY_ROUNDS, ROUNDS, Scene},
    idle, live,
    pause::Shapes,
    saves::Saves,
    show,
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
    let idle = idle::measure();

    println!("\nmeasured in {:.1} s", started.elapsed().as_secs_f64());
    let ratio = |own: &Samples, base: &Samples| Some(own.against(base)?.of_minima);
    let reader = one.samples(calls::READER);
    let median = |samples: &Samples| Some(samples.summary()?.median);
    let figures = [
        ("reader_vs_fn_pointer", ratio(reader, one.samples(calls::FN_POINTER))),
        (
            "reader_2_threads_vs_1",
            ratio(both.samples(calls::TWO_THREADS), both.samples(calls::ONE_THREAD)),
        ),
        ("pin_vs_fn_pointer", ratio(one.samples(calls::PIN), one.samples(calls::FN_POINTER))),
        ("slot_vs_arcswap_load", ratio(one.samples(calls::SLOT), one.samples(calls::LOAD))),
        ("mut_vs_lock", ratio(alone.samples(calls::READER), alone.samples(calls::LOCK))),
        (
            "pin_mut_vs_fn_pointer",
            ratio(alone.samples(calls::PIN_MUT), alone.samples(calls::FN_POINTER)),
        ),
        ("hot_lib_reloader_vs_reader", ratio(one.samples(calls::RELOADER), reader)),
        ("relib_vs_reader", ratio(one.samples(calls::RELIB), reader)),
        ("live_vs_floor", ratio(&live.ours, &live.floor)),
        ("hot_lib_reloader_live_vs_ours", ratio(&live.reloader, &live.ours)),
        ("pause_vs_codec", ratio(&changed.waits.longest, &changed.codec)),
        ("pause_ms_1mib", median(&changed.waits.longest)),
        ("moved_pause_ms_1mib", median(&small.waits.longest)),
        ("moved_pause_ms_1gib", median(&large.waits.longest)),
        ("build_overhead_ms", saves.overhead()),
        ("idle_wakeups_per_s", idle),
    ];
    println!("{}", json::object(&figures));
}
