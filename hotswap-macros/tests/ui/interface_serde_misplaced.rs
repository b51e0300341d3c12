use hotswap_abi::interface;

#[interface]
pub trait Search {
    fn on_self(#[portable(serde)] &self);
    fn lent(&self, #[portable(serde)] query: &String);
    fn with(&self, #[portable(with = other)] query: String);
    #[portable]
    fn nothing(&self) -> String;
    #[portable(serde)]
    #[portable(serde)]
    fn twice(&self) -> String;
    fn both(&self, #[portable(serde)] #[same_build] query: &String);
    fn sometimes(&self, #[cfg_attr(test, portable(serde))] query: String);
}

fn main() {}
