//! A recording of an instance's calls, for a rehearsal that replays them.
//!
//! Calls come to it by the way that [`Condition`](super::Condition) has for all that is not usual, so
//! that at other times they cost nothing. It is over when it has enough calls, or whoever began it
//! ends it; the next call then takes it off the instance.
//!
//! Callers hold its lock for a moment, and allocate nothing meanwhile: a program's allocator may call
//! the slot.

use std::{
    io::PipeWriter,
    mem,
    sync::atomic::{AtomicBool, Ordering},
};

use hotswap_abi::__private::interface::{Arguments, Shims, Tape};
use parking_lot::Mutex;

/// The most bytes of all calls.
const MOST: usize = 16 << 20;

/// A call, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedCall {
    /// The method's place in the interface.
    pub(crate) method: u32,
    pub(crate) arguments: Vec<u8>,
}

/// What was recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorded {
    /// In the order in which they began.
    pub(crate) calls: Vec<RecordedCall>,
    /// How many calls of each method are not there.
    pub(crate) left_out: Vec<LeftOut>,
}

/// How many calls of a method are not there, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// Their arguments are no data.
    pub(crate) no_data: u32,
    /// Their arguments are too large.
    pub(crate) too_large: u32,
}

/// A recording of an instance's calls.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(super) shims: Shims,
    pub(super) tape: CallTape,
}

/// Where an instance's calls go while they are recorded.
#[derive(Debug)]
pub(crate) struct CallTape {
    /// Whether calls of each method are wanted.
    wanted: Box<[bool]>,
    most: usize,
    is_over: AtomicBool,
    taped: Mutex<Taped>,
}

#[derive(Debug)]
struct Taped {
    recorded: Recorded,
    bytes: usize,
    /// Closed when there are enough calls.
    enough: Option<PipeWriter>,
}

impl CallTape {
    /// For so many calls of the methods that are wanted. `enough` is closed when they are there.
    pub(crate) fn new(wanted: Box<[bool]>, most: usize, enough: PipeWriter) -> Self {
        let recorded = Recorded {
            calls: Vec::with_capacity(most),
            left_out: vec![LeftOut::default(); wanted.len()],
        };
        let taped = Taped { recorded, bytes: 0, enough: Some(enough) };
        Self { wanted, most, is_over: AtomicBool::new(false), taped: Mutex::new(taped) }
    }

    /// Ends the recording.
    fn end(&self) -> Recorded {
        let mut taped = self.taped.lock();
        self.is_over.store(true, Ordering::Release);
        let (recorded, enough) = (mem::take(&mut taped.recorded), taped.enough.take());
        drop(taped);
        drop(enough);
        recorded
    }
}

impl Tape for CallTape {
    fn note(&self, method: usize, arguments: Arguments<'_>) {
        let is_wanted = self.wanted.get(method).is_some_and(|wanted| *wanted);
        if !is_wanted || self.is_over.load(Ordering::Relaxed) {
            return;
        }
        let arguments = arguments.encoded().map(|counter| {
            // Arguments are recorded that a counter keeps as a whole: 64 KiB.
            let is_whole = counter.total() == counter.end().len() as u64;
            is_whole.then(|| counter.end().to_vec())
        });
        let mut taped = self.taped.lock();
        if self.is_over.load(Ordering::Acquire) {
            return;
        }
        let left_out = &mut taped.recorded.left_out[method];
        match arguments {
            None => left_out.no_data = left_out.no_data.saturating_add(1),
            Some(None) => left_out.too_large = left_out.too_large.saturating_add(1),
            Some(Some(arguments)) => {
                taped.bytes += arguments.len();
                if taped.bytes <= MOST {
                    let method = u32::try_from(method).unwrap_or(u32::MAX);
                    taped.recorded.calls.push(RecordedCall { method, arguments });
                }
                if taped.bytes >= MOST || taped.recorded.calls.len() >= self.most {
                    self.is_over.store(true, Ordering::Release);
                    let enough = taped.enough.take();
                    drop(taped);
                    drop(enough);
                }
            }
        }
    }
}

impl Recording {
    pub(super) const fn new(shims: Shims, tape: CallTape) -> Self {
        Self { shims, tape }
    }

    /// Whether no more calls are recorded.
    pub(super) fn is_over(&self) -> bool {
        self.tape.is_over.load(Ordering::Relaxed)
    }

    /// Ends it; what was recorded, the first time.
    pub(crate) fn end(&self) -> Recorded {
        self.tape.end()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read as _};

    use hotswap_abi::__private::portable::{Counter, Writer};

    use super::*;

    const LARGEST: usize = Counter::KEEPS;

    fn tape(most: usize) -> (CallTape, io::PipeReader) {
        let (full, enough) = io::pipe().unwrap();
        (CallTape::new(Box::new([true, false]), most, enough), full)
    }

    fn call(tape: &CallTape, method: usize, bytes: &[u8]) {
        tape.note(method, Arguments::new(&|out: &mut Writer<'_>| out.bytes(bytes)));
    }

    #[test]
    fn calls_are_kept_in_order_until_there_are_enough() {
        let (tape, mut full) = tape(2);
        call(&tape, 0, b"a");
        call(&tape, 1, b"not wanted");
        tape.note(0, Arguments::none());
        call(&tape, 0, &vec![0; LARGEST + 1]);
        call(&tape, 0, b"b");
        // Whoever waits is woken.
        assert_eq!(full.read(&mut [0]).unwrap(), 0);
        call(&tape, 0, b"too late");
        let Recorded { calls, left_out } = tape.end();
        let calls: Vec<_> = calls.iter().map(|call| (call.method, &*call.arguments)).collect();
        assert_eq!(calls, [(0, &b"a"[..]), (0, b"b")]);
        assert_eq!(left_out, [LeftOut { no_data: 1, too_large: 1 }, LeftOut::default()]);
        assert!(tape.end().calls.is_empty());
    }

    #[test]
    fn all_calls_together_are_bounded() {
        let (tape, mut full) = tape(10_000);
        for _ in 0..2 * MOST / LARGEST {
            call(&tape, 0, &[0; LARGEST]);
        }
        assert_eq!(full.read(&mut [0]).unwrap(), 0);
        assert_eq!(tape.end().calls.len(), MOST / LARGEST);
    }

    #[test]
    fn arguments_of_any_size_are_not_copied_as_a_whole() {
        let (tape, _full) = tape(1);
        let large = Arguments::new(&|out: &mut Writer<'_>| {
            (0..100).for_each(|_| out.bytes(&[1; LARGEST]));
        });
        let kept = large.encoded().unwrap();
        assert_eq!((kept.total(), kept.end().len()), (100 * LARGEST as u64, LARGEST));
        tape.note(0, large);
        // One that fits, in pieces.
        let fits = |out: &mut Writer<'_>| (0..LARGEST).for_each(|at| out.bytes(&[at as u8]));
        tape.note(0, Arguments::new(&fits));
        let Recorded { calls, left_out } = tape.end();
        assert_eq!(left_out[0], LeftOut { no_data: 0, too_large: 1 });
        let bytes: Vec<_> = (0..LARGEST).map(|at| at as u8).collect();
        assert!(calls.len() == 1 && calls[0].arguments == bytes);
    }

    #[test]
    fn as_many_calls_as_there_may_be_are_left_out() {
        let (tape, _full) = tape(1);
        tape.taped.lock().recorded.left_out[0] = LeftOut { no_data: u32::MAX, too_large: u32::MAX };
        tape.note(0, Arguments::none());
        call(&tape, 0, &vec![0; LARGEST + 1]);
        assert_eq!(tape.end().left_out[0], LeftOut { no_data: u32::MAX, too_large: u32::MAX });
    }

    #[test]
    fn a_value_whose_encoding_panics_is_left_out() {
        let (tape, _full) = tape(1);
        tape.note(0, Arguments::new(&|_| panic!("told to panic")));
        assert_eq!(tape.end().left_out[0], LeftOut { no_data: 1, too_large: 0 });
    }
}
