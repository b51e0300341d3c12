//! Public keys and signature files. Pure: bytes in, verdict out. The bytes of a signature file are
//! hostile.
//!
//! `minisign-verify` decides. What is read here beside it is the number of a key, which it keeps to
//! itself, so that a refusal can name both sides.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use hotswap_types::ArtifactHash;
use minisign_verify::{Error, PublicKey, Signature};

use super::keys::{Day, Keys};

/// What a signature's file has behind the name of its artifact.
pub(crate) const EXTENSION: &str = "minisig";

/// Where an artifact's signature is.
pub(crate) fn signature_of(artifact: &Path) -> PathBuf {
    artifact.with_added_extension(EXTENSION)
}

/// The largest signature file in bytes; minisign's own comments fit.
pub(crate) const LARGEST: u64 = 16 << 10;

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

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) key: KeyId,
    /// The trusted comment, with nothing in it that a terminal would obey.
    pub(crate) comment: String,
}

impl Signed {
    /// The key and the comment, as they are told.
    pub(crate) fn told(&self) -> (String, String) {
        (self.key.to_string(), self.comment.clone())
    }
}

/// Why a signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forged {
    #[error("it is no minisign signature")]
    Damaged,
    #[error("trusted keys: {trusted}   signed with: {found}")]
    Key { trusted: String, found: KeyId },
    #[error("it is of the old form, made with `minisign -l`")]
    Legacy,
    #[error("it is not the signature of this file")]
    Wrong,
    #[error("key {key} was trusted until {until}")]
    Expired { key: KeyId, until: Day },
    #[error("key {key} was revoked")]
    Revoked { key: KeyId },
    #[error("artifact {} was revoked", artifact.short())]
    RevokedArtifact { artifact: ArtifactHash },
}

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

    fn is_over(&self, today: Day) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    pub(super) const fn until(&self) -> Option<Day> {
        self.until
    }

    pub(super) const fn id(&self) -> KeyId {
        self.id
    }
}

/// Judges the content of a signature file.
pub(super) fn judge(
    trusted: &Keys,
    legacy: bool,
    today: Day,
    signature: &[u8],
    artifact: &[u8],
) -> Result<Signed, Forged> {
    let text = str::from_utf8(signature).map_err(|_| Forged::Damaged)?;
    let signature = Signature::decode(text).map_err(|_| Forged::Damaged)?;
    let line = text.lines().nth(1).unwrap_or_default();
    let found = KeyId::of(line).ok_or(Forged::Damaged)?;
    trusted.allow(found, ArtifactHash::of(artifact), today)?;
    // Numbers are chosen by chance, and two keys may have the same one.
    let mut verdict = None;
    for key in trusted.keys.iter().filter(|key| key.id == found && !key.is_over(today)) {
        match key.key.verify(artifact, &signature, legacy) {
            Ok(()) => {
                let comment = signature.trusted_comment();
                let comment = comment.chars().map(|c| if c.is_control() { ' ' } else { c });
                return Ok(Signed { key: found, comment: comment.collect() });
            }
            Err(Error::UnexpectedAlgorithm) => verdict = Some(Forged::Legacy),
            Err(_) => verdict = Some(Forged::Wrong),
        }
    }
    Err(verdict.unwrap_or_else(|| Forged::Key { trusted: trusted.to_string(), found }))
}

impl KeyId {
    /// As minisign shows it.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let is_number = text.len() == 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| is_number).map(Self)
    }

    /// Of a key or a signature in base64: behind two bytes for the algorithm.
    fn of(base64: &str) -> Option<Self> {
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

#[cfg(test)]
mod tests {
    use super::*;

    // The example of minisign's own documentation, and what minisign 0.11 has made of `content`.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const OF_TEST: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1556193335\tfile:test\n\
        y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n";
    const LEGACY: &str = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==\n";

    fn keys() -> Keys {
        Keys::of(&[Key::parse(KEY).unwrap()])
    }

    fn today() -> Day {
        Day::parse("2026-11-29").unwrap()
    }

    #[test]
    fn a_key_has_the_number_that_minisign_shows() {
        let file = format!("untrusted comment: minisign public key E7620F1842B4E81F\n{KEY}\n");
        for text in [KEY, &file, &format!("  {KEY}\r\n")] {
            assert_eq!(Key::parse(text).unwrap().id().to_string(), "E7620F1842B4E81F");
        }
        for text in ["", "RWQ", &KEY[1..], &format!("{KEY}\nmore"), OF_TEST] {
            assert!(Key::parse(text).unwrap_err().contains("public key, found"), "{text}");
        }
    }

    #[test]
    fn a_signature_is_of_one_file_and_one_key() {
        let judge =
            |file: &str, content: &[u8]| judge(&keys(), false, today(), file.as_bytes(), content);
        let signed = judge(OF_TEST, b"test").unwrap();
        assert_eq!(signed.key, keys().keys[0].id());
        assert_eq!(signed.comment, "timestamp:1556193335 file:test");
        assert_eq!(judge(OF_TEST, b"tesT"), Err(Forged::Wrong));
        // The trusted comment is signed as well.
        assert_eq!(judge(&OF_TEST.replace("file:test", "file:best"), b"test"), Err(Forged::Wrong));
        let other = OF_TEST.replace("RUQf6LRC", "RUQg6LRC");
        let error = judge(&other, b"test").unwrap_err().to_string();
        let wanted = "trusted keys: E7620F1842B4E81F   signed with: E7620F1842B4E820";
        assert_eq!(error, wanted);
        for damaged in ["", "x", "a\nb\nc\nd\n", &OF_TEST[..100], &OF_TEST.replace("RUQf", "RXQf")]
        {
            assert_eq!(judge(damaged, b"test"), Err(Forged::Damaged), "{damaged}");
        }
        assert_eq!(
            super::judge(&keys(), false, today(), &[0xff; 40], b"test"),
            Err(Forged::Damaged)
        );
    }

    #[test]
    fn a_key_that_is_over_or_revoked_signs_nothing() {
        let judge = |entries: &str| {
            let mut keys = Keys::default();
            keys.add(entries).unwrap();
            judge(&keys, false, today(), OF_TEST.as_bytes(), b"test")
        };
        assert!(judge(&format!("{KEY} until 2026-11-29")).is_ok());
        let over = judge(&format!("{KEY} until 2026-11-28")).unwrap_err();
        assert!(matches!(over, Forged::Expired { .. }), "{over}");
        let revoked = judge(&format!("{KEY}\nrevoked E7620F1842B4E81F")).unwrap_err();
        assert!(matches!(revoked, Forged::Revoked { .. }), "{revoked}");
        let hash = ArtifactHash::of(b"test");
        let revoked = judge(&format!("{KEY}\nrevoked {hash}")).unwrap_err();
        assert!(matches!(revoked, Forged::RevokedArtifact { .. }), "{revoked}");
    }

    #[test]
    fn the_old_form_is_taken_where_it_was_allowed() {
        let judge = |legacy| judge(&keys(), legacy, today(), LEGACY.as_bytes(), b"test");
        assert_eq!(judge(false), Err(Forged::Legacy));
        assert!(judge(true).is_ok());
    }
}
