//! Another constant: a neighbour, one that is usual, one of the file, one that the failing tests mention.

use super::{Move, Workplace, nearness};
use crate::nodes::Place;
use crate::search::data::Roles;
use crate::search::pool::{escaped, unquoted};

/// The longest string that is taken apart letter by letter.
const LONGEST: usize = 60;

pub(super) fn make(work: &Workplace<'_>, moves: &mut Vec<Move>) {
    let scene = work.scene;
    for place in work.values() {
        if scene.is(place, Roles::NUMBER) {
            numbers(work, place, moves);
        } else if scene.is(place, Roles::STRING) {
            strings(work, place, moves);
        }
        truths(work, place, moves);
    }
}

fn truths(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (text, texts) = (work.scene.text_of(place), &work.scene.lexicon.texts);
    let other = match text {
        _ if text == texts.yes => &texts.no,
        _ if text == texts.no => &texts.yes,
        _ => return,
    };
    moves.push(Move::new("truth", work.scene.nodes.range(place), other.as_str(), 1.0));
}

fn numbers(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (range, text) = (work.scene.nodes.range(place), work.scene.text_of(place));
    let mut put = |family: &'static str, new: &str, weight: f64| {
        let new = work.fitted(place, new, !new.starts_with('-'));
        moves.push(Move::new(family, range, new, weight));
    };
    for near in neighbours(text) {
        put("number-near", &near, 1.0);
    }
    put("number-sign", &format!("-{text}"), 1.0);
    for usual in &work.scene.lexicon.constants.number {
        put("number-usual", usual, 1.0);
    }
    for (nth, number) in work.pool.numbers.iter().enumerate() {
        put("number-known", &number.text, nearness(number, nth));
    }
}

/// One more, one less, its reciprocal; with the same suffix and the same sort of digits.
fn neighbours(text: &str) -> Vec<String> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let Some((number, suffix)) = text.split_at_checked(digits) else { return Vec::new() };
    if let Ok(value) = number.parse::<u64>() {
        let mut near = vec![format!("{}{suffix}", value.saturating_add(1))];
        near.extend(value.checked_sub(1).map(|less| format!("{less}{suffix}")));
        return near;
    }
    let Ok(value) = number.parse::<f64>() else { return Vec::new() };
    let mut near = vec![format!("{:?}{suffix}", value + 1.0), format!("{:?}{suffix}", value - 1.0)];
    if value != 0.0 && value != 1.0 {
        near.push(format!("{:?}{suffix}", 1.0 / value));
    }
    near
}

fn strings(work: &Workplace<'_>, place: Place, moves: &mut Vec<Move>) {
    let (range, text) = (work.scene.nodes.range(place), work.scene.text_of(place));
    let is_character = work.scene.is(place, Roles::CHARACTER);
    for usual in &work.scene.lexicon.constants.text {
        moves.extend(
            requoted(work, usual, text, is_character).map(|own| Move::new("text-usual", range, own, 1.0)),
        );
    }
    for (nth, string) in work.pool.strings.iter().enumerate() {
        let same_quote = work.scene.lexicon.texts.string.get(..1) == text.get(..1) || string.distance < 2;
        let written = if same_quote && !work.scene.lexicon.has_characters() {
            Some(string.text.clone())
        } else {
            requoted(work, &string.text, text, is_character)
        };
        moves.extend(written.map(|own| Move::new("text-known", range, own, nearness(string, nth))));
    }
    let Some(inner) = unquoted(text) else { return };
    let quote = text.get(..1).unwrap_or("\"");
    let mut put = |family: &'static str, new: String, weight: f64| {
        moves.push(Move::new(family, range, format!("{quote}{new}{quote}"), weight));
    };
    for rival in work.scene.lexicon.short_texts.get(inner).into_iter().flatten() {
        put("text-rival", rival.clone(), 1.0);
    }
    for changed in [inner.to_lowercase(), inner.to_uppercase(), capitalized(inner)] {
        put("text-case", changed, 1.0);
    }
    if is_character {
        return;
    }
    if inner.len() <= LONGEST && !inner.contains('\\') {
        for changed in shorter(inner) {
            put("text-part", changed, 1.0);
        }
    }
    for (old, new) in misspelt(inner, &work.pool.mined.texts) {
        put("text-spelling", inner.replacen(&old, &escaped(&new), 1), 1.0);
    }
    for blank in [format!("{inner} "), format!(" {inner}")] {
        put("text-part", blank, 0.5);
    }
}

/// A string in the quotes of another one; `None` where a character is needed and it is none.
fn requoted(work: &Workplace<'_>, string: &str, like: &str, is_character: bool) -> Option<String> {
    let (Some(inner), Some(quote)) = (unquoted(string), like.get(..1)) else {
        return Some(string.to_owned());
    };
    let is_one = inner.chars().count() == 1 || inner.starts_with('\\') && inner.chars().count() == 2;
    let fits = !is_character || is_one;
    let quote = if work.scene.lexicon.has_characters() && !is_character { "\"" } else { quote };
    fits.then(|| format!("{quote}{inner}{quote}"))
}

pub(super) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Without one letter (in both cases, wherever it is), without one word.
fn shorter(text: &str) -> Vec<String> {
    let mut made: Vec<String> = Vec::new();
    let mut push = |new: String| {
        if new != text && !made.contains(&new) {
            made.push(new);
        }
    };
    for letter in text.chars() {
        push(text.chars().filter(|own| !own.eq_ignore_ascii_case(&letter)).collect());
        push(text.replacen(letter, "", 1));
    }
    let words: Vec<&str> = text.split(' ').collect();
    if words.len() > 2 {
        for nth in 0..words.len() {
            let left = words.iter().enumerate().filter(|(at, _)| *at != nth).map(|(_, word)| *word);
            push(left.collect::<Vec<_>>().join(" "));
        }
    }
    made
}

/// Words of a text that are nearly, but not quite, a word of the tests.
fn misspelt(text: &str, known: &[String]) -> Vec<(String, String)> {
    let is_word = |c: char| !c.is_alphanumeric();
    let words = text.split(is_word).filter(|word| word.len() > 3);
    let right: Vec<&str> =
        known.iter().flat_map(|text| text.split(is_word)).filter(|word| word.len() > 3).collect();
    let mut found = Vec::new();
    for word in words.filter(|word| !right.contains(word)) {
        let near = right.iter().filter(|other| is_near(word, other));
        found.extend(near.map(|other| (word.to_owned(), (*other).to_owned())));
    }
    found.dedup();
    found
}

/// Whether two words differ in one letter: changed, added, left out, or two that changed places.
fn is_near(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let start = left.iter().zip(&right).take_while(|(one, other)| one == other).count();
    let rest = |word: &[char]| word.iter().skip(start).copied().collect::<Vec<_>>();
    let (left, right) = (rest(&left), rest(&right));
    let end = left.iter().rev().zip(right.iter().rev()).take_while(|(one, other)| one == other).count();
    let (left, right) = (left.len() - end, right.len() - end);
    left <= 1 && right <= 1 || left == 2 && right == 2
}
