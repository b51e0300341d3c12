//! Would have a text of a library's constants outlive it.

use hotswap_abi::{__private::state::movable::Description, Movable};

pub struct State {
    pub text: &'static str,
}

impl Movable for State {
    fn describe(_: &mut Description) {}
    fn mend(&mut self) {}
}

fn main() {}
