//! How old values become new ones: what can be decided is written out, the rest is an error that
//! says what to write.

use hotswap_abi::__private::shape::{
    Definition, Kind, OwnedMember, Shape, Skipped,
    attrs::{mark, pieces},
    compare_stored,
};

use super::{
    attrs,
    types::{Sides, ident, in_order, is_number, is_tuple, skipped_in},
};

const ERROR: &str = "hotswap_abi::MigrateError";

/// The bodies of conversions, and which others they call.
pub(super) struct Conversions<'a> {
    pub(super) sides: Sides<'a>,
    /// Pairs of old and new types that are converted by a `TryFrom`.
    pub(super) wanted: Vec<(usize, usize)>,
}

impl Conversions<'_> {
    /// The value of a function that has `old`, of a type that is called `name`: a `Result`.
    pub(super) fn body(&mut self, from: &Definition, to: &Definition, name: &str) -> String {
        match (from.kind, to.kind) {
            (Kind::Struct, Kind::Struct) if is_tuple(from) == is_tuple(to) => self.fields(from, to),
            (Kind::Enum, Kind::Enum) => self.variants(from, to, name),
            _ => format!(
                "            let _ = old;\n            {}\n",
                undecided(&format!("{}: say how it is made from {name}", to.name))
            ),
        }
    }

    fn fields(&mut self, from: &Definition, to: &Definition) -> String {
        let renamed = self.renamed(from, to);
        let (mut taken, mut lines) = (Vec::new(), Vec::new());
        let (open, close) = if is_tuple(to) { ("(", ")") } else { (" {", "}") };
        let mut text = format!("            Ok(Self{open}\n");
        for field in &to.members {
            let at = format!("{}.{}", to.name, field.name);
            let source = from.members.iter().find(|it| it.name == field.name);
            let source = source.or_else(|| {
                let found = renamed.iter().find(|(_, new)| *new == field.name);
                from.members.iter().find(|it| found.is_some_and(|(old, _)| *old == it.name))
            });
            let (value, comment) = match source {
                Some(source) => {
                    taken.push(&source.name);
                    let renamed = format!(" // renamed from {}?", source.name);
                    let old = format!("old.{}", ident(&source.name));
                    let value = self.part(&source.parts[0], &field.parts[0], &old);
                    let types = (&source.parts[0], &field.parts[0]);
                    let value = value.unwrap_or_else(|| self.cannot(&at, types));
                    let is_renamed = source.name != field.name;
                    (value, if is_renamed { renamed } else { String::new() })
                }
                None => (self.first(to, field, &at), " // new".to_owned()),
            };
            lines.push((field.name.as_str(), format!("{value},{comment}")));
        }
        for field in skipped_in(to, None) {
            let value = self.skipped(to, field, true);
            lines.push((field.name.as_str(), format!("{value}, // never stored")));
        }
        let label = |name: &str| if is_tuple(to) { String::new() } else { ident(name) + ": " };
        let lines = lines.into_iter().map(|(name, line)| (name, label(name) + &line));
        for line in in_order(lines.collect()) {
            text += &format!("                {line}\n");
        }
        for field in from.members.iter().filter(|field| !taken.contains(&&field.name)) {
            let ty = self.sides.old.display(&field.parts[0]);
            text += &format!("                // dropped: old.{} ({ty})\n", field.name);
        }
        text + &format!("            {close})\n")
    }

    fn variants(&mut self, from: &Definition, to: &Definition, name: &str) -> String {
        let renamed = self.renamed(from, to);
        let mut text = "            Ok(match old {\n".to_owned();
        for variant in &from.members {
            let found = to.members.iter().find(|it| it.name == variant.name);
            let found = found.or_else(|| {
                let new = renamed.iter().find(|(old, _)| *old == variant.name)?.1;
                to.members.iter().find(|it| it.name == new)
            });
            let at = format!("{}::{}", from.name, variant.name);
            let (value, comment) = match found {
                None => (undecided(&format!("{at}: say what becomes of it")), String::new()),
                Some(new) => (
                    self.payload(variant, (to, new), &at),
                    if new.name == variant.name {
                        String::new()
                    } else {
                        format!(" // renamed from {}?", variant.name)
                    },
                ),
            };
            let used = |i: usize| value.contains(&format!("field{i}"));
            let bound = |i: usize| if used(i) { format!("field{i}") } else { "_".to_owned() };
            let gaps = skipped_in(from, Some(&variant.name));
            let more = !gaps.is_empty() || self.sides.is_kept_with_more(from);
            let more = more || mark(&variant.attrs).is_some();
            let pattern = taken_apart(&variant.labels, bound, more);
            let dropped: Vec<_> = (0..variant.parts.len())
                .filter(|i| found.is_some() && !used(*i))
                .map(|i| variant.labels[i].as_str())
                .collect();
            let comment = match dropped.as_slice() {
                [] => comment,
                dropped => format!("{comment} // dropped: {}", dropped.join(", ")),
            };
            text += &format!(
                "                {name}::{}{pattern} => {value},{comment}\n",
                ident(&variant.name)
            );
        }
        text + "            })\n"
    }

    /// A new variant, from the fields of an old one.
    fn payload(
        &mut self,
        old: &OwnedMember,
        (to, new): (&Definition, &OwnedMember),
        at: &str,
    ) -> String {
        let is_tuple = |labels: &[String]| labels.first().is_some_and(|label| is_number(label));
        let values: Vec<_> = new
            .labels
            .iter()
            .zip(&new.parts)
            .map(|(label, part)| {
                let same = is_tuple(&old.labels) == is_tuple(&new.labels);
                let source = old.labels.iter().position(|it| same && it == label);
                let at = format!("{at}.{label}");
                match source {
                    Some(i) => {
                        let value = self.part(&old.parts[i], part, &format!("field{i}"));
                        value.unwrap_or_else(|| self.cannot(&at, (&old.parts[i], part)))
                    }
                    None => {
                        let attrs = (field_attrs(&new.attrs, label), label.as_str());
                        let said =
                            attrs::default_of(to, (&attrs.0, attrs.1), false, self.sides.home);
                        said.unwrap_or_else(|| self.start(part, &at))
                    }
                }
            })
            .collect();
        let mut all: Vec<_> = new.labels.iter().map(String::as_str).zip(values).collect();
        for field in skipped_in(to, Some(&new.name)) {
            all.push((field.name.as_str(), self.skipped(to, field, false)));
        }
        let values = match all.first() {
            None if mark(&new.attrs).is_some() => " {}".to_owned(),
            None => String::new(),
            Some((label, _)) if is_number(label) => format!("({})", in_order(all).join(", ")),
            Some(_) => {
                let fields = all.iter().map(|(label, value)| format!("{}: {value}", ident(label)));
                format!(" {{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
        };
        format!("Self::{}{values}", ident(&new.name))
    }

    /// What is gone on one side and new on the other, where that can only be one thing.
    fn renamed<'d>(&self, from: &'d Definition, to: &'d Definition) -> Vec<(&'d str, &'d str)> {
        let lacks = |side: &Definition, member: &OwnedMember| {
            side.members.iter().all(|it| it.name != member.name)
        };
        let gone: Vec<_> = from.members.iter().filter(|it| lacks(to, it)).collect();
        let new: Vec<_> = to.members.iter().filter(|it| lacks(from, it)).collect();
        let like = |old: &OwnedMember, new: &OwnedMember| {
            old.labels == new.labels
                && old.parts.len() == new.parts.len()
                && old.parts.iter().zip(&new.parts).all(|(l, r)| self.same(l, r))
        };
        gone.iter()
            .filter_map(|old| {
                let stored = attrs::stored(&old.attrs, &old.name);
                let mut fits = new.iter().filter(|new| like(old, new));
                let only = fits.next().filter(|_| fits.next().is_none());
                let only =
                    only.filter(|only| gone.iter().filter(|other| like(other, only)).count() == 1);
                let said = new.iter().find(|new| attrs::reads(&new.attrs, stored));
                Some((old.name.as_str(), said.or(only)?.name.as_str()))
            })
            .collect()
    }

    fn same(&self, old: &Shape, new: &Shape) -> bool {
        compare_stored((self.sides.old, old), (self.sides.new, new), "").is_empty()
    }

    /// A new value from an old one; `None` where that is for the user to say.
    fn part(&mut self, old: &Shape, new: &Shape, value: &str) -> Option<String> {
        let (from, to) = (self.sides.old_type(old), self.sides.new_type(new));
        // The hasher of a map is in no description.
        if from == to && !from.contains("Hash") {
            return Some(value.to_owned());
        }
        match (old, new) {
            (Shape::Defined(old), Shape::Defined(new)) => {
                if from == to {
                    return Some(value.to_owned());
                }
                if !self.wanted.contains(&(*old, *new)) {
                    self.wanted.push((*old, *new));
                }
                Some(format!("<{to} as TryFrom<{from}>>::try_from({value})?"))
            }
            (Shape::Scalar(from), Shape::Scalar(to)) => number(from, to, value),
            (Shape::Container { name, args, .. }, new) if name == "Box" => {
                self.part(&args[0], new, &format!("(*{value})"))
            }
            (old, Shape::Container { name, args, .. }) if name == "Box" => {
                Some(format!("Box::new({})", self.part(old, &args[0], value)?))
            }
            (
                Shape::Container { name, len, args },
                Shape::Container { name: name2, len: len2, args: args2 },
            ) if args.len() == args2.len() => match (name.as_str(), name2.as_str()) {
                ("Option", "Option") => {
                    let item = self.part(&args[0], &args2[0], "it")?;
                    Some(format!("match {value} {{ Some(it) => Some({item}), None => None }}"))
                }
                ("HashMap" | "BTreeMap", "HashMap" | "BTreeMap") => {
                    let key = self.key(&args[0], &args2[0], "key")?;
                    let item = self.part(&args[1], &args2[1], "it")?;
                    Some(collected(value, "(key, it)", &format!("({key}, {item})")))
                }
                ("HashSet" | "BTreeSet", "HashSet" | "BTreeSet") => {
                    let item = self.key(&args[0], &args2[0], "it")?;
                    Some(collected(value, "it", &item))
                }
                ("array", "array") if len == len2 => {
                    let item = self.part(&args[0], &args2[0], "it")?;
                    let (ty, other) = (self.sides.new_type(&args2[0]), "another length");
                    Some(format!(
                        "{{ let items: Vec<{ty}> = {}; \
                         items.try_into().map_err(|_| {ERROR}::new(\"{other}\"))? }}",
                        collected(value, "it", &item)
                    ))
                }
                ("tuple", "tuple") => {
                    let names: Vec<_> = (0..args.len()).map(|i| format!("it{i}")).collect();
                    let items: Option<Vec<_>> = args
                        .iter()
                        .zip(args2)
                        .zip(&names)
                        .map(|((old, new), name)| self.part(old, new, name))
                        .collect();
                    let (names, items) = (names.join(", "), items?.join(", "));
                    Some(format!("{{ let ({names},) = {value}; ({items},) }}"))
                }
                (from, to) if is_list(from) && is_list(to) => {
                    let item = self.part(&args[0], &args2[0], "it")?;
                    Some(collected(value, "it", &item))
                }
                _ => None,
            },
            (old, Shape::Container { name, args, .. }) if name == "Option" => {
                Some(format!("Some({})", self.part(old, &args[0], value)?))
            }
            _ => None,
        }
    }

    /// A key of a map, or what is in a set: as it is, or the same number, so that no two become one.
    fn key(&mut self, old: &Shape, new: &Shape, value: &str) -> Option<String> {
        let is_plain = |shape: &Shape| matches!(shape, Shape::Scalar(_));
        let key = self.part(old, new, value)?;
        (key == value || (is_plain(old) && is_plain(new))).then_some(key)
    }

    /// What a new field of a struct starts with.
    fn first(&self, to: &Definition, field: &OwnedMember, at: &str) -> String {
        let said =
            attrs::default_of(to, (&field.attrs, &ident(&field.name)), true, self.sides.home);
        said.unwrap_or_else(|| self.start(&field.parts[0], at))
    }

    /// What a field has that is never stored: what it gets where a state is decoded.
    fn skipped(&self, to: &Definition, field: &Skipped, in_struct: bool) -> String {
        let name = ident(&field.name);
        let said = attrs::default_of(to, (&field.attrs, &name), in_struct, self.sides.home);
        said.unwrap_or_else(|| "Default::default()".to_owned())
    }

    fn start(&self, shape: &Shape, at: &str) -> String {
        if has_default(shape) {
            "Default::default()".to_owned()
        } else {
            let ty = self.sides.new.display(shape);
            undecided(&format!("{at} is new: say which {ty} it starts with"))
        }
    }

    fn cannot(&self, at: &str, (old, new): (&Shape, &Shape)) -> String {
        let (from, to) = (self.sides.old.display(old), self.sides.new.display(new));
        undecided(&format!("{at}: say how {from} becomes {to}"))
    }
}

/// It compiles in place of any value. When it is reached, the old version goes on with its state.
fn undecided(what: &str) -> String {
    format!("return Err({ERROR}::new({what:?}))")
}

fn collected(value: &str, pattern: &str, item: &str) -> String {
    if pattern == item {
        format!("{value}.into_iter().collect()")
    } else if item.contains('?') {
        format!(
            "{value}.into_iter().map(|{pattern}| -> std::result::Result<_, {ERROR}> {{ \
             Ok({item}) }}).collect::<std::result::Result<_, _>>()?"
        )
    } else {
        format!("{value}.into_iter().map(|{pattern}| {item}).collect()")
    }
}

/// The pattern for the fields of a variant; with `more` it has others, which are never stored.
fn taken_apart(labels: &[String], bound: impl Fn(usize) -> String, more: bool) -> String {
    let mut parts = Vec::new();
    for (i, label) in labels.iter().enumerate() {
        match label.parse::<usize>() {
            Ok(place) => {
                parts.extend((parts.len()..place).map(|_| "_".to_owned()));
                parts.push(bound(i));
            }
            Err(_) => parts.push(format!("{}: {}", ident(label), bound(i))),
        }
    }
    if more {
        parts.push("..".to_owned());
    }
    let parts = parts.join(", ");
    match labels.first() {
        None if more => " { .. }".to_owned(),
        None => String::new(),
        Some(label) if is_number(label) => format!("({parts})"),
        Some(_) => format!(" {{ {parts} }}"),
    }
}

/// The attributes of one field of a variant.
fn field_attrs(attrs: &str, label: &str) -> String {
    let own = pieces(attrs).find(|(owner, _)| *owner == label);
    own.map_or_else(String::new, |(_, words)| format!("serde({})", words.join(", ")))
}

fn is_list(name: &str) -> bool {
    matches!(name, "Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "Box<[_]>")
}

/// A number as one of another type: always, or an error where it is too large.
fn number(from: &str, to: &str, value: &str) -> Option<String> {
    let is_float = |name: &str| matches!(name, "f32" | "f64");
    let bits = |name: &str| match name.get(1..) {
        Some("size") => Some(0),
        Some(bits) if name.starts_with(['u', 'i']) => bits.parse::<u32>().ok(),
        _ => None,
    };
    if is_float(from) {
        return (from == "f32" && to == "f64").then(|| format!("f64::from({value})"));
    }
    let from_bits = bits(from)?;
    if is_float(to) {
        let most = if to == "f64" { 32 } else { 16 };
        return (1..=most).contains(&from_bits).then(|| format!("{to}::from({value})"));
    }
    let (to_bits, signed, to_signed) = (bits(to)?, from.starts_with('i'), to.starts_with('i'));
    let fits = from_bits + u32::from(!signed && to_signed) <= to_bits && (to_signed || !signed);
    if from_bits > 0 && fits {
        return Some(format!("{to}::from({value})"));
    }
    Some(format!("{to}::try_from({value}).map_err({ERROR}::new)?"))
}

/// Whether std says what a value of the type starts with.
fn has_default(shape: &Shape) -> bool {
    match shape {
        Shape::Scalar(name) => {
            !["<", ":", "Time", "Addr", "Ordering"].iter().any(|it| name.contains(it))
        }
        Shape::Container { name, len, args } => match name.as_str() {
            "tuple" => args.len() <= 12 && args.iter().all(has_default),
            "array" => len.is_some_and(|len| len <= 32) && args.iter().all(has_default),
            "Box" | "Rc" | "Arc" | "Range" => args.iter().all(has_default),
            "Result" | "RangeInclusive" => false,
            _ => true,
        },
        _ => false,
    }
}
