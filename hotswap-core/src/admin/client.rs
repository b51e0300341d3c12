//! Asks a host, from another process.

use std::{
    io::{self, BufReader, Write as _},
    os::unix::{
        fs::{FileTypeExt as _, MetadataExt as _},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

use hotswap_types::{Operation, escape};

use super::{
    protocol::{Done, LONGEST_REPLY, Reply, Unread, asked, read_line},
    server::peer,
};

/// Asks the host that answers at a socket.
///
/// ```no_run
/// use hotswap_core::admin::{Client, Operation};
///
/// let host = Client::new("/run/shop/admin.sock");
/// let status = host.ask(&Operation::Status { slot: None }, |_| {})?;
/// println!("{}", status.text);
/// # Ok::<(), hotswap_core::admin::ClientError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    user: Option<u32>,
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
        Self { socket: socket.into(), user: None }
    }

    /// The one user, by number, whose host is asked. Unless it is named, that is a host of this user
    /// or of root; and where root asks, of the user whom an administrator has given the socket's
    /// folder: it belongs to that user, and nobody but root can write above it.
    #[must_use]
    pub const fn with_host_user(mut self, user: u32) -> Self {
        self.user = Some(user);
        self
    }

    /// Asks, and waits for the answer; `progress` gets what happens meanwhile, a text at a time.
    /// Texts have nothing in them that a terminal would obey.
    ///
    /// # Errors
    /// When no host answers there, or it ends before it has; when another user answers than the one
    /// whose [host it should be](Self::with_host_user), who is asked nothing; when it does not do what was asked,
    /// and says why ([`ClientError::is_answer`]).
    pub fn ask(
        &self,
        request: &Operation,
        mut progress: impl FnMut(&str),
    ) -> Result<Done, ClientError> {
        let asked = asked(request).map_err(|error| ClientError {
            text: format!("this cannot be asked: {error}"),
            answered: false,
        })?;
        let mut stream = UnixStream::connect(&self.socket).map_err(|error| self.absent(&error))?;
        self.expect_host(&stream)?;
        // What a host answers that has not read to the end says why.
        let sent = stream.write_all(&asked);
        let mut replies = BufReader::new(stream);
        loop {
            match read_line(&mut replies, LONGEST_REPLY) {
                Ok(Some(Reply::Progress(text))) => progress(&escape::lines(&text)),
                Ok(Some(Reply::Done(done))) => {
                    return Ok(Done { text: escape::lines(&done.text), ..done });
                }
                Ok(Some(Reply::Failed(text))) => {
                    return Err(ClientError { text: escape::lines(&text), answered: true });
                }
                Ok(None) | Err(Unread::Io(_)) if sent.is_err() => return Err(self.unsent(&sent)),
                Ok(None) => return Err(self.gone(&"it has closed the connection")),
                Err(Unread::NotOurs(error)) => {
                    let error = escape::text(&error.to_string());
                    let text = format!(
                        "{} answers, and not as a host does: {error}",
                        escape::path(&self.socket)
                    );
                    return Err(ClientError { text, answered: false });
                }
                Err(error) => return Err(self.gone(&error)),
            }
        }
    }

    /// Expects that the one who answers is no impostor: whoever can make a file can listen at it.
    fn expect_host(&self, stream: &UnixStream) -> Result<(), ClientError> {
        let own = rustix::process::geteuid().as_raw();
        let found = peer(stream).map_err(|error| self.absent(&error))?;
        let is_expected = match self.user {
            Some(user) => found == user,
            None => found == own || found == 0 || (own == 0 && is_given_to(&self.socket, found)),
        };
        if is_expected {
            return Ok(());
        }
        let expected = match self.user {
            Some(user) => format!("user {user}"),
            None if own == 0 => "root, or the user whose folder the socket is in".to_owned(),
            None => format!("user {own} or root"),
        };
        let text = format!(
            "{} is answered by user {found}, expected {expected}: nothing was asked; if it is the \
             host's user, name it with --host-user {found}",
            escape::path(&self.socket)
        );
        Err(ClientError { text, answered: false })
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
        let text = format!("no host answers at {}: {why}", escape::path(&self.socket));
        ClientError { text, answered: false }
    }

    /// A request that has not come to its end is none.
    fn unsent(&self, sent: &io::Result<()>) -> ClientError {
        let why = sent.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "the host at {} has not read the request, and has done nothing: {why}",
            escape::path(&self.socket)
        );
        ClientError { text, answered: false }
    }

    fn gone(&self, why: &dyn std::fmt::Display) -> ClientError {
        let text = format!(
            "the host at {} has not answered to the end, and may have done what was asked: {why}",
            escape::path(&self.socket)
        );
        ClientError { text, answered: false }
    }

    /// Where the host is asked.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

/// Whether an administrator has made the folder of a socket for a user.
fn is_given_to(socket: &Path, user: u32) -> bool {
    const OTHERS: u32 = 0o022;
    let folder = std::path::absolute(socket).ok().and_then(|it| it.parent()?.canonicalize().ok());
    let Some(folder) = folder else { return false };
    folder.ancestors().enumerate().all(|(above, folder)| {
        let owner = if above == 0 { user } else { 0 };
        folder.metadata().is_ok_and(|meta| meta.uid() == owner && meta.mode() & OTHERS == 0)
    })
}

fn is_socket(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.file_type().is_socket())
}

#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::print_stderr, reason = "says why a test is skipped")]
mod tests {
    use std::{
        fs,
        os::unix::{
            fs::{PermissionsExt as _, chown},
            net::UnixListener,
        },
        sync::mpsc,
        thread,
    };

    use rustix::{process::Uid, thread::set_thread_res_uid};

    use super::{super::protocol::line, *};

    const NOBODY: u32 = 65534;
    const HOSTILE: &str = "slot  serves\n\x1b]0;owned\x07\x1b[2J\u{9b}31mshop \u{202e}9.9.9\r\n";

    /// Someone who answers one request at a socket, as this user. What was asked is returned.
    fn impostor(socket: &Path, user: u32, replies: Vec<Reply>) -> thread::JoinHandle<String> {
        let (socket, (listens, is_there)) = (socket.to_owned(), mpsc::channel());
        let thread = thread::spawn(move || {
            let user = Uid::from_raw(user);
            set_thread_res_uid(user, user, user).unwrap();
            let listener = UnixListener::bind(&socket).unwrap();
            fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
            listens.send(()).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = String::new();
            let read = io::BufRead::read_line(&mut BufReader::new(&stream), &mut asked);
            if read.is_ok_and(|bytes| bytes > 0) {
                for reply in replies {
                    stream.write_all(&line(&reply).unwrap()).unwrap();
                }
            }
            asked
        });
        is_there.recv().unwrap();
        thread
    }

    fn own() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn ask(client: &Client) -> (Result<Done, ClientError>, Vec<String>) {
        let mut heard = Vec::new();
        let done =
            client.ask(&Operation::Status { slot: None }, |text| heard.push(text.to_owned()));
        (done, heard)
    }

    fn done() -> Reply {
        let value = serde_json::Value::Null;
        Reply::Done(Done { yes: true, text: HOSTILE.to_owned(), value })
    }

    #[test]
    fn nothing_that_a_host_says_is_obeyed_by_a_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let shown = "slot  serves\n\\u{1b}]0;owned\\u{7}\\u{1b}[2J\\u{9b}31mshop \
                     \\u{202e}9.9.9\\r\n";
        let socket = folder.path().join("one");
        let host = impostor(&socket, own(), vec![Reply::Progress(HOSTILE.to_owned()), done()]);
        let (answer, heard) = ask(&Client::new(&socket));
        assert_eq!((answer.unwrap().text.as_str(), heard[0].as_str()), (shown, shown));
        assert!(host.join().unwrap().contains("status"));
        let socket = folder.path().join("two");
        let host = impostor(&socket, own(), vec![Reply::Failed(HOSTILE.to_owned())]);
        let error = ask(&Client::new(&socket)).0.unwrap_err();
        assert_eq!((error.to_string().as_str(), error.is_answer()), (shown, true));
        host.join().unwrap();
    }

    #[test]
    fn another_user_who_answers_is_asked_nothing() {
        if own() != 0 {
            eprintln!("skipped: only root can be two users");
            return;
        }
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let theirs = root.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        chown(&theirs, Some(NOBODY), Some(NOBODY)).unwrap();
        for folder in [root.path(), &theirs] {
            let socket = folder.join("admin");
            let impostor = impostor(&socket, NOBODY, vec![done()]);
            let error = ask(&Client::new(&socket)).0.unwrap_err();
            let text = error.to_string();
            assert!(text.contains("is answered by user 65534, expected root"), "{text}");
            assert!(text.contains("--host-user 65534") && !error.is_answer(), "{text}");
            assert_eq!(impostor.join().unwrap(), "");
            fs::remove_file(&socket).unwrap();
        }
        let socket = theirs.join("admin");
        let named = impostor(&socket, NOBODY, vec![done()]);
        assert!(ask(&Client::new(&socket).with_host_user(NOBODY)).0.unwrap().yes);
        named.join().unwrap();
        fs::remove_file(&socket).unwrap();
        let other = impostor(&socket, NOBODY, vec![done()]);
        let text = ask(&Client::new(&socket).with_host_user(4711)).0.unwrap_err().to_string();
        assert!(text.contains("expected user 4711"), "{text}");
        other.join().unwrap();
    }

    /// As `/run/shop` is, which systemd makes for the user of a service.
    #[test]
    fn root_asks_the_host_of_a_user_who_was_given_the_folder() {
        let run = fs::metadata("/run").ok().filter(|meta| meta.uid() == 0 && own() == 0);
        let Some(folder) = run.and_then(|_| tempfile::tempdir_in("/run").ok()) else {
            eprintln!("skipped: only root can make a folder in /run");
            return;
        };
        chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let socket = folder.path().join("admin");
        let host = impostor(&socket, NOBODY, vec![done()]);
        assert!(ask(&Client::new(&socket)).0.unwrap().yes);
        host.join().unwrap();
        fs::remove_file(&socket).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let host = impostor(&socket, NOBODY, vec![done()]);
        assert!(ask(&Client::new(&socket)).0.is_err());
        host.join().unwrap();
    }

    /// Asks for more than a socket holds, of a host that reads nothing of it.
    fn unread(answers: &'static [u8]) -> ClientError {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin");
        let listener = UnixListener::bind(&path).unwrap();
        let host = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answers).unwrap();
        });
        let (artifact, by, why) = (String::new(), String::new(), "x".repeat(4 << 20));
        let request = Operation::Reject { artifact, by, why };
        let error = Client::new(path).ask(&request, |_| {}).unwrap_err();
        host.join().unwrap();
        error
    }

    #[test]
    fn an_answer_is_read_also_where_the_request_could_not_be_written() {
        let error = unread(b"{\"failed\":\"no place\"}\n");
        assert!(error.is_answer() && error.to_string() == "no place", "{error}");
        let error = unread(b"");
        assert!(!error.is_answer(), "{error}");
        assert!(error.to_string().contains("has done nothing: "), "{error}");
    }
}
