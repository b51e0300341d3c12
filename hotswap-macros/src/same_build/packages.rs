//! The packages that a module or a host is built from, as text.
//!
//! The interface's crate does not see all that a lent value reaches: an entity system finds values
//! by their `TypeId`, of whatever crate. So `#[derive(HotModule)]` and `host_build!` describe the
//! crates that they expand in: each package below, by name, version and origin, with what decides
//! about its types. `Packages` of hotswap-abi reads the text and compares two of them.
//!
//! A line for each thing, its parts between tabs:
//! - `crate`, name, version, types: the crate itself;
//! - `package`, name, version, origin, cargo's hash of the unit, features, what its build script has
//!   set, hash of its sources, its files, its types, whether it is [used] by others than hotswap, and
//!   a doubt about its sources with its reason;
//! - `doubt`, why: this description cannot be trusted.
//!
//! # Why the program describes itself
//! Only the crate of the program sees all that it links, so `host_build!` expands there and not in
//! a library. A package with other features has other `TypeId`s, and its values would silently not
//! be found: that is refused too. The file of a module has no hash of cargo's in its name. So a
//! module that the program links itself cannot be compared, and is refused.

use std::{env, sync::OnceLock};

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{
    build::{clean, doubt},
    command::Command,
    script,
    sources::Sources,
    types,
    unit::{Unit, without_hash},
    used,
};

/// Of a module's crate.
pub(crate) fn of_module() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| text(|_| Ok(())))
}

/// Of a host's program.
fn of_host() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| text(is_program))
}

/// A host's description as an expression: its magic, the text's length, the text.
pub(crate) fn host_build(core: &TokenStream) -> TokenStream {
    let text = of_host();
    let len = u32::try_from(text.len()).unwrap_or_default().to_le_bytes();
    let bytes = [b"HOTBUILT", &len[..], text.as_bytes()].concat();
    let bytes = Literal::byte_string(&bytes);
    // The bytes are this program's, which is what `HostBuild::new` asks for.
    quote! { unsafe { #core::HostBuild::new(#bytes) } }
}

/// What a program links beside a library is not seen from the library.
fn is_program(command: &Command) -> Result<(), String> {
    const WHOLE: [&str; 4] = ["bin", "test", "cdylib", "staticlib"];
    let is_whole = |kind: &String| WHOLE.contains(&kind.as_str());
    if command.kinds.iter().all(is_whole) && !command.kinds.is_empty() {
        return Ok(());
    }
    Err("host_build! stands in a library, and a program links more than that; put it into the \
         program's own crate (main.rs)"
        .to_owned())
}

fn text(allows: impl Fn(&Command) -> Result<(), String>) -> String {
    let variable = |name| clean(&env::var(name).unwrap_or_else(|_| "?".to_owned()));
    let of = format!("crate\t{}\t{}", variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION"));
    match describe(allows) {
        Ok((types, packages)) => format!("{of}\t{types}\n{packages}"),
        Err(why) => format!("{of}\t\ndoubt\t{}\n", clean(&why)),
    }
}

/// The types of this crate, and a line for each package below it.
fn describe(allows: impl Fn(&Command) -> Result<(), String>) -> Result<(String, String), String> {
    let command = Command::new(env::args())?;
    allows(&command)?;
    let units = Unit::closure(&command.externs, &command.folders)?;
    let used = used::packages(&command, &units);
    let packages: Result<String, String> =
        units.iter().map(|unit| package(unit, used.contains(unit.package.as_str()))).collect();
    let own = Sources::of_crate(&command.input, None)?;
    Ok((types::list(&own.files), packages?))
}

/// A package's line.
fn package(unit: &Unit, is_used: bool) -> Result<String, String> {
    let sources = if unit.is_local() { Sources::of_unit(unit) } else { Sources::made(unit) }?;
    let (settings, unclear) = match script::settings(unit) {
        Ok(settings) => (settings, None),
        Err(why) => (String::new(), Some(("changed", why))),
    };
    let changed = unit.is_local().then(|| doubt(&unit.package, &sources, unit.begun())).flatten();
    let unhashed = unit.hash.is_empty().then(|| ("", without_hash(&unit.package)));
    let (kind, why) = match unhashed.or(changed).or(unclear) {
        Some(("", why)) => ("unknown", why),
        Some((kind, why)) => (kind, why),
        None => ("", String::new()),
    };
    // Those of hotswap itself are not for lent values, and listing them takes time in each build.
    // `is_used` would not do: it misses a dependency that a workspace renames.
    let types = match unit.is_local() && !used::is_hotswap(&unit.package) {
        true => types::list(&sources.files),
        false => String::new(),
    };
    let features = unit.features().unwrap_or_else(|| "?".to_owned());
    let parts = [
        &*unit.package,
        &unit.version,
        &unit.source,
        &unit.hash,
        &features,
        &settings,
        &sources.hash,
        &sources.list,
        &types,
        if is_used { "used" } else { "" },
        kind,
        &why,
    ];
    Ok(format!("package\t{}\n", parts.map(clean).join("\t")))
}
