//! What a directive wants by signature and is not there yet: a function that says of itself that it is still to be
//! written, where it belongs, so that tests can call it and engines see a hole.

use super::phrases::{HolePhrases, Phrases};
use crate::open::Workspace;
use crate::overlay::patched;
use hephaestus_core::{LanguageId, Patch, RelPath, Snapshot};
use hephaestus_directive::{Directive, Interface};

/// The holes of a directive.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// What puts them there.
    pub(super) patch: Patch,
    /// The names that its interfaces declare, whether they were there or not.
    pub(super) names: Vec<String>,
    /// Why an interface has none, in a sentence each.
    pub(super) problems: Vec<String>,
}

impl Holes {
    /// Puts down what is missing. `usual` is the file for an interface that names none.
    pub(super) fn of(workspace: &Workspace, directive: &Directive, usual: Option<&RelPath>) -> Self {
        let mut holes = Self::default();
        let mut snapshot = workspace.snapshot.clone();
        for interface in &directive.interfaces {
            match add(workspace, &snapshot, interface, usual) {
                Ok((name, patch)) => {
                    holes.names.push(name);
                    if let Ok(next) = patched(&snapshot, &patch, workspace.languages) {
                        snapshot = next;
                    }
                    holes.patch = crate::overlay::between(
                        &workspace.snapshot,
                        &snapshot,
                        holes.patch.paths().chain(patch.paths()),
                    )
                    .unwrap_or_default();
                }
                Err(problem) => holes.problems.push(problem),
            }
        }
        holes
    }
}

/// The name an interface declares, and what puts a hole there where nothing has that name.
fn add(
    workspace: &Workspace,
    snapshot: &Snapshot,
    interface: &Interface,
    usual: Option<&RelPath>,
) -> Result<(String, Patch), String> {
    let signature = interface.signature.as_str();
    let named = interface.file.as_ref().and_then(|file| RelPath::new(file.as_str()).ok());
    let file = named.as_ref().or(usual).ok_or_else(|| {
        format!("nothing says in which file `{signature}` belongs: add `file` to its [[interface]]")
    })?;
    let language = language_of(workspace, snapshot, file)?;
    let phrases = Phrases::of(workspace.languages, &language)?;
    let name = phrases
        .hole
        .name_of(signature)
        .ok_or_else(|| format!("`{signature}` declares no function that could be called"))?;
    let parsed = workspace.parsed.get(file);
    let is_there = parsed.is_some_and(|parsed| parsed.functions().iter().any(|own| own.qualified == name));
    if is_there {
        return Ok((name, Patch::default()));
    }
    let old = snapshot.file(file).map(|file| file.text.to_string());
    let around = old.clone().unwrap_or_else(|| neighbours(snapshot, &language));
    let doc = interface.doc.as_ref().map(|doc| doc.as_str());
    let hole = phrases.hole.write(signature, &name, doc, &around);
    let patch = match old {
        None => Patch::create(file.clone(), hole),
        Some(old) => Patch::between(file.clone(), &old, &with(&old, &hole, &phrases.hole)),
    };
    Ok((name, patch))
}

fn language_of(workspace: &Workspace, snapshot: &Snapshot, file: &RelPath) -> Result<LanguageId, String> {
    let known = snapshot.file(file).map(|file| file.language.clone());
    let detected = || workspace.languages.detect(file, "").map(|language| language.id().clone());
    known.or_else(detected).ok_or_else(|| format!("it is not known what {file} is written in"))
}

/// The text of all files of a language: what is usual among them.
fn neighbours(snapshot: &Snapshot, language: &LanguageId) -> String {
    let files = snapshot.files.values().filter(|file| file.language == *language && !file.is_test);
    files.map(|file| &*file.text).collect()
}

/// `old` with the hole at its end, or in front of where its tests begin.
fn with(old: &str, hole: &str, phrases: &HolePhrases) -> String {
    let line_end = if old.contains("\r\n") { "\r\n" } else { "\n" };
    let native = |text: &str| text.replace('\n', line_end);
    let (hole, gap) = (native(hole), native(&phrases.gap));
    let border = phrases.in_front_of.as_ref().and_then(|start| {
        let mut at = 0;
        old.split_inclusive('\n').find_map(|line| {
            let here = at;
            at += line.len();
            line.starts_with(start.as_str()).then_some(here)
        })
    });
    match border.and_then(|at| old.split_at_checked(at)) {
        Some((before, after)) => format!("{before}{hole}{gap}{after}"),
        None if old.is_empty() => hole,
        None => {
            let end = if old.ends_with('\n') { "" } else { line_end };
            format!("{old}{end}{gap}{hole}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::OpenOptions;
    use hephaestus_core::CancelToken;
    use hephaestus_directive::parse;
    use std::fs;

    fn holes(files: &[(&str, &str)], interface: &str) -> (Snapshot, Holes) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
            fs::write(folder.path().join(name), text).unwrap();
        }
        let workspace = Workspace::open(folder.path(), &OpenOptions::default(), &CancelToken::new()).unwrap();
        let text = format!("kind = \"build\"\ngoal = \"g\"\n{interface}");
        let directive = parse(&text, &RelPath::new("x.forge.toml").unwrap()).directive.unwrap();
        let holes = Holes::of(&workspace, &directive, None);
        (patched(&workspace.snapshot, &holes.patch, workspace.languages).unwrap(), holes)
    }

    fn text(snapshot: &Snapshot, path: &str) -> String {
        snapshot.file(&RelPath::new(path).unwrap()).unwrap().text.to_string()
    }

    #[test]
    fn a_function_that_is_missing_becomes_a_hole_in_its_file() {
        let two = "[[interface]]\nsignature = 'def f(a: int) -> int'\nfile = 'a.py'\ndoc = 'Adds one.'\n\
                   [[interface]]\nsignature = 'def g()'\nfile = 'a.py'\n";
        let (snapshot, holes) = holes(&[("a.py", "x = 1\n")], two);
        let expected = "x = 1\n\n\ndef f(a: int) -> int:\n    \"\"\"Adds one.\"\"\"\n    raise NotImplementedError\n\
                        \n\ndef g():\n    raise NotImplementedError\n";
        assert_eq!((text(&snapshot, "a.py").as_str(), holes.names.len()), (expected, 2));
    }

    #[test]
    fn what_is_there_stays_and_a_new_file_comes_as_its_neighbours_are() {
        let there = "[[interface]]\nsignature = 'def f(a)'\nfile = 'a.py'\n";
        let (_, holes_there) = holes(&[("a.py", "def f(a):\n    return a\n")], there);
        assert!(holes_there.patch.is_empty() && holes_there.names == ["f"]);
        let new = "[[interface]]\nsignature = 'function f(a)'\nfile = 'src/f.js'\n";
        let (snapshot, _) = holes(&[("src/a.js", "exports.a = 1\n")], new);
        assert!(text(&snapshot, "src/f.js").ends_with("\nexports.f = f;\n"));
    }

    #[test]
    fn rust_code_stands_before_its_tests() {
        let new = "[[interface]]\nsignature = 'pub fn f() -> u8'\nfile = 'src/lib.rs'\n";
        let (snapshot, _) = holes(&[("src/lib.rs", "//! Doc.\n\n#[cfg(test)]\nmod tests {}\n")], new);
        assert_eq!(
            text(&snapshot, "src/lib.rs"),
            "//! Doc.\n\npub fn f() -> u8 {\n    todo!()\n}\n\n#[cfg(test)]\nmod tests {}\n"
        );
    }

    #[test]
    fn an_interface_without_a_place_says_what_is_missing() {
        let (_, holes) = holes(&[("a.py", "x = 1\n")], "[[interface]]\nsignature = 'def f()'\n");
        assert!(holes.problems[0].contains("add `file`"), "{holes:?}");
    }
}
