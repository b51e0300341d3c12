use hotswap_abi::Movable;

#[derive(Movable)]
#[movable(unsafe = "foreign 1")]
struct World {
    #[movable]
    a: u8,
    #[movable(unsafe)]
    b: u8,
    #[movable(unsafe = " ")]
    c: u8,
    #[movable(safe = "foreign 1")]
    d: u8,
    #[movable(unsafe = "foreign 1", unsafe = "foreign 2")]
    e: u8,
}

#[derive(Movable)]
enum Kind {
    #[movable(unsafe = "foreign 1")]
    One(u8),
}

fn main() {}
