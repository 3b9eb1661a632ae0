//! All improvements together: what can stand side by side is merged and proved as one; what cannot is named.
//!
//! Two improvements may touch the same lines, or each hold alone and fail together. The better one stays.

use hephaestus_core::{CancelToken, Candidate, GoalId, Offer, Patch, TrialCost, Verdict};
use hephaestus_harness::Harness;
use std::collections::BTreeSet;
use std::time::Duration;

/// The improvements that hold together.
#[derive(Debug, Clone)]
pub(crate) struct Together {
    /// The merged patch.
    pub(crate) patch: Patch,
    /// The verdict on it.
    pub(crate) verdict: Verdict,
    /// Goals whose improvement is in it.
    pub(crate) taken: Vec<GoalId>,
    /// Goals whose improvement holds alone but not beside the others.
    pub(crate) left_out: Vec<GoalId>,
    /// What proving it took.
    pub(crate) cost: TrialCost,
}

/// Splits offers into those kept and those that touch the same lines as a better one. The order of `offers` is kept;
/// what decides is the score.
pub(crate) fn disjoint(offers: Vec<Offer>) -> (Vec<Offer>, Vec<(GoalId, Candidate)>) {
    let mut order: Vec<usize> = (0..offers.len()).collect();
    // What works comes before what reads well, and a function brought under its limit is worth more than one of the
    // steps on the way there.
    let worth = |index: &usize| {
        offers.get(*index).map_or((0, 0.0), |offer| {
            let reaches = offer.goal.acceptance.target.is_some() && offer.score.target_met;
            let is_repair = offer.goal.mends_tests();
            (2 * u8::from(is_repair) + u8::from(reaches), offer.score.weighted)
        })
    };
    order.sort_by(|left, right| {
        let (mine, theirs) = (worth(left), worth(right));
        theirs.0.cmp(&mine.0).then(theirs.1.total_cmp(&mine.1)).then(left.cmp(right))
    });
    let mut merged = Patch::default();
    let mut kept = vec![None; offers.len()];
    for index in order {
        let Some(offer) = offers.get(index) else { continue };
        if let Ok(next) = merged.merge(&offer.candidate.patch) {
            merged = next;
            if let Some(slot) = kept.get_mut(index) {
                *slot = Some(());
            }
        }
    }
    let (mut stay, mut go) = (Vec::new(), Vec::new());
    for (offer, keep) in offers.into_iter().zip(kept) {
        if keep.is_some() { stay.push(offer) } else { go.push((offer.goal.id, offer.candidate)) }
    }
    (stay, go)
}

/// Proves `offers` together; where they fail, halves are proved until the ones that do not get along are found.
pub(crate) fn prove_together(
    harness: &Harness,
    offers: &[Offer],
    runs: u32,
    cancel: &CancelToken,
) -> Together {
    let cost = TrialCost { wall: Duration::ZERO, cpu: Duration::ZERO };
    let mut search = Search { harness, runs, cancel, cost, mended: BTreeSet::new() };
    let mut patch = Patch::default();
    let mut left_out = Vec::new();
    let verdict = search.extend(&mut patch, offers, &mut left_out);
    let taken =
        offers.iter().map(|offer| offer.goal.id.clone()).filter(|id| !left_out.contains(id)).collect();
    Together { patch, verdict, taken, left_out, cost: search.cost }
}

struct Search<'a> {
    harness: &'a Harness,
    runs: u32,
    cancel: &'a CancelToken,
    cost: TrialCost,
    /// Red tests that the base makes pass.
    mended: BTreeSet<String>,
}

/// `before` and the tests that `offers` make pass.
fn mended(before: &BTreeSet<String>, offers: &[Offer]) -> BTreeSet<String> {
    let of_offers = offers.iter().flat_map(|offer| &offer.goal.acceptance.must_pass);
    before.iter().chain(of_offers).cloned().collect()
}

impl Search<'_> {
    /// Adds as many of `offers` to `base` as hold together with it. `base` is proved already (or empty).
    fn extend(&mut self, base: &mut Patch, offers: &[Offer], left_out: &mut Vec<GoalId>) -> Verdict {
        if offers.is_empty() {
            return Verdict::Passed;
        }
        let merged = offers.iter().try_fold(base.clone(), |patch, offer| patch.merge(&offer.candidate.patch));
        let mended = mended(&self.mended, offers);
        let verdict = match &merged {
            Ok(merged) => self.prove(merged, &mended),
            Err(_) => Verdict::Unviable,
        };
        match (verdict, merged) {
            (Verdict::Passed, Ok(merged)) => {
                *base = merged;
                self.mended = mended;
                Verdict::Passed
            }
            (Verdict::Cancelled | Verdict::Errored, _) => {
                left_out.extend(offers.iter().map(|offer| offer.goal.id.clone()));
                verdict
            }
            _ if offers.len() == 1 => {
                left_out.extend(offers.iter().map(|offer| offer.goal.id.clone()));
                Verdict::Passed
            }
            _ => {
                let (first, second) = offers.split_at(offers.len() / 2);
                let verdict = self.extend(base, first, left_out);
                if verdict != Verdict::Passed {
                    left_out.extend(second.iter().map(|offer| offer.goal.id.clone()));
                    return verdict;
                }
                self.extend(base, second, left_out)
            }
        }
    }

    /// Proves `patch`, with which the red tests in `mended` have to pass beside all those that pass without it.
    fn prove(&mut self, patch: &Patch, mended: &BTreeSet<String>) -> Verdict {
        let must_pass: Vec<String> = mended.iter().cloned().collect();
        let (verdict, _, cost) = self.harness.prove_with(patch, &must_pass, self.runs, self.cancel);
        self.cost.wall += cost.wall;
        self.cost.cpu += cost.cpu;
        verdict
    }
}
