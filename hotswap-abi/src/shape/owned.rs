//! Descriptions as the host holds them, decoded from a manifest.

use std::fmt;

use super::Kind;
use crate::{same_build::Build, text::from_fn};

/// One type: written out, or a reference to a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A number, `bool`, `char`, `str`, `String`, ….
    Scalar(String),
    /// A type of the standard library with its arguments; an array has its length.
    Container {
        /// `"Vec"`, `"&mut"`, `"FnMut"`, ….
        name: String,
        /// The length of an array.
        len: Option<u64>,
        /// The type arguments.
        args: Vec<Self>,
    },
    /// A user's type: an index into [`Types::definitions`].
    Defined(usize),
    /// A type known by its name only.
    Opaque(String),
}

/// A user's type, or an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Definition {
    /// What it is.
    pub kind: Kind,
    /// Its name without path.
    pub name: String,
    /// Where it was declared.
    pub path: String,
    /// Attributes of the whole type that change its representation; an interface's supertraits.
    pub attrs: String,
    /// Size and alignment in bytes, for plain data.
    pub layout: Option<(u64, u64)>,
    /// The type arguments.
    pub args: Vec<Shape>,
    /// Fields, variants or methods.
    pub members: Vec<OwnedMember>,
    /// Fields that are never stored: `#[serde(skip)]`. They are no part of what is compared.
    pub skipped: Vec<Skipped>,
    /// The build of the crate that declares it, for an interface with `#[same_build]` arguments.
    pub build: Option<Build>,
}

/// A field, a variant or a method.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedMember {
    /// Its name.
    pub name: String,
    /// What changes its representation or its meaning.
    pub attrs: String,
    /// The offset in bytes, for the fields of plain data.
    pub offset: u64,
    /// The names of the fields of a variant, or of the arguments of a method.
    pub labels: Vec<String>,
    /// The types of the parts; a method has its result last.
    pub parts: Vec<Shape>,
}

/// A field that is part of a type and not of what is stored of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The variant that has it; `None` for a field of a struct.
    pub variant: Option<String>,
    /// Its name, or its number.
    pub name: String,
    /// serde's attributes: `serde(skip, default = "empty")`.
    pub attrs: String,
}

/// The definitions that the shapes of one manifest refer to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Types {
    /// In the order in which they were met.
    pub definitions: Vec<Definition>,
}

impl Types {
    /// The definition of a user's type.
    #[must_use]
    pub fn definition(&self, shape: &Shape) -> Option<&Definition> {
        match shape {
            Shape::Defined(index) => self.definitions.get(*index),
            _ => None,
        }
    }

    /// A shape as a user would write the type.
    #[must_use]
    pub fn display<'a>(&'a self, shape: &'a Shape) -> impl fmt::Display + 'a {
        from_fn(move |f| self.write(shape, f))
    }

    /// A method as a user would write it: `update(&mut self, dt: f32) -> Vec<Score>`.
    #[must_use]
    pub fn signature<'a>(&'a self, method: &'a OwnedMember) -> impl fmt::Display + 'a {
        from_fn(move |f| {
            let receiver = if method.takes_mut() { "&mut self" } else { "&self" };
            write!(f, "{}({receiver}", method.name)?;
            for (label, part) in method.labels.iter().zip(&method.parts) {
                write!(f, ", {label}: {}", self.display(part))?;
            }
            match method.parts.last() {
                Some(result) if *result != Shape::Scalar("()".into()) => {
                    write!(f, ") -> {}", self.display(result))
                }
                _ => f.write_str(")"),
            }
        })
    }

    fn write(&self, shape: &Shape, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match shape {
            Shape::Scalar(name) | Shape::Opaque(name) => f.write_str(name),
            Shape::Defined(index) => match self.definitions.get(*index) {
                None => f.write_str("?"),
                Some(definition) => {
                    if definition.kind == Kind::Interface {
                        f.write_str("dyn ")?;
                    }
                    f.write_str(&definition.name)?;
                    self.write_args("<", &definition.args, ">", f)
                }
            },
            Shape::Container { name, len, args } => match (name.as_str(), args.as_slice()) {
                ("&", [arg]) => write!(f, "&{}", self.display(arg)),
                ("&mut", [arg]) => write!(f, "&mut {}", self.display(arg)),
                ("#[same_build] &", [arg]) => write!(f, "#[same_build] &{}", self.display(arg)),
                ("#[same_build] &mut", [arg]) => {
                    write!(f, "#[same_build] &mut {}", self.display(arg))
                }
                ("&[]", [arg]) => write!(f, "&[{}]", self.display(arg)),
                ("&mut []", [arg]) => write!(f, "&mut [{}]", self.display(arg)),
                ("array", [arg]) => write!(f, "[{}; {}]", self.display(arg), len.unwrap_or(0)),
                ("Box<[_]>", [arg]) => write!(f, "Box<[{}]>", self.display(arg)),
                ("tuple", [arg]) => write!(f, "({},)", self.display(arg)),
                ("tuple", args) => self.write_args("(", args, ")", f),
                ("FnMut", [args @ .., result]) => {
                    self.write_closure(args, f)?;
                    match result {
                        Shape::Scalar(unit) if unit == "()" => Ok(()),
                        result => write!(f, " -> {}", self.display(result)),
                    }
                }
                (name, args) => {
                    f.write_str(name)?;
                    self.write_args("<", args, ">", f)
                }
            },
        }
    }

    fn write_closure(&self, args: &[Shape], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("&mut dyn FnMut")?;
        if args.is_empty() { f.write_str("()") } else { self.write_args("(", args, ")", f) }
    }

    fn write_args(
        &self,
        open: &str,
        args: &[Shape],
        close: &str,
        f: &mut fmt::Formatter<'_>,
    ) -> fmt::Result {
        for (i, arg) in args.iter().enumerate() {
            f.write_str(if i == 0 { open } else { ", " })?;
            self.write(arg, f)?;
        }
        if args.is_empty() { Ok(()) } else { f.write_str(close) }
    }
}

impl Definition {
    /// What an interface requires of its implementors: `Send`, `Sync`.
    pub fn promises(&self) -> impl Iterator<Item = &str> {
        let all = if self.kind == Kind::Interface { self.attrs.as_str() } else { "" };
        all.split(' ').filter(|word| !word.is_empty())
    }

    /// The first line of an interface as a user would write it: `trait Sink: Send + Sync`.
    #[must_use]
    pub fn trait_line(&self) -> String {
        let promises: Vec<_> = self.promises().collect();
        let colon = if promises.is_empty() { "" } else { ": " };
        format!("trait {}{colon}{}", self.name, promises.join(" + "))
    }
}

impl OwnedMember {
    /// Whether this method takes `&mut self`.
    #[must_use]
    pub fn takes_mut(&self) -> bool {
        self.attrs.split(' ').any(|word| word == "&mut")
    }

    /// Whether this method has a body in the interface, so that a module may lack it.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.attrs.split(' ').any(|word| word == "default")
    }
}
