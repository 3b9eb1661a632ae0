//! From a compiler's errors to the variants that caused them. Pure.
//!
//! An error inside a variant's own part of a place is that variant's. One elsewhere in a place (the arms do not agree,
//! say) is laid on all variants of the place; one outside on those of the nearest place.

use super::pack::Errors;
use super::project::{BuildError, Span};
use super::weave::{Fabric, Woven};
use hephaestus_core::{ByteRange, RelPath};
use std::collections::BTreeMap;

/// How many places inside one another are suspected together.
const FEW: usize = 8;

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
            message: error.to_string(),
            certain: own && meaning.is_certain(error),
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
    let all: Vec<&Woven> = places.iter().filter(|place| is_inside(place)).collect();
    let nested = |place: &Woven| place.parent.and_then(|at| places.get(at)).is_some_and(is_inside);
    // A few are taken at once: each that is asked one by one costs a build.
    let few = flows && all.len() <= FEW;
    let suspects: Vec<usize> =
        all.into_iter().filter(|place| few || !nested(place)).flat_map(variants).collect();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn place(
        range: (usize, usize),
        arms: &[(usize, usize, usize)],
        flows: bool,
        parent: Option<usize>,
    ) -> Woven {
        let arms =
            arms.iter().map(|(variant, start, end)| (*variant, ByteRange::new(*start, *end))).collect();
        Woven { site: 0, range: ByteRange::new(range.0, range.1), arms, flows, parent }
    }

    /// A statement with an expression in its original part, and another statement further on.
    fn fabrics() -> BTreeMap<RelPath, Fabric> {
        let places = vec![
            place((10, 100), &[(0, 20, 30), (1, 30, 40)], true, None),
            place((50, 90), &[(2, 60, 70)], false, Some(0)),
            place((200, 300), &[(3, 210, 220)], true, None),
        ];
        BTreeMap::from([(RelPath::new("a.rs").unwrap(), Fabric { text: String::new(), places })])
    }

    fn blamed(code: &str, message: &str, main: &[(usize, usize)], other: &[(usize, usize)]) -> Verdicts {
        let file = RelPath::new("a.rs").unwrap();
        let spans = main.iter().chain(other);
        let spans =
            spans.map(|(start, end)| Span { file: file.clone(), range: ByteRange::new(*start, *end) });
        let error = BuildError {
            code: code.to_owned(),
            message: message.to_owned(),
            spans: spans.collect(),
            main: main.len(),
        };
        let meaning = Errors { certain: vec!["E1".to_owned()], doubtful: vec!["arms".to_owned()] };
        blame(&[error], &fabrics(), &meaning)
    }

    fn who(verdicts: &Verdicts) -> Vec<usize> {
        verdicts.blamed.keys().copied().collect()
    }

    #[test]
    fn an_error_in_a_variants_own_text_is_its_own() {
        let verdicts = blamed("E1", "no", &[(22, 25)], &[(200, 300)]);
        assert_eq!(who(&verdicts), [0]);
        assert!(verdicts.blamed[&0].certain && verdicts.blamed[&0].own);
        let verdicts = blamed("E2", "arms differ", &[(22, 25)], &[]);
        assert!(!verdicts.blamed[&0].certain && !verdicts.blamed[&0].own, "it may be the switch's fault");
    }

    #[test]
    fn an_error_in_the_original_is_laid_on_whom_it_points_at_or_on_all_of_the_place() {
        assert_eq!(who(&blamed("E2", "no", &[(95, 96)], &[(31, 32)])), [1]);
        assert_eq!(who(&blamed("E2", "no", &[(95, 96)], &[])), [0, 1]);
        assert_eq!(who(&blamed("E2", "no", &[(80, 82)], &[])), [2], "the innermost place");
    }

    #[test]
    fn a_wide_error_is_laid_on_the_flow_and_one_outside_on_the_nearest() {
        let verdicts = blamed("E2", "no", &[(0, 150)], &[]);
        assert_eq!(who(&verdicts), [0, 1]);
        assert!(verdicts.blamed.values().all(|blame| !blame.own));
        assert_eq!(who(&blamed("E2", "no", &[(310, 312)], &[])), [3]);
        let nowhere = blamed("E2", "no", &[], &[]);
        assert_eq!((nowhere.blamed.len(), nowhere.unexplained.len()), (0, 1));
    }
}
