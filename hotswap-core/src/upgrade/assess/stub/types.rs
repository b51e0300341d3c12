//! Types as they are written in a migration: full paths, and the old types that are no longer there.

use std::collections::HashSet;

use hotswap_abi::__private::shape::{
    Definition, Kind, Shape, Skipped, Types,
    attrs::{mark, pieces},
    compare_stored,
};

use super::attrs;

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

    /// Whether an old type is still there, and has fields now that are never stored.
    pub(super) fn is_kept_with_more(&self, from: &Definition) -> bool {
        let old = self.old.definitions.iter().position(|it| std::ptr::eq(it, from));
        let new = old.and_then(|old| self.kept(old)).and_then(|new| self.new.definitions.get(new));
        new.is_some_and(|it| !it.skipped.is_empty())
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
        let attrs = attrs::of_type(definition);
        let mut text = head.to_owned();
        for line in [attrs.note, attrs.text].iter().map(|it| it.trim()).filter(|it| !it.is_empty())
        {
            text += &format!("    {line}\n");
        }
        if definition.kind == Kind::Enum {
            text += &format!("    pub enum {name} {{\n");
            for variant in &definition.members {
                let own = pieces(&variant.attrs).find(|(owner, _)| owner.is_empty());
                if let Some((_, words)) = own {
                    text += &format!("        #[serde({})]\n", words.join(", "));
                }
                let skipped = skipped_in(definition, Some(&variant.name));
                let fields = variant.labels.iter().zip(&variant.parts);
                let fields = fields.map(|(label, part)| {
                    (label.as_str(), (variant.attrs.as_str(), label.as_str()), part)
                });
                let fields = self.fields(definition, fields, &skipped);
                let first = variant.labels.first().or(skipped.first().map(|it| &it.name));
                text += &match first {
                    None => {
                        let mark = mark(&variant.attrs).unwrap_or_default();
                        format!("        {}{mark},\n", ident(&variant.name))
                    }
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
        let fields = definition.members.iter().filter_map(|member| {
            Some((member.name.as_str(), (member.attrs.as_str(), ""), member.parts.first()?))
        });
        let fields = self.fields(definition, fields, &skipped_in(definition, None));
        if is_tuple(definition) {
            return text + &format!("    pub struct {name}({});\n", fields.join(", "));
        }
        text += &format!("    pub struct {name} {{\n");
        for field in fields {
            text += &format!("        {field},\n");
        }
        text += "    }\n";
        if attrs::needs_default(definition) {
            let what = format!("{name}: say what it is where it is left out");
            text += &format!(
                "    impl Default for {name} {{\n        fn default() -> Self {{\n            \
                 panic!({what:?})\n        }}\n    }}\n"
            );
        }
        text
    }

    /// The fields as they are declared. One that is never stored only keeps the place of others.
    fn fields<'f>(
        &mut self,
        definition: &Definition,
        fields: impl Iterator<Item = (&'f str, (&'f str, &'f str), &'f Shape)>,
        skipped: &[&Skipped],
    ) -> Vec<String> {
        let declared = fields.map(|(name, attrs, part)| {
            let ty = self.old_type(part);
            let kept = attrs::of_field(definition, attrs, self.has_changed(part), self.home);
            let opaque = if matches!(part, Shape::Opaque(_)) { "#[shape(opaque)] " } else { "" };
            let label = if is_number(name) { String::new() } else { ident(name) + ": " };
            (name, format!("{}{}{opaque}{label}{ty}", kept.note, kept.text))
        });
        let mut all: Vec<_> = declared.collect();
        let places = skipped.iter().filter(|it| is_number(&it.name));
        all.extend(places.map(|it| (it.name.as_str(), "#[serde(skip)] ()".to_owned())));
        in_order(all)
    }

    /// Whether the migration declares a part of this.
    fn has_changed(&self, shape: &Shape) -> bool {
        let mut changed = false;
        write(shape, &[], &mut |old| {
            changed |= self.kept(old).is_none();
            String::new()
        });
        changed
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
                    let keyed = matches!(
                        name.as_str(),
                        "HashMap"
                            | "BTreeMap"
                            | "HashSet"
                            | "BTreeSet"
                            | "BinaryHeap"
                            | "indexmap::IndexMap"
                            | "indexmap::IndexSet"
                    );
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
        "OsString" => "std::ffi::",
        "Ordering" => "std::cmp::",
        "Range" | "RangeInclusive" => "std::ops::",
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

/// The fields that are never stored, of a struct or of one of an enum's variants.
pub(super) fn skipped_in<'d>(
    definition: &'d Definition,
    variant: Option<&str>,
) -> Vec<&'d Skipped> {
    definition.skipped.iter().filter(|it| it.variant.as_deref() == variant).collect()
}

/// Fields without names in the order of their numbers; others stay.
pub(super) fn in_order(mut fields: Vec<(&str, String)>) -> Vec<String> {
    fields.sort_by_key(|(name, _)| name.parse::<usize>().unwrap_or_default());
    fields.into_iter().map(|(_, text)| text).collect()
}

/// Whether a struct's fields have no names.
pub(super) fn is_tuple(definition: &Definition) -> bool {
    let skipped = definition.skipped.iter().filter(|it| it.variant.is_none());
    let first =
        definition.members.iter().map(|it| &it.name).chain(skipped.map(|it| &it.name)).next();
    first.is_some_and(|name| is_number(name))
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
