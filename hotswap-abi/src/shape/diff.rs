//! The differences of two types in words.
//!
//! Definitions may be recursive: a pair of definitions that is being compared further up is taken
//! as equal, which is right because any difference is found up there.
//!
//! One side may be an artifact's, and hostile: a pair is compared once, and one that lies deep below
//! others is left for later, so that the stack does not grow with the number of definitions.

use std::collections::HashSet;

use super::{
    Definition, Kind, OwnedMember, Shape, Types,
    attrs::{mark, members_store_alike, split, types_store_alike},
};

/// Types in one another that are compared at once.
const AT_ONCE: usize = 64;

/// The most differences that are looked for: nobody reads more.
const MOST: usize = 1000;

/// One difference between two types.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Where: `Score.points`, `Command::Move`, `Game::update`.
    pub at: String,
    /// What the first side has; `None` where it has nothing.
    pub left: Option<String>,
    /// What the second side has; `None` where it has nothing.
    pub right: Option<String>,
}

/// Compares two types and everything they are made of.
///
/// Interfaces are compared by the names of their methods, and where both have `#[same_build]`
/// arguments by the place where they are declared. The left side calls: what it has must
/// be found on the right, or have a default body; what only the right has does not matter. So it is
/// with supertraits: what the caller's side requires must be required on the other one, where the
/// object comes from. In an interface that is lent as an argument the two change sides, and again in
/// one that is lent to that. Fields and variants must be equal in number and order.
#[must_use]
pub fn compare(left: (&Types, &Shape), right: (&Types, &Shape), at: &str) -> Vec<Difference> {
    Comparison::of(left.0, right.0, true).run(left.1, right.1, at)
}

/// Compares two types as they are stored: the names of types are not written, those of fields and
/// variants are. So `WorldV1`, which describes what `World` once was, is equal to it.
///
/// An opaque part is equal to anything: its name says nothing about what is stored. Whether the
/// bytes become the other type without a loss is found by decoding and encoding them.
#[must_use]
pub fn compare_stored(
    left: (&Types, &Shape),
    right: (&Types, &Shape),
    at: &str,
) -> Vec<Difference> {
    Comparison::of(left.0, right.0, false).run(left.1, right.1, at)
}

struct Comparison<'a> {
    left: &'a Types,
    right: &'a Types,
    seen: HashSet<(usize, usize, bool)>,
    /// Pairs of definitions that were met too deep below others.
    later: Vec<(&'a Definition, &'a Definition, bool)>,
    depth: usize,
    found: Vec<Difference>,
    /// Inside an interface that is lent as an argument: there the right side is the caller.
    lent: bool,
    /// Whether the names of types matter.
    names: bool,
}

impl<'a> Comparison<'a> {
    fn of(left: &'a Types, right: &'a Types, names: bool) -> Self {
        Self {
            left,
            right,
            seen: HashSet::new(),
            later: Vec::new(),
            depth: 0,
            found: Vec::new(),
            lent: false,
            names,
        }
    }

    fn run(mut self, left: &Shape, right: &Shape, at: &str) -> Vec<Difference> {
        self.shapes(left, right, at);
        while let Some((left, right, lent)) = self.later.pop() {
            self.lent = lent;
            self.definitions(left, right);
        }
        self.found
    }

    fn shapes(&mut self, left: &Shape, right: &Shape, at: &str) {
        self.depth += 1;
        if self.found.len() < MOST {
            self.pair(left, right, at);
        }
        self.depth -= 1;
    }

    fn pair(&mut self, left: &Shape, right: &Shape, at: &str) {
        match (left, right) {
            (Shape::Defined(l), Shape::Defined(r)) => {
                if !self.seen.insert((*l, *r, self.lent)) {
                    return;
                }
                let (Some(l), Some(r)) =
                    (self.left.definitions.get(*l), self.right.definitions.get(*r))
                else {
                    return self.differ(left, right, at);
                };
                if l.kind != r.kind
                    || (self.names && (l.name != r.name || l.args.len() != r.args.len()))
                {
                    return self.differ(left, right, at);
                }
                if self.depth > AT_ONCE {
                    self.later.push((l, r, self.lent));
                } else {
                    self.definitions(l, r);
                }
            }
            (
                Shape::Container { name, len, args },
                Shape::Container { name: name2, len: len2, args: args2 },
            ) if name == name2 && len == len2 && args.len() == args2.len() => {
                let before = self.found.len();
                for (l, r) in args.iter().zip(args2) {
                    self.shapes(l, r, at);
                }
                if self.found.len() == before {
                    return;
                }
                // What differs in an argument is shown as the whole type: `Vec<u8>`, not `u8`.
                let mut shown = false;
                let (whole_left, whole_right) = (self.text(left, true), self.text(right, false));
                for found in &mut self.found[before..] {
                    if found.at == at && whole_left != whole_right {
                        (found.left, found.right) =
                            (Some(whole_left.clone()), Some(whole_right.clone()));
                        shown = true;
                    }
                }
                if shown {
                    let mut first = true;
                    let mut index = 0;
                    self.found.retain(|found| {
                        index += 1;
                        index <= before || found.at != at || std::mem::take(&mut first)
                    });
                }
            }
            (l, r) if l == r && !matches!(l, Shape::Defined(_)) => {}
            (Shape::Opaque(_), _) | (_, Shape::Opaque(_)) if !self.names => {}
            _ => self.differ(left, right, at),
        }
    }

    fn definitions(&mut self, left: &Definition, right: &Definition) {
        let name = &left.name;
        if self.names {
            for (l, r) in left.args.iter().zip(&right.args) {
                self.shapes(l, r, name);
            }
        }
        let before = self.found.len();
        let alike = left.attrs == right.attrs || (!self.names && types_store_alike(left, right));
        if left.kind != Kind::Interface && !alike {
            let (l, r) = (attributes(&left.attrs), attributes(&right.attrs));
            self.push(name.clone(), Some(l), Some(r));
        }
        if left.kind == Kind::Interface {
            self.places(left, right);
            self.promises(left, right);
            self.methods(left, right);
        } else {
            self.members(left, right);
        }
        if self.found.len() == before && left.layout != right.layout {
            let text = |layout: Option<(u64, u64)>| {
                layout.map(|(size, align)| format!("{size} bytes, aligned to {align}"))
            };
            self.push(name.clone(), text(left.layout), text(right.layout));
        }
    }

    /// Interfaces that lend values as they are must be declared at one place: the types of these
    /// values are known by their names alone, and the builds of two crates that both declare such an
    /// interface are not compared.
    fn places(&mut self, left: &Definition, right: &Definition) {
        if left.build.is_some() && right.build.is_some() && left.path != right.path {
            let of = |it: &Definition| Some(format!("{}::{}", it.path, it.name));
            self.push(left.name.clone(), of(left), of(right));
        }
    }

    /// What the caller's side requires of an object must be required where the object comes from:
    /// the caller's proxy is `Send` or `Sync` on that word alone.
    fn promises(&mut self, left: &Definition, right: &Definition) {
        let (caller, other) = if self.lent { (right, left) } else { (left, right) };
        if caller.promises().any(|promise| !other.promises().any(|given| given == promise)) {
            self.push(left.name.clone(), Some(left.trait_line()), Some(right.trait_line()));
        }
    }

    /// The caller's methods must be found on the other side, or have a default body.
    fn methods(&mut self, left: &Definition, right: &Definition) {
        let (caller, other) = if self.lent { (right, left) } else { (left, right) };
        for method in &caller.members {
            let at = format!("{}::{}", left.name, method.name);
            let found = other.members.iter().find(|m| m.name == method.name);
            let (l, r) = if self.lent { (found, Some(method)) } else { (Some(method), found) };
            match (l, r) {
                (Some(l), Some(r)) => self.signature(l, r, &at),
                _ if method.has_default() => {}
                _ => {
                    let l = l.map(|l| self.left.signature(l).to_string());
                    let r = r.map(|r| self.right.signature(r).to_string());
                    self.push(at, l, r);
                }
            }
        }
    }

    fn signature(&mut self, l: &OwnedMember, r: &OwnedMember, at: &str) {
        if l.takes_mut() != r.takes_mut() || l.parts.len() != r.parts.len() {
            let (l, r) = (self.left.signature(l).to_string(), self.right.signature(r).to_string());
            return self.push(at.to_owned(), Some(l), Some(r));
        }
        for (i, (pl, pr)) in l.parts.iter().zip(&r.parts).enumerate() {
            let before = self.found.len();
            self.lent = !self.lent;
            self.shapes(pl, pr, at);
            self.lent = !self.lent;
            // Say which argument it was.
            let name = |member: &OwnedMember| {
                member.labels.get(i).map_or_else(|| "->".to_owned(), |label| format!("{label}:"))
            };
            for found in &mut self.found[before..] {
                if found.at == at {
                    found.left = found.left.take().map(|text| format!("{} {text}", name(l)));
                    found.right = found.right.take().map(|text| format!("{} {text}", name(r)));
                }
            }
        }
    }

    fn members(&mut self, left: &Definition, right: &Definition) {
        let separator = if left.kind == Kind::Enum { "::" } else { "." };
        let at = |member: &OwnedMember| format!("{}{separator}{}", left.name, member.name);
        for l in &left.members {
            match right.members.iter().find(|r| r.name == l.name) {
                None => self.push(at(l), Some(self.member(l, true)), None),
                Some(r) => self.member_pair((left, l), (right, r), &at(l)),
            }
        }
        for r in &right.members {
            if !left.members.iter().any(|l| l.name == r.name) {
                self.push(at(r), None, Some(self.member(r, false)));
            }
        }
        let names = |definition: &Definition| {
            definition.members.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let (l, r) = (names(left), names(right));
        if l != r && left.members.len() == right.members.len() {
            let same_set =
                left.members.iter().all(|l| right.members.iter().any(|r| r.name == l.name));
            if same_set {
                self.push(
                    left.name.clone(),
                    Some(format!("order {l}")),
                    Some(format!("order {r}")),
                );
            }
        }
    }

    fn member_pair(
        &mut self,
        (left, l): (&Definition, &OwnedMember),
        (right, r): (&Definition, &OwnedMember),
        at: &str,
    ) {
        if l.parts.len() != r.parts.len() || l.labels != r.labels {
            let (l, r) = (self.member(l, true), self.member(r, false));
            return self.push(at.to_owned(), Some(l), Some(r));
        }
        let alike =
            l.attrs == r.attrs || (!self.names && members_store_alike((left, l), (right, r)));
        if !alike {
            self.push(at.to_owned(), Some(attributes(&l.attrs)), Some(attributes(&r.attrs)));
        }
        for (pl, pr) in l.parts.iter().zip(&r.parts) {
            self.shapes(pl, pr, at);
        }
        if l.offset != r.offset {
            // A variant of plain data has its number there, which may be negative.
            let text = |offset: u64| match left.kind {
                Kind::Enum => format!("= {}", offset.cast_signed()),
                _ => format!("at byte {offset}"),
            };
            self.push(at.to_owned(), Some(text(l.offset)), Some(text(r.offset)));
        }
    }

    fn member(&self, member: &OwnedMember, left: bool) -> String {
        let parts: Vec<String> = member
            .parts
            .iter()
            .enumerate()
            .map(|(i, part)| match member.labels.get(i) {
                Some(label) if label.parse::<usize>().is_err() => {
                    format!("{label}: {}", self.text(part, left))
                }
                _ => self.text(part, left),
            })
            .collect();
        if parts.is_empty() { "unit".to_owned() } else { parts.join(", ") }
    }

    fn text(&self, shape: &Shape, left: bool) -> String {
        let types = if left { self.left } else { self.right };
        types.display(shape).to_string()
    }

    fn differ(&mut self, left: &Shape, right: &Shape, at: &str) {
        let (mut l, mut r) = (self.text(left, true), self.text(right, false));
        if l == r {
            // The same name for something else.
            l = format!("{l} ({})", what(self.left, left));
            r = format!("{r} ({})", what(self.right, right));
        }
        self.push(at.to_owned(), Some(l), Some(r));
    }

    fn push(&mut self, at: String, left: Option<String>, right: Option<String>) {
        self.found.push(Difference { at, left, right });
    }
}

/// What a type is, in words.
fn what(types: &Types, shape: &Shape) -> &'static str {
    match (types.definition(shape).map(|definition| definition.kind), shape) {
        (Some(Kind::Enum), _) => "an enum",
        (Some(Kind::Interface), _) => "an interface",
        (Some(_), _) => "a struct",
        (None, Shape::Opaque(_)) => "opaque",
        (None, _) => "a type of the standard library",
    }
}

/// Attributes as a user writes them.
fn attributes(attrs: &str) -> String {
    let Some(mark) = mark(attrs) else {
        return if attrs.is_empty() { "no attributes".to_owned() } else { format!("#[{attrs}]") };
    };
    let words: Vec<_> = split(attrs).filter(|piece| *piece != mark).collect();
    let words = if words.is_empty() { String::new() } else { format!("#[{}] ", words.join(", ")) };
    format!("{words}nothing in `{mark}`")
}
