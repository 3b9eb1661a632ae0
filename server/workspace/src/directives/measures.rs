//! Thresholds of a directive: what the code measures with the change in it.

use crate::forging::Scope;
use crate::open::Workspace;
use crate::overlay::patched;
use crate::report::ForgeReport;
use hephaestus_core::{Dimension, Direction, Patch, Snapshot};
use hephaestus_directive::{Directive, Threshold};
use hephaestus_syntax::{Metrics, Parsed};
use std::sync::Arc;

/// A threshold, and whether it is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// What is measured.
    pub dimension: Dimension,
    /// The value it must reach or pass.
    pub wanted: f64,
    /// The worst value in the target; `None` where nobody measured it.
    pub value: Option<f64>,
    /// Where that was.
    pub place: Option<String>,
    /// Whether it is reached.
    pub holds: bool,
}

/// The limit of cognitive complexity that a directive sets.
pub(super) fn cognitive_limit(directive: &Directive) -> Option<u32> {
    let own = directive.thresholds.iter().find(|own| *own.dimension == Dimension::Cognitive)?;
    // Checked when the directive was read: a number that is no count does not come here.
    Some(own.value.value.clamp(0.0, f64::from(u32::MAX)) as u32)
}

/// Which thresholds are reached with `patch` in the workspace.
pub(super) fn reached(
    base: &Workspace,
    directive: &Directive,
    scope: &Scope,
    patch: &Patch,
    proved: Option<&ForgeReport>,
) -> Vec<Reached> {
    let after = patched(&base.snapshot, patch, base.languages).unwrap_or_else(|_| base.snapshot.clone());
    directive.thresholds.iter().map(|threshold| one(base, threshold, scope, &after, proved)).collect()
}

fn one(
    base: &Workspace,
    threshold: &Threshold,
    scope: &Scope,
    after: &Snapshot,
    proved: Option<&ForgeReport>,
) -> Reached {
    let (dimension, wanted) = (*threshold.dimension, *threshold.value);
    let reached = |value: Option<f64>, place, holds| Reached { dimension, wanted, value, place, holds };
    if let Some(of) = counted(dimension) {
        let functions = functions(base, scope, after);
        let worst = functions.iter().map(|(place, metrics)| (of(metrics), place));
        let worst = worst.max_by(|left, right| left.0.total_cmp(&right.0));
        let value = worst.as_ref().map_or(0.0, |(value, _)| *value);
        return reached(Some(value), worst.map(|(_, place)| place.clone()), value <= wanted);
    }
    // What takes a run to be measured is known of what was tried.
    let measures = proved.into_iter().flat_map(super::taken).filter_map(|offer| {
        let measure = offer.score.measure(dimension)?;
        Some((*measure, format!("{}:{}", offer.goal.file, offer.goal.line)))
    });
    let good = |measure: &hephaestus_core::Measure| match measure.direction {
        Direction::Lower => measure.after <= wanted,
        Direction::Higher => measure.after >= wanted,
        Direction::Shown => false,
    };
    let measures: Vec<_> = measures.collect();
    let worst = measures.iter().find(|(measure, _)| !good(measure)).or_else(|| measures.first());
    match worst {
        Some((measure, place)) => reached(Some(measure.after), Some(place.clone()), good(measure)),
        None => reached(None, None, false),
    }
}

/// What can be counted in a function without running anything; lower is better in all of them.
fn counted(dimension: Dimension) -> Option<fn(&Metrics) -> f64> {
    match dimension {
        Dimension::Cognitive => Some(|metrics| f64::from(metrics.cognitive)),
        Dimension::Cyclomatic => Some(|metrics| f64::from(metrics.cyclomatic)),
        Dimension::Size => Some(|metrics| f64::from(metrics.tokens)),
        Dimension::Statements => Some(|metrics| f64::from(metrics.statements)),
        Dimension::Nesting => Some(|metrics| f64::from(metrics.nesting)),
        _ => None,
    }
}

/// The functions a directive is about, each with its place.
fn functions(base: &Workspace, scope: &Scope, after: &Snapshot) -> Vec<(String, Metrics)> {
    let editable = scope.editable.iter().flatten().filter_map(|path| after.file(path));
    let mut found = Vec::new();
    for file in editable {
        let language = base.languages.get(&file.language);
        let Some(parsed) = language.and_then(|language| Parsed::new(language, Arc::clone(file))) else {
            continue;
        };
        let own =
            parsed.functions().iter().filter(|own| scope.symbols.is_empty() || scope.names(&own.qualified));
        found.extend(own.map(|own| (format!("{} in {}", own.qualified, file.path), own.metrics)));
    }
    found
}
