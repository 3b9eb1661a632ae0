//! What a forge run may spend, and what it has spent.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Upper limits of a forge run. `None` means no limit of that sort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Wall-clock time.
    pub wall: Option<Duration>,
    /// CPU time of all children together.
    pub cpu: Option<Duration>,
    /// Number of trials.
    pub trials: Option<u64>,
}

/// What has been spent so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spent {
    /// Wall-clock time since the start.
    pub wall: Duration,
    /// CPU time of all children together.
    pub cpu: Duration,
    /// Trials finished.
    pub trials: u64,
}

impl Budget {
    /// The first limit that `spent` has reached, in words; `None` while there is something left.
    #[must_use]
    pub fn exhausted_by(&self, spent: &Spent) -> Option<&'static str> {
        if self.wall.is_some_and(|limit| spent.wall >= limit) {
            Some("wall time")
        } else if self.cpu.is_some_and(|limit| spent.cpu >= limit) {
            Some("CPU time")
        } else if self.trials.is_some_and(|limit| spent.trials >= limit) {
            Some("trials")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_limit_that_was_reached() {
        let budget = Budget { wall: Some(Duration::from_secs(5)), cpu: None, trials: Some(3) };
        assert_eq!(budget.exhausted_by(&Spent::default()), None);
        let spent = Spent { wall: Duration::from_secs(6), ..Spent::default() };
        assert_eq!(budget.exhausted_by(&spent), Some("wall time"));
        assert_eq!(budget.exhausted_by(&Spent { trials: 3, ..Spent::default() }), Some("trials"));
        assert_eq!(Budget::default().exhausted_by(&spent), None);
    }
}
