//! The system calls that a library makes by `syscall`, by their numbers. Pure.

use libc::c_long;

/// Those after which the kernel has an address of the caller's, or a thread that nobody has seen
/// begin.
const KEEP: [c_long; 19] = [
    libc::SYS_rt_sigaction,
    libc::SYS_sigaltstack,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_modify_ldt,
    libc::SYS_arch_prctl,
    libc::SYS_prctl,
    libc::SYS_set_thread_area,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_timer_create,
    libc::SYS_mq_notify,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_register,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
];

/// The newest one that was gone through.
const NEWEST: c_long = libc::SYS_set_mempolicy_home_node;

/// Whether a system call may keep an address of its caller's. The kernel looks at the lower half of
/// the number.
pub(super) fn keeps(number: c_long) -> bool {
    let number = number & 0xffff_ffff;
    KEEP.contains(&number) || number > NEWEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_do_without_a_function_of_the_c_library_keeps_nothing() {
        for number in [libc::SYS_futex, libc::SYS_getrandom, libc::SYS_gettid, libc::SYS_statx] {
            assert!(!keeps(number), "{number}");
        }
        for number in [libc::SYS_rt_sigaction, libc::SYS_clone3, libc::SYS_rseq, NEWEST + 1, -1] {
            assert!(keeps(number), "{number}");
        }
        for half in [1 << 32, -1 << 32] {
            assert!(keeps(libc::SYS_rt_sigaction | half) && !keeps(libc::SYS_futex | half));
        }
    }
}
