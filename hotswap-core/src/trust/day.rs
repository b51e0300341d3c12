//! A day, in UTC: until when a key is trusted.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

/// A day, of the Gregorian calendar and UTC, since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// Later than every other one.
    pub(super) const LAST: Self = Self(i64::MAX);

    pub(super) fn today() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self::after(since.unwrap_or_default())
    }

    fn after(since: Duration) -> Self {
        Self(i64::try_from(since.as_secs() / 86_400).unwrap_or(i64::MAX))
    }

    /// Of `2027-06-30`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str, most: usize| {
            let is_number = text.len() == most && text.bytes().all(|it| it.is_ascii_digit());
            text.parse::<i64>().ok().filter(|_| is_number)
        };
        let mut parts = text.split('-');
        let (year, month) = (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?);
        let day = digits(parts.next()?, 2)?;
        let leaps = |year: i64| year / 4 - year / 100 + year / 400;
        let february = 28 + leaps(year) - leaps(year - 1);
        let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let index = usize::try_from(month - 1).ok().filter(|it| *it < 12)?;
        let is_day = year >= 1970 && (1..=lengths[index]).contains(&day) && parts.next().is_none();
        let years = (year - 1970) * 365 + leaps(year - 1) - leaps(1969);
        is_day.then(|| Self(years + lengths[..index].iter().sum::<i64>() + day - 1))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |year: i64| format!("{year:04}-01-01");
        let mut year = 1970 + self.0 / 366;
        while Self::parse(&text(year + 1)).is_some_and(|next| next <= *self) {
            year += 1;
        }
        let dates = (1..=12)
            .flat_map(|month| (1..=31).map(move |day| format!("{year:04}-{month:02}-{day:02}")));
        let date = dates.into_iter().find(|date| Self::parse(date) == Some(*self));
        f.write_str(&date.unwrap_or_else(|| format!("day {} since 1970", self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect(text)
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, number) in [
            ("1970-01-01", 0),
            ("1972-03-01", 790),
            ("2000-02-29", 11_016),
            ("2026-11-29", 20_786),
            ("2100-03-01", 47_541),
        ] {
            assert_eq!((day(text), day(text).to_string().as_str()), (Day(number), text));
            let since = Duration::from_secs(u64::try_from(number).unwrap() * 86_400 + 86_399);
            assert_eq!(Day::after(since), day(text));
        }
        for text in ["", "2027-02-29", "2100-02-29", "2027-13-01", "2027-00-10", "27-01-01"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        for text in ["2027-1-01", "2027-01-32", "2027-01-01-01", "+027-01-01", "1969-12-31"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
