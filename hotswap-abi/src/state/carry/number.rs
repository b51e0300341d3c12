//! Numbers of one type as numbers of another.

use rmpv::Value;

/// A number as a number of another type, if it is one exactly.
pub(super) fn convert(value: &Value, to: &str) -> Option<Value> {
    let integer = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    let fits = |min: i128, max: i128| integer.is_some_and(|number| (min..=max).contains(&number));
    let fits = match to {
        "u8" => fits(0, u8::MAX.into()),
        "u16" => fits(0, u16::MAX.into()),
        "u32" => fits(0, u32::MAX.into()),
        "u64" | "usize" => fits(0, u64::MAX.into()),
        "i8" => fits(i8::MIN.into(), i8::MAX.into()),
        "i16" => fits(i16::MIN.into(), i16::MAX.into()),
        "i32" => fits(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => fits(i64::MIN.into(), i64::MAX.into()),
        "f32" | "f64" => {
            let float = match value {
                Value::F32(float) => f64::from(*float),
                Value::F64(float) => *float,
                _ => {
                    let integer = integer.filter(|number| number.abs() <= 1 << 53)?;
                    integer as f64
                }
            };
            return Some(Value::F64(float));
        }
        _ => return None,
    };
    fits.then(|| value.clone())
}
