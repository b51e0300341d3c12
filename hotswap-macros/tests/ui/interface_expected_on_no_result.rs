use hotswap_abi::interface;

#[interface]
pub trait Door {
    #[expected]
    fn open(&mut self) -> u32;

    #[expected(yes)]
    fn close(&mut self) -> Result<u32, String>;

    #[expected]
    #[expected]
    fn lock(&mut self) -> Result<u32, String>;
}

#[interface]
pub trait Gate {
    #[expected]
    fn open(&mut self) -> u32;
}

fn main() {}
