//! What searching costs: a probe that counts what is tried through it and stops when what one goal may take is spent.
//! It judges nothing, and it knows nothing of how an engine searches.

use hephaestus_core::{
    Behaviour, BehaviourRequest, Budget, CancelToken, Clock, LanguageId, Probe, ProbeRequest, Probed,
    Spectrum, Spent,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is left for trying candidates when a search ends at its limit: a quarter of the run's own budget.
const SHARE_OF_RUN: f64 = 0.75;

/// What comparing the changes that were found may take in addition, as a share of the limit: they are what it was for.
const FOR_COMPARING: f64 = 0.1;

/// What a search took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Searched {
    /// Variants that were tried.
    pub tried: u64,
    /// CPU time of trying them.
    pub cpu: Duration,
}

impl Searched {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { tried: self.tried + other.tried, cpu: self.cpu + other.cpu }
    }
}

/// Counts of all searches of a run, looked at while they go on.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    tried: AtomicU64,
    cpu_ns: AtomicU64,
}

impl Tally {
    pub(crate) fn look(&self) -> Searched {
        Searched {
            tried: self.tried.load(Ordering::Relaxed),
            cpu: Duration::from_nanos(self.cpu_ns.load(Ordering::Relaxed)),
        }
    }

    fn add(&self, tried: u64, cpu: Duration) {
        self.tried.fetch_add(tried, Ordering::Relaxed);
        self.cpu_ns.fetch_add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What the search for one goal may take: its own limit, and no more than its share of what the run has left.
pub(crate) fn allowance(of_goal: &Budget, of_run: &Budget, spent: &Spent) -> Budget {
    let share = |limit: Option<Duration>, spent: Duration| {
        limit.map(|limit| limit.saturating_sub(spent).mul_f64(SHARE_OF_RUN))
    };
    let least = |one: Option<Duration>, other: Option<Duration>| one.into_iter().chain(other).min();
    Budget {
        wall: least(of_goal.wall, share(of_run.wall, spent.wall)),
        cpu: least(of_goal.cpu, share(of_run.cpu, spent.cpu)),
        trials: of_goal.trials,
    }
}

/// A probe on the account of one goal.
pub(crate) struct Metered<'a> {
    inner: &'a dyn Probe,
    clock: &'a dyn Clock,
    tally: &'a Tally,
    limit: Budget,
    started: Duration,
    searched: Mutex<Searched>,
}

impl<'a> Metered<'a> {
    pub(crate) fn new(inner: &'a dyn Probe, clock: &'a dyn Clock, tally: &'a Tally, limit: Budget) -> Self {
        let searched = Mutex::default();
        Self { inner, clock, tally, limit, started: clock.now(), searched }
    }

    /// What was tried through it so far.
    pub(crate) fn searched(&self) -> Searched {
        self.searched.lock().map(|searched| *searched).unwrap_or_default()
    }

    /// How long the next request may take; an error in words when a limit is reached. `more` is a share of the limits
    /// that may be taken beyond them.
    fn left(&self, more: f64) -> Result<Duration, String> {
        let widened = |limit: Option<Duration>| limit.map(|limit| limit.mul_f64(1.0 + more));
        let limit = Budget { wall: widened(self.limit.wall), cpu: widened(self.limit.cpu), trials: None };
        let searched = self.searched();
        let wall = self.clock.now().saturating_sub(self.started);
        let spent = Spent { wall, cpu: searched.cpu, trials: searched.tried };
        if let Some(reached) = limit.exhausted_by(&spent) {
            return Err(format!("what the search may take is spent: {reached}"));
        }
        let wall = limit.wall.map(|limit| limit.saturating_sub(wall));
        let cpu = limit.cpu.map(|limit| limit.saturating_sub(searched.cpu));
        Ok(wall.into_iter().chain(cpu).min().unwrap_or(Duration::MAX))
    }

    fn charge(&self, tried: u64, cpu: Duration) {
        if let Ok(mut searched) = self.searched.lock() {
            *searched = searched.and(Searched { tried, cpu });
        }
    }
}

impl Probe for Metered<'_> {
    fn spectrum(&self, language: &LanguageId, cancel: &CancelToken) -> Result<Spectrum, String> {
        self.inner.spectrum(language, cancel)
    }

    fn probe(
        &self,
        request: &ProbeRequest<'_>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Duration, String> {
        let limit = request.limit.min(self.left(0.0)?);
        let (begun, mut tried) = (self.clock.now(), 0);
        let result =
            self.inner.probe(&ProbeRequest { limit, ..request.clone() }, cancel, &mut |probed: Probed| {
                tried += 1;
                self.tally.add(1, Duration::ZERO);
                done(probed);
            });
        // Who broke off does not say what it took: then the time that went by stands for it.
        let cpu = *result.as_ref().unwrap_or(&self.clock.now().saturating_sub(begun));
        self.tally.add(0, cpu);
        self.charge(tried, cpu);
        result
    }

    fn behaviour(&self, request: &BehaviourRequest<'_>, cancel: &CancelToken) -> Result<Behaviour, String> {
        let limit = request.limit.min(self.left(FOR_COMPARING)?);
        let begun = self.clock.now();
        let result = self.inner.behaviour(&BehaviourRequest { limit, ..request.clone() }, cancel);
        let took = self.clock.now().saturating_sub(begun);
        self.tally.add(0, took);
        self.charge(0, took);
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::ProbeEnd;

    /// Every variant takes a second of CPU time and, while `seconds` go by, of everybody's.
    #[derive(Default)]
    struct Slow {
        seconds: AtomicU64,
        breaks: bool,
    }

    impl Clock for Slow {
        fn now(&self) -> Duration {
            Duration::from_secs(self.seconds.load(Ordering::SeqCst))
        }
    }

    impl Probe for Slow {
        fn spectrum(&self, _: &LanguageId, _: &CancelToken) -> Result<Spectrum, String> {
            Ok(Spectrum::default())
        }

        fn probe(
            &self,
            request: &ProbeRequest<'_>,
            _: &CancelToken,
            done: &mut dyn FnMut(Probed),
        ) -> Result<Duration, String> {
            let most = u32::try_from(request.limit.as_secs().min(3)).unwrap();
            for variant in 0..most {
                self.seconds.fetch_add(1, Ordering::SeqCst);
                done(Probed { variant, end: ProbeEnd::Failed, red_passed: 0, mark: String::new() });
            }
            if self.breaks { Err("the driver died".to_owned()) } else { Ok(Duration::from_secs(most.into())) }
        }

        fn behaviour(&self, _: &BehaviourRequest<'_>, _: &CancelToken) -> Result<Behaviour, String> {
            self.seconds.fetch_add(2, Ordering::SeqCst);
            Ok(Behaviour::default())
        }
    }

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    fn ask(probe: &dyn Probe) -> Result<Duration, String> {
        let request =
            ProbeRequest { variants: &[], red: &[], green: &[], ahead: 1, limit: Duration::from_secs(60) };
        probe.probe(&request, &CancelToken::new(), &mut |_| {})
    }

    #[test]
    fn a_search_ends_when_its_cpu_time_is_spent_and_every_variant_is_counted() {
        let (slow, tally) = (Slow::default(), Tally::default());
        let metered = Metered::new(&slow, &slow, &tally, Budget { cpu: seconds(7), ..Budget::default() });
        let took: Vec<_> = std::iter::from_fn(|| ask(&metered).ok()).map(|took| took.as_secs()).collect();
        assert_eq!(took, [3, 3, 1], "the last request gets what is left");
        assert_eq!(ask(&metered).unwrap_err(), "what the search may take is spent: CPU time");
        let all = Searched { tried: 7, cpu: Duration::from_secs(7) };
        assert_eq!((metered.searched(), tally.look()), (all, all));
    }

    #[test]
    fn what_breaks_off_is_charged_by_the_clock_and_so_is_behaviour() {
        let (slow, tally) = (Slow { breaks: true, ..Slow::default() }, Tally::default());
        let metered = Metered::new(&slow, &slow, &tally, Budget { wall: seconds(6), ..Budget::default() });
        assert_eq!(ask(&metered).unwrap_err(), "the driver died");
        assert_eq!(metered.searched(), Searched { tried: 3, cpu: Duration::from_secs(3) });
        let file = hephaestus_core::RelPath::new("a.py").unwrap();
        let (limit, cancel) = (Duration::from_secs(9), CancelToken::new());
        let behaviour = || {
            let request = BehaviourRequest {
                examples: &[],
                file: &file,
                function: "f",
                tests: &[],
                variants: &[],
                seed: 0,
                mutations: 0,
                limit,
            };
            metered.behaviour(&request, &cancel)
        };
        assert!(
            ask(&metered).is_err() && behaviour().is_ok(),
            "three seconds were left: it breaks off again"
        );
        assert!(ask(&metered).unwrap_err().contains("spent"));
        assert_eq!(behaviour().unwrap_err(), "what the search may take is spent: wall time");
    }

    #[test]
    fn a_goal_gets_its_own_limit_but_leaves_the_run_time_to_try_what_was_found() {
        let of_goal = Budget { cpu: seconds(120), ..Budget::default() };
        let spent = Spent { wall: Duration::from_secs(20), cpu: Duration::from_secs(60), trials: 9 };
        assert_eq!(allowance(&of_goal, &Budget::default(), &spent), of_goal);
        let run = Budget { wall: seconds(100), cpu: seconds(100), trials: Some(10) };
        let left = allowance(&of_goal, &run, &spent);
        assert_eq!(left, Budget { wall: seconds(60), cpu: seconds(30), trials: None });
    }
}
