//! Two versions of a state, for [`counting`](crate::counting).

/// Version 1.
pub const FIRST: &str = "
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct Count { value: u64 }
impl Counts for Count {
    fn fresh() -> Self { Self { value: 0 } }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";

/// Version 2, which does not say how to go back.
pub const SECOND: &str = "
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 1)]
pub struct CountV1 { value: u64 }
#[derive(HotState, Serialize, Deserialize, Clone, Debug)]
#[hot_state(version = 2, previous = CountV1)]
pub struct Count { value: u64, level: u8 }
impl Migrate<CountV1> for Count {
    fn upgrade(old: CountV1) -> Result<Self, MigrateError> {
        Ok(Self { value: old.value, level: 3 })
    }
}
impl Counts for Count {
    fn fresh() -> Self { Self { value: 0, level: 3 } }
    fn value(&self) -> u64 { self.value }
    fn add(&mut self, n: u64) { self.value += n; }
}";
