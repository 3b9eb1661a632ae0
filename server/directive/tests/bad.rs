//! Directives that are wrong: what is said about each, where, and what is offered. The pictures are in `snapshots`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on shall fail")]

use hephaestus_core::{ByteRange, ContentHash, LanguageId, RelPath, Snapshot, SourceFile};
use hephaestus_directive::{Outcome, Parsed, Problem, Record, Surroundings, check, parse};
use hephaestus_syntax::{Languages, Parsed as Tree};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

const SLUG: &str = "\
def slugify(text, separator=\"-\"):
    return separator.join(text.lower().split())

class Slugger:
    def clean(self, text):
        return text.strip()
";

fn surroundings() -> Surroundings {
    let file = |path: &str, text: &str, is_test| {
        SourceFile::new(RelPath::new(path).unwrap(), LanguageId::new("python"), text, is_test)
    };
    let snapshot = Snapshot::default()
        .with_file(file("src/slug.py", SLUG, false))
        .with_file(file("src/text/words.py", "def words(text):\n    return text.split()\n", false))
        .with_file(file("tests/test_slug.py", "def test_digits():\n    assert True\n", true));
    let mut around = Surroundings::of(&snapshot);
    let languages = Languages::builtin().unwrap();
    for file in snapshot.files.values() {
        let language = languages.get(&file.language).unwrap();
        around.look_into(&Tree::new(language, Arc::clone(file)).unwrap());
    }
    around.engines = ["rewrite", "fixers", "search", "llm"].map(str::to_owned).to_vec();
    around.directives = [("parser", vec!["words"]), ("words", vec!["circle"]), ("speed", vec![])]
        .map(|(name, after)| (name.to_owned(), after.into_iter().map(str::to_owned).collect()))
        .into();
    around
}

fn looked_at(text: &str, path: &str, around: &Surroundings) -> Parsed {
    check(text, &RelPath::new(path).unwrap(), around, Languages::builtin().unwrap())
}

/// A problem as compilers show it: the line, what is meant underlined, what would mend it.
fn picture(text: &str, problem: &Problem) -> String {
    let before = &text[..problem.range.start];
    let number = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let column = text[start..problem.range.start].chars().count();
    let shown = problem.range.slice(text).unwrap().lines().next().unwrap_or_default();
    let more = if problem.range.slice(text).unwrap().contains('\n') { " …" } else { "" };
    let marks = "^".repeat(shown.chars().count().max(1));
    let mut picture = format!("{}[{}]: {}\n", problem.severity, problem.code, problem.message);
    writeln!(picture, "{number:>3} | {line}\n    | {}{marks}{more}", " ".repeat(column)).unwrap();
    if let Some(fix) = &problem.fix {
        let end = ByteRange::new(0, fix.edit.range.start).slice(text).unwrap();
        let at = end.matches('\n').count() + 1;
        writeln!(picture, "    = fix: {} (line {at}: {:?})", fix.title, fix.edit.text).unwrap();
    }
    picture
}

fn pictures(cases: &[(&str, &str)]) -> String {
    let around = surroundings();
    let mut all = String::new();
    for (path, text) in cases {
        let parsed = looked_at(text, path, &around);
        assert!(!parsed.problems.is_empty(), "nothing is wrong with\n{text}");
        for problem in &parsed.problems {
            check_fix(text, path, problem, &around);
        }
        let shown: Vec<String> = parsed.problems.iter().map(|problem| picture(text, problem)).collect();
        writeln!(all, "--- {path}\n{}", shown.join("\n")).unwrap();
    }
    all
}

/// A fix ends its problem and breaks nothing that could be read before.
fn check_fix(text: &str, path: &str, problem: &Problem, around: &Surroundings) {
    let Some(fix) = &problem.fix else { return };
    let mut mended = text.to_owned();
    mended.replace_range(fix.edit.range.start..fix.edit.range.end, &fix.edit.text);
    let count = |text: &str, wanted: &Problem| {
        let same = |own: &&Problem| own.code == wanted.code && own.message == wanted.message;
        looked_at(text, path, around).problems.iter().filter(same).count()
    };
    assert!(count(&mended, problem) < count(text, problem), "{problem:?} is still there in\n{mended}");
    let syntax =
        |text: &str| looked_at(text, path, around).problems.iter().filter(|own| own.code == "syntax").count();
    assert!(syntax(&mended) <= syntax(text), "{mended}");
}

const MD: &str = "bad.forge.md";
const TOML: &str = "bad.forge.toml";
const YAML: &str = "bad.forge.yaml";

/// A head that is right.
macro_rules! fix {
    ($($rest:literal),*) => {
        concat!("kind = \"fix\"\ngoal = \"slugify keeps digits\"\n", $($rest),*)
    };
}

macro_rules! refactor {
    ($($rest:literal),*) => {
        concat!("kind = \"refactor\"\ngoal = \"slugify in two steps\"\n", $($rest),*)
    };
}

#[test]
fn syntax() {
    let cases = [
        (MD, "# Keep digits\n\nNo keys here.\n"),
        (MD, "+++\nkind = \"refactor\"\ngoal = \"x\"\n"),
        (MD, "+++\nkind = \"refactor\n+++\n# Two steps\n"),
        (MD, "+++\nkind \"refactor\"\n+++\n# Two steps\n"),
        (MD, "+++\nkind = \"refactor\"\n[target\nfiles = []\n+++\n# Two steps\n"),
        (TOML, "kind = \"refactor\"\nkind = \"fix\"\ngoal = \"x\"\n"),
        (TOML, "kind = \"refactor\"\ngoal = \n"),
        (TOML, ""),
        (MD, ""),
        (YAML, "directive:\n  type: fix\n  description: [\n"),
        (YAML, "type: fix\n"),
        (YAML, "directive:\n  type: fix\n  descripton: \"🔢 digits\"\n"),
        (TOML, "\u{feff}kind = \"🔨\"\ngoal = \"x\"\n"),
    ];
    insta::assert_snapshot!(pictures(&cases));
}

#[test]
fn keys_and_types() {
    let cases = [
        (MD, "+++\ngoal = \"digits\"\n+++\n"),
        (MD, "+++\nkind = \"refactor\"\n+++\n\n"),
        (TOML, "kind = \"optimise\"\ngoal = \"slugify in half the time: 0.5\"\n"),
        (TOML, refactor!("priorty = 3\n")),
        (TOML, refactor!("files = [\"src/slug.py\"]\n")),
        (TOML, refactor!("[target]\nfile = [\"src/slug.py\"]\n")),
        (TOML, refactor!("[constrains]\nmax_diff_lines = 3\n")),
        (TOML, refactor!("colour = \"red\"\n")),
        (TOML, refactor!("priority = \"10\"\n")),
        (TOML, refactor!("priority = 1000\n")),
        (TOML, refactor!("after = 3\n")),
        (TOML, refactor!("[engines]\nllm = \"False\"\nseed = -1\n")),
        (TOML, refactor!("[target]\nfiles = [\"src/slug.py\", 3]\n")),
        (TOML, refactor!("[budget]\ncpu_s = 0\ntrials = 1.5\nwhen = \"always\"\n")),
        (TOML, refactor!("[threshold]\ncognitiv = 10\nsize = \"small\"\n")),
        (TOML, fix!("[example]\ncall = \"slugify('a')\"\nvalue = \"'a'\"\n")),
        (TOML, fix!("[[example]]\ncall = \"slugify('a')\"\nvalue = true\n")),
        (TOML, fix!("[[example]]\nvalue = \"'a'\"\n")),
        (
            TOML,
            fix!(
                "[[property]]\nforall = { n = \"integer\", m = \"int 5..1\", k = 3 }\nholds = \"n + m == k\"\n"
            ),
        ),
        (TOML, refactor!("goal2 = \"\"\n[test]\ncommand = \" \"\n")),
        (TOML, refactor!("[constraints]\nforbid = [\"/a(/\", \"\"]\ndependencies = 3\n")),
        (TOML, refactor!("[[target]]\nfiles = [\"src/slug.py\"]\n")),
        (TOML, refactor!("after = 2026-01-01\n")),
    ];
    insta::assert_snapshot!(pictures(&cases));
}

#[test]
fn vague_words() {
    let cases = [
        (MD, "+++\nkind = \"improve\"\n+++\n# 🚀 Make slugify faster\n"),
        (TOML, "kind = \"refactor\"\ngoal = \"cleaner code\"\n[target]\nfiles = [\"src/slug.py\"]"),
        (TOML, "kind = \"improve\"\ngoal = \"better error messages\"\n"),
        (TOML, refactor!("[[acceptance]]\ntext = \"It is robust\"\ncheck = \"manual\"\n")),
        (
            TOML,
            refactor!(
                "[objective]\nimprove = [\"size\"]\n[[acceptance]]\ntext = \"It is quick\"\ncheck = \"manual\"\n"
            ),
        ),
    ];
    insta::assert_snapshot!(pictures(&cases));
}

#[test]
fn contradictions() {
    let cases = [
        (TOML, refactor!("[target]\nfiles = [\"src/slug.py\"]\n[target.edit]\ndeny = [\"src/**\"]\n")),
        (TOML, refactor!("[target.edit]\nallow = [\"src/text/words.py\"]\ndeny = [\"src/text/words.py\"]\n")),
        (TOML, "kind = \"test\"\ngoal = \"tests for slugify\"\n[target.edit]\ntests = false\n"),
        (
            TOML,
            "kind = \"build\"\ngoal = \"unslugify\"\n[constraints]\npublic_api = \"frozen\"\n[[interface]]\nsignature = \"def unslugify(text)\"\nfile = \"src/slug.py\"\n[[example]]\ncall = \"unslugify('a-b')\"\nvalue = \"'a b'\"\n",
        ),
        (
            TOML,
            "kind = \"build\"\ngoal = \"slugify without a separator\"\n[constraints]\npublic_api = \"extend\"\n[[interface]]\nsignature = \"def slugify(text)\"\nfile = \"src/slug.py\"\n[[example]]\ncall = \"slugify('a b')\"\nvalue = \"'a-b'\"\n",
        ),
        (
            TOML,
            fix!(
                "[constraints]\nmax_diff_lines = 0\n[[example]]\ncall = \"slugify('a 1')\"\nvalue = \"'a-1'\"\n"
            ),
        ),
        (TOML, refactor!("[threshold]\nstrength = 80\nnesting = -1\ndiff-size = 10\n")),
        (
            TOML,
            fix!(
                "[[example]]\ncall = \"slugify('a 1')\"\nvalue = \"'a-1'\"\n[[example]]\ncall = \"slugify( 'a 1' )\"\nvalue = \"'a1'\"\n"
            ),
        ),
        (
            TOML,
            fix!(
                "[[example]]\nname = \"a\"\ncall = \"slugify('a')\"\nvalue = \"'a'\"\n[[example]]\nname = \"a\"\ncall = \"slugify('a')\"\nvalue = \"'a'\"\n"
            ),
        ),
        (TOML, fix!("[[example]]\ncall = \"slugify(1)\"\nvalue = \"'1'\"\nerror = \"TypeError\"\n")),
        (
            TOML,
            "kind = \"optimize\"\ngoal = \"slugify in 10 ms\"\n[[bench]]\ncommand = \"python bench.py\"\nratio = 1.2\n",
        ),
        (TOML, refactor!("[accept]\nmode = \"first\"\nvariants = 3\n")),
        (TOML, refactor!("[engines]\nallow = [\"llm\", \"rewrites\"]\nllm = false\n")),
        ("circle.forge.toml", refactor!("after = [\"circle\", \"parser\", \"sped\"]\n")),
    ];
    insta::assert_snapshot!(pictures(&cases));
}

#[test]
fn lines_that_nothing_can_check() {
    let cases = [
        (TOML, fix!("[[acceptance]]\ntext = \"Digits are kept\"\n")),
        (TOML, fix!("[[acceptance]]\ntext = \"It compiles\"\ncheck = \"command\"\n")),
        (TOML, fix!("[[acceptance]]\ntext = \"It compiles\"\ncommand = \"make\"\n")),
        (TOML, fix!("[[acceptance]]\ntext = \"The test passes\"\ncheck = \"test\"\n")),
        (TOML, fix!("[[acceptance]]\ntext = \"Digits are kept\"\ncheck = \"exmple\"\n")),
        (TOML, fix!("[[acceptance]]\ntext = \"Digits are kept\"\ncheck = \"example\"\n")),
        (
            TOML,
            fix!(
                "[[example]]\nname = \"digits\"\ncall = \"slugify('a 1')\"\nvalue = \"'a-1'\"\n[[acceptance]]\ntext = \"Digits are kept\"\ncheck = \"example\"\nof = [\"digit\", \"spaces\"]\n"
            ),
        ),
        (TOML, fix!("[[example]]\ncall = \"slugify('a')\"\n")),
        (TOML, refactor!("[[bench]]\ncommand = \"python bench.py\"\n")),
        (MD, "+++\nkind = \"build\"\n+++\n# unslugify\n"),
        (TOML, fix!("[[property]]\nforall = { t = \"string\" }\nholds = \"slugify(t) == slugify( t)\"\n")),
        (TOML, fix!("[[property]]\nforall = { t = \"string\", n = \"int\" }\nholds = \"slugify(t) == t\"\n")),
        (TOML, fix!("[[property]]\nholds = \"slugify('a') == 'a'\"\n")),
        (
            TOML,
            fix!(
                "[[property]]\nforall = { t = \"string\" }\nassume = \"False\"\nholds = \"slugify(t) == t\"\n"
            ),
        ),
        (
            YAML,
            "directive:\n  type: bug\n  description: Keep digits\n  constraints:\n    - The docs read well\n",
        ),
    ];
    insta::assert_snapshot!(pictures(&cases));
}

#[test]
fn what_is_not_there_and_code_that_is_none() {
    let cases = [
        (
            TOML,
            refactor!("[target]\nfiles = [\"src/slag.py\", \"lib/**/*.py\", \"../other.py\", \"src/[a\"]\n"),
        ),
        (
            TOML,
            refactor!(
                "[target]\nfiles = [\"src/slug.py\"]\nsymbols = [\"slugfy\", \"Slugger.clean\", \"clean\", \"words\"]\n"
            ),
        ),
        (
            TOML,
            "kind = \"build\"\ngoal = \"unslugify\"\n[[interface]]\nsignature = \"def unslugify(text)\"\nfile = \"src/slug.xyz\"\n[[example]]\ncall = \"unslugify('a-b')\"\nvalue = \"'a b'\"\n",
        ),
        (
            TOML,
            fix!(
                "[[acceptance]]\ntext = \"The test passes\"\ncheck = \"test\"\ntest = \"tests/test_slugs.py::test_digits\"\n"
            ),
        ),
        (TOML, fix!("[[example]]\ncall = \"slugify('a 1'\"\nvalue = \"'a-1\"\n")),
        (
            TOML,
            fix!(
                "[[example]]\ncall = \"slugify('a b')\"\nvalue = \"a-b\"\n[[example]]\ncall = \"slugify('c d')\"\nvalue = 'hello world'\n"
            ),
        ),
        (TOML, fix!("[[example]]\ncall = \"slugify(None)\"\nerror = \"it fails: badly\"\n")),
        (
            TOML,
            fix!(
                "[[property]]\nforall = { t = \"string\" }\nassume = \"len(t) >\"\nholds = \"slugify(t) === t\"\n"
            ),
        ),
    ];
    insta::assert_snapshot!(pictures(&cases));
}

#[test]
fn lines_that_hold_already() {
    let text = fix!("[[example]]\ncall = \"slugify('a')\"\nvalue = \"'a'\"\n");
    let mut around = surroundings();
    let line = parse(text, &RelPath::new(TOML).unwrap()).directive.unwrap().lines().remove(0);
    let mut record = Record::new("bad", 0);
    let (path, hash) = (RelPath::new("src/slug.py").unwrap(), ContentHash::of(SLUG.as_bytes()));
    let proved = Outcome::Proved { when_ms: 0, proof: None, already: true };
    record.note(&line, proved, BTreeMap::from([(path.clone(), hash)]), vec![]);
    around.record = Some(record.clone());
    let problems = looked_at(text, TOML, &around).problems;
    insta::assert_snapshot!(problems.iter().map(|own| picture(text, own)).collect::<String>());
    // Seen on another text, it says nothing.
    around.files.get_mut(&path).unwrap().hash = ContentHash::of(b"");
    assert_eq!(looked_at(text, TOML, &around).problems, []);
}

#[test]
fn hostile_texts_are_answered_with_places_inside_them() {
    let around = surroundings();
    let long = format!("+++\nkind = \"fix\"\ngoal = \"{}\"\n+++\n", "x".repeat(10_000_000));
    let nested = format!("kind = {}\n", "[".repeat(100_000));
    let dotted = format!("{} = 1\n", "a.".repeat(100_000) + "a");
    let yaml = format!("directive: {}\n", "[".repeat(50_000));
    let dashes = format!("directive: \n {}\n", "- ".repeat(50_000));
    let aliases =
        format!("directive: &a [x]\nb: &b [{0}]\nc: [{1}]\n", "*a,".repeat(9000), "*b,".repeat(9000));
    let full = fix!(
        "[[example]]\nname = \"é🔢\"\ncall = \"slugify('é 1')\"\nvalue = \"'e-1'\"\n[threshold]\nsize = 3\n"
    );
    let halves: Vec<String> = full.char_indices().map(|(at, _)| full[..at].to_owned()).collect();
    let whole = [
        long,
        nested,
        dotted,
        yaml,
        dashes,
        aliases,
        "\0".repeat(1000),
        "+++\n\0\0\n+++".to_owned(),
        "+++\r\n+++".to_owned(),
    ];
    for text in whole.iter().chain(&halves) {
        for path in [MD, TOML, YAML] {
            for problem in looked_at(text, path, &around).problems {
                assert!(problem.range.slice(text).is_some(), "{path}: {:?}", problem.code);
                if let Some(fix) = problem.fix {
                    assert!(fix.edit.range.slice(text).is_some(), "{path}: {}", fix.title);
                }
            }
        }
    }
}
