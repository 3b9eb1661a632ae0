//! The YAML form `directive: {type, name, description, content, constraints, metadata}`, taken for the keys of TOML.
//!
//! The reader of YAML does not say where a value stands. Values come in the order of the text, so each is looked for behind
//! the one before it; where one is written in a way that its text is not found (an escape, an alias), what was found last is
//! its place.

use crate::node::{Entry, Node, Table, Value};
use crate::{Problem, Spanned};
use hephaestus_core::ByteRange;
use serde_yaml::Value as Yaml;

/// How far behind the last value the next one is looked for, in bytes.
const REACH: usize = 4096;

/// The keys of the form.
const FORM: &[&str] = &["type", "name", "description", "content", "constraints", "metadata"];

/// Longer and deeper texts are not read: the reader's time grows with the square of both.
const LARGEST: usize = 64 * 1024;
const DEEPEST: usize = 50;
/// Aliases of aliases multiply; nobody needs more in one page.
const MOST_ALIASES: usize = 100;

/// What others call our kinds.
const KINDS: &[(&str, &[&str])] = &[
    ("build", &["feature", "create", "implement", "generate", "new", "add"]),
    ("improve", &["improvement", "enhance", "enhancement", "quality"]),
    ("fix", &["bug", "bugfix", "repair"]),
    ("refactor", &["refactoring", "cleanup", "simplify"]),
    ("optimize", &["optimise", "optimization", "performance", "perf"]),
    ("test", &["tests", "testing", "coverage"]),
];

/// Priorities in words.
const PRIORITIES: &[(&str, i64)] =
    &[("low", -10), ("medium", 0), ("normal", 0), ("high", 10), ("critical", 20)];

/// Keys of `metadata` that mean something to us: what they are called there, and the table and key they stand for.
const METADATA: &[(&str, &str, &str)] = &[
    ("priority", "", "priority"),
    ("after", "", "after"),
    ("depends_on", "", "after"),
    ("files", "target", "files"),
    ("file", "target", "files"),
    ("target", "target", "files"),
    ("symbols", "target", "symbols"),
];

/// Reads the text; the keys, and the prose in `content`.
pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Option<(Table, Option<Spanned<String>>)> {
    if text.len() > LARGEST || is_deep(text) {
        let message = "this is too large or too deeply nested for a directive; a page at most: split it";
        problems.push(Problem::error(super::first_line(text), "too-large", message));
        return None;
    }
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: Yaml = match serde_yaml::from_str(bare) {
        Ok(value) => value,
        Err(error) => {
            let place = error.location().map_or(ByteRange::new(0, 0), |at| line_at(text, at.line()));
            problems.push(Problem::error(place, "syntax", format!("this is not YAML: {error}")));
            return None;
        }
    };
    let mut finder = Finder { text, at: text.len() - bare.len(), last: ByteRange::new(0, 0) };
    let tree = finder.node(value);
    let first = super::first_line(text);
    let Some(form) = tree.table().and_then(|table| table.get("directive")).and_then(Node::table) else {
        let message = "a directive in YAML has the form `directive: {type: …, description: …}`";
        problems.push(Problem::error(first, "no-keys", message));
        return None;
    };
    Some(Importer { problems, keys: Table::default(), body: None }.import(form))
}

/// Whether there are more open brackets, more dashes before a value, or more aliases than anybody means.
fn is_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    for letter in text.bytes() {
        match letter {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    if text.contains('&') && text.matches('*').count() > MOST_ALIASES {
        return true;
    }
    let dashes =
        |line: &str| line.split_whitespace().take_while(|word| matches!(*word, "-" | "?" | ":")).count();
    text.lines().any(|line| dashes(line) > DEEPEST)
}

/// The range of a 1-based line, without white space at its ends.
fn line_at(text: &str, line: usize) -> ByteRange {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let length = text.get(start..).and_then(|rest| rest.lines().next()).map_or(0, str::len);
    super::trimmed(text, ByteRange::new(start, start + length))
}

/// Gives values their places.
struct Finder<'a> {
    text: &'a str,
    /// Where the next value is looked for.
    at: usize,
    /// The place of what was found last.
    last: ByteRange,
}

impl Finder<'_> {
    /// The place of `wanted` behind what was found before.
    fn find(&mut self, wanted: &str, is_it: impl Fn(&str) -> bool) -> ByteRange {
        let reach = (self.at + REACH).min(self.text.len());
        let end = (reach..=self.text.len()).find(|at| self.text.is_char_boundary(*at)).unwrap_or(reach);
        let within = self.text.get(self.at..end).unwrap_or_default();
        let found = within.match_indices(wanted).find_map(|(at, _)| {
            let range = ByteRange::new(self.at + at, self.at + at + wanted.len());
            self.text.get(range.end..).is_some_and(&is_it).then_some(range)
        });
        if let Some(range) = found {
            (self.last, self.at) = (range, range.end);
        }
        self.last
    }

    fn key(&mut self, key: &str) -> ByteRange {
        self.find(key, |rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with(':'))
    }

    /// A text may go over several lines; the first and the last are looked for.
    fn words(&mut self, text: &str) -> ByteRange {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let Some(first) = lines.next() else { return self.last };
        let first = self.find(first, |_| true);
        match lines.next_back() {
            Some(last) => first.cover(self.find(last, |_| true)),
            None => self.with_quotes(first),
        }
    }

    fn with_quotes(&mut self, range: ByteRange) -> ByteRange {
        let before = self.text.get(..range.start).and_then(|before| before.chars().next_back());
        let after = self.text.get(range.end..).and_then(|after| after.chars().next());
        let is_quoted = matches!(before, Some('"' | '\'')) && before == after;
        if is_quoted {
            self.at = range.end + 1;
            return ByteRange::new(range.start - 1, range.end + 1);
        }
        range
    }

    /// The reader bounds the depth, so this recursion is bounded too.
    fn node(&mut self, value: Yaml) -> Node {
        let (range, value) = match value {
            Yaml::Null => (self.last, Value::Other("nothing")),
            Yaml::Bool(value) => {
                (self.find(if value { "true" } else { "false" }, |_| true), Value::Switch(value))
            }
            Yaml::Number(number) => {
                let range = self.find(&number.to_string(), |_| true);
                let whole = number.as_i64().map(Value::Whole);
                let value = whole.or_else(|| number.as_f64().map(Value::Number));
                (range, value.unwrap_or(Value::Other("a number too large to count with")))
            }
            Yaml::String(text) => (self.words(&text), Value::Text(text)),
            Yaml::Sequence(items) => {
                let start = self.last;
                let items: Vec<Node> = items.into_iter().map(|item| self.node(item)).collect();
                let range = items.first().map_or(start, |first| first.range);
                (range, Value::List(items))
            }
            Yaml::Mapping(entries) => return self.table(entries),
            Yaml::Tagged(tagged) => return self.node(tagged.value),
        };
        Node { range, value }
    }

    fn table(&mut self, mapping: serde_yaml::Mapping) -> Node {
        let mut entries = Vec::new();
        for (key, value) in mapping {
            let key = match key {
                Yaml::String(key) => key,
                Yaml::Number(number) => number.to_string(),
                Yaml::Bool(value) => value.to_string(),
                _ => continue,
            };
            let range = self.key(&key);
            entries.push(Entry { key: Spanned::new(key, range), node: self.node(value) });
        }
        let range = entries.first().map_or(self.last, |entry| entry.key.range);
        Node { range, value: Value::Table(Table { entries }) }
    }
}

/// Turns the form into our own keys.
struct Importer<'a> {
    problems: &'a mut Vec<Problem>,
    keys: Table,
    body: Option<Spanned<String>>,
}

impl Importer<'_> {
    fn import(mut self, form: &Table) -> (Table, Option<Spanned<String>>) {
        for entry in &form.entries {
            match entry.key.as_str() {
                "type" => self.kind(entry),
                "name" => {}
                "description" => self.put("goal", entry.key.range, entry.node.clone()),
                "content" => self.content(&entry.node),
                "constraints" => self.constraints(entry),
                "metadata" => self.metadata(&entry.node),
                other => self.unknown(other, entry.key.range),
            }
        }
        if self.keys.get("goal").is_none()
            && let Some(name) = form.entry("name")
        {
            self.put("goal", name.key.range, name.node.clone());
        }
        (self.keys, self.body)
    }

    fn unknown(&mut self, word: &str, place: ByteRange) {
        let message = format!("there is no key `{word}` in `directive`; known: {}", FORM.join(", "));
        let problem = Problem::error(place, "unknown-key", message);
        self.problems.push(problem.with_nearest(word, place, FORM.iter().copied(), str::to_owned));
    }

    fn put(&mut self, key: &str, place: ByteRange, node: Node) {
        self.keys.entries.retain(|entry| entry.key.value != key);
        self.keys.entries.push(Entry { key: Spanned::new(key.to_owned(), place), node });
    }

    /// Puts a value into a table of ours.
    fn put_in(&mut self, table: &str, key: &str, place: ByteRange, node: Node) {
        if table.is_empty() {
            return self.put(key, place, node);
        }
        let own = Entry { key: Spanned::new(key.to_owned(), place), node };
        let there = self.keys.entries.iter_mut().find(|entry| entry.key.value == table);
        if let Some(Entry { node: Node { value: Value::Table(there), .. }, .. }) = there {
            there.entries.push(own);
            return;
        }
        let value = Value::Table(Table { entries: vec![own] });
        self.put(table, place, Node { range: place, value });
    }

    fn kind(&mut self, entry: &Entry) {
        let mut node = entry.node.clone();
        if let Value::Text(word) = &mut node.value {
            let lower = word.to_lowercase();
            let own = KINDS.iter().find(|(_, others)| others.contains(&lower.as_str()));
            *word = own.map_or(lower, |(own, _)| (*own).to_owned());
        }
        self.put("kind", entry.key.range, node);
    }

    /// Prose, or any of our own keys.
    fn content(&mut self, node: &Node) {
        match &node.value {
            Value::Text(text) => self.body = Some(Spanned::new(text.clone(), node.range)),
            Value::List(items) => items.iter().for_each(|item| self.sentence(item)),
            Value::Table(table) => {
                for entry in &table.entries {
                    self.put(&entry.key, entry.key.range, entry.node.clone());
                }
            }
            _ => {
                let message = format!("`content` must be a text, a list or a table, not {}", node.noun());
                self.problems.push(Problem::error(node.range, "wrong-type", message));
            }
        }
    }

    fn constraints(&mut self, entry: &Entry) {
        match &entry.node.value {
            Value::List(items) => items.iter().for_each(|item| self.sentence(item)),
            _ => self.put("constraints", entry.key.range, entry.node.clone()),
        }
    }

    /// A sentence that must hold: nothing but a person can check it as it stands.
    fn sentence(&mut self, item: &Node) {
        let Value::Text(text) = &item.value else {
            let message = format!("a sentence belongs here, not {}", item.noun());
            self.problems.push(Problem::error(item.range, "wrong-type", message));
            return;
        };
        let message =
            "this is asked, not checked: say it as an example, a property or a command to have it proved";
        self.problems.push(Problem::information(item.range, "only-asked", message));
        let own = |key: &str, value: &str| Entry {
            key: Spanned::new(key.to_owned(), item.range),
            node: Node { range: item.range, value: Value::Text(value.to_owned()) },
        };
        let entries = vec![own("text", text), own("check", "manual")];
        let line = Node { range: item.range, value: Value::Table(Table { entries }) };
        match self.keys.entries.iter_mut().find(|entry| entry.key.value == "acceptance") {
            Some(Entry { node: Node { value: Value::List(lines), .. }, .. }) => lines.push(line),
            _ => {
                self.put("acceptance", item.range, Node { range: item.range, value: Value::List(vec![line]) })
            }
        }
    }

    /// What means nothing to us (authors, dates, tags) is somebody else's.
    fn metadata(&mut self, node: &Node) {
        for entry in node.table().map(|table| table.entries.as_slice()).unwrap_or_default() {
            let Some((_, table, key)) = METADATA.iter().find(|(own, ..)| *own == entry.key.value) else {
                continue;
            };
            let mut node = entry.node.clone();
            if let Value::Text(word) = &node.value
                && *key == "priority"
                && let Some((_, priority)) = PRIORITIES.iter().find(|(own, _)| *own == word.to_lowercase())
            {
                node.value = Value::Whole(*priority);
            }
            self.put_in(table, key, entry.key.range, node);
        }
    }
}
