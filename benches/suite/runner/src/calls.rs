//! What a call costs, for each kind of value that crosses, by every way of calling.
//!
//! The work behind all of them is the same and little. Where a contender lacks a kind of value, or
//! the race has more threads than it can be used from, it has no figure.

mod direct;
mod exclusive;
pub(crate) mod peers;

use std::{hint::black_box, time::Duration};

use arc_swap::Cache;
use benches_api::{Block, Calls, Score};
use hotswap_benches::{Contender, Rounds, race, rounds::Run, stats::Samples};
use hotswap_core::{Config, Host, Slot, SlotConfig};
use subsecond::HotFn;

use self::{
    direct::Direct,
    peers::{Relib, hot, linked},
};
use crate::modules;

pub(crate) use self::{
    direct::symbol,
    exclusive::{Exclusive, LOCK},
};

/// The names of the contenders that others are held against.
pub(crate) const FN_POINTER: &str = "fn pointer";
/// See [`FN_POINTER`].
pub(crate) const LOAD: &str = "ArcSwap::load";
/// See [`FN_POINTER`].
pub(crate) const RELOADER: &str = "hot-lib-reloader 0.8.2";
/// See [`FN_POINTER`].
pub(crate) const RELIB: &str = "relib 0.7.2";
/// See [`FN_POINTER`].
pub(crate) const READER: &str = "hotswap, reader";
/// See [`FN_POINTER`].
pub(crate) const PIN: &str = "hotswap, pin";
/// See [`FN_POINTER`].
pub(crate) const PIN_MUT: &str = "hotswap, pin_mut";
/// See [`FN_POINTER`].
pub(crate) const SLOT: &str = "hotswap, slot";

/// A thread alone.
pub(crate) const ONE_THREAD: &str = "1 thread";
/// Two at once.
pub(crate) const TWO_THREADS: &str = "2 threads";

/// Short, and many: what disturbs is seldom away for long.
pub(crate) const ROUNDS: Rounds = Rounds { count: 800, batch: Duration::from_micros(250) };
/// Two threads must be undisturbed at once.
pub(crate) const MANY_ROUNDS: Rounds = Rounds { count: 3000, ..ROUNDS };

/// What crosses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Text,
    Block,
    Table,
    Slice,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Number, Self::Text, Self::Block, Self::Table, Self::Slice];

    /// As it stands in a signature.
    pub(crate) const fn signature(self) -> &'static str {
        match self {
            Self::Number => "fn(u64) -> u64",
            Self::Text => "fn(&str) -> String",
            Self::Block => "fn(Block) -> Block, 1 KiB",
            Self::Table => "fn(u32) -> Vec<Score> of 100",
            Self::Slice => "fn(&mut [f32]) of 4 KiB",
        }
    }
}

impl Kind {
    /// The name of its picture, if it has one.
    pub(crate) const fn picture(self) -> Option<&'static str> {
        match self {
            Self::Number => Some("calls-number"),
            Self::Text => Some("calls-text"),
            _ => None,
        }
    }
}

/// Everything that is called.
#[derive(Debug)]
pub(crate) struct Scene {
    direct: Direct,
    slot: Slot<dyn Calls>,
    relib: Relib,
    // Last: the slot's calls go through it.
    _host: Host,
}

/// A race's contenders and their figures.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) names: Vec<&'static str>,
    pub(crate) samples: Vec<Samples>,
}

impl Figures {
    fn of(contenders: &[Contender<'_>], rounds: Rounds) -> Self {
        let names = contenders.iter().map(Contender::name).collect();
        Self { names, samples: race(contenders, rounds) }
    }

    /// One contender's.
    pub(crate) fn samples(&self, name: &str) -> &Samples {
        let at = self.names.iter().position(|&it| it == name);
        &self.samples[at.expect("a contender of this race")]
    }
}

/// The contenders of one kind of value. `$drive` makes the argument and uses the result.
macro_rules! contenders {
    ($scene:expr, $drive:ident, $method:ident, $hot:ident, $linked:ty) => {{
        let (direct, slot, relib) = (&$scene.direct, &$scene.slot, &$scene.relib);
        vec![
            Contender::new(FN_POINTER, move || {
                let function = black_box(direct.table.$method);
                $drive(move |x| function(x))
            }),
            Contender::new("dyn in an Arc", move || {
                let object = black_box(direct.object.clone());
                $drive(move |x| object.$method(x))
            }),
            Contender::new(LOAD, move || $drive(move |x| (direct.swap.load().$method)(x))),
            Contender::new("arc_swap Cache", move || {
                let mut cache = Cache::new(&direct.swap);
                $drive(move |x| (cache.load().$method)(x))
            }),
            Contender::new(RELOADER, move || $drive(hot::$hot)),
            Contender::here(RELIB, move || $drive(move |x| relib.$method(x))),
            Contender::new("subsecond 0.7.9", move || {
                let function: $linked = black_box(linked::$method);
                $drive(move |x| HotFn::current(function).call((x,)))
            }),
            Contender::new(READER, move || {
                let reader = slot.reader();
                $drive(move |x| reader.$method(x).expect("the slot serves"))
            }),
            Contender::new(PIN, move || {
                let pin = slot.pin();
                $drive(move |x| pin.$method(x).expect("the slot serves"))
            }),
            Contender::new(PIN_MUT, move || {
                let pin = slot.pin_mut();
                $drive(move |x| pin.$method(x).expect("the slot serves"))
            }),
            Contender::new(SLOT, move || {
                $drive(move |x| slot.pin().$method(x).expect("the slot serves"))
            }),
        ]
    }};
}

impl Scene {
    /// Builds the modules and loads them, each in its own way.
    pub(crate) fn new() -> Self {
        let artifact = modules::build("benches-calls", &[]);
        let config = Config::production().slot("calls", SlotConfig::artifact(&artifact));
        let host = Host::new(config).expect("the host starts");
        let slot = host.slot::<dyn Calls>("calls").expect("the module is live");
        peers::prepare();
        Self { direct: Direct::open(&artifact), slot, relib: Relib::load(), _host: host }
    }

    /// Races all ways of calling, each by so many threads at once.
    pub(crate) fn race(&self, kind: Kind, threads: usize, rounds: Rounds) -> Figures {
        let contenders: Vec<_> =
            self.contenders(kind).into_iter().map(|it| it.on(threads)).collect();
        Figures::of(&contenders, rounds)
    }

    /// Races one way of calling against itself: by one thread, and by two.
    pub(crate) fn one_against_two(&self, name: &str, rounds: Rounds) -> Figures {
        let of = || self.contenders(Kind::Number).into_iter().find(|it| it.name() == name);
        let of = || of().expect("a contender of this race");
        Figures::of(&[of().named(ONE_THREAD), of().on(2).named(TWO_THREADS)], rounds)
    }

    fn contenders(&self, kind: Kind) -> Vec<Contender<'_>> {
        match kind {
            Kind::Number => contenders!(self, number, add, hot_add, fn(u64) -> u64),
            Kind::Text => contenders!(self, text, greet, hot_greet, fn(&str) -> String),
            Kind::Block => contenders!(self, block, block, hot_block, fn(Block) -> Block),
            Kind::Table => contenders!(self, table, scores, hot_scores, fn(u32) -> Vec<Score>),
            Kind::Slice => contenders!(self, slice, scale, hot_scale, fn(&mut [f32])),
        }
    }
}

/// Calls with numbers.
pub(crate) fn number<'a>(mut call: impl FnMut(u64) -> u64 + 'a) -> Run<'a> {
    Box::new(move |times| {
        let mut sum = 0_u64;
        for x in 0..times {
            sum = sum.wrapping_add(call(black_box(x)));
        }
        black_box(sum);
    })
}

fn text<'a>(mut call: impl FnMut(&str) -> String + 'a) -> Run<'a> {
    Box::new(move |times| {
        for _ in 0..times {
            black_box(call(black_box("somebody")));
        }
    })
}

fn block<'a>(mut call: impl FnMut(Block) -> Block + 'a) -> Run<'a> {
    let block = Block { words: [7; 128] };
    Box::new(move |times| {
        for _ in 0..times {
            black_box(call(black_box(block)));
        }
    })
}

fn table<'a>(mut call: impl FnMut(u32) -> Vec<Score> + 'a) -> Run<'a> {
    Box::new(move |times| {
        for _ in 0..times {
            black_box(call(black_box(100)));
        }
    })
}

fn slice<'a>(mut call: impl FnMut(&mut [f32]) + 'a) -> Run<'a> {
    let mut samples = vec![1.0_f32; 1024];
    Box::new(move |times| {
        for _ in 0..times {
            call(black_box(&mut samples));
        }
    })
}
