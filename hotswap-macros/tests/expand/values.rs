//! Values in and out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use hotswap_abi::{Plain, Portable, interface};

use crate::{double::start, module};

#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Score {
    pub player: String,
    pub points: u32,
}

#[derive(Portable, Clone, Debug, PartialEq)]
pub enum Tree<T> {
    Leaf,
    Node { value: T, kids: Vec<Self> },
    Pair(Box<Self>, Box<Self>),
}

/// A public type with a field of a private one.
#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Outer {
    inner: Inner,
    unit: Unit,
    pair: Pair,
}

#[derive(Portable, Clone, Debug, PartialEq)]
struct Inner {
    r#type: u8,
}

#[derive(Portable, Clone, Debug, PartialEq)]
struct Unit;

#[derive(Portable, Clone, Debug, PartialEq)]
struct Pair(i8, Option<Box<Self>>);

#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Sprite {
    pub x: f32,
    pub y: f32,
    pub layer: Layer,
}

#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(i8)]
pub enum Layer {
    Back = -1,
    Front = 1,
}

#[derive(Plain, Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Id(pub u64);

/// A type of another crate, as far as hotswap knows.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Foreign {
    pub words: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Even(u32);

mod even {
    use super::Even;
    pub type Repr = u32;
    pub fn to(value: &Even) -> u32 {
        value.0
    }
    pub fn from(number: u32) -> Result<Even, String> {
        if number.is_multiple_of(2) { Ok(Even(number)) } else { Err(format!("{number} is odd")) }
    }
}

#[derive(Portable, Clone, Debug, PartialEq)]
pub struct Adopted {
    #[portable(serde)]
    pub foreign: Foreign,
    #[portable(with = even)]
    pub even: Even,
}

pub type Everything = (
    (u8, u16, u32, u64, u128, usize),
    (i8, i16, i32, i64, i128, isize),
    (f32, f64, bool, char, ()),
    (String, PathBuf, Duration, SystemTime),
    (Vec<Score>, VecDeque<u8>, [u16; 3], Box<Score>),
    (HashMap<String, Score>, BTreeMap<u8, Vec<u8>>, HashSet<char>, BTreeSet<i64>),
    (Option<Option<u8>>, Result<Score, String>),
    (Tree<Score>, Outer, Adopted),
);

/// Gives back what it gets.
#[interface]
pub trait Echo {
    fn everything(&self, value: Everything) -> Everything;
    fn numbers(
        &self,
        a: u8,
        b: i64,
        c: f32,
        d: f64,
        e: bool,
        f: char,
    ) -> (u8, i64, f32, f64, bool, char);
    fn wide(&self, a: u128, b: i128) -> u128;
    fn add(&self, a: u64) -> u64;
    fn text(&self, text: &str) -> String;
    fn sprite(&self, sprite: Sprite, id: Id) -> Sprite;
    fn sum(&self, sprites: &[Sprite], by: &Sprite) -> f32;
    fn shift(&mut self, sprites: &mut [Sprite], first: &mut Sprite);
    fn nothing(&self);
    fn sound(&self, r#type: u8) -> u8;
}

#[derive(Default)]
struct Echoes;
module!(Echoes: Echo);

impl Echo for Echoes {
    fn everything(&self, value: Everything) -> Everything {
        value
    }
    fn numbers(
        &self,
        a: u8,
        b: i64,
        c: f32,
        d: f64,
        e: bool,
        f: char,
    ) -> (u8, i64, f32, f64, bool, char) {
        (a, b, c, d, e, f)
    }
    fn wide(&self, a: u128, b: i128) -> u128 {
        a.wrapping_add_signed(b)
    }
    fn add(&self, a: u64) -> u64 {
        a + 1
    }
    fn text(&self, text: &str) -> String {
        text.to_uppercase()
    }
    fn sprite(&self, sprite: Sprite, id: Id) -> Sprite {
        Sprite { x: id.0 as f32, ..sprite }
    }
    fn sum(&self, sprites: &[Sprite], by: &Sprite) -> f32 {
        sprites.iter().map(|sprite| sprite.x * by.x).sum()
    }
    fn shift(&mut self, sprites: &mut [Sprite], first: &mut Sprite) {
        for sprite in sprites {
            sprite.x += 1.0;
            sprite.layer = Layer::Front;
        }
        first.y = -1.0;
    }
    fn nothing(&self) {}
    fn sound(&self, r#type: u8) -> u8 {
        r#type
    }
}

fn score(points: u32) -> Score {
    Score { player: format!("player {points}"), points }
}

fn everything() -> Everything {
    let tree = Tree::Pair(
        Box::new(Tree::Node { value: score(1), kids: vec![Tree::Leaf, Tree::Leaf] }),
        Box::new(Tree::Leaf),
    );
    (
        (1, 2, 3, u64::MAX, u128::MAX, 6),
        (-1, -2, -3, i64::MIN, i128::MIN, -6),
        (1.5, f64::INFINITY, true, 'ß', ()),
        (
            "grüße".into(),
            "/tmp/x".into(),
            Duration::new(3, 4),
            SystemTime::UNIX_EPOCH + Duration::new(5, 6),
        ),
        ((0..100).map(score).collect(), [7, 8].into(), [9, 10, 11], Box::new(score(12))),
        (
            [("a".into(), score(13))].into(),
            [(1, vec![2; 3])].into(),
            ['x', 'y'].into(),
            [-5, 5].into(),
        ),
        (Some(None), Err("no".into())),
        (
            tree,
            Outer {
                inner: Inner { r#type: 3 },
                unit: Unit,
                pair: Pair(1, Some(Box::new(Pair(2, None)))),
            },
            Adopted { foreign: Foreign { words: vec!["w".into()] }, even: Even(4) },
        ),
    )
}

#[test]
fn values_of_every_type_come_back_as_they_went() {
    let mut double = start::<dyn Echo, Echoes>();
    let echo = double.client::<dyn Echo>();
    assert_eq!(echo.everything(everything()).unwrap(), everything());
    assert_eq!(echo.numbers(1, -2, 3.5, -4.5, true, 'x').unwrap(), (1, -2, 3.5, -4.5, true, 'x'));
    assert_eq!(echo.wide(1 << 100, -1).unwrap(), (1 << 100) - 1);
    assert_eq!(echo.add(41).unwrap(), 42);
    assert_eq!(echo.text("straße").unwrap(), "STRASSE");
    let sprite = Sprite { x: 1.0, y: 2.0, layer: Layer::Back };
    assert_eq!(echo.sprite(sprite, Id(9)).unwrap(), Sprite { x: 9.0, ..sprite });
    echo.nothing().unwrap();
    assert_eq!(echo.sound(7).unwrap(), 7);
}

#[test]
fn plain_data_is_seen_and_written_in_place() {
    let mut double = start::<dyn Echo, Echoes>();
    let mut echo = double.client::<dyn Echo>();
    let sprite = Sprite { x: 2.0, y: 0.0, layer: Layer::Back };
    let mut sprites = [sprite; 5];
    assert_eq!(echo.sum(&sprites, &sprite).unwrap(), 20.0);
    assert_eq!(echo.sum(&[], &sprite).unwrap(), 0.0);
    let mut first = sprite;
    echo.shift(&mut sprites, &mut first).unwrap();
    assert_eq!(sprites, [Sprite { x: 3.0, y: 0.0, layer: Layer::Front }; 5]);
    assert_eq!(first.y, -1.0);
}

#[test]
fn an_adopted_value_that_is_refused_is_an_error_not_a_panic() {
    use hotswap_abi::__private::portable::{Buffer, Reader};
    let mut buffer = Buffer::new();
    let odd = Adopted { foreign: Foreign { words: Vec::new() }, even: Even(5) };
    odd.encode(&mut buffer.writer());
    let error = Reader::whole::<Adopted>(buffer.bytes()).unwrap_err();
    assert!(error.to_string().contains("5 is odd"), "{error}");
}
