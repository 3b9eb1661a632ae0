//! The known word that a misspelt one most likely stands for.

/// Longer words are not compared: the cost grows with the square.
const LONGEST: usize = 200;

/// The word of `known` that is fewest single-letter changes away from `wrong`, if those are at most a third of its letters.
/// Distance: optimal string alignment (Damerau 1964, Levenshtein 1966), letter case ignored.
#[must_use]
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong: Vec<char> = wrong.to_lowercase().chars().collect();
    if wrong.is_empty() || wrong.len() > LONGEST {
        return None;
    }
    let most = (wrong.len() / 3).max(1);
    known
        .into_iter()
        .filter(|word| word.len() <= 4 * LONGEST)
        .filter_map(|word| {
            let letters: Vec<char> = word.to_lowercase().chars().collect();
            let is_near = letters.len().abs_diff(wrong.len()) <= most;
            let distance = is_near.then(|| distance(&wrong, &letters))?;
            (distance <= most).then_some((distance, word))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

fn distance(from: &[char], to: &[char]) -> usize {
    let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=to.len()).collect());
    for (row, letter) in from.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, other) in to.iter().enumerate() {
            let swapped = row > 0
                && column > 0
                && from.get(row - 1) == Some(other)
                && to.get(column - 1) == Some(letter);
            let replaced = at(&last, column) + usize::from(letter != other);
            let shorter = at(&last, column + 1) + 1;
            let longer = at(&next, column) + 1;
            let exchanged = if swapped { at(&before, column - 1) + 1 } else { usize::MAX };
            next.push(replaced.min(shorter).min(longer).min(exchanged));
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_seen_through_and_another_word_is_not() {
        let known = ["build", "improve", "fix", "refactor", "optimize", "test"];
        assert_eq!(nearest("optimise", known), Some("optimize"));
        assert_eq!(nearest("biuld", known), Some("build"));
        assert_eq!(nearest("Fix", known), Some("fix"));
        assert_eq!(nearest("rebuild everything", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn the_nearest_of_several_wins() {
        assert_eq!(nearest("trial", ["trials", "trails", "try"]), Some("trials"));
    }
}
