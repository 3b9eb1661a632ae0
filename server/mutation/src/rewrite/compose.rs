//! Composition: one round of the beam search that untangles a function.
//!
//! A rewrite counts when it lowers the function's cognitive complexity. One that leaves it as it is may still open the
//! way for another one (an `else` that has to go before a guard can come), so such rewrites are looked through once.
//! Extractions come after the rules, from the starting point only: they always simplify and never open the way.

use hephaestus_core::{ByteRange, Candidate, Edit, EngineContext, EngineId, Goal, Patch, SourceFile};
use hephaestus_syntax::{Language, Languages, Parsed, RuleSets};
use std::sync::Arc;

use super::extract;

/// Rewrites that do not simplify by themselves and are looked through for ones that do, per starting point.
const ENABLERS: usize = 16;

/// A function's text on the way, with what was done to it.
struct Draft {
    parsed: Parsed,
    cognitive: u32,
    /// The most complex function that was cut out of it in this round.
    helper: u32,
    steps: Vec<String>,
}

/// Candidates for one round: from the original when there are no parents, else from each of them.
pub(super) fn propose(
    languages: &'static Languages,
    rules: &RuleSets,
    goal: &Goal,
    context: &EngineContext<'_>,
) -> Vec<Candidate> {
    let Some(original) = context.snapshot.file(&goal.file) else { return Vec::new() };
    let Some(language) = languages.get(&goal.language) else { return Vec::new() };
    let round = Round { language, rules, goal, original, context };
    if context.parents.is_empty() {
        return round.from(&original.text, None);
    }
    let mut candidates = Vec::new();
    for (parent, _) in context.parents {
        if let Ok(Some(text)) = parent.patch.apply_to(&goal.file, Some(&original.text)) {
            candidates.extend(round.from(&text, Some(parent)));
        }
    }
    candidates
}

struct Round<'a> {
    language: &'a Language,
    rules: &'a RuleSets,
    goal: &'a Goal,
    original: &'a SourceFile,
    context: &'a EngineContext<'a>,
}

impl Round<'_> {
    fn from(&self, text: &str, parent: Option<&Candidate>) -> Vec<Candidate> {
        let Some(start) = self.draft(text, vec![]) else { return Vec::new() };
        let (mut better, mut enablers): (Vec<Draft>, Vec<Draft>) =
            self.next(&start).into_iter().partition(|draft| draft.cognitive < start.cognitive);
        enablers.truncate(ENABLERS);
        for enabler in enablers.iter().filter(|draft| draft.cognitive == start.cognitive) {
            if self.context.cancel.is_cancelled() {
                break;
            }
            better.extend(self.next(enabler).into_iter().filter(|draft| draft.cognitive < start.cognitive));
        }
        better.extend(self.extracted(&start).into_iter().filter(|draft| draft.cognitive < start.cognitive));
        better.sort_by_key(|draft| (draft.cognitive.max(draft.helper), draft.cognitive, draft.steps.len()));
        better.truncate(self.context.limit);
        better.into_iter().filter_map(|draft| self.candidate(&start, draft, parent)).collect()
    }

    /// Every text one rule away.
    fn next(&self, draft: &Draft) -> Vec<Draft> {
        let Some(range) = self.function(&draft.parsed).map(|(range, _)| range) else { return Vec::new() };
        let matches = self.rules.matches_in(&draft.parsed, range);
        matches.into_iter().filter_map(|found| self.edited(draft, vec![found.edit], &found.rule.id)).collect()
    }

    /// Every text one extraction away whose new function keeps the limit itself: complexity is not moved as a whole.
    fn extracted(&self, draft: &Draft) -> Vec<Draft> {
        let Some((range, cognitive)) = self.function(&draft.parsed) else { return Vec::new() };
        let limit = self.goal.acceptance.target.map_or(f64::from(cognitive) / 2.0, |target| target.at);
        let mut drafts = Vec::new();
        for cut in extract::extractions(&draft.parsed, range) {
            if self.context.cancel.is_cancelled() {
                break;
            }
            if f64::from(cut.helper) <= limit
                && let Some(next) = self.edited(draft, cut.edits, extract::STEP)
            {
                drafts.push(Draft { helper: cut.helper, ..next });
            }
        }
        drafts
    }

    fn edited(&self, draft: &Draft, edits: Vec<Edit>, step: &str) -> Option<Draft> {
        let file = draft.parsed.file();
        let patch = Patch::edit(file.path.clone(), file.hash.clone(), edits).ok()?;
        let text = patch.apply_to(&file.path, Some(&file.text)).ok()??;
        self.draft(&text, draft.steps.iter().cloned().chain([step.to_owned()]).collect())
    }

    fn draft(&self, text: &str, steps: Vec<String>) -> Option<Draft> {
        let file =
            SourceFile::new(self.goal.file.clone(), self.goal.language.clone(), text, self.original.is_test);
        let parsed = Parsed::with_cancel(self.language, Arc::new(file), self.context.cancel)?;
        if !parsed.error_ranges().is_empty() && !steps.is_empty() {
            return None;
        }
        let cognitive = self.function(&parsed)?.1;
        Some(Draft { parsed, cognitive, helper: 0, steps })
    }

    /// The goal's function in a changed text: by name, nearest to where it was.
    fn function(&self, parsed: &Parsed) -> Option<(ByteRange, u32)> {
        let name = self.goal.symbol.as_deref()?;
        parsed
            .functions()
            .iter()
            .filter(|function| function.qualified == name)
            .min_by_key(|function| function.range.start.abs_diff(self.goal.range.start))
            .map(|function| (function.range, function.metrics.cognitive))
    }

    fn candidate(&self, start: &Draft, draft: Draft, parent: Option<&Candidate>) -> Option<Candidate> {
        let patch = Patch::between(self.goal.file.clone(), &self.original.text, &draft.parsed.file().text);
        if patch.is_empty() {
            return None;
        }
        let gain = f64::from(start.cognitive - draft.cognitive) / f64::from(start.cognitive.max(1));
        let prior = 0.5 + gain / 2.0;
        let candidate = Candidate::new(&self.goal.id, patch, EngineId::new(super::NAME), draft.steps, prior);
        Some(match parent {
            Some(parent) => candidate.going_on_from(parent),
            None => candidate,
        })
    }
}
