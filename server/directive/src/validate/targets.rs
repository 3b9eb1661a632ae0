//! Files, symbols and tests that a directive names: are they there?

use super::Validator;
use crate::surroundings::is_glob;
use crate::{Check, DirectiveKind, Problem, Spanned, Surroundings, nearest};
use hephaestus_core::RelPath;
use std::collections::BTreeSet;

impl Validator<'_> {
    pub(super) fn targets(&mut self) {
        let target = &self.directive.target;
        for own in target.files.iter().chain(&target.edit.allow).chain(&target.edit.deny) {
            self.files(own);
        }
        for interface in &self.directive.interfaces {
            if let Some(file) = &interface.file {
                self.interface_file(file);
            }
        }
        self.symbols();
        for line in &self.directive.acceptance {
            if let Some(Check::Test(test)) = line.check.as_deref() {
                self.test(test);
            }
        }
    }

    /// A path or glob that must name something.
    fn files(&mut self, written: &Spanned<String>) {
        let matching = match self.around.matching(written) {
            Ok(matching) => matching,
            Err(reason) => {
                let message = format!("{reason}; write it relative to the root, such as `src/**`");
                return self.error(written.range, "bad-path", message);
            }
        };
        if !matching.is_empty() || self.is_to_come(written) {
            return;
        }
        if is_glob(written) {
            let message =
                format!("`{}` matches no source file; look at its folders and its ending", written.value);
            return self.warning(written.range, "no-match", message);
        }
        self.missing_file(written);
    }

    /// Whether an interface of the directive brings the file.
    fn is_to_come(&self, written: &str) -> bool {
        let files = self.directive.interfaces.iter().filter_map(|interface| interface.file.as_ref());
        let is_build = *self.directive.kind == DirectiveKind::Build;
        is_build && files.into_iter().any(|file| file.value == written)
    }

    fn missing_file(&mut self, written: &Spanned<String>) {
        let message = format!("there is no source file `{}`", written.value);
        let is_build = *self.directive.kind == DirectiveKind::Build;
        let problem = match is_build {
            true => {
                Problem::warning(written.range, "unknown-file", message + "; an [[interface]] may bring it")
            }
            false => Problem::error(written.range, "unknown-file", message),
        };
        let known: Vec<&str> = near(self.around, written);
        self.problems
            .push(problem.with_nearest(written, written.range, known, |right| format!("\"{right}\"")));
    }

    fn interface_file(&mut self, file: &Spanned<String>) {
        let path = match RelPath::new(&file.value) {
            Ok(path) if !is_glob(file) => path,
            Ok(_) => {
                let message = "an interface belongs in one file: a glob cannot say which";
                return self.error(file.range, "bad-path", message);
            }
            Err(error) => return self.error(file.range, "bad-path", error.to_string()),
        };
        if self.languages.detect(&path, "").is_none() {
            let message = format!("`{path}` is in no language that is known here, by its ending");
            return self.error(file.range, "bad-path", message);
        }
        let is_there = self.around.files.contains_key(&path);
        if !is_there && *self.directive.kind != DirectiveKind::Build {
            self.missing_file(file);
        }
    }

    fn symbols(&mut self) {
        let targets: BTreeSet<&RelPath> = self.directive.target_files(self.around).into_iter().collect();
        // Nothing is known of files that were not looked into.
        if targets.is_empty() || !targets.iter().all(|path| self.around.symbols.contains_key(*path)) {
            return;
        }
        let known: Vec<&str> = targets
            .iter()
            .filter_map(|path| self.around.symbols.get(*path))
            .flatten()
            .map(|symbol| symbol.name.as_str())
            .collect();
        let is_build = *self.directive.kind == DirectiveKind::Build;
        for symbol in &self.directive.target.symbols {
            let has_it = known.iter().any(|name| is_named(name, symbol));
            let comes = is_build
                && self.directive.interfaces.iter().any(|interface| {
                    super::contradictions::name_of(&interface.signature) == Some(symbol.value.as_str())
                });
            if has_it || comes {
                continue;
            }
            let place =
                if self.directive.target.files.is_empty() { "the workspace" } else { "the target's files" };
            let message = format!("there is no `{}` in {place}", symbol.value);
            let problem = Problem::error(symbol.range, "unknown-symbol", message);
            let words = known.iter().copied();
            self.problems
                .push(problem.with_nearest(symbol, symbol.range, words, |right| format!("\"{right}\"")));
        }
    }

    /// A test's id begins with its file in most runners; where it does, the file has to be there.
    fn test(&mut self, test: &Spanned<String>) {
        let Some((file, _)) = test.value.split_once("::") else { return };
        let is_path = file.contains(['/', '.']);
        let Ok(path) = RelPath::new(file) else { return };
        if !is_path || self.around.files.is_empty() || self.around.files.contains_key(&path) {
            return;
        }
        let message = format!("there is no file `{path}`, so this test cannot be run");
        let problem = Problem::error(test.range, "unknown-file", message);
        let known = near(self.around, file);
        let rest = test.value.strip_prefix(file).unwrap_or_default().to_owned();
        let problem = problem.with_nearest(file, test.range, known, |right| format!("\"{right}{rest}\""));
        self.problems.push(problem);
    }
}

/// Whether `written` names the symbol: all of it, or its last parts.
pub(crate) fn is_named(name: &str, written: &str) -> bool {
    name == written || name.strip_suffix(written).is_some_and(|rest| rest.ends_with(['.', ':']))
}

/// Paths that may be meant: near ones or, without any, those of the same name elsewhere.
fn near<'a>(around: &'a Surroundings, written: &str) -> Vec<&'a str> {
    let paths = || around.files.keys().map(RelPath::as_str);
    if nearest(written, paths()).is_some() {
        return paths().collect();
    }
    Vec::new()
}
