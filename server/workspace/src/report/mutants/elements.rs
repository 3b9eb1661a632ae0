//! The report in the words of mutation-testing-elements, schema version 2
//! (<https://github.com/stryker-mutator/mutation-testing-elements>). The fields are described there; none is added.

use super::{MutantsReport, SuiteReport, TriedMutant, ends};
use hephaestus_core::{ContentHash, Mutant, MutantStatus, RelPath, SourceFile};
use hephaestus_syntax::LineIndex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

impl MutantsReport {
    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let ids = self.test_ids();
        let mut files: BTreeMap<&RelPath, Vec<Value>> = BTreeMap::new();
        let mut indexes: HashMap<&RelPath, LineIndex> = HashMap::new();
        let settled = self.tried.iter().map(|tried| (&tried.result.mutant, Some(tried)));
        for (mutant, tried) in settled.chain(self.untried.iter().map(|mutant| (mutant, None))) {
            let Some(file) = self.files.get(&mutant.file) else { continue };
            let lines = indexes.entry(&mutant.file).or_insert_with(|| LineIndex::new(Arc::clone(&file.text)));
            let value = mutant_json(mutant, tried, lines, &ids);
            files.entry(&mutant.file).or_default().push(value);
        }
        let files: Map<String, Value> = files
            .into_iter()
            .filter_map(|(path, mutants)| {
                let file = self.files.get(path)?;
                let language = file.language.as_str();
                let value = json!({ "language": language, "source": &*file.text, "mutants": mutants });
                Some((path.to_string(), value))
            })
            .collect();
        let (low, high) = self.thresholds;
        json!({
            "schemaVersion": "2",
            "thresholds": { "low": low, "high": high },
            "projectRoot": self.root.display().to_string(),
            "files": files,
            "testFiles": self.test_files(&ids),
            "framework": { "name": "Hephaestus", "version": env!("CARGO_PKG_VERSION") },
            "performance": {
                "setup": millis(self.wall.saturating_sub(self.opening + self.trying)),
                "initialRun": millis(self.opening),
                "mutation": millis(self.trying),
            },
            "config": {
                "ended": self.ended,
                "remembered": self.remembered(),
                "cpuSeconds": (self.cpu + self.overhead).as_secs_f64(),
                "notes": self.suites.iter().flat_map(|suite| &suite.notes).collect::<Vec<_>>(),
                "runners": self.suites.iter().map(|suite| suite.title.as_str()).collect::<Vec<_>>(),
            },
        })
    }

    /// Short ids for tests: they are named in many places.
    fn test_ids(&self) -> HashMap<&str, String> {
        let tests = self.suites.iter().flat_map(|suite| suite.tests.iter().map(|(id, _)| id.as_str()));
        let mut ids = HashMap::new();
        for test in tests {
            let next = ids.len().to_string();
            ids.entry(test).or_insert(next);
        }
        ids
    }

    fn test_files(&self, ids: &HashMap<&str, String>) -> Value {
        let tests: Vec<&SourceFile> =
            self.files.values().map(|file| &**file).filter(|file| file.is_test).collect();
        let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for suite in &self.suites {
            for (test, _) in &suite.tests {
                let file = file_of(test, &tests).map_or_else(|| suite.title.clone(), ToString::to_string);
                let id = ids.get(test.as_str()).cloned().unwrap_or_default();
                files.entry(file).or_default().push(json!({ "id": id, "name": test }));
            }
        }
        let source = |path: &String| {
            let file = RelPath::new(path).ok().and_then(|path| self.files.get(&path));
            file.map(|file| &*file.text)
        };
        let value = |(path, tests): (String, Vec<Value>)| match source(&path) {
            Some(source) => (path, json!({ "source": source, "tests": tests })),
            None => (path, json!({ "tests": tests })),
        };
        Value::Object(files.into_iter().map(value).collect())
    }
}

fn mutant_json(
    mutant: &Mutant,
    tried: Option<&TriedMutant>,
    lines: &LineIndex,
    ids: &HashMap<&str, String>,
) -> Value {
    let (start, end) = ends(lines, mutant);
    let mut value = json!({
        "id": id_of(mutant),
        "mutatorName": mutant.operator,
        "replacement": mutant.replacement,
        "description": mutant.description,
        "location": {
            "start": { "line": start.line, "column": start.character },
            "end": { "line": end.line, "column": end.character },
        },
        "static": mutant.function.is_none(),
        "status": tried.map_or("Pending", |tried| tried.result.status.schema_word()),
    });
    let (Some(tried), Some(fields)) = (tried, value.as_object_mut()) else { return value };
    let result = &tried.result;
    let id = |test: &String| ids.get(test.as_str()).cloned();
    let covered_by: Vec<String> = result.reached_by.iter().filter_map(id).collect();
    let killed_by: Vec<String> = result.killed_by.iter().filter_map(|failure| id(&failure.id)).collect();
    let reason = result.killed_by.as_ref().map_or(&result.reason, |failure| &failure.message);
    fields.insert("coveredBy".to_owned(), json!(covered_by));
    fields.insert("killedBy".to_owned(), json!(killed_by));
    fields.insert("testsCompleted".to_owned(), json!(result.tests_run));
    fields.insert("duration".to_owned(), json!(millis(result.wall)));
    if !reason.is_empty() {
        fields.insert("statusReason".to_owned(), json!(reason));
    } else if result.status == MutantStatus::NoCoverage {
        fields.insert("statusReason".to_owned(), json!("no test reaches it"));
    }
    value
}

/// Stable as long as the file does not change before it.
fn id_of(mutant: &Mutant) -> String {
    let range = format!("{}-{}", mutant.range.start, mutant.range.end);
    let parts = [mutant.file.as_str(), &range, &mutant.replacement, &mutant.operator];
    ContentHash::of_parts(parts).short().to_owned()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The test file that a test's id names: by its path, or as a module.
fn file_of<'a>(test: &str, files: &[&'a SourceFile]) -> Option<&'a RelPath> {
    let names = |file: &&&SourceFile| {
        let path = file.path.as_str();
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        [path.to_owned(), stem.to_owned(), stem.replace('/', "."), stem.replace('/', "::")].iter().any(
            |name| {
                let rest = test.strip_prefix(name.as_str());
                rest.is_some_and(|rest| rest.chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_'))
            },
        )
    };
    files.iter().filter(names).max_by_key(|file| file.path.as_str().len()).map(|file| &file.path)
}

impl SuiteReport {
    /// How many tests there are, in words.
    #[must_use]
    pub fn counted(&self) -> String {
        format!("{} test{}", self.tests.len(), if self.tests.len() == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::LanguageId;

    #[test]
    fn a_test_is_found_in_the_file_its_id_names() {
        let file =
            |path: &str| SourceFile::new(RelPath::new(path).unwrap(), LanguageId::new("python"), "", true);
        let files = [file("tests/test_a.py"), file("tests/test_a_b.py"), file("test_c.py")];
        let files: Vec<&SourceFile> = files.iter().collect();
        let found = |test: &str| file_of(test, &files).map(RelPath::as_str);
        assert_eq!(found("tests.test_a::test_one"), Some("tests/test_a.py"));
        assert_eq!(found("tests/test_a_b.py::test_one"), Some("tests/test_a_b.py"));
        assert_eq!(found("test_c.Class.test_one"), Some("test_c.py"));
        assert_eq!(found("test_cx.Class.test_one"), None);
    }
}
