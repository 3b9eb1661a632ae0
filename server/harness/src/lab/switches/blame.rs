//! From a compiler's errors to the variants that caused them. Pure.
//!
//! An error inside a variant's own part of a place is that variant's. One elsewhere in a place (the arms do not agree,
//! say) is laid on all variants of the place; one outside on those of the nearest place.

use super::cargo::{BuildError, Span};
use super::pack::Errors;
use super::weave::{Fabric, Woven};
use hephaestus_core::{ByteRange, RelPath};
use std::collections::BTreeMap;

/// What an error says about a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blame {
    /// The compiler's words.
    pub(super) message: String,
    /// Whether the variant would not compile anywhere else either.
    pub(super) certain: bool,
    /// Whether the error is in the variant's own text and not about how it fits its place.
    pub(super) own: bool,
}

/// Whom the errors blame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Verdicts {
    /// By variant.
    pub(super) blamed: BTreeMap<usize, Blame>,
    /// Errors that have nothing to do with any place.
    pub(super) unexplained: Vec<BuildError>,
}

/// Sorts the errors by the variants that caused them.
pub(super) fn blame(
    errors: &[BuildError],
    fabrics: &BTreeMap<RelPath, Fabric>,
    meaning: &Errors,
) -> Verdicts {
    let mut verdicts = Verdicts::default();
    for error in errors {
        let (variants, own) = culprits(error, fabrics);
        if variants.is_empty() {
            verdicts.unexplained.push(error.clone());
        }
        let doubtful = meaning.doubtful.iter().any(|words| error.message.contains(words.as_str()));
        let blame = Blame {
            message: if error.code.is_empty() {
                error.message.clone()
            } else {
                format!("{}: {}", error.code, error.message)
            },
            certain: own && meaning.certain.contains(&error.code),
            own: own && !doubtful,
        };
        for variant in variants {
            let known = verdicts.blamed.entry(variant).or_insert_with(|| blame.clone());
            if blame.certain && !known.certain {
                *known = blame.clone();
            }
        }
    }
    verdicts
}

/// The variants behind an error, and whether it lies in their own text.
fn culprits(error: &BuildError, fabrics: &BTreeMap<RelPath, Fabric>) -> (Vec<usize>, bool) {
    let (main, other) = error.spans.split_at_checked(error.main).unwrap_or((&error.spans, &[]));
    let in_arm = |span: &Span| arm(fabrics.get(&span.file)?, span.range);
    let own: Vec<usize> = main.iter().filter_map(in_arm).collect();
    if !own.is_empty() {
        return (own, true);
    }
    let beside: Vec<usize> = other.iter().filter_map(in_arm).collect();
    if !beside.is_empty() {
        return (beside, false);
    }
    // Expressions are checked where they stand; what a wider error is about is the flow.
    if let Some(variants) = error.spans.iter().find_map(|span| inside(fabrics.get(&span.file)?, span, true)) {
        return (variants, false);
    }
    let around = |span: &Span| innermost(fabrics.get(&span.file)?, span.range).map(variants);
    if let Some(variants) = error.spans.iter().find_map(around) {
        return (variants, false);
    }
    if let Some(variants) = error.spans.iter().find_map(|span| inside(fabrics.get(&span.file)?, span, false))
    {
        return (variants, false);
    }
    let nearest = |span: &Span| {
        let places = &fabrics.get(&span.file)?.places;
        places.iter().min_by_key(|place| distance(place.range, span.range)).map(variants)
    };
    (error.spans.iter().find_map(nearest).unwrap_or_default(), false)
}

/// The variants of the outermost places in a span; only of those among statements, if `flows`.
fn inside(fabric: &Fabric, span: &Span, flows: bool) -> Option<Vec<usize>> {
    let places = &fabric.places;
    let is_inside = |place: &Woven| {
        span.range.contains(place.range) && span.range != place.range && (place.flows || !flows)
    };
    let mut suspects: Vec<usize> = Vec::new();
    for place in places.iter().filter(|place| is_inside(place)) {
        if !place.parent.and_then(|at| places.get(at)).is_some_and(is_inside) {
            suspects.extend(variants(place));
        }
    }
    (!suspects.is_empty()).then_some(suspects)
}

fn variants(place: &Woven) -> Vec<usize> {
    place.arms.iter().map(|(variant, _)| *variant).collect()
}

fn arm(fabric: &Fabric, range: ByteRange) -> Option<usize> {
    let arms = fabric.places.iter().flat_map(|place| &place.arms);
    arms.filter(|(_, own)| own.contains(range)).min_by_key(|(_, own)| own.len()).map(|(variant, _)| *variant)
}

fn innermost(fabric: &Fabric, range: ByteRange) -> Option<&Woven> {
    fabric.places.iter().filter(|place| place.range.contains(range)).min_by_key(|place| place.range.len())
}

fn distance(place: ByteRange, range: ByteRange) -> usize {
    place.start.saturating_sub(range.end).max(range.start.saturating_sub(place.end))
}
