//! A running cargo, with all the processes it starts.
//!
//! On Unix it leads a process group of its own, which is signalled as a whole. The group's number
//! stays taken until the leader is waited for; it is signalled before that only. A Ctrl-C in the
//! host's terminal reaches the host alone.
//!
//! Where the host has a terminal, cargo leads a session of its own as well, which has none. What
//! asks for a pass phrase there has an error at once; in the host's session the system would stop it,
//! as it stops all that reads a terminal in the background, and it would wait for ever.

use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};

use super::children::let_wait;

/// What a process tells, from its own threads.
#[derive(Debug)]
pub(super) enum ProcessEvent {
    /// A line of its output.
    Output(Vec<u8>),
    /// A line of its standard error.
    Said(String),
    /// One of the two is closed.
    Closed,
    /// It was stopped, and does not go on by itself.
    Stopped,
    /// It has ended; what it wrote may still be on its way.
    Ended,
}

/// How a process has ended.
#[derive(Debug)]
pub(super) enum End {
    Status(ExitStatus),
    /// It is lost: this process ignores SIGCHLD, or something in it waits for all children.
    Lost,
}

impl End {
    /// Whether it was a success; where that is lost, what the process has said decides.
    pub(super) fn is_success(&self, says_so: bool) -> bool {
        match self {
            Self::Status(status) => status.success(),
            Self::Lost => says_so,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Lost => f.write_str(
                "its status is lost: this process ignores SIGCHLD, or something in it waits for \
                 all children",
            ),
        }
    }
}

/// A running cargo. Dropping it kills it with all it has started.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    reaped: bool,
    waiter: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts it. `tell` is called on threads of the process's own.
    pub(super) fn start(
        mut command: Command,
        tell: impl Fn(ProcessEvent) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        group::lead(&mut command);
        let_wait(&mut command);
        let child = command.spawn()?;
        // From here on an early return kills it.
        let mut process = Self { child, reaped: false, waiter: None };
        if let Some(output) = process.child.stdout.take() {
            read(output, tell.clone(), ProcessEvent::Output)?;
        }
        if let Some(said) = process.child.stderr.take() {
            let text =
                |line: Vec<u8>| ProcessEvent::Said(String::from_utf8_lossy(&line).into_owned());
            read(said, tell.clone(), text)?;
        }
        let pid = process.child.id();
        let waiter = thread::Builder::new().name("hotswap-cargo-end".into()).spawn(move || {
            group::wait(pid, || tell(ProcessEvent::Stopped));
            tell(ProcessEvent::Ended);
        });
        process.waiter = Some(waiter?);
        Ok(process)
    }

    /// Its number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Tells it and all it has started to end.
    pub(super) fn end(&mut self) {
        if !self.reaped {
            group::terminate(&mut self.child);
        }
    }

    /// Ends it and all it has started, whether they want or not.
    pub(super) fn kill(&mut self) {
        if !self.reaped {
            group::kill(&mut self.child);
        }
    }

    /// How it has ended; waits for it. What it has started and left behind goes on.
    pub(super) fn status(mut self) -> io::Result<End> {
        self.reap()
    }

    fn reap(&mut self) -> io::Result<End> {
        // Before its number can be another's.
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
        self.reaped = true;
        match self.child.wait() {
            Ok(status) => Ok(End::Status(status)),
            Err(error) if group::is_lost(&error) => Ok(End::Lost),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            let _ = self.reap();
            group::wait_for_all(&self.child);
        }
    }
}

/// Reads lines on a thread of its own. It is not joined: a program that cargo has started and left
/// behind may hold the other end open for as long as it likes.
fn read(
    from: impl Read + Send + 'static,
    tell: impl Fn(ProcessEvent) + Send + 'static,
    news: impl Fn(Vec<u8>) -> ProcessEvent + Send + 'static,
) -> io::Result<()> {
    let lines = move || {
        lines(from, |line| tell(news(line)));
        tell(ProcessEvent::Closed);
    };
    thread::Builder::new().name("hotswap-cargo-out".into()).spawn(lines).map(drop)
}

/// Each line as soon as it is complete. A return ends one as well: cargo overwrites its progress.
fn lines(from: impl Read, mut tell: impl FnMut(Vec<u8>)) {
    let mut from = BufReader::new(from);
    let (mut line, mut returned) = (Vec::new(), false);
    loop {
        let chunk = match from.fill_buf() {
            Ok([]) => break,
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        let end = memchr::memchr2(b'\n', b'\r', chunk);
        let taken = end.unwrap_or(chunk.len());
        line.extend_from_slice(&chunk[..taken]);
        let ended_by = end.map(|at| chunk[at]);
        from.consume(taken + usize::from(end.is_some()));
        let Some(by) = ended_by else { continue };
        // A return and a line feed are one end.
        let rest_of_end = by == b'\n' && taken == 0 && line.is_empty() && returned;
        if !rest_of_end {
            tell(std::mem::take(&mut line));
        }
        returned = by == b'\r';
    }
    if !line.is_empty() {
        tell(line);
    }
}

#[cfg(unix)]
mod group {
    use std::fs::File;
    use std::io;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::io::Errno;
    use rustix::process::{
        Pid, Signal, WaitId, WaitIdOptions, kill_process_group, setsid, test_kill_process_group,
        waitid,
    };

    /// Killed processes are gone in a moment; those that nobody waits for stay as zombies.
    const GONE_WITHIN: Duration = Duration::from_millis(100);

    pub(super) fn lead(command: &mut Command) {
        if has_terminal() {
            lead_session(command);
        } else {
            command.process_group(0);
        }
    }

    fn has_terminal() -> bool {
        File::open("/dev/tty").is_ok()
    }

    #[expect(unsafe_code, reason = "the standard library has no other way to begin a session")]
    fn lead_session(command: &mut Command) {
        let begin = || setsid().map(drop).map_err(io::Error::from);
        // SAFETY: in the child, between fork and exec, it makes one system call and nothing else.
        unsafe { command.pre_exec(begin) };
    }

    /// Waits for its end, and leaves its number taken. Meanwhile `stopped` is called whenever it was
    /// stopped.
    pub(super) fn wait(pid: u32, stopped: impl Fn()) {
        let Some(pid) = pid_of(pid) else { return };
        let options = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        loop {
            match waitid(WaitId::Pid(pid), options) {
                Ok(Some(status)) if status.stopped() => {
                    // Takes note of it, so that it is not seen again. Fails where it has ended since.
                    let taken = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
                    let _ = waitid(WaitId::Pid(pid), taken);
                    stopped();
                }
                Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Whether somebody else has waited for a child.
    pub(super) fn is_lost(error: &io::Error) -> bool {
        Errno::from_io_error(error) == Some(Errno::CHILD)
    }

    pub(super) fn terminate(child: &mut Child) {
        signal(child, Signal::TERM);
    }

    pub(super) fn kill(child: &mut Child) {
        signal(child, Signal::KILL);
    }

    /// Waits until the killed processes are gone.
    pub(super) fn wait_for_all(child: &Child) {
        let Some(pid) = pid_of(child.id()) else { return };
        let until = Instant::now() + GONE_WITHIN;
        while test_kill_process_group(pid).is_ok() && Instant::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn signal(child: &Child, signal: Signal) {
        if let Some(pid) = pid_of(child.id()) {
            // Fails when all have ended.
            let _ = kill_process_group(pid, signal);
        }
    }

    fn pid_of(pid: u32) -> Option<Pid> {
        i32::try_from(pid).ok().and_then(Pid::from_raw)
    }
}

/// Elsewhere only cargo itself is ended; the compilers it has started end with their work.
#[cfg(not(unix))]
mod group {
    use std::io;
    use std::process::{Child, Command};

    pub(super) fn lead(_: &mut Command) {}

    pub(super) fn is_lost(_: &io::Error) -> bool {
        false
    }

    /// Its end is known by its output, which is closed then.
    pub(super) fn wait(_: u32, _: impl Fn()) {}

    pub(super) fn terminate(child: &mut Child) {
        kill(child);
    }

    pub(super) fn kill(child: &mut Child) {
        let _ = child.kill();
    }

    pub(super) fn wait_for_all(_: &Child) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = self.0.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    #[test]
    fn a_line_ends_with_a_feed_or_a_return() {
        let table: [(&str, &[&str]); 6] = [
            ("a\nb\n", &["a", "b"]),
            ("a\r\nb\r\n\r\nc", &["a", "b", "", "c"]),
            ("1/3\r2/3\rdone\n", &["1/3", "2/3", "done"]),
            ("a\n\n  b\n", &["a", "", "  b"]),
            ("\n", &[""]),
            ("", &[]),
        ];
        for (text, wanted) in table {
            let mut found = Vec::new();
            let take = |line| found.push(String::from_utf8(line).unwrap());
            lines(text.as_bytes(), take);
            assert_eq!(found, wanted, "{text:?}");
            found.clear();
            lines(Slow(text.as_bytes()), |line| found.push(String::from_utf8(line).unwrap()));
            assert_eq!(found, wanted, "{text:?}, slowly");
        }
    }
}
