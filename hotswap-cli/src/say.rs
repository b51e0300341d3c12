//! What is printed: results to stdout, everything about them to stderr.
//!
//! Both are stripped of colours where they go to no terminal, or `NO_COLOR` is set. A reader that
//! goes away (`hotswap inspect … | head`) is no failure of ours: what cannot be written is not.

use std::{fmt::Display, io::Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

use hotswap_core::artifact::escape;

use crate::Error;

/// For what is well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// For what needs a look.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// For what is not well.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For names and titles.
pub(crate) const BOLD: Style = Style::new().bold();

/// A part of the answer.
pub(crate) fn result(text: &str) {
    let mut out = anstream::stdout().lock();
    let _ = writeln!(out, "{}", text.strip_suffix('\n').unwrap_or(text));
    let _ = out.flush();
}

/// A part of the answer, as one object on one line.
pub(crate) fn line(value: &impl Serialize) {
    result(&json(serde_json::to_string(value)));
}

/// The answer, as one object that people can read, too.
pub(crate) fn object(value: &impl Serialize) {
    result(&json(serde_json::to_string_pretty(value)));
}

/// JSON has no control characters but line feeds; what else a terminal would obey is written as an
/// escape, which means the same.
fn json(text: serde_json::Result<String>) -> String {
    let text = text.expect("our own structs have text keys and no failing parts");
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c != '\n' && escape::path(c.encode_utf8(&mut [0; 4])).to_string().starts_with("\\u") {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
        out
    })
}

/// Something about the work, not its result.
pub(crate) fn message(text: impl Display) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Why it was not done.
pub(crate) fn error(error: &Error) {
    message(format_args!("{BAD}error{BAD:#}: {error}"));
}

/// A text in a style.
pub(crate) fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Whether what goes to stderr may have colours.
pub(crate) fn stderr_has_colors() -> bool {
    AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn json_means_the_same_and_is_not_obeyed() {
        let texts = ["plain größe 模块 \\ \" \n", "\x1b[2J\u{9b}31m\u{7f}", "\u{202e}txt\u{2028}"];
        let value = serde_json::json!({ "texts": texts });
        for text in [serde_json::to_string(&value), serde_json::to_string_pretty(&value)] {
            let text = json(text);
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            assert!(text.contains("\\u009b31m\\u007f") && text.contains("\\u202etxt"), "{text}");
            assert!(text.contains("größe 模块"), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        }
    }
}
