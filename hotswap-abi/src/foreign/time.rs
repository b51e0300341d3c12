//! `time`: numbers of days, seconds and nanoseconds.
//!
//! | type | form |
//! |---|---|
//! | `Date` | its Julian day, `i32` |
//! | `Time` | hour, minute, second, `u8` each, nanosecond, `u32` |
//! | `PrimitiveDateTime` (`PlainDateTime`) | date and time |
//! | `UtcDateTime` | date and time in UTC |
//! | `UtcOffset` | seconds east of UTC, `i32` |
//! | `OffsetDateTime` | local date and time, offset |
//! | `Duration` (`SignedDuration`) | seconds, `i64`, and nanoseconds of the same sign, `i32` |

use ::time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset};

use super::{made_of, named};

named! {
    Date => "time::Date",
    Time => "time::Time",
    PrimitiveDateTime => "time::PrimitiveDateTime",
    UtcDateTime => "time::UtcDateTime",
    UtcOffset => "time::UtcOffset",
    OffsetDateTime => "time::OffsetDateTime",
    Duration => "time::Duration",
}

made_of! {
    Date, "a date of time": this => (this.to_julian_day()),
        (day: i32) => Self::from_julian_day(day).ok();
    Time, "a time of time": this => (this.hour(), this.minute(), this.second(), this.nanosecond()),
        (hour: u8, minute: u8, second: u8, nanos: u32) =>
            Self::from_hms_nano(hour, minute, second, nanos).ok();
    PrimitiveDateTime, "a date and a time of time": this => (this.date(), this.time()),
        (date: Date, time: Time) => Some(Self::new(date, time));
    UtcDateTime, "a time of time": this => (this.date(), this.time()),
        (date: Date, time: Time) => Some(Self::new(date, time));
    UtcOffset, "an offset of time": this => (this.whole_seconds()),
        (seconds: i32) => Self::from_whole_seconds(seconds).ok();
    OffsetDateTime, "a time of time with an offset":
        this => (this.date(), this.time(), this.offset()),
        (date: Date, time: Time, offset: UtcOffset) => Some(Self::new_in_offset(date, time, offset));
    Duration, "a duration of time": this => (this.whole_seconds(), this.subsec_nanoseconds()),
        (seconds: i64, nanos: i32) => super::are_one_duration(seconds, nanos)
            .then(|| Self::new(seconds, nanos));
}
