//! Errors and foreign texts as people read them: with their causes, and on one line.

use std::{
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
/// `unwrap`.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_in_full {
    ($($error:ty),+ $(,)?) => {$(
        impl ::core::fmt::Debug for $error {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&$crate::text::in_full(self))
            }
        }
    )+};
}

/// A text that someone else has made, on one line: line ends, other control characters, and those
/// that change the direction of a line are escaped.
pub fn escaped(text: &str) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        text.chars().try_for_each(|c| {
            if is_obeyed(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
        })
    })
}

/// Whether a terminal obeys a character instead of showing it.
fn is_obeyed(c: char) -> bool {
    let turns = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let ends_line = matches!(c, '\u{2028}' | '\u{2029}');
    c.is_control() || turns || ends_line
}
