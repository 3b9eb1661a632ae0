//! Where the tests of a file belong, and how the tests around that place are written. Reads the snapshot only.

use super::data::{Framework, Manner, Modules};
use super::{Mark, WriteRequest, names};
use hephaestus_core::{RelPath, SourceFile};
use hephaestus_syntax::Parsed;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The word that tells tests of today's behaviour from others.
const CHARACTERISATION: &str = "characterisation";

/// Where tests go, and in which style.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) file: RelPath,
    /// Whether the file is yet to be made.
    pub(super) is_new: bool,
    /// Whether it is the file under test itself.
    pub(super) is_inside: bool,
    /// Where imports end in a file that is there.
    pub(super) end_of_imports: usize,
    /// Whether it is an ES module.
    pub(super) is_esm: bool,
    /// Whether it begins as strict scripts do.
    pub(super) has_directive: bool,
    pub(super) indent: String,
    pub(super) quote: char,
}

impl Place {
    pub(super) fn find(request: &WriteRequest<'_>, manner: &Manner, framework: &Framework) -> Self {
        let inside =
            manner.modules == Modules::Inside && !request.symbols.iter().any(|name| name.contains("::"));
        let kin = kin(request);
        let home = home(request, manner, framework, &kin);
        let file = if inside {
            request.subject.clone()
        } else {
            target(request, manner, framework, home.as_ref(), &kin)
        };
        let there = request.snapshot.file(&file);
        // A file to come is written like its neighbours.
        let model =
            there.or(home.as_ref()).or(kin.first()).or_else(|| request.snapshot.file(request.subject));
        let text = model.map(|file| file.text.as_ref()).unwrap_or_default();
        let is_esm = framework.always_esm || is_esm(&file, text, manner);
        let end_of_imports = there.map_or(0, |file| end_of_imports(request, manner, file));
        Self {
            is_new: there.is_none(),
            is_inside: inside,
            end_of_imports,
            is_esm,
            has_directive: manner
                .directive
                .as_ref()
                .is_some_and(|directive| text.starts_with(directive.trim_end())),
            indent: indent_of(text).unwrap_or_else(|| framework.indent.clone()),
            quote: quote_of(text),
            file,
        }
    }
}

/// The tests of this language, those that import the file under test first.
fn kin(request: &WriteRequest<'_>) -> Vec<Arc<SourceFile>> {
    let reaching = request.imports.tests_reaching(request.subject, request.snapshot);
    let mut kin: Vec<Arc<SourceFile>> = request
        .snapshot
        .files
        .values()
        .filter(|file| file.is_test && file.language == *request.language && file.path != *request.subject)
        .cloned()
        .collect();
    kin.sort_by_key(|file| (!reaching.contains(&file.path), file.path.clone()));
    kin
}

/// The file that holds the tests of the file under test, by its name.
fn home(
    request: &WriteRequest<'_>,
    manner: &Manner,
    framework: &Framework,
    kin: &[Arc<SourceFile>],
) -> Option<Arc<SourceFile>> {
    let named = framework
        .files
        .iter()
        .map(|pattern| name_of(pattern, &stem(request.subject, manner), request.subject));
    let named: Vec<String> = named.collect();
    kin.iter().find(|file| named.iter().any(|name| name == file.path.file_name())).cloned()
}

/// The file to write: beside the tests that are there, named as they are.
fn target(
    request: &WriteRequest<'_>,
    manner: &Manner,
    framework: &Framework,
    home: Option<&Arc<SourceFile>>,
    kin: &[Arc<SourceFile>],
) -> RelPath {
    let separate = match request.mark {
        Mark::Directive(_) => None,
        Mark::Characterisation => Some(CHARACTERISATION),
    };
    if let (None, Some(home)) = (separate, home) {
        return home.path.clone();
    }
    let folder = match home {
        Some(home) => home.path.parent(),
        None => usual_folder(kin).unwrap_or_else(|| RelPath::new(&manner.folder).ok()),
    };
    let pattern = usual_pattern(framework, kin);
    let model = home.or(kin.first()).map_or(request.subject, |file| &file.path);
    let stem = stem(request.subject, manner);
    let stem = separate.map_or(stem.clone(), |word| format!("{stem}{}{word}", manner.joint));
    let name = name_of(pattern, &stem, model);
    let path = folder.map_or(name.clone(), |folder| format!("{folder}/{name}"));
    RelPath::new(&path).unwrap_or_else(|_| request.subject.clone())
}

/// The file's name without its endings; of a package, the folder's.
fn stem(path: &RelPath, manner: &Manner) -> String {
    let name = path.file_name();
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    if !manner.nameless.iter().any(|name| name == stem) {
        return stem.to_owned();
    }
    let folder = path.parent().map(|folder| folder.file_name().to_owned());
    folder.filter(|name| !manner.roots.contains(name)).unwrap_or_else(|| stem.trim_matches('_').to_owned())
}

fn name_of(pattern: &str, stem: &str, model: &RelPath) -> String {
    pattern.replace("{stem}", stem).replace("{ext}", model.extension().unwrap_or_default())
}

/// The folder in which most tests lie; `Some(None)` is the root.
fn usual_folder(kin: &[Arc<SourceFile>]) -> Option<Option<RelPath>> {
    let mut count: BTreeMap<Option<RelPath>, usize> = BTreeMap::new();
    for file in kin {
        *count.entry(file.path.parent()).or_default() += 1;
    }
    count
        .into_iter()
        .max_by_key(|(folder, count)| (*count, std::cmp::Reverse(folder.clone())))
        .map(|(folder, _)| folder)
}

/// How most files of tests are called.
fn usual_pattern<'a>(framework: &'a Framework, kin: &[Arc<SourceFile>]) -> &'a str {
    let fits = |pattern: &str, name: &str| {
        let (before, after) = pattern.split_once("{stem}").unwrap_or((pattern, ""));
        let after = after.split("{ext}").next().unwrap_or_default();
        let rest = name.strip_prefix(before).unwrap_or_default();
        !rest.is_empty() && rest.rfind(after).is_some_and(|at| at > 0)
    };
    let count = |pattern: &String| kin.iter().filter(|file| fits(pattern, file.path.file_name())).count();
    // Of those that fit as many the first: it says more.
    let best = framework.files.iter().rev().max_by_key(|pattern| count(pattern));
    best.map(String::as_str).unwrap_or("{stem}")
}

fn is_esm(file: &RelPath, text: &str, manner: &Manner) -> bool {
    let extension = file.extension().unwrap_or_default();
    manner.esm_extensions.iter().any(|esm| esm == extension)
        || (extension != "cjs"
            && text.lines().any(|line| line.starts_with("import ") || line.starts_with("export ")))
}

/// The end of the last import at the top level, after its line.
fn end_of_imports(request: &WriteRequest<'_>, manner: &Manner, file: &Arc<SourceFile>) -> usize {
    let Some(language) = request.languages.get(&file.language) else { return 0 };
    let Some(parsed) = Parsed::new(language, Arc::clone(file)) else { return 0 };
    let root = parsed.tree().root_node();
    let mut end = 0;
    for at in 0..root.named_child_count() {
        let Some(node) = u32::try_from(at).ok().and_then(|at| root.named_child(at)) else { continue };
        let text = file.text.get(node.byte_range()).unwrap_or_default();
        let requires = manner
            .required
            .as_ref()
            .is_some_and(|word| text.contains(word.as_str()) && text.lines().count() < 4);
        if manner.nodes.iter().any(|kind| kind == node.kind())
            || requires && node.kind().ends_with("declaration")
        {
            end = node.end_byte();
        }
    }
    let rest = file.text.get(end..).unwrap_or_default();
    if end == 0 { 0 } else { end + rest.find('\n').map_or(rest.len(), |at| at + 1) }
}

/// One step of indentation, as most lines have it.
fn indent_of(text: &str) -> Option<String> {
    let indents = text.lines().filter(|line| !line.trim().is_empty()).map(|line| {
        let letters = line.len() - line.trim_start().len();
        line.get(..letters).unwrap_or_default()
    });
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let mut before = 0;
    for indent in indents {
        if indent.starts_with('\t') {
            *count.entry("\t".to_owned()).or_default() += 1;
        } else if indent.len() > before && matches!(indent.len() - before, 2..=8) {
            *count.entry(" ".repeat(indent.len() - before)).or_default() += 1;
        }
        before = indent.len();
    }
    count.into_iter().max_by_key(|(_, count)| *count).map(|(indent, _)| indent)
}

fn quote_of(text: &str) -> char {
    if text.matches('\'').count() > text.matches('"').count() { '\'' } else { '"' }
}

/// What the group of tests of a file is called.
pub(super) fn group(request: &WriteRequest<'_>, manner: &Manner) -> String {
    let own = names::capitalised(&stem(request.subject, manner));
    match request.mark {
        Mark::Directive(name) => format!("Test{}", names::capitalised(name)),
        Mark::Characterisation => format!("Test{own}Characterisation"),
    }
}
