//! What is printed: results to stdout, everything about them to stderr.
//!
//! Both are stripped of colours where they go to no terminal, or `NO_COLOR` is set. A reader that
//! goes away (`hotswap inspect … | head`) is no failure of ours: what cannot be written is not.

use std::{fmt::Display, io::Write as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde::Serialize;

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

fn json(text: serde_json::Result<String>) -> String {
    text.expect("our own structs have text keys and no failing parts")
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
