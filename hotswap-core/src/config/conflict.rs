//! What a configuration says twice, or of a slot that nothing can come into: a host is not made with
//! it, since one of the two would go unheard.

use hotswap_abi::Manifest;

use super::{
    Config,
    error::ConfigError,
    slot_config::{Builtin, Conflict, SlotConfig},
};

impl Config {
    /// What a host cannot be made with.
    pub(crate) fn checked(&self) -> Result<(), ConfigError> {
        if let Some(Conflict { slot, first, second }) = self.conflicts.first().cloned() {
            return Err(ConfigError::ConfiguredTwice { name: slot, first, second });
        }
        let is_empty = |it: &SlotConfig| it.source.is_none() && it.builtin.is_none();
        if let Some((name, _)) = self.slots.iter().find(|(_, slot)| is_empty(slot)) {
            let known = self.slots.iter().filter(|(_, slot)| !is_empty(slot));
            let known = known.map(|(name, _)| name.clone()).collect();
            return Err(ConfigError::NoSource { name: name.clone(), known });
        }
        let mut builtins = self.slots.iter().filter_map(|(name, it)| Some((name, it.builtin?)));
        while let Some((name, first)) = builtins.next() {
            let same = |other: &Builtin| {
                let module = |it: &Builtin| Manifest::decode(it.manifest).ok().map(|it| it.module);
                other.manifest != first.manifest && module(other) == module(&first)
            };
            if let Some((other, second)) = builtins.clone().find(|(_, other)| same(other)) {
                return Err(ConfigError::TwoModules {
                    first: format!("{first} of slot {name}"),
                    second: format!("{second} of slot {other}"),
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Host, Retire};

    fn why(config: Config) -> String {
        let error = Host::new(config).map(drop).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Misuse);
        error.to_string()
    }

    #[test]
    fn a_slot_that_is_configured_twice_is_an_error_that_names_both() {
        let shop = || Config::production().artifact("shop", "/a.so");
        let table = [
            (shop().artifact("shop", "/b.so"), "with /a.so and with /b.so"),
            (shop().artifact("shop", "/a.so"), "with /a.so and with /a.so"),
            (shop().folder("shop", "/srv"), "with /a.so and with folder /srv"),
            (shop().module("shop", "a").module("shop", "b"), "with a and with b"),
        ];
        for (config, wanted) in table {
            let why = why(config);
            assert!(
                why.starts_with("slot shop is configured twice") && why.contains(wanted),
                "{why}"
            );
        }
        #[cfg(feature = "cargo")]
        {
            let why = why(shop().cargo_package("shop"));
            assert!(why.contains("with /a.so and with package shop, built by cargo"), "{why}");
            let why = self::why(Config::dev().cargo_package("shop").cargo_package("shop"));
            assert!(why.contains("configured twice, with package shop"), "{why}");
        }
        shop().module("shop", "a").module("shop", "a").checked().unwrap();
        shop().artifact("bank", "/a.so").checked().unwrap();
    }

    #[test]
    fn two_built_in_modules_of_one_slot_or_of_one_name_are_an_error() {
        let builtin = |config: Config, slot: &str| config.builtin::<crate::sample::Drawer>(slot);
        let why = why(builtin(builtin(Config::production(), "shop"), "shop"));
        assert!(why.contains("with the built-in module hotswap-core "), "{why}");
        let mut two = builtin(builtin(Config::production(), "shop"), "bank");
        two.checked().expect("one module may serve in two slots");
        let other: &'static [u8] = {
            let mut bytes = crate::sample::manifest().encoded().to_vec();
            // Another one says another compiler.
            let at = bytes.windows(5).position(|it| it == b"rustc").unwrap();
            bytes[at] = b'x';
            bytes.leak()
        };
        two.slots.get_mut("bank").unwrap().builtin.as_mut().unwrap().manifest = other;
        let why = self::why(two);
        assert!(why.starts_with("two modules have one name: "), "{why}");
        assert!(why.contains(" of slot bank") && why.contains(" of slot shop"), "{why}");
    }

    #[test]
    fn settings_for_a_slot_that_nothing_comes_into_are_an_error() {
        let config = Config::production().artifact("shop", "/a.so").retire("shpo", Retire::Unload);
        let why = why(config);
        assert!(why.contains("slot shpo has settings") && why.ends_with("slots: shop"), "{why}");
    }
}
