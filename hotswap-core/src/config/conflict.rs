//! What a configuration says twice: a host is not made with it, since one of the two would go
//! unheard.

use hotswap_abi::Manifest;

use super::{Config, Replay, Trial, error::ConfigError, slot_config::Builtin, strategy::unfit};

impl Config {
    /// Expects no slot, and no name of a module, twice.
    pub(crate) fn check_slots(&self) -> Result<(), ConfigError> {
        for (at, (name, second)) in self.slots.iter().enumerate() {
            if let Some((_, first)) = self.slots[..at].iter().find(|(first, _)| first == name) {
                let (first, second) = (first.origin(), second.origin());
                return Err(ConfigError::ConfiguredTwice { name: name.clone(), first, second });
            }
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

impl Config {
    /// Expects of each trial, and of each strategy, that it can be followed.
    pub(crate) fn check_trials(&self) -> Result<(), ConfigError> {
        for (name, slot) in &self.slots {
            let trial = slot.own.trial.as_ref().or(self.defaults.trial.as_ref());
            if let Some(why) = trial.and_then(Trial::mistake) {
                return Err(ConfigError::Trial { name: name.clone(), why });
            }
            let strategy = slot.own.strategy.as_ref().or(self.defaults.strategy.as_ref());
            let intent = slot.own.intent.as_ref().or(self.defaults.intent.as_ref());
            let asked = intent.and_then(|intent| intent.strategy.as_ref());
            if let Some(why) =
                [strategy, asked].into_iter().flatten().find_map(|it| unfit(it, trial))
            {
                return Err(ConfigError::Strategy { name: name.clone(), why });
            }
        }
        Ok(())
    }
}

impl Config {
    /// Expects of each replay that it can be done.
    pub(crate) fn check_replays(&self) -> Result<(), ConfigError> {
        for (name, slot) in &self.slots {
            let rehearsal = slot.own.rehearsal.as_ref().or(self.defaults.rehearsal.as_ref());
            let replay = rehearsal.and_then(|rehearsal| rehearsal.replay.as_ref());
            if let Some(why) = replay.and_then(Replay::mistake) {
                return Err(ConfigError::Replay { name: name.clone(), why });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{Host, SlotConfig, sample::Drawer};

    fn why(config: Config) -> String {
        let error = Host::new(config).map(drop).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Misuse);
        error.to_string()
    }

    #[test]
    fn a_slot_that_is_configured_twice_is_an_error_that_names_both() {
        let shop = || Config::production().slot("shop", SlotConfig::artifact("/a.so"));
        let table = [
            (SlotConfig::artifact("/b.so"), "with /a.so and with /b.so"),
            (SlotConfig::artifact("/a.so"), "with /a.so and with /a.so"),
            (SlotConfig::folder("/srv"), "with /a.so and with folder /srv"),
            (SlotConfig::builtin::<Drawer>(), "/a.so and with the built-in module hotswap-core "),
            #[cfg(feature = "cargo")]
            (SlotConfig::cargo("shop"), "with /a.so and with package shop, built by cargo"),
        ];
        for (second, wanted) in table {
            let why = why(shop().slot("shop", second));
            assert!(
                why.starts_with("slot shop is configured twice") && why.contains(wanted),
                "{why}"
            );
        }
        shop().slot("bank", SlotConfig::artifact("/a.so")).check_slots().unwrap();
    }

    #[test]
    fn what_is_to_be_kept_needs_a_folder() {
        let config = || Config::dev().slot("shop", SlotConfig::builtin::<Drawer>());
        let second = Duration::from_secs(1);
        for (config, wanted) in [
            (config().with_journal(true), "Config::with_journal(true) has nowhere to write to"),
            (config().with_floors(true), "Config::with_floors(true) has nowhere to write to"),
            (config().with_checkpoint_interval(second), "the host keeps no journal"),
            (config().with_data_dir("/d").with_checkpoint_interval(second), "keeps no journal"),
        ] {
            let why = why(config);
            assert!(why.contains(wanted) && why.contains("Config::with_data_dir"), "{why}");
        }
        config().with_journal(false).with_floors(false).check_data_dir().unwrap();
        Config::production().check_data_dir().unwrap();
    }

    #[test]
    fn a_trial_that_compares_with_no_number_is_an_error() {
        let trial = || Trial::new(Duration::MAX).with_calls(1, Duration::MAX);
        let slot = |trial| {
            let slot = SlotConfig::builtin::<Drawer>().with_trial(trial);
            Config::production().slot("shop", slot)
        };
        for wrong in [f64::NAN, f64::INFINITY, -1.0] {
            let slower = why(slot(trial().with_slower(wrong)));
            assert!(slower.contains(&format!("a factor above 0, and not {wrong}")), "{slower}");
            let margin = why(slot(trial().with_margin(wrong)));
            assert!(margin.starts_with("the trial of slot shop"), "{margin}");
        }
        let whole = why(slot(trial())
            .with_trial(trial().with_slower(0.0))
            .slot("bank", SlotConfig::builtin::<Drawer>()));
        assert!(whole.contains("slot bank"), "{whole}");
        slot(trial().with_slower(f64::MAX).with_margin(0.0)).check_trials().unwrap();
    }

    #[test]
    fn two_built_in_modules_of_one_name_are_an_error() {
        let builtin = SlotConfig::builtin::<Drawer>;
        let mut two = Config::production().slot("bank", builtin()).slot("shop", builtin());
        two.check_slots().expect("one module may serve in two slots");
        let other: &'static [u8] = {
            let mut bytes = crate::sample::manifest().encoded().to_vec();
            // Another one says another compiler.
            let at = bytes.windows(5).position(|it| it == b"rustc").unwrap();
            bytes[at] = b'x';
            bytes.leak()
        };
        two.slots[0].1.builtin.as_mut().unwrap().manifest = other;
        let why = why(two);
        assert!(why.starts_with("two modules have one name: "), "{why}");
        assert!(why.contains(" of slot bank") && why.contains(" of slot shop"), "{why}");
    }
}
