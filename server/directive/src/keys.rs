//! The one table of keys: what a directive may hold. Reading, completion, hover and the manual all look here.

/// What stands behind a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Words for people.
    Text,
    /// An expression in the target's language; a number may stand without quotes.
    Code,
    /// A shell command.
    Command,
    /// The name of something.
    Name(Names),
    /// One of these words, each with what it means.
    Choice(&'static [(&'static str, &'static str)]),
    /// Names: a list of texts, or one text.
    List(Names),
    /// `"none"`, or names.
    NoneOr(Names),
    /// A whole number, both ends included.
    Whole(i64, i64),
    /// A number, both ends included.
    Number(f64, f64),
    /// True or false.
    Switch,
    /// A table of variables, each with what it ranges over.
    Domains,
    /// A table of measures, each with a number.
    Measures,
    /// A table: `[key]`.
    Table,
    /// A table that may stand there several times: `[[key]]`.
    Tables,
}

impl Shape {
    /// What may be written, in words for the manual.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Code => "code, as text".to_owned(),
            Self::Command => "shell command".to_owned(),
            Self::Name(_) => "name".to_owned(),
            Self::Choice(choices) => {
                choices.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::List(_) => "list of texts, or one text".to_owned(),
            Self::NoneOr(_) => "`none`, or a list of names".to_owned(),
            Self::Whole(min, MANY) => format!("whole number from {min}"),
            Self::Whole(min, max) => format!("whole number, {min} to {max}"),
            Self::Number(min, max) if max < MOST => format!("number, {min} to {max}"),
            Self::Number(min, _) => format!("number from {min}"),
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Domains => "table: variable = range".to_owned(),
            Self::Measures => "table: measure = number".to_owned(),
            Self::Table => "table".to_owned(),
            Self::Tables => "table, as often as needed".to_owned(),
        }
    }
}

/// What names are names of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Paths and globs of files, relative to the root.
    Files,
    /// One file, relative to the root.
    File,
    /// Functions, methods and classes.
    Symbols,
    /// Directives.
    Directives,
    /// Engines.
    Engines,
    /// Measures.
    Measures,
    /// Tests, as the runner calls them.
    Tests,
    /// Examples, properties and benches of this directive.
    Lines,
    /// Packages.
    Packages,
    /// Texts and expressions.
    Patterns,
    /// Whatever one likes.
    Own,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Key {
    /// Its path: `target.edit.allow`; those of `[[example]]` are `example.call` and so on.
    pub path: &'static str,
    /// What stands behind it.
    pub shape: Shape,
    /// What holds when it is not there; empty where there is nothing to say.
    pub default: &'static str,
    /// What it means, for the manual and the editor.
    pub meaning: &'static str,
    /// A line or two as they may stand in a file.
    pub example: &'static str,
}

impl Key {
    /// The last part of its path: what is written.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The path of the table it stands in; empty at the top.
    #[must_use]
    pub fn table(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// The key with this path.
    #[must_use]
    pub fn at(path: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.path == path)
    }

    /// The keys of a table, by its path; those at the top for an empty one.
    pub fn of_table(table: &str) -> impl Iterator<Item = &'static Self> {
        KEYS.iter().filter(move |key| key.table() == table)
    }
}

const MANY: i64 = i64::MAX;
const MOST: f64 = f64::MAX;

const KINDS: &[(&str, &str)] = &[
    ("build", "Writes something that is not there yet, until the examples hold."),
    ("improve", "Makes code that works better, in the measures you name."),
    ("fix", "Mends code that does the wrong thing, until the examples hold."),
    ("refactor", "Changes the shape of code and keeps what it does."),
    ("optimize", "Makes code faster and keeps what it does."),
    ("test", "Writes tests for code that has too few."),
];

const CHECKS: &[(&str, &str)] = &[
    ("test", "The test named by `test` passes."),
    ("example", "The examples named by `of` hold; all when none is named."),
    ("property", "The properties named by `of` hold; all when none is named."),
    ("bench", "The benches named by `of` stay within their limits; all when none is named."),
    ("command", "`command` ends with 0, run in the sandbox at the root."),
    ("manual", "You are asked, and your answer is kept."),
];

const fn key(
    path: &'static str,
    shape: Shape,
    default: &'static str,
    meaning: &'static str,
    example: &'static str,
) -> Key {
    Key { path, shape, default, meaning, example }
}

/// Every key, in the order of the manual. A new one is a line here and a line in `read.rs`.
pub const KEYS: &[Key] = &[
    key(
        "kind",
        Shape::Choice(KINDS),
        "",
        "What sort of change is wanted. The one key that must be there.",
        "kind = \"fix\"",
    ),
    key(
        "goal",
        Shape::Text,
        "the first heading of the Markdown, or its first paragraph",
        "What is wanted, in a sentence or two.",
        "goal = \"slugify keeps digits\"",
    ),
    key(
        "priority",
        Shape::Whole(-100, 100),
        "0",
        "Which of several directives is run first: the one with the higher number.",
        "priority = 10",
    ),
    key(
        "after",
        Shape::List(Names::Directives),
        "[]",
        "Directives that must hold before this one is run, by name.",
        "after = [\"parser\"]",
    ),
    key(
        "target",
        Shape::Table,
        "the whole workspace",
        "Where the change belongs.",
        "[target]\nfiles = [\"src/slug.py\"]",
    ),
    key(
        "target.files",
        Shape::List(Names::Files),
        "all",
        "Paths or globs of the files it is about, relative to the root.",
        "files = [\"src/slug.py\", \"src/text/**\"]",
    ),
    key(
        "target.symbols",
        Shape::List(Names::Symbols),
        "all in the files",
        "Functions, methods and classes it is about, by qualified name.",
        "symbols = [\"Slugger.clean\"]",
    ),
    key(
        "target.edit",
        Shape::Table,
        "the target's files",
        "What a change may touch, where that is not the target itself.",
        "[target.edit]\ndeny = [\"src/vendored/**\"]",
    ),
    key(
        "target.edit.allow",
        Shape::List(Names::Files),
        "the target's files",
        "Paths or globs of files that may be edited.",
        "allow = [\"src/**\"]",
    ),
    key(
        "target.edit.deny",
        Shape::List(Names::Files),
        "[]",
        "Paths or globs of files that must not be edited, whatever `allow` says.",
        "deny = [\"src/vendored/**\"]",
    ),
    key(
        "target.edit.tests",
        Shape::Switch,
        "true for build, fix and test, else false",
        "Whether tests may be added. Tests are never deleted or weakened.",
        "tests = true",
    ),
    key(
        "interface",
        Shape::Tables,
        "",
        "Something that must be there in the end, by its signature.",
        "[[interface]]\nsignature = \"def slugify(text: str) -> str\"\nfile = \"src/slug.py\"",
    ),
    key(
        "interface.signature",
        Shape::Code,
        "",
        "The declaration in the target's language, without a body.",
        "signature = \"def slugify(text: str) -> str\"",
    ),
    key(
        "interface.file",
        Shape::Name(Names::File),
        "the target's only file",
        "The file it belongs in; it may be a new one.",
        "file = \"src/slug.py\"",
    ),
    key(
        "interface.doc",
        Shape::Text,
        "",
        "What it does, for its documentation.",
        "doc = \"A text as part of a URL.\"",
    ),
    key(
        "example",
        Shape::Tables,
        "",
        "A call and what must come out. It becomes a test.",
        "[[example]]\ncall = \"slugify('A b')\"\nvalue = \"'a-b'\"",
    ),
    key("example.name", Shape::Name(Names::Own), "", "What acceptance lines call it.", "name = \"digits\""),
    key(
        "example.call",
        Shape::Code,
        "",
        "An expression in the target's language.",
        "call = \"slugify('A b')\"",
    ),
    key(
        "example.value",
        Shape::Code,
        "",
        "What must come out, as an expression in the target's language: a text needs its own quotes.",
        "value = \"'a-b'\"",
    ),
    key(
        "example.error",
        Shape::Text,
        "",
        "The error that must be raised instead of a value: its type, or its type and a part of its message.",
        "error = \"ValueError: empty\"",
    ),
    key(
        "property",
        Shape::Tables,
        "",
        "Something that must hold for all inputs. It becomes a property test.",
        "[[property]]\nforall = { text = \"string\" }\nholds = \"slugify(slugify(text)) == slugify(text)\"",
    ),
    key(
        "property.name",
        Shape::Name(Names::Own),
        "",
        "What acceptance lines call it.",
        "name = \"idempotent\"",
    ),
    key(
        "property.forall",
        Shape::Domains,
        "",
        "The variables, each with what it ranges over: `int`, `int 0..100`, `float`, `float 0..1`, `bool`, `string`, `list of` one of them.",
        "forall = { n = \"int 0..100\", words = \"list of string\" }",
    ),
    key(
        "property.assume",
        Shape::Code,
        "",
        "A condition on the inputs; others are not tried.",
        "assume = \"n > 0\"",
    ),
    key(
        "property.holds",
        Shape::Code,
        "",
        "What must hold: a condition in the target's language, or `preserve` for \"the same as before the change\".",
        "holds = \"preserve\"",
    ),
    key(
        "acceptance",
        Shape::Tables,
        "",
        "One thing that must hold in the end, and how that is checked.",
        "[[acceptance]]\ntext = \"Digits are kept\"\ncheck = \"example\"",
    ),
    key("acceptance.text", Shape::Text, "", "What must hold, in a sentence.", "text = \"Digits are kept\""),
    key("acceptance.check", Shape::Choice(CHECKS), "", "How that is checked.", "check = \"example\""),
    key(
        "acceptance.test",
        Shape::Name(Names::Tests),
        "",
        "For `check = \"test\"`: the test, as the runner calls it.",
        "test = \"tests/test_slug.py::test_digits\"",
    ),
    key(
        "acceptance.of",
        Shape::List(Names::Lines),
        "all",
        "For the checks example, property and bench: which ones, by name.",
        "of = [\"digits\"]",
    ),
    key(
        "acceptance.command",
        Shape::Command,
        "",
        "For `check = \"command\"`: the command, run in a shell in the sandbox at the root.",
        "command = \"python -m compileall -q src\"",
    ),
    key(
        "bench",
        Shape::Tables,
        "",
        "A command that is timed before and after the change, in turns.",
        "[[bench]]\ncommand = \"python bench/slug.py\"\nratio = 0.8",
    ),
    key("bench.name", Shape::Name(Names::Own), "", "What acceptance lines call it.", "name = \"long texts\""),
    key(
        "bench.command",
        Shape::Command,
        "",
        "The command, run in a shell in the sandbox at the root.",
        "command = \"python bench/slug.py\"",
    ),
    key(
        "bench.ratio",
        Shape::Number(0.001, 10.0),
        "",
        "The most it may take, as a share of what it took before: 0.8 means a fifth less.",
        "ratio = 0.8",
    ),
    key(
        "bench.limit_ms",
        Shape::Number(0.001, MOST),
        "",
        "The most it may take, in milliseconds.",
        "limit_ms = 250",
    ),
    key("test", Shape::Table, "", "How the tests are run.", "[test]\ncommand = \"make check\""),
    key(
        "test.command",
        Shape::Command,
        "the runner that fits the project",
        "A test command, run in a shell in the sandbox at the root; its exit code decides.",
        "command = \"make check\"",
    ),
    key("constraints", Shape::Table, "", "What no change may do.", "[constraints]\nmax_diff_lines = 40"),
    key(
        "constraints.public_api",
        Shape::Choice(&[
            ("frozen", "The names visible from outside, and their signatures, stay as they are."),
            ("extend", "New names may come; those there are stay as they are."),
            ("free", "Anything may change."),
        ]),
        "extend for build, else frozen",
        "What may happen to the names visible from outside.",
        "public_api = \"frozen\"",
    ),
    key(
        "constraints.dependencies",
        Shape::NoneOr(Names::Packages),
        "none",
        "Packages that the change may begin to import.",
        "dependencies = [\"unidecode\"]",
    ),
    key(
        "constraints.max_diff_lines",
        Shape::Whole(0, MANY),
        "no limit",
        "Lines that the change may add and remove together.",
        "max_diff_lines = 40",
    ),
    key(
        "constraints.forbid",
        Shape::List(Names::Patterns),
        "[]",
        "Texts that must not appear in added lines; between slashes they are regular expressions.",
        "forbid = [\"eval(\", \"/# *type: *ignore/\"]",
    ),
    key(
        "threshold",
        Shape::Measures,
        "",
        "Values that measures of the target must reach, each in its good direction.",
        "[threshold]\ncognitive = 10",
    ),
    key(
        "objective",
        Shape::Table,
        "",
        "What counts most among what holds.",
        "[objective]\nimprove = [\"run-time\"]",
    ),
    key(
        "objective.improve",
        Shape::List(Names::Measures),
        "by kind",
        "Measures to gain in, the most important first.",
        "improve = [\"cognitive\", \"size\"]",
    ),
    key(
        "objective.at_least",
        Shape::Number(0.0, 1.0),
        "any gain",
        "The smallest gain in the first of them that is worth a change, as a share.",
        "at_least = 0.2",
    ),
    key("engines", Shape::Table, "all", "Who looks for the change.", "[engines]\nallow = [\"rewrite\"]"),
    key(
        "engines.allow",
        Shape::List(Names::Engines),
        "all",
        "Engines to ask, by name.",
        "allow = [\"rewrite\", \"search\"]",
    ),
    key(
        "engines.seed",
        Shape::Whole(0, MANY),
        "that of the configuration",
        "The seed of everything random.",
        "seed = 7",
    ),
    key(
        "engines.llm",
        Shape::Switch,
        "as configured",
        "Whether a language model may be asked, where one is configured and you have agreed to it.",
        "llm = false",
    ),
    key("budget", Shape::Table, "that of the configuration", "What it may cost.", "[budget]\ncpu_s = 120"),
    key("budget.cpu_s", Shape::Number(0.1, MOST), "no limit", "CPU seconds.", "cpu_s = 120"),
    key("budget.trials", Shape::Whole(1, MANY), "no limit", "How many candidates are tried.", "trials = 200"),
    key(
        "budget.tokens",
        Shape::Whole(0, MANY),
        "that of the configuration",
        "A language model's tokens, sent and received; never more than the configuration allows.",
        "tokens = 50000",
    ),
    key(
        "budget.usd",
        Shape::Number(0.0, MOST),
        "that of the configuration",
        "A language model's price, in US dollars; never more than the configuration allows. No model is asked where `llm.price_in` and `llm.price_out` are not set.",
        "usd = 0.5",
    ),
    key(
        "budget.when",
        Shape::Choice(&[
            ("on-demand", "Only when asked for."),
            ("idle", "Also when a line has become stale and the editor is idle."),
        ]),
        "on-demand",
        "When it is run; so far only when asked for.",
        "when = \"idle\"",
    ),
    key("accept", Shape::Table, "", "Which of what holds is taken.", "[accept]\nmode = \"first\""),
    key(
        "accept.mode",
        Shape::Choice(&[
            ("best", "The best one that the budget finds."),
            ("first", "The first one that holds."),
        ]),
        "best",
        "Which of the changes that hold is taken; so far always the best.",
        "mode = \"first\"",
    ),
    key(
        "accept.variants",
        Shape::Whole(1, 9),
        "1",
        "How many different changes to keep to choose from, the best first; so far always one.",
        "variants = 3",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AcceptMode, Check, DirectiveKind, PublicApi, When};
    use std::collections::BTreeSet;

    fn words(path: &str) -> Vec<&'static str> {
        match Key::at(path).unwrap().shape {
            Shape::Choice(choices) => choices.iter().map(|(word, _)| *word).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_are_unique_and_stand_in_tables_that_are_there() {
        let paths: BTreeSet<&str> = KEYS.iter().map(|key| key.path).collect();
        assert_eq!(paths.len(), KEYS.len());
        for key in KEYS.iter().filter(|key| !key.table().is_empty()) {
            let table = Key::at(key.table()).unwrap();
            assert!(matches!(table.shape, Shape::Table | Shape::Tables), "{}", key.path);
        }
    }

    #[test]
    fn words_are_those_of_the_types() {
        let kinds: Vec<_> = DirectiveKind::ALL.iter().map(|kind| (kind.as_str(), kind.meaning())).collect();
        assert_eq!(KINDS, kinds);
        assert_eq!(words("acceptance.check"), Check::WORDS);
        let of =
            |table: &[(&'static str, PublicApi)]| table.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        assert_eq!(words("constraints.public_api"), of(PublicApi::WORDS));
        assert_eq!(words("budget.when"), When::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>());
        assert_eq!(words("accept.mode"), AcceptMode::WORDS.iter().map(|(word, _)| *word).collect::<Vec<_>>());
    }

    #[test]
    fn every_key_has_an_example_that_is_read_without_a_word() {
        for key in KEYS {
            let parents = match key.table() {
                "" => String::new(),
                table if Key::at(table).is_some_and(|table| table.shape == Shape::Tables) => {
                    format!("[[{table}]]\n")
                }
                table => format!("[{table}]\n"),
            };
            let text = format!("{parents}{}\n", key.example);
            let kind = if key.path == "kind" { "" } else { "kind = \"improve\"\n" };
            let goal = if key.path == "goal" { "" } else { "goal = \"x\"\n" };
            let text = format!("{kind}{goal}{text}");
            let path = hephaestus_core::RelPath::new("a.forge.toml").unwrap();
            let wrong: Vec<_> = crate::parse(&text, &path)
                .problems
                .into_iter()
                .filter(|problem| !["missing-key", "uncheckable"].contains(&problem.code))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:?}\n{text}", key.path);
        }
    }
}
