//! `jiff`: numbers of seconds and nanoseconds, and what is on a calendar and a clock.
//!
//! | type | form |
//! |---|---|
//! | `Timestamp` | seconds since 1970, `i64`, and nanoseconds of the same sign, `i32` |
//! | `SignedDuration` | seconds, `i64`, and nanoseconds of the same sign, `i32` |
//! | `civil::Date` | year, `i16`, month and day, `i8` each |
//! | `civil::Time` | hour, minute, second, `i8` each, nanosecond, `i32` |
//! | `civil::DateTime` | date and time |
//!
//! A time with its zone is none of them: what a zone is, is in a database that two libraries may each
//! have in a version of its own. Pass a `Timestamp`, and the zone by its name.

use ::jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
};

use super::{made_of, named};

named! {
    Timestamp => "jiff::Timestamp",
    SignedDuration => "jiff::SignedDuration",
    Date => "jiff::civil::Date",
    Time => "jiff::civil::Time",
    DateTime => "jiff::civil::DateTime",
}

made_of! {
    Timestamp, "a time of jiff": this => (this.as_second(), this.subsec_nanosecond()),
        (seconds: i64, nanos: i32) => super::are_one_duration(seconds, nanos)
            .then(|| Self::new(seconds, nanos).ok())
            .flatten();
    SignedDuration, "a duration of jiff": this => (this.as_secs(), this.subsec_nanos()),
        (seconds: i64, nanos: i32) => super::are_one_duration(seconds, nanos)
            .then(|| Self::new(seconds, nanos));
    Date, "a date of jiff": this => (this.year(), this.month(), this.day()),
        (year: i16, month: i8, day: i8) => Self::new(year, month, day).ok();
    Time, "a time of jiff":
        this => (this.hour(), this.minute(), this.second(), this.subsec_nanosecond()),
        (hour: i8, minute: i8, second: i8, nanos: i32) =>
            Self::new(hour, minute, second, nanos).ok();
    DateTime, "a date and a time of jiff": this => (this.date(), this.time()),
        (date: Date, time: Time) => Some(Self::from_parts(date, time));
}
