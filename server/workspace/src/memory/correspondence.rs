//! What is said to a language model in one run: answers remembered, everything written down, and what it came to. The
//! engine says what is sent; here it is only kept.

use super::Memory;
use crate::forging::now_ms;
use hephaestus_core::Exchange;
use hephaestus_mutation::llm::{Journal, Usage};
use hephaestus_registry::{Registry, RunId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The namespace in the registry's caches.
const NAMESPACE: &str = "llm";

/// One run's letters. Clones share one account.
#[derive(Clone)]
pub(crate) struct Correspondence {
    registry: Registry,
    run: RunId,
    account: Arc<Mutex<Account>>,
}

/// What one run has said and heard.
#[derive(Default)]
pub(super) struct Account {
    sent: BTreeMap<String, Exchange>,
    recalled: u64,
    told: Vec<String>,
}

impl Memory {
    /// The letters of this run: one account, however often it is asked for.
    pub(crate) fn correspondence(&self) -> Correspondence {
        let account = Arc::clone(&self.letters);
        Correspondence { registry: self.registry.clone(), run: self.run.clone(), account }
    }
}

impl Correspondence {
    /// What was used so far.
    pub(crate) fn used(&self) -> Usage {
        let account = self.account();
        let sum = |count: fn(&Exchange) -> u64| account.sent.values().map(count).fold(0, u64::saturating_add);
        Usage {
            tokens_in: sum(|exchange| exchange.tokens_in),
            tokens_out: sum(|exchange| exchange.tokens_out),
        }
    }

    /// What the user should know, in sentences; nothing where nothing was asked.
    pub(crate) fn summary(&self) -> Vec<String> {
        let Usage { tokens_in, tokens_out } = self.used();
        let account = self.account();
        let mut said = account.told.clone();
        let cost: f64 = account.sent.values().map(|exchange| exchange.cost_usd).sum();
        if let Some(exchange) = account.sent.values().next() {
            let cost = if cost > 0.0 { format!(", {cost:.4} USD") } else { String::new() };
            said.push(format!(
                "asked {}: {} sent, {tokens_in} tokens in, {tokens_out} out{cost} (`hephaestus registry search --llm` lists them)",
                exchange.endpoint,
                counted(account.sent.len(), "question"),
            ));
        }
        if account.recalled > 0 {
            let recalled = usize::try_from(account.recalled).unwrap_or(usize::MAX);
            said.push(format!(
                "{} of the language model remembered from an earlier run",
                counted(recalled, "answer")
            ));
        }
        said
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

impl Journal for Correspondence {
    fn now_ms(&self) -> u64 {
        now_ms()
    }

    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        let found = self.registry.cache_get(NAMESPACE, key).ok()?;
        self.account().recalled += u64::from(found.is_some());
        found
    }

    fn keep(&self, key: &str, bytes: &[u8]) {
        if let Err(error) = self.registry.cache_put(NAMESPACE, key, bytes) {
            tracing::warn!("an answer of the language model is not remembered: {error}");
        }
    }

    fn record(&self, exchange: &Exchange) {
        self.account().sent.insert(exchange.id.clone(), exchange.clone());
        if let Err(error) = self.registry.put_exchange(&self.run, exchange) {
            tracing::warn!("what was sent to the language model is not recorded: {error}");
        }
    }

    fn tell(&self, message: &str) {
        self.account().told.push(message.to_owned());
    }
}
