//! One line of JSON: names and numbers. Pure.

/// An object of numbers; `None` is what was not measured.
#[must_use]
pub fn object(figures: &[(&str, Option<f64>)]) -> String {
    let member = |(name, figure): &(&str, Option<f64>)| match figure {
        Some(figure) if figure.is_finite() => {
            format!("\"{name}\":{}", (figure * 1e4).round() / 1e4)
        }
        _ => format!("\"{name}\":null"),
    };
    let members: Vec<String> = figures.iter().map(member).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_measured_is_null() {
        let figures = [("a", Some(1.234_56)), ("b", None), ("c", Some(f64::NAN)), ("d", Some(2.0))];
        assert_eq!(object(&figures), r#"{"a":1.2346,"b":null,"c":null,"d":2}"#);
    }
}
