//! What the trusted comment of a signature states about module and version. Pure.
//!
//! Both stand in the artifact, and are signed with it. Stated once more they are what the signer
//! meant to sign: a build server that is made to sign another build is found out.

use hotswap_abi::Manifest;

const MODULE: &str = "hotswap-module=";
const VERSION: &str = "hotswap-version=";

/// Expects that what a comment states is what the manifest says, and where both must be stated that
/// they are.
pub(super) fn check(comment: &str, manifest: &Manifest, must: bool) -> Result<(), String> {
    let version = manifest.version.to_string();
    for (word, ours) in [(MODULE, manifest.module.as_str()), (VERSION, &version)] {
        let mut stated = comment.split_whitespace().filter_map(|it| it.strip_prefix(word));
        let first = stated.next();
        let other = first.filter(|it| *it != ours).or_else(|| stated.find(|it| *it != ours));
        match (first, other) {
            (_, Some(other)) => {
                return Err(format!("comment: {word}{other}   artifact: {word}{ours}"));
            }
            (None, None) if must => {
                return Err(format!("comment: no {word}…   artifact: {word}{ours}"));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::manifest;

    #[test]
    fn what_is_stated_is_true_and_what_must_be_is_stated() {
        let manifest = manifest();
        let judge = |comment: &str, must| check(comment, &manifest, must);
        let (module, version) = (&manifest.module, &manifest.version);
        let whole = format!("release 7 {MODULE}{module}\t{VERSION}{version} of May");
        let half = format!("{MODULE}{module}");
        // Another word, though it ends alike.
        let elsewhere = format!("x-{MODULE}other");
        for (comment, must) in
            [("", false), (&*half, false), (&elsewhere, false), (&whole, false), (&whole, true)]
        {
            assert_eq!(judge(comment, must), Ok(()), "{comment}");
        }
        for (comment, must, word) in [
            (String::new(), true, MODULE),
            (half.clone(), true, VERSION),
            (elsewhere, true, MODULE),
            (format!("{MODULE}other"), false, MODULE),
            (format!("{whole} {VERSION}{version}0"), false, VERSION),
            (format!("{MODULE} {VERSION}{version}"), false, MODULE),
            // Stated twice, and once wrongly.
            (format!("{whole} {MODULE}other"), true, MODULE),
            (format!("{MODULE}other {whole}"), false, MODULE),
        ] {
            let why = judge(&comment, must).unwrap_err();
            let ours = if word == MODULE { module.clone() } else { version.to_string() };
            assert!(why.ends_with(&format!("   artifact: {word}{ours}")), "{comment}: {why}");
            assert!(why.starts_with("comment: "), "{comment}: {why}");
        }
    }
}
