//! What is remembered of a file while it is edited is what a look at the whole file would find, after every edit. The
//! texts are made of the packs' own examples, so that every rule has something to match.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use hephaestus_core::{CancelToken, LanguageId, RelPath};
use hephaestus_syntax::{
    Change, Document, Encoding, Facts, Language, Languages, LineIndex, Memory, RuleSets, Wanted,
};
use serde_yaml::Value;

const ENCODING: Encoding = Encoding::Utf8;

/// A small generator, so that failures repeat.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most.max(1)
    }

    fn of<'a>(&mut self, all: &'a [String]) -> &'a str {
        &all[self.below(all.len())]
    }
}

fn language(id: &str) -> &'static Language {
    Languages::builtin().unwrap().get(&LanguageId::new(id)).unwrap()
}

/// What the rules of a language are shown to match.
fn examples(language: &Language) -> Vec<String> {
    let mut found = Vec::new();
    for (_, text) in &language.pack().rules {
        let rule: Value = serde_yaml::from_str(text).unwrap();
        let tests = rule.get("metadata").and_then(|own| own.get("tests")).and_then(Value::as_sequence);
        for test in tests.into_iter().flatten() {
            found.extend(test.get("before").and_then(Value::as_str).map(|text| format!("{text}\n")));
        }
    }
    found
}

/// Examples one after the other, some of them in something large that is taken apart.
fn text(examples: &[String], around: (&str, &str), chance: &mut Chance) -> String {
    let some = |count: usize, chance: &mut Chance| -> String {
        (0..count).map(|_| chance.of(examples).to_owned()).collect()
    };
    let inner: String = some(24, chance).lines().map(|line| format!("    {line}\n")).collect();
    format!("{}{}{inner}{}{}", some(12, chance), around.0, around.1, some(12, chance))
}

struct Scene {
    path: RelPath,
    document: Document,
    rules: RuleSets,
    memory: Memory,
}

impl Scene {
    fn new(language: &Language, text: &str) -> Self {
        Self {
            path: RelPath::new("a.x").unwrap(),
            document: Document::new(Some(language.clone()), text),
            rules: RuleSets::load([language], &[]).unwrap().0,
            memory: Memory::default(),
        }
    }

    /// Replaces the bytes `from..to`.
    fn edit(&mut self, from: usize, to: usize, text: &str) {
        let lines = LineIndex::new(self.document.text());
        let range = Some((lines.position(from, ENCODING), lines.position(to, ENCODING)));
        let change = Change { range, text: text.to_owned() };
        let version = self.document.version() + 1;
        self.document.apply(version, &[change], ENCODING).unwrap();
    }

    /// What a look at the whole file finds, compared with what is remembered.
    fn check(&mut self, what: &str) -> Facts {
        let cancel = CancelToken::new();
        let parsed = self.document.parsed(self.path.clone(), false, &cancel).unwrap();
        let wanted = Wanted { rules: Some(&self.rules), holes: true };
        let anew = Facts::of(&parsed, wanted);
        let again = Facts::again(&parsed, wanted, &mut self.memory, &cancel).unwrap();
        let text = self.document.text();
        assert_eq!(anew.matches, again.matches, "{what}\n{text}");
        assert_eq!(anew.functions, again.functions, "{what}\n{text}");
        assert_eq!(anew.holes, again.holes, "{what}\n{text}");
        for found in &anew.matches {
            assert_eq!(anew.symbol_at(found.range), again.symbol_at(found.range), "{what}\n{text}");
        }
        anew
    }
}

/// Edits a text at random and compares after each edit.
fn check(id: &str, around: (&str, &str), comment: &str, edits: usize) {
    let language = language(id);
    let examples = examples(language);
    let mut chance = Chance(edits as u64);
    let mut scene = Scene::new(language, &text(&examples, around, &mut chance));
    let mut matches = scene.check(id).matches.len();
    for edit in 0..edits {
        let text = scene.document.text();
        let starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let line = chance.below(starts.len() - 1);
        let (start, end) = (starts[line], starts[line + 1]);
        let (from, to, new) = match chance.below(8) {
            0 => (start, end, String::new()),
            1 => (start, start, text[start..end].to_owned()),
            2 => (start, start, chance.of(&examples).to_owned()),
            3 => (start, start, format!("{comment} hephaestus: ignore\n")),
            4 => (end - 1, end - 1, " ".to_owned()),
            5 => (start, start, "    ".to_owned()),
            6 => (end - 1, end - 1, "(".to_owned()),
            _ => (end - 1, end - 1, "x".to_owned()),
        };
        scene.edit(from, to, &new);
        matches += scene.check(&format!("{id}, edit {edit}: {from}..{to} {new:?}")).matches.len();
        // What spoils everything else is taken back, at another time.
        if chance.below(3) > 0 {
            scene
                .document
                .apply(scene.document.version(), &[Change { range: None, text }], ENCODING)
                .unwrap();
        }
    }
    assert!(matches > edits, "there was something to remember");
}

#[test]
fn python_is_remembered_as_it_is() {
    check("python", ("class A:\n  def f(self):\n", ""), "#", 40);
}

#[test]
fn rust_is_remembered_as_it_is() {
    check("rust", ("impl A for B {\nfn f() {\n", "}\n}\n"), "//", 40);
}

#[test]
fn javascript_is_remembered_as_it_is() {
    check("javascript", ("(function () {\n", "})();\n"), "//", 40);
}

#[test]
fn typescript_is_remembered_as_it_is() {
    check("typescript", ("function f() {\n", "}\n"), "//", 20);
}

#[test]
fn what_a_rule_sees_beside_its_match_is_not_forgotten() {
    let filler = "def f(a):\n    return a.b(a, a, a)\n\n\n".repeat(80);
    let mut scene = Scene::new(language("python"), &format!("{filler}tmp = a\na = b\nb = tmq\n"));
    let before = scene.check("before").matches.len();
    let end = scene.document.text().len() - 1;
    scene.edit(end - 1, end, "p");
    assert_eq!(scene.check("now it is a swap").matches.len(), before + 1);
    scene.edit(end - 1, end, "q");
    assert_eq!(scene.check("now it is none").matches.len(), before);
}

#[test]
fn complexity_is_that_of_the_whole_function() {
    let step = "    if a:\n        for b in a:\n            f(b)\n";
    let mut scene = Scene::new(language("python"), &format!("def f(a):\n{}", step.repeat(100)));
    let complexity = |facts: &Facts| facts.functions[0].cognitive;
    let before = complexity(&scene.check("before"));
    scene.edit(10, 10, step);
    assert_eq!(complexity(&scene.check("one more step")), before + 3);
    scene.edit(4, 5, "g");
    assert_eq!(complexity(&scene.check("no recursion")), before + 2);
}

#[test]
fn another_name_around_is_another_symbol() {
    let method = "    def m(self):\n        raise NotImplementedError\n\n";
    let mut scene = Scene::new(language("python"), &format!("class A:\n{}", method.repeat(80)));
    assert_eq!(scene.check("before").holes[0].function, "A.m");
    scene.edit(6, 7, "Other");
    let facts = scene.check("renamed");
    assert_eq!((facts.holes.len(), facts.holes[79].function.as_str()), (80, "Other.m"));
}

#[test]
fn a_cancelled_look_finds_nothing_and_spoils_nothing() {
    let mut scene = Scene::new(language("python"), &"x = set([1])\n".repeat(300));
    let cancel = CancelToken::new();
    let parsed = scene.document.parsed(scene.path.clone(), false, &cancel).unwrap();
    cancel.cancel();
    let wanted = Wanted { rules: Some(&scene.rules), holes: true };
    assert!(Facts::again(&parsed, wanted, &mut scene.memory, &cancel).is_none());
    scene.check("afterwards");
}

#[test]
fn memory_of_other_rules_is_no_memory() {
    let mut scene = Scene::new(language("python"), "def f(a):\n    x = a.b()\n    return x\n");
    assert!(!scene.check("before").matches.is_empty());
    let cancel = CancelToken::new();
    let parsed = scene.document.parsed(scene.path.clone(), false, &cancel).unwrap();
    let none = Wanted { rules: None, holes: true };
    let facts = Facts::again(&parsed, none, &mut scene.memory, &cancel).unwrap();
    assert!(facts.matches.is_empty());
    assert!(!scene.check("with rules again").matches.is_empty());
}
