//! A line of the journal: JSON with a checksum. Pure: bytes in, line or damage out.
//!
//! `{"v":2,"n":17,"at":1764100000000,"slot":"arcade","what":{…},"sum":"0123456789abcdef"}`
//!
//! The first line of a file begins with `{"v":2,"hotswap":"0.1.0",`: its format, and the version of
//! hotswap that writes it. Every later format keeps that, so that this one can say who has written
//! what it cannot read.
//!
//! `v` is the format, `n` counts the lines of a journal over all its files, `at` is in milliseconds
//! since 1970, and `sum` is the beginning of the BLAKE3 hash of what stands before it. The checksum
//! tells a line that was written from one that was damaged; it is no signature.

use hotswap_abi::__private::text::is_obeyed;
use hotswap_types::{ArtifactHash, Phase, Strategy};
use serde::{Deserialize, Serialize};

use super::record::{BackupRecord, Build, SlotRecord};
use crate::written::{OWN, writer};

/// What this version of hotswap writes and reads.
pub(crate) const FORMAT: u32 = 2;
/// No line is longer, with all that it carries over at a rotation.
pub(crate) const LONGEST: usize = 4 << 20;
/// No text in a line is longer, in bytes.
const LONGEST_TEXT: usize = 1024;

const SUM: &str = ",\"sum\":\"";
const DIGITS: usize = 16;

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    v: u32,
    /// In the first line of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hotswap: Option<String>,
    pub(crate) n: u64,
    pub(crate) at: u64,
    /// Empty for what concerns the host.
    pub(crate) slot: String,
    pub(crate) what: What,
}

/// What happened, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum What {
    /// A file begins.
    Began,
    /// What earlier files have come to for a slot.
    Carried(Box<SlotRecord>),
    /// A run of the program begins.
    Opened,
    /// A private copy was made.
    Staged { artifact: ArtifactHash, path: String },
    /// The manifest was read.
    Inspected(Build),
    /// Another phase was reached.
    Phase { artifact: ArtifactHash, phase: Phase },
    /// A backup is in its place.
    BackedUp(BackupRecord),
    /// The candidate's code is about to take over.
    Activating {
        build: Build,
        /// How often that was so without an end, with this time.
        attempt: u32,
        /// The strategy that somebody wants for it, whatever its slot's own is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        strategy: Option<Strategy>,
    },
    /// It serves.
    Activated { artifact: ArtifactHash, generation: u64 },
    /// It is the stable version.
    Committed { build: Build, generation: u64, why: String },
    /// The version before is about to serve again.
    RolledBack { build: Build, why: String },
    /// Neither goes its way, nor the way back: the candidate serves on.
    Degraded { build: Build, why: String },
    /// It is not taken.
    Rejected {
        artifact: ArtifactHash,
        build: Option<Build>,
        phase: Phase,
        why: String,
        /// Also not by later runs.
        quarantined: bool,
    },
    /// It is not taken now.
    Cancelled { artifact: ArtifactHash, build: Option<Build>, phase: Phase, why: String },
    /// It may be taken again.
    Cleared { artifact: ArtifactHash },
    /// A slot goes on where the last run has left it.
    Recovered { build: Option<Build>, backup: Option<u64> },
    /// A backup is about to take the place of the state that serves.
    Restoring { backup: u64, why: String },
    /// The run ended in order.
    Ended,
}

/// Why bytes are no line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    #[error("expected a line of at most {LONGEST} bytes, found {0}")]
    Long(usize),
    #[error("expected a line of format {FORMAT}, found format {found}")]
    Format { found: u32, hotswap: Option<String> },
    #[error("expected a first line that is whole, found one that is cut off")]
    Torn,
    #[error("expected a line that begins with its format, found {0:?}")]
    Head(String),
    #[error("expected a checksum at its end, found {0:?}")]
    NoSum(String),
    #[error("expected the checksum {expected}, found {found}")]
    Sum { expected: String, found: String },
    #[error("expected a line of the journal, found one that says something else: {0}")]
    Content(String),
    #[error("expected line number {expected}, found {found}")]
    Sequence { expected: u64, found: u64 },
}

impl Line {
    pub(crate) fn new(n: u64, at: u64, slot: &str, what: What) -> Self {
        Self { v: FORMAT, hotswap: None, n, at, slot: slot.to_owned(), what }
    }

    /// The first line of a file.
    pub(crate) fn first(n: u64, at: u64) -> Self {
        Self { hotswap: Some(OWN.to_owned()), ..Self::new(n, at, "", What::Began) }
    }

    /// The line with its line feed.
    pub(crate) fn encode(&self) -> String {
        let mut text = serde_json::to_string(self).expect("a line is made of texts and numbers");
        let brace = text.pop();
        debug_assert_eq!(brace, Some('}'));
        signed(&text) + "\n"
    }

    /// Reads a line, without its line feed.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damage> {
        if bytes.len() > LONGEST {
            return Err(Damage::Long(bytes.len()));
        }
        let excerpt =
            |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        let head = bytes.strip_prefix(b"{\"v\":").ok_or_else(|| Damage::Head(excerpt(bytes)))?;
        let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let format = str::from_utf8(&head[..digits]).ok().and_then(|it| it.parse().ok());
        match format {
            Some(FORMAT) => {}
            Some(found) => {
                return Err(Damage::Format { found, hotswap: named(&head[digits..]) });
            }
            None => return Err(Damage::Head(excerpt(bytes))),
        }
        let end = bytes.len().saturating_sub(SUM.len() + DIGITS + 2);
        let (content, tail) = bytes.split_at(end);
        let found = tail
            .strip_prefix(SUM.as_bytes())
            .and_then(|tail| tail.strip_suffix(b"\"}"))
            .ok_or_else(|| Damage::NoSum(excerpt(tail)))?;
        let content = str::from_utf8(content);
        let content = content.map_err(|error| Damage::Content(error.to_string()))?;
        let expected = sum(content);
        if found != expected.as_bytes() {
            return Err(Damage::Sum { expected, found: excerpt(found) });
        }
        serde_json::from_str(&format!("{content}}}"))
            .map_err(|error| Damage::Content(error.to_string()))
    }
}

/// The version of hotswap that a first line names, of any format.
fn named(after_format: &[u8]) -> Option<String> {
    let text = after_format.strip_prefix(b",\"hotswap\":\"")?;
    writer(&text[..text.iter().position(|byte| *byte == b'"')?])
}

/// A line's content, open at its end, with its checksum.
pub(crate) fn signed(content: &str) -> String {
    format!("{content}{SUM}{}\"}}", sum(content))
}

fn sum(content: &str) -> String {
    blake3::hash(content.as_bytes()).to_hex()[..DIGITS].to_owned()
}

/// A text as it may stand in a line: of a bounded length, and without what a terminal would obey.
pub(crate) fn text(text: &str) -> String {
    let mut short = String::new();
    for (i, line) in text.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        if i > 0 {
            short.push_str("; ");
        }
        short.extend(line.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }));
        if short.len() > LONGEST_TEXT {
            short.truncate(short.floor_char_boundary(LONGEST_TEXT - 3));
            short.push('…');
            break;
        }
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let build = Build::new(
            "arcade \u{1b}\"\\",
            "1.2.3-rc.1+7".parse().unwrap(),
            ArtifactHash::of(b"a"),
        );
        Line::new(
            7,
            1_764_100_000_000,
            "main",
            What::Activating { build, attempt: 2, strategy: Some(Strategy::gradual([0.01, 0.5])) },
        )
    }

    #[test]
    fn what_was_written_is_read() {
        let text = line().encode();
        assert!(
            text.starts_with("{\"v\":2,\"n\":7,\"at\":1764100000000,\"slot\":\"main\",\"what\":")
        );
        assert_eq!(text.matches('\n').count(), 1);
        assert_eq!(Line::decode(text.trim_end().as_bytes()), Ok(line()));
    }

    #[test]
    fn every_damage_is_found_and_named() {
        let text = line().encode();
        let whole = text.trim_end().as_bytes();
        for end in 0..whole.len() {
            assert!(Line::decode(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.to_vec();
                bytes[at] ^= 1 << bit;
                let damage = Line::decode(&bytes).unwrap_err().to_string();
                assert!(damage.contains("expected ") && damage.contains("found"), "{damage}");
            }
        }
        let newer = text.replace("{\"v\":2,", "{\"v\":9,");
        let format = |found, hotswap: Option<&str>| {
            Err(Damage::Format { found, hotswap: hotswap.map(str::to_owned) })
        };
        assert_eq!(Line::decode(newer.trim_end().as_bytes()), format(9, None));
        // Whatever it holds otherwise.
        for (head, hotswap) in [
            ("{\"v\":9,\"hotswap\":\"3.1.0\",\"more\":1}", Some("3.1.0")),
            ("{\"v\":9,\"hotswap\":\"3.1.0\"", Some("3.1.0")),
            ("{\"v\":9,\"hotswap\":\"\u{1b}[2J\",", None),
            ("{\"v\":9,\"hotswap\":\"3.1.0", None),
        ] {
            assert_eq!(Line::decode(head.as_bytes()), format(9, hotswap));
        }
        let signed = |content: &str| Line::decode(signed(content).as_bytes());
        assert!(matches!(signed("{\"v\":2"), Err(Damage::Content(_))));
        let more = "{\"v\":2,\"n\":1,\"at\":1,\"slot\":\"\",\"what\":\"opened\"";
        assert!(signed(more).is_ok());
        assert!(matches!(signed(&format!("{more},\"more\":1")), Err(Damage::Content(_))));
    }

    #[test]
    fn texts_are_short_and_have_no_control_characters() {
        assert_eq!(text("one\n  two\u{1b}[1m\n\n"), "one; two\u{fffd}[1m");
        assert_eq!(text("dlo\u{202e}rt"), "dlo\u{fffd}rt");
        let long = text(&"ü".repeat(4096));
        assert!(long.len() <= LONGEST_TEXT && long.ends_with('…'), "{}", long.len());
    }
}
