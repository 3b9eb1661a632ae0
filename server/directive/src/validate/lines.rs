//! Lines that nothing can check, properties that cannot fail, and lines that hold already.

use super::Validator;
use crate::{Check, DirectiveKind, Holds, LineState, Problem, Property, Spanned};
use std::collections::BTreeSet;

impl Validator<'_> {
    pub(super) fn lines(&mut self) {
        self.acceptance();
        self.properties();
        self.nothing_to_prove();
        self.already_true();
    }

    /// What an acceptance line refers to has to be there.
    fn acceptance(&mut self) {
        let directive = self.directive;
        for line in &directive.acceptance {
            let Some(check) = &line.check else { continue };
            let (of, names) = match &**check {
                Check::Example(of) => (of, names(directive.examples.iter().map(|own| &own.name))),
                Check::Property(of) => (of, names(directive.properties.iter().map(|own| &own.name))),
                Check::Bench(of) => (of, names(directive.benches.iter().map(|own| &own.name))),
                Check::Test(_) | Check::Command(_) | Check::Manual => continue,
            };
            if names.is_empty() && !directive.has_gaps {
                self.without_entries(check);
                continue;
            }
            let known: Vec<&str> = names.into_iter().flatten().collect();
            for name in of.iter().filter(|name| !known.contains(&name.value.as_str())) {
                let message = format!("there is no {} called `{}`", check.word(), name.value);
                let problem = Problem::error(name.range, "unknown-name", message);
                let known = known.iter().copied();
                self.problems
                    .push(problem.with_nearest(name, name.range, known, |right| format!("\"{right}\"")));
            }
        }
    }

    fn without_entries(&mut self, check: &Spanned<Check>) {
        let word = check.word();
        let message =
            format!("nothing checks this line: there is no [[{word}]] in this directive; write one");
        let entry = match &**check {
            Check::Example(_) => "[[example]]\ncall = \"\"\nvalue = \"\"",
            Check::Property(_) => "[[property]]\nforall = { n = \"int 0..100\" }\nholds = \"\"",
            _ => "[[bench]]\ncommand = \"\"\nratio = 0.8",
        };
        let problem = Problem::error(check.range, "uncheckable", message);
        self.problems.push(self.with_table(problem, &format!("Add [[{word}]]"), entry));
    }

    fn properties(&mut self) {
        for property in &self.directive.properties {
            match &*property.holds {
                Holds::Preserve => {
                    if let Some(variable) = property.forall.first() {
                        let message =
                            "`preserve` takes its inputs from the tests; the variables are not used";
                        self.warning(variable.name.range, "unused-variable", message);
                    }
                }
                Holds::Condition(condition) => self.condition(property, condition),
            }
        }
    }

    fn condition(&mut self, property: &Property, condition: &str) {
        if let Some(reason) = cannot_fail(condition) {
            let message = format!("this cannot fail: {reason}; say what should hold");
            return self.error(property.holds.range, "cannot-fail", message);
        }
        if let Some(assume) =
            property.assume.as_ref().filter(|assume| assume.value.eq_ignore_ascii_case("false"))
        {
            let message = "this cannot fail: no input meets the condition `assume`";
            return self.error(assume.range, "cannot-fail", message);
        }
        if property.forall.is_empty() {
            let message =
                "without `forall` there is one input only: write it as an [[example]], or name the variables";
            return self.warning(property.holds.range, "no-variables", message);
        }
        let words: BTreeSet<&str> = identifiers(condition)
            .chain(property.assume.iter().flat_map(|assume| identifiers(assume)))
            .collect();
        for variable in property.forall.iter().filter(|variable| !words.contains(variable.name.as_str())) {
            let message = format!(
                "`{}` is not used in `holds`: use it, or take it out of `forall`",
                variable.name.value
            );
            self.warning(variable.name.range, "unused-variable", message);
        }
    }

    /// What is to be built or mended needs something that says when it is done.
    fn nothing_to_prove(&mut self) {
        let directive = self.directive;
        let needs_lines = matches!(*directive.kind, DirectiveKind::Build | DirectiveKind::Fix);
        let is_checked = directive
            .acceptance
            .iter()
            .any(|line| line.check.as_ref().is_none_or(|check| **check != Check::Manual));
        let others = directive.examples.len() + directive.properties.len() + directive.benches.len();
        if !needs_lines || is_checked || others > 0 || directive.has_gaps {
            return;
        }
        let message = format!(
            "nothing says when this is done: a `{}` needs an [[example]], a [[property]] or a checked [[acceptance]] line",
            *directive.kind
        );
        let problem = Problem::warning(directive.kind.range, "nothing-to-prove", message);
        let problem =
            self.with_table(problem, "Add an [[example]]", "[[example]]\ncall = \"\"\nvalue = \"\"");
        self.problems.push(problem);
    }

    fn already_true(&mut self) {
        let Some(record) = &self.around.record else { return };
        let around = self.around;
        for line in self.directive.lines() {
            let state = record.state_by(&line, |path| around.files.get(path).map(|file| file.hash.clone()));
            if matches!(state, LineState::Proved { already: true, .. }) {
                let message =
                    "this held before any change: it asks for nothing; drop it, or keep it as a guard";
                self.problems.push(Problem::information(line.range, "already-true", message));
            }
        }
    }
}

/// The names of entries; `None` for one without.
fn names<'a>(names: impl Iterator<Item = &'a Option<Spanned<String>>>) -> Vec<Option<&'a str>> {
    names.map(|name| name.as_ref().map(|name| name.value.as_str())).collect()
}

/// Why a condition holds whatever the inputs are, if that can be seen.
fn cannot_fail(condition: &str) -> Option<String> {
    let condition = condition.trim();
    if condition.eq_ignore_ascii_case("true") {
        return Some(format!("`{condition}` always holds"));
    }
    let equal = ["===", "==", "<=", ">="].into_iter().find_map(|operator| {
        let (left, right) = condition.split_once(operator)?;
        // A second comparison, or one among others, is another matter.
        let is_whole = ![left, right].iter().any(|side| {
            side.contains(['=', '<', '>', '&', '|']) || identifiers(side).any(|word| CONNECTS.contains(&word))
        });
        let bare = |side: &str| side.split_whitespace().collect::<String>();
        (is_whole && bare(left) == bare(right)).then_some(operator)
    })?;
    Some(format!("both sides of `{equal}` are the same"))
}

const CONNECTS: &[&str] = &["and", "or", "not", "if", "else"];

/// The words of an expression that may be names.
fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '$')).filter(|word| {
        word.starts_with(|letter: char| letter.is_alphabetic() || letter == '_' || letter == '$')
    })
}

#[cfg(test)]
mod tests {
    use super::cannot_fail;

    #[test]
    fn only_what_surely_holds_cannot_fail() {
        for condition in ["True", "true", "f(x) == f( x )", "x >= x", "a === a"] {
            assert!(cannot_fail(condition).is_some(), "{condition}");
        }
        for condition in ["f(x) == x", "x == x and f(x)", "x < x", "f(f(x)) == f(x)", "x == x == y", ""] {
            assert!(cannot_fail(condition).is_none(), "{condition}");
        }
    }
}
