//! Would put a text of a module's constants into the host's memory, through `&mut Label`.

use hotswap_abi::{
    __private::shape::{Info, Parts, Shaped, Wire},
    Plain,
};

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Label {
    pub text: &'static str,
}

unsafe impl Shaped<Wire> for Label {
    const INFO: Info = Info::scalar("Label");
    fn args() -> impl Parts<Wire> {}
    fn parts() -> impl Parts<Wire> {}
}

impl Plain for Label {}

fn main() {}
