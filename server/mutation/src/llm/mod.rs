//! The engine that asks a language model: off until it is configured and allowed, and believed no more than any other.
//!
//! The only place of this crate that knows the network (`client.rs`). Keys, consent and what is remembered come in from
//! outside: this folder reads no file and no environment. What is sent has gone through `redact.rs`, what may be spent
//! through `purse.rs`, and each request is told to the [`Journal`].

mod answers;
mod anthropic;
mod archive;
mod asker;
mod client;
mod openai;
mod prompts;
mod provider;
mod purse;
mod redact;
mod scene;
mod sse;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hephaestus_core::{
    CancelToken, Candidate, Engine, EngineContext, EngineId, Exchange, Goal, LlmSettings, Patch, Setback,
    SourceFile,
};
use hephaestus_syntax::Languages;

pub use client::EndpointError;
pub use provider::{Secret, Usage};

use answers::Reader;
use archive::{Archive, Arm, Draw};
use asker::{Asker, Draft, Sleeper};
use client::{Client, Patience};
use prompts::{Prompts, WAYS};
use scene::Scene;

/// The engine's name.
pub(crate) const NAME: &str = "llm";

/// How much a model's first answer is believed before it is tried: less than anything that was searched for or derived.
const PRIOR: f64 = 0.3;

/// Remembers answers, and keeps the record of everything that was sent.
pub trait Journal: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;
    /// An earlier answer.
    fn recall(&self, key: &str) -> Option<Vec<u8>>;
    /// Keeps an answer.
    fn keep(&self, key: &str, bytes: &[u8]);
    /// Keeps an exchange, in place of the one with its id.
    fn record(&self, exchange: &Exchange);
    /// Something the user should know.
    fn tell(&self, message: &str);
}

/// Everything the engine needs from outside. Whoever makes one vouches for the user's consent.
pub struct Access {
    /// What was set.
    pub settings: LlmSettings,
    /// The key, where the endpoint needs one.
    pub key: Option<Secret>,
    /// Prompts that replace the built-in ones, by name.
    pub prompts: BTreeMap<String, String>,
    /// Where everything is written down.
    pub journal: Box<dyn Journal>,
    /// Asks again, whatever is remembered.
    pub fresh: bool,
    /// What the run has used of its budget already.
    pub used: Usage,
}

/// The names of the prompts that may be replaced: those of their files, without `.md`.
#[must_use]
pub fn prompt_names() -> Vec<&'static str> {
    Prompts::names().collect()
}

/// The models that the configured endpoint offers. Sends the key, and no code.
///
/// # Errors
/// A sentence that says what went wrong.
pub fn models(
    settings: &LlmSettings,
    key: Option<Secret>,
    cancel: &CancelToken,
) -> Result<Vec<String>, String> {
    let provider = settings.provider.ok_or("no provider is set")?;
    let patience = Patience::with_first(Duration::from_secs(settings.wait.min(20)));
    let endpoint = settings.endpoint().unwrap_or_default();
    let client = Client::new(provider, endpoint, key, patience).map_err(|error| error.to_string())?;
    client.models(cancel).map_err(|trouble| trouble.to_string())
}

/// Asks a language model.
pub struct Llm {
    languages: &'static Languages,
    settings: LlmSettings,
    prompts: Prompts,
    asker: Asker,
    talks: Mutex<BTreeMap<String, Talk>>,
}

/// What has been said about one goal so far.
struct Talk {
    archive: Archive,
    /// Changes that were proposed, normalised: nothing is tried twice.
    seen: HashSet<String>,
}

/// One question of a round.
struct Turn<'a> {
    goal: &'a Goal,
    context: &'a EngineContext<'a>,
    scene: &'a Scene<'a>,
}

impl Llm {
    /// The engine, ready to ask.
    ///
    /// # Errors
    /// When the endpoint makes no sense.
    pub fn new(languages: &'static Languages, access: Access) -> Result<Self, EndpointError> {
        let (settings, prompts) = (access.settings.clone(), Prompts::under(access.prompts.clone()));
        let asker = Asker::new(access, Box::new(Sleeper))?;
        Ok(Self { languages, settings, prompts, asker, talks: Mutex::default() })
    }

    fn arms(&self) -> usize {
        self.settings.all_models().len().max(1) * WAYS.len()
    }

    /// Which model, and which way of asking. Models take turns first, so that each is heard early.
    fn arm(&self, arm: Arm) -> (String, &'static str) {
        let models = self.settings.all_models();
        let model = models.get(arm % models.len().max(1)).cloned().unwrap_or_default();
        (model, WAYS.get(arm / models.len().max(1)).copied().unwrap_or_default())
    }

    fn talk(&self, goal: &Goal, seed: u64) -> Talk {
        let known = self.talks.lock().unwrap_or_else(PoisonError::into_inner).remove(&goal.id.0);
        known.unwrap_or_else(|| Talk {
            archive: Archive::new(seed ^ goal.base.seed(), self.arms()),
            seen: HashSet::new(),
        })
    }

    /// Asks once; a candidate, where the answer is one that nobody has given yet.
    fn turn(&self, turn: &Turn<'_>, talk: &mut Talk, nth: u32) -> Option<Candidate> {
        let draw = talk.archive.draw();
        let (model, way) = self.arm(draw.arm);
        let prompt = Prompts::for_kind(turn.goal.kind);
        let mut values =
            turn.scene.values(self.settings.max_input_tokens, &reminders(turn.context.setbacks, &draw))?;
        values.insert("way", self.prompts.fill(way, &values));
        let draft = Draft {
            goal: &turn.goal.id,
            model: model.clone(),
            prompt: format!("{prompt}/{way}"),
            system: self.prompts.fill("system", &values),
            user: self.prompts.fill(prompt, &values),
            seed: turn
                .context
                .seed
                .wrapping_add(u64::from(talk.archive.rounds()) << 16)
                .wrapping_add(u64::from(nth)),
        };
        let asked = match self.asker.ask(&draft, turn.context.cancel) {
            Ok(asked) => asked,
            Err(reason) => {
                tracing::info!("{}: no answer: {reason}", turn.goal.id);
                return None;
            }
        };
        let reader = Reader {
            goal: turn.goal,
            snapshot: turn.context.snapshot,
            languages: self.languages,
            regions: &turn.scene.regions,
        };
        let read = reader.read(&asked.text);
        let mut is_new = |patch: &Patch| talk.seen.insert(self.normalised(patch, turn.context));
        let (patch, outcome) = match read {
            Ok(patch) if is_new(&patch) => (Some(patch), "answered".to_owned()),
            Ok(_) => (None, "answered: it is what another answer said".to_owned()),
            Err(misread) => (None, format!("answered: {misread}")),
        };
        self.asker.note(asked, &outcome);
        let steps = vec![format!("{NAME}/{prompt}/{way}"), format!("model {model}")];
        let prior = PRIOR / f64::from(nth + 1);
        let candidate = Candidate::new(&turn.goal.id, patch?, EngineId::new(NAME), steps, prior);
        talk.archive.expect(&candidate.id.0, draw);
        Some(candidate)
    }

    /// What makes two patches the same idea.
    fn normalised(&self, patch: &Patch, context: &EngineContext<'_>) -> String {
        let changed = patch.paths().filter_map(|path| {
            let file = context.snapshot.file(path)?;
            let text = patch.apply_to(path, Some(&file.text)).ok()??;
            let file = SourceFile::new(path.clone(), file.language.clone(), text, file.is_test);
            Some(answers::normalised(self.languages, file.into()))
        });
        changed.collect::<Vec<_>>().join("\n\n")
    }
}

impl Talk {
    /// Takes in what came of earlier answers.
    fn learn(&mut self, context: &EngineContext<'_>) {
        for setback in context.setbacks {
            self.archive.learn(&setback.candidate.id.0, setback.nearness());
        }
        for (candidate, _) in context.parents {
            self.archive.learn(&candidate.id.0, 1.0);
        }
    }
}

/// Earlier tries that a question tells of: the one it goes on from, then the latest ones.
fn reminders<'a>(setbacks: &'a [Setback], draw: &Draw) -> Vec<&'a Setback> {
    let is_from =
        |setback: &&Setback| draw.from.as_ref().is_some_and(|from| from.id == setback.candidate.id.0);
    let (from, others): (Vec<_>, Vec<_>) = setbacks.iter().rev().partition(is_from);
    from.into_iter().chain(others).collect()
}

impl Engine for Llm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, goal: &Goal) -> bool {
        self.settings.kinds.iter().any(|kind| kind == goal.kind.as_str())
    }

    fn learns(&self) -> bool {
        true
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        let Some(scene) = Scene::of(goal, context, self.languages) else { return Vec::new() };
        let mut talk = self.talk(goal, context.seed);
        talk.learn(context);
        let mut candidates = Vec::new();
        if talk.archive.rounds() < self.settings.rounds {
            talk.archive.begin_round();
            let turn = Turn { goal, context, scene: &scene };
            let most = u32::try_from(context.limit).unwrap_or(u32::MAX).min(self.settings.candidates);
            for nth in 0..most {
                if context.cancel.is_cancelled() {
                    break;
                }
                candidates.extend(self.turn(&turn, &mut talk, nth));
            }
        }
        let mut talks = self.talks.lock().unwrap_or_else(PoisonError::into_inner);
        talks.insert(goal.id.0.clone(), talk);
        candidates
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test server that cannot go on shall fail")]
mod stub;
#[cfg(test)]
mod tests;
