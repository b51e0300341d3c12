//! The calls that a child is to replay: recorded from the instance that serves, and written to a file
//! in the child's folder.
//!
//! The worker begins the recording right after the copy of the state was taken, so that the calls are
//! those that came next. The rehearsal's thread waits for its end, and never for longer than the
//! host's owner allows.
//!
//! # Why after the copy
//! The calls then meet the state that they were made for: an order finds the goods that it has found,
//! and a session that one call opens is there for the next one. Recorded first, all of them would come
//! to a state that has them already.

use std::{
    fs::OpenOptions,
    io::{self, PipeReader, Write as _},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::fs::OpenOptionsExt as _,
    },
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hotswap_abi::__private::manifest::Manifest;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use super::message::{CALLS, Call, encoded};
use crate::{
    config::Replay,
    instance::{CallTape, Code, LeftOut, Recorded, RecordedCall, Recording},
    plan::NotRecorded,
    slot::SlotCore,
    upgrade::BackedUp,
};

/// After this it is looked again how long there is to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// A recording under way; over when this is dropped.
#[derive(Debug)]
pub(super) struct UnderWay {
    recording: Arc<Recording>,
    enough: PipeReader,
    begun: Instant,
    within: Duration,
    methods: &'static [&'static str],
    fields: Vec<String>,
}

/// What there is to replay.
#[derive(Debug)]
pub(super) struct ToReplay {
    /// Its methods, in the order of the calls.
    pub(super) methods: Vec<&'static str>,
    pub(super) took: Duration,
    pub(super) not_recorded: Vec<NotRecorded>,
    /// The names of the fields that a state of the version that serves may have.
    pub(super) fields: Vec<String>,
}

/// Begins to record the calls of the instance that serves; else why there is nothing to replay.
pub(super) fn begin(
    replay: &Replay,
    backed_up: &BackedUp,
    slot: &SlotCore,
) -> io::Result<Result<UnderWay, String>> {
    let Some((gate, serves)) = slot.gate().zip(slot.serves()) else {
        return Ok(Err("nothing serves yet".to_owned()));
    };
    if serves.code.copy().is_none() {
        return Ok(Err("the version that serves is linked into the program".to_owned()));
    }
    if backed_up.handed().is_some_and(|copy| copy.restored) {
        return Ok(Err("the state of the version that serves is not to be had".to_owned()));
    }
    let (full, enough) = io::pipe()?;
    let methods = slot.interface.methods;
    let wanted = methods.iter().map(|method| replay.has(method)).collect();
    let most = usize::try_from(replay.calls).unwrap_or(usize::MAX);
    let tape = CallTape::new(wanted, most, enough);
    let recording = gate.current().1.record(&(slot.interface.recordables)(), tape);
    let (begun, within) = (Instant::now(), replay.within);
    Ok(Ok(UnderWay {
        recording,
        enough: full,
        begun,
        within,
        methods,
        fields: fields(&serves.code),
    }))
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.recording.end();
    }
}

impl UnderWay {
    /// Waits until there are enough calls or their time is over, and writes them into the child's
    /// folder; `None` if the rehearsal was called off (the other end of the pipe was closed).
    pub(super) fn write(
        self,
        folder: &Path,
        called_off: &PipeReader,
    ) -> io::Result<Option<ToReplay>> {
        if self.is_called_off(called_off.as_fd())? {
            return Ok(None);
        }
        let fields = self.fields.clone();
        let took = self.begun.elapsed();
        let Recorded { calls, left_out } = self.recording.end();
        let methods = calls.iter().filter_map(|call| self.method(call)).collect();
        let calls: Vec<_> = calls
            .into_iter()
            .map(|RecordedCall { method, arguments }| Call { method, arguments })
            .collect();
        let mut file = OpenOptions::new();
        let mut file = file.write(true).create_new(true).mode(0o600).open(folder.join(CALLS))?;
        file.write_all(&encoded(&calls))?;
        let not_recorded = self.methods.iter().zip(&left_out).flat_map(|it| told(it.0, *it.1));
        Ok(Some(ToReplay { methods, took, not_recorded: not_recorded.collect(), fields }))
    }

    fn method(&self, call: &RecordedCall) -> Option<&'static str> {
        self.methods.get(usize::try_from(call.method).ok()?).copied()
    }

    fn is_called_off(&self, called_off: BorrowedFd<'_>) -> io::Result<bool> {
        loop {
            let left = self.within.saturating_sub(self.begun.elapsed());
            if left.is_zero() {
                return Ok(false);
            }
            let mut ends = [called_off, self.enough.as_fd()]
                .map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN));
            // Any duration is one that can be waited for.
            let left = left.min(LONGEST_WAIT);
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut ends, Some(&left)) {
                Ok(_) if !ends[0].revents().is_empty() => return Ok(true),
                Ok(_) if !ends[1].revents().is_empty() => return Ok(false),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The outermost fields of all versions of a state.
fn fields(code: &Code) -> Vec<String> {
    let Manifest { states, types, .. } = &*code.manifest;
    let definitions = states.iter().filter_map(|state| types.definition(&state.shape));
    definitions.flat_map(|it| &it.members).map(|field| field.name.clone()).collect()
}

fn told(method: &str, left_out: LeftOut) -> impl Iterator<Item = NotRecorded> {
    let LeftOut { no_data, too_large } = left_out;
    let reasons = [
        (no_data, "its arguments are no data, or it is #[not_replayed]"),
        (too_large, "its arguments have more than 64 KiB"),
    ];
    let all = reasons.map(|(calls, why)| NotRecorded {
        method: method.to_owned(),
        calls,
        why: why.to_owned(),
    });
    all.into_iter().filter(|it| it.calls > 0)
}
