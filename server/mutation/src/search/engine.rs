//! The engine: from a failing test to ranked changes.

use std::sync::Arc;

use hephaestus_core::{
    Candidate, Edit, Engine, EngineContext, EngineId, Found, Goal, GoalKind, Patch, RelPath, SearchPart,
    SearchSettings, Snapshot, Spectrum, TracedTest,
};
use hephaestus_syntax::{Languages, LineIndex, Parsed};

use super::hunt::{Change, Hunt, file_of, merged};
use super::locate::{Region, Suspicion, line_of, regions};
use super::pool::{Mined, mine};
use super::prior::Prior;
use super::rank::{Ranked, Ranking};
use super::scene::Scene;
use super::space::space;
use super::{Lexicons, SearchError};
use crate::synth::hole_of;

/// The engine's name.
pub(crate) const NAME: &str = "search";
/// How many functions are looked at.
const FUNCTIONS: usize = 6;
/// How many changes of one function are looked at.
const PER_FUNCTION: usize = 60_000;
/// How many candidates go on to the trial.
const CANDIDATES: usize = 5;

/// Searches for repairs.
pub struct Search {
    languages: &'static Languages,
    lexicons: Lexicons,
    prior: Prior,
    settings: SearchSettings,
}

impl Search {
    /// The engine with the shipped prior.
    ///
    /// # Errors
    /// When one of our own data files is malformed (tests prevent it).
    pub fn new(languages: &'static Languages, settings: SearchSettings) -> Result<Self, SearchError> {
        let lexicons = Lexicons::builtin(languages)?;
        let is_out = settings.without.contains(&SearchPart::Prior);
        let prior = if is_out { Ok(Prior::flat()) } else { Prior::shipped() };
        let prior = prior
            .map_err(|source| SearchError { pack: "prior.toml".to_owned(), source: Box::new(source) })?;
        Ok(Self { languages, lexicons, prior, settings })
    }

    fn has(&self, part: SearchPart) -> bool {
        !self.settings.without.contains(&part)
    }

    /// What the tests mention.
    fn mined(&self, goal: &Goal, snapshot: &Snapshot, spectrum: &[&TracedTest]) -> Mined {
        let mut mined = Mined::default();
        for file in snapshot.files.values().filter(|file| file.is_test) {
            let lines = spectrum.iter().filter_map(|test| test.lines.get(&file.path)).flatten();
            let lines: std::collections::BTreeSet<u32> = lines.copied().collect();
            let is_named = file.path == goal.file;
            if lines.is_empty() && !is_named {
                continue;
            }
            let Some(language) = self.languages.get(&file.language) else { continue };
            let Some(parsed) = Parsed::new(language, Arc::clone(file)) else { continue };
            let Some(lexicon) = self.lexicons.of(&parsed) else { continue };
            let index = LineIndex::new(Arc::clone(&file.text));
            let scene = Scene::new(&parsed, lexicon);
            let own = parsed.functions().iter().map(|function| function.range).filter(|range| {
                lines.range(line_of(&index, range.start)..=line_of(&index, range.end)).next().is_some()
            });
            let own: Vec<_> = own.collect();
            let whole = [hephaestus_core::ByteRange::new(0, file.text.len())];
            mine(&scene, if own.is_empty() { &whole } else { &own }, &mut mined);
        }
        mined
    }

    /// Every change worth trying, the likeliest first, and the regions they are in.
    fn changes(
        &self,
        goal: &Goal,
        snapshot: &Snapshot,
        spectrum: &Spectrum,
        red: &[&TracedTest],
    ) -> (Vec<Region>, Vec<Change>) {
        let suspicion = Suspicion::of(red, &spectrum.green);
        let allowed = |path: &RelPath| goal.footprint.contains(path);
        let mined = self.mined(goal, snapshot, red);
        let mut spaces = Vec::new();
        let mut found = Vec::new();
        for (region, parsed) in
            regions(&suspicion, snapshot, self.languages, &allowed).into_iter().take(FUNCTIONS)
        {
            let Some(lexicon) = self.lexicons.of(&parsed) else { continue };
            let index = LineIndex::new(Arc::clone(&parsed.file().text));
            let at = |byte: usize| {
                let own = suspicion.at(&region.file, line_of(&index, byte));
                // A line that does not run is part of one that does, or was not reached because of it.
                if self.has(SearchPart::Localisation) { own.max(0.3 * region.suspicion) } else { 1.0 }
            };
            let mut rated = space(&parsed, lexicon, region.range, &mined, &self.prior, &at);
            rated.truncate(PER_FUNCTION);
            spaces.push((found.len(), rated));
            found.push(region);
        }
        (found, merged(spaces))
    }
}

impl Engine for Search {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, goal: &Goal) -> bool {
        goal.kind == GoalKind::Repair
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        let Some(probe) = context.probe.filter(|_| context.parents.is_empty()) else { return Vec::new() };
        // Small changes make no body out of nothing.
        if hole_of(goal, context.snapshot, self.languages).is_some() {
            return Vec::new();
        }
        let Ok(spectrum) = probe.spectrum(&goal.language, context.cancel) else { return Vec::new() };
        let is_mine = |test: &&TracedTest| goal.acceptance.must_pass.contains(&test.id);
        let red: Vec<&TracedTest> = spectrum.red.iter().filter(is_mine).collect();
        if red.is_empty() {
            return Vec::new();
        }
        let (regions, changes) = self.changes(goal, context.snapshot, &spectrum, &red);
        let ids = red.iter().map(|test| test.id.clone()).collect();
        let mut hunt = Hunt::new(probe, context.cancel, &regions, ids, &spectrum);
        hunt.pairs = self.has(SearchPart::Pairs);
        let outcome = hunt.go(changes);
        if let Some(reason) = &outcome.ended {
            tracing::info!("the search for a repair ended: {reason}");
        }
        let ranking = Ranking {
            probe,
            cancel: context.cancel,
            regions: &regions,
            spectrum: &spectrum,
            seed: context.seed,
            snapshot: context.snapshot,
            looks_further: self.has(SearchPart::Ranking),
        };
        let alternatives = u32::try_from(outcome.found.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let all_red = spectrum.green.is_empty() || red.len() > 1;
        let ranked = ranking.rank(outcome.found);
        let found = |own: &Ranked| Found {
            tried: outcome.tried,
            cpu: outcome.cpu,
            alternatives,
            agreeing: own.agreeing,
            questions: own.questions.clone(),
            mended: u32::try_from(red.len()).unwrap_or(u32::MAX),
            confidence: confidence(own.share, all_red),
        };
        let candidates = ranked.iter().take(CANDIDATES.min(context.limit)).enumerate();
        candidates
            .filter_map(|(nth, own)| {
                let patch = patch(context.snapshot, file_of(&regions, &own.change)?, &own.change.edits)?;
                let operators = own.change.families.iter().map(|family| format!("repair/{family}")).collect();
                // The order of the ranks is what counts, not how far apart they are.
                let prior = own.share / (1.0 + f64::from(u32::try_from(nth).unwrap_or(u32::MAX)));
                let mut candidate = Candidate::new(&goal.id, patch, EngineId::new(NAME), operators, prior);
                candidate.found = Some(found(own));
                Some(candidate)
            })
            .collect()
    }
}

/// How sure a search may be: by its share of what is likely, and less where a single test speaks for it.
fn confidence(share: f64, several_tests: bool) -> f64 {
    share * if several_tests { 0.95 } else { 0.6 }
}

fn patch(snapshot: &Snapshot, path: &RelPath, edits: &[Edit]) -> Option<Patch> {
    let file = snapshot.file(path)?;
    Patch::edit(path.clone(), file.hash.clone(), edits.to_vec()).ok()
}
