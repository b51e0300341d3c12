use hotswap_abi::interface;
use hotswap_test_attributes::replace;

#[interface]
#[replace(Send => Sized2)]
pub trait NoLongerSend: Send {
    fn put(&self, n: u64);
}

pub trait Sized2 {}
impl<T: ?Sized> Sized2 for T {}

#[interface]
#[replace(str => 'static str)]
pub trait Longer {
    fn keep(&self, text: &str);
}

#[interface]
#[replace(self => 'static self)]
pub trait LongerSelf {
    fn spawn(&self);
}

#[interface]
pub trait LongerMethod {
    #[replace(u64 => 'static u64)]
    fn keep(&self, number: &u64);
}

mod own {
    pub trait Sync {}
    impl<T: ?Sized> Sync for T {}

    #[hotswap_abi::interface]
    pub trait OwnSync: Sync {
        fn put(&self, n: u64);
    }
}

fn main() {}
