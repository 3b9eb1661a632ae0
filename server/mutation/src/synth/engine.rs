//! The engine: from a hole and the failing tests that run into it to bodies that make them pass.

use std::collections::BTreeMap;
use std::time::Duration;

use hephaestus_core::{
    Candidate, Edit, Engine, EngineContext, EngineId, Found, Goal, GoalKind, Patch, ProbeEnd, ProbeRequest,
    Question, Variant,
};
use hephaestus_syntax::{Hole, Languages, Parsed};

use super::judge::Ranked;
use super::kit::{Kit, KitError};
use super::place::{filled, hole_of};
use super::print::{Printer, literal};
use super::reading::{Signature, specification};
use super::shop::{Effort, Shop};
use super::solve::{Outcome, Specification, solve};
use super::term::{Body, Came};
use super::types::Type;
use super::value::Value;

/// The engine's name.
const NAME: &str = "synth";
/// How many bodies are shown to the tests.
const SHOWN: usize = 12;
/// How many candidates go on to the trial.
const CANDIDATES: usize = 4;
/// The fewest examples that say anything.
const LEAST: usize = 2;
/// What showing them may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Writes bodies that are missing.
pub struct Synth {
    languages: &'static Languages,
    kits: BTreeMap<String, Kit>,
    effort: Effort,
}

/// A body as text, with what is known about it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// What it costs: length, weighed by what is usual.
    cost: u32,
    body: Body,
    ranked: Ranked,
    printed: Vec<super::print::Line>,
}

impl Synth {
    /// The engine with the packs' components.
    ///
    /// # Errors
    /// When one of our own data files is malformed (tests prevent it).
    pub fn new(languages: &'static Languages) -> Result<Self, KitError> {
        let mut kits = BTreeMap::new();
        for language in languages.all() {
            if let Some(kit) = Kit::of(language.pack())? {
                kits.insert(language.pack().id.clone(), kit);
            }
        }
        Ok(Self { languages, kits, effort: Effort::default() })
    }

    /// What a specification of the goal's hole says, and bodies for it.
    fn written(
        &self,
        parsed: &Parsed,
        hole: &Hole,
        context: &EngineContext<'_>,
    ) -> Option<(Specification, Outcome, Vec<Written>)> {
        let kit = self.kits.get(parsed.language().id().as_str())?;
        let signature = Signature::of(parsed, hole, kit)?;
        let own = specification(&signature, parsed.file(), context.snapshot, kit)?;
        if own.examples.len() < LEAST {
            tracing::info!("`{}`: fewer than {LEAST} examples were found in the tests", own.name);
            return None;
        }
        let outcome = solve(&own, kit, self.effort, context.cancel);
        let written = outcome.found.iter().map(|ranked| write(&own, kit, ranked, context)).collect();
        if outcome.found.is_empty() {
            tracing::info!(
                "`{}`: not found: {} expressions up to length {} were tried on {} examples; {}",
                own.name,
                outcome.tried,
                outcome.cost,
                own.examples.len(),
                outcome.ended
            );
        }
        Some((own, outcome, written))
    }
}

/// Which types there are, as the search numbered them.
fn types_of(own: &Specification, kit: &Kit, context: &EngineContext<'_>) -> Vec<Type> {
    let mut types: Vec<Type> = own.parameters.iter().map(|parameter| parameter.ty.clone()).collect();
    types.push(own.output.clone());
    Shop::new(kit, kit.rules.clone(), &types, Effort::default(), context.cancel).types
}

fn write(own: &Specification, kit: &Kit, ranked: &Ranked, context: &EngineContext<'_>) -> Written {
    let types = types_of(own, kit, context);
    let printed = Printer::new(kit, &types, own).body(&ranked.body);
    Written { cost: ranked.cost, body: ranked.body.clone(), ranked: ranked.clone(), printed }
}

impl Engine for Synth {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, goal: &Goal) -> bool {
        matches!(goal.kind, GoalKind::Hole | GoalKind::Repair) && !goal.acceptance.must_pass.is_empty()
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        if !context.parents.is_empty() {
            return Vec::new();
        }
        let Some((parsed, hole)) = hole_of(goal, context.snapshot, self.languages) else { return Vec::new() };
        if !goal.footprint.contains(&parsed.file().path) {
            return Vec::new();
        }
        let Some((own, outcome, written)) = self.written(&parsed, &hole, context) else { return Vec::new() };
        let Some(kit) = self.kits.get(parsed.language().id().as_str()) else { return Vec::new() };
        let file = parsed.file();
        let edits: Vec<(Written, Edit)> = written
            .into_iter()
            .take(SHOWN)
            .map(|own| {
                let edit = filled(&file.text, &hole, &own.printed, kit.layout.step);
                (own, edit)
            })
            .collect();
        let held = shown(goal, context, &parsed, edits);
        let alternatives = u32::try_from(held.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let mended = u32::try_from(goal.acceptance.must_pass.len()).unwrap_or(u32::MAX);
        let candidates = held.into_iter().take(CANDIDATES.min(context.limit)).enumerate();
        candidates
            .filter_map(|(nth, (written, edit))| {
                let patch = Patch::edit(file.path.clone(), file.hash.clone(), vec![edit]).ok()?;
                let prior = written.ranked.share / (1.0 + f64::from(u32::try_from(nth).unwrap_or(u32::MAX)));
                let operators = vec![format!("synth/{}", sort_of(&written.body))];
                let mut candidate = Candidate::new(&goal.id, patch, EngineId::new(NAME), operators, prior);
                candidate.found = Some(Found {
                    tried: outcome.tried,
                    cpu: Duration::ZERO,
                    alternatives,
                    agreeing: written.ranked.agreeing.min(alternatives),
                    questions: questions(&own, kit, &written.ranked),
                    mended,
                    confidence: confidence(&own, &written),
                });
                Some(candidate)
            })
            .collect()
    }
}

/// How sure one may be: by its share of what is likely, by how many examples speak for how much code.
fn confidence(own: &Specification, written: &Written) -> f64 {
    let examples = f64::from(u32::try_from(own.examples.len()).unwrap_or(u32::MAX));
    let per_part = examples / f64::from(written.cost.max(1));
    written.ranked.share * per_part.clamp(0.3, 0.95)
}

fn sort_of(body: &Body) -> &'static str {
    match body {
        Body::Give(_) => "expression",
        Body::When { .. } => "conditions",
        Body::Raise(..) => "error",
    }
}

/// Those with which the tests pass, where somebody can show them; all of them otherwise.
fn shown(
    goal: &Goal,
    context: &EngineContext<'_>,
    parsed: &Parsed,
    written: Vec<(Written, Edit)>,
) -> Vec<(Written, Edit)> {
    let Some(probe) = context.probe else { return written };
    let variants: Vec<Variant> = written
        .iter()
        .zip(0..)
        .map(|((_, edit), id)| Variant { id, file: parsed.file().path.clone(), edits: vec![edit.clone()] })
        .collect();
    let request = ProbeRequest {
        variants: &variants,
        red: &goal.acceptance.must_pass,
        green: &[],
        ahead: 1,
        limit: LIMIT,
    };
    let mut ends: BTreeMap<u32, ProbeEnd> = BTreeMap::new();
    let asked = probe.probe(&request, context.cancel, &mut |probed| {
        ends.insert(probed.variant, probed.end);
    });
    if let Err(reason) = asked {
        tracing::info!("not every body was shown to the tests: {reason}");
    }
    // Whom nobody tried is not held back: the trial decides.
    let holds = |id: u32| ends.get(&id).is_none_or(|end| *end == ProbeEnd::Passed);
    written.into_iter().zip(0..).filter(|(_, id)| holds(*id)).map(|(own, _)| own).collect()
}

/// Inputs on which bodies that explain the examples differ, in the language's words.
fn questions(own: &Specification, kit: &Kit, ranked: &Ranked) -> Vec<Question> {
    let word = |came: &Came| match came {
        Came::Value(Value::Error) => "raises an error".to_owned(),
        Came::Value(value) => literal(value, &own.output, kit).0,
        Came::Raised(name) => format!("raises {name}"),
    };
    let question = |(input, answer, others): &(Vec<Value>, Came, Vec<Came>)| {
        let args =
            input.iter().zip(&own.parameters).map(|(value, parameter)| literal(value, &parameter.ty, kit).0);
        let args: Vec<String> = args.collect();
        let input = format!("{}({})", own.name, args.join(", "));
        Question { input, answer: word(answer), others: others.iter().map(word).collect() }
    };
    ranked.open.iter().map(question).collect()
}
