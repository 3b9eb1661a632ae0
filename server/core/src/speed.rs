//! Statistics of benchmarks: from interleaved pairs of times to a ratio one may believe. Pure; it times nothing.

/// The median of paired ratios and an interval around it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioEstimate {
    /// Median of new over old; below 1 is faster.
    pub median: f64,
    /// Lower and upper bound.
    pub interval: (f64, f64),
}

impl RatioEstimate {
    /// The median of `new / old` over `pairs` (`(old, new)`, in any unit) with a distribution-free interval at the given
    /// `error` (0.05 for 95 %): the order statistics whose ranks a binomial with p = 1/2 leaves outside with at most that
    /// probability (W. J. Conover, "Practical Nonparametric Statistics", 3.2). `None` where there are too few pairs for
    /// any such interval, or times that are no times.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)], error: f64) -> Option<Self> {
        let mut ratios: Vec<f64> =
            pairs.iter().filter(|(old, new)| *old > 0.0 && *new > 0.0).map(|(old, new)| new / old).collect();
        if ratios.len() < pairs.len() {
            return None;
        }
        ratios.sort_by(f64::total_cmp);
        let rank = outer_rank(ratios.len(), error)?;
        let last = ratios.len().checked_sub(1)?;
        let (low, high) = (*ratios.get(rank)?, *ratios.get(last - rank)?);
        let median = f64::midpoint(*ratios.get(last / 2)?, *ratios.get(ratios.len() / 2)?);
        Some(Self { median, interval: (low, high) })
    }

    /// How much faster the clock shows where nothing was changed: 1 minus the smallest ratio that the interval and its mirror
    /// reach, since a ratio of 3 is as far from 1 as one of a third.
    #[must_use]
    pub fn noise(&self) -> f64 {
        let (low, high) = self.interval;
        (1.0 - low.min(1.0 / high)).clamp(0.0, 1.0)
    }

    /// Whether all of the interval is faster than what noise of `floor` and a gain of `least` would explain.
    #[must_use]
    pub fn is_faster(&self, floor: f64, least: f64) -> bool {
        self.interval.1 < 1.0 - floor.max(least)
    }
}

/// The rank (from 0) of the smallest ordered value such that it and its mirror enclose the median with an error of at
/// most `error`.
fn outer_rank(count: usize, error: f64) -> Option<usize> {
    let n = u32::try_from(count).ok()?;
    // P(X = 0) for a binomial with p = 1/2; sums of the following terms come by recurrence.
    let mut term = 0.5_f64.powi(i32::try_from(n).ok()?);
    let mut below = 0.0;
    let mut rank = None;
    for k in 0..n / 2 {
        below += term;
        if 2.0 * below > error {
            break;
        }
        rank = Some(k as usize);
        term *= f64::from(n - k) / f64::from(k + 1);
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Conover's table A3 and the usual tables of sign-test intervals: for n = 20 the 6th and 15th value at 95 %.
    #[test]
    fn ranks_are_those_of_the_tables() {
        assert_eq!(outer_rank(20, 0.05), Some(5));
        assert_eq!(outer_rank(10, 0.05), Some(1));
        assert_eq!(outer_rank(6, 0.05), Some(0));
        assert_eq!(outer_rank(5, 0.05), None, "five values cannot enclose a median with 95 %");
        assert!(outer_rank(40, 0.05 / 8.0) < outer_rank(40, 0.05));
    }

    #[test]
    fn a_clear_gain_is_seen_and_noise_is_not() {
        let faster: Vec<(f64, f64)> = (0..30).map(|i| (1.0, 0.8 + f64::from(i % 5) * 0.01)).collect();
        let estimate = RatioEstimate::of(&faster, 0.05).unwrap();
        assert!(estimate.is_faster(0.02, 0.05), "{estimate:?}");
        assert!(!estimate.is_faster(0.3, 0.05), "the clock itself wavers more than that");
        let noise: Vec<(f64, f64)> = (0..30).map(|i| (1.0, 0.9 + f64::from(i % 11) * 0.02)).collect();
        assert!(!RatioEstimate::of(&noise, 0.05).unwrap().is_faster(0.0, 0.0));
        assert_eq!(RatioEstimate::of(&[(0.0, 1.0); 30], 0.05), None);
    }

    #[test]
    fn a_gain_beyond_all_noise_is_claimed_on_a_restless_machine_too() {
        let restless: Vec<(f64, f64)> = (0..31).map(|i| (1.0, 0.4 + f64::from(i) * 0.1)).collect();
        let noise = RatioEstimate::of(&restless, 0.05).unwrap().noise();
        assert!(noise > 0.5 && noise < 1.0, "{noise}");
        let huge = RatioEstimate::of(&[(1.0, 0.01); 31], 0.05).unwrap();
        assert!(huge.is_faster(noise, 0.05));
        let small = RatioEstimate::of(&[(1.0, 0.8); 31], 0.05).unwrap();
        assert!(!small.is_faster(noise, 0.05));
    }
}
