/// What the host asks of the module.
#[interface]
pub trait {{Interface}} {
    /// A line to print.
    fn tick(&mut self) -> String;
}
