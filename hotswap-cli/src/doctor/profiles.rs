//! The panic strategy: a module that aborts is refused.

use std::{env, fs, path::Path};

use toml_edit::{DocumentMut, Item};

use super::finding::Finding;

pub(super) fn look(root: &Path) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in ["Cargo.toml", ".cargo/config.toml", ".cargo/config"] {
        let Ok(text) = fs::read_to_string(root.join(file)) else { continue };
        found.extend(in_file(&text).into_iter().map(|what| format!("{what} in {file}")));
    }
    found.extend(env::vars().filter_map(|(name, value)| in_variable(&name, &value)));
    if found.is_empty() {
        return vec![Finding::ok("panics", "unwind in every profile")];
    }
    vec![Finding::warn(
        "panics",
        format!("abort: {}", found.join(", ")),
        "take it away where modules are built: hosts refuse them. What a host builds itself \
         (SlotConfig::cargo) and `hotswap watch` unwind in any case",
    )]
}

/// The profiles that abort, and flags that say so.
fn in_file(text: &str) -> Vec<String> {
    let Ok(document) = text.parse::<DocumentMut>() else { return Vec::new() };
    let profiles = document.get("profile").and_then(Item::as_table_like);
    let profiles = profiles.into_iter().flat_map(|it| it.iter());
    let aborts = profiles.filter(|(_, profile)| {
        profile.get("panic").and_then(Item::as_str).is_some_and(|it| it == "abort")
    });
    let mut found: Vec<String> = aborts.map(|(name, _)| format!("profile.{name}")).collect();
    let build = document.get("build").and_then(|it| it.get("rustflags"));
    let targets = document.get("target").and_then(Item::as_table_like);
    let targets = targets.into_iter().flat_map(|it| it.iter());
    let flags = targets.filter_map(|(_, target)| target.get("rustflags")).chain(build);
    if flags.into_iter().any(|flags| aborts_in(&flags.to_string())) {
        found.push("rustflags".to_owned());
    }
    found
}

fn in_variable(name: &str, value: &str) -> Option<String> {
    let is_profile = name.starts_with("CARGO_PROFILE_") && name.ends_with("_PANIC");
    let is_flags = name.ends_with("RUSTFLAGS");
    let aborts = (is_profile && value == "abort") || (is_flags && aborts_in(value));
    aborts.then(|| format!("the variable {name}"))
}

fn aborts_in(flags: &str) -> bool {
    flags.contains("panic=abort")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aborts_is_found_wherever_it_is_said() {
        let text = "[profile.release]\npanic = \"abort\"\n[profile.dev]\npanic = \"unwind\"\n\
                    [profile.small]\npanic = 'abort'\n";
        assert_eq!(in_file(text), ["profile.release", "profile.small"]);
        assert_eq!(in_file("[build]\nrustflags = [\"-C\", \"panic=abort\"]\n"), ["rustflags"]);
        assert_eq!(in_file("[target.x]\nrustflags = \"-Cpanic=abort\"\n"), ["rustflags"]);
        assert!(in_file("[profile.dev]\nopt-level = 1\n").is_empty());
        assert!(in_file("no toml").is_empty());
        assert!(in_variable("CARGO_PROFILE_DEV_PANIC", "abort").is_some());
        assert!(in_variable("CARGO_ENCODED_RUSTFLAGS", "-Cpanic=abort").is_some());
        assert!(in_variable("CARGO_PROFILE_DEV_PANIC", "unwind").is_none());
        assert!(in_variable("OTHER", "panic=abort").is_none());
    }
}
