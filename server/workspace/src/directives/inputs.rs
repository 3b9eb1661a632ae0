//! Inputs for properties: from what the variables range over, the border cases first, then by chance from a seed. Writes
//! them as literals of the target's language.

use super::phrases::ValuePhrases;
use hephaestus_directive::{Domain, Variable};

/// Inputs of one property.
const INPUTS: usize = 24;

/// Longest list or text.
const LONGEST: u64 = 6;

/// What texts are made of, besides plain letters.
const LETTERS: &[char] = &['a', 'b', 'z', 'A', 'Z', '0', '9', ' ', '-', '_', '.', ',', '/', '\n', '\t', 'é', 'ß', '日'];

/// Texts on which code falls that never saw them.
const TEXTS: &[&str] = &["", " ", "a", "A b", "  a  ", "0", "-1", "a-b_c", "Straße", "日本", "\n", "\"'\\"];

/// Inputs for `variables`, each a literal by variable. The same for the same seed.
pub(super) fn inputs(variables: &[Variable], seed: u64, phrases: &ValuePhrases) -> Vec<Vec<String>> {
    let mut chance = Chance(seed);
    let mut found: Vec<Vec<String>> = Vec::new();
    let borders: Vec<Vec<Value>> = variables.iter().map(|own| borders(&own.domain.value)).collect();
    let most = borders.iter().map(Vec::len).max().unwrap_or_default();
    // Twice as many tries as inputs: small domains have no more.
    for nth in 0..INPUTS * 2 {
        let input: Vec<String> = variables
            .iter()
            .zip(&borders)
            .map(|(own, borders)| {
                let border = borders.get(nth % borders.len().max(1)).filter(|_| nth < most);
                border.cloned().unwrap_or_else(|| any(&own.domain.value, &mut chance)).write(phrases)
            })
            .collect();
        if found.len() < INPUTS && !found.contains(&input) {
            found.push(input);
        }
    }
    found
}

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    Text(String),
    List(Vec<Value>),
}

impl Value {
    fn write(&self, phrases: &ValuePhrases) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Float(value) => format!("{value:?}"),
            Self::Bool(value) => if *value { &phrases.yes } else { &phrases.no }.clone(),
            Self::Text(text) => phrases.text.replace("{text}", &quoted(text)),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(|value| value.write(phrases)).collect();
                phrases.list.replace("{values}", &values.join(", "))
            }
        }
    }
}

/// In double quotes, with the escapes that all our languages share.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// The values at which code likes to fall.
fn borders(domain: &Domain) -> Vec<Value> {
    match domain {
        Domain::Int { min, max } => {
            let near = [0, 1, -1, 2, 10, 99, 100, 1000, *min, *max, min.saturating_add(1), max.saturating_sub(1)];
            let mut values: Vec<Value> = Vec::new();
            for value in near.into_iter().filter(|value| (min..=max).contains(&value)).map(Value::Int) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            values
        }
        Domain::Float { min, max } => {
            let near = [0.0, 1.0, -1.0, 0.5, 0.1, 1e-9, *min, *max];
            near.into_iter().filter(|value| (*min..=*max).contains(value)).map(Value::Float).collect()
        }
        Domain::Bool => vec![Value::Bool(false), Value::Bool(true)],
        Domain::Text => TEXTS.iter().map(|text| Value::Text((*text).to_owned())).collect(),
        Domain::List(inner) => {
            let inner = borders(inner);
            let single = inner.iter().take(3).map(|value| Value::List(vec![value.clone()]));
            let same = inner.first().map(|value| Value::List(vec![value.clone(), value.clone()]));
            let all = Value::List(inner.iter().take(5).cloned().collect());
            std::iter::once(Value::List(vec![])).chain(single).chain(same).chain([all]).collect()
        }
    }
}

/// Any value, small ones more often.
fn any(domain: &Domain, chance: &mut Chance) -> Value {
    match domain {
        Domain::Int { min, max } => {
            let (low, high) = if chance.below(2) == 0 { ((*min).max(-20), (*max).min(20)) } else { (*min, *max) };
            let (low, high) = if low <= high { (low, high) } else { (*min, *max) };
            let width = high.abs_diff(low).saturating_add(1);
            Value::Int(low.saturating_add_unsigned(chance.below(width)))
        }
        Domain::Float { min, max } => {
            let share = chance.below(1_000_001) as f64 / 1_000_000.0;
            Value::Float(min + (max - min) * share)
        }
        Domain::Bool => Value::Bool(chance.below(2) == 1),
        Domain::Text => {
            let length = chance.below(LONGEST + 1);
            let letters = (0..length).filter_map(|_| LETTERS.get(chance.index(LETTERS.len())));
            Value::Text(letters.collect())
        }
        Domain::List(inner) => {
            let length = chance.below(LONGEST + 1);
            Value::List((0..length).map(|_| any(inner, chance)).collect())
        }
    }
}

/// Numbers by chance (SplitMix64, Steele, Lea, Flood 2014): the same from the same seed on every machine.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_directive::Spanned;

    fn phrases() -> ValuePhrases {
        toml::from_str("true = 'True'\nfalse = 'False'\ntext = '{text}'\nlist = '[{values}]'").unwrap()
    }

    fn of(written: &str, seed: u64) -> Vec<String> {
        let variable = Variable {
            name: Spanned::new("x".to_owned(), 0..1),
            domain: Spanned::new(Domain::new(written).unwrap(), 0..1),
        };
        inputs(&[variable], seed, &phrases()).concat()
    }

    #[test]
    fn border_cases_come_first_and_nothing_comes_twice() {
        assert_eq!(of("bool", 1), ["False", "True"]);
        assert_eq!(&of("int 0..5", 1)[..4], ["0", "1", "2", "5"]);
        assert_eq!(of("int 0..5", 1).len(), 6);
        assert_eq!(&of("string", 1)[..3], ["\"\"", "\" \"", "\"a\""]);
        assert_eq!(of("list of int", 1)[0], "[]");
    }

    #[test]
    fn every_input_lies_in_the_range_and_a_seed_repeats_itself() {
        let numbers = of("int -3..1000000000", 7);
        assert_eq!(numbers.len(), INPUTS);
        assert!(numbers.iter().all(|own| (-3..=1_000_000_000).contains(&own.parse::<i64>().unwrap())));
        assert_eq!(of("list of float 0..1", 7), of("list of float 0..1", 7));
        assert_ne!(of("string", 7), of("string", 8));
    }

    #[test]
    fn the_widest_range_overflows_nothing() {
        let range = format!("int {}..{}", i64::MIN, i64::MAX);
        assert_eq!(of(&range, 3).len(), INPUTS);
    }

    #[test]
    fn texts_are_quoted_for_every_language() {
        assert_eq!(quoted("a\"\\\n\té"), r#""a\"\\\n\té""#);
    }
}
