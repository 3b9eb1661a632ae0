//! The touched region: the innermost function around the goal, before and after; the whole file where there is none.

use hephaestus_core::{ByteRange, Goal};
use hephaestus_syntax::{Metrics, Parsed};

/// A region before and after.
pub(crate) struct Region {
    pub(crate) before: Metrics,
    pub(crate) after: Metrics,
    /// Annotated and annotatable places, and whether there is documentation, before and after; only for functions.
    pub(crate) function: Option<[Facts; 2]>,
}

/// What is counted of a function besides its metrics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) documented: bool,
    pub(crate) annotated: u32,
}

impl Region {
    pub(crate) fn of(goal: &Goal, before: &Parsed, after: &Parsed) -> Self {
        let function = before.function_at(goal.range);
        let twin = function.and_then(|function| {
            let same = after.functions().iter().filter(|other| other.qualified == function.qualified);
            same.min_by_key(|other| other.range.start.abs_diff(function.range.start))
        });
        match (function, twin) {
            (Some(function), Some(twin)) => Self {
                before: function.metrics,
                after: twin.metrics,
                function: Some([
                    Facts { documented: function.documented, annotated: function.typed.0 },
                    Facts { documented: twin.documented, annotated: twin.typed.0 },
                ]),
            },
            _ => {
                let whole = |parsed: &Parsed| parsed.metrics(ByteRange::new(0, parsed.file().text.len()));
                Self { before: whole(before), after: whole(after), function: None }
            }
        }
    }
}
