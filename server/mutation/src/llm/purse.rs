//! What may be spent: tokens and money of one run. An upper bound is set aside before anything is sent and settled by
//! what the provider counted, so that several questions at once never take more than there is.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hephaestus_core::LlmSettings;

use super::provider::Usage;

/// Answers shorter than this are not worth a question.
pub(crate) const LEAST_ANSWER: u64 = 64;

/// What chat templates put around messages, in tokens, generously.
const AROUND: u64 = 64;

/// A billionth of a dollar: what prices per million tokens come down to for one token.
const NANO: f64 = 1e9;

/// What was spent, or may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spending {
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    /// In billionths of a dollar.
    pub(crate) nano: u64,
}

impl Spending {
    fn tokens(self) -> u64 {
        self.tokens_in.saturating_add(self.tokens_out)
    }

    /// In dollars.
    pub(crate) fn usd(self) -> f64 {
        // Exact up to nine million dollars.
        self.nano as f64 / NANO
    }

    fn and(self, other: Self) -> Self {
        Self {
            tokens_in: self.tokens_in.saturating_add(other.tokens_in),
            tokens_out: self.tokens_out.saturating_add(other.tokens_out),
            nano: self.nano.saturating_add(other.nano),
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            tokens_in: self.tokens_in.saturating_sub(other.tokens_in),
            tokens_out: self.tokens_out.saturating_sub(other.tokens_out),
            nano: self.nano.saturating_sub(other.nano),
        }
    }
}

/// The budget of one run.
#[derive(Debug)]
pub(crate) struct Purse {
    tokens: u64,
    nano: Option<u64>,
    /// Billionths of a dollar for one token of a question, and of an answer.
    prices: (u64, u64),
    account: Mutex<Account>,
}

#[derive(Debug, Default)]
struct Account {
    spent: Spending,
    set_aside: Spending,
}

/// Leave to ask one question. What becomes of it is said by settling it; where nobody does, all of it counts as spent.
#[derive(Debug)]
pub(crate) struct Grant<'a> {
    purse: &'a Purse,
    bound: Spending,
    is_settled: bool,
}

impl Purse {
    /// The purse of a run that has used so much of it already.
    pub(crate) fn new(settings: &LlmSettings, used: Usage) -> Self {
        // Rounded up: a price never comes out lower than it is.
        let price = |per_million: f64| (per_million * NANO / 1e6).ceil() as u64;
        let mut purse = Self {
            tokens: settings.budget_tokens,
            nano: settings.budget_usd.map(|usd| (usd * NANO).floor() as u64),
            prices: (price(settings.price_in), price(settings.price_out)),
            account: Mutex::default(),
        };
        let spent = purse.spending(used);
        purse.account = Mutex::new(Account { spent, ..Account::default() });
        purse
    }

    fn spending(&self, Usage { tokens_in, tokens_out }: Usage) -> Spending {
        Spending { tokens_in, tokens_out, nano: self.cost(tokens_in, tokens_out) }
    }

    /// Sets aside what a question of so many bytes may take, and an answer of `wanted` tokens or as many as are left.
    /// `None` where that is too few to be of use. No tokenizer in use makes more tokens than there are bytes.
    pub(crate) fn set_aside(&self, bytes: usize, wanted: u64) -> Option<Grant<'_>> {
        let mut account = self.account();
        let taken = account.spent.and(account.set_aside);
        let tokens_in = u64::try_from(bytes).ok()?.checked_add(AROUND)?;
        let by_tokens = self.tokens.checked_sub(taken.tokens())?.checked_sub(tokens_in)?;
        let tokens_out = wanted.min(by_tokens).min(self.affordable(taken, tokens_in)?);
        if tokens_out < LEAST_ANSWER.min(wanted) {
            return None;
        }
        let bound = self.spending(Usage { tokens_in, tokens_out });
        account.set_aside = account.set_aside.and(bound);
        Some(Grant { purse: self, bound, is_settled: false })
    }

    /// How many tokens of an answer there is money for.
    fn affordable(&self, taken: Spending, tokens_in: u64) -> Option<u64> {
        let Some(limit) = self.nano else { return Some(u64::MAX) };
        let left = limit.checked_sub(taken.nano)?.checked_sub(self.cost(tokens_in, 0))?;
        Some(left.checked_div(self.prices.1).unwrap_or(u64::MAX))
    }

    fn cost(&self, tokens_in: u64, tokens_out: u64) -> u64 {
        let (price_in, price_out) = self.prices;
        tokens_in.saturating_mul(price_in).saturating_add(tokens_out.saturating_mul(price_out))
    }

    /// What was spent so far.
    #[cfg(test)]
    pub(crate) fn spent(&self) -> Spending {
        self.account().spent
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant<'_> {
    /// Most tokens the answer may have.
    pub(crate) fn tokens_out(&self) -> u64 {
        self.bound.tokens_out
    }

    /// Nothing was used.
    pub(crate) fn give_back(self) -> Spending {
        self.end(Spending::default())
    }

    /// So much was used, as the provider counts; all that was set aside, where it does not say.
    pub(crate) fn settle(self, usage: Option<Usage>) -> Spending {
        let bound = self.bound;
        let counted = usage.map(|usage| self.purse.spending(usage));
        self.end(counted.unwrap_or(bound))
    }

    fn end(mut self, spent: Spending) -> Spending {
        self.is_settled = true;
        let mut account = self.purse.account();
        account.set_aside = account.set_aside.without(self.bound);
        account.spent = account.spent.and(spent);
        spent
    }
}

impl Drop for Grant<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            let mut account = self.purse.account();
            account.set_aside = account.set_aside.without(self.bound);
            account.spent = account.spent.and(self.bound);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purse(tokens: u64, usd: Option<f64>) -> Purse {
        purse_used(tokens, usd, Usage::default())
    }

    fn purse_used(tokens: u64, usd: Option<f64>, used: Usage) -> Purse {
        let prices = LlmSettings { price_in: 3.0, price_out: 15.0, ..LlmSettings::default() };
        Purse::new(&LlmSettings { budget_tokens: tokens, budget_usd: usd, ..prices }, used)
    }

    #[test]
    fn the_last_question_gets_what_is_left_and_then_there_is_no_other() {
        let purse = purse(1000, None);
        let first = purse.set_aside(100, 500).unwrap();
        assert_eq!(first.tokens_out(), 500);
        assert_eq!(purse.set_aside(100, 500).unwrap().tokens_out(), 1000 - 164 - 500 - 164, "both at once");
        first.settle(Some(Usage { tokens_in: 40, tokens_out: 10 }));
        assert_eq!(purse.spent().tokens(), 50 + 336, "what nobody settled counts in full");
        let spent = purse.set_aside(100, 5000).unwrap().settle(None);
        assert_eq!((spent.tokens(), purse.spent().tokens()), (614, 1000), "no word of usage: all of it");
        assert!(purse.set_aside(1, 1).is_none());
    }

    #[test]
    fn too_little_is_left_for_an_answer() {
        let purse = purse(64 + 10 + 63, None);
        assert!(purse.set_aside(10, 500).is_none());
        assert_eq!(purse.set_aside(9, 500).unwrap().give_back(), Spending::default());
        assert_eq!(purse.spent(), Spending::default());
        assert!(purse.set_aside(usize::MAX, 500).is_none());
    }

    #[test]
    fn what_the_run_has_used_before_counts() {
        let used = Usage { tokens_in: 600, tokens_out: 200 };
        assert_eq!(purse_used(1000, None, used).set_aside(36, 500).unwrap().tokens_out(), 100);
        // 0.0048 of 0.008 dollars are gone: 0.0032 less 0.0003 for the question.
        assert_eq!(purse_used(9000, Some(0.008), used).set_aside(36, 500).unwrap().tokens_out(), 193);
    }

    #[test]
    fn money_is_a_limit_of_its_own() {
        let purse = purse(1_000_000, Some(0.01));
        let grant = purse.set_aside(936, 2048).unwrap();
        // 1000 tokens in cost 0.003, which leaves 0.007 for answers at 0.000015 each.
        assert_eq!(grant.tokens_out(), 466);
        let spent = grant.settle(Some(Usage { tokens_in: 1000, tokens_out: 466 }));
        assert!(spent.usd() <= 0.01, "{}", spent.usd());
        assert!(purse.set_aside(1, 2048).is_none());
    }

    #[test]
    fn whatever_providers_count_within_their_bounds_the_budget_holds() {
        for seed in 0..200_u64 {
            let purse = purse(5_000 + seed * 13, Some(0.05));
            let mut state = seed;
            let mut random = |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below.max(1)
            };
            while let Some(grant) = purse.set_aside(usize::try_from(random(900)).unwrap(), 1 + random(700)) {
                let tokens_in = random(grant.bound.tokens_in + 1);
                let tokens_out = random(grant.tokens_out() + 1);
                let usage = (random(4) > 0).then_some(Usage { tokens_in, tokens_out });
                assert!(usage.is_some() || grant.tokens_out() > 0);
                grant.settle(usage);
                assert!(purse.spent().tokens() <= purse.tokens && Some(purse.spent().nano) <= purse.nano);
            }
        }
    }
}
