//! How plans, reports and states are written as JSON, where serde would not write it for scripts.
//!
//! Durations are numbers of milliseconds, down to a microsecond, in fields that end in `_ms`; times
//! are whole milliseconds since 1970; versions are texts. What is read may have been written by
//! anybody.

/// A type by its text.
pub(crate) mod text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A duration in milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        Millis(*value).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        duration(f64::deserialize(from)?).map_err(de::Error::custom)
    }

    /// As it is written: a whole number where it is one.
    pub(super) struct Millis(pub(super) Duration);

    impl Serialize for Millis {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let micros = self.0.as_micros();
            match u64::try_from(micros / 1000) {
                Ok(whole) if micros.is_multiple_of(1000) => to.serialize_u64(whole),
                _ => to.serialize_f64(micros as f64 / 1e3),
            }
        }
    }

    /// What is too long for a clock is as long as there is.
    pub(super) fn duration(millis: f64) -> Result<Duration, String> {
        if millis.is_nan() || millis < 0.0 {
            return Err(format!("expected a number of milliseconds, found {millis}"));
        }
        Ok(Duration::try_from_secs_f64(millis / 1e3).unwrap_or(Duration::MAX))
    }
}

/// A duration in milliseconds, where there is one.
pub(crate) mod maybe_millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};

    use super::millis;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(millis::Millis).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        let found = Option::<f64>::deserialize(from)?;
        found.map(millis::duration).transpose().map_err(de::Error::custom)
    }
}

/// For how long something is so, in milliseconds.
pub(crate) mod since {
    use std::time::Instant;

    use serde::Serializer;

    pub(crate) fn serialize<S: Serializer>(value: &Instant, to: S) -> Result<S::Ok, S::Error> {
        super::millis::serialize(&value.elapsed(), to)
    }
}

/// A time in milliseconds since 1970.
pub(crate) mod time {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(of(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        u64::deserialize(from).map(after)
    }

    pub(crate) fn of(time: SystemTime) -> u64 {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// What no clock can tell is 1970.
    pub(crate) fn after(millis: u64) -> SystemTime {
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis));
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A path. What is no UTF-8 in it is written as a replacement character.
pub(crate) mod path {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &impl AsRef<Path>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.as_ref().to_string_lossy())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        String::deserialize(from).map(PathBuf::from)
    }
}

/// Paths, each as in [`path`].
pub(crate) fn paths<S: serde::Serializer>(
    value: &[std::path::PathBuf],
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_seq(value.iter().map(|path| path.to_string_lossy()))
}

/// A module and its version, where they are known.
pub(crate) mod module {
    use semver::Version;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Named {
        name: String,
        #[serde(with = "super::text")]
        version: Version,
    }

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<(String, Version)>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        let named = |(name, version): &(String, Version)| Named {
            name: name.clone(),
            version: version.clone(),
        };
        value.as_ref().map(named).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<(String, Version)>, D::Error> {
        let found = Option::<Named>::deserialize(from)?;
        Ok(found.map(|Named { name, version }| (name, version)))
    }
}

/// What several own, where it is there.
pub(crate) mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Arc<T>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(to)
    }

    pub(crate) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Arc<T>>, D::Error> {
        Ok(Option::<T>::deserialize(from)?.map(Arc::new))
    }
}

/// A place in a source, where there is one.
pub(crate) mod place {
    use std::panic::Location;

    use serde::{Serialize as _, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<&'static Location<'static>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(|place| format!("{}:{}", place.file(), place.line())).serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fmt::Debug,
        time::{Duration, SystemTime},
    };

    use serde::{Deserialize, Serialize};

    use crate::{
        event::{Exit, Holder, Phase, Refusal, StateNote, WayBack},
        journal::Earlier,
        plan::Change,
        upgrade::ArtifactHash,
    };

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "super::maybe_millis")]
        took: Option<Duration>,
        #[serde(with = "super::time")]
        at: SystemTime,
    }

    #[test]
    fn durations_are_milliseconds_and_times_those_since_1970() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(7);
        let both = Both { took: Some(Duration::from_micros(1_211)), at };
        let text = serde_json::to_string(&both).unwrap();
        assert_eq!(text, r#"{"took":1.211,"at":7}"#);
        assert_eq!(serde_json::from_str::<Both>(&text).unwrap(), both);
        for long in [Duration::from_secs(1 << 32), Duration::MAX] {
            let text = serde_json::to_string(&Both { took: Some(long), at }).unwrap();
            let read = serde_json::from_str::<Both>(&text).unwrap().took.unwrap();
            assert!(read >= long - Duration::from_millis(1), "{read:?}");
        }
    }

    #[test]
    fn what_no_clock_can_tell_is_no_panic() {
        let read = |text: &str| serde_json::from_str::<Both>(text);
        assert_eq!(read(r#"{"took":1e300,"at":0}"#).unwrap().took, Some(Duration::MAX));
        let error = read(r#"{"took":-1,"at":0}"#).unwrap_err().to_string();
        assert!(error.contains("expected a number of milliseconds, found -1"), "{error}");
        assert!(read(&format!(r#"{{"took":null,"at":{}}}"#, u64::MAX)).is_ok());
    }

    fn written<T: Serialize>(value: &T) -> String {
        serde_json::to_string(value).unwrap()
    }

    /// Written like that, and read again.
    fn both_ways<T: Serialize + for<'de> Deserialize<'de> + Debug>(value: &T, text: &str) {
        assert_eq!(written(value), text);
        let read: T = serde_json::from_str(text).unwrap();
        assert_eq!(format!("{read:?}"), format!("{value:?}"));
    }

    #[test]
    fn what_has_kinds_says_which_it_is() {
        let version = |text: &str| text.parse::<semver::Version>().unwrap();
        both_ways(&Change::First, r#"{"kind":"first"}"#);
        let interface = Change::Interface { from: version("1.0.0"), to: version("1.1.0-rc.1+7") };
        both_ways(&interface, r#"{"kind":"interface","from":"1.0.0","to":"1.1.0-rc.1+7"}"#);
        let why = vec!["no".to_owned()];
        both_ways(&StateNote::AsBefore { why }, r#"{"kind":"as_before","why":["no"]}"#);
        let way = WayBack::Unknown { why: "no".to_owned() };
        both_ways(&way, r#"{"kind":"unknown","why":"no"}"#);
        both_ways(&Phase::AwaitingApproval, r#""awaiting_approval""#);
        both_ways(&Exit::RolledBack, r#""rolled_back""#);
        both_ways(&Earlier::Version(version("1.2.3")), r#""1.2.3""#);
        let hash = ArtifactHash::of(b"it");
        both_ways(&Earlier::Artifact(hash), &format!("{:?}", hash.to_string()));
        let held = [Holder::Serves, Holder::Image { why: "it stays".to_owned() }];
        let text = r#"[{"kind":"serves"},{"kind":"image","by":{"why":"it stays"}}]"#;
        assert_eq!(written(&held), text);
    }

    #[test]
    fn a_refusal_names_its_module_where_it_is_known() {
        let refusal = Refusal {
            slot: "main".to_owned(),
            module: Some(("counter".to_owned(), "1.0.0".parse().unwrap())),
            artifact: None,
            path: "/srv/lib.so".to_owned(),
            phase: Phase::Loaded,
            exit: Exit::Cancelled,
            serving: None,
            state: "state untouched".to_owned(),
            findings: vec!["it hangs".to_owned()],
            advice: "wait".to_owned(),
            again: false,
        };
        let text = r#"{"slot":"main","module":{"name":"counter","version":"1.0.0"},"artifact":null,"path":"/srv/lib.so","phase":"loaded","exit":"cancelled","serving":null,"state":"state untouched","findings":["it hangs"],"advice":"wait"}"#;
        both_ways(&refusal, text);
        let unknown = Refusal { module: None, ..refusal };
        assert!(written(&unknown).contains(r#""module":null"#));
    }
}
