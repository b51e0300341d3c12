//! `#[movable(unsafe = "…")]`: a field whose type cannot say that it moves.

use std::rc::Rc;

use hotswap_abi::{
    __private::state::movable::{Description, Traps},
    Movable,
};

/// Of another crate, as far as hotswap knows.
#[derive(Debug, PartialEq)]
struct Foreign<T>(T, Box<u8>);

#[derive(Movable, Debug, PartialEq)]
struct World {
    first: u8,
    #[movable(unsafe = "foreign 1.2")]
    foreign: Foreign<Rc<u64>>,
    kind: Kind,
}

#[derive(Movable, Debug, PartialEq)]
enum Kind {
    Named {
        #[movable(unsafe = "foreign 1.2 with std")]
        it: Foreign<&'static str>,
        count: u32,
    },
    Plain(#[movable(unsafe = "foreign 3")] Foreign<u8>, u8),
}

/// The same with another text.
#[derive(Movable)]
#[allow(dead_code, reason = "described, and never made")]
enum Other {
    Plain(#[movable(unsafe = "foreign 4")] Foreign<u8>, u8),
}

#[derive(Movable)]
#[allow(dead_code, reason = "described, and never made")]
struct Without {
    first: u8,
}

#[test]
fn a_promised_field_is_described_by_its_name_and_by_what_the_promise_depends_on() {
    let described = Description::of::<World>();
    let at = std::mem::offset_of!(World, foreign);
    for line in [
        format!(
            "  foreign at {at}: expand::promised::Foreign<alloc::rc::Rc<u64>> of 16 bytes, \
                 aligned to 8, promised on \"foreign 1.2\"\n"
        ),
        "  it: expand::promised::Foreign<&str> of 24 bytes, aligned to 8, promised on \
         \"foreign 1.2 with std\"\n"
            .to_owned(),
        "  count: #".to_owned(),
        "  0: expand::promised::Foreign<u8> of 16 bytes, aligned to 8, promised on \"foreign 3\"\n"
            .to_owned(),
    ] {
        assert!(described.text.contains(&line), "{line}{}", described.text);
    }
    assert!(!Description::of::<Other>().text.contains("foreign 3"));
}

#[test]
fn the_library_that_a_promised_value_came_from_is_kept() {
    assert_eq!(Description::of::<World>().traps, Traps::Deep);
    assert_eq!(Description::of::<Other>().traps, Traps::Deep);
    assert_eq!(Description::of::<Without>().traps, Traps::None);
}

#[test]
fn a_promised_value_is_left_as_it_is() {
    let made = || World {
        first: 1,
        foreign: Foreign(Rc::new(2), Box::new(3)),
        kind: Kind::Named { it: Foreign("four", Box::new(5)), count: 6 },
    };
    let mut world = made();
    world.mend();
    assert_eq!(world, made());
    let mut plain = Kind::Plain(Foreign(7, Box::new(8)), 9);
    plain.mend();
    assert_eq!(plain, Kind::Plain(Foreign(7, Box::new(8)), 9));
}
