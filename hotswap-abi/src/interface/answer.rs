//! Whether an answer is a failure: an `Err` is, whatever the method's result is called.
//!
//! The compiler chooses by the type: for a `Result` the first trait's method is found without a
//! reference more, for all others only the second's.

/// What a method has returned.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "generated code makes it")]
pub struct Answer<'r, R>(pub &'r R);

/// Of a method that returns a `Result`.
pub trait ResultAnswer {
    /// Whether it is an `Err`.
    fn __hotswap_is_failure(&self) -> bool;
}

impl<T, E> ResultAnswer for Answer<'_, Result<T, E>> {
    fn __hotswap_is_failure(&self) -> bool {
        self.0.is_err()
    }
}

/// Of any other method.
pub trait OtherAnswer {
    /// It is none.
    fn __hotswap_is_failure(&self) -> bool;
}

impl<R> OtherAnswer for &Answer<'_, R> {
    fn __hotswap_is_failure(&self) -> bool {
        false
    }
}

/// For a method whose `Err` is an answer like any other (`#[expected]`).
#[must_use]
pub const fn expected<T, E>(_: &Result<T, E>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::{Answer, OtherAnswer as _, ResultAnswer as _};

    type Sold = Result<u32, String>;

    #[test]
    #[expect(clippy::needless_borrow, reason = "as in generated code, which knows no type")]
    fn an_err_is_a_failure_by_whatever_name() {
        let (sold, not_sold): (Sold, Sold) = (Ok(3), Err("none left".to_owned()));
        assert!(!(&Answer(&sold)).__hotswap_is_failure());
        assert!((&Answer(&not_sold)).__hotswap_is_failure());
        assert!(!(&Answer(&Some(not_sold))).__hotswap_is_failure());
        assert!(!(&Answer(&())).__hotswap_is_failure());
    }
}
