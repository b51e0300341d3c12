//! How plans, reports and states are written as JSON, where serde would not write it for scripts.
//!
//! Durations are numbers of milliseconds, down to a nanosecond, in fields that end in `_ms`; times
//! are whole milliseconds since 1970; versions are texts. What is read may have been written by
//! anybody.

/// A duration in milliseconds.
pub mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize, Serializer, de};

    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        Millis(*value).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        duration(f64::deserialize(from)?).map_err(de::Error::custom)
    }

    /// As it is written: a whole number where it is one.
    pub(super) struct Millis(pub(super) Duration);

    impl Serialize for Millis {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let nanos = self.0.as_nanos();
            match u64::try_from(nanos / 1_000_000) {
                Ok(whole) if nanos.is_multiple_of(1_000_000) => to.serialize_u64(whole),
                _ => to.serialize_f64(nanos as f64 / 1e6),
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
pub mod maybe_millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de};

    use super::millis;

    pub fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        value.map(millis::Millis).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let found = Option::<f64>::deserialize(from)?;
        found.map(millis::duration).transpose().map_err(de::Error::custom)
    }
}

/// For how long something is so, in milliseconds.
pub mod since {
    use std::time::Instant;

    use serde::Serializer;

    pub fn serialize<S: Serializer>(value: &Instant, to: S) -> Result<S::Ok, S::Error> {
        super::millis::serialize(&value.elapsed(), to)
    }
}

/// A time in milliseconds since 1970.
pub mod time {
    use std::time::{Duration, SystemTime};

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(of(*value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        u64::deserialize(from).map(after)
    }

    pub fn of(time: SystemTime) -> u64 {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// What no clock can tell is 1970.
    pub fn after(millis: u64) -> SystemTime {
        let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(millis));
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// A time in milliseconds since 1970, where there is one.
pub mod maybe_time {
    use std::time::SystemTime;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::time;

    pub fn serialize<S: Serializer>(value: &Option<SystemTime>, to: S) -> Result<S::Ok, S::Error> {
        value.map(time::of).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SystemTime>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(time::after))
    }
}

/// A path. What is no UTF-8 in it is written as a replacement character.
pub mod path {
    use std::path::{Path, PathBuf};

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(value: &impl AsRef<Path>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.as_ref().to_string_lossy())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
        String::deserialize(from).map(PathBuf::from)
    }
}

/// Paths, each as in [`path`].
pub fn paths<S: serde::Serializer>(value: &[std::path::PathBuf], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(value.iter().map(|path| path.to_string_lossy()))
}

/// A place in a source, where there is one.
pub mod place {
    use std::panic::Location;

    use serde::{Serialize as _, Serializer};

    pub fn serialize<S: Serializer>(
        value: &Option<&'static Location<'static>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(|place| format!("{}:{}", place.file(), place.line())).serialize(to)
    }
}

#[cfg(test)]
mod tests;
