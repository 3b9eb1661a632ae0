//! No added line of code has what a directive forbids.

use super::Check;
use crate::Case;
use hephaestus_core::{Gate, Limits};
use regex::Regex;

pub(super) struct NothingForbidden;

impl Check for NothingForbidden {
    fn gate(&self) -> Gate {
        Gate::NothingForbidden
    }

    fn applies(&self, limits: &Limits) -> bool {
        !limits.forbid.is_empty()
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let forbidden = &case.parts.limits.forbid;
        let diff = case.code_diff();
        let added = || diff.iter().filter_map(|line| line.strip_prefix('+'));
        for pattern in forbidden {
            let expression = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
            let regex = expression.map_or_else(|| Regex::new(&regex::escape(pattern)), Regex::new);
            let Ok(regex) = regex else { return Err(format!("`{pattern}` cannot be looked for")) };
            if let Some(line) = added().find(|line| regex.is_match(line)) {
                return Err(format!("`{pattern}` is forbidden, and stands in `{}`", line.trim()));
            }
        }
        Ok("none of it is there".to_owned())
    }
}
