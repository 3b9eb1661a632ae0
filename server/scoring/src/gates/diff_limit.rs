//! No more lines of code are changed than a directive allows. Lines of tests do not count.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Limits};

pub(super) struct DiffLimit;

impl Check for DiffLimit {
    fn gate(&self) -> Gate {
        Gate::DiffLimit
    }

    fn applies(&self, limits: &Limits) -> bool {
        limits.max_diff_lines.is_some()
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let Some(most) = case.parts.limits.max_diff_lines else { return Ok("there is no limit".to_owned()) };
        let lines = case.code_diff().iter().filter(|line| line.starts_with(['+', '-'])).count();
        if lines <= most as usize {
            Ok(format!("{lines} of {most} lines"))
        } else {
            Err(format!("{lines} lines of code are changed, {most} are allowed"))
        }
    }
}
