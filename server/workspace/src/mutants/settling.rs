//! From mutants to results: what is remembered and still holds is taken over; for the rest a lab is opened, and what it
//! finds out is remembered as it comes.

use super::hunt::{Kills, Pending, Tried, hunt};
use super::memory::{KeptResult, KnownTests, MutantMemory, Prints, name_of_set};
use super::prints::Code;
use super::{Labs, MutantsEvent, SuiteReport, TriedMutant};
use hephaestus_core::{
    Budget, CancelToken, ContentHash, Edit, Mutant, MutantResult, MutantStatus, Pace, Spent,
};
use hephaestus_harness::lab::{Lab, LabError, LabFacts, Variant};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// Results wait this long for company before they are written.
const WRITE_EVERY: Duration = Duration::from_millis(500);

/// When to stop: asked to, or the budget is spent.
pub(super) struct Stop<'a> {
    budget: &'a Budget,
    /// What other suites have spent.
    before: Spent,
    asked: &'a CancelToken,
    pace: &'a Pace,
    /// Cancelled in either case.
    token: CancelToken,
}

impl<'a> Stop<'a> {
    pub(super) fn new(budget: &'a Budget, before: Spent, asked: &'a CancelToken, pace: &'a Pace) -> Self {
        Self { budget, before, asked, pace, token: asked.child() }
    }
}

/// What a suite has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Costs {
    /// CPU time of trying mutants.
    pub(crate) cpu: Duration,
    /// CPU time of builds and of looking at the unchanged code.
    pub(crate) overhead: Duration,
    /// Wall-clock time of opening labs.
    pub(crate) opening: Duration,
    /// Wall-clock time of trying mutants.
    pub(crate) trying: Duration,
    /// The limit that was reached, in words.
    pub(crate) out_of: Option<&'static str>,
    /// What counts for the budget, with what other suites have spent.
    pub(super) spent: Spent,
}

/// All mutants of one suite on their way to a result.
pub(super) struct Settling<'a> {
    mutants: &'a [Mutant],
    code: &'a Code,
    memory: &'a MutantMemory,
    /// Of the suite, in the memory.
    key: &'a str,
    keys: Vec<String>,
    kept: Vec<Option<KeptResult>>,
    sets: HashMap<String, Vec<String>>,
    done: Vec<Option<TriedMutant>>,
    kills: Kills,
    /// By mutant: tests that it need not be shown again.
    passed: HashMap<usize, HashSet<String>>,
    facts: LabFacts,
    stop: Stop<'a>,
    costs: Costs,
    listener: &'a mut dyn FnMut(MutantsEvent<'_>),
}

impl<'a> Settling<'a> {
    pub(super) fn new(
        mutants: &'a [Mutant],
        code: &'a Code,
        memory: &'a MutantMemory,
        key: &'a str,
        stop: Stop<'a>,
        listener: &'a mut dyn FnMut(MutantsEvent<'_>),
    ) -> Self {
        let keys: Vec<String> = mutants.iter().map(|mutant| code.key(mutant)).collect();
        let kept = memory.results(&keys);
        let sets = memory.reaching(kept.iter().flatten().map(|kept| kept.reaching.clone()));
        Self {
            mutants,
            code,
            memory,
            key,
            keys,
            kept,
            sets,
            done: mutants.iter().map(|_| None).collect(),
            kills: Kills::default(),
            passed: HashMap::new(),
            facts: LabFacts::default(),
            costs: Costs { spent: stop.before, ..Costs::default() },
            stop,
            listener,
        }
    }

    /// Settles what can be settled.
    ///
    /// # Errors
    /// When no lab can be used. What was settled before stays settled.
    pub(super) fn settle(&mut self, labs: &dyn Labs, seed: u64) -> Result<(), LabError> {
        let known = self.memory.known(self.key, self.code);
        if let Some(known) = &known {
            self.recall(known);
        }
        if self.left() == 0 {
            self.facts = known.map(|known| known.facts).unwrap_or_default();
            self.tell_what_is_known();
            return Ok(());
        }
        let result = self.settle_in(labs, false, known.as_ref().map(KnownTests::holding).as_ref(), seed);
        match result {
            Err(LabError::Unfit(reason)) => {
                self.facts.notes.push(format!("the fast way to run the tests does not work here: {reason}"));
                tracing::info!("going on in the plain way: {reason}");
                self.settle_in(labs, true, None, seed)
            }
            // The budget is no failure.
            Err(LabError::Cancelled) if self.costs.out_of.is_some() => Ok(()),
            other => other,
        }
    }

    fn settle_in(
        &mut self,
        labs: &dyn Labs,
        plain: bool,
        known: Option<&LabFacts>,
        seed: u64,
    ) -> Result<(), LabError> {
        (self.listener)(MutantsEvent::Stage("running the tests of the unchanged code"));
        let started = Instant::now();
        let opened = labs.open(plain, &self.variants(), known, self.stop.asked);
        self.costs.opening += started.elapsed();
        let mut lab = opened?;
        tracing::debug!(
            "the lab is open after {:?} of CPU time; {} tests need not be looked at again",
            lab.overhead(),
            known.map_or(0, |known| known.tests.len())
        );
        // What is dear to add (examples in the documentation) is still far cheaper than to believe that no test notices.
        lab.widen(self.stop.asked)?;
        let notes = std::mem::take(&mut self.facts.notes);
        self.facts = lab.facts().clone();
        self.facts.notes.extend(notes);
        let traces = self.code.traces(&self.facts);
        let prints = self.code.prints(&traces);
        self.memory.keep_facts(self.key, &self.facts, &traces, &prints);
        self.recall_with(&*lab, &prints);
        self.tell_what_is_known();
        let started = Instant::now();
        let ended = self.try_all(&mut *lab, &prints, seed);
        self.costs.trying += started.elapsed();
        self.costs.overhead += lab.overhead();
        ended
    }

    /// Every mutant that is not settled yet.
    fn variants(&self) -> Vec<Variant> {
        let open = self.mutants.iter().enumerate().filter(|(at, _)| self.is_open(*at));
        open.filter_map(|(at, mutant)| {
            let edits = vec![Edit::new(mutant.range, mutant.replacement.clone())];
            Some(Variant { id: u32::try_from(at).ok()?, file: mutant.file.clone(), edits })
        })
        .collect()
    }

    fn is_open(&self, at: usize) -> bool {
        self.done.get(at).is_some_and(Option::is_none)
    }

    fn left(&self) -> usize {
        self.done.iter().filter(|done| done.is_none()).count()
    }

    fn tell_what_is_known(&mut self) {
        let (total, known) = (self.mutants.len(), self.mutants.len() - self.left());
        (self.listener)(MutantsEvent::Mutants { total, known });
    }

    /// Takes over what is known before any lab is open: kills by tests that would do the same again. The rest holds
    /// only where all tests do, because one that has changed may reach what it did not reach before.
    fn recall(&mut self, known: &KnownTests) {
        let prints = Prints::new(&known.facts, &known.prints, self.code);
        let all_hold = known.all_hold();
        for at in 0..self.mutants.len() {
            let Some(Some(kept)) = self.kept.get(at) else { continue };
            let Some(reaching) = self.reaching_then(kept) else { continue };
            let print = prints.of(kept.status, kept.killed_by.as_ref(), &reaching);
            let is_kill = kept.status == MutantStatus::Killed;
            if print.as_ref() == Some(&kept.print) && (is_kill || all_hold) {
                self.take_over(at, kept.clone(), reaching);
            } else {
                self.passed.insert(at, known.still_pass(kept, &reaching, self.code));
            }
        }
    }

    fn reaching_then(&self, kept: &KeptResult) -> Option<Vec<String>> {
        let nothing = name_of_set(&[]);
        match self.sets.get(&kept.reaching) {
            Some(ids) => Some(ids.clone()),
            None => (kept.reaching == nothing).then(Vec::new),
        }
    }

    /// Takes over what still holds now that it is known which tests reach what.
    fn recall_with(&mut self, lab: &dyn Lab, prints: &[ContentHash]) {
        let facts = self.facts.clone();
        let prints = Prints::new(&facts, prints, self.code);
        for at in 0..self.mutants.len() {
            let (true, Some(Some(kept)), Ok(variant)) =
                (self.is_open(at), self.kept.get(at), u32::try_from(at))
            else {
                continue;
            };
            let reaching = ids_of(&facts, &lab.reaching(variant));
            let same_tests = name_of_set(&reaching) == kept.reaching;
            let print = prints.of(kept.status, kept.killed_by.as_ref(), &reaching);
            let is_kill = kept.status == MutantStatus::Killed;
            if print.as_ref() == Some(&kept.print) && (is_kill || same_tests) {
                self.take_over(at, kept.clone(), reaching);
            }
        }
    }

    fn take_over(&mut self, at: usize, kept: KeptResult, reaching: Vec<String>) {
        let Some(mutant) = self.mutants.get(at) else { return };
        if let Some(failure) = &kept.killed_by {
            self.kills.note(mutant, &failure.id);
        }
        let result = MutantResult {
            mutant: mutant.clone(),
            status: kept.status,
            killed_by: kept.killed_by,
            reached_by: reaching,
            tests_run: kept.tests_run,
            reason: kept.reason,
            wall: kept.wall,
            cpu: kept.cpu,
        };
        if let Some(done) = self.done.get_mut(at) {
            *done = Some(TriedMutant { result, remembered: true });
        }
    }

    fn try_all(&mut self, lab: &mut dyn Lab, prints: &[ContentHash], seed: u64) -> Result<(), LabError> {
        (self.listener)(MutantsEvent::Stage("trying mutants"));
        let facts = self.facts.clone();
        let prints = Prints::new(&facts, prints, self.code);
        let pending: Vec<Pending<'_>> = (0..self.mutants.len())
            .filter(|at| self.is_open(*at))
            .filter_map(|at| {
                let kept = self.kept.get(at).and_then(Option::as_ref);
                let killer = kept.and_then(|kept| kept.killed_by.as_ref()).map(|failure| failure.id.clone());
                let passed = self.passed.get(&at).cloned().unwrap_or_default();
                Some(Pending {
                    variant: u32::try_from(at).ok()?,
                    mutant: self.mutants.get(at)?,
                    killer,
                    passed,
                })
            })
            .collect();
        let mut kills = std::mem::take(&mut self.kills);
        let mut book = Book {
            memory: self.memory,
            facts: &facts,
            results: vec![],
            sets: vec![],
            named: HashSet::new(),
            since: Instant::now(),
        };
        let (started, token) = (Instant::now(), self.stop.token.clone());
        let (before, mut spent) = (self.costs.spent, self.costs.spent);
        let ended = hunt(lab, &pending, &mut kills, seed, &token, &mut |tried| {
            let reaching = ids_of(&facts, &tried.reaching);
            let Some(key) = self.keys.get(tried.variant as usize) else { return };
            book.note(key, &tried, &reaching, &prints);
            spent.cpu += tried.cpu;
            spent.trials += u64::from(tried.tests_run > 0);
            spent.wall = before.wall + started.elapsed();
            self.finish_one(tried, reaching);
            if let Some(limit) = self.stop.budget.exhausted_by(&spent) {
                self.costs.out_of = self.costs.out_of.or(Some(limit));
                self.stop.token.cancel();
            }
            self.stop.pace.wait(&self.stop.token);
        });
        book.write();
        self.costs.cpu += spent.cpu.saturating_sub(before.cpu);
        self.costs.spent = spent;
        // Whoever had spent everything with the very last one has not been stopped.
        if self.left() == 0 {
            self.costs.out_of = None;
            return Ok(());
        }
        ended
    }

    fn finish_one(&mut self, tried: Tried, reached_by: Vec<String>) {
        let at = tried.variant as usize;
        let Some(mutant) = self.mutants.get(at) else { return };
        let Tried { status, killed_by, tests_run, reason, wall, cpu, .. } = tried;
        let result = MutantResult {
            mutant: mutant.clone(),
            status,
            killed_by,
            reached_by,
            tests_run,
            reason,
            wall,
            cpu,
        };
        let (cpu, reached) = (result.cpu, result.reached_by.len());
        tracing::debug!(
            "variant {at} settled: {status} by {tests_run} of {reached} tests in {cpu:?} {}",
            result.reason
        );
        (self.listener)(MutantsEvent::Tried(&result));
        if let Some(done) = self.done.get_mut(at) {
            *done = Some(TriedMutant { result, remembered: false });
        }
    }

    /// What came of each mutant, by index; the suite; and what it cost.
    pub(super) fn into_parts(
        self,
        title: &str,
        name: &str,
    ) -> (Vec<Option<TriedMutant>>, SuiteReport, Costs) {
        let suite = SuiteReport::of(title, name, &self.facts);
        (self.done, suite, self.costs)
    }
}

/// Results on their way to the memory.
struct Book<'a> {
    memory: &'a MutantMemory,
    facts: &'a LabFacts,
    results: Vec<(String, KeptResult)>,
    sets: Vec<(String, Vec<String>)>,
    named: HashSet<String>,
    since: Instant,
}

impl Book<'_> {
    fn note(&mut self, key: &str, tried: &Tried, reaching: &[String], prints: &Prints<'_>) {
        if let Some(kept) = KeptResult::of(tried, reaching, prints) {
            if self.named.insert(kept.reaching.clone()) {
                self.sets.push((kept.reaching.clone(), reaching.to_vec()));
            }
            self.results.push((key.to_owned(), kept));
        }
        if self.since.elapsed() >= WRITE_EVERY {
            self.write();
        }
    }

    fn write(&mut self) {
        tracing::debug!("{} results of {} tests are written", self.results.len(), self.facts.tests.len());
        self.memory.keep_results(&self.results, &self.sets);
        self.results.clear();
        self.sets.clear();
        self.since = Instant::now();
    }
}

fn ids_of(facts: &LabFacts, tests: &[usize]) -> Vec<String> {
    tests.iter().filter_map(|at| facts.tests.get(*at)).map(|test| test.id.clone()).collect()
}

#[cfg(test)]
#[path = "settling_tests.rs"]
mod tests;
