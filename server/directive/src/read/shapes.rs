//! Every key against the table of keys: is it one, and has its value the right type?

use super::{Reader, dimension};
use crate::keys::{Key, Shape};
use crate::node::{Entry, Node, Table, Value};
use crate::{Domain, KEYS, Pattern, Problem};
use crate::{Names, nearest};
use hephaestus_core::{ByteRange, Dimension};

impl Reader<'_> {
    /// Compares the keys of the table at `path` with those that may stand there.
    pub(super) fn check_table(&mut self, table: &Table, path: &str) {
        for entry in &table.entries {
            let own =
                if path.is_empty() { entry.key.value.clone() } else { format!("{path}.{}", *entry.key) };
            match Key::at(&own) {
                Some(key) => self.check(key, &entry.node, entry.key.range),
                None => self.unknown(entry, table, path),
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, table: &Table, path: &str) {
        let (word, place) = (entry.key.value.as_str(), entry.key.range);
        let around = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        let problem = Problem::error(place, "unknown-key", format!("there is no key `{word}`{around}"));
        let known = || Key::of_table(path).map(Key::word);
        // What is there already cannot be meant.
        let absent = || known().filter(|word| table.get(word).is_none());
        if nearest(word, absent()).is_some() {
            self.tell(problem, |problem| problem.with_nearest(word, place, absent(), str::to_owned));
            return;
        }
        let elsewhere: Vec<String> =
            KEYS.iter().filter(|key| key.word() == word).map(|key| format!("`{}`", key.path)).collect();
        let hint = if elsewhere.is_empty() {
            format!("; known: {}", known().collect::<Vec<_>>().join(", "))
        } else {
            format!("; there is {}", elsewhere.join(", "))
        };
        self.problems.push(Problem { message: problem.message.clone() + &hint, ..problem });
    }

    fn check(&mut self, key: &Key, node: &Node, place: ByteRange) {
        match (key.shape, &node.value) {
            (Shape::Table, Value::Table(table)) => self.check_table(table, key.path),
            (Shape::Domains, Value::Table(table)) => self.check_domains(table),
            (Shape::Measures, Value::Table(table)) => self.check_measures(table),
            (Shape::Tables, Value::List(items)) if items.iter().all(|item| item.table().is_some()) => {
                for table in items.iter().filter_map(Node::table) {
                    self.check_table(table, key.path);
                }
            }
            (Shape::Choice(choices), Value::Text(word)) => self.check_choice(key, choices, word, node.range),
            (Shape::List(names) | Shape::NoneOr(names), Value::Text(_)) => self.check_name(key, names, node),
            (Shape::List(names) | Shape::NoneOr(names), Value::List(items)) => {
                for item in items {
                    self.check_name(key, names, item);
                }
            }
            (Shape::Text | Shape::Code | Shape::Command | Shape::Name(_), Value::Text(text)) => {
                self.check_filled(key, text, node.range);
            }
            (Shape::Code, Value::Whole(_) | Value::Number(_)) | (Shape::Switch, Value::Switch(_)) => {}
            (Shape::Whole(min, max), Value::Whole(value)) => {
                if !(min..=max).contains(value) {
                    self.out_of_range(key, node.range, &bounds(min, max, i64::MAX));
                }
            }
            (Shape::Number(min, max), Value::Whole(_) | Value::Number(_)) => {
                if !node.number().is_some_and(|value| (min..=max).contains(&value.value)) {
                    self.out_of_range(key, node.range, &bounds(min, max, f64::MAX));
                }
            }
            _ => self.wrong_type(key, node, place),
        }
    }

    fn check_filled(&mut self, key: &Key, text: &str, range: ByteRange) {
        if text.trim().is_empty() {
            let message = format!("`{}` is empty; write it or leave it out", key.word());
            self.problems.push(Problem::error(range, "empty", message));
        }
    }

    fn check_choice(&mut self, key: &Key, choices: &[(&str, &str)], word: &str, range: ByteRange) {
        if choices.iter().any(|(own, _)| *own == word) {
            return;
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let code = if key.path == "kind" { "unknown-kind" } else { "unknown-word" };
        let message = format!("`{word}` is no {}; it is one of {}", key.word(), words.join(", "));
        self.tell(Problem::error(range, code, message), |problem| {
            problem.with_nearest(word, range, words, quoted)
        });
    }

    fn check_name(&mut self, key: &Key, names: Names, node: &Node) {
        let Value::Text(text) = &node.value else {
            return self.wrong_type(key, node, node.range);
        };
        self.check_filled(key, text, node.range);
        match names {
            Names::Measures => self.check_measure(text, node.range, quoted),
            Names::Patterns if !text.trim().is_empty() => {
                if let Err(reason) = Pattern::new(text) {
                    let message = format!("`{text}` cannot be looked for: {reason}");
                    self.problems.push(Problem::error(node.range, "bad-pattern", message));
                }
            }
            _ => {}
        }
    }

    fn check_measure(&mut self, word: &str, range: ByteRange, written: fn(&str) -> String) {
        if word.trim().is_empty() || dimension(word).is_some() {
            return;
        }
        let words: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
        let message = format!("`{word}` is no measure; known: {}", words.join(", "));
        let problem = Problem::error(range, "unknown-measure", message);
        self.tell(problem, |problem| problem.with_nearest(word, range, words, written));
    }

    fn check_measures(&mut self, table: &Table) {
        for entry in &table.entries {
            self.check_measure(&entry.key, entry.key.range, str::to_owned);
            if entry.node.number().is_none_or(|value| !value.value.is_finite()) {
                let message = format!("`{}` needs a number to reach, not {}", *entry.key, entry.node.noun());
                self.problems.push(Problem::error(entry.node.range, "wrong-type", message));
            }
        }
    }

    fn check_domains(&mut self, table: &Table) {
        for entry in &table.entries {
            let Some(written) = entry.node.text() else {
                let message = format!(
                    "`{}` needs what it ranges over as a text, not {}: {}",
                    *entry.key,
                    entry.node.noun(),
                    Domain::FORMS
                );
                self.problems.push(Problem::error(entry.node.range, "wrong-type", message));
                continue;
            };
            if let Err(reason) = Domain::new(&written) {
                let problem = Problem::error(
                    entry.node.range,
                    "bad-domain",
                    format!("{reason}; write {}", Domain::FORMS),
                );
                let known = [("integer", "int"), ("str", "string"), ("text", "string"), ("boolean", "bool")];
                let more = [("number", "float"), ("double", "float")];
                let other = known.into_iter().chain(more).find(|(own, _)| *own == written.trim());
                self.tell(problem, |problem| match other {
                    Some((_, right)) => {
                        problem.with_fix(format!("Change to `{right}`"), entry.node.range, quoted(right))
                    }
                    None => problem,
                });
            }
        }
    }

    fn out_of_range(&mut self, key: &Key, range: ByteRange, bounds: &str) {
        let message = format!("`{}` must be {bounds}", key.word());
        self.problems.push(Problem::error(range, "out-of-range", message));
    }

    fn wrong_type(&mut self, key: &Key, node: &Node, place: ByteRange) {
        let (word, wanted) = (key.word(), wanted(key));
        let message = format!("`{word}` must be {wanted}, not {}", node.noun());
        // A table's own range may be that of its header, or empty where it has none.
        let range = if node.table().is_some() || node.range.is_empty() { place } else { node.range };
        let written = node.range.slice(self.text).unwrap_or_default().to_owned();
        let problem = Problem::error(range, "wrong-type", message);
        self.tell(problem, |problem| match repaired(key.shape, node, &written) {
            Some(right) => problem.with_fix(format!("Write `{right}`"), node.range, right),
            None => problem,
        });
    }
}

/// What would be right where `written` stands, if that is plain.
fn repaired(shape: Shape, node: &Node, written: &str) -> Option<String> {
    match (shape, &node.value) {
        (Shape::Tables, Value::Table(_)) => {
            let header = written.strip_prefix('[')?.strip_suffix(']')?;
            Some(format!("[[{header}]]"))
        }
        (Shape::Table, Value::List(items)) if items.len() == 1 => {
            let header = written.strip_prefix("[[")?.strip_suffix("]]")?;
            Some(format!("[{header}]"))
        }
        (Shape::Whole(..), Value::Text(text)) => {
            text.trim().parse::<i64>().ok().map(|number| number.to_string())
        }
        (Shape::Number(..), Value::Text(text)) => {
            text.trim().parse::<f64>().ok().map(|_| text.trim().to_owned())
        }
        (Shape::Switch, Value::Text(text)) => ["true", "false"]
            .into_iter()
            .find(|word| text.trim().eq_ignore_ascii_case(word))
            .map(str::to_owned),
        (Shape::Text | Shape::Code | Shape::Name(_) | Shape::Command, value) => {
            let is_plain =
                matches!(value, Value::Whole(_) | Value::Number(_) | Value::Switch(_) | Value::List(_));
            let fits = is_plain && !written.is_empty() && !written.contains(['\'', '\n']);
            fits.then(|| format!("'{written}'"))
        }
        _ => None,
    }
}

/// A shape in words, for messages.
fn wanted(key: &Key) -> String {
    match key.shape {
        Shape::Text | Shape::Command | Shape::Name(_) => "a text".to_owned(),
        Shape::Code => "code of the target's language, as a text".to_owned(),
        Shape::Choice(choices) => {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            format!("one of {}", words.join(", "))
        }
        Shape::List(_) => "a list of texts".to_owned(),
        Shape::NoneOr(_) => "\"none\" or a list of names".to_owned(),
        Shape::Whole(..) => "a whole number".to_owned(),
        Shape::Number(..) => "a number".to_owned(),
        Shape::Switch => "true or false".to_owned(),
        Shape::Domains => "a table of variables such as `{ n = \"int\" }`".to_owned(),
        Shape::Measures => format!("a table `[{}]` of measures", key.path),
        Shape::Table => format!("a table `[{}]`", key.path),
        Shape::Tables => format!("written as `[[{}]]`, once for each", key.path),
    }
}

fn bounds<T: PartialEq + std::fmt::Display>(min: T, max: T, most: T) -> String {
    if max == most { format!("at least {min}") } else { format!("between {min} and {max}") }
}

/// A word as TOML writes it.
pub(super) fn quoted(word: &str) -> String {
    format!("{word:?}")
}
