//! Would call an address of one's choice.

use hotswap_abi::{
    __private::interface::{Lendable, Lent, TableRef},
    interface,
};

#[interface]
pub trait Engine {
    fn draw(&mut self);
}

static NOTHING: TableRef = TableRef::new(&["draw"], &[]);

fn main() {
    <dyn Engine as Lendable>::receive(Lent::new(&0, &NOTHING)).draw();
}
