//! Would be a client without anybody who lets it in.

mod api {
    #[hotswap_abi::interface]
    pub trait Counter {}
}

fn client<C>(caller: C) -> api::CounterClient<C> {
    api::CounterClient { caller }
}

fn main() {}
