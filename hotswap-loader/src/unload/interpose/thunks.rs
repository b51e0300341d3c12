//! A page of code for one library: for each call that is answered a few instructions that add whose
//! call it is, its pins or its heap, as a last argument, and go on to the answer.
//!
//! A return address would not do instead: a call that is the last thing a function does leaves its
//! caller's.
//!
//! `dlsym` looks at the address that it is called from, and `syscall` takes any number of arguments.
//! So their pieces ask the host first, and jump to the real one where it has no answer, with registers
//! and stack as they were.

use std::{io, mem::ManuallyDrop, sync::Arc};

use memmap2::{Mmap, MmapMut};

use super::{
    answers::{Answer, Argument, NAMES},
    caller::{self, PAGE, STEP},
    calls,
    sys::real,
};
use crate::unload::pins::LibraryPins;

/// The page. It stays when this is dropped: a library that was not found gone may call.
#[derive(Debug)]
pub(super) struct Thunks {
    page: ManuallyDrop<Mmap>,
    /// What the code refers to, for as long as there is the page.
    pins: ManuallyDrop<Arc<LibraryPins>>,
}

impl Thunks {
    /// The code for a library.
    pub(super) fn new(pins: &Arc<LibraryPins>) -> io::Result<Self> {
        let mut page = MmapMut::map_anon(PAGE)?;
        let own = page.as_ptr().expose_provenance();
        let heap = pins.heap().map(|heap| Arc::as_ptr(heap).expose_provenance());
        let whose = Arc::as_ptr(pins).expose_provenance();
        page[..8].copy_from_slice(&whose.to_le_bytes());
        for (index, name) in NAMES.iter().enumerate() {
            let piece = match calls::answer(name) {
                Answer::OfLibrary(argument, answer) => go_on(argument, whose, answer),
                Answer::OfHeap(argument, answer) => match heap {
                    Some(heap) => go_on(argument, heap, answer),
                    None => jump(real(name)).to_vec(),
                },
                Answer::Asked(argument, ask) => ask_first(argument, own, ask, real(name)),
            };
            let start = caller::address(0, index);
            page[start..start + STEP][..piece.len()].copy_from_slice(&piece);
        }
        let page = ManuallyDrop::new(page.make_exec()?);
        Ok(Self { page, pins: ManuallyDrop::new(Arc::clone(pins)) })
    }

    /// Gives the page back.
    ///
    /// # Safety
    /// Nothing may call it any more.
    pub(super) unsafe fn unmap(self) {
        drop(ManuallyDrop::into_inner(self.page));
        drop(ManuallyDrop::into_inner(self.pins));
    }

    /// Where one of [`NAMES`] goes.
    pub(super) fn address(&self, index: usize) -> usize {
        caller::address(self.page.as_ptr().addr(), index)
    }
}

/// Marks a place that may be jumped to, where the processor asks for that.
const ENTRY: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// Adds an argument and jumps.
fn go_on(argument: Argument, value: usize, to: usize) -> Vec<u8> {
    let load: [u8; 2] = match argument {
        Argument::First => [0x48, 0xbf],  // mov rdi, value
        Argument::Second => [0x48, 0xbe], // mov rsi, value
        Argument::Third => [0x48, 0xba],  // mov rdx, value
        Argument::Fourth => [0x48, 0xb9], // mov rcx, value
        Argument::Fifth => [0x49, 0xb8],  // mov r8, value
    };
    [&ENTRY, &load[..], &value.to_le_bytes(), &jump(to)].concat()
}

fn jump(to: usize) -> [u8; 13] {
    let mut code = [0x49, 0xbb, 0, 0, 0, 0, 0, 0, 0, 0, 0x41, 0xff, 0xe3]; // mov r11, to; jmp r11
    code[2..10].copy_from_slice(&to.to_le_bytes());
    code
}

/// Calls `ask` with an argument, the first or the second, and `value`; returns what it answers, or
/// jumps to `to` as if nothing had been if that is null.
fn ask_first(argument: Argument, value: usize, ask: usize, to: usize) -> Vec<u8> {
    let asked: &[u8] = match argument {
        Argument::First => &[],
        _ => &[0x48, 0x89, 0xf7], // mov rdi, rsi
    };
    [
        &ENTRY,
        // push rdi, rsi, rdx, rcx, r8, r9
        &[0x57, 0x56, 0x52, 0x51, 0x41, 0x50, 0x41, 0x51][..],
        &[0x48, 0x83, 0xec, 0x08], // sub rsp, 8
        asked,
        &[0x48, 0xbe], // mov rsi, value
        &value.to_le_bytes(),
        &[0x49, 0xbb], // mov r11, ask
        &ask.to_le_bytes(),
        &[0x41, 0xff, 0xd3],       // call r11
        &[0x48, 0x83, 0xc4, 0x08], // add rsp, 8
        // pop r9, r8, rcx, rdx, rsi, rdi
        &[0x41, 0x59, 0x41, 0x58, 0x59, 0x5a, 0x5e, 0x5f],
        &[0x48, 0x85, 0xc0], // test rax, rax
        &[0x74, 0x01],       // je past the next
        &[0xc3],             // ret
        &jump(to),
    ]
    .concat()
}
