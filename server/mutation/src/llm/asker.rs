//! One question, asked with everything around it: what is remembered, what it may cost, once more where that may help,
//! and the record of what was sent and received.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use hephaestus_core::{CancelToken, ContentHash, Exchange, GoalId, LlmSettings};
use serde::{Deserialize, Serialize};

use super::client::{Client, EndpointError, Patience};
use super::provider::{Answer, Question, Secret, Stop, Trouble};
use super::purse::{Grant, Purse, Spending};
use super::redact::Redaction;
use super::{Access, Journal};

/// How often a question is put at the most.
const TRIES: u32 = 4;
/// The first pause between two tries; each one is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longer than this nobody waits, whatever the server asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often somebody who waits looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// Waits between tries; injected, so that tests need not.
pub(crate) trait Waiter: Send + Sync {
    /// Returns after `time`, or soon after `cancel`.
    fn wait(&self, time: Duration, cancel: &CancelToken);
}

/// Really waits.
pub(crate) struct Sleeper;

impl Waiter for Sleeper {
    fn wait(&self, time: Duration, cancel: &CancelToken) {
        let mut left = time;
        while !left.is_zero() && !cancel.is_cancelled() {
            let step = left.min(LOOK);
            thread::sleep(step);
            left -= step;
        }
    }
}

/// A question before secrets are taken out of it.
#[derive(Debug, Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) goal: &'a GoalId,
    pub(crate) model: String,
    /// The prompt's name, for the record.
    pub(crate) prompt: String,
    pub(crate) system: String,
    pub(crate) user: String,
    /// Tells questions with the same words apart.
    pub(crate) seed: u64,
}

/// An answer in full, secrets put back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) text: String,
    /// The record of it; `None` where it was remembered.
    pub(crate) exchange: Option<Exchange>,
}

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
}

/// Asks one endpoint within one budget.
pub(crate) struct Asker {
    client: Client,
    key: Option<Secret>,
    endpoint: String,
    settings: LlmSettings,
    purse: Purse,
    journal: Box<dyn Journal>,
    waiter: Box<dyn Waiter>,
    fresh: bool,
    sent: AtomicU64,
    /// Why nothing is asked any more in this run.
    silence: Mutex<Option<String>>,
}

impl Asker {
    pub(crate) fn new(access: Access, waiter: Box<dyn Waiter>) -> Result<Self, EndpointError> {
        let Access { settings, key, journal, fresh, used, .. } = access;
        let endpoint = settings.endpoint().unwrap_or_default().to_owned();
        let provider = settings.provider.ok_or_else(|| EndpointError::Malformed(endpoint.clone()))?;
        let patience = Patience::with_first(Duration::from_secs(settings.wait));
        let client = Client::new(provider, &endpoint, key.clone(), patience)?;
        Ok(Self {
            client,
            key,
            endpoint,
            purse: Purse::new(&settings, used),
            settings,
            journal,
            waiter,
            fresh,
            sent: AtomicU64::new(0),
            silence: Mutex::default(),
        })
    }

    /// Asks. The error is a sentence for the log; what the user should know is in the journal already.
    ///
    /// # Errors
    /// When there is no answer, or none in full.
    pub(crate) fn ask(&self, draft: &Draft<'_>, cancel: &CancelToken) -> Result<Asked, String> {
        let mut redaction = Redaction::new(self.key.as_ref());
        let question = Question {
            model: draft.model.clone(),
            system: redaction.hide(&draft.system),
            user: redaction.hide(&draft.user),
            max_tokens: u64::from(self.settings.max_tokens),
            temperature: self.settings.temperature,
            seed: draft.seed,
        };
        let memory = self.memory_key(&question);
        if let Some(kept) = self.recall(&memory) {
            return Ok(Asked { text: redaction.restore(&kept.text), exchange: None });
        }
        let (answer, exchange) = self.insist(draft, question, &mut redaction, cancel)?;
        // Kept without secrets, like everything else.
        let kept = Kept { text: redaction.hide(&answer) };
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            self.journal.keep(&memory, &bytes);
        }
        Ok(Asked { text: redaction.restore(&kept.text), exchange: Some(exchange) })
    }

    /// Writes into the record what became of an answer.
    pub(crate) fn note(&self, asked: Asked, outcome: &str) {
        if let Some(exchange) = asked.exchange {
            self.journal.record(&Exchange { outcome: outcome.to_owned(), ..exchange });
        }
    }

    /// Puts the question until there is an answer, as long as none has begun and it may help.
    fn insist(
        &self,
        draft: &Draft<'_>,
        question: Question,
        redaction: &mut Redaction,
        cancel: &CancelToken,
    ) -> Result<(String, Exchange), String> {
        let mut pause = FIRST_PAUSE;
        for nth in 1..=TRIES {
            if let Some(reason) = self.silence() {
                return Err(reason);
            }
            if cancel.is_cancelled() {
                return Err(Trouble::Cancelled.to_string());
            }
            let bytes = question.system.len().saturating_add(question.user.len());
            let Some(grant) = self.purse.set_aside(bytes, question.max_tokens) else {
                return Err(self.fall_silent("what it may take is spent"));
            };
            let question = Question { max_tokens: grant.tokens_out(), ..question.clone() };
            let mut answer = Answer::default();
            let result = self.client.ask(&question, &mut answer, cancel);
            let spent = settle(grant, &answer, result.as_ref().err());
            let outcome = outcome_of(&answer, result.as_ref().err());
            let exchange = self.exchange(draft, &question, redaction.hide(&answer.text), spent, &outcome);
            self.journal.record(&exchange);
            match result {
                Ok(()) if answer.stop == Some(Stop::Done) || answer.stop.is_none() => {
                    return Ok((answer.text, exchange));
                }
                Ok(()) => return Err(outcome),
                Err(trouble) => {
                    let again = trouble.may_pass() && !answer.has_begun() && nth < TRIES;
                    let Some(time) = again.then(|| next_pause(&trouble, &mut pause)).flatten() else {
                        return Err(self.give_up(&trouble));
                    };
                    self.waiter.wait(time, cancel);
                }
            }
        }
        Err("the server is busy".to_owned())
    }

    /// What is wrong for one question is told in the log; what is wrong for all, once, to the user.
    fn give_up(&self, trouble: &Trouble) -> String {
        match trouble.is_for_good() {
            true => self.fall_silent(&trouble.to_string()),
            false => trouble.to_string(),
        }
    }

    fn silence(&self) -> Option<String> {
        self.silence.lock().ok()?.clone()
    }

    /// Asks nothing more in this run, and says so once.
    fn fall_silent(&self, reason: &str) -> String {
        if let Ok(mut silence) = self.silence.lock()
            && silence.is_none()
        {
            *silence = Some(reason.to_owned());
            self.journal.tell(&format!("the language model is not asked any more in this run: {reason}"));
        }
        reason.to_owned()
    }

    fn exchange(
        &self,
        draft: &Draft<'_>,
        question: &Question,
        response: String,
        spent: Spending,
        outcome: &str,
    ) -> Exchange {
        let at_ms = self.journal.now_ms();
        let number = self.sent.fetch_add(1, Ordering::Relaxed).to_string();
        let hash = ContentHash::of_parts([&at_ms.to_string(), &number, &question.user].map(String::as_str));
        Exchange {
            id: format!("{}{}", Exchange::PREFIX, hash.short()),
            at_ms,
            provider: self.settings.provider.map(|provider| provider.as_str()).unwrap_or_default().to_owned(),
            endpoint: self.endpoint.clone(),
            model: question.model.clone(),
            goal: draft.goal.clone(),
            prompt: draft.prompt.clone(),
            tokens_in: spent.tokens_in,
            tokens_out: spent.tokens_out,
            cost_usd: spent.usd(),
            outcome: outcome.to_owned(),
            request: format!("{}\n\n{}", question.system, question.user),
            response,
        }
    }

    /// What has to be the same for an earlier answer to be this one.
    fn memory_key(&self, question: &Question) -> String {
        let temperature = question.temperature.map(|temperature| temperature.to_string()).unwrap_or_default();
        let (seed, most) = (question.seed.to_string(), question.max_tokens.to_string());
        let parts =
            [&self.endpoint, &question.model, &question.system, &question.user, &temperature, &seed, &most];
        ContentHash::of_parts(parts.map(String::as_str)).to_string()
    }

    fn recall(&self, memory: &str) -> Option<Kept> {
        let bytes = self.journal.recall(memory).filter(|_| !self.fresh)?;
        serde_json::from_slice(&bytes).ok()
    }
}

/// What was used: nothing where the server refused, all of it where nobody says.
fn settle(grant: Grant<'_>, answer: &Answer, trouble: Option<&Trouble>) -> Spending {
    match trouble.is_some_and(Trouble::is_free) {
        true => grant.give_back(),
        false => grant.settle(answer.usage),
    }
}

fn outcome_of(answer: &Answer, trouble: Option<&Trouble>) -> String {
    match (trouble, &answer.stop) {
        (Some(trouble), _) => trouble.to_string(),
        (None, Some(Stop::Refused(words))) => format!("refused: {words}"),
        (None, Some(Stop::Length)) => "cut off at the limit of its length".to_owned(),
        (None, Some(Stop::Done) | None) => "answered".to_owned(),
    }
}

/// How long to wait before the next try; `None` when that is too long.
fn next_pause(trouble: &Trouble, pause: &mut Duration) -> Option<Duration> {
    let own = *pause;
    *pause = pause.saturating_mul(2);
    let asked = match trouble {
        Trouble::Status { retry_after, .. } => *retry_after,
        _ => None,
    };
    Some(asked.unwrap_or(own)).filter(|time| *time <= LONGEST_PAUSE)
}
