//! The entries that may stand there several times: interfaces, examples, properties, acceptance lines, benches.

use super::{Reader, ranged, texts};
use crate::node::{Node, Table};
use crate::{
    AcceptanceLine, Bench, Check, Domain, Example, Expected, Holds, Interface, Problem, Property, Spanned,
    Variable,
};
use hephaestus_core::ByteRange;

impl Reader<'_> {
    pub(super) fn interface(&mut self, table: &Table, range: ByteRange) -> Option<Interface> {
        let signature =
            self.required(table, range, "signature", "`signature`, the declaration without its body");
        Some(Interface {
            range,
            signature: signature?,
            file: filled(table, "file"),
            doc: filled(table, "doc"),
        })
    }

    pub(super) fn example(&mut self, table: &Table, range: ByteRange) -> Option<Example> {
        let call = self.required(table, range, "call", "`call`, the expression to evaluate");
        let value = self.code(table, "value").map(Expected::Value);
        let error = filled(table, "error").map(Expected::Error);
        if let (Some(Expected::Value(_)), Some(Expected::Error(error))) = (&value, &error) {
            let message = "it cannot give a value and raise an error: keep one of `value` and `error`";
            self.problems.push(Problem::error(error.range, "contradiction", message));
        }
        let is_silent = table.get("value").is_none() && table.get("error").is_none();
        if is_silent && call.is_some() {
            let message = "say what must come out: `value = \"…\"` or `error = \"…\"`";
            self.incomplete(range, "uncheckable", message, "value = \"\"");
        }
        Some(Example { range, name: filled(table, "name"), call: call?, expected: value.or(error)? })
    }

    pub(super) fn property(&mut self, table: &Table, range: ByteRange) -> Option<Property> {
        let holds = self.required(table, range, "holds", "`holds`, a condition or `preserve`")?;
        let holds = holds.map(|text| match text.trim() {
            "preserve" => Holds::Preserve,
            _ => Holds::Condition(text),
        });
        let forall = table.get("forall").and_then(Node::table).map(variables).unwrap_or_default();
        Some(Property {
            range,
            name: filled(table, "name"),
            forall,
            assume: self.code(table, "assume"),
            holds,
        })
    }

    pub(super) fn acceptance(&mut self, table: &Table, range: ByteRange) -> Option<AcceptanceLine> {
        let text = self.required(table, range, "text", "`text`, what must hold");
        let check = self.check_of(table, range);
        Some(AcceptanceLine { range, text: text?, check })
    }

    fn check_of(&mut self, table: &Table, range: ByteRange) -> Option<Spanned<Check>> {
        let Some(node) = table.get("check") else {
            let place = table.get("text").map_or(range, |node| node.range);
            let known = if table.get("command").is_some() {
                "command"
            } else if table.get("test").is_some() {
                "test"
            } else {
                "manual"
            };
            let message =
                format!("nothing checks this line: say how with `check`, one of {}", Check::WORDS.join(", "));
            let problem = Problem::error(place, "uncheckable", message);
            let line = format!("check = \"{known}\"");
            self.tell_with_line(problem, range, &line);
            return None;
        };
        let word = node.text()?;
        let of = texts(table.get("of"));
        let check = match word.as_str() {
            "test" => Check::Test(self.needed(table, word.range, range, "test", "which test must pass")?),
            "command" => Check::Command(self.needed(
                table,
                word.range,
                range,
                "command",
                "which command must end with 0",
            )?),
            "example" => Check::Example(of),
            "property" => Check::Property(of),
            "bench" => Check::Bench(of),
            "manual" => Check::Manual,
            _ => return None,
        };
        Some(word.map(|_| check))
    }

    /// What the check at `place` cannot do without.
    fn needed(
        &mut self,
        table: &Table,
        place: ByteRange,
        header: ByteRange,
        key: &str,
        what: &str,
    ) -> Option<Spanned<String>> {
        if table.get(key).is_none() {
            let message = format!("nothing checks this line: say {what} with `{key} = \"…\"`");
            let problem = Problem::error(place, "uncheckable", message);
            self.tell_with_line(problem, header, &format!("{key} = \"\""));
        }
        filled(table, key)
    }

    pub(super) fn bench(&mut self, table: &Table, range: ByteRange) -> Option<Bench> {
        let command = self.required(table, range, "command", "`command`, what is timed");
        let has_limit = table.get("ratio").is_some() || table.get("limit_ms").is_some();
        if !has_limit && command.is_some() {
            let message = "nothing says how fast is fast enough: set `ratio` or `limit_ms`";
            self.incomplete(range, "uncheckable", message, "ratio = 0.8");
        }
        Some(Bench {
            range,
            name: filled(table, "name"),
            command: command?,
            ratio: ranged(table, "bench.ratio"),
            limit_ms: ranged(table, "bench.limit_ms"),
        })
    }

    /// The code under a key that must be there.
    fn required(
        &mut self,
        table: &Table,
        range: ByteRange,
        key: &str,
        what: &str,
    ) -> Option<Spanned<String>> {
        if table.get(key).is_none() {
            let message = format!("this entry needs {what}");
            self.incomplete(range, "missing-key", &message, &format!("{key} = \"\""));
        }
        self.code(table, key)
    }

    /// A text, or a number as it is written.
    fn code(&self, table: &Table, key: &str) -> Option<Spanned<String>> {
        filled(table, key).or_else(|| {
            let number = table.get(key)?.number()?;
            Some(Spanned::new(number.range.slice(self.text)?.to_owned(), number.range))
        })
    }

    fn incomplete(&mut self, header: ByteRange, code: &'static str, message: &str, line: &str) {
        self.tell_with_line(Problem::error(header, code, message), header, line);
    }

    /// Tells a problem that a line more below `header` would end.
    fn tell_with_line(&mut self, problem: Problem, header: ByteRange, line: &str) {
        let has_header = header.slice(self.text).is_some_and(|written| written.starts_with("[["));
        let at = ByteRange::new(header.end, header.end);
        self.tell(problem, |problem| match has_header {
            true => problem.with_fix(format!("Insert `{line}`"), at, format!("\n{line}")),
            false => problem,
        });
    }
}

/// The text under a key, if it is not empty.
fn filled(table: &Table, key: &str) -> Option<Spanned<String>> {
    table.get(key).and_then(Node::text).filter(|text| !text.trim().is_empty())
}

fn variables(table: &Table) -> Vec<Variable> {
    let read = |entry: &crate::node::Entry| {
        let written = entry.node.text()?;
        let domain = Domain::new(&written).ok()?;
        Some(Variable { name: entry.key.clone(), domain: written.map(|_| domain) })
    };
    table.entries.iter().filter_map(read).collect()
}
