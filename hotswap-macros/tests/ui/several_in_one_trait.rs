use hotswap_abi::interface;

#[interface(version = "one")]
pub trait Game: Clone {
    type Score;
    async fn load(&mut self, name: &String) -> &str;
    fn add<T>(self, value: T, each: fn(u32));
    fn fine(&self, value: u32) -> String;
    #[since("1.0.0")]
    fn late(&self, callback: Box<dyn Fn()>);
}

// The mistakes above are the only ones: others may lend the interface.
#[interface]
pub trait Other {
    fn with(&mut self, value: u32);
}

fn main() {}
