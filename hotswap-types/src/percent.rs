//! A share, as people read it.

use std::fmt;

/// A share of 1 in per cent, with up to four digits after the point.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "a number, and how it is shown")]
pub struct Percent(pub f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:.4}", self.0 * 100.0);
        write!(f, "{} %", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// The share of the calls that a canary of this weight gets, in words.
#[must_use]
pub fn share_of_calls(weight: f64) -> String {
    if weight > 0.0 {
        format!("{} of the calls", Percent(weight))
    } else {
        "no calls but previews".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Percent;

    #[test]
    fn what_binary_numbers_leave_over_is_not_shown() {
        for (share, shown) in
            [(0.07, "7 %"), (0.0, "0 %"), (0.5, "50 %"), (0.001_25, "0.125 %"), (1.0, "100 %")]
        {
            assert_eq!(Percent(share).to_string(), shown);
        }
    }
}
