//! What is asked, and what is answered: plain data, and how a line of it is read.

use std::{
    io::{self, BufRead, Read as _},
    path::PathBuf,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::plan::Intent;

/// No request is longer, in bytes.
pub(super) const LONGEST_REQUEST: u64 = 64 * 1024;
/// No reply is longer, in bytes.
pub(super) const LONGEST_REPLY: u64 = 64 * 1024 * 1024;

/// What an operator asks of a host.
///
/// Where a slot is `None`, it is the only one that the host has opened; `status`, `why`, `history`,
/// `pause` and `resume` mean all slots then. An artifact is named by its hash, or the beginning of
/// it, as far as no other one is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// What serves.
    Status {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// What was refused, why, what serves now, and what to do.
    Why {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// The plan that waits, or was made last.
    Plan {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// Whether the host would take a file, and the plan for it. Nothing of it runs.
    Check {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact; a path as the host sees it.
        file: PathBuf,
    },
    /// Takes an artifact through an upgrade; without a file, lets take over what is ready.
    Apply {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact; a path as the host sees it.
        #[serde(default)]
        file: Option<PathBuf>,
        /// Answer when the upgrade is over, not when it waits for something.
        #[serde(default)]
        wait: bool,
        /// Why it is wanted.
        #[serde(default)]
        intent: Intent,
    },
    /// Says yes to a plan that waits.
    Approve {
        /// The artifact.
        artifact: String,
        /// Who says so.
        by: String,
    },
    /// Says no to it.
    Reject {
        /// The artifact.
        artifact: String,
        /// Who says so.
        by: String,
        /// Why.
        why: String,
    },
    /// Lets no upgrade begin by itself.
    Pause {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Who says so.
        by: String,
        /// Why.
        #[serde(default)]
        why: String,
    },
    /// Lets upgrades begin again.
    Resume {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// Ends a trial: the new version stays.
    Commit {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Why.
        why: String,
    },
    /// Ends a trial: the version before serves again.
    Rollback {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Why.
        why: String,
    },
    /// Goes back to an artifact that was committed before.
    Revert {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// Its version, or its hash or the beginning of that.
        to: String,
        /// Why.
        why: String,
    },
    /// Writes the state to the disk.
    Checkpoint {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
    },
    /// Forgets that an artifact was rejected.
    Clear {
        /// The artifact.
        artifact: String,
    },
    /// The upgrades that are over, the newest first.
    History {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// So many of them.
        most: usize,
    },
    /// How an upgrade went: the last one, or that of an artifact.
    Report {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact.
        #[serde(default)]
        artifact: Option<String>,
    },
    /// Adds a note to a report.
    Note {
        /// The slot.
        #[serde(default)]
        slot: Option<String>,
        /// The artifact; that of the last report unless given.
        #[serde(default)]
        artifact: Option<String>,
        /// Who writes it.
        by: String,
        /// What the problem was.
        problem: String,
        /// What has solved it, if something has.
        #[serde(default)]
        solution: Option<String>,
    },
}

/// What a host answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reply {
    /// What happens meanwhile, for people.
    Progress(String),
    /// It was done, or found out.
    Done(Done),
    /// It was not done, and nothing was changed by it: why, and what can be done instead.
    Failed(String),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Done {
    /// Whether the answer is yes: what was asked for holds.
    pub yes: bool,
    /// For people: lines of text, or a table.
    pub text: String,
    /// For scripts.
    pub value: Value,
}

/// Writes a line. Fails where a path is no UTF-8.
pub(super) fn line(of: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(of)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a line; `None` at the end of the stream.
pub(super) fn read_line<T: DeserializeOwned>(
    from: &mut impl BufRead,
    longest: u64,
) -> Result<Option<T>, Unread> {
    let mut line = Vec::new();
    from.take(longest + 1).read_until(b'\n', &mut line)?;
    match line.last() {
        None => Ok(None),
        Some(b'\n') => Ok(Some(serde_json::from_slice(&line)?)),
        Some(_) if line.len() as u64 > longest => Err(Unread::TooLong { longest }),
        Some(_) => Err(Unread::Torn),
    }
}

/// Why a line could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("it ends within a line")]
    Torn,
    #[error("a line is longer than {longest} bytes")]
    TooLong { longest: u64 },
    #[error(transparent)]
    NotOurs(#[from] serde_json::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Request>, String> {
        read_line(&mut text.as_bytes(), 64).map_err(|error| error.to_string())
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let request = Request::Revert {
            slot: Some("shop".to_owned()),
            to: "1.0.0".to_owned(),
            why: "slow".to_owned(),
        };
        let line = line(&request).unwrap();
        assert_eq!(read_line::<Request>(&mut &line[..], 1000).unwrap(), Some(request));
        assert_eq!(read("{\"verb\":\"status\"}\n"), Ok(Some(Request::Status { slot: None })));
    }

    #[test]
    fn what_is_no_request_is_named() {
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("{\"verb\":\"status\"}").unwrap_err(), "it ends within a line");
        let long = format!("{{\"verb\":\"{}\"}}\n", "x".repeat(100));
        assert_eq!(read(&long).unwrap_err(), "a line is longer than 64 bytes");
        let unknown = read("{\"verb\":\"explode\"}\n").unwrap_err();
        assert!(
            unknown.contains("unknown variant `explode`, expected one of `status`"),
            "{unknown}"
        );
        let more = read("{\"verb\":\"clear\",\"artifact\":\"a\",\"x\":1}\n").unwrap_err();
        assert!(more.contains("unknown field `x`"), "{more}");
    }
}
