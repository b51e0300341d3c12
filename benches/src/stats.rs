//! What is made of figures. Pure.

/// A contender's figures, in the order of the rounds; all in one unit.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "a list, used by this program alone")]
pub struct Samples(pub Vec<f64>);

/// What is said of figures.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "figures, used by this program alone")]
pub struct Summary {
    /// The smallest.
    pub min: f64,
    /// Half are not above it.
    pub median: f64,
    /// Nine of ten are not above it.
    pub p90: f64,
    /// The largest.
    pub max: f64,
}

/// One contender held against another one.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "figures, used by this program alone")]
pub struct Ratio {
    /// Of the smallest figures: the one that a target is held against.
    pub of_minima: f64,
    /// The ratio in each round: half are not above this.
    pub median: f64,
    /// Nine of ten are not above this.
    pub p90: f64,
}

impl Samples {
    /// What is said of them; `None` without any.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        let sorted = self.sorted();
        Some(Summary {
            min: *sorted.first()?,
            median: quantile(&sorted, 0.5)?,
            p90: quantile(&sorted, 0.9)?,
            max: *sorted.last()?,
        })
    }

    /// A share of them is not above this; `None` without any.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        quantile(&self.sorted(), share)
    }

    /// Held against others of the same rounds; `None` where one has no figures.
    #[must_use]
    pub fn against(&self, base: &Self) -> Option<Ratio> {
        let rounds = Self(self.0.iter().zip(&base.0).map(|(own, base)| own / base).collect());
        let rounds = rounds.summary()?;
        Some(Ratio {
            of_minima: self.summary()?.min / base.summary()?.min,
            median: rounds.median,
            p90: rounds.p90,
        })
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Between the two figures that the rank lies between, in proportion.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let rank = share * (sorted.len().checked_sub(1)?) as f64;
    let (low, high) = (rank.floor(), rank.ceil());
    let (below, above) = (sorted[low as usize], sorted[high as usize]);
    Some(below + (above - below) * (rank - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(figures: &[f64]) -> Samples {
        Samples(figures.to_vec())
    }

    #[test]
    fn a_summary_does_not_depend_on_the_order() {
        let expected = Summary { min: 1.0, median: 3.0, p90: 4.6, max: 5.0 };
        for figures in [[1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 3.0, 1.0, 4.0, 2.0]] {
            assert_eq!(samples(&figures).summary(), Some(expected));
        }
        assert_eq!(samples(&[]).summary(), None);
        let one = Summary { min: 7.0, median: 7.0, p90: 7.0, max: 7.0 };
        assert_eq!(samples(&[7.0]).summary(), Some(one));
    }

    #[test]
    fn between_two_figures_a_quantile_lies_in_proportion() {
        let figures = samples(&[20.0, 10.0]);
        for (share, expected) in [(0.0, 10.0), (0.25, 12.5), (0.5, 15.0), (1.0, 20.0)] {
            assert_eq!(figures.quantile(share), Some(expected));
        }
    }

    #[test]
    fn a_ratio_is_of_minima_and_round_by_round() {
        let (own, base) = (samples(&[2.0, 6.0, 3.0]), samples(&[1.0, 2.0, 3.0]));
        let ratio = own.against(&base).unwrap();
        assert_eq!((ratio.of_minima, ratio.median), (2.0, 2.0));
        assert!((ratio.p90 - 2.8).abs() < 1e-9);
        assert_eq!(own.against(&samples(&[])), None);
    }
}
