//! A page of code for one library: for each call that is answered a few instructions that add whose
//! call it is, the account or its heap, as a last argument, and go on to the answer.
//!
//! A return address would not do instead: a call that is the last thing a function does leaves its
//! caller's.
//!
//! `dlsym` looks at the address that it is called from, and `syscall` takes any number of arguments.
//! So their pieces ask the host first, and jump to the real one where it has no answer, with registers
//! and stack as they were.

use std::{io, mem::ManuallyDrop, ptr, sync::Arc};

use super::{
    NAMES,
    calls::{self, Answer},
    protect, real,
};
use crate::library::unload::account::Account;

const PAGE: usize = 4096;
/// The room for each; the first holds the address of the account.
const STEP: usize = 128;

const _: () = assert!((NAMES.len() + 1) * STEP <= PAGE);

/// The page. It stays when this is dropped: a library that was not found gone may call.
#[derive(Debug)]
pub(super) struct Thunks {
    page: usize,
    /// What the code refers to, for as long as there is the page.
    account: ManuallyDrop<Arc<Account>>,
}

impl Thunks {
    /// The code for a library.
    pub(super) fn new(account: &Arc<Account>) -> io::Result<Self> {
        let (how, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, wherever there is room.
        let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, how, kind, -1, 0) };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let kept = ManuallyDrop::new(Arc::clone(account));
        let thunks = Self { page: page.expose_provenance(), account: kept };
        let heap = account.heap().map(|heap| Arc::as_ptr(heap).expose_provenance());
        let account = Arc::as_ptr(account).expose_provenance();
        let mut code = vec![0; PAGE];
        code[..8].copy_from_slice(&account.to_le_bytes());
        for (index, name) in NAMES.iter().enumerate() {
            let piece = match calls::answer(name) {
                Answer::OfAccount(argument, answer) => go_on(argument, account, answer),
                Answer::OfHeap(argument, answer) => match heap {
                    Some(heap) => go_on(argument, heap, answer),
                    None => jump(real(name)).to_vec(),
                },
                Answer::Asked(argument, ask) => ask_first(argument, thunks.page, ask, real(name)),
            };
            let start = (index + 1) * STEP;
            code[start..start + piece.len()].copy_from_slice(&piece);
        }
        // SAFETY: the page is ours, writable, and as long as the code.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), page.cast(), PAGE) };
        protect(thunks.page, PAGE, libc::PROT_READ | libc::PROT_EXEC)?;
        Ok(thunks)
    }

    /// Gives the page back.
    ///
    /// # Safety
    /// Nothing may call it any more.
    pub(super) unsafe fn unmap(self) {
        // SAFETY: our own page, which nothing calls (caller).
        unsafe { libc::munmap(ptr::with_exposed_provenance_mut(self.page), PAGE) };
        drop(ManuallyDrop::into_inner(self.account));
    }

    /// Where one of [`NAMES`] goes.
    pub(super) const fn address(&self, index: usize) -> usize {
        address(self.page, index)
    }
}

/// Where one of [`NAMES`] goes in a page.
pub(super) const fn address(page: usize, index: usize) -> usize {
    page + (index + 1) * STEP
}

/// The account that a page is for.
///
/// # Safety
/// The page must be one of [`Thunks`], which must live.
pub(super) const unsafe fn account(page: *const *const Account) -> *const Account {
    // SAFETY: it stands there (`new`), for as long as the page does (caller).
    unsafe { page.read() }
}

/// The register of an integer argument, by its number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Argument {
    First,
    Second,
    Third,
    Fourth,
    Fifth,
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
