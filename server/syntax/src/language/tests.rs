//! The contract every pack must keep, checked for all of them: a new one is tested before anyone writes a test for it.

use hephaestus_core::{ByteRange, LanguageId, RelPath};
use hephaestus_grammars::{Pack, packs};
use tree_sitter::Query;

use crate::Languages;
use crate::queries::QUERIES;
use crate::tables::KindTables;
use crate::walk::tests::parsed;

/// A sample of a pack's language, and the functions in it with their cognitive complexity. A pack without one fails.
fn sample(id: &str) -> (&'static str, &'static [(&'static str, u32)]) {
    match id {
        "c" => (
            "int m(int x) { if (x) { return 1; } else { return 2; } }\nstatic B *f(B *a) { for (; a; a++) g(a); return a; }\n",
            &[("m", 2), ("f", 1)],
        ),
        "cpp" => (
            "class A { int m(bool x) { return x ? 1 : 2; } };\nB &N::f(const C &a) { for (auto b : a) g(b); return d; }\n",
            &[("A.m", 1), ("N.f", 1)],
        ),
        "go" => (
            "package p\n\nfunc (a *A) m(x bool) int { if x { return 1 } else { return 2 } }\nfunc f(a []B) { for _, b := range a { g(b) } }\n",
            &[("m", 2), ("f", 1)],
        ),
        "java" => (
            "class A { int m(boolean x) { return x ? 1 : 2; } void f(B[] a) { for (B b : a) { g(b); } } }\n",
            &[("A.m", 1), ("A.f", 1)],
        ),
        "javascript" => (
            "class A { m(x) { return x ? 1 : 2; } }\nconst f = async (a) => { for await (const b of a) g(b); };\n",
            &[("A.m", 1), ("f", 1)],
        ),
        "python" => (
            "class A:\n    def m(self, x):\n        return 1 if x else 2\n\nasync def f(a):\n    async for b in a:\n        g(b)\n",
            &[("A.m", 1), ("f", 1)],
        ),
        "rust" => (
            "impl A { fn m(&self, x: bool) -> u8 { if x { 1 } else { 2 } } }\nfn f(a: &[B]) { for b in a { g(b); } }\n",
            &[("A.m", 2), ("f", 1)],
        ),
        "tsx" => (
            "class A { m(x: boolean) { return x ? <b>{x}</b> : null; } }\nconst f = (a: B[]) => { for (const b of a) g(b); };\n",
            &[("A.m", 1), ("f", 1)],
        ),
        "typescript" => (
            "class A { m(x: boolean): number { return x ? <number>1 : 2; } }\nconst f = (a: B[]) => { for (const b of a) g(b); };\n",
            &[("A.m", 1), ("f", 1)],
        ),
        _ => panic!("the pack `{id}` has no sample here: add one"),
    }
}

fn all() -> &'static [Pack] {
    packs().unwrap()
}

#[test]
fn every_kind_and_field_in_the_tables_exists() {
    for pack in all() {
        let grammar = hephaestus_grammars::grammar(&pack.id).unwrap();
        let tables = KindTables::new(pack, &grammar);
        assert!(tables.is_ok(), "{}", tables.unwrap_err());
    }
    Languages::builtin().unwrap();
}

#[test]
fn a_kind_that_does_not_exist_is_refused() {
    let pack = all().iter().find(|pack| pack.id == "python").unwrap();
    let grammar = hephaestus_grammars::grammar("python").unwrap();
    let refused = |change: fn(&mut Pack)| {
        let mut wrong = pack.clone();
        change(&mut wrong);
        KindTables::new(Box::leak(Box::new(wrong)), &grammar).unwrap_err().message
    };
    let message = refused(|pack| pack.manifest.tables.comments.push("remark".to_owned()));
    assert!(message.contains("`remark`"), "{message}");
    let message = refused(|pack| {
        pack.manifest.tables.scopes.insert("class_definition".to_owned(), "title".to_owned());
    });
    assert!(message.contains("`title`"), "{message}");
    let message = refused(|pack| {
        pack.manifest.tables.structures.entry("if_statement".to_owned()).or_default().nests =
            vec!["then".to_owned()];
    });
    assert!(message.contains("`then`"), "{message}");
}

#[test]
fn every_pack_answers_the_questions_that_have_no_default() {
    for Pack { id, manifest, .. } in all() {
        let tables = &manifest.tables;
        for (what, count) in [
            ("functions", tables.functions.len()),
            ("structures", tables.structures.len()),
            ("comments", tables.comments.len()),
            ("operands", tables.operands.len()),
            ("statements", tables.statements.len() + tables.blocks.len()),
            ("scopes", tables.scopes.len()),
            ("typing", usize::from(tables.typing.is_some())),
        ] {
            assert!(count > 0, "{id}: no {what}");
        }
        assert!(
            !manifest.name.is_empty() && !manifest.extensions.is_empty() && !manifest.test_paths.is_empty(),
            "{id}"
        );
    }
}

#[test]
fn everything_that_is_inherited_from_exists() {
    for pack in all() {
        for parent in &pack.manifest.inherits {
            let parent = all().iter().find(|own| own.id == *parent);
            let parent = parent.unwrap_or_else(|| panic!("{}: unknown parent", pack.id));
            // A child lists the parents of its parents itself, so that the order is written down in one place.
            for grandparent in &parent.manifest.inherits {
                assert!(
                    pack.manifest.inherits.contains(grandparent),
                    "{}: {grandparent} is missing",
                    pack.id
                );
            }
        }
    }
}

#[test]
fn every_query_compiles_and_uses_known_captures() {
    for pack in all() {
        let grammar = hephaestus_grammars::grammar(&pack.id).unwrap();
        for (name, text) in &pack.queries {
            let known = QUERIES.iter().find(|(own, _)| own == name);
            let (_, captures) = known.unwrap_or_else(|| panic!("{}: nobody asks for {name}.scm", pack.id));
            let query =
                Query::new(&grammar, text).unwrap_or_else(|error| panic!("{}/{name}.scm: {error}", pack.id));
            for capture in query.capture_names() {
                let is_known = capture.starts_with('_') || captures.contains(capture);
                assert!(is_known, "{}/{name}.scm: unknown capture @{capture}", pack.id);
            }
        }
    }
}

#[test]
fn every_pack_reads_its_sample() {
    for pack in all() {
        let (text, expected) = sample(&pack.id);
        let parsed = parsed(&pack.id, text);
        assert!(parsed.error_ranges().is_empty(), "{}: {:?}", pack.id, parsed.error_ranges());
        let found: Vec<(&str, u32)> = parsed
            .functions()
            .iter()
            .map(|function| (function.qualified.as_str(), function.metrics.cognitive))
            .collect();
        assert_eq!(found, expected, "{}", pack.id);
        let whole = parsed.metrics(ByteRange::new(0, text.len()));
        let sizes =
            [whole.statements, whole.tokens, whole.lines, whole.halstead.operators, whole.halstead.operands];
        assert!(sizes.iter().all(|size| *size > 0), "{}: {whole:?}", pack.id);
        assert_eq!(parsed.holes(), [], "{}", pack.id);
    }
}

#[test]
fn text_that_breaks_off_anywhere_is_still_read() {
    for pack in all() {
        let (text, _) = sample(&pack.id);
        for (cut, _) in text.char_indices() {
            let (head, tail) = text.split_at(cut);
            for part in [head, tail] {
                let parsed = parsed(&pack.id, part);
                let half = ByteRange::new(part.len() / 3, part.len());
                let sizes =
                    [parsed.metrics(half).tokens, parsed.metrics(ByteRange::new(0, part.len())).tokens];
                assert!(sizes[0] <= sizes[1], "{}: {part:?}", pack.id);
                assert!(parsed.functions().len() <= 2 && parsed.holes().is_empty(), "{}: {part:?}", pack.id);
                assert!(parsed.public_api().len() < 9, "{}: {part:?}", pack.id);
            }
        }
    }
}

#[test]
fn languages_are_known_by_name_ending_or_first_line() {
    let languages = Languages::builtin().unwrap();
    let detect = |path: &str, head: &str| {
        languages.detect(&RelPath::new(path).unwrap(), head).map(|language| language.id().clone())
    };
    assert_eq!(detect("a/b.pyi", ""), Some(LanguageId::new("python")));
    assert_eq!(detect("a.tsx", ""), Some(LanguageId::new("tsx")));
    assert_eq!(detect("tool", "#!/usr/bin/env python3\n"), Some(LanguageId::new("python")));
    assert_eq!(detect("tool", "#!/usr/bin/env python3 -u\n"), Some(LanguageId::new("python")));
    assert_eq!(detect("README", "text"), None);
    assert_eq!(
        detect("a.h", "#ifdef __cplusplus\nextern \"C\" {\n#endif\nint f(void);\n"),
        Some(LanguageId::new("c"))
    );
    assert_eq!(detect("a.h", "#pragma once\nnamespace a {\n}\n"), Some(LanguageId::new("cpp")));
}
