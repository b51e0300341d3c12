//! Dates and times of three crates. What is on no calendar is an error.

use crate::{check, joined, refused, returns};

#[test]
fn chrono() {
    use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};
    let date = NaiveDate::from_ymd_opt(1, 1, 3).unwrap();
    let time = NaiveTime::from_hms_nano_opt(0, 1, 2, 3).unwrap();
    let both = [3, 0, 0, 0, 62, 0, 0, 0, 3, 0, 0, 0];
    check(&date, &both[..4]);
    check(&time, &both[4..]);
    check(&date.and_time(time), &both);
    check::<DateTime<Utc>>(&date.and_time(time).and_utc(), &both);
    let east = FixedOffset::east_opt(3600).unwrap();
    let local: DateTime<FixedOffset> = date.and_time(time).and_utc().with_timezone(&east);
    check(&local, &joined(&[&both, &[16, 14, 0, 0]]));
    check(&TimeDelta::milliseconds(-1), &[0, 0, 0, 0, 0, 0, 0, 0, 192, 189, 240, 255]);
    for all in [NaiveDate::MIN, NaiveDate::MAX, NaiveDate::from_ymd_opt(2024, 2, 29).unwrap()] {
        returns(&all);
    }
    for all in [TimeDelta::MIN, TimeDelta::MAX, TimeDelta::seconds(-5)] {
        returns(&all);
    }
    // In a leap second.
    returns(&NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000).unwrap());
    // chrono makes such a time in any second.
    let leap = time.with_nanosecond(1_500_000_000).unwrap();
    returns(&leap);
    returns(&date.and_time(leap).and_utc().with_timezone(&east));
    returns(&DateTime::<Utc>::MIN_UTC);

    refused::<NaiveDate>(&i32::MAX.to_le_bytes(), "expected a date of chrono, found (2147483647,)");
    refused::<NaiveTime>(
        &joined(&[&86_400_u32.to_le_bytes(), &[0; 4]]),
        "expected a time of chrono, found (86400, 0)",
    );
    refused::<NaiveTime>(&joined(&[&[0; 4], &2_000_000_000_u32.to_le_bytes()]), "expected a time");
    refused::<DateTime<FixedOffset>>(
        &joined(&[&both, &86_400_i32.to_le_bytes()]),
        "expected a time of chrono with an offset",
    );
    // Its local time would be behind the last one.
    let last = NaiveDate::MAX.and_hms_opt(23, 59, 59).unwrap();
    refused::<DateTime<FixedOffset>>(
        &joined(&[&crate::bytes(&last), &3600_i32.to_le_bytes()]),
        "expected a time of chrono with an offset",
    );
    refused::<TimeDelta>(
        &joined(&[&i64::MAX.to_le_bytes(), &[0; 4]]),
        "expected a duration of chrono",
    );
    refused::<TimeDelta>(
        &joined(&[&[0; 8], &1_000_000_000_i32.to_le_bytes()]),
        "expected a duration of chrono",
    );
    refused::<TimeDelta>(&joined(&[&[0; 8], &i32::MIN.to_le_bytes()]), "expected a duration");
}

#[test]
fn time() {
    use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset};
    let date = Date::from_calendar_date(2000, time::Month::January, 1).unwrap();
    let clock = Time::from_hms_nano(1, 2, 3, 4).unwrap();
    let both = joined(&[&2_451_545_i32.to_le_bytes(), &[1, 2, 3, 4, 0, 0, 0]]);
    check(&date, &both[..4]);
    check(&clock, &both[4..]);
    check(&PrimitiveDateTime::new(date, clock), &both);
    check(&UtcDateTime::new(date, clock), &both);
    let west = UtcOffset::from_whole_seconds(-1).unwrap();
    check(&west, &[255; 4]);
    let local = OffsetDateTime::new_in_offset(date, clock, west);
    check(&local, &joined(&[&both, &[255; 4]]));
    check(&Duration::seconds(1), &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    returns(&Duration::MIN);
    returns(&Duration::MAX);
    returns(&Date::MIN);
    returns(&Date::MAX);

    refused::<Date>(&i32::MIN.to_le_bytes(), "expected a date of time, found (-2147483648,)");
    refused::<Time>(&[24, 0, 0, 0, 0, 0, 0], "expected a time of time, found (24, 0, 0, 0)");
    refused::<Time>(&[0, 0, 60, 0, 0, 0, 0], "expected a time of time");
    refused::<UtcOffset>(&i32::MAX.to_le_bytes(), "expected an offset of time");
    refused::<Duration>(
        &joined(&[&i64::MAX.to_le_bytes(), &1_000_000_000_i32.to_le_bytes()]),
        "expected a duration of time",
    );
    refused::<Duration>(&joined(&[&1_i64.to_le_bytes(), &[255; 4]]), "expected a duration of time");
    refused::<Duration>(
        &joined(&[&[0; 8], &i32::MIN.to_le_bytes()]),
        "expected a duration of time",
    );
}

#[test]
fn jiff() {
    use jiff::{
        SignedDuration, Timestamp,
        civil::{self, Date, DateTime, Time},
    };
    let date = civil::date(2024, 2, 29);
    let clock = civil::time(1, 2, 3, 4);
    let both = [0xe8, 7, 2, 29, 1, 2, 3, 4, 0, 0, 0];
    check(&date, &both[..4]);
    check(&clock, &both[4..]);
    check(&DateTime::from_parts(date, clock), &both);
    check(&Timestamp::new(1, 2).unwrap(), &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
    check(&SignedDuration::new(-1, -1), &[255; 12]);
    for all in [Timestamp::MIN, Timestamp::MAX, Timestamp::new(-1, -999_999_999).unwrap()] {
        returns(&all);
    }
    returns(&SignedDuration::MIN);
    returns(&SignedDuration::MAX);
    returns(&DateTime::MIN);
    returns(&DateTime::MAX);

    refused::<Date>(&[0xe7, 7, 2, 29], "expected a date of jiff, found (2023, 2, 29)");
    refused::<Date>(&[255, 127, 1, 1], "expected a date of jiff");
    refused::<Time>(&[24, 0, 0, 0, 0, 0, 0], "expected a time of jiff");
    refused::<Time>(&[0, 0, 0, 255, 255, 255, 255], "expected a time of jiff");
    refused::<Timestamp>(&joined(&[&i64::MAX.to_le_bytes(), &[0; 4]]), "expected a time of jiff");
    refused::<Timestamp>(&joined(&[&1_i64.to_le_bytes(), &[255; 4]]), "expected a time of jiff");
    refused::<SignedDuration>(
        &joined(&[&i64::MAX.to_le_bytes(), &i32::MAX.to_le_bytes()]),
        "expected a duration of jiff",
    );
    refused::<SignedDuration>(&joined(&[&[255; 8], &[1, 0, 0, 0]]), "expected a duration of jiff");
}
