//! What a directive says twice in different ways, or rules out itself.

use super::Validator;
use crate::surroundings::FileNames;
use crate::{DirectiveKind, Interface, Problem, PublicApi, Symbol, problem::Fix};
use hephaestus_core::{ByteRange, Dimension, Edit, RelPath};
use std::collections::{BTreeMap, HashMap};

impl Validator<'_> {
    pub(super) fn contradictions(&mut self) {
        self.edit_scope();
        self.interfaces();
        self.limits();
        self.thresholds();
        self.examples_alike();
        self.engines();
    }

    /// What is allowed, or meant, and denied.
    fn edit_scope(&mut self) {
        let target = &self.directive.target;
        let denied: Vec<_> =
            target.edit.deny.iter().filter_map(|deny| Some((deny, FileNames::new(deny).ok()?))).collect();
        let is_denied = |path: &&RelPath| denied.iter().any(|(_, names)| names.has(path));
        let mut found = Vec::new();
        for (what, key) in [(&target.edit.allow, "edit.allow"), (&target.files, "files")] {
            for own in what {
                let files = self.around.matching(own).unwrap_or_default();
                let same = denied.iter().find(|(deny, _)| deny.value == own.value);
                if same.is_none() && (files.is_empty() || !files.iter().all(is_denied)) {
                    continue;
                }
                let (deny, _) = match same {
                    Some(same) => same,
                    None => match denied.iter().find(|(_, names)| files.iter().any(|path| names.has(path))) {
                        Some(first) => first,
                        None => continue,
                    },
                };
                let message = format!(
                    "`{}` is in `target.{key}` and denied too: nothing of it may be edited; take it out of one of them",
                    own.value
                );
                found.push(Problem::error(deny.range, "contradiction", message));
            }
        }
        found.dedup_by_key(|problem| problem.range);
        self.problems.append(&mut found);
        let tests = target.edit.tests.as_ref().filter(|tests| !tests.value);
        if let Some(tests) = tests.filter(|_| *self.directive.kind == DirectiveKind::Test) {
            let message = "a directive of kind `test` writes tests, and `tests = false` forbids that";
            self.problems.push(Problem::error(tests.range, "contradiction", message).with_fix(
                "Allow tests",
                tests.range,
                "true",
            ));
        }
    }

    fn interfaces(&mut self) {
        let Some(said) = &self.directive.constraints.public_api else { return };
        for interface in &self.directive.interfaces {
            let Some(name) = name_of(&interface.signature) else { continue };
            let there = self.declared(interface, name);
            let changes = match (there, said.value) {
                (_, PublicApi::Free) => continue,
                (Some(symbol), _) if same_signature(&symbol.signature, &interface.signature) => continue,
                (Some(symbol), _) if symbol.signature.is_empty() => continue,
                (Some(_), _) => "changes the signature of",
                (None, PublicApi::Extend) => continue,
                (None, PublicApi::Frozen) => "adds",
            };
            let right = if there.is_some() { "free" } else { "extend" };
            let message = format!(
                "this {changes} `{name}`, and `public_api` at line {} does not allow that: make it `{right}`, or drop \
                 the interface",
                self.line_of(said.range.start)
            );
            let problem = Problem::error(interface.signature.range, "contradiction", message);
            let edit = Edit::new(said.range.start..said.range.end, format!("\"{right}\""));
            let fix = Some(Fix { title: format!("Set `public_api` to `{right}`"), edit });
            self.problems.push(Problem { fix, ..problem });
        }
    }

    /// What the interface's file, or the target, has under this name already.
    fn declared(&self, interface: &Interface, name: &str) -> Option<&Symbol> {
        let in_file = |path: &RelPath| interface.file.as_ref().is_none_or(|file| file.value == path.as_str());
        let symbols = self.around.symbols.iter().filter(|(path, _)| in_file(path)).flat_map(|(_, own)| own);
        symbols.into_iter().find(|symbol| symbol.name == name)
    }

    fn limits(&mut self) {
        let directive = self.directive;
        if let Some(limit) = directive.constraints.max_diff_lines.as_ref().filter(|limit| limit.value == 0) {
            let message = "no change fits into 0 lines; allow some, or leave the limit out";
            self.problems.push(Problem::error(limit.range, "contradiction", message).with_fix(
                "Allow 40 lines",
                limit.range,
                "40",
            ));
        }
        for bench in &directive.benches {
            let ratio = bench.ratio.as_ref().filter(|ratio| ratio.value > 1.0);
            if let Some(ratio) = ratio.filter(|_| *directive.kind == DirectiveKind::Optimize) {
                let message =
                    "a ratio above 1 lets it become slower, and this directive is to make it faster";
                self.warning(ratio.range, "contradiction", message);
            }
        }
        let variants = directive.accept.variants.as_ref().filter(|variants| variants.value > 1);
        let is_first =
            directive.accept.mode.as_ref().is_some_and(|mode| mode.value == crate::AcceptMode::First);
        if let Some(variants) = variants.filter(|_| is_first) {
            let message = "with `mode = \"first\"` there is one change only; use `best` to keep several";
            self.warning(variants.range, "contradiction", message);
        }
    }

    fn thresholds(&mut self) {
        for threshold in &self.directive.thresholds {
            let (dimension, value) = (*threshold.dimension, threshold.value.value);
            let most = if dimension == Dimension::Strength { 1.0 } else { f64::INFINITY };
            if (0.0..=most).contains(&value) || !value.is_finite() {
                continue;
            }
            let message = match dimension {
                Dimension::Strength => {
                    "`strength` is a share between 0 and 1: nothing can reach this".to_owned()
                }
                _ => format!("`{dimension}` is never below 0: nothing can reach this"),
            };
            let problem = Problem::error(threshold.value.range, "out-of-range", message);
            let share = value / 100.0;
            self.problems.push(match dimension {
                Dimension::Strength if (0.0..=1.0).contains(&share) => {
                    problem.with_fix(format!("Write `{share}`"), threshold.value.range, share.to_string())
                }
                _ => problem,
            });
        }
        for threshold in &self.directive.thresholds {
            if *threshold.dimension == Dimension::DiffSize {
                let message = "`diff-size` is shown and never judged; use `constraints.max_diff_lines`";
                self.warning(threshold.dimension.range, "never-judged", message);
            }
        }
    }

    /// The same call twice.
    fn examples_alike(&mut self) {
        let mut seen: HashMap<String, (&str, ByteRange)> = HashMap::new();
        let mut names: BTreeMap<&str, ByteRange> = BTreeMap::new();
        for example in &self.directive.examples {
            let expected = example.expected.written();
            let call: String = example.call.split_whitespace().collect();
            match seen.get(&call) {
                Some((before, _)) if *before == expected.value => {
                    let message = "this example stands there already; drop one of them";
                    self.warning(example.range, "duplicate", message);
                }
                Some((before, at)) => {
                    let message = format!(
                        "the same call gives `{before}` at line {}: only one of them can hold",
                        self.line_of(at.start)
                    );
                    self.error(expected.range, "contradiction", message);
                }
                None => {
                    seen.insert(call, (&expected.value, expected.range));
                }
            }
        }
        let directive = self.directive;
        let examples = directive.examples.iter().map(|own| &own.name);
        let others = directive.properties.iter().map(|own| &own.name);
        let benches = directive.benches.iter().map(|own| &own.name);
        for name in examples.chain(others).chain(benches).flatten() {
            if let Some(before) = names.insert(name.as_str(), name.range) {
                let message = format!(
                    "`{}` is taken at line {}; choose another name",
                    name.value,
                    self.line_of(before.start)
                );
                self.error(name.range, "contradiction", message);
            }
        }
    }

    fn engines(&mut self) {
        let engines = &self.directive.engines;
        for engine in &engines.allow {
            let known = || self.around.engines.iter().map(String::as_str);
            if self.around.engines.is_empty() || known().any(|own| own == engine.value) {
                continue;
            }
            let listed = known().collect::<Vec<_>>().join(", ");
            let message = format!("there is no engine `{}`; there are {listed}", engine.value);
            let problem = Problem::error(engine.range, "unknown-engine", message);
            let problem = problem.with_nearest(engine, engine.range, known(), |right| format!("\"{right}\""));
            self.problems.push(problem);
        }
        let is_refused = engines.llm.as_ref().is_some_and(|llm| !llm.value);
        if let Some(engine) = engines.allow.iter().find(|engine| engine.value == "llm").filter(|_| is_refused)
        {
            let message = "`llm` is allowed here and refused by `llm = false`; keep one of them";
            self.error(engine.range, "contradiction", message);
        }
    }
}

/// The name that a declaration declares: the word before its first bracket or, without one, its last word before a type.
pub(super) fn name_of(signature: &str) -> Option<&str> {
    let head = signature.split(['(', '<', '[', ':', '=', '{']).next()?.trim_end();
    let name =
        head.rsplit(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '$')).next()?;
    (!name.is_empty()).then_some(name)
}

/// Whether two declarations are the same, whatever the spaces and what stands before a body.
fn same_signature(left: &str, right: &str) -> bool {
    let bare = |text: &str| {
        let text: String = text.split_whitespace().collect();
        text.trim_end_matches([':', '{', ';']).replace(",)", ")").replace('\'', "\"")
    };
    bare(left) == bare(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_declaration_is_found_in_every_language() {
        assert_eq!(name_of("def slugify(text: str) -> str"), Some("slugify"));
        assert_eq!(name_of("pub fn parse<T>(text: &str) -> T"), Some("parse"));
        assert_eq!(name_of("export function ms(value: string): number"), Some("ms"));
        assert_eq!(name_of("class Slugger"), Some("Slugger"));
        assert_eq!(name_of("()"), None);
    }

    #[test]
    fn signatures_are_compared_without_their_spaces() {
        assert!(same_signature("def f ( x : int ) -> str", "def f(x: int) -> str:"));
        assert!(!same_signature("def f ( x )", "def f(x, y)"));
    }
}
