//! The contract that every `operators.toml` keeps, and what mutants promise.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hephaestus_core::{LanguageId, RelPath};
use hephaestus_grammars::OPERATORS as FILE;

use super::*;

fn languages() -> &'static Languages {
    Languages::builtin().unwrap()
}

fn mutators() -> &'static Mutators {
    static MUTATORS: LazyLock<Mutators> =
        LazyLock::new(|| Mutators::builtin(languages()).unwrap_or_else(|error| panic!("{error}")));
    &MUTATORS
}

fn file(pack: &str, text: &str) -> SourceFile {
    SourceFile::new(RelPath::new("src/a").unwrap(), LanguageId::new(pack), text, false)
}

fn changed(text: &str, mutant: &Mutant) -> String {
    let mut changed = text.to_owned();
    changed.replace_range(mutant.range.start..mutant.range.end, &mutant.replacement);
    changed
}

/// The packs that have operators of their own, with their texts.
fn files() -> Vec<(LanguageId, &'static str)> {
    let mut seen = BTreeSet::new();
    let own = languages().all().into_iter().filter_map(|language| {
        let text = language.pack().file(FILE)?;
        seen.insert(text).then(|| (language.id().clone(), text))
    });
    own.collect()
}

#[test]
fn every_operator_does_what_its_examples_say() {
    let mut wrong = Vec::new();
    for (language, text) in files() {
        let (count, slips) = mutators().examples(&language, text);
        assert!(count > 0, "{language}");
        wrong
            .extend(slips.into_iter().map(|slip| format!("{language}: {}: {}", slip.operator, slip.message)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The texts that all operators of a pack make of one.
fn made(pack: &str, text: &str) -> Vec<String> {
    mutators().mutants(&file(pack, text), &[]).iter().map(|mutant| changed(text, mutant)).collect()
}

#[test]
fn nothing_is_mutated_where_no_test_could_be_asked_to_notice() {
    let python = [
        "\"\"\"Doc: 1 + 2.\"\"\"\nimport a.b\nfrom c import d as e\n",
        "__all__ = ['a', 'b']\n__version__ = '1.0'\n__all__ += ['c']\n",
        "if TYPE_CHECKING:\n    import a\n    b = 1\n",
        "if __name__ == '__main__':\n    main(1)\n",
        "print('a', 1 + 2, not b)\nlogger.warning('%s', a or b)\nself._log.debug(1)\nlogging.getLogger().info('x')\n",
        "@cache(1)\ndef f(a: 'T', b: int | None): pass\n",
        "x: Literal['a', 1]\nT = TypeVar('T', bound='U')\n",
        "try:\n    import a\nexcept ImportError:\n    a = None\n",
        "def f():\n    raise NotImplementedError('later')\n",
    ];
    let javascript = [
        "'use strict';\nimport a from 'b';\nexport * from 'c';\nconst d = require('e');\n",
        "console.log('a', 1 + 2, !b);\nlogger.error(`a${b + 1}`);\n",
        "Object.defineProperty(exports, '__esModule', { value: true });\nmodule.exports = f;\n",
    ];
    let typescript = [
        "type A = 'a' | 1;\ninterface B { c: 'd'; }\nenum E { F = 1, G = 'h' }\nlet x: 'y';\n",
        "declare const a: 1;\nlet b = <T extends 'c'>(d: T): void => {};\n",
    ];
    let rust = [
        "#![doc = \"a\"]\nuse a::{b, c};\n#[derive(A)]\nstruct B { c: [u8; 4] }\ntype D = [u8; 2];\n",
        "#[test]\nfn f() { g(1 + a); }\n#[tokio::test]\n#[x]\nasync fn h() { i(!a).await; }\n",
        "#[cfg(test)]\nmod tests { fn f() -> bool { a < b } }\n#[cfg(windows)]\nfn f() -> bool { a < b }\n",
        "impl fmt::Debug for A { fn fmt(&self) -> fmt::Result { a(1) } }\n",
        "unsafe fn f() -> bool { a < b }\n",
        "enum A { B = 1 }\nmacro_rules! a { (b) => { 1 + 2 } }\nextern \"C\" { fn f() -> i32; }\n",
        "const A: B = c![1, 2, \"a\"];\n",
    ];
    let mut wrong = Vec::new();
    for (pack, texts) in
        [("python", &python[..]), ("javascript", &javascript), ("typescript", &typescript), ("rust", &rust)]
    {
        wrong.extend(texts.iter().flat_map(|text| made(pack, text)).map(|made| format!("{pack}: {made}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_message_of_an_error_is_left_alone() {
    let python = made("python", "def f():\n    raise E('a' + str(b), 'c')\n");
    assert_eq!(python, ["def f():\n    pass\n"]);
    let javascript = made("javascript", "if (a) throw new TypeError(`b${c + 1}`);\n");
    assert!(javascript.iter().any(|text| text == "if (a) ;\n"), "{javascript:?}");
    assert!(javascript.iter().all(|text| text.contains("if (a) ;") || text.contains("`b${c + 1}`")));
    assert_eq!(made("rust", "fn f() { a.expect(\"b\"); }"), ["fn f() {}", "fn f() {  }"]);
    assert_eq!(made("python", "assert a, 'b'\n"), [""; 0]);
}

#[test]
fn comments_close_lines_and_what_stands_below_them() {
    let line = "x = a + b  # hephaestus: no-mutants, measured\ny = a + b\n";
    assert_eq!(made("python", line), [line.replace("y = a + b", "y = a - b")]);
    let function = "# hephaestus: no-mutants\n@d\ndef f():\n    return 1\n\ndef g():\n    h()\n";
    assert_eq!(made("python", function), [function.replace("h()", "pass")]);
    // The grammar puts this comment in front of the whole block.
    let first = "class A:\n    # hephaestus: no-mutants\n    def f(self):\n        g()\n\n    def h(self):\n        i()\n";
    assert_eq!(made("python", first), [first.replace("i()", "pass")]);
    let rust = "// hephaestus: no-mutants\n#[inline]\nfn f() { g(); }\nfn h() { }\nfn i() { j(); }\n";
    assert!(made("rust", rust).iter().all(|text| text.contains("g();")));
    assert_eq!(made("python", "x = '# hephaestus: no-mutants'\n").len(), 1);
    assert_eq!(made("python", "# hephaestus: no-mutants"), [""; 0]);
}

#[test]
fn tests_generated_files_and_unknown_languages_have_none() {
    let mutators = mutators();
    let text = "x = a + b\n";
    assert_eq!(mutators.mutants(&file("python", text), &[]).len(), 1);
    let test = SourceFile { is_test: true, ..file("python", text) };
    assert_eq!(mutators.mutants(&test, &[]), []);
    assert_eq!(
        mutators.mutants(&file("python", &format!("# Code generated by x. DO NOT EDIT.\n{text}")), &[]),
        []
    );
    assert_eq!(mutators.mutants(&file("python", &format!("{text}y = 'do not edit'\n")), &[]).len(), 2);
    assert_eq!(mutators.mutants(&file("klingon", text), &[]), []);
    assert_eq!(mutators.mutants(&file("python", ""), &[]), []);
}

#[test]
fn regions_choose_by_where_the_change_is() {
    let text = "x = a + b\ny = a + b\n";
    let ranges = |regions: &[ByteRange]| -> Vec<ByteRange> {
        mutators().mutants(&file("python", text), regions).iter().map(|mutant| mutant.range).collect()
    };
    assert_eq!(ranges(&[]), [ByteRange::new(6, 7), ByteRange::new(16, 17)]);
    assert_eq!(ranges(&[ByteRange::new(10, 19)]), [ByteRange::new(16, 17)]);
    assert_eq!(ranges(&[ByteRange::new(0, 6), ByteRange::new(7, 16)]), []);
    assert_eq!(ranges(&[ByteRange::new(0, 9), ByteRange::new(10, 19)]).len(), 2);
}

#[test]
fn a_mutant_says_where_it_is_and_what_no_test_would_notice() {
    let text = "class A:\n    def f(self, n):\n        return n * 2 + 1\n";
    let mutants = mutators().mutants(&file("python", text), &[]);
    let found: Vec<(&str, &str, Option<&str>)> = mutants
        .iter()
        .map(|mutant| (mutant.operator.as_str(), mutant.description.as_str(), mutant.function.as_deref()))
        .collect();
    let function = Some("A.f");
    assert_eq!(
        found,
        [
            ("returns/none-returned", "`None` returned in place of `n * 2 + 1`", function),
            ("arithmetic/times-to-divide", "`n * 2` computed as `n / 2`", function),
            ("constants/number-minus-one", "`1` in place of `2`", function),
            ("constants/number-plus-one", "`3` in place of `2`", function),
            ("arithmetic/plus-to-minus", "`n * 2 + 1` computed as `n * 2 - 1`", function),
            ("constants/number-minus-one", "`0` in place of `1`", function),
            ("constants/number-plus-one", "`2` in place of `1`", function),
        ]
    );
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    assert_eq!(made("python", "x = a + b\ndef (:\n    y = a +\n"), ["x = a - b\ndef (:\n    y = a +\n"]);
    assert_eq!(made("javascript", "}}} ((( `"), [""; 0]);
}

#[test]
fn absurdly_deep_code_is_merely_slow() {
    let text = format!("x = {}a{}\n", "(".repeat(3000), ")".repeat(3000));
    assert_eq!(made("python", &text), [""; 0]);
    let text = format!("x = {}a\n", "a + ".repeat(1000));
    assert_eq!(made("python", &text).len(), 1000);
}

#[test]
fn what_a_file_cannot_mean_is_an_error() {
    let grammar = hephaestus_grammars::grammar("python").unwrap();
    let refused = |operator: &str| {
        let text = format!("[[families]]\nname = \"f\"\noperators = [{{ id = \"o\", {operator} }}]\n");
        let data: FileData = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
        compile::compile(&data, &grammar).unwrap_err()
    };
    let says = "says = \"\"";
    assert_eq!(refused(&format!("put = \"\", {says}")).1, "it begins nowhere: `kinds` or `find`");
    assert_eq!(refused(&format!("find = \"+\", {says}")).1, "it says nothing to `put`");
    assert_eq!(refused("find = \"+\", put = \"-\"").1, "it has no words: `says`");
    assert_eq!(refused(&format!("find = \"+\", put = \"{{\", {says}")).1, "a brace in `{` has no partner");
    let unknown = refused(&format!("find = \"+\", put = \"{{a|b}}\", {says}")).1;
    assert_eq!(unknown, "`b` is nothing that can be done to a text");
    let unknown = refused(&format!("find = \"+\", put = \"-\", unless = [\"odd\"], {says}"));
    assert_eq!(unknown, ("f/o".to_owned(), "there is no condition `odd`".to_owned()));
    let typo = "[[families]]\nname = \"f\"\noperators = [{ id = \"o\", finds = \"+\" }]\n";
    assert!(toml::from_str::<FileData>(typo).is_err());
}

#[test]
fn names_that_no_grammar_knows_are_found() {
    let grammar = hephaestus_grammars::grammar("python").unwrap();
    let text = "[[families]]\nname = \"f\"\nsays = \"\"\nput = \"{colour}\"\noperators = [{ id = \"o\", kinds = \"binop\" }]\n";
    let (_, unknown) = compile::compile(&toml::from_str(text).unwrap(), &grammar).unwrap();
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["field `colour`", "kind `binop`"]);
}

/// Code of this project, and of the samples it is tested with.
fn own_files() -> Vec<SourceFile> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let paths = [
        "server/core/src/budget.rs",
        "server/core/src/range.rs",
        "server/harness/runners/unittest.shim.py",
        "tests/workspaces/javascript-node/calc.js",
        "tests/workspaces/python-tangled/parcel.py",
        "tests/workspaces/typescript-vitest/src/calc.ts",
    ];
    let read = |path: &&str| {
        let text = std::fs::read_to_string(root.join(path)).unwrap();
        let path = RelPath::new(path).unwrap();
        let language = languages().detect(&path, &text).unwrap().id().clone();
        SourceFile::new(path, language, text, false)
    };
    paths.iter().map(read).collect()
}

#[test]
fn every_mutant_parses_is_new_and_comes_again() {
    let mutators = mutators();
    for file in own_files() {
        check(mutators, &file);
    }
}

#[test]
fn ids_are_unique_and_words_are_there() {
    for (pack, set) in &mutators().sets {
        let ids: BTreeSet<&str> = set.operators.iter().map(|operator| operator.id.as_str()).collect();
        assert_eq!(ids.len(), set.operators.len(), "{pack}");
    }
}

/// The published packages to look at, by language: `HEPHAESTUS_REAL` names the folder they are unpacked in.
fn real_files() -> Vec<SourceFile> {
    let Some(root) = std::env::var_os("HEPHAESTUS_REAL") else { return Vec::new() };
    let (mut folders, mut found) = (vec![std::path::PathBuf::from(root)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let Ok(path_name) = RelPath::new(&name) else { continue };
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let Some(language) = languages().detect(&path_name, "") else { continue };
            let whole = path.to_string_lossy();
            let is_test = ["/tests/", "/test/", "/benches/"].iter().any(|part| whole.contains(part));
            found.push(SourceFile::new(path_name, language.id().clone(), text, is_test));
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

#[test]
#[ignore = "prints what becomes of the packages in HEPHAESTUS_REAL, to be read"]
fn what_becomes_of_real_code() {
    use std::collections::BTreeMap;
    let mutators = mutators();
    let wanted = std::env::var("HEPHAESTUS_SHOW").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let mut by_language: BTreeMap<String, Vec<(SourceFile, Vec<Mutant>)>> = BTreeMap::new();
    let (mut lines, start) = (BTreeMap::<String, usize>::new(), std::time::Instant::now());
    let mut time = BTreeMap::<String, std::time::Duration>::new();
    for file in real_files() {
        let before = start.elapsed();
        let mutants = mutators.mutants(&file, &[]);
        let language = file.language.to_string();
        *time.entry(language.clone()).or_default() += start.elapsed() - before;
        *lines.entry(language.clone()).or_default() +=
            if file.is_test { 0 } else { file.text.lines().count() };
        by_language.entry(language).or_default().push((file, mutants));
    }
    for (language, files) in &by_language {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let all: Vec<(&SourceFile, &Mutant)> = files
            .iter()
            .flat_map(|(file, mutants)| mutants.iter().map(move |mutant| (file, mutant)))
            .collect();
        for (_, mutant) in &all {
            *counts.entry(&mutant.operator).or_default() += 1;
        }
        let seconds = time[language].as_secs_f64();
        println!(
            "== {language}: {} mutants of {} lines, {:.3} s, {:.0} mutants/s",
            all.len(),
            lines[language],
            seconds,
            all.len() as f64 / seconds
        );
        for (operator, count) in counts {
            println!("{count:6} {operator}");
        }
        // A linear congruential generator: the same sample each time.
        let mut random: usize =
            std::env::var("HEPHAESTUS_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
        for _ in 0..wanted.min(all.len()) {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (file, mutant) = all[(random >> 33) % all.len()];
            let line = file.text[..mutant.range.start].rfind('\n').map_or(0, |end| end + 1);
            let end =
                file.text[mutant.range.end..].find('\n').map_or(file.text.len(), |at| mutant.range.end + at);
            let number = file.text[..line].lines().count() + 1;
            println!(
                "-- {}:{number} {:?} {}: {}",
                file.path.as_str(),
                mutant.function,
                mutant.operator,
                mutant.description
            );
            println!("  - {}", &file.text[line..end]);
            let new = format!(
                "{}{}{}",
                &file.text[line..mutant.range.start],
                mutant.replacement,
                &file.text[mutant.range.end..end]
            );
            println!("  + {new}");
        }
    }
}

#[test]
#[ignore = "the same for the packages in HEPHAESTUS_REAL; takes minutes"]
fn mutants_of_real_code_parse() {
    let mutators = mutators();
    for file in real_files() {
        check(mutators, &file);
    }
}

/// What every mutant promises.
fn check(mutators: &Mutators, file: &SourceFile) {
    let language = languages().get(&file.language).unwrap();
    let errors = |text: &str| {
        let file = SourceFile::new(file.path.clone(), file.language.clone(), text, false);
        Parsed::new(language, Arc::new(file)).unwrap().error_ranges().len()
    };
    let before = errors(&file.text);
    let mutants = mutators.mutants(file, &[]);
    let mut texts = BTreeSet::new();
    for mutant in &mutants {
        let text = changed(&file.text, mutant);
        assert!(text != *file.text, "{}: {mutant:?} changes nothing", file.path.as_str());
        assert!(errors(&text) <= before, "{}: {mutant:?} does not parse", file.path.as_str());
        assert!(texts.insert(hephaestus_core::ContentHash::of(text.as_bytes())), "{mutant:?} made twice");
        assert!(!mutant.description.is_empty() && !mutant.description.contains('\n'), "{mutant:?}");
    }
    assert_eq!(mutants, mutators.mutants(file, &[]));
}
