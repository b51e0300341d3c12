//! Public keys and their numbers. Pure: texts in, keys out.
//!
//! The number of a key is read here because `minisign-verify` keeps it to itself, and a refusal names
//! both sides.

use std::fmt;

use minisign_verify::PublicKey;

use super::day::Day;

/// What the first line of a key file begins with.
pub(super) const COMMENT: &str = "untrusted comment:";

/// A key that is trusted.
#[derive(Debug, Clone)]
pub(super) struct Key {
    id: KeyId,
    key: PublicKey,
    /// The last day on which it is trusted; for ever, if `None`.
    until: Option<Day>,
}

/// The number of a key, as minisign shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(u64);

impl Key {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        // The comment of a key file stands in front of the key.
        let mut lines = text.lines().rev();
        let line = lines.next().unwrap_or_default().trim();
        if lines.any(|line| !line.starts_with(COMMENT)) {
            return Err("expected one minisign public key, found several lines".to_owned());
        }
        let (line, until) = match line.split_once(" until ") {
            Some((key, day)) => (key.trim(), Some(day.trim())),
            None => (line, None),
        };
        let known = PublicKey::from_base64(line).ok().zip(KeyId::of(line));
        let (key, id) = known.ok_or_else(|| {
            let found: String = line.chars().take(80).collect();
            format!("expected a minisign public key, found {found:?}")
        })?;
        let until = until.map(|day| {
            let found: String = day.chars().take(80).collect();
            let wrong =
                || format!("expected a day like 2027-06-30 behind `until`, found {found:?}");
            Day::parse(day).ok_or_else(wrong)
        });
        Ok(Self { id, key, until: until.transpose()? })
    }

    pub(super) fn is_over(&self, today: Day) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    pub(super) const fn until(&self) -> Option<Day> {
        self.until
    }

    pub(super) const fn id(&self) -> KeyId {
        self.id
    }

    pub(super) const fn verifier(&self) -> &PublicKey {
        &self.key
    }
}

impl KeyId {
    /// As minisign shows it.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let is_number = text.len() == 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| is_number).map(Self)
    }

    /// Of a key or a signature in base64: behind two bytes for the algorithm.
    pub(super) fn of(base64: &str) -> Option<Self> {
        let mut bits = 0_u128;
        // 16 digits are 12 bytes.
        for digit in base64.as_bytes().first_chunk::<16>()? {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u128::from(value);
        }
        let bytes = bits.to_be_bytes();
        // 4 bytes of nothing, 2 for the algorithm, then the number.
        let number: &[u8; 8] = bytes[6..].first_chunk()?;
        Some(Self(u64::from_le_bytes(*number)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}
