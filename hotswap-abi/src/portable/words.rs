//! Bytes of a value in words, by the description of its type: for people who compare two answers.

use std::{
    cmp::Ordering,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
};

use super::{DecodeError, Portable, Reader};
use crate::shape::{Definition, Kind, Shape, Types};

/// Values in one another that are told; what lies deeper is left out.
const DEEPEST: usize = 32;

/// The value that the bytes spell, as a user would write it, and at most about so many characters of
/// it. Bytes that the description does not tell apart end it.
#[must_use]
pub fn words(types: &Types, shape: &Shape, bytes: &[u8], most: usize) -> String {
    all_words(types, &[(None, shape)], bytes, most)
}

/// The arguments that the bytes spell: `"bread", 3`.
#[must_use]
pub fn argument_words(types: &Types, shapes: &[Shape], bytes: &[u8], most: usize) -> String {
    let parts: Vec<_> = shapes.iter().map(|shape| (None, shape)).collect();
    all_words(types, &parts, bytes, most)
}

type Parts<'t> = [(Option<&'t str>, &'t Shape)];

fn all_words(types: &Types, parts: &Parts<'_>, bytes: &[u8], most: usize) -> String {
    let mut teller = Teller { types, input: Reader::new(bytes), said: String::new(), most };
    if teller.list(parts, 0).is_err() {
        teller.said.push('…');
    }
    teller.said
}

/// Why no more is told.
struct Enough;

impl From<DecodeError> for Enough {
    fn from(_: DecodeError) -> Self {
        Self
    }
}

struct Teller<'t> {
    types: &'t Types,
    input: Reader<'t>,
    said: String,
    most: usize,
}

impl<'t> Teller<'t> {
    fn list(&mut self, parts: &Parts<'t>, depth: usize) -> Result<(), Enough> {
        for (i, (name, shape)) in parts.iter().enumerate() {
            if i > 0 {
                self.said.push_str(", ");
            }
            if let Some(name) = name {
                self.said.push_str(name);
                self.said.push_str(": ");
            }
            self.value(shape, depth)?;
        }
        Ok(())
    }

    fn value(&mut self, shape: &'t Shape, depth: usize) -> Result<(), Enough> {
        if depth > DEEPEST || self.said.len() > self.most {
            return Err(Enough);
        }
        match shape {
            Shape::Scalar(name) => self.scalar(name),
            Shape::Container { name, len, args } => self.container(name, *len, args, depth + 1),
            Shape::Defined(index) => {
                let definition = self.types.definitions.get(*index).ok_or(Enough)?;
                self.defined(definition, depth + 1)
            }
            Shape::Opaque(name) => {
                let len = self.input.len()?;
                self.input.bytes(len)?;
                self.said.push_str(&format!("{name} of {len} bytes"));
                Ok(())
            }
        }
    }

    fn scalar(&mut self, name: &str) -> Result<(), Enough> {
        macro_rules! number {
            ($ty:ty) => {
                <$ty>::from_le_bytes(self.input.array()?).to_string()
            };
        }
        let text = match name {
            "u8" => number!(u8),
            "u16" => number!(u16),
            "u32" => number!(u32),
            "u64" => number!(u64),
            "u128" => number!(u128),
            "usize" => number!(usize),
            "i8" => number!(i8),
            "i16" => number!(i16),
            "i32" => number!(i32),
            "i64" => number!(i64),
            "i128" => number!(i128),
            "isize" => number!(isize),
            "f32" => format!("{:?}", f32::from_le_bytes(self.input.array()?)),
            "f64" => format!("{:?}", f64::from_le_bytes(self.input.array()?)),
            "bool" => (self.input.array()? != [0]).to_string(),
            "char" => {
                let number = u32::from_le_bytes(self.input.array()?);
                format!("{:?}", char::from_u32(number).ok_or(Enough)?)
            }
            "()" => "()".to_owned(),
            "str" | "String" | "PathBuf" | "OsString" | "Box<str>" | "Arc<str>" => {
                let len = self.input.len()?;
                let text = String::from_utf8_lossy(self.input.bytes(len)?);
                let is_long = text.chars().nth(self.most).is_some();
                let shown: String = text.chars().take(self.most).collect();
                format!("{shown:?}{}", if is_long { "…" } else { "" })
            }
            "Duration" => self.duration()?,
            "SystemTime" => {
                let before = self.input.array()? != [0];
                let sign = if before { '-' } else { '+' };
                format!("UNIX_EPOCH {sign} {}", self.duration()?)
            }
            "Ordering" => format!("{:?}", self.of::<Ordering>()?),
            "Ipv4Addr" => self.of::<Ipv4Addr>()?.to_string(),
            "Ipv6Addr" => self.of::<Ipv6Addr>()?.to_string(),
            "IpAddr" => self.of::<IpAddr>()?.to_string(),
            "SocketAddrV4" => self.of::<SocketAddrV4>()?.to_string(),
            "SocketAddrV6" => self.of::<SocketAddrV6>()?.to_string(),
            "SocketAddr" => self.of::<SocketAddr>()?.to_string(),
            "uuid::Uuid" => {
                let hex = |bytes: &[u8]| -> String {
                    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
                };
                let parts = [4, 2, 2, 2, 6].map(|len| self.input.bytes(len).map(hex));
                parts.into_iter().collect::<Result<Vec<_>, _>>()?.join("-")
            }
            "bytes::Bytes" | "bytes::BytesMut" => {
                let len = self.input.len()?;
                self.input.bytes(len)?;
                format!("{len} bytes")
            }
            name => match name.strip_prefix("NonZero<").and_then(|it| it.strip_suffix('>')) {
                Some(number) if !number.contains('<') => return self.scalar(number),
                _ => return Err(Enough),
            },
        };
        self.said.push_str(&text);
        Ok(())
    }

    fn of<T: Portable>(&mut self) -> Result<T, Enough> {
        Ok(T::decode(&mut self.input)?)
    }

    fn duration(&mut self) -> Result<String, Enough> {
        let seconds = u64::from_le_bytes(self.input.array()?);
        let nanos = u32::from_le_bytes(self.input.array()?);
        Ok(format!("{seconds}.{nanos:09}s"))
    }

    fn container(
        &mut self,
        name: &str,
        len: Option<u64>,
        args: &'t [Shape],
        depth: usize,
    ) -> Result<(), Enough> {
        match (name, args) {
            ("&" | "Box", [inner]) => self.value(inner, depth),
            (
                "Vec" | "VecDeque" | "LinkedList" | "BinaryHeap" | "Box<[_]>" | "BTreeSet"
                | "HashSet" | "indexmap::IndexSet" | "&[]",
                [item],
            ) => {
                let len = self.input.len()?;
                self.items(len, &[item], ['[', ']'], depth)
            }
            ("array", [item]) => {
                let len = usize::try_from(len.unwrap_or(0)).map_err(|_| Enough)?;
                self.items(len, &[item], ['[', ']'], depth)
            }
            ("smallvec::SmallVec", [Shape::Container { args, .. }]) => {
                let len = self.input.len()?;
                let [item] = args.as_slice() else { return Err(Enough) };
                self.items(len, &[item], ['[', ']'], depth)
            }
            ("BTreeMap" | "HashMap" | "indexmap::IndexMap", [key, value]) => {
                let len = self.input.len()?;
                self.items(len, &[key, value], ['{', '}'], depth)
            }
            ("tuple", parts) => {
                self.said.push('(');
                let parts: Vec<_> = parts.iter().map(|part| (None, part)).collect();
                self.list(&parts, depth)?;
                self.said.push(')');
                Ok(())
            }
            ("Range" | "RangeInclusive", [end]) => {
                self.value(end, depth)?;
                self.said.push_str("..");
                if name == "Range" {
                    return self.value(end, depth);
                }
                self.said.push('=');
                self.value(end, depth)?;
                if self.of::<bool>()? {
                    self.said.push_str(" (ended)");
                }
                Ok(())
            }
            ("Option", [inner]) => match self.input.array()? {
                [0] => {
                    self.said.push_str("None");
                    Ok(())
                }
                _ => self.wrapped("Some", inner, depth),
            },
            ("Result", [good, bad]) => match self.input.array()? {
                [0] => self.wrapped("Ok", good, depth),
                _ => self.wrapped("Err", bad, depth),
            },
            _ => Err(Enough),
        }
    }

    fn wrapped(&mut self, name: &str, inner: &'t Shape, depth: usize) -> Result<(), Enough> {
        self.said.push_str(name);
        self.said.push('(');
        self.value(inner, depth)?;
        self.said.push(')');
        Ok(())
    }

    fn items(
        &mut self,
        len: usize,
        parts: &[&'t Shape],
        [open, close]: [char; 2],
        depth: usize,
    ) -> Result<(), Enough> {
        self.said.push(open);
        for i in 0..len {
            if i > 0 {
                self.said.push_str(", ");
            }
            for (j, part) in parts.iter().enumerate() {
                if j > 0 {
                    self.said.push_str(": ");
                }
                self.value(part, depth)?;
            }
        }
        self.said.push(close);
        Ok(())
    }

    fn defined(&mut self, definition: &'t Definition, depth: usize) -> Result<(), Enough> {
        match definition.kind {
            Kind::Struct => {
                let members = definition.members.iter();
                let parts: Vec<_> = members
                    .flat_map(|member| member.parts.iter().map(|part| (&*member.name, part)))
                    .collect();
                self.fields(&definition.name, &parts, depth)
            }
            Kind::Enum => {
                let number = usize::try_from(self.input.variant()?).map_err(|_| Enough)?;
                let variant = definition.members.get(number).ok_or(Enough)?;
                let labels = variant.labels.iter().map(|label| &**label);
                let parts: Vec<_> = labels.zip(&variant.parts).collect();
                self.fields(&variant.name, &parts, depth)
            }
            _ => Err(Enough),
        }
    }

    fn fields(
        &mut self,
        name: &str,
        parts: &[(&'t str, &'t Shape)],
        depth: usize,
    ) -> Result<(), Enough> {
        let is_named = parts.iter().any(|(name, _)| !name.starts_with(|c: char| c.is_numeric()));
        self.said.push_str(name);
        let parts: Vec<_> =
            parts.iter().map(|(name, part)| (is_named.then_some(*name), *part)).collect();
        if parts.is_empty() {
            return Ok(());
        }
        self.said.push_str(if is_named { " { " } else { "(" });
        self.list(&parts, depth)?;
        self.said.push_str(if is_named { " }" } else { ")" });
        Ok(())
    }
}
