//! The file of the floors. Pure: bytes in, floors or damage out.
//!
//! Lines of text: `hotswap floors 2 0.1.0`, with the format and the version of hotswap that writes it
//! (every later format keeps that), then for each module its version and its name, then `blake3`
//! and the hash of the lines before. A module's name is the rest of its line, and has no control
//! characters: the manifest that it is from has none.

use std::collections::BTreeMap;

use hotswap_abi::__private::text::is_obeyed;
use semver::Version;

use crate::written::{OWN, writer};

const HEAD: &str = "hotswap floors ";
pub(crate) const FORMAT: u32 = 2;
const HASH: &str = "blake3 ";

/// Why bytes are no floors.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    #[error("it does not begin with {HEAD:?}, a format and a version of hotswap")]
    Head,
    #[error("it has format {found}, this version of hotswap reads format {FORMAT}")]
    Format { found: u32, hotswap: Option<String> },
    #[error("its content does not have the hash that it names")]
    Hash,
    #[error("expected a version and a module, found {0:?}")]
    Line(String),
}

pub(crate) fn encode(floors: &BTreeMap<String, Version>) -> String {
    let mut text = format!("{HEAD}{FORMAT} {OWN}\n");
    for (module, version) in floors {
        text.push_str(&format!("{version} {module}\n"));
    }
    let hash = blake3::hash(text.as_bytes()).to_hex();
    text + HASH + &hash + "\n"
}

pub(crate) fn decode(bytes: &[u8]) -> Result<BTreeMap<String, Version>, Damage> {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let words = str::from_utf8(first).ok().and_then(|first| first.strip_prefix(HEAD));
    let (format, hotswap) = words.map_or(("", ""), |it| it.split_once(' ').unwrap_or((it, "")));
    match format.parse() {
        Ok(FORMAT) if writer(hotswap.as_bytes()).is_some() => {}
        Ok(FORMAT) | Err(_) => return Err(Damage::Head),
        Ok(found) => return Err(Damage::Format { found, hotswap: writer(hotswap.as_bytes()) }),
    }
    let text = str::from_utf8(bytes).map_err(|_| Damage::Hash)?;
    let at = text.rfind(HASH).filter(|at| text[..*at].ends_with('\n')).ok_or(Damage::Hash)?;
    let (content, hash) = text.split_at(at);
    let wanted = blake3::hash(content.as_bytes()).to_hex();
    if hash.strip_prefix(HASH).and_then(|it| it.strip_suffix('\n')) != Some(&*wanted) {
        return Err(Damage::Hash);
    }
    let line = |line: &str| {
        let (version, module) = line.split_once(' ')?;
        if module.is_empty() || module.contains(is_obeyed) {
            return None;
        }
        Some((module.to_owned(), version.parse().ok()?))
    };
    content[first.len() + 1..]
        // Not `lines`, which takes a carriage return away.
        .split_terminator('\n')
        .map(|text| line(text).ok_or_else(|| Damage::Line(text.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_damage_is_found() {
        let floors: BTreeMap<String, Version> =
            [("arcade", "1.2.3-rc.1+build.7"), ("two words", "0.1.0"), ("blake3 of it", "2.0.0")]
                .map(|(module, version)| (module.to_owned(), version.parse().unwrap()))
                .into();
        let text = encode(&floors);
        assert_eq!(decode(text.as_bytes()), Ok(floors));
        assert_eq!(decode(encode(&BTreeMap::new()).as_bytes()), Ok(BTreeMap::new()));
        for end in 0..text.len() {
            assert!(decode(&text.as_bytes()[..end]).is_err(), "cut at {end}");
        }
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(decode(&bytes).is_err(), "flipped at {at}");
        }
        let whole = |body: &str| {
            let text = format!("{HEAD}{FORMAT} {OWN}\n{body}");
            let hash = blake3::hash(text.as_bytes()).to_hex();
            decode(format!("{text}{HASH}{hash}\n").as_bytes())
        };
        assert_eq!(whole("1.0 arcade\n"), Err(Damage::Line("1.0 arcade".to_owned())));
        for line in
            ["1.0.0 ", "1.0.0 arcade\r", "1.0.0 ar\u{1b}cade", "1.0.0 ar\u{202e}cade", "1.0.0"]
        {
            assert_eq!(whole(&format!("{line}\n")), Err(Damage::Line(line.to_owned())));
        }
        assert_eq!(whole("\n"), Err(Damage::Line(String::new())));
    }
    #[test]
    fn a_later_format_is_told_from_damage() {
        let format = |found, hotswap: Option<&str>| {
            Err(Damage::Format { found, hotswap: hotswap.map(str::to_owned) })
        };
        assert_eq!(decode(b"hotswap floors 3 9.1.0 more\n\xff"), format(3, None));
        assert_eq!(decode(b"hotswap floors 3 9.1.0\n\xff"), format(3, Some("9.1.0")));
        assert_eq!(decode(b"hotswap floors 1\n"), format(1, None));
        assert_eq!(decode(b"hotswap floors 2\n"), Err(Damage::Head));
    }
}
