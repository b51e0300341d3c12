//! What is asked, and what is answered: plain data, and how a line of it is read.

use std::io::{self, BufRead, Read as _};

use hotswap_types::{Operation, escape};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::written::{OWN, writer};

/// What client and host speak. A request may name it, with the version of hotswap that asks; every
/// later protocol keeps these two fields, and [`Reply::Failed`].
const PROTOCOL: u64 = 1;

/// No request is longer, in bytes.
pub(super) const LONGEST_REQUEST: u64 = 64 * 1024;
/// No reply is longer, in bytes.
pub(super) const LONGEST_REPLY: u64 = 64 * 1024 * 1024;

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

/// Writes a request, with who asks.
pub(super) fn asked(request: &Operation) -> serde_json::Result<Vec<u8>> {
    let mut asked = serde_json::to_value(request)?;
    asked["protocol"] = PROTOCOL.into();
    asked["hotswap"] = OWN.into();
    line(&asked)
}

/// Reads a request, or says why it cannot be understood.
pub(super) fn understood(mut bytes: &[u8]) -> Result<Operation, String> {
    let not = |why: &dyn std::fmt::Display| {
        format!("hotswap {OWN} in the host does not understand this: {why}")
    };
    let read = read_line::<Map<String, Value>>(&mut bytes, LONGEST_REQUEST);
    let mut asked = read.map_err(|unread| not(&unread))?.unwrap_or_default();
    let (protocol, by) = (asked.remove("protocol"), asked.remove("hotswap"));
    if let Some(protocol) = protocol.filter(|it| *it != PROTOCOL) {
        let by = by.as_ref().and_then(Value::as_str).and_then(|by| writer(by.as_bytes()));
        let by = by.map_or("another version".to_owned(), |by| format!("hotswap {by}"));
        return Err(format!(
            "{by} asks with protocol {}, and the host is hotswap {OWN} with protocol {PROTOCOL}; \
             nothing was done: ask with the host's version",
            escape::text(&protocol.to_string())
        ));
    }
    serde_json::from_value(Value::Object(asked)).map_err(|error| not(&error))
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

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let request = Operation::Revert {
            slot: Some("shop".to_owned()),
            to: "1.0.0".to_owned(),
            why: "slow".to_owned(),
        };
        assert_eq!(understood(&asked(&request).unwrap()), Ok(request));
        assert_eq!(understood(b"{\"verb\":\"status\"}\n"), Ok(Operation::Status { slot: None }));
    }

    #[test]
    fn what_is_no_request_is_named() {
        let why = |text: &str| understood(text.as_bytes()).unwrap_err();
        assert!(why("{\"verb\":\"status\"}").ends_with("it ends within a line"));
        let long = format!("{{\"verb\":\"{}\"}}\n", "x".repeat(100_000));
        assert!(why(&long).ends_with("a line is longer than 65536 bytes"));
        let unknown = why("{\"verb\":\"explode\"}\n");
        assert!(
            unknown.contains("unknown variant `explode`, expected one of `status`"),
            "{unknown}"
        );
        let more = why("{\"verb\":\"clear\",\"artifact\":\"a\",\"x\":1}\n");
        assert!(more.contains("unknown field `x`"), "{more}");
    }

    #[test]
    fn another_protocol_is_named_with_who_speaks_it() {
        let asked = b"{\"protocol\":2,\"hotswap\":\"9.1.0\",\"verb\":\"explode\",\"more\":1}\n";
        let why = understood(asked).unwrap_err();
        let says = format!("hotswap 9.1.0 asks with protocol 2, and the host is hotswap {OWN}");
        assert!(why.contains(&says) && why.contains("nothing was done"), "{why}");
    }
}
