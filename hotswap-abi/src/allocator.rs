//! Whether two libraries share an allocator: what `#[same_build]` arguments need, and states that are
//! handed over as memory, since either side may grow or drop what the other one has allocated.
//!
//! # Why this is exact
//! Each library has its own four functions behind `alloc::alloc` and its kind (`__rust_alloc` …), and
//! all that Rust code allocates goes through them. With a `#[global_allocator]` anywhere in the
//! library's crates, these functions are that allocator's. Without one the compiler makes them: a
//! jump each to std's own (`__rdl_alloc` …), which is [`std::alloc::System`] and asks the C library.
//! So it is looked where they lead: at the code, which is the same for each size, thread and hour.
//! That std then asks the *same* C library in both is seen in the addresses of `malloc` and its kind
//! as each of them finds them: a library may be linked with a `malloc` of its own.
//!
//! Requests alone could not tell: an allocator that takes one size of many from a slab of its own, or
//! that does so later, answers all others as the system does.
//!
//! # When in doubt
//! The allocator is not known, and an allocator that is not known is shared with none. That is so
//! where link-time optimization has put std's functions into the compiler's, on other processors than
//! x86-64, and with compilers that name these functions otherwise (`build.rs` looks for the names in
//! std's library). An allocator that only hands on to the system's is not known either: it is code of
//! a user's, and free to do something else next time.
//!
//! # Why the code is read, and requests are not made
//! A request tells how the allocator answers this size on this thread now. Nobody can try all
//! sizes, threads and times. The price of reading code: it is known for x86-64 only, and only for
//! compilers that name these functions as today's do.

use abi_stable::StableAbi;

/// Where a library's allocations go: the addresses of the C library's functions as the library finds
/// them, or zeros where it is not known that they go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, StableAbi)]
#[repr(C)]
#[allow(clippy::exhaustive_structs, reason = "checked field by field by abi_stable")]
pub struct Allocator {
    /// `malloc`
    pub malloc: usize,
    /// `calloc`
    pub calloc: usize,
    /// `realloc`
    pub realloc: usize,
    /// `free`
    pub free: usize,
    /// `posix_memalign`
    pub posix_memalign: usize,
}

impl Allocator {
    /// One that is shared with none.
    pub const UNKNOWN: Self = Self { malloc: 0, calloc: 0, realloc: 0, free: 0, posix_memalign: 0 };

    /// That of the library, or the program, in which this is called.
    #[must_use]
    pub extern "C" fn own() -> Self {
        seen::allocator()
    }

    /// Whether it is known where allocations go.
    #[must_use]
    pub fn is_known(&self) -> bool {
        *self != Self::UNKNOWN
    }

    /// Whether what one of the two allocates may be grown and freed by the other: each side with its
    /// name.
    ///
    /// # Errors
    /// Why it is not so, or not known to be so.
    pub fn share(one: (&'static str, Self), other: (&'static str, Self)) -> Result<(), NotShared> {
        let unknown = [one, other].into_iter().find(|(_, allocator)| !allocator.is_known());
        match unknown {
            Some((side, _)) => Err(NotShared::Unknown { side }),
            None if one.1 != other.1 => Err(NotShared::Apart),
            None => Ok(()),
        }
    }

    /// With other addresses, by the functions' names.
    #[must_use]
    pub fn map(self, address: impl Fn(&'static str, usize) -> usize) -> Self {
        Self {
            malloc: address("malloc", self.malloc),
            calloc: address("calloc", self.calloc),
            realloc: address("realloc", self.realloc),
            free: address("free", self.free),
            posix_memalign: address("posix_memalign", self.posix_memalign),
        }
    }
}

/// Why two libraries do not share an allocator.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotShared {
    /// The allocator of one of them is not known.
    #[error(
        "{side} has a #[global_allocator], or is built so that the lack of one cannot be proven \
         (link-time optimization, another processor than x86-64)"
    )]
    Unknown {
        /// Which one.
        side: &'static str,
    },
    /// They ask two C libraries.
    #[error("one of the two is linked with a malloc of its own")]
    Apart,
}

crate::debug_in_full!(NotShared);

/// Where the functions behind the allocator can be seen.
#[cfg(all(hotswap_allocator_is_seen, not(miri)))]
mod seen {
    use std::{
        arch::asm,
        ffi::{c_int, c_void},
    };

    use super::Allocator;

    unsafe extern "C" {
        fn malloc(size: usize) -> *mut c_void;
        fn calloc(count: usize, size: usize) -> *mut c_void;
        fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
        fn free(block: *mut c_void);
        fn posix_memalign(place: *mut *mut c_void, alignment: usize, size: usize) -> c_int;
    }

    /// The address of an internal function of std or of the compiler's, or null where there is none
    /// any more. Rust has no name for it, and a declaration by the symbol's name would be one that the
    /// compiler has already, with other attributes.
    macro_rules! internal {
        ($name:literal) => {{
            let address: *const u8;
            // SAFETY: it reads where the linker has put the address, and says that the symbol may be
            // missing.
            unsafe {
                asm!(
                    concat!(".weak ", env!("HOTSWAP_INTERNAL"), $name),
                    concat!("mov {}, qword ptr [rip + ", env!("HOTSWAP_INTERNAL"), $name, "@GOTPCREL]"),
                    out(reg) address,
                    options(pure, readonly, nostack, preserves_flags),
                );
            }
            address
        }};
    }

    pub(super) fn allocator() -> Allocator {
        let is_stds = |(ours, stds): (*const u8, *const u8)| {
            if ours.is_null() || stds.is_null() {
                return false;
            }
            // SAFETY: the address of a function.
            let ours = unsafe { destination(ours) };
            // SAFETY: as above.
            let stds = unsafe { destination(stds) };
            ours == stds
        };
        let functions = [
            (internal!("12___rust_alloc"), internal!("11___rdl_alloc")),
            (internal!("14___rust_dealloc"), internal!("13___rdl_dealloc")),
            (internal!("14___rust_realloc"), internal!("13___rdl_realloc")),
            (internal!("19___rust_alloc_zeroed"), internal!("18___rdl_alloc_zeroed")),
        ];
        if !functions.into_iter().all(is_stds) {
            return Allocator::UNKNOWN;
        }
        Allocator {
            malloc: (malloc as *const ()).addr(),
            calloc: (calloc as *const ()).addr(),
            realloc: (realloc as *const ()).addr(),
            free: (free as *const ()).addr(),
            posix_memalign: (posix_memalign as *const ()).addr(),
        }
    }

    /// Where a function leads that does nothing but jump, as often as that is so: the address of the
    /// first one that does something.
    ///
    /// # Safety
    /// It must be the address of a function of this library.
    unsafe fn destination(function: *const u8) -> *const u8 {
        // What a function may begin with whose compiler was told to: a mark for indirect jumps, and
        // a frame that is taken down before the jump.
        const MARK: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];
        const FRAME: [u8; 5] = [0x55, 0x48, 0x89, 0xe5, 0x5d];
        const JUMP: [u8; 1] = [0xe9];
        // A table of jumps that a linker has put in between is no more than one.
        const JUMPS: usize = 4;
        let mut function = function;
        for _ in 0..JUMPS {
            let mut at = function;
            for prelude in [&MARK[..], &FRAME] {
                // SAFETY: code of the function (caller), as far as it was as expected.
                if unsafe { begins_with(at, prelude) } {
                    at = at.wrapping_add(prelude.len());
                }
            }
            // SAFETY: as above.
            if !unsafe { begins_with(at, &JUMP) } {
                break;
            }
            // SAFETY: the four bytes of the jump's distance.
            let distance = unsafe { at.wrapping_add(1).cast::<i32>().read_unaligned() };
            function = at.wrapping_add(5).wrapping_offset(distance as isize);
        }
        function
    }

    /// # Safety
    /// There must be code at this address. It is read only as far as it is as expected.
    unsafe fn begins_with(code: *const u8, expected: &[u8]) -> bool {
        expected.iter().enumerate().all(|(at, byte)| {
            // SAFETY: all bytes before are those of whole instructions, or of the beginning of one.
            unsafe { code.wrapping_add(at).read() == *byte }
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn jumps_are_followed_and_nothing_else() {
            // Frame and jump by 3 to a return; then a call.
            let code: [u8; 24] = [
                0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x5d, 0xe9, 3, 0, 0, 0, 0xcc, 0xcc,
                0xcc, 0xc3, 0xcc, 0x55, 0x48, 0xe9, 0, 0,
            ];
            let at = |at: usize| code[at..].as_ptr();
            // SAFETY: bytes that are read as if they were code.
            let leads = |from| unsafe { destination(at(from)) };
            assert_eq!([leads(0), leads(4), leads(9)], [at(17); 3]);
            // A frame that is not taken down is something that a function does.
            assert_eq!((leads(17), leads(19)), (at(17), at(19)));
        }
    }
}

#[cfg(not(all(hotswap_allocator_is_seen, not(miri))))]
mod seen {
    pub(super) const fn allocator() -> super::Allocator {
        super::Allocator::UNKNOWN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocator_that_is_not_known_is_shared_with_none() {
        let (unknown, own) = (Allocator::UNKNOWN, Allocator::own());
        for (one, other) in [(unknown, unknown), (own, unknown), (unknown, own)] {
            let shared = Allocator::share(("the one", one), ("the other", other));
            assert!(matches!(shared, Err(NotShared::Unknown { .. })));
        }
    }

    #[test]
    #[cfg_attr(not(all(target_arch = "x86_64", target_os = "linux")), ignore = "not seen there")]
    #[cfg_attr(miri, ignore = "there is no code to look at")]
    fn a_program_without_an_allocator_of_its_own_has_the_c_librarys() {
        let own = Allocator::own();
        let share = |other| Allocator::share(("the one", own), ("the other", other));
        assert_eq!(share(own), Ok(()));
        for differs in ["malloc", "calloc", "realloc", "free", "posix_memalign"] {
            let other = own.map(|name, address| address + usize::from(name == differs));
            assert_eq!(share(other), Err(NotShared::Apart), "{differs}");
        }
    }
}
