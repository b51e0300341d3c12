//! What an interface must be beside its form: versions, names, attributes that fit.

use semver::Version;
use syn::LitStr;

use super::model::{Interface, Method};
use crate::{error::Errors, types::last_name};

/// Notes what does not fit.
pub(crate) fn validate(interface: &Interface, errors: &mut Errors) {
    let version = match &interface.version {
        Some(version) => parse(version, errors),
        None => std::env::var("CARGO_PKG_VERSION").ok().and_then(|it| Version::parse(&it).ok()),
    };
    for method in &interface.methods {
        since(method, version.as_ref(), errors);
        fold(method, errors);
        for (name, found) in
            [("expected", &method.expected), ("not_replayed", &method.not_replayed)]
        {
            if let Some(attr) = found.get(1) {
                errors.at(attr, format!("#[{name}] is given twice"), "keep one");
            }
        }
    }
}

fn parse(version: &LitStr, errors: &mut Errors) -> Option<Version> {
    let text = version.value();
    match Version::parse(&text) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            errors.at(
                version,
                format!("{text:?} is no semantic version: {error}"),
                "write three numbers: \"1.2.0\"",
            );
            None
        }
    }
}

fn since(method: &Method, interface: Option<&Version>, errors: &mut Errors) {
    for (i, since) in method.since.iter().enumerate() {
        if i > 0 {
            errors.at(&since.attr, "#[since] is given twice", "keep the first version");
            continue;
        }
        if method.default.is_none() {
            errors.at(
                &since.attr,
                format!("`{}` was added later and has no body", method.ident),
                "give it one: it runs in the host when the module is older",
            );
        }
        if let (Some(version), Some(interface)) = (parse(&since.version, errors), interface)
            && version > *interface
        {
            errors.at(
                &since.version,
                format!("this is newer than the interface, which is {interface}"),
                "raise the interface's version, or the crate's",
            );
        }
    }
}

fn fold(method: &Method, errors: &mut Errors) {
    for (i, attr) in method.fold.iter().enumerate() {
        if i > 0 {
            errors.at(attr, "#[fold] is given twice", "keep one");
        } else if last_name(&method.result.ty).is_none_or(|name| !name.ends_with("Result")) {
            errors.at(
                attr,
                format!("`{}` does not return a `Result`", method.ident),
                "#[fold] puts a call's failure into the method's own error: `-> Result<T, E>` \
                 where `E: From<CallError>`",
            );
        }
    }
}
