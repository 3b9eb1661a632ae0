//! Inputs for properties: the border cases of what the variables range over, written out, and expressions that make many
//! more by chance, from a seed, when the test runs.

use super::phrases::{GeneratorPhrases, Phrases, ValuePhrases};
use hephaestus_directive::{Domain, Variable};

/// What texts are made of: letters of several alphabets, and what code likes to split at. The packs count on eighteen.
const LETTERS: &str = "abzAZ09 -_.,/\n\téß日";

/// Texts on which code falls that never saw them.
const TEXTS: &[&str] = &["", " ", "a", "A b", "  a  ", "0", "-1", "a-b_c", "Straße", "日本", "\n", "\"'\\"];

/// Seeds stay below this: every language's numbers hold them.
const SEEDS: u64 = 1 << 31;

/// The inputs of one property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inputs {
    /// Border cases, each a literal by variable.
    pub(super) borders: Vec<Vec<String>>,
    /// By variable: an expression that makes a value.
    pub(super) generators: Vec<String>,
    /// Where chance begins; never 0.
    pub(super) seed: u64,
}

impl Inputs {
    /// How many are made besides the border cases.
    pub(super) const MADE: u32 = 200;

    /// Inputs for these variables, in the words of a language.
    pub(super) fn of(variables: &[Variable], seed: u64, phrases: &Phrases) -> Self {
        let columns: Vec<Vec<Value>> = variables.iter().map(|own| borders(&own.domain.value)).collect();
        let rows = columns.iter().map(Vec::len).max().unwrap_or_default();
        let mut written: Vec<Vec<String>> = Vec::new();
        for nth in 0..rows {
            let values = columns.iter().filter_map(|column| column.get(nth % column.len().max(1)));
            let row: Vec<String> = values.map(|value| value.write(&phrases.values)).collect();
            if row.len() == variables.len() && !written.contains(&row) {
                written.push(row);
            }
        }
        let generators = variables.iter().map(|own| generator(&own.domain.value, &phrases.generators));
        Self { borders: written, generators: generators.collect(), seed: seed % SEEDS + 1 }
    }
}

/// An expression that makes values of a domain.
fn generator(domain: &Domain, phrases: &GeneratorPhrases) -> String {
    match domain {
        Domain::Int { min, max } => {
            // Half of them lie near zero, or as near as the range allows.
            let (low, high) = ((*min).max(-20), (*max).min(20));
            let (low, high) = if low <= high { (low, high) } else { (*min, *max) };
            let width = u128::from(max.abs_diff(*min)) + 1;
            let text = phrases.int.replace("{min}", &min.to_string()).replace("{max}", &max.to_string());
            let text = text.replace("{low}", &low.to_string()).replace("{high}", &high.to_string());
            text.replace("{width}", &width.min(u128::from(u64::MAX)).to_string())
        }
        Domain::Float { min, max } => {
            phrases.float.replace("{min}", &format!("{min:?}")).replace("{max}", &format!("{max:?}"))
        }
        Domain::Bool => phrases.truth.clone(),
        Domain::Text => phrases.text.replace("{letters}", &quoted(LETTERS)),
        Domain::List(inner) => phrases.list.replace("{of}", &generator(inner, phrases)),
    }
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
            let near = [0, 1, -1, 2, 10, 100, *min, *max];
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

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::LanguageId;
    use hephaestus_directive::Spanned;
    use hephaestus_syntax::Languages;

    fn of(written: &str, language: &str) -> Inputs {
        let variable = Variable {
            name: Spanned::new("x".to_owned(), 0..1),
            domain: Spanned::new(Domain::new(written).unwrap(), 0..1),
        };
        let phrases = Phrases::of(Languages::builtin().unwrap(), &LanguageId::new(language)).unwrap();
        Inputs::of(&[variable], 7, &phrases)
    }

    #[test]
    fn border_cases_are_written_out_and_nothing_comes_twice() {
        assert_eq!(of("bool", "python").borders.concat(), ["False", "True"]);
        assert_eq!(of("int 0..5", "python").borders.concat(), ["0", "1", "2", "5"]);
        assert_eq!(of("string", "rust").borders.concat()[..2], ["String::from(\"\")", "String::from(\" \")"]);
        assert_eq!(of("list of int", "javascript").borders.concat()[..2], ["[]", "[0]"]);
    }

    #[test]
    fn others_are_made_within_the_range() {
        assert_eq!(
            of("int 30..90", "python").generators,
            ["rng.choice([rng.randint(30, 90), rng.randint(30, 90)])"]
        );
        assert_eq!(of("int -9..9", "rust").generators, ["(-9_i128 + i128::from(next() % 19)) as _"]);
        let list = &of("list of bool", "javascript").generators[0];
        assert!(list.contains("() => next() < 0.5"), "{list}");
        assert_eq!(LETTERS.chars().count(), 18);
    }

    #[test]
    fn the_widest_range_overflows_nothing() {
        let widest = of(&format!("int {}..{}", i64::MIN, i64::MAX), "rust");
        assert!(widest.generators[0].contains(&u64::MAX.to_string()), "{widest:?}");
    }

    #[test]
    fn texts_are_quoted_for_every_language() {
        assert_eq!(quoted("a\"\\\n\té"), r#""a\"\\\n\té""#);
    }
}
