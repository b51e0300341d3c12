//! Types as they are written in a migration: full paths, and the old types that are no longer there.

use std::collections::HashSet;

use hotswap_abi::__private::shape::{Definition, Kind, OwnedMember, Shape, Types, compare_stored};

/// What a migration leads from and to.
pub(super) struct Sides<'a> {
    pub(super) old: &'a Types,
    pub(super) new: &'a Types,
    /// The version of the old state.
    pub(super) version: u32,
    /// The module that the state is declared in, where the migration is pasted.
    pub(super) home: &'a str,
    /// Old types that are declared by the migration, with their names.
    pub(super) declared: Vec<(usize, String)>,
}

impl<'a> Sides<'a> {
    /// The new type that an old one still is.
    fn kept(&self, old: usize) -> Option<usize> {
        let from = self.old.definitions.get(old)?;
        let is_it = |to: &Definition| {
            (&from.name, &from.path, from.args.len()) == (&to.name, &to.path, to.args.len())
        };
        self.new.definitions.iter().enumerate().find_map(|(new, to)| {
            let (l, r) = (Shape::Defined(old), Shape::Defined(new));
            let same = || compare_stored((self.old, &l), (self.new, &r), "").is_empty();
            (is_it(to) && same()).then_some(new)
        })
    }

    /// An old type; one that changed, or is gone, is declared by the migration.
    pub(super) fn old_type(&mut self, shape: &Shape) -> String {
        let shadowed = self.shadowed();
        write(shape, &shadowed, &mut |old| match self.kept(old) {
            Some(new) => self.path(new),
            None => self.declare(old),
        })
    }

    pub(super) fn new_type(&self, shape: &Shape) -> String {
        write(shape, &self.shadowed(), &mut |new| self.path(new))
    }

    /// The name of an old type that the migration declares.
    pub(super) fn declare(&mut self, old: usize) -> String {
        if let Some((_, name)) = self.declared.iter().find(|(index, _)| *index == old) {
            return name.clone();
        }
        let Some(definition) = self.old.definitions.get(old) else { return "()".to_owned() };
        let (bare, version) = (strip_version(&definition.name), self.version);
        let is_free = |name: &String| {
            self.declared.iter().all(|(_, other)| other != name)
                && self.new.definitions.iter().all(|it| it.name != *name)
        };
        let names = std::iter::once(format!("{bare}V{version}"))
            .chain((2..).map(|n| format!("{bare}{n}V{version}")));
        let name = names.into_iter().find(is_free).unwrap_or_default();
        self.declared.push((old, name.clone()));
        name
    }

    /// A new type by its place: its name alone where the migration is pasted.
    fn path(&self, new: usize) -> String {
        let Some(definition) = self.new.definitions.get(new) else { return "()".to_owned() };
        let Definition { name, path, args, .. } = definition;
        let krate = |path: &'a str| path.split("::").next().unwrap_or_default();
        let (first, rest) = path.split_once("::").unwrap_or((path, ""));
        let place = match path {
            _ if path == self.home => String::new(),
            _ if first == krate(self.home) && rest.is_empty() => "crate::".to_owned(),
            _ if first == krate(self.home) => format!("crate::{rest}::"),
            path => format!("{path}::"),
        };
        let args: Vec<_> = args.iter().map(|arg| self.new_type(arg)).collect();
        let args = if args.is_empty() { String::new() } else { format!("<{}>", args.join(", ")) };
        format!("{place}{name}{args}")
    }

    /// The declaration of an old type.
    pub(super) fn declaration(&mut self, old: usize, name: &str, head: &str) -> String {
        let Some(definition) = self.old.definitions.get(old) else { return String::new() };
        let attrs = attribute(&definition.attrs, "    ");
        let mut text = format!("{head}{attrs}");
        if definition.kind == Kind::Enum {
            text += &format!("    pub enum {name} {{\n");
            for variant in &definition.members {
                let (own, of_fields) = split_attrs(&variant.attrs);
                text += &attribute(own, "        ");
                let fields =
                    self.fields(variant.labels.iter().zip(&variant.parts).map(|(label, part)| {
                        let attrs = of_fields.iter().find(|(name, _)| name == label);
                        (label.as_str(), attrs.map_or("", |(_, attrs)| attrs), part)
                    }));
                text += &match variant.labels.first() {
                    None => format!("        {},\n", ident(&variant.name)),
                    Some(label) if is_number(label) => {
                        format!("        {}({}),\n", ident(&variant.name), fields.join(", "))
                    }
                    Some(_) => {
                        format!("        {} {{ {} }},\n", ident(&variant.name), fields.join(", "))
                    }
                };
            }
            return text + "    }\n";
        }
        let fields = self.fields(definition.members.iter().filter_map(|member| {
            Some((member.name.as_str(), member.attrs.as_str(), member.parts.first()?))
        }));
        if is_tuple(definition) {
            return text + &format!("    pub struct {name}({});\n", fields.join(", "));
        }
        text += &format!("    pub struct {name} {{\n");
        for field in fields {
            text += &format!("        {field},\n");
        }
        text + "    }\n"
    }

    fn fields<'f>(
        &mut self,
        fields: impl Iterator<Item = (&'f str, &'f str, &'f Shape)>,
    ) -> Vec<String> {
        fields
            .map(|(name, attrs, part)| {
                let opaque =
                    if matches!(part, Shape::Opaque(_)) { "#[shape(opaque)] " } else { "" };
                let attrs = if attrs.is_empty() { String::new() } else { format!("#[{attrs}] ") };
                let ty = self.old_type(part);
                let name = if is_number(name) { String::new() } else { ident(name) + ": " };
                format!("{attrs}{opaque}{name}{ty}")
            })
            .collect()
    }

    /// Old types that are keys of maps, or in sets.
    pub(super) fn keys(&self) -> HashSet<usize> {
        let mut keys = HashSet::new();
        let shapes =
            self.old.definitions.iter().flat_map(|it| &it.members).flat_map(|it| &it.parts);
        let mut left: Vec<(&Shape, bool)> = shapes.map(|shape| (shape, false)).collect();
        while let Some((shape, is_key)) = left.pop() {
            match shape {
                Shape::Container { name, args, .. } => {
                    let keyed = ["HashMap", "BTreeMap", "HashSet", "BTreeSet", "BinaryHeap"];
                    let keyed = keyed.contains(&name.as_str());
                    let args = args.iter().enumerate();
                    left.extend(args.map(|(i, arg)| (arg, is_key || (keyed && i == 0))));
                }
                Shape::Defined(index) if is_key && keys.insert(*index) => {
                    let parts = self.old.definition(shape).into_iter().flat_map(|it| &it.members);
                    left.extend(parts.flat_map(|it| &it.parts).map(|part| (part, true)));
                }
                _ => {}
            }
        }
        keys
    }

    /// Names of the prelude that the user has given to a type.
    fn shadowed(&self) -> Vec<&'a str> {
        self.new.definitions.iter().map(|it| it.name.as_str()).collect()
    }
}

/// A type as it is written, `defined` writes the user's.
fn write(shape: &Shape, shadowed: &[&str], defined: &mut dyn FnMut(usize) -> String) -> String {
    match shape {
        Shape::Opaque(text) => text.clone(),
        Shape::Scalar(name) => std_path(name, shadowed),
        Shape::Defined(index) => defined(*index),
        Shape::Container { name, len, args } => {
            let args: Vec<_> = args.iter().map(|arg| write(arg, shadowed, defined)).collect();
            let args = args.join(", ");
            match name.as_str() {
                "tuple" => format!("({args},)"),
                "array" => format!("[{args}; {}]", len.unwrap_or(0)),
                "Box<[_]>" => format!("std::boxed::Box<[{args}]>"),
                name => format!("{}<{args}>", std_path(name, shadowed)),
            }
        }
        _ => "()".to_owned(),
    }
}

fn std_path(name: &str, shadowed: &[&str]) -> String {
    let module = match name.split('<').next().unwrap_or(name) {
        "Vec" if shadowed.contains(&name) => "std::vec::",
        "String" if shadowed.contains(&name) => "std::string::",
        "Option" if shadowed.contains(&name) => "std::option::",
        "Box" if shadowed.contains(&"Box") => "std::boxed::",
        "Result" => "std::result::",
        "VecDeque" | "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" | "LinkedList"
        | "BinaryHeap" => "std::collections::",
        "Duration" | "SystemTime" => "std::time::",
        "PathBuf" => "std::path::",
        "NonZero" => "std::num::",
        "IpAddr" | "Ipv4Addr" | "Ipv6Addr" | "SocketAddr" | "SocketAddrV4" | "SocketAddrV6" => {
            "std::net::"
        }
        "Rc" => "std::rc::",
        "Arc" => "std::sync::",
        _ => "",
    };
    format!("{module}{name}")
}

/// `World` for `WorldV1`.
pub(super) fn strip_version(name: &str) -> &str {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() == name.len() { name } else { bare.strip_suffix('V').unwrap_or(name) }
}

fn attribute(attrs: &str, indent: &str) -> String {
    if attrs.is_empty() { String::new() } else { format!("{indent}#[{attrs}]\n") }
}

/// The attributes of a variant, and those of its fields: `serde(rename = "x"), hp: serde(default)`.
fn split_attrs(attrs: &str) -> (&str, Vec<(&str, &str)>) {
    let (mut own, mut of_fields) = ("", Vec::new());
    let (mut depth, mut quoted, mut start) = (0_i32, false, 0);
    let mut pieces = Vec::new();
    for (i, c) in attrs.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                pieces.push(&attrs[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    pieces.push(&attrs[start..]);
    for piece in pieces.into_iter().map(str::trim).filter(|piece| !piece.is_empty()) {
        match piece.split_once(": ") {
            Some((field, attrs)) if !field.contains('(') => of_fields.push((field, attrs)),
            _ => own = piece,
        }
    }
    (own, of_fields)
}

/// Whether a struct's fields have no names.
pub(super) fn is_tuple(definition: &Definition) -> bool {
    definition.members.first().is_some_and(|member: &OwnedMember| is_number(&member.name))
}

pub(super) fn is_number(name: &str) -> bool {
    name.parse::<usize>().is_ok()
}

/// A name that may be a keyword.
pub(super) fn ident(name: &str) -> String {
    const KEYWORDS: [&str; 42] = [
        "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern",
        "false", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod", "move",
        "mut", "pub", "ref", "return", "static", "struct", "trait", "true", "type", "unsafe",
        "use", "where", "while", "abstract", "become", "do", "final", "macro", "override", "yield",
    ];
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}
