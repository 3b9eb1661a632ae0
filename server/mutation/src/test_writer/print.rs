//! Cases as text: assertions, tests, files. Knows a framework by its data only.

use super::data::{Framework, Manner, Modules};
use super::place::{self, Place};
use super::{Case, Expected, Mark, WriteRequest};
use hephaestus_core::{RelPath, Snapshot};
use std::collections::BTreeSet;

/// Digits from which on a number's last ones are taken for noise.
const NOISY: usize = 14;

/// The longest line of comment.
const WIDTH: usize = 96;

pub(super) struct Printer<'a> {
    pub(super) request: &'a WriteRequest<'a>,
    pub(super) manner: &'a Manner,
    pub(super) framework: &'a Framework,
    pub(super) place: &'a Place,
}

impl Printer<'_> {
    /// What a test does, not indented.
    pub(super) fn body(&self, case: &Case) -> String {
        let mut lines = case.setup.clone();
        lines.push(self.assertion(case));
        lines.join("\n")
    }

    fn assertion(&self, case: &Case) -> String {
        let says = &self.framework.says;
        let (template, value) = match &case.expected {
            Expected::Value(value) => (self.comparison(value), value.as_str()),
            Expected::Holds(condition) => return self.fill(&says.holds, &[("call", condition)]),
            Expected::Error(Some(error)) if self.can_name(error) => (says.error.as_str(), error.as_str()),
            Expected::Error(_) => (says.any_error.as_str(), ""),
        };
        self.fill(template, &[("call", &case.call), ("value", value), ("error", value)])
    }

    fn can_name(&self, error: &str) -> bool {
        let known = &self.manner.literals.errors;
        known.is_empty()
            || known.iter().any(|known| known == error)
            || self.request.symbols.iter().any(|name| name == error)
    }

    fn comparison(&self, value: &str) -> &str {
        let (says, literals) = (&self.framework.says, &self.manner.literals);
        let is_one_of = |values: &[String]| values.iter().any(|known| known == value);
        if is_one_of(&literals.constants) {
            &says.constant
        } else if is_one_of(&literals.nan) {
            &says.nan
        } else if is_one_of(&literals.negative_zero) {
            &says.negative_zero
        } else if is_noisy(value) {
            &says.close
        } else {
            &says.equal
        }
    }

    /// A test, and its name as reports end with it.
    pub(super) fn test(&self, case: &Case, name: &str, body: &str) -> (String, String) {
        let is_error = matches!(case.expected, Expected::Error(_));
        let template =
            self.framework.error_test.as_ref().filter(|_| is_error).unwrap_or(&self.framework.test);
        let mut lines: Vec<String> = self.remarks(case).iter().map(|text| self.comment(text)).collect();
        lines.extend(body.lines().map(str::to_owned));
        let body = indented(&lines.join("\n"), &self.place.indent);
        let words = self.quoted(&case.name);
        let text = self
            .fill(template.trim_start_matches('\n'), &[("name", name), ("words", &words), ("body", &body)]);
        let own = if template.contains("{words}") {
            case.name.clone()
        } else if template.contains("test_{name}") {
            format!("test_{name}")
        } else {
            name.to_owned()
        };
        let depth = if self.is_grouped() { self.place.indent.as_str() } else { "" };
        (indented(&text, depth), own)
    }

    fn remarks(&self, case: &Case) -> Vec<String> {
        let mark = match self.request.mark {
            Mark::Characterisation => {
                "Characterisation: what it does today, not what it should do.".to_owned()
            }
            Mark::Directive(name) => format!("An example of the directive {name}."),
        };
        // A file of its own says so once, at its top.
        let own = self.place.is_inside || matches!(self.request.mark, Mark::Directive(_));
        own.then_some(mark).into_iter().chain(case.note.clone()).collect()
    }

    fn is_grouped(&self) -> bool {
        self.framework.group.is_some() || self.place.is_inside
    }

    /// A whole new file.
    pub(super) fn file(&self, blocks: &[String], all: &str) -> String {
        let mut text = String::new();
        if self.place.has_directive && !self.place.is_esm {
            text.push_str(self.manner.directive.as_deref().unwrap_or_default());
        }
        for line in self.heading() {
            text.push_str(&format!("{}\n", self.comment(&line)));
        }
        let esm = self.framework.esm_head.as_ref().filter(|_| self.place.is_esm);
        let head = self.fill(esm.unwrap_or(&self.framework.head), &[]);
        let lines = self.imports(all);
        text.push_str(if text.is_empty() { "" } else { "\n" });
        text.push_str(&head);
        text.push_str(if head.is_empty() || lines.is_empty() { "" } else { "\n" });
        lines.iter().for_each(|line| text.push_str(&format!("{line}\n")));
        text.push_str(if self.framework.gap.len() > 1 || self.framework.group.is_some() {
            "\n\n"
        } else {
            "\n"
        });
        text.push_str(&self.group(blocks));
        text
    }

    fn group(&self, blocks: &[String]) -> String {
        let tests = blocks.join(&self.framework.gap);
        let about = self.quoted(&self.about());
        let names = place::group(self.request, self.manner);
        let words = [("Group", names.as_str()), ("about", about.as_str())];
        let open = self.framework.group.as_ref().map_or_else(String::new, |group| self.fill(group, &words));
        format!("{open}{tests}{}", self.framework.group_end)
    }

    fn about(&self) -> String {
        match self.request.mark {
            Mark::Directive(name) => format!("{name}: {}", self.request.subject),
            Mark::Characterisation => format!("characterisation of {}", self.request.subject),
        }
    }

    fn heading(&self) -> Vec<String> {
        match self.request.mark {
            Mark::Directive(name) => vec![format!("Examples of the directive {name}.")],
            Mark::Characterisation => {
                let text = format!(
                    "Characterisation tests of {}: they hold what the code does today, whether or not it was meant. Where one \
                     of them fails after a change that was meant, correct it or take it out.",
                    self.request.subject
                );
                wrapped(&text)
            }
        }
    }

    /// Tests for the end of a file that has some.
    pub(super) fn addition(&self, known: &str, blocks: &[String]) -> String {
        if !self.place.is_inside {
            let tests = blocks.join(&self.framework.gap);
            // Where tests stand in groups, theirs may be the last one in the file.
            let own = self.framework.group.as_ref().map(|_| self.group(blocks));
            let open = own.as_ref().and_then(|text| text.lines().next()).unwrap_or_default();
            return match own {
                Some(_)
                    if !open.is_empty() && known.contains(open) && self.framework.group_end.is_empty() =>
                {
                    tests
                }
                Some(group) => group,
                None => tests,
            };
        }
        let inside = self.framework.inside.as_deref().unwrap_or_default();
        let name = names_of_modules(
            known,
            match self.request.mark {
                Mark::Characterisation => "characterisation",
                Mark::Directive(_) => "examples",
            },
        );
        let open = self.fill(inside, &[("group", &name)]);
        let extra: String =
            self.request.preamble.iter().map(|line| format!("{}{line}\n", self.place.indent)).collect();
        format!(
            "{open}{extra}{}{}{}",
            self.framework.gap,
            blocks.join(&self.framework.gap),
            self.framework.inside_end
        )
    }

    /// `text` with tests below it.
    pub(super) fn at_end(&self, text: &str, addition: &str) -> String {
        let end = text.trim_end_matches(['\n', '\r', ' ', '\t']);
        let gap = if end.is_empty() { "" } else { "\n" };
        format!("{end}{gap}{}{addition}", self.framework.gap)
    }

    /// The lines that import what `tests` need.
    pub(super) fn imports(&self, tests: &str) -> Vec<String> {
        let needed = self.manner.needs.iter().filter(|(text, _)| tests.contains(text.as_str()));
        let head = &self.framework.head;
        let mut lines: BTreeSet<String> =
            needed.map(|(_, line)| line.clone()).filter(|line| !head.contains(line.as_str())).collect();
        lines.extend(self.request.preamble.iter().filter(|_| !self.place.is_inside).cloned());
        let mut lines: Vec<String> = lines.into_iter().collect();
        let own = self.own_imports();
        if !lines.is_empty() && !own.is_empty() && self.place.is_new {
            lines.push(String::new());
        }
        lines.extend(own);
        lines
    }

    /// The imports of what is tested.
    fn own_imports(&self) -> Vec<String> {
        if self.place.is_inside || self.request.symbols.is_empty() {
            return vec![];
        }
        if self.manner.modules == Modules::Inside {
            return self.request.symbols.iter().map(|path| format!("use {path};")).collect();
        }
        let module = match self.manner.modules {
            Modules::Dotted => self.dotted(),
            _ => self.relative(),
        };
        let esm = self.place.is_esm;
        let pick = |plain: &str, other: &Option<String>| {
            other.clone().filter(|_| esm).unwrap_or_else(|| plain.to_owned())
        };
        let mut lines = Vec::new();
        let is_whole = |name: &&String| name.starts_with("default ");
        let whole = self.request.symbols.iter().filter(is_whole);
        for name in whole.filter_map(|name| name.strip_prefix("default ")) {
            let plain = self.manner.import_default.as_deref().unwrap_or(&self.manner.import);
            let template = pick(plain, &self.manner.esm_import_default);
            lines.push(self.fill(&template, &[("symbol", name), ("symbols", name), ("module", &module)]));
        }
        let mut names: Vec<&str> =
            self.request.symbols.iter().filter(|name| !is_whole(name)).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            let template = pick(&self.manner.import, &self.manner.esm_import);
            lines.push(self.fill(&template, &[("symbols", &names.join(", ")), ("module", &module)]));
        }
        lines
    }

    /// The dotted name of the file under test.
    fn dotted(&self) -> String {
        dotted(self.request.subject, self.request.snapshot, self.manner)
    }

    /// The path from the tests to the file under test.
    fn relative(&self) -> String {
        let from: Vec<String> = folder_of(&self.place.file);
        let to: Vec<String> = self.request.subject.components().map(str::to_owned).collect();
        let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
        let up = from.len() - shared;
        let mut path = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
        path.push_str(&to.get(shared..).unwrap_or_default().join("/"));
        let bare =
            self.manner.bare_extensions.iter().find_map(|ending| path.strip_suffix(&format!(".{ending}")));
        bare.map(str::to_owned).unwrap_or(path)
    }

    fn comment(&self, text: &str) -> String {
        let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.manner.comment.replace("{text}", &text)
    }

    /// Words as a text of the language.
    fn quoted(&self, words: &str) -> String {
        let quote = self.place.quote;
        let mut text = String::from(quote);
        for c in words.chars() {
            match c {
                '\n' => text.push_str("\\n"),
                c if c == quote || c == '\\' => text.extend(['\\', c]),
                c => text.push(c),
            }
        }
        text.push(quote);
        text
    }

    /// A template with its words filled in: each of them once, whatever stands in them.
    fn fill(&self, template: &str, words: &[(&str, &str)]) -> String {
        let quote = self.place.quote.to_string();
        let usual = [("i", self.place.indent.as_str()), ("q", quote.as_str())];
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            text.push_str(before);
            let word = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let found = word.and_then(|(name, after)| {
                let value = words.iter().chain(&usual).find(|(known, _)| *known == name)?.1;
                Some((value, after))
            });
            if let Some((value, after)) = found {
                text.push_str(value);
                rest = after;
            } else {
                let doubled = from.starts_with("{{") || from.starts_with("}}");
                text.extend(from.chars().next());
                rest = from.get(if doubled { 2 } else { 1 }..).unwrap_or_default();
            }
        }
        text.push_str(rest);
        text
    }
}

/// The dotted name of a file, as an import has it: it begins at the outermost package, or below a root.
pub(super) fn dotted(file: &RelPath, snapshot: &Snapshot, manner: &Manner) -> String {
    let package = manner.package_file.as_deref().unwrap_or_default();
    let is_package = |folder: &RelPath| {
        RelPath::new(format!("{folder}/{package}")).is_ok_and(|path| snapshot.files.contains_key(&path))
    };
    let mut parts = Vec::new();
    if file.file_name() != package {
        parts.push(file.file_name().split('.').next().unwrap_or_default().to_owned());
    }
    let mut folder = file.parent();
    let has_package = folder.as_ref().is_some_and(is_package);
    while let Some(inner) = folder {
        let is_root = manner.roots.iter().any(|root| root == inner.as_str());
        let ends = if has_package { !is_package(&inner) } else { is_root };
        if ends {
            break;
        }
        parts.push(inner.file_name().to_owned());
        folder = inner.parent();
    }
    parts.reverse();
    parts.join(".")
}

/// A name for a module that the text does not have yet.
fn names_of_modules(text: &str, name: &str) -> String {
    let is_free = |name: &String| !text.contains(&format!("mod {name} "));
    let numbered = (2..).map(|nth| format!("{name}_{nth}"));
    std::iter::once(name.to_owned()).chain(numbered).find(is_free).unwrap_or_else(|| name.to_owned())
}

fn folder_of(path: &RelPath) -> Vec<String> {
    path.parent().map_or_else(Vec::new, |folder| folder.components().map(str::to_owned).collect())
}

fn indented(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        lines.push_str(if line.is_empty() { "" } else { indent });
        lines.push_str(line);
        lines.push('\n');
    }
    if !text.ends_with('\n') {
        lines.pop();
    }
    lines
}

/// Whether a value is a number with so many digits that the last ones depend on the order of operations.
fn is_noisy(value: &str) -> bool {
    let number = value.strip_prefix('-').unwrap_or(value);
    let is_number = number.contains('.')
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'));
    let digits = number.split(['e', 'E']).next().unwrap_or_default();
    is_number
        && digits.chars().filter(char::is_ascii_digit).collect::<String>().trim_start_matches('0').len()
            > NOISY
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(last) = lines.last_mut() else { continue };
        if !last.is_empty() && last.len() + word.len() >= WIDTH {
            lines.push(word.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}
