//! How tests and documentation state examples: patterns of the pack, found in the text in the order in which they stand.
//! Space makes no difference; a name stands for what it was last bound to.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::super::kit::Reading;
use super::super::solve::Expected;
use super::super::value::Value;
use super::calls::Arguments;
use super::values::Reader;

/// The most rows of a table that are read.
const ROWS: usize = 60;
/// How far a stretch of any text may go, in bytes.
const FAR: usize = 2_000;

/// An example as it is stated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stated {
    pub(super) args: Arguments,
    pub(super) gives: Expected,
}

/// What a name stands for.
#[derive(Debug, Clone)]
enum Bound {
    One(Value),
    /// One after the other.
    Each(Vec<Value>),
    Call(Arguments),
}

/// What a pattern found.
#[derive(Debug, Default)]
struct Found {
    call: Option<Arguments>,
    value: Option<Value>,
    name: Option<String>,
    names: Vec<String>,
    error: Option<String>,
    end: usize,
}

/// What a pattern is for.
#[derive(Debug, Clone, Copy)]
enum Sort<'a> {
    Check,
    Plain(&'a str),
    Raises,
    Let,
    Table,
}

/// Every example about `name` in `text`.
pub(super) fn stated(text: &str, name: &str, reading: &Reading) -> Vec<Stated> {
    let mut patterns: Vec<(Sort<'_>, &str)> = Vec::new();
    patterns.extend(reading.raises.iter().map(|own| (Sort::Raises, own.as_str())));
    patterns.extend(reading.checks.iter().map(|own| (Sort::Check, own.as_str())));
    patterns.extend(reading.plain.iter().map(|(own, gives)| (Sort::Plain(gives), own.as_str())));
    patterns.extend(reading.tables.iter().map(|own| (Sort::Table, own.as_str())));
    patterns.extend(reading.lets.iter().map(|own| (Sort::Let, own.as_str())));
    let mut places: Vec<(usize, usize)> = Vec::new();
    for (nth, (_, pattern)) in patterns.iter().enumerate() {
        places.extend(begins(text, pattern, name).into_iter().map(|at| (at, nth)));
    }
    places.sort_unstable();
    let mut hand = Hand { text, name, reading, bound: BTreeMap::new(), stated: Vec::new() };
    let mut after = 0;
    for (at, nth) in places {
        if let Some((sort, pattern)) = patterns.get(nth).filter(|_| at >= after)
            && let Some(end) = hand.take(*sort, pattern, at)
        {
            after = end;
        }
    }
    hand.stated
}

/// Where a pattern may begin.
fn begins(text: &str, pattern: &str, name: &str) -> Vec<usize> {
    let is_inside = |at: usize| {
        text.get(..at)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
    };
    if pattern.starts_with("{name}") {
        let mut at = 0;
        let lines = text.split_inclusive('\n').map(|line| {
            let start = at + line.len() - line.trim_start().len();
            at += line.len();
            start
        });
        return lines.collect();
    }
    let head = match pattern.split('{').next().unwrap_or_default().split_whitespace().next() {
        Some(head) => head,
        None => name,
    };
    text.match_indices(head)
        .map(|(at, _)| at)
        .filter(|at| !is_inside(*at) || head.starts_with(['.', '@']))
        .collect()
}

/// Goes through a text.
struct Hand<'a> {
    text: &'a str,
    name: &'a str,
    reading: &'a Reading,
    bound: BTreeMap<String, Bound>,
    stated: Vec<Stated>,
}

impl Hand<'_> {
    /// What stands at `at`, if it is of that pattern; with where it ends.
    fn take(&mut self, sort: Sort<'_>, pattern: &str, at: usize) -> Option<usize> {
        let (first, turns) = self.found(pattern, at, 0)?;
        let end = first.end;
        match sort {
            Sort::Let => {
                let own = match (first.call, first.value) {
                    (Some(call), _) => Bound::Call(call),
                    (None, Some(value)) => Bound::One(value),
                    _ => return None,
                };
                self.bound.insert(first.name?, own);
            }
            Sort::Table => self.bind_rows(&first.names, &first.value?)?,
            Sort::Check | Sort::Plain(_) | Sort::Raises => {
                self.state(sort, first)?;
                for turn in 1..turns.min(ROWS) {
                    if let Some((found, _)) = self.found(pattern, at, turn) {
                        let _ = self.state(sort, found);
                    }
                }
            }
        }
        Some(end)
    }

    fn bind_rows(&mut self, names: &[String], rows: &Value) -> Option<()> {
        let rows: Vec<Value> = match rows {
            Value::Map(entries) => {
                entries.iter().map(|(key, own)| Value::pair(key.clone(), own.clone())).collect()
            }
            other => other.items()?.to_vec(),
        };
        for (nth, name) in names.iter().enumerate() {
            let column: Option<Vec<Value>> = rows
                .iter()
                .map(|row| if names.len() == 1 { Some(row.clone()) } else { row.items()?.get(nth).cloned() })
                .collect();
            self.bound.insert(name.clone(), Bound::Each(column?));
        }
        Some(())
    }

    fn state(&mut self, sort: Sort<'_>, found: Found) -> Option<()> {
        let gives = match sort {
            Sort::Raises => {
                Expected::Error(found.error.unwrap_or_else(|| self.reading.any_error.clone()), None)
            }
            Sort::Plain(word) => Expected::Value(Reader::new(word, 0, self.reading, &|_| None).value()?),
            _ => Expected::Value(found.value?),
        };
        self.stated.push(Stated { args: found.call?, gives });
        Some(())
    }

    /// What the pattern finds at `at`, where names that stand for rows stand for the one of that number; with how many
    /// rows there are.
    fn found(&self, pattern: &str, at: usize, turn: usize) -> Option<(Found, usize)> {
        let turns = Cell::new(1);
        let known = |name: &str| match self.bound.get(name)? {
            Bound::One(value) => Some(value.clone()),
            Bound::Each(rows) => {
                turns.set(turns.get().max(rows.len()));
                rows.get(turn).cloned()
            }
            Bound::Call(_) => None,
        };
        let mut reader = Reader::new(self.text, at, self.reading, &known);
        let mut found = Found::default();
        let mut rest = pattern;
        let mut ends_with_value = false;
        while !rest.is_empty() {
            let (plain, hole) = rest.split_once('{').unwrap_or((rest, ""));
            if !plain.split_whitespace().all(|word| reader.eat(word)) {
                return None;
            }
            let Some((what, after)) = hole.split_once('}') else { break };
            rest = after;
            ends_with_value = after.is_empty() && matches!(what, "value" | "call");
            match what {
                "call" => found.call = Some(self.call(&mut reader)?),
                "value" => found.value = Some(reader.value()?),
                "name" => found.name = Some(reader.word()?.to_owned()),
                "names" => found.names = names(&mut reader, after)?,
                "error" => found.error = Some(reader.path()?),
                _ => reader.skip_any(after)?,
            }
        }
        if ends_with_value && !is_end(reader.rest()) {
            return None;
        }
        found.end = reader.at();
        Some((found, turns.get()))
    }

    fn call(&self, reader: &mut Reader<'_>) -> Option<Arguments> {
        let before = reader.at();
        if let Some(Bound::Call(call)) = reader.word().and_then(|word| self.bound.get(word)) {
            return Some(call.clone());
        }
        reader.back(before);
        reader.call(self.name)
    }
}

/// Whether an expression may end before `rest`.
fn is_end(rest: &str) -> bool {
    let same_line = rest.trim_start_matches([' ', '\t']);
    same_line.is_empty()
        || same_line.starts_with(['\n', '\r', ')', ',', ';', '#', '{', '}', ']'])
        || same_line.starts_with("//")
}

/// Names between brackets, in a text or in a list of texts.
fn names(reader: &mut Reader<'_>, after: &str) -> Option<Vec<String>> {
    let before = reader.at();
    let split = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        words.filter(|word| !word.is_empty() && *word != "mut").map(str::to_owned).collect()
    };
    let named = match reader.value() {
        Some(Value::Text(text)) => Some(split(&text)),
        Some(Value::List(items) | Value::Tuple(items)) => items
            .iter()
            .map(|item| match item {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    };
    if let Some(names) = named.filter(|names| !names.is_empty()) {
        return Some(names);
    }
    reader.back(before);
    reader.skip_any(after)?;
    let names = split(reader.between(before));
    (!names.is_empty() && names.len() <= 8).then_some(names)
}

impl<'a> Reader<'a> {
    pub(super) fn skip(&mut self, bytes: usize) {
        self.back(self.at() + bytes);
    }

    fn between(&self, from: usize) -> &'a str {
        self.whole_text().get(from..self.at()).unwrap_or_default()
    }

    /// The last word of a path of words.
    fn path(&mut self) -> Option<String> {
        let mut last = self.word()?;
        while self.rest().starts_with('.') {
            self.skip(1);
            last = self.word()?;
        }
        Some(last.to_owned())
    }

    /// Goes on to where the pattern goes on, past brackets that belong together.
    fn skip_any(&mut self, after: &str) -> Option<()> {
        let next = after.split('{').next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
        let (mut depth, mut quote) = (0_usize, None);
        let rest = self.rest();
        for (at, c) in rest.char_indices().take_while(|(at, _)| *at < FAR) {
            if depth == 0 && quote.is_none() && rest.get(at..).is_some_and(|rest| rest.starts_with(next)) {
                self.skip(at);
                return Some(());
            }
            match (quote, c) {
                (Some(own), c) if own == c => quote = None,
                (None, '"' | '\'' | '`') => quote = Some(c),
                (None, '(' | '[' | '{') => depth += 1,
                (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::kit::Kit;
    use super::*;
    use hephaestus_core::LanguageId;
    use hephaestus_syntax::Languages;

    fn read(language: &str, text: &str) -> Vec<String> {
        let languages = Languages::builtin().unwrap();
        let kit = Kit::of(languages.get(&LanguageId::new(language)).unwrap().pack()).unwrap().unwrap();
        let shown = |own: &Stated| {
            let args: Vec<String> = own
                .args
                .iter()
                .map(|(name, value)| {
                    format!("{}{}", name.as_ref().map_or(String::new(), |own| format!("{own}=")), show(value))
                })
                .collect();
            let gives = match &own.gives {
                Expected::Value(value) => show(value),
                Expected::Error(name, _) => format!("raises {name}"),
            };
            format!("{} -> {gives}", args.join(" "))
        };
        stated(text, "f", &kit.reading).iter().map(shown).collect()
    }

    fn show(value: &Value) -> String {
        match value {
            Value::Int(own) => own.to_string(),
            Value::Bool(own) => own.to_string(),
            Value::Text(own) => format!("'{own}'"),
            Value::None => "none".to_owned(),
            Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn python_tests_state_examples() {
        let text = "def test_f():\n    assert f(1, b=2) == 3\n    assert 4 == mod.f([1, 2])\n    assert not f('a')\n    assert f('b')\n    x = f(5)\n    \
                    assert x == 6\n    with pytest.raises(ValueError, match='no'):\n        f(-1)\n    self.assertEqual(f(7), 8)\n    self.assertIsNone(f(9))\n";
        assert_eq!(
            read("python", text),
            [
                "1 b=2 -> 3",
                "[1,2] -> 4",
                "'a' -> false",
                "'b' -> true",
                "5 -> 6",
                "-1 -> raises ValueError",
                "7 -> 8",
                "9 -> none"
            ]
        );
    }

    #[test]
    fn tables_give_an_example_for_each_row() {
        let text = "@pytest.mark.parametrize('a, expected', [\n    (1, 2),  # one\n    (3, 4),\n])\ndef test_f(a, expected):\n    assert f(a) == expected\n";
        assert_eq!(read("python", text), ["1 -> 2", "3 -> 4"]);
        let text = "CASES = {'a': 1, 'b': 2}\nfor text, n in CASES.items():\n    assert f(text) == n\n";
        assert_eq!(read("python", text), ["'a' -> 1", "'b' -> 2"]);
        let text = "for (const [a, b] of [[1, 2], [3, 4]]) {\n  assert.equal(f(a), b);\n}\n";
        assert_eq!(read("javascript", text), ["1 -> 2", "3 -> 4"]);
        let text = "test.each([[1, 2], [3, 4]])('%i', (a, b) => {\n  expect(f(a)).toBe(b);\n});\n";
        assert_eq!(read("javascript", text), ["1 -> 2", "3 -> 4"]);
        let text = "for (a, b) in [(1, 2), (3, 4)] {\n    assert_eq!(f(a), b);\n}\n";
        assert_eq!(read("rust", text), ["1 -> 2", "3 -> 4"]);
    }

    #[test]
    fn documentation_and_other_languages_state_examples() {
        assert_eq!(
            read("python", "    >>> f(1)\n    2\n    >>> f('a')\n    'b'\n"),
            ["1 -> 2", "'a' -> 'b'"]
        );
        let text = "expect(f('a')).toEqual([1]);\nassert.deepStrictEqual(f(2), 'c');\nt.equal(f(3), true);\nassert.throws(() => f(4), TypeError);\n";
        assert_eq!(
            read("javascript", text),
            ["'a' -> [1]", "2 -> 'c'", "3 -> true", "4 -> raises TypeError"]
        );
        let text = "    /// assert_eq!(f(&[1]), 2);\n    assert!(f(\"a\"));\n    assert!(!f(\"b\"));\n    let x = f(3);\n    assert_eq!(x, Some(4));\n";
        assert_eq!(read("rust", text), ["[1] -> 2", "'a' -> true", "'b' -> false", "3 -> 4"]);
    }

    #[test]
    fn what_is_more_than_a_plain_value_is_left_out() {
        for text in [
            "assert f(1) == 2 + x\n",
            "assert f(x) == 2\n",
            "assert f(1) + 1 == 2\n",
            "assert g(f(1)) == 2\n",
            "assert f(1",
        ] {
            assert_eq!(read("python", text), Vec::<String>::new(), "{text}");
        }
    }
}
