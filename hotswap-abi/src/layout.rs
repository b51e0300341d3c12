//! The check of the exported root by abi_stable: the only file that names its layout checker.
//!
//! `check_layout_compatibility` keeps process-wide state that refers into libraries, so that a
//! check after an unload crashes. The form used here takes its globals as an argument: they are
//! made anew for each check and dropped before it returns, with the errors as text.
//!
//! # Why abi_stable checks the root and nothing else
//! Everything below the root is described by our own shapes. They can be read before the library is
//! opened, and a refusal speaks of the user's own types. Users' crates never name abi_stable: the
//! derives emit none of its names.

use abi_stable::{
    abi_stability::abi_checking::{CheckingGlobals, check_layout_compatibility_with_globals},
    type_layout::TypeLayout,
};

/// Checks the layout of an artifact's root, and of everything that it is made of.
///
/// # Errors
/// The differences in words.
pub(crate) fn check(
    expected: &'static TypeLayout,
    found: &'static TypeLayout,
) -> Result<(), String> {
    let globals = CheckingGlobals::new();
    check_layout_compatibility_with_globals(expected, found, &globals)
        .map_err(|errors| brief(&errors.to_string()))
}

/// The checker's report shows both layouts whole, over hundreds of lines; what differs stands
/// behind `Error:`.
fn brief(report: &str) -> String {
    const MOST: usize = 160;
    let differences = report.split("Error:").skip(1).map(|error| {
        let mut line = error.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = line.char_indices().nth(MOST) {
            line.truncate(end);
            line.push('…');
        }
        line
    });
    let brief = differences.collect::<Vec<_>>().join("\n");
    if brief.is_empty() { report.to_owned() } else { brief }
}

#[cfg(test)]
mod tests {
    use abi_stable::StableAbi;

    use super::*;
    use crate::module::RootRef;

    #[test]
    fn the_root_fits_itself_and_nothing_else() {
        let root = <RootRef as StableAbi>::LAYOUT;
        assert_eq!(check(root, root), Ok(()));
        let other = check(root, <&'static u8 as StableAbi>::LAYOUT).unwrap_err();
        assert!(other.len() < 2_000, "{other}");
        // Again: nothing of the failed check is kept.
        assert_eq!(check(root, root), Ok(()));
    }
}
