//! What was tried for one goal and how near it came: islands of partial answers to go on from, and a bandit that learns
//! which model and which way of asking pays. Pure: sees numbers and texts, asks nobody.
//!
//! Islands as in FunSearch (Romera-Paredes et al., Nature 625, 2024), which keep several lines of thought apart; the
//! choice among arms by UCB1 (Auer, Cesa-Bianchi, Fischer, Machine Learning 47, 2002).

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

/// Lines of thought that are kept apart.
const ISLANDS: usize = 3;
/// Partial answers kept on each.
const KEPT: usize = 4;
/// Rounds after which the best one of an island is shown to the next.
const MIGRATION: u32 = 4;
/// Share of questions that begin at the original code although there is something to go on from.
const ANEW: f64 = 0.25;

/// A way of asking: which model, and how.
pub(crate) type Arm = usize;

/// A partial answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partial {
    /// The candidate's id.
    pub(crate) id: String,
    /// How near it came, 0 to 1.
    pub(crate) nearness: f64,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draw {
    pub(crate) island: usize,
    pub(crate) arm: Arm,
    /// What to go on from; nothing: from the original code.
    pub(crate) from: Option<Partial>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Record {
    pulls: u32,
    reward: f64,
}

/// What is known of one goal.
#[derive(Debug)]
pub(crate) struct Archive {
    rng: StdRng,
    islands: Vec<Vec<Partial>>,
    arms: Vec<Record>,
    /// Who asked for what has not been judged yet, by candidate id.
    open: BTreeMap<String, Draw>,
    rounds: u32,
    next_island: usize,
}

impl Archive {
    /// An empty one with so many arms, at least one.
    pub(crate) fn new(seed: u64, arms: usize) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            islands: vec![Vec::new(); ISLANDS],
            arms: vec![Record::default(); arms.max(1)],
            open: BTreeMap::new(),
            rounds: 0,
            next_island: 0,
        }
    }

    /// Rounds that were begun.
    pub(crate) fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Begins a round; now and then islands learn of each other.
    pub(crate) fn begin_round(&mut self) {
        self.rounds += 1;
        if self.rounds.is_multiple_of(MIGRATION) {
            self.migrate();
        }
    }

    /// What to ask next: the islands take turns.
    pub(crate) fn draw(&mut self) -> Draw {
        let island = self.next_island;
        self.next_island = (island + 1) % ISLANDS;
        let arm = self.choose_arm();
        // Counted at once, so that the questions of one round are not all put the same way.
        if let Some(record) = self.arms.get_mut(arm) {
            record.pulls += 1;
        }
        let members = self.islands.get(island).map_or(0, Vec::len);
        let from = (members > 0 && !self.rng.random_bool(ANEW)).then(|| self.pick(island)).flatten();
        Draw { island, arm, from }
    }

    /// Notes that `draw` led to the candidate `id`, which is still to be judged. What leads to none earns nothing.
    pub(crate) fn expect(&mut self, id: &str, draw: Draw) {
        self.open.insert(id.to_owned(), draw);
    }

    /// Takes in how near a candidate came; what this archive did not ask for, or has heard of, changes nothing.
    pub(crate) fn learn(&mut self, id: &str, nearness: f64) {
        let Some(draw) = self.open.remove(id) else { return };
        let nearness = if nearness.is_finite() { nearness.clamp(0.0, 1.0) } else { 0.0 };
        // The share of the way that was left: an arm earns nothing for what another one had reached.
        let base = draw.from.as_ref().map_or(0.0, |from| from.nearness);
        let gain = if base < 1.0 { ((nearness - base) / (1.0 - base)).max(0.0) } else { 0.0 };
        if let Some(record) = self.arms.get_mut(draw.arm) {
            record.reward += gain;
        }
        self.settle(draw.island, Partial { id: id.to_owned(), nearness });
    }

    /// Keeps the best ones, each once.
    fn settle(&mut self, island: usize, partial: Partial) {
        let Some(members) = self.islands.get_mut(island) else { return };
        if partial.nearness <= 0.0 || members.iter().any(|member| member.id == partial.id) {
            return;
        }
        let at = members.partition_point(|member| member.nearness >= partial.nearness);
        members.insert(at, partial);
        members.truncate(KEPT);
    }

    /// The better of two that are picked at random: the good ones often, the others sometimes.
    fn pick(&mut self, island: usize) -> Option<Partial> {
        let members = self.islands.get(island)?;
        let mut any = || self.rng.random_range(0..members.len().max(1));
        // They are sorted: the smaller place is the better one.
        let place = any().min(any());
        members.get(place).cloned()
    }

    /// The arm with the highest upper confidence bound; those never tried come first, in order.
    fn choose_arm(&self) -> Arm {
        let all: u32 = self.arms.iter().map(|record| record.pulls).sum();
        let bound = |record: &Record| {
            if record.pulls == 0 {
                return f64::INFINITY;
            }
            let pulls = f64::from(record.pulls);
            record.reward / pulls + (2.0 * f64::from(all.max(1)).ln() / pulls).sqrt()
        };
        let bounds = self.arms.iter().map(bound).enumerate();
        bounds.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(arm, _)| arm)
    }

    /// Every island gets to know the best one of the island before it.
    fn migrate(&mut self) {
        let best: Vec<Option<Partial>> =
            self.islands.iter().map(|members| members.first().cloned()).collect();
        for (island, partial) in best.into_iter().enumerate() {
            if let Some(partial) = partial {
                self.settle((island + 1) % ISLANDS, partial);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A world in which each arm is so good, and going on from something near leads nearer.
    struct World {
        arms: Vec<f64>,
        rng: StdRng,
        tried: u32,
    }

    impl World {
        fn new(seed: u64, arms: &[f64]) -> Self {
            Self { arms: arms.to_vec(), rng: StdRng::seed_from_u64(seed), tried: 0 }
        }

        fn judge(&mut self, draw: &Draw) -> (String, f64) {
            self.tried += 1;
            let base = draw.from.as_ref().map_or(0.0, |partial| partial.nearness);
            let step: f64 = self.rng.random::<f64>() * self.arms[draw.arm] * (1.0 - base);
            (format!("c{}", self.tried), base + step)
        }

        /// Plays so many rounds of three questions. The best that was reached, and how often each arm was drawn.
        fn play(&mut self, archive: &mut Archive, rounds: u32) -> (f64, Vec<u32>) {
            let mut best = 0.0_f64;
            for _ in 0..rounds {
                archive.begin_round();
                let mut judged = Vec::new();
                for _ in 0..3 {
                    let draw = archive.draw();
                    let (id, nearness) = self.judge(&draw);
                    archive.expect(&id, draw);
                    judged.push((id, nearness));
                }
                for (id, nearness) in judged {
                    best = best.max(nearness);
                    archive.learn(&id, nearness);
                }
            }
            (best, archive.arms.iter().map(|record| record.pulls).collect())
        }
    }

    #[test]
    fn the_arm_that_pays_is_found_and_the_others_are_not_forgotten() {
        for seed in 0..20 {
            let arms = [0.02, 0.9, 0.02, 0.02];
            let (_, pulls) = World::new(seed, &arms).play(&mut Archive::new(seed, 4), 60);
            assert!(pulls.iter().all(|pulls| *pulls > 0), "{seed}: {pulls:?}");
            let others = pulls.iter().enumerate().filter(|(arm, _)| *arm != 1).map(|(_, pulls)| *pulls);
            assert!(others.max() < Some(pulls[1]), "{seed}: {pulls:?}");
            assert_eq!(pulls.iter().sum::<u32>(), 180);
        }
    }

    #[test]
    fn going_on_from_what_came_near_leads_further_than_beginning_anew() {
        let mut further = 0;
        for seed in 0..20 {
            let (with, _) = World::new(seed, &[0.3]).play(&mut Archive::new(seed, 1), 10);
            let mut world = World::new(seed, &[0.3]);
            let anew = Draw { island: 0, arm: 0, from: None };
            let without = (0..30).map(|_| world.judge(&anew).1).fold(0.0, f64::max);
            further += u32::from(with > without);
        }
        assert_eq!(further, 20);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let play = |seed| {
            let mut archive = Archive::new(seed, 3);
            World::new(1, &[0.2, 0.5, 0.1]).play(&mut archive, 12);
            (0..9).map(|_| archive.draw()).collect::<Vec<_>>()
        };
        assert_eq!(play(7), play(7));
        assert_ne!(play(7), play(8));
    }

    #[test]
    fn islands_stay_apart_until_they_learn_of_each_other() {
        let mut archive = Archive::new(1, 1);
        let draw = archive.draw();
        assert_eq!(draw, Draw { island: 0, arm: 0, from: None });
        archive.expect("a", draw);
        archive.learn("a", 0.5);
        archive.learn("a", 0.9);
        archive.learn("never asked for", 0.9);
        let on = |archive: &Archive| archive.islands.iter().map(Vec::len).collect::<Vec<_>>();
        for _ in 0..MIGRATION - 1 {
            archive.begin_round();
            assert_eq!(on(&archive), [1, 0, 0]);
        }
        archive.begin_round();
        assert_eq!(on(&archive), [1, 1, 0]);
        assert_eq!(archive.islands[1][0], Partial { id: "a".to_owned(), nearness: 0.5 });
    }

    #[test]
    fn an_island_keeps_its_best_and_nothing_that_is_worth_nothing() {
        let mut archive = Archive::new(1, 1);
        for (nth, nearness) in [0.1, 0.9, 0.0, f64::NAN, 0.5, 0.3, 0.7, 2.0].into_iter().enumerate() {
            let id = nth.to_string();
            archive.expect(&id, Draw { island: 0, arm: 0, from: None });
            archive.learn(&id, nearness);
        }
        let kept: Vec<f64> = archive.islands[0].iter().map(|member| member.nearness).collect();
        assert_eq!(kept, [1.0, 0.9, 0.7, 0.5]);
    }
}
