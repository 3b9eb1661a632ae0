//! Which calls become tests: the fewest that do what all of them do together, the short and plain ones first. Knows
//! calls only by what they achieve and cost.

use std::collections::BTreeSet;

/// What a call achieves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gain {
    /// It fails on this faulty version.
    Kills(u32),
    /// It runs through this line, which no test did.
    Covers(u32),
}

/// A call that may be chosen.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) gains: BTreeSet<Gain>,
    pub(super) cost: u32,
}

/// A small set of choices that gains what all of them gain together, as indices, in order: greedily the one with the most
/// that is new (V. Chvátal, "A greedy heuristic for the set-covering problem", 1979), the cheapest of those; then without
/// what the others make superfluous, the dearest first. Faulty versions come first: what kills them covers lines too.
pub(super) fn choose(choices: &[Choice]) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut left: BTreeSet<Gain> = BTreeSet::new();
    for kills_first in [true, false] {
        let wanted = |gain: &&Gain| matches!(gain, Gain::Kills(_)) || !kills_first;
        left.extend(choices.iter().flat_map(|choice| choice.gains.iter().filter(wanted)));
        for at in &chosen {
            remove(&mut left, choices.get(*at));
        }
        while let Some(best) = best(choices, &left) {
            remove(&mut left, choices.get(best));
            chosen.push(best);
        }
    }
    without_superfluous(choices, chosen)
}

fn remove(left: &mut BTreeSet<Gain>, choice: Option<&Choice>) {
    for gain in choice.into_iter().flat_map(|choice| &choice.gains) {
        left.remove(gain);
    }
}

fn best(choices: &[Choice], left: &BTreeSet<Gain>) -> Option<usize> {
    let rated = choices.iter().enumerate().map(|(at, choice)| {
        let new = choice.gains.intersection(left).count();
        (new, std::cmp::Reverse((choice.cost, at)))
    });
    rated.max().filter(|(new, _)| *new > 0).map(|(_, std::cmp::Reverse((_, at)))| at)
}

fn without_superfluous(choices: &[Choice], mut chosen: Vec<usize>) -> Vec<usize> {
    let mut dearest = chosen.clone();
    dearest.sort_by_key(|at| std::cmp::Reverse(choices.get(*at).map_or(0, |choice| choice.cost)));
    for at in dearest {
        let others: BTreeSet<Gain> = chosen
            .iter()
            .filter(|other| **other != at)
            .filter_map(|other| choices.get(*other))
            .flat_map(|choice| choice.gains.iter().copied())
            .collect();
        if choices.get(at).is_some_and(|choice| choice.gains.is_subset(&others)) {
            chosen.retain(|other| *other != at);
        }
    }
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(kills: &[u32], covers: &[u32], cost: u32) -> Choice {
        let kills = kills.iter().map(|number| Gain::Kills(*number));
        let gains = kills.chain(covers.iter().map(|line| Gain::Covers(*line))).collect();
        Choice { gains, cost }
    }

    #[test]
    fn few_and_cheap_ones_are_chosen() {
        let choices =
            [choice(&[1, 2], &[], 30), choice(&[1, 2], &[], 10), choice(&[2], &[], 1), choice(&[3], &[], 90)];
        assert_eq!(choose(&choices), [1, 3]);
        assert!(choose(&[]).is_empty() && choose(&[choice(&[], &[], 1)]).is_empty());
    }

    #[test]
    fn what_others_make_superfluous_goes() {
        // Greed takes the large one first, and needs both others all the same.
        let choices = [choice(&[2, 3, 4], &[], 50), choice(&[1, 2, 3], &[], 5), choice(&[4, 5], &[], 5)];
        assert_eq!(choose(&choices), [1, 2]);
    }

    #[test]
    fn lines_count_where_nothing_that_kills_runs_through_them() {
        let choices = [choice(&[1], &[7, 8], 40), choice(&[], &[7], 1), choice(&[], &[9], 1)];
        assert_eq!(choose(&choices), [0, 2]);
    }
}
