//! What a new field starts with: the zero of its type.

use rmpv::Value;

use super::{
    CarryError,
    attrs::Attrs,
    walk::{Carrier, Family, family, has_attrs, is_tuple},
};
use crate::shape::{Kind, Shape};

/// How deep zeros may be nested in one another: a type that is in itself has none.
const DEEPEST: usize = 64;

/// Of how many values a zero may consist.
const LARGEST: u64 = 1 << 24;

impl Carrier<'_> {
    /// The zero of a type: 0, `""`, nothing, and for a struct the zeros of its fields.
    pub(super) fn zero(&self, shape: &Shape, at: &str) -> Result<Value, CarryError> {
        let mut left = LARGEST;
        self.zero_in(shape, at, 0, &mut left)
    }

    /// `left` is how many values there may be yet.
    fn zero_in(
        &self,
        shape: &Shape,
        at: &str,
        depth: usize,
        left: &mut u64,
    ) -> Result<Value, CarryError> {
        let none =
            || CarryError::NoDefault { at: at.to_owned(), ty: self.new.display(shape).to_string() };
        if depth > DEEPEST || *left == 0 {
            return Err(none());
        }
        *left -= 1;
        let depth = depth + 1;
        Ok(match shape {
            Shape::Scalar(name) => match name.as_str() {
                "bool" => Value::Boolean(false),
                "String" | "PathBuf" => Value::from(""),
                "char" => Value::from("\0"),
                "()" => Value::Nil,
                "f32" => Value::F32(0.0),
                "f64" => Value::F64(0.0),
                "Duration" => {
                    Value::Map(vec![("secs".into(), 0.into()), ("nanos".into(), 0.into())])
                }
                name if name.starts_with(['u', 'i']) && !name.ends_with("128") => Value::from(0),
                _ => return Err(none()),
            },
            Shape::Container { name, len, args } => match family(name) {
                Family::Sequence => Value::Array(Vec::new()),
                Family::Map => Value::Map(Vec::new()),
                Family::Option => Value::Nil,
                Family::Tuple if name == "array" => {
                    let len = len.unwrap_or(0);
                    let before = *left;
                    let item = self.zero_in(&args[0], at, depth, left)?;
                    let all = (before - *left).checked_mul(len).filter(|all| *all <= before);
                    *left = before - all.ok_or_else(none)?;
                    Value::Array(vec![item; usize::try_from(len).map_err(|_| none())?])
                }
                Family::Tuple => Value::Array(
                    args.iter()
                        .map(|arg| self.zero_in(arg, at, depth, left))
                        .collect::<Result<_, _>>()?,
                ),
                Family::Other if name == "Box" => self.zero_in(&args[0], at, depth, left)?,
                Family::Other => return Err(none()),
            },
            shape => match self.new.definition(shape) {
                Some(definition) if definition.kind != Kind::Struct || has_attrs(definition) => {
                    return Err(none());
                }
                Some(definition) if is_tuple(definition) => {
                    let mut fields: Vec<_> = definition
                        .members
                        .iter()
                        .map(|member| {
                            let at = format!("{at}.{}", member.name);
                            self.zero_in(&member.parts[0], &at, depth, left)
                        })
                        .collect::<Result<_, _>>()?;
                    if fields.len() == 1 { fields.remove(0) } else { Value::Array(fields) }
                }
                Some(definition) => {
                    let fields = definition.members.iter().map(|member| {
                        let path = format!("{at}.{}", member.name);
                        let value = self.zero_in(&member.parts[0], &path, depth, left)?;
                        Ok((Value::from(Attrs::of(member).key(member)), value))
                    });
                    Value::Map(fields.collect::<Result<_, _>>()?)
                }
                None => return Err(none()),
            },
        })
    }
}
