//! The operator's verbs: a host is asked over its socket, and says itself what people and scripts
//! read. This program adds how it ended, as an exit code.

mod request;

use std::{
    env,
    path::{Path, PathBuf},
};

use hotswap_core::admin::{Client, ClientError, Done, Operation};

use self::request::{Asked, absolute};
use crate::{Error, Outcome, args::operate::Verb, say};

/// Where a host is asked unless the command line says so.
const SOCKET: &str = "HOTSWAP_HOST";

pub(crate) fn run(verb: Verb) -> Result<Outcome, Error> {
    let Asked { host, host_user, json, request } = Asked::of(verb)?;
    let client = client(socket(host)?, host_user);
    let progress = |text: &str| say::message(text);
    let Done { yes, text, value, .. } = client.ask(&request, progress).map_err(told)?;
    if json {
        say::object(&value);
    } else {
        say::result(&text);
    }
    Ok(if yes { Outcome::Done } else { Outcome::No })
}

/// Asks the host whether it would take a file.
pub(crate) fn check(
    host: PathBuf,
    host_user: Option<u32>,
    slot: Option<String>,
    file: &Path,
    json: bool,
) -> Result<Outcome, Error> {
    let file = absolute(file)?;
    let done =
        client(host, host_user).ask(&Operation::Check { slot, file }, |_| {}).map_err(told)?;
    if json {
        say::object(&done.value);
    } else {
        say::result(&done.text);
    }
    Ok(if done.yes { Outcome::Done } else { Outcome::No })
}

fn client(host: PathBuf, user: Option<u32>) -> Client {
    let client = Client::new(host);
    match user {
        Some(user) => client.with_host_user(user),
        None => client,
    }
}

fn socket(named: Option<PathBuf>) -> Result<PathBuf, Error> {
    named.or_else(|| env::var_os(SOCKET).map(PathBuf::from)).ok_or_else(|| {
        Error::Unable(format!(
            "which host? Give --host SOCKET, or set {SOCKET}; a host answers where \
             Config::admin names a path"
        ))
    })
}

fn told(error: ClientError) -> Error {
    let text = error.to_string();
    if error.is_answer() { Error::Refused(text) } else { Error::Unable(text) }
}
