//! A manifest as people read it: signatures and declarations in Rust.

use std::fmt::Write as _;

use hotswap_core::{
    abi::Manifest,
    artifact::{Artifact, escape},
};

use super::{Interface, parts, rust::declaration};
use crate::say::{BOLD, styled};

/// The whole artifact.
pub(crate) fn text(artifact: &Artifact) -> String {
    let manifest = artifact.manifest();
    let title = styled(BOLD, format!("{} {}", manifest.module, manifest.version));
    let mut text = format!("{title}\n");
    let mut fact = |name: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {name:<9}{value}");
    };
    fact("file", format!("{}, {}", escape::path(artifact.path()), bytes(artifact.size())));
    fact("hash", artifact.hash().to_string());
    fact("target", manifest.target.clone());
    fact("rustc", manifest.rustc.clone());
    let panics = if manifest.unwinds { "unwind" } else { "abort (a host refuses that)" };
    fact("panics", panics.to_owned());
    fact("hotswap", format!("hotswap-abi {}, abi_stable {}", manifest.abi, manifest.abi_stable));
    fact("export", manifest.export.clone());
    if !manifest.requires.is_empty() {
        fact("requires", manifest.requires.join(", "));
    }
    if !artifact.needed().is_empty() {
        fact("needs", artifact.needed().join(", "));
    }
    if let Some(signature) = artifact.signature() {
        fact("signed", format!("{}, not judged here", escape::path(&signature)));
    }
    text.push('\n');
    text.push_str(&interface(manifest));
    text.push_str(&states(manifest));
    for (shape, definition) in parts(manifest) {
        let _ = write!(text, "\n{}\n", declaration(&manifest.types, &shape, definition));
    }
    text
}

fn interface(manifest: &Manifest) -> String {
    let Interface { name, version, path, supertraits, methods } = Interface::of(&manifest.schema());
    let title = styled(BOLD, format!("interface {name}"));
    let requires = match supertraits.join(" + ") {
        none if none.is_empty() => none,
        all => format!(", requires {all}"),
    };
    let mut text = format!("{title} {version}, of {path}{requires}\n");
    for method in methods {
        let body = if method.default { " { … }" } else { ";" };
        let since = method.since.map(|it| format!("   // since {it}")).unwrap_or_default();
        let _ = writeln!(text, "  {}{body}{since}", method.signature);
    }
    text
}

fn states(manifest: &Manifest) -> String {
    let types = &manifest.types;
    if manifest.states.is_empty() {
        return format!("\n{}\n", styled(BOLD, "no state"));
    }
    let mut text = String::new();
    for (i, state) in manifest.states.iter().enumerate() {
        let title = styled(BOLD, format!("state {} version {}", state.name, state.version));
        // What is older leads to the newest by its encoding.
        let moves = manifest.moves && i == 0;
        let how = if moves { ", handed over as memory where it can be" } else { "" };
        let _ = writeln!(text, "\n{title}{how}");
        match types.definition(&state.shape) {
            Some(definition) => {
                let body = declaration(types, &state.shape, definition);
                body.lines().for_each(|line| {
                    let _ = writeln!(text, "  {line}");
                });
            }
            None => {
                let _ = writeln!(text, "  {}", types.display(&state.shape));
            }
        }
    }
    text
}

fn bytes(size: u64) -> String {
    match size {
        0..1024 => format!("{size} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", size as f64 / 1024.0),
        _ => format!("{:.1} MiB", size as f64 / 1_048_576.0),
    }
}
