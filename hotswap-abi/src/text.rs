//! Errors and foreign texts as people read them: with their causes, and escaped.
//!
//! A module, a rehearsal's child or a file may say anything: what a terminal obeys, or a line that
//! looks like one of the host's log. So a text is escaped where it comes in, once, and all that
//! shows it later need not know where it is from.
//!
//! ```
//! use hotswap_abi::__private::text::{escaped, lined};
//!
//! assert_eq!(escaped("a\x1b[2J\nb"), r"a\u{1b}[2J\nb");
//! assert_eq!(lined("left: 1\nERROR all is lost\x07"), "left: 1\n    | ERROR all is lost\\u{7}");
//! ```
//!
//! # Where texts come in
//! Panics and errors: `Origin::failure` here, `Code::judge` in hotswap-core. Logs: `logs/value.rs`
//! and `logs/callsites.rs` of hotswap-loader, where `unload/pins/threads.rs` escapes threads' names. A
//! child's words: `rehearsal/verdict.rs`. A manifest that holds such a text is refused by its
//! decoder.

use std::{
    borrow::Cow,
    error::Error,
    fmt::{self, Write as _},
};

/// An error's text with those of its causes: `the journal cannot be had: the folder … : …`.
#[must_use]
pub fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a string does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// Implements `Debug` for errors as [`in_full`]: a `main` that returns one prints it so, and so does
/// `unwrap`. It names nothing of this crate, so that other crates need nothing else of it.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_in_full {
    ($($error:ty),+ $(,)?) => {$(
        impl ::core::fmt::Debug for $error {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, "{self}")?;
                let mut cause = ::core::error::Error::source(self);
                while let Some(it) = cause {
                    ::core::write!(f, ": {it}")?;
                    cause = it.source();
                }
                Ok(())
            }
        }
    )+};
}

/// What stands before each line but the first. No line of a log begins so.
const MARK: &str = "    | ";

/// Whether a terminal, or what reads a log by its lines, obeys a character instead of showing it:
/// control characters, what changes the direction of a line, and what ends one.
#[must_use]
pub fn is_obeyed(c: char) -> bool {
    let turns = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_line = matches!(c, '\u{2028}' | '\u{2029}');
    c.is_control() || turns || ends_line
}

/// What a closure writes: `std::fmt::from_fn` of newer compilers.
pub(crate) fn from_fn(write: impl Fn(&mut fmt::Formatter<'_>) -> fmt::Result) -> impl fmt::Display {
    struct Written<F>(F);
    impl<F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result> fmt::Display for Written<F> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0(f)
        }
    }
    Written(write)
}

/// A text on one line.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    each_line(text, |out, line, is_first| {
        if !is_first {
            out.push_str("\\n");
        }
        put(out, line);
    })
}

/// A text with its lines: each but the first is marked as one that goes on. What was done once is
/// not done again.
#[must_use]
pub fn lined(text: &str) -> Cow<'_, str> {
    each_line(text.trim_end_matches(['\r', '\n']), |out, line, is_first| {
        if !is_first {
            out.push('\n');
            out.push_str(MARK);
        }
        put(out, line);
    })
}

/// The frames of a backtrace, which are indented, for below a message: a line that is not is marked.
#[must_use]
pub fn frames(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        if !out.is_empty() {
            out.push('\n');
        }
        if !line.starts_with("  ") {
            out.push_str(MARK);
        }
        put(&mut out, line);
    }
    out
}

/// Puts a text together from its lines, without the marks that they have already.
fn each_line(text: &str, put: impl Fn(&mut String, &str, bool)) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (number, line) in text.split('\n').enumerate() {
        let is_first = number == 0;
        let line = if is_first { line } else { line.strip_prefix(MARK).unwrap_or(line) };
        put(&mut out, line, is_first);
    }
    Cow::Owned(out)
}

fn put(out: &mut String, line: &str) {
    for c in line.chars() {
        if is_obeyed(c) {
            // Writing to a string does not fail.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
}

/// A number with its thousands apart: `1,000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGED: &str =
        "x\r\n2026-11-29T00:00:00Z ERROR slot: all is lost\n\x1b[2J\u{9b}1m\u{202e}";

    #[test]
    fn no_line_can_be_taken_for_another_one() {
        for text in [lined(FORGED).into_owned(), format!("head\n{}", frames(FORGED))] {
            assert!(text.lines().skip(1).all(|line| line.starts_with(MARK)), "{text}");
            assert!(text.chars().all(|c| c == '\n' || !is_obeyed(c)), "{text}");
            assert!(text.contains("ERROR slot: all is lost"), "{text}");
        }
        assert!(!escaped(FORGED).contains(is_obeyed));
        for line in ["\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\r"] {
            let text = format!("a{line}ERROR");
            assert_eq!(lined(&text).lines().count(), 1, "{text:?}");
            assert!(!lined(&text).contains(line), "{text:?}");
        }
    }

    #[test]
    fn what_is_escaped_stays_as_it_is() {
        for text in ["", "größe: 模块", "a\nb\n\nc\n", FORGED] {
            assert_eq!(lined(&lined(text)), lined(text));
            assert_eq!(escaped(&escaped(text)), escaped(text));
            assert_eq!(frames(&frames(text)), frames(text));
        }
        assert_eq!(escaped(&lined("a\nb")), r"a\nb");
        let backtrace = "   0: arcade::update\n             at src/lib.rs:3:5";
        assert_eq!(frames(backtrace), backtrace);
        assert!(matches!(escaped("größe"), Cow::Borrowed(_)));
    }
}
