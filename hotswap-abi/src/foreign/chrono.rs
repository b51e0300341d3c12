//! `chrono`: numbers of days, seconds and nanoseconds.
//!
//! | type | form |
//! |---|---|
//! | `NaiveDate` | days since the last one of the year -1, `i32`: 1 is 0001-01-01 |
//! | `NaiveTime` | seconds since midnight, nanoseconds (a second's worth more in a leap second), `u32` each |
//! | `NaiveDateTime` | date and time |
//! | `DateTime<Utc>` | date and time in UTC |
//! | `DateTime<FixedOffset>` | date and time in UTC, seconds east of it, `i32` |
//! | `TimeDelta` | seconds, `i64`, and nanoseconds of the same sign, `i32` |

use ::chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc,
};

use super::{made_of, named};

named! {
    NaiveDate => "chrono::NaiveDate",
    NaiveTime => "chrono::NaiveTime",
    NaiveDateTime => "chrono::NaiveDateTime",
    DateTime<Utc> => "chrono::DateTime<chrono::Utc>",
    DateTime<FixedOffset> => "chrono::DateTime<chrono::FixedOffset>",
    TimeDelta => "chrono::TimeDelta",
}

made_of! {
    NaiveDate, "a date of chrono": this => (this.num_days_from_ce()),
        (days: i32) => Self::from_num_days_from_ce_opt(days);
    NaiveTime, "a time of chrono": this => (this.num_seconds_from_midnight(), this.nanosecond()),
        // A leap second may be at the end of any second: `with_nanosecond` makes such times.
        (seconds: u32, nanos: u32) => Self::from_num_seconds_from_midnight_opt(seconds, 0)
            .and_then(|time| time.with_nanosecond(nanos));
    NaiveDateTime, "a date and a time of chrono": this => (this.date(), this.time()),
        (date: NaiveDate, time: NaiveTime) => Some(Self::new(date, time));
    DateTime<Utc>, "a time of chrono": this => (this.naive_utc()),
        (utc: NaiveDateTime) => Some(utc.and_utc());
    DateTime<FixedOffset>, "a time of chrono with an offset":
        this => (this.naive_utc(), this.offset().local_minus_utc()),
        (utc: NaiveDateTime, east: i32) => FixedOffset::east_opt(east)
            // The local time is made when it is asked for: then it has to be there.
            .filter(|offset| utc.checked_add_offset(*offset).is_some())
            .map(|offset| Self::from_naive_utc_and_offset(utc, offset));
    TimeDelta, "a duration of chrono": this => (this.num_seconds(), this.subsec_nanos()),
        (seconds: i64, nanos: i32) => (nanos.unsigned_abs() < 1_000_000_000)
            .then(|| Self::try_seconds(seconds)?.checked_add(&Self::nanoseconds(nanos.into())))
            .flatten();
}
