//! Which keys are trusted, until when, and what is revoked. Pure: texts in, lists out.
//!
//! A file of keys has one entry a line:
//!
//! ```text
//! # who signs releases
//! RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3 until 2027-06-30
//! revoked E7620F1842B4E81F
//! revoked 3f0d…  (an artifact, by its whole hash)
//! ```
//!
//! Empty lines, `#` and the comments of minisign's own files say nothing.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use hotswap_types::ArtifactHash;

use super::signature::{COMMENT, Forged, Key, KeyId};

/// A day, of the Gregorian calendar and UTC, since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

/// What is trusted at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    pub(super) keys: Vec<Key>,
    revoked_keys: Vec<KeyId>,
    revoked: Vec<ArtifactHash>,
}

impl Keys {
    pub(super) fn of(keys: &[Key]) -> Self {
        Self { keys: keys.to_vec(), ..Self::default() }
    }

    /// Adds the entries of a file.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') || line.starts_with(COMMENT) {
                continue;
            }
            self.entry(line).map_err(|why| format!("line {}: {why}", number + 1))?;
        }
        Ok(())
    }

    fn entry(&mut self, line: &str) -> Result<(), String> {
        let Some(revoked) = line.strip_prefix("revoked ") else {
            self.keys.push(Key::parse(line)?);
            return Ok(());
        };
        let what = revoked.split_whitespace().next().unwrap_or_default();
        if let Some(key) = KeyId::from_text(what) {
            self.revoked_keys.push(key);
        } else if let Ok(artifact) = what.parse() {
            self.revoked.push(artifact);
        } else {
            let found: String = what.chars().take(80).collect();
            return Err(format!(
                "expected the number of a key or the whole hash of an artifact as revoked, found \
                 {found:?}"
            ));
        }
        Ok(())
    }

    /// Whether an artifact that a key has signed is trusted now.
    pub(super) fn allow(
        &self,
        id: KeyId,
        artifact: ArtifactHash,
        today: Day,
    ) -> Result<(), Forged> {
        if self.revoked.contains(&artifact) {
            return Err(Forged::RevokedArtifact { artifact });
        }
        if self.revoked_keys.contains(&id) {
            return Err(Forged::Revoked { key: id });
        }
        let known: Vec<_> = self.keys.iter().filter(|key| key.id() == id).collect();
        if known.is_empty() {
            return Err(Forged::Key { trusted: self.to_string(), found: id });
        }
        let last = known.iter().map(|key| key.until()).max_by_key(|it| it.unwrap_or(Day(i64::MAX)));
        match last.flatten() {
            Some(until) if until < today => Err(Forged::Expired { key: id, until }),
            _ => Ok(()),
        }
    }
}

/// The keys, by their numbers.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() {
            return f.write_str("none");
        }
        for (index, key) in self.keys.iter().enumerate() {
            write!(f, "{}{}", if index == 0 { "" } else { ", " }, key.id())?;
        }
        Ok(())
    }
}

impl Day {
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

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const ID: &str = "E7620F1842B4E81F";

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

    fn keys(text: &str) -> Keys {
        let mut keys = Keys::default();
        keys.add(text).unwrap();
        keys
    }

    #[test]
    fn a_key_is_trusted_through_its_last_day_and_unless_it_is_revoked() {
        let (id, artifact) = (KeyId::from_text(ID).unwrap(), ArtifactHash::of(b"test"));
        let allow = |text: &str, today| keys(text).allow(id, artifact, day(today));
        let own = format!("untrusted comment: minisign public key {ID}\n{KEY}\n");
        assert_eq!(allow(&own, "2099-01-01"), Ok(()));
        let until = format!("# of the build server\n\n  {KEY} until 2027-06-30\n");
        assert_eq!(allow(&until, "2027-06-30"), Ok(()));
        let error = allow(&until, "2027-07-01").unwrap_err().to_string();
        assert_eq!(error, format!("key {ID} was trusted until 2027-06-30"));
        // The same key with another day.
        assert_eq!(allow(&format!("{until}{KEY}\n"), "2027-07-01"), Ok(()));
        let error = allow(&format!("{own}revoked {ID}\n"), "2027-01-01").unwrap_err();
        assert_eq!(error, Forged::Revoked { key: id });
        let revoked = format!("{own}revoked {artifact}  slow\nrevoked 0000000000000000");
        assert_eq!(allow(&revoked, "2027-01-01"), Err(Forged::RevokedArtifact { artifact }));
        assert!(matches!(allow("", "2027-01-01"), Err(Forged::Key { .. })));
    }

    #[test]
    fn what_is_no_entry_is_named_by_its_line() {
        for (line, why) in [
            ("revoked all", "line 2: expected the number of a key or the whole hash"),
            ("revoked E7620F", "found \"E7620F\""),
            ("hello", "line 2: expected a minisign public key, found \"hello\""),
            (&format!("{KEY} until tomorrow"), "line 2: expected a day like 2027-06-30"),
            (&format!("{KEY} for ever"), "line 2: expected a minisign public key"),
        ] {
            let error = Keys::default().add(&format!("# keys\n{line}\n")).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
