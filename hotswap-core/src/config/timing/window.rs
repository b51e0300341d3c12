//! Hours in which upgrades may take over: by the clock of UTC, or of an offset to it.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 3600;
/// 1 January 1970 was a Thursday; Monday is the first day.
const FIRST_DAY: i64 = 3;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Hours in which upgrades may take over, on some days of the week or on all of them.
///
/// As a text, in 24 hours: `02:00-04:30`, `Sat,Sun 22:00-02:00`, `Mon-Fri 02:00-04:00 +01:00`. An end
/// that is not after the beginning is on the next day. The clock is that of UTC, or of the offset
/// that is given; there is no summer time.
///
/// ```
/// use hotswap_core::config::Window;
///
/// let window: Window = "Mon-Fri 02:00-04:30".parse()?;
/// assert_eq!(window.to_string(), "Mon-Fri 02:00-04:30 +00:00");
/// assert!("02:00".parse::<Window>().is_err());
/// # Ok::<(), hotswap_core::config::ParseWindowError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// By day, from Monday on.
    days: [bool; 7],
    /// Seconds after midnight.
    begins: i64,
    /// More than none, at most a day.
    length: i64,
    /// Seconds east of UTC.
    offset: i64,
}

/// A text that is no [`Window`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected hours like `Mon-Fri 02:00-04:30 +01:00`, found {found:?}: {why}")]
pub struct ParseWindowError {
    found: String,
    why: &'static str,
}

hotswap_abi::debug_in_full!(ParseWindowError);

impl Window {
    /// How long it lasts.
    #[must_use]
    pub const fn length(&self) -> Duration {
        Duration::from_secs(self.length.unsigned_abs())
    }

    /// How long it is until it opens; nothing while it is open.
    #[must_use]
    pub fn opens_in(&self, now: SystemTime) -> Duration {
        let now = seconds(now).saturating_add(self.offset);
        let today = now.div_euclid(DAY);
        // What has begun yesterday may still be open.
        let begins = (today - 1..today + 8)
            .filter(|day| self.days[usize::try_from((day + FIRST_DAY).rem_euclid(7)).unwrap_or(0)])
            .map(|day| day * DAY + self.begins)
            .find(|begins| now < begins + self.length);
        let left = begins.map_or(0, |begins| (begins - now).max(0));
        Duration::from_secs(left.unsigned_abs())
    }
}

fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX / 2),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX / 2),
    }
}

impl FromStr for Window {
    type Err = ParseWindowError;

    fn from_str(text: &str) -> Result<Self, ParseWindowError> {
        let wrong = |why| ParseWindowError { found: text.to_owned(), why };
        let mut words: Vec<_> = text.split_whitespace().collect();
        let is_offset = |word: &&&str| word.starts_with(['+', '-']);
        let offset = match words.last().filter(is_offset) {
            Some(word) => {
                let (sign, hours) = word.split_at(1);
                let seconds = clock(hours).ok_or(wrong("an offset is +hh:mm or -hh:mm"))?;
                words.pop();
                if sign == "-" { -seconds } else { seconds }
            }
            None => 0,
        };
        let (days, hours) = match words[..] {
            [hours] => ([true; 7], hours),
            [days, hours] => (self::days(days).ok_or(wrong("days are Mon,Wed or Mon-Fri"))?, hours),
            _ => return Err(wrong("there are days, hours and an offset")),
        };
        let (begins, ends) = hours.split_once('-').ok_or(wrong("hours are hh:mm-hh:mm"))?;
        let time = |text| clock(text).ok_or(wrong("times are hh:mm, from 00:00 to 24:00"));
        let (begins, ends) = (time(begins)?, time(ends)?);
        let length = if ends > begins { ends - begins } else { ends + DAY - begins };
        Ok(Self { days, begins, length, offset })
    }
}

/// Seconds after midnight.
fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, most: i64| -> Option<i64> {
        let digits = text.len() == 2 && text.bytes().all(|it| it.is_ascii_digit());
        text.parse().ok().filter(|number| digits && *number <= most)
    };
    let seconds = number(hours, 24)? * 60 * MINUTE + number(minutes, 59)? * MINUTE;
    (seconds <= DAY).then_some(seconds)
}

fn days(text: &str) -> Option<[bool; 7]> {
    let day = |name: &str| DAYS.iter().position(|day| day.eq_ignore_ascii_case(name));
    let mut days = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        days[at] = true;
        while at != last {
            at = (at + 1) % 7;
            days[at] = true;
        }
    }
    Some(days)
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { days, begins, length, offset } = *self;
        if days != [true; 7] {
            // Runs of days, as they are read.
            let mut day = 0;
            let mut comma = "";
            while day < 7 {
                let run = days[day..].iter().take_while(|is_in| **is_in).count();
                if run > 0 {
                    write!(f, "{comma}{}", DAYS[day])?;
                    if run > 1 {
                        write!(f, "-{}", DAYS[day + run - 1])?;
                    }
                    comma = ",";
                }
                day += run.max(1);
            }
            f.write_str(" ")?;
        }
        let time = |seconds: i64| format!("{:02}:{:02}", seconds / 3600, seconds % 3600 / MINUTE);
        let ends = match begins + length {
            ends if ends > DAY => ends - DAY,
            ends => ends,
        };
        let sign = if offset < 0 { '-' } else { '+' };
        write!(f, "{}-{} {sign}{}", time(begins), time(ends), time(offset.abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str) -> Window {
        text.parse().unwrap()
    }

    /// Days after Thursday, 1 January 1970.
    fn at(day: u64, hours: u64, minutes: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86400 + hours * 3600 + minutes * 60)
    }

    fn minutes(text: &str, now: SystemTime) -> u64 {
        window(text).opens_in(now).as_secs() / 60
    }

    #[test]
    fn it_opens_every_day() {
        assert_eq!(minutes("02:00-04:30", at(0, 1, 0)), 60);
        assert_eq!(minutes("02:00-04:30", at(0, 2, 0)), 0);
        assert_eq!(minutes("02:00-04:30", at(0, 4, 29)), 0);
        assert_eq!(minutes("02:00-04:30", at(0, 4, 30)), 21 * 60 + 30);
    }

    #[test]
    fn what_began_yesterday_may_be_open() {
        assert_eq!(minutes("22:00-02:00", at(5, 1, 59)), 0);
        assert_eq!(minutes("22:00-02:00", at(5, 2, 0)), 20 * 60);
        assert_eq!(minutes("Sat 22:00-02:00", at(3, 1, 0)), 0, "the night to Sunday");
        assert_eq!(minutes("00:00-24:00", at(3, 1, 0)), 0);
        assert_eq!(minutes("00:00-00:00", at(3, 23, 59)), 0);
    }

    #[test]
    fn days_are_those_of_its_own_clock() {
        assert_eq!(minutes("Fri 02:00-03:00", at(0, 2, 0)), 24 * 60);
        assert_eq!(minutes("Thu 02:00-03:00", at(0, 3, 0)), 7 * 24 * 60 - 60);
        assert_eq!(minutes("Thu 00:00-01:00 +01:00", at(0, 0, 0)), 7 * 24 * 60 - 60);
        assert_eq!(minutes("Thu 00:00-01:00 -01:30", at(0, 0, 0)), 90);
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in [
            "02:00-04:30 +00:00",
            "Mon-Fri 02:00-04:00 +01:00",
            "Mon,Wed-Thu,Sun 22:00-02:00 -03:30",
            "Sat 00:00-24:00 +00:00",
        ] {
            assert_eq!(window(text).to_string(), text);
        }
        assert_eq!(window("sat-mon 02:00-03:00").to_string(), "Mon,Sat-Sun 02:00-03:00 +00:00");
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for (text, why) in [
            ("", "there are days"),
            ("2:00-4:00", "times are"),
            ("02:00", "hours are"),
            ("25:00-26:00", "times are"),
            ("24:01-24:02", "times are"),
            ("Foo 02:00-03:00", "days are"),
            ("Mon 02:00-03:00 +1", "an offset"),
            ("Mon Tue 02:00-03:00", "there are days"),
        ] {
            let error = text.parse::<Window>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
