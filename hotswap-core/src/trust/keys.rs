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

use std::fmt;

use hotswap_types::ArtifactHash;

use super::{
    day::Day,
    forged::Forged,
    key::{COMMENT, Key, KeyId},
};

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
        let last = known.iter().map(|key| key.until()).max_by_key(|it| it.unwrap_or(Day::LAST));
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

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const ID: &str = "E7620F1842B4E81F";

    fn day(text: &str) -> Day {
        Day::parse(text).expect(text)
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
