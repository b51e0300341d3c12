//! Public keys and signature files. Pure: bytes in, verdict out. The bytes of a signature file are
//! hostile.
//!
//! `minisign-verify` decides.

use std::path::{Path, PathBuf};

use hotswap_abi::__private::text::is_obeyed;
use hotswap_types::ArtifactHash;
use minisign_verify::{Error, Signature};

use super::{day::Day, forged::Forged, key::KeyId, keys::Keys};

/// What a signature's file has behind the name of its artifact.
pub(crate) const EXTENSION: &str = "minisig";

/// Where an artifact's signature is.
pub(crate) fn signature_of(artifact: &Path) -> PathBuf {
    artifact.with_added_extension(EXTENSION)
}

/// The largest signature file in bytes; minisign's own comments fit.
pub(crate) const LARGEST: u64 = 16 << 10;

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
    for key in trusted.keys.iter().filter(|key| key.id() == found && !key.is_over(today)) {
        match key.verifier().verify(artifact, &signature, legacy) {
            Ok(()) => {
                let comment = signature.trusted_comment();
                let comment = comment.chars().map(|c| if is_obeyed(c) { ' ' } else { c });
                return Ok(Signed { key: found, comment: comment.collect() });
            }
            Err(Error::UnexpectedAlgorithm) => verdict = Some(Forged::Legacy),
            Err(_) => verdict = Some(Forged::Wrong),
        }
    }
    Err(verdict.unwrap_or_else(|| Forged::Key { trusted: trusted.to_string(), found }))
}

#[cfg(test)]
mod tests {
    use super::{super::key::Key, *};

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
