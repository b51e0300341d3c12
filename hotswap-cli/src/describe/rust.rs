//! A type's declaration, in Rust.

use std::fmt::Write as _;

use hotswap_core::abi::__private::shape::{Definition, Kind, OwnedMember, Shape, Types};

/// A type's declaration.
pub(super) fn declaration(types: &Types, shape: &Shape, definition: &Definition) -> String {
    let name = types.display(shape).to_string();
    let mut text = String::new();
    if let Some((size, align)) = definition.layout {
        let _ = writeln!(text, "// plain data: {size} bytes, aligned to {align}");
    }
    if !definition.attrs.is_empty() && definition.kind != Kind::Interface {
        let _ = writeln!(text, "#[{}]", definition.attrs);
    }
    match definition.kind {
        Kind::Interface => {
            let _ = writeln!(text, "{} {{", definition.trait_line());
            for method in &definition.members {
                let body = if method.has_default() { " { … }" } else { ";" };
                let _ = writeln!(text, "    fn {}{body}", types.signature(method));
            }
            text.push('}');
        }
        Kind::Enum => {
            let _ = writeln!(text, "enum {name} {{");
            for variant in &definition.members {
                attributes(&mut text, variant);
                let fields = variant.labels.iter().zip(&variant.parts);
                let fields = fields.map(|(label, part)| (label.as_str(), part));
                let _ = writeln!(text, "    {}{},", variant.name, inline(types, fields.collect()));
            }
            text.push('}');
        }
        _ if definition.members.iter().all(|it| is_number(&it.name)) => {
            let fields = definition.members.iter().flat_map(|it| &it.parts);
            let fields = fields.map(|part| ("0", part)).collect();
            let _ = write!(text, "struct {name}{};", inline(types, fields));
        }
        _ => {
            let _ = writeln!(text, "struct {name} {{");
            for field in &definition.members {
                attributes(&mut text, field);
                for part in &field.parts {
                    let _ = writeln!(text, "    {}: {},", field.name, types.display(part));
                }
            }
            text.push('}');
        }
    }
    text
}

fn attributes(text: &mut String, member: &OwnedMember) {
    if !member.attrs.is_empty() {
        let _ = writeln!(text, "    #[{}]", member.attrs);
    }
}

/// `(u8, String)`, ` { to: u8 }`, or nothing.
fn inline(types: &Types, fields: Vec<(&str, &Shape)>) -> String {
    if fields.is_empty() {
        return String::new();
    }
    if fields.iter().all(|(name, _)| is_number(name)) {
        let parts: Vec<_> = fields.iter().map(|(_, it)| types.display(it).to_string()).collect();
        return format!("({})", parts.join(", "));
    }
    let parts = fields.iter().map(|(name, part)| format!("{name}: {}", types.display(part)));
    format!(" {{ {} }}", parts.collect::<Vec<_>>().join(", "))
}

fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
