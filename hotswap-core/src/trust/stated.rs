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
