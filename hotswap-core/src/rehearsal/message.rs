//! What a host asks of a rehearsal's child, and what the child says.
//!
//! Both are the same executable, so a request is believed. What comes back is not: the artifact's
//! code ran there. It is read as hostile bytes, of bounded length.

use hotswap_abi::{
    __private::portable::{Buffer, Reader},
    Portable,
};

use crate::{
    event::{Downgrade, RehearsalStep, WayBack},
    plan::Replayed,
};

/// The file that holds the [`Request`].
pub(crate) const REQUEST: &str = "request";
/// The interface's description.
pub(crate) const SCHEMA: &str = "schema";
/// The copy of the state.
pub(crate) const STATE: &str = "state";
/// The state in the older version that goes over, if it is not the serving one's own.
pub(crate) const OLDER: &str = "older";
/// The artifact.
pub(crate) const CANDIDATE: &str = "candidate";
/// The version that serves.
pub(crate) const SERVING: &str = "serving";

/// The calls that are replayed.
pub(crate) const CALLS: &str = "calls";

/// More than a child ever says.
pub(crate) const MOST_SAID: usize = 1 << 20;

/// What is to be rehearsed. The rest is in files beside it.
#[derive(Portable, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) parent: u32,
    pub(crate) slot: String,
    pub(crate) module: Option<String>,
    pub(crate) services: Vec<String>,
    pub(crate) drift: Drift,
    pub(crate) lends: bool,
    /// The packages that the host is built from.
    pub(crate) packages: Option<String>,
    pub(crate) state: Stored,
    /// Or why there is none.
    pub(crate) serving: Option<String>,
    pub(crate) milliseconds: u64,
    /// How many bytes may be taken.
    pub(crate) memory: u64,
    /// Whether calls are replayed.
    pub(crate) replay: bool,
    /// Whether values of callers may be told.
    pub(crate) values: bool,
}

/// A recorded call.
#[derive(Portable, Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The method's place in the interface.
    pub(crate) method: u32,
    pub(crate) arguments: Vec<u8>,
}

/// What becomes of a state whose shape has changed.
#[derive(Portable, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drift {
    Refuse,
    CarryByName,
    StartAfresh,
}

/// The state that the candidate starts with.
#[derive(Portable, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// None.
    Nothing,
    /// That of the version that serves.
    Live,
    /// The same, in an older version.
    Older(u32),
    /// One that was stored before.
    Restored,
}

/// What a child says.
#[derive(Portable, Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// It has come to `serve`.
    Here,
    /// A step begins.
    Begins(RehearsalStep),
    /// It is over, after so many microseconds; the most memory so far, in bytes.
    Ends { took: u64, peak: u64 },
    /// A step of the state was tried backwards.
    WentBack(Downgrade),
    /// The artifact is to be refused, or could not be rehearsed.
    Fails { blames_artifact: bool, findings: Vec<String>, advice: String },
    /// Of the way back, why it does not work.
    Back { no_way_back: Option<Vec<String>>, untried: Option<String> },
    /// The artifact is asked the recorded call of this number.
    Asks(u32),
    /// What came of the replay.
    Replayed(Replayed),
    /// Everything was well.
    Done,
}

impl Said {
    /// Of the way back.
    pub(crate) fn back(way_back: WayBack) -> Self {
        let (no_way_back, untried) = match way_back {
            WayBack::Works => (None, None),
            WayBack::Impossible { why } => (Some(why), None),
            WayBack::Unknown { why } => (None, Some(why)),
        };
        Self::Back { no_way_back, untried }
    }
}

/// A message as bytes, with its length first.
pub(crate) fn frame(said: &Said) -> Vec<u8> {
    let bytes = encoded(said);
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], &bytes].concat()
}

/// All that a child has said. What is cut off at the end was not said: it may have crashed there.
pub(crate) fn read(mut bytes: &[u8]) -> Result<Vec<Said>, String> {
    let mut said = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let Some((message, rest)) = rest.split_at_checked(length) else { break };
        said.push(Reader::whole(message).map_err(|error| error.to_string())?);
        bytes = rest;
    }
    Ok(said)
}

/// A value as bytes.
pub(crate) fn encoded<T: Portable>(value: &T) -> Vec<u8> {
    let mut buffer = Buffer::new();
    value.encode(&mut buffer.writer());
    buffer.into_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_up_to_where_it_was_cut_off() {
        let said = [
            Said::Here,
            Said::Begins(RehearsalStep::Load),
            Said::Fails { blames_artifact: true, findings: vec!["x".into()], advice: "y".into() },
        ];
        let bytes: Vec<u8> = said.iter().flat_map(frame).collect();
        assert_eq!(read(&bytes).as_deref(), Ok(&said[..]));
        for end in 0..bytes.len() {
            let read = read(&bytes[..end]).unwrap();
            assert_eq!(read, said[..read.len()]);
            assert!(read.len() < said.len());
        }
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        assert!(read(b"\x04\0\0\0hey!").is_err());
        assert_eq!(read(b"\xff\xff\xff\xffhey!"), Ok(Vec::new()));
    }
}
