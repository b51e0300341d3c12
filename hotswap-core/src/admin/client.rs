//! Asks a host, from another process.

use std::{
    io::{self, BufReader, Write as _},
    os::unix::{fs::FileTypeExt as _, net::UnixStream},
    path::{Path, PathBuf},
};

use super::protocol::{Done, LONGEST_REPLY, Reply, Request, Unread, line, read_line};
use crate::shown::shown;

/// Asks the host that answers at a socket.
///
/// ```no_run
/// use hotswap_core::admin::{Client, Request};
///
/// let host = Client::new("/run/shop/admin.sock");
/// let status = host.ask(&Request::Status { slot: None }, |_| {})?;
/// println!("{}", status.text);
/// # Ok::<(), hotswap_core::admin::ClientError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// Why a host has not done what it was asked for.
#[derive(thiserror::Error)]
#[error("{text}")]
pub struct ClientError {
    text: String,
    answered: bool,
}

hotswap_abi::debug_in_full!(ClientError);

impl ClientError {
    /// Whether this is a host's own word. If not, none could be asked, or it has ended meanwhile.
    #[must_use]
    pub const fn is_answer(&self) -> bool {
        self.answered
    }
}

impl Client {
    /// Asks the host that answers at a path.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Asks, and waits for the answer; `progress` gets what happens meanwhile, a text at a time.
    ///
    /// # Errors
    /// When no host answers there, or it ends before it has; when it does not do what was asked,
    /// and says why ([`ClientError::is_answer`]).
    pub fn ask(
        &self,
        request: &Request,
        mut progress: impl FnMut(&str),
    ) -> Result<Done, ClientError> {
        let asked = line(request).map_err(|error| ClientError {
            text: format!("this cannot be asked: {error}"),
            answered: false,
        })?;
        let mut stream = UnixStream::connect(&self.socket).map_err(|error| self.absent(&error))?;
        stream.write_all(&asked).map_err(|error| self.gone(&error))?;
        let mut replies = BufReader::new(stream);
        loop {
            match read_line(&mut replies, LONGEST_REPLY) {
                Ok(Some(Reply::Progress(text))) => progress(&text),
                Ok(Some(Reply::Done(done))) => return Ok(done),
                Ok(Some(Reply::Failed(text))) => return Err(ClientError { text, answered: true }),
                Ok(None) => return Err(self.gone(&"it has closed the connection")),
                Err(Unread::NotOurs(error)) => {
                    let text =
                        format!("{} answers, and not as a host does: {error}", shown(&self.socket));
                    return Err(ClientError { text, answered: false });
                }
                Err(error) => return Err(self.gone(&error)),
            }
        }
    }

    fn absent(&self, error: &io::Error) -> ClientError {
        let why = match error.kind() {
            io::ErrorKind::NotFound => {
                "there is no such file; a host makes it where Config::admin names it".to_owned()
            }
            io::ErrorKind::ConnectionRefused if !is_socket(&self.socket) => {
                "it is no socket".to_owned()
            }
            io::ErrorKind::ConnectionRefused => {
                "its host has ended, and has left it behind".to_owned()
            }
            io::ErrorKind::PermissionDenied => "it is for the host's own user, and root".to_owned(),
            io::ErrorKind::InvalidInput => "the path is longer than a socket's may be".to_owned(),
            _ => error.to_string(),
        };
        let text = format!("no host answers at {}: {why}", shown(&self.socket));
        ClientError { text, answered: false }
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> ClientError {
        let text = format!(
            "the host at {} has not answered to the end, and may have done what was asked: {why}",
            shown(&self.socket)
        );
        ClientError { text, answered: false }
    }

    /// Where the host is asked.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.file_type().is_socket())
}
