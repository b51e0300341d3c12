//! A panic's backtrace as text.
//!
//! In its short form it has the frames between the panic and the module's entry point: above them
//! is how Rust panics, below them is how a host calls, and neither is what somebody looks for who
//! reads it. Both ends are found by the names of functions; where a build has no names, all frames
//! stay.

use std::backtrace::Backtrace;

/// std's last frame of a panic, before those that led to it.
const PANICS: &str = "__rust_end_short_backtrace";

/// What calls the user's code inside the unwind guard.
const GUARDS: [&str; 3] = [
    "hotswap_abi::interface::call::respond",
    "hotswap_abi::module::life::answer",
    "hotswap_abi::guard::guard",
];

/// The backtrace of this thread, which panics.
pub(super) fn take(full: bool) -> String {
    let all = Backtrace::force_capture().to_string();
    if full { all.trim_end().to_owned() } else { shorten(&all) }
}

/// Leaves out the frames that are not between the panic and the guard. A frame is a line with its
/// number and name, and perhaps a second one with its place.
fn shorten(all: &str) -> String {
    let lines: Vec<&str> = all.lines().collect();
    let is_frame = |line: &&str| !line.trim_start().starts_with("at ");
    let begin = lines.iter().rposition(|line| line.contains(PANICS)).map_or(0, |panics| {
        let next = lines[panics + 1..].iter().position(is_frame);
        next.map_or(lines.len(), |next| panics + 1 + next)
    });
    let rest = &lines[begin..];
    let is_guard = |line: &&str| is_frame(line) && GUARDS.iter().any(|guard| line.contains(guard));
    let end = rest.iter().position(is_guard).unwrap_or(rest.len());
    rest[..end].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "   \
   0: hotswap_abi::runtime::backtrace::take
             at /abi/src/runtime/backtrace.rs:25:5
   1: std::sys::backtrace::__rust_end_short_backtrace
             at /rustc/library/std/src/sys/backtrace.rs:174:18
   2: core::panicking::panic_fmt
             at /rustc/library/core/src/panicking.rs:75:14
   3: adder::parse
   4: <adder::Sums as adder_api::Adder>::add
             at ./module/src/lib.rs:37:40
   5: hotswap_abi::interface::call::respond::{{closure}}
             at /abi/src/interface/call.rs:231:21
   6: adder_host::main
";

    #[test]
    fn the_frames_of_the_module_stay() {
        let short = "   \
   2: core::panicking::panic_fmt
             at /rustc/library/core/src/panicking.rs:75:14
   3: adder::parse
   4: <adder::Sums as adder_api::Adder>::add
             at ./module/src/lib.rs:37:40";
        assert_eq!(shorten(ALL), short);
        let nameless = "   0: <unknown>\n   1: <unknown>";
        assert_eq!(shorten(nameless), nameless);
        assert_eq!(shorten(""), "");
    }
}
