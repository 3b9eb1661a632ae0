//! From a tree of values to a directive. First every key is compared with the table of keys; then what has the right type
//! is taken over, and what must be there and is not is told.

use crate::keys::Key;
use crate::node::{Node, Table};
use crate::source::{Loaded, trimmed};
use crate::{
    Accept, AcceptMode, Budget, Constraints, Dependencies, Directive, DirectiveKind, EditScope, Engines,
    Objective, Pattern, Problem, PublicApi, Spanned, Target, Threshold, When, nearest,
};
use hephaestus_core::{ByteRange, Dimension};

mod entries;
mod shapes;

/// The keys that may stand there several times.
const ENTRIES: &[&str] = &["interface", "example", "property", "acceptance", "bench"];

/// Reads what `loaded` holds.
pub(crate) fn directive(
    name: &str,
    text: &str,
    loaded: &Loaded,
    problems: &mut Vec<Problem>,
) -> Option<Directive> {
    let mut reader = Reader { text, is_toml: loaded.is_toml, problems };
    reader.check_table(&loaded.keys, "");
    let keys = &loaded.keys;
    let kind = reader.kind(loaded);
    let goal = reader.goal(loaded);
    let directive = Directive {
        name: name.to_owned(),
        kind: kind?,
        goal: goal?,
        body: loaded.body.clone(),
        priority: keys.get("priority").and_then(Node::whole),
        after: texts(keys.get("after")),
        target: target(keys),
        interfaces: reader.entries(keys, "interface", Reader::interface),
        examples: reader.entries(keys, "example", Reader::example),
        properties: reader.entries(keys, "property", Reader::property),
        acceptance: reader.entries(keys, "acceptance", Reader::acceptance),
        benches: reader.entries(keys, "bench", Reader::bench),
        test_command: section(keys, "test").get("command").and_then(Node::text),
        constraints: constraints(keys),
        thresholds: thresholds(section(keys, "threshold")),
        objective: objective(section(keys, "objective")),
        engines: engines(section(keys, "engines")),
        budget: budget(section(keys, "budget")),
        accept: accept(section(keys, "accept")),
        has_gaps: false,
    };
    let read = directive.lines().len() + directive.interfaces.len();
    let written = ENTRIES.iter().filter_map(|word| keys.get(word)).map(|node| node.list().len().max(1));
    Some(Directive { has_gaps: written.sum::<usize>() > read, ..directive })
}

/// What reading needs at every step.
struct Reader<'a> {
    text: &'a str,
    /// Whether fixes may be written as TOML.
    is_toml: bool,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    /// A misspelt kind is read as the one it stands for most likely, so that the rest can be looked at too.
    fn kind(&mut self, loaded: &Loaded) -> Option<Spanned<DirectiveKind>> {
        let Some(node) = loaded.keys.get("kind") else {
            let words: Vec<&str> = DirectiveKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let message = format!("say what sort of change is wanted: `kind` is one of {}", words.join(", "));
            let problem = Problem::error(loaded.head, "missing-kind", message);
            let at = ByteRange::new(loaded.start, loaded.start);
            self.tell(problem, |problem| {
                problem.with_fix("Insert `kind = \"improve\"`", at, "kind = \"improve\"\n")
            });
            return None;
        };
        let word = node.text()?;
        let words = DirectiveKind::ALL.iter().map(|kind| kind.as_str());
        let kind =
            DirectiveKind::of_word(&word).or_else(|| DirectiveKind::of_word(nearest(&word, words)?))?;
        Some(word.map(|_| kind))
    }

    fn goal(&mut self, loaded: &Loaded) -> Option<Spanned<String>> {
        if let Some(node) = loaded.keys.get("goal") {
            return node.text();
        }
        let goal = loaded.body.as_ref().and_then(first_words);
        if goal.is_none() {
            let message = "say what is wanted: `goal = \"…\"`, or a heading below the keys";
            let problem = Problem::error(loaded.head, "missing-goal", message);
            let at = ByteRange::new(loaded.start, loaded.start);
            self.tell(problem, |problem| problem.with_fix("Insert a goal", at, "goal = \"\"\n"));
        }
        goal
    }

    /// Adds a problem, with its fix where fixes can be written.
    fn tell(&mut self, problem: Problem, fixed: impl FnOnce(Problem) -> Problem) {
        let mut problem = fixed(problem);
        problem.fix = problem.fix.filter(|_| self.is_toml);
        self.problems.push(problem);
    }

    fn entries<T>(
        &mut self,
        keys: &Table,
        word: &str,
        read: impl Fn(&mut Self, &Table, ByteRange) -> Option<T>,
    ) -> Vec<T> {
        let nodes = keys.get(word).map(Node::list).unwrap_or_default();
        nodes.iter().filter_map(|node| read(self, node.table()?, node.range)).collect()
    }
}

/// The first heading of a Markdown text or, where a paragraph comes before it, that paragraph.
fn first_words(body: &Spanned<String>) -> Option<Spanned<String>> {
    let text = body.value.trim_start();
    let start = body.range.start + (body.value.len() - text.len());
    let end = if text.starts_with('#') {
        text.find('\n').unwrap_or(text.len())
    } else {
        text.find("\n\n").or_else(|| text.find("\r\n\r\n")).unwrap_or(text.len())
    };
    let first = text.get(..end)?;
    let bare = first.trim_start_matches('#');
    let offset = start + (first.len() - bare.len());
    let range = trimmed(bare, ByteRange::new(0, bare.len()));
    let words = range.slice(bare)?.split_whitespace().collect::<Vec<_>>().join(" ");
    let place = ByteRange::new(offset + range.start, offset + range.end);
    (!words.is_empty()).then(|| Spanned::new(words, place))
}

/// The table under `word`; an empty one where there is none.
fn section<'a>(keys: &'a Table, word: &str) -> &'a Table {
    static EMPTY: Table = Table { entries: Vec::new() };
    keys.get(word).and_then(Node::table).unwrap_or(&EMPTY)
}

/// A list of texts, or one text that stands for a list.
fn texts(node: Option<&Node>) -> Vec<Spanned<String>> {
    let Some(node) = node else { return Vec::new() };
    let listed = node.list().iter().filter_map(Node::text);
    node.text().into_iter().chain(listed).filter(|text| !text.trim().is_empty()).collect()
}

fn counted(node: Option<&Node>) -> Option<Spanned<u64>> {
    let whole = node?.whole()?;
    let value = u64::try_from(whole.value).ok()?;
    Some(Spanned::new(value, whole.range))
}

fn worded<T: Copy>(node: Option<&Node>, words: &[(&str, T)]) -> Option<Spanned<T>> {
    let word = node?.text()?;
    let (_, value) = words.iter().find(|(own, _)| *own == word.value)?;
    Some(Spanned::new(*value, word.range))
}

/// The number under a key, if it lies within the key's range: what does not was told already.
fn ranged(table: &Table, path: &str) -> Option<Spanned<f64>> {
    let key = Key::at(path)?;
    let number = table.get(key.word())?.number()?;
    match key.shape {
        crate::Shape::Number(min, max) => (min..=max).contains(&number.value).then_some(number),
        _ => None,
    }
}

fn target(keys: &Table) -> Target {
    let table = section(keys, "target");
    let edit = section(table, "edit");
    Target {
        files: texts(table.get("files")),
        symbols: texts(table.get("symbols")),
        edit: EditScope {
            allow: texts(edit.get("allow")),
            deny: texts(edit.get("deny")),
            tests: edit.get("tests").and_then(Node::switch),
        },
    }
}

fn constraints(keys: &Table) -> Constraints {
    let table = section(keys, "constraints");
    let dependencies = table.get("dependencies").and_then(|node| {
        let names = texts(Some(node));
        let is_none = names.iter().all(|name| name.value == "none");
        let value = if is_none { Dependencies::None } else { Dependencies::Allow(names) };
        (node.text().is_some() || matches!(node.value, crate::node::Value::List(_)))
            .then(|| Spanned::new(value, node.range))
    });
    let forbid = texts(table.get("forbid")).into_iter().filter_map(|written| {
        let pattern = Pattern::new(&written).ok()?;
        Some(written.map(|_| pattern))
    });
    Constraints {
        public_api: worded(table.get("public_api"), PublicApi::WORDS),
        dependencies,
        max_diff_lines: counted(table.get("max_diff_lines")),
        forbid: forbid.collect(),
    }
}

/// The measure with this word.
pub(crate) fn dimension(word: &str) -> Option<Dimension> {
    Dimension::ALL.iter().copied().find(|dimension| dimension.as_str() == word)
}

fn thresholds(table: &Table) -> Vec<Threshold> {
    let read = |entry: &crate::node::Entry| {
        let dimension = entry.key.clone().map(|word| dimension(&word));
        let dimension = Spanned::new(dimension.value?, entry.key.range);
        Some(Threshold { dimension, value: entry.node.number()? })
    };
    table.entries.iter().filter_map(read).collect()
}

fn objective(table: &Table) -> Objective {
    let improve = texts(table.get("improve")).into_iter();
    let improve = improve.filter_map(|word| Some(Spanned::new(dimension(&word)?, word.range)));
    Objective { improve: improve.collect(), at_least: ranged(table, "objective.at_least") }
}

fn engines(table: &Table) -> Engines {
    Engines {
        allow: texts(table.get("allow")),
        seed: counted(table.get("seed")),
        llm: table.get("llm").and_then(Node::switch),
    }
}

fn budget(table: &Table) -> Budget {
    Budget {
        cpu_s: ranged(table, "budget.cpu_s"),
        trials: counted(table.get("trials")).filter(|trials| trials.value > 0),
        tokens: counted(table.get("tokens")),
        usd: ranged(table, "budget.usd"),
        when: worded(table.get("when"), When::WORDS),
    }
}

fn accept(table: &Table) -> Accept {
    let variants = counted(table.get("variants")).filter(|variants| (1..=9).contains(&variants.value));
    Accept { mode: worded(table.get("mode"), AcceptMode::WORDS), variants }
}
