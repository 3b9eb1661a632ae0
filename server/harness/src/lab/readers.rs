//! Who reads a value that is set while a file is loaded: the tests that run through a place where its name stands. Without
//! an answer every test has to be asked, and a table of constants costs the whole suite for each of its entries.
//!
//! Follows names only, and gives up where a name is not all there is to follow: a value that is read while loading, one
//! that gets another name, code that lists names.

use crate::lab::LabFacts;
use crate::reach::first_letter;
use hephaestus_core::{ByteRange, Edit, RelPath, Snapshot, SourceFile};
use hephaestus_syntax::{Languages, LineIndex, Parsed};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Words in front of a name that is set for the first time.
const INTRODUCTIONS: [&str; 4] = ["export ", "const ", "let ", "var "];
/// Code with one of these may read a name that stands nowhere.
const LISTS_NAMES: [&str; 4] = ["globals()", "vars(", "getmembers(", "importlib.reload"];

/// Answers by file and name, and the trees they needed.
#[derive(Default)]
pub(super) struct Readers {
    answers: HashMap<(RelPath, String), Option<Vec<usize>>>,
    trees: HashMap<RelPath, Option<(Parsed, LineIndex)>>,
    lists_names: Option<bool>,
}

/// What is looked through.
pub(super) struct Scene<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) languages: &'static Languages,
    pub(super) facts: &'a LabFacts,
    /// By file and line: tests that run through it.
    pub(super) through: &'a HashMap<RelPath, HashMap<u32, Vec<usize>>>,
}

/// What became of one place where the name stands.
enum Place {
    /// Nothing is read there.
    Harmless,
    /// The tests that run through these lines read it.
    Lines(u32, u32),
    /// Whoever reads it there cannot be followed.
    Lost,
}

impl Readers {
    /// The tests that can notice `edits` of values set at the top level of `file`; `None` where that cannot be said.
    pub(super) fn of(
        &mut self,
        scene: &Scene<'_>,
        file: &Arc<SourceFile>,
        edits: &[Edit],
    ) -> Option<Vec<usize>> {
        if *self.lists_names.get_or_insert_with(|| lists_names(scene.snapshot)) {
            return None;
        }
        let mut tests = BTreeSet::new();
        for edit in edits {
            let (name, statement) = self.set_at(scene, file, edit.range)?;
            let key = (file.path.clone(), name.clone());
            if !self.answers.contains_key(&key) {
                let answer = self.readers(scene, file, &name, statement);
                self.answers.insert(key.clone(), answer);
            }
            tests.extend(self.answers.get(&key)?.as_ref()?);
        }
        Some(tests.into_iter().collect())
    }

    /// The name that is set by the top-level statement around `range`, and that statement.
    fn set_at(
        &mut self,
        scene: &Scene<'_>,
        file: &Arc<SourceFile>,
        range: ByteRange,
    ) -> Option<(String, ByteRange)> {
        let (parsed, _) = self.tree(scene, file)?;
        if parsed.symbol_at(range).is_some() {
            return None;
        }
        let statement = parsed.statement_at(first_letter(&file.text, range))?;
        let (name, value) = name_set_by(statement.slice(&file.text)?)?;
        (range.start >= statement.start + value && statement.contains(range))
            .then(|| (name.to_owned(), statement))
    }

    fn readers(
        &mut self,
        scene: &Scene<'_>,
        file: &Arc<SourceFile>,
        name: &str,
        statement: ByteRange,
    ) -> Option<Vec<usize>> {
        let mut tests = BTreeSet::new();
        for other in scene.snapshot.files.values().filter(|other| other.text.contains(name)) {
            for at in words(&other.text, name) {
                if other.path == file.path && statement.contains(ByteRange::new(at, at + name.len())) {
                    continue;
                }
                match self.place(scene, other, at, name.len())? {
                    Place::Harmless => {}
                    Place::Lost => return None,
                    Place::Lines(first, last) => {
                        let through = scene.through.get(&other.path);
                        let lines = through
                            .into_iter()
                            .flat_map(|by_line| (first..=last).filter_map(|line| by_line.get(&line)));
                        tests.extend(lines.flatten());
                    }
                }
            }
        }
        Some(tests.into_iter().collect())
    }

    fn place(
        &mut self,
        scene: &Scene<'_>,
        file: &Arc<SourceFile>,
        at: usize,
        length: usize,
    ) -> Option<Place> {
        let loaded = scene.facts.loaded.get(&file.path);
        let (parsed, index) = self.tree(scene, file)?;
        let number = |offset: usize| u32::try_from(index.line_of(offset) + 1).unwrap_or(u32::MAX);
        let at_load = loaded.is_some_and(|lines| lines.contains(&number(at)));
        let line = index.line_range(index.line_of(at)).slice(&file.text).unwrap_or_default();
        let inside = parsed.function_at(ByteRange::new(at, at)).is_some();
        if at_load || !inside {
            let is_import = line.contains("import") && !line.contains(" as ") && !line.contains('=');
            let quoted = is_quoted(&file.text, at, length);
            return Some(if is_import || quoted || is_remark(line) { Place::Harmless } else { Place::Lost });
        }
        let statement = parsed.statement_at(at)?;
        Some(Place::Lines(number(statement.start), number(statement.end.max(1) - 1)))
    }

    /// The tree of a file, grown once.
    pub(super) fn tree(&mut self, scene: &Scene<'_>, file: &Arc<SourceFile>) -> Option<&(Parsed, LineIndex)> {
        let entry = self.trees.entry(file.path.clone()).or_insert_with(|| {
            let language = scene.languages.get(&file.language)?;
            Some((Parsed::new(language, Arc::clone(file))?, LineIndex::new(Arc::clone(&file.text))))
        });
        entry.as_ref()
    }
}

fn lists_names(snapshot: &Snapshot) -> bool {
    snapshot.files.values().any(|file| LISTS_NAMES.iter().any(|words| file.text.contains(words)))
}

/// `NAME = value`, with a type or a word of introduction if need be: the name, and where the value begins.
fn name_set_by(statement: &str) -> Option<(&str, usize)> {
    let mut rest = statement;
    for word in INTRODUCTIONS {
        rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
    }
    let length = rest.find(|c: char| !is_word(c)).filter(|length| *length > 0)?;
    let (name, after) = rest.split_at(length);
    let equals = after.find('=')?;
    let (between, value) = (after.get(..equals)?.trim(), after.get(equals + 1..)?);
    let plain = between.is_empty() || between.starts_with(':');
    // `a == b`, `a = b = c`: something else is set, or nothing.
    let again = value.trim_start().trim_start_matches(is_word).trim_start();
    let is_chain = again.starts_with('=') || value.starts_with('=');
    (plain && !is_chain).then(|| (name, statement.len() - value.len()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Where `name` stands as a word of its own.
fn words<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

fn is_quoted(text: &str, at: usize, length: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + length..).and_then(|after| after.chars().next());
    before.is_some_and(|c| "'\"".contains(c)) && before == after
}

fn is_remark(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//") || line.starts_with('*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{LabTest, Lines};
    use hephaestus_core::LanguageId;
    use std::time::Duration;

    #[test]
    fn only_plain_settings_of_one_name_are_followed() {
        let value = |text: &'static str| name_set_by(text).map(|(name, at)| (name, &text[at..]));
        assert_eq!(value("A = (1, 2)"), Some(("A", " (1, 2)")));
        assert_eq!(value("A: Final[int] = 1"), Some(("A", " 1")));
        assert_eq!(value("export const a = [1];"), Some(("a", " [1];")));
        for other in ["A = B = 1", "A == 1", "A, B = 1, 2", "A += 1", "A.b = 1", "f(a=1)", "if x: A = 1"] {
            assert_eq!(value(other), None, "{other}");
        }
    }

    struct World {
        snapshot: Snapshot,
        facts: LabFacts,
        through: HashMap<RelPath, HashMap<u32, Vec<usize>>>,
    }

    fn path(text: &str) -> RelPath {
        RelPath::new(text).unwrap()
    }

    /// Two files; test 0 runs line 5 of `a.py`, test 1 line 9; lines given as `loaded` ran while loading.
    fn world(a: &str, b: &str, loaded: &[u32]) -> World {
        let python = LanguageId::new("python");
        let files = [("a.py", a), ("b.py", b)].map(|(name, text)| {
            (path(name), Arc::new(SourceFile::new(path(name), python.clone(), text, false)))
        });
        let lines = |line| Lines::from([(path("a.py"), BTreeSet::from([line]))]);
        let test = |id: &str, line| LabTest { id: id.to_owned(), wall: Duration::ZERO, lines: lines(line) };
        let facts = LabFacts {
            tests: vec![test("0", 5), test("1", 9)],
            loaded: Lines::from([(path("a.py"), loaded.iter().copied().collect())]),
            ..LabFacts::default()
        };
        let through = HashMap::from([(path("a.py"), HashMap::from([(5, vec![0]), (9, vec![1])]))]);
        World { snapshot: Snapshot { files: files.into(), ..Snapshot::default() }, facts, through }
    }

    fn ask(world: &World, part: &str) -> Option<Vec<usize>> {
        let languages = Languages::builtin().unwrap();
        let World { snapshot, facts, through } = world;
        let file = snapshot.file(&path("a.py")).unwrap();
        let at = file.text.find(part).unwrap();
        let scene = Scene { snapshot, languages, facts, through };
        Readers::default().of(&scene, file, &[Edit::new(at..at + part.len(), "0")])
    }

    const CODE: &str =
        "LIMIT = 77\nOTHER = 88\n\ndef f():\n    return LIMIT\n\n\ndef g():\n    return OTHER\n";

    #[test]
    fn who_runs_through_a_place_with_the_name_reads_the_value() {
        let world = world(CODE, "from a import LIMIT\n\n__all__ = ['LIMIT']\n", &[1, 2, 4, 8]);
        assert_eq!(ask(&world, "77"), Some(vec![0]));
        assert_eq!(ask(&world, "88"), Some(vec![1]));
    }

    #[test]
    fn what_cannot_be_followed_reaches_everybody() {
        for (a, b, what) in [
            (CODE, "from a import LIMIT as x\n", "another name"),
            (CODE, "import a\nB = a.LIMIT + 1\n", "read while loading"),
            (CODE, "def h():\n    return globals()['LIM' + 'IT']\n", "names are listed"),
        ] {
            assert_eq!(ask(&world(a, b, &[1, 2, 4, 8]), "77"), None, "{what}");
        }
        assert_eq!(ask(&world(CODE, "", &[1, 2, 4, 5, 8]), "77"), None, "its reader ran while loading");
        assert_eq!(ask(&world(CODE, "", &[1, 2, 4, 8]), "return LIMIT"), None, "inside a function");
    }
}
