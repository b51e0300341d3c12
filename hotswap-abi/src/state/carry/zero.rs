//! What a new field starts with: the zero of its type.

use rmpv::Value;

use super::{
    attrs::Attrs,
    error::NewField,
    types::{Family, family, has_attrs, is_tuple},
};
use crate::shape::{Kind, Shape, Types};

/// How deep zeros may be nested in one another: a type that is in itself has none.
const DEEPEST: usize = 64;

/// Of how many values a zero may consist.
const LARGEST: u64 = 1 << 24;

/// The zero of a type: 0, `""`, nothing, and for a struct the zeros of its fields.
pub(super) fn zero(types: &Types, shape: &Shape, at: &str) -> Result<Value, NewField> {
    Zeros { types, left: LARGEST }.of(shape, at, 0)
}

struct Zeros<'a> {
    types: &'a Types,
    /// How many values there may be yet.
    left: u64,
}

impl Zeros<'_> {
    fn of(&mut self, shape: &Shape, at: &str, depth: usize) -> Result<Value, NewField> {
        let types = self.types;
        let none = || NewField {
            at: at.to_owned(),
            ty: types.display(shape).to_string(),
            gone: Vec::new(),
        };
        if depth > DEEPEST || self.left == 0 {
            return Err(none());
        }
        self.left -= 1;
        let depth = depth + 1;
        Ok(match shape {
            Shape::Scalar(name) => match name.as_str() {
                "bool" => Value::Boolean(false),
                "String" | "PathBuf" | "Box<str>" | "Arc<str>" | "Rc<str>" => Value::from(""),
                "char" => Value::from("\0"),
                "()" => Value::Nil,
                "f32" => Value::F32(0.0),
                "f64" => Value::F64(0.0),
                "Duration" => {
                    Value::Map(vec![("secs".into(), 0.into()), ("nanos".into(), 0.into())])
                }
                "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
                    Value::from(0)
                }
                _ => return Err(none()),
            },
            Shape::Container { name, len, args } => match family(name) {
                Family::Sequence => Value::Array(Vec::new()),
                Family::Map => Value::Map(Vec::new()),
                Family::Option => Value::Nil,
                Family::Tuple if name == "array" => {
                    let len = len.unwrap_or(0);
                    let before = self.left;
                    let item = self.of(&args[0], at, depth)?;
                    let all = (before - self.left).checked_mul(len).filter(|all| *all <= before);
                    self.left = before - all.ok_or_else(none)?;
                    Value::Array(vec![item; usize::try_from(len).map_err(|_| none())?])
                }
                Family::Tuple => Value::Array(
                    args.iter().map(|arg| self.of(arg, at, depth)).collect::<Result<_, _>>()?,
                ),
                Family::Other if name == "Box" => self.of(&args[0], at, depth)?,
                Family::Other => return Err(none()),
            },
            shape => match types.definition(shape) {
                Some(definition) if definition.kind == Kind::Struct && definition.attrs == "{}" => {
                    Value::Map(Vec::new())
                }
                Some(definition) if definition.kind != Kind::Struct || has_attrs(definition) => {
                    return Err(none());
                }
                Some(definition) if is_tuple(definition) => {
                    let mut fields: Vec<_> = definition
                        .members
                        .iter()
                        .map(|member| {
                            let at = format!("{at}.{}", member.name);
                            self.of(&member.parts[0], &at, depth)
                        })
                        .collect::<Result<_, _>>()?;
                    if fields.len() == 1 { fields.remove(0) } else { Value::Array(fields) }
                }
                // With names it would have a mark.
                Some(definition) if definition.members.is_empty() => Value::Array(Vec::new()),
                Some(definition) => {
                    let fields = definition.members.iter().map(|member| {
                        let path = format!("{at}.{}", member.name);
                        let value = self.of(&member.parts[0], &path, depth)?;
                        Ok((Value::from(Attrs::of(member).key(member)), value))
                    });
                    Value::Map(fields.collect::<Result<_, _>>()?)
                }
                None => return Err(none()),
            },
        })
    }
}
