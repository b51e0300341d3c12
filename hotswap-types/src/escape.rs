//! Paths, and texts that others have made, as messages show them: on a line, with nothing in them
//! that a terminal would obey. Whoever can put a file there chooses its name.

use std::{fmt, path::Path};

use hotswap_abi::__private::text::escaped;

/// A path as messages show it; see [`path`].
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(&'a Path);

/// Shows a path: control characters, and those that change the direction of a line, are escaped.
/// What is no UTF-8 is shown as a replacement character.
///
/// ```
/// use hotswap_types::escape;
///
/// assert_eq!(escape::path("/srv/lib\x1b[2J.so").to_string(), r"/srv/lib\u{1b}[2J.so");
/// ```
#[must_use]
pub fn path<P: AsRef<Path> + ?Sized>(path: &P) -> Shown<'_> {
    Shown(path.as_ref())
}

/// A text that somebody else has made, in the same way.
#[must_use]
pub fn text(text: &str) -> String {
    escaped(text).into_owned()
}

/// The same for a text of several lines, which stay lines.
#[must_use]
pub fn lines(text: &str) -> String {
    text.split('\n').map(self::text).collect::<Vec<_>>().join("\n")
}

/// What operators say is no longer, in bytes.
const LONGEST_SAID: usize = 1024;

/// What an operator has said, as it is kept and told: of a bounded length, escaped as in [`path`].
#[must_use]
pub fn input(text: impl Into<String>) -> String {
    cut(&self::text(&cut(&text.into(), LONGEST_SAID)), LONGEST_SAID)
}

/// The beginning of a text, of at most so many bytes.
#[must_use]
pub fn cut(text: &str, longest: usize) -> String {
    text[..text.floor_char_boundary(longest)].to_owned()
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escaped(&self.0.to_string_lossy()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped_and_the_rest_is_not() {
        for (raw, as_shown) in [
            ("/srv/größe/模块 1.so", "/srv/größe/模块 1.so"),
            ("C:\\modules\\lib.dll", "C:\\modules\\lib.dll"),
            ("a\x1b[2J\x07", r"a\u{1b}[2J\u{7}"),
            ("a\nrefused: all\r\t", r"a\nrefused: all\r\t"),
            ("a\u{9b}2J\u{7f}", r"a\u{9b}2J\u{7f}"),
            ("a\u{202e}os.bil\u{2066}\u{2028}", r"a\u{202e}os.bil\u{2066}\u{2028}"),
        ] {
            assert_eq!(path(raw).to_string(), as_shown);
            assert_eq!(text(raw), as_shown);
            assert_eq!(input(raw), as_shown);
        }
    }

    #[test]
    fn what_is_said_has_an_end() {
        for text in ["x".repeat(4000), "größe ".repeat(400), "\x1b".repeat(2000)] {
            let said = input(text);
            assert!(said.len() <= LONGEST_SAID && said.len() > LONGEST_SAID - 8, "{}", said.len());
        }
    }
}
