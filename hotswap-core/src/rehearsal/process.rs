//! The child process of a rehearsal: this executable, started again, watched and killed in time.
//!
//! It leads a process group of its own, which is signalled as a whole, also when the child has ended
//! by itself: its number stays taken until it is waited for. What has left the group is found by what
//! it has inherited ([`strays`]), and killed as well. What it says and what it writes to
//! stderr is read as it comes, and bounded.
//!
//! # Where others wait for it
//! A process may ignore SIGCHLD, or wait for whatever child it has: then the child's status is gone
//! before it is asked for here ([`Ended::Unknown`]), and what it has said decides. Its number may
//! then be given out again; the group keeps it as long as anything of the group lives.
//!
//! Signal handlers are the program's own, so the host asks for no other. Where the status is lost,
//! a child that has not come to its last message has failed, and the refusal says that its end is
//! unknown.

use std::{
    collections::VecDeque,
    env,
    fs::File,
    io::{self, PipeReader, Read as _},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::process::{CommandExt as _, ExitStatusExt as _},
    },
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_setfl},
    io::Errno,
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group,
        pidfd_open, waitid,
    },
};

use super::{
    message::MOST_SAID,
    role::CHILD,
    strays,
    verdict::{Ended, Outcome},
};

/// The program that runs, also where its file was replaced.
const THIS_PROGRAM: &str = "/proc/self/exe";
/// Where the system does not wake who waits for a child's end, it is looked as often as this.
const LOOKS: Duration = Duration::from_millis(10);
/// How long a child has to come to `serve`.
const COMES_WITHIN: Duration = Duration::from_secs(10);
/// How much of the end of its stderr is kept.
const LAST_WORDS: usize = 4096;

/// Runs this executable in the probe role, at the longest for so long; `None` if it was called off
/// (the other end of the pipe was closed) before it had ended.
pub(super) fn run(
    folder: &Path,
    deadline: Duration,
    called_off: &PipeReader,
    left: &mut Vec<String>,
) -> io::Result<Option<Outcome>> {
    let begun = Instant::now();
    let mark = strays::mark();
    let mut command = Command::new(THIS_PROGRAM);
    if let Some(name) = env::args_os().next() {
        command.arg0(name);
    }
    for (name, _) in env::vars_os() {
        // What the loader is told for the program's sake stays out; where it looks stays.
        let name_bytes = name.as_encoded_bytes();
        if name_bytes.starts_with(b"LD_") && name_bytes != b"LD_LIBRARY_PATH" {
            command.env_remove(name);
        }
    }
    command.env(CHILD, &mark).process_group(0);
    command.stdin(File::open(folder)?).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(named)?;
    let mut ears = Ears::default();
    let watched = watch(&mut child, &mut ears, begun, deadline, called_off.as_fd());
    // All that it has started goes with it.
    let killed = kill(&child);
    let status = status(&mut child);
    if let Err(strays) = strays::kill(&mark) {
        left.push(strays);
    }
    let status = status?;
    ears.hear_the_rest();
    let ended = match watched? {
        Watched::CalledOff => return Ok(None),
        Watched::Killed(ended) => ended,
        Watched::Ended => ended_by_itself(status),
    };
    killed?;
    let Ears { said, stderr, .. } = ears;
    let stderr = String::from_utf8_lossy(&Vec::from(stderr)).into_owned();
    Ok(Some(Outcome { ended, said, stderr, took: begun.elapsed() }))
}

fn ended_by_itself(status: Option<ExitStatus>) -> Ended {
    match status.map(|status| (status.signal(), status.code())) {
        Some((Some(signal), _)) => Ended::Signal(signal),
        Some((None, code)) => Ended::Exit(code.unwrap_or(0)),
        None => Ended::Unknown,
    }
}

/// What a child was started from that could not be.
fn named(error: io::Error) -> io::Error {
    let is_there = Path::new(THIS_PROGRAM).exists();
    if is_there || error.kind() != io::ErrorKind::NotFound {
        return error;
    }
    let text = format!("{THIS_PROGRAM} is not there: mount /proc, or configure no rehearsal");
    io::Error::new(io::ErrorKind::NotFound, text)
}

/// Why a child is not watched any more.
enum Watched {
    /// It has ended by itself.
    Ended,
    /// It is to be killed.
    Killed(Ended),
    /// It is to be killed: nobody wants to know any more.
    CalledOff,
}

/// Waits for the child's end, and reads meanwhile.
fn watch(
    child: &mut Child,
    ears: &mut Ears,
    begun: Instant,
    deadline: Duration,
    called_off: BorrowedFd<'_>,
) -> io::Result<Watched> {
    ears.answer = child.stdout.take().map(|pipe| open(pipe.into())).transpose()?;
    ears.words = child.stderr.take().map(|pipe| open(pipe.into())).transpose()?;
    let pid = pid(child)?;
    // An old kernel does not have it, and a filter of system calls may forbid it.
    let end = pidfd_open(pid, PidfdFlags::empty()).ok();
    loop {
        if ears.said.len() > MOST_SAID {
            return Ok(Watched::Killed(Ended::Babbles));
        }
        let is_here = !ears.said.is_empty();
        let limit = if is_here { deadline } else { deadline.min(COMES_WITHIN) };
        let left = limit.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(Watched::Killed(Ended::Late { after: limit }));
        }
        let left = if end.is_some() { left } else { left.min(LOOKS) };
        let end = end.as_ref().map(AsFd::as_fd);
        let (has_ended, is_called_off) = poll_all(ears, end, called_off, left)?;
        if is_called_off {
            return Ok(Watched::CalledOff);
        }
        if has_ended || (end.is_none() && is_over(pid)) {
            return Ok(Watched::Ended);
        }
        ears.hear();
    }
}

/// Waits for something to read, or for one of the two ends; whether each has come.
fn poll_all(
    ears: &Ears,
    end: Option<BorrowedFd<'_>>,
    called_off: BorrowedFd<'_>,
    left: Duration,
) -> io::Result<(bool, bool)> {
    let ends = [Some(called_off), end].into_iter().flatten();
    let mut places: Vec<_> = ends.map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN)).collect();
    let ends = places.len();
    for pipe in [&ears.answer, &ears.words].into_iter().flatten() {
        places.push(PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN));
    }
    let left = Timespec::try_from(left).map_err(io::Error::other)?;
    match poll(&mut places, Some(&left)) {
        Ok(_) => {
            let has_come = |place: &PollFd<'_>| !place.revents().is_empty();
            Ok((places[1..ends].iter().any(has_come), has_come(&places[0])))
        }
        Err(Errno::INTR) => Ok((false, false)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the child has ended, which stays to be waited for; also where somebody else has done that.
fn is_over(pid: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(pid), options), Ok(Some(_)) | Err(Errno::CHILD))
}

/// Waits for the child; `None` where somebody else has, or the system was told to.
fn status(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    match child.wait() {
        Ok(status) => Ok(Some(status)),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::CHILD) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a child says, and writes to stderr.
#[derive(Default)]
struct Ears {
    answer: Option<File>,
    words: Option<File>,
    said: Vec<u8>,
    stderr: VecDeque<u8>,
}

impl Ears {
    /// Reads what is there. Something else may hold the pipes open for as long as it likes.
    fn hear(&mut self) {
        let said = &mut self.said;
        hear(&mut self.answer, |bytes| said.extend_from_slice(bytes));
        let stderr = &mut self.stderr;
        hear(&mut self.words, |bytes| {
            stderr.extend(bytes);
            let old = stderr.len().saturating_sub(LAST_WORDS);
            stderr.drain(..old);
        });
    }

    fn hear_the_rest(&mut self) {
        // As much as a pipe holds.
        for _ in 0..64 {
            if self.said.len() <= MOST_SAID {
                self.hear();
            }
        }
    }
}

fn hear(pipe: &mut Option<File>, mut take: impl FnMut(&[u8])) {
    let mut buffer = [0; 4096];
    let Some(file) = pipe else { return };
    match file.read(&mut buffer) {
        Ok(0) => *pipe = None,
        Ok(count) => take(&buffer[..count]),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
        Err(_) => *pipe = None,
    }
}

fn open(pipe: std::os::fd::OwnedFd) -> io::Result<File> {
    fcntl_setfl(&pipe, OFlags::NONBLOCK)?;
    Ok(pipe.into())
}

fn kill(child: &Child) -> io::Result<()> {
    let pid = pid(child)?;
    let killed = match kill_process_group(pid, Signal::KILL) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    };
    // It may have left its group. As long as it can be waited for, the number is its own.
    let asked = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    if let Ok(None) = waitid(WaitId::Pid(pid), asked) {
        let _ = kill_process(pid, Signal::KILL);
    }
    killed
}

fn pid(child: &Child) -> io::Result<Pid> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("a child without a number"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;

    use super::*;

    #[test]
    fn a_child_that_is_not_in_its_own_group_is_killed_as_well() {
        // It has stayed in this program's group, so that there is none by its number.
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        kill(&child).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(Signal::KILL.as_raw()));
        // Nobody is signalled by the number of one that was waited for.
        kill(&child).unwrap();
    }
}
