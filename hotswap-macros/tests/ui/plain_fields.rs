use hotswap_abi::Plain;

#[derive(Plain, Clone, Copy)]
#[repr(C)]
pub struct Label {
    text: &'static str,
    next: *const Label,
    call: fn(u32),
    fine: u32,
}

fn main() {}
