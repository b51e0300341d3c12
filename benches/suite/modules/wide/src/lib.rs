//! A module whose interface has as many methods as a feature says.

use hotswap_abi::HotModule;

macro_rules! module {
    ($interface:ident, $methods:ident) => {
        use benches_api::wide::$interface;

        /// The module.
        #[derive(Debug, HotModule)]
        #[hot_module(interface = $interface, state = ())]
        pub struct Widely {}

        impl $interface for Widely {
            benches_api::$methods!();
        }
    };
}

#[cfg(not(any(feature = "ten", feature = "fifty", feature = "two-hundred")))]
module!(Wide1, wide_1);
#[cfg(feature = "ten")]
module!(Wide10, wide_10);
#[cfg(feature = "fifty")]
module!(Wide50, wide_50);
#[cfg(feature = "two-hundred")]
module!(Wide200, wide_200);

/// Bytes that a benchmark changes, to have another artifact.
#[used]
static MARK: [u8; 64] = *b"hotswap benchmark mark:                                         ";
