use hotswap_abi::HotModule;

#[derive(HotModule)]
#[hot_module(interface = Game)]
pub struct Arcade<T>(T);

fn main() {}
