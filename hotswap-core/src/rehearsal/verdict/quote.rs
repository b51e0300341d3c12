//! A child's words as they may be shown: they are hostile.

use hotswap_abi::__private::text::lined;

use crate::upgrade::Fault;

/// How much of a child's stderr is quoted, in lines from its end.
const LINES: usize = 8;

/// Adds the last lines of a child's stderr to a fault.
pub(super) fn quoting(mut fault: Fault, stderr: &str) -> Fault {
    let lines: Vec<_> = stderr.lines().map(clean).filter(|line| !line.is_empty()).collect();
    let skipped = lines.len().saturating_sub(LINES);
    fault.findings.extend(lines[skipped..].iter().map(|line| format!("stderr  {line}")));
    fault
}

/// A text of a bounded length that no terminal obeys, and of which no line is taken for a log's.
pub(super) fn clean(text: &str) -> String {
    const LONGEST: usize = 2000;
    let text: String = text.trim_end().chars().take(LONGEST).collect();
    lined(&text).into_owned()
}
