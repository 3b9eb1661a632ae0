//! What a `directives.toml` of a language pack says: how holes, properties and values are written in that language.

use super::inputs::Inputs;
use hephaestus_core::LanguageId;
use hephaestus_syntax::Languages;
use regex::Regex;
use serde::Deserialize;

/// The name of the file in a language pack.
const FILE: &str = "directives.toml";

/// How what a directive asks for is written down in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phrases {
    pub(super) hole: HolePhrases,
    pub(super) property: PropertyPhrases,
    pub(super) generators: GeneratorPhrases,
    pub(super) values: ValuePhrases,
    #[serde(default)]
    exported: Exported,
    whole_module: Option<WholeModule>,
}

/// How a function is put down that is still to be written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HolePhrases {
    /// Finds the function's name in a signature.
    name: String,
    /// What may stand at a signature's end and does not belong to it.
    end: String,
    /// The whole function.
    text: String,
    /// Its documentation.
    doc: String,
    /// What stands between it and other code.
    pub(super) gap: String,
    /// New code stands in front of the first line that begins like this.
    pub(super) in_front_of: Option<String>,
    /// How it becomes visible.
    #[serde(default)]
    exports: Vec<Export>,
}

/// How something new becomes visible outside of its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    /// Where the text around matches this.
    when: String,
    /// What stands in front of it.
    #[serde(default)]
    before: String,
    /// What stands behind it.
    #[serde(default)]
    after: String,
}

/// How a property becomes an expression.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PropertyPhrases {
    /// The inputs for which it does not hold.
    call: String,
    /// What that is where there are none.
    pub(super) none: String,
    /// Statements before; the one with `{case}` once for each input that is written out.
    setup: Vec<String>,
    /// One input.
    case: String,
    /// The condition that always holds.
    always: String,
    /// Lines at the top of a file that all of this needs.
    #[serde(default)]
    pub(super) needs: Vec<String>,
}

/// Expressions that make values by chance.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GeneratorPhrases {
    /// Whole numbers.
    pub(super) int: String,
    /// Floats.
    pub(super) float: String,
    /// True and false.
    #[serde(rename = "bool")]
    pub(super) truth: String,
    /// Texts.
    pub(super) text: String,
    /// Lists of what another one makes.
    pub(super) list: String,
}

/// How values are written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValuePhrases {
    #[serde(rename = "true")]
    pub(super) yes: String,
    #[serde(rename = "false")]
    pub(super) no: String,
    /// Around a text in double quotes.
    pub(super) text: String,
    /// Around values with commas between them.
    pub(super) list: String,
}

/// Whether a module shows a name or is one thing as a whole.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exported {
    named: Vec<String>,
    whole: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeModule {
    import: String,
}

impl Phrases {
    /// What the pack of `language` says.
    ///
    /// # Errors
    /// A sentence: the pack says nothing, or our own data is malformed (a test prevents it).
    pub(super) fn of(languages: &Languages, language: &LanguageId) -> Result<Self, String> {
        let pack = languages.get(language).map(|language| language.pack());
        let text = pack.and_then(|pack| pack.file(FILE));
        let text = text.ok_or_else(|| format!("it is not known how this is written in {language}"))?;
        toml::from_str(text).map_err(|error| format!("{FILE} of {language}: {error}"))
    }

    /// Whether a module with this text has to be imported as one thing to get at `name`.
    pub(super) fn is_whole(&self, text: &str, name: &str) -> bool {
        let matches = |pattern: &String| is_match(&pattern.replace("{name}", &regex::escape(name)), text);
        !self.exported.named.iter().any(matches) && self.exported.whole.iter().any(matches)
    }

    /// The line that imports a module of this name, where expressions name modules.
    pub(super) fn import_of(&self, module: &str) -> Option<String> {
        Some(self.whole_module.as_ref()?.import.replace("{name}", module))
    }
}

impl HolePhrases {
    /// The name that a signature declares.
    pub(super) fn name_of(&self, signature: &str) -> Option<String> {
        let found = Regex::new(&self.name).ok()?.captures(signature)?;
        Some(found.get(1)?.as_str().to_owned())
    }

    /// The function, where `around` is the file's text, or that of its neighbours.
    pub(super) fn write(&self, signature: &str, name: &str, doc: Option<&str>, around: &str) -> String {
        let signature = signature.trim().trim_end_matches(self.end.as_str()).trim_end();
        let export = self.exports.iter().find(|export| is_match(&export.when, around));
        let (before, after) =
            export.map_or(("", ""), |export| (export.before.as_str(), export.after.as_str()));
        let before = if signature.starts_with(before) { "" } else { before };
        let doc = doc.map(|doc| doc.split_whitespace().collect::<Vec<_>>().join(" "));
        let doc = doc.map_or_else(String::new, |doc| format!("{}\n", self.doc.replace("{text}", &doc)));
        let text = self.text.replace("{signature}", &format!("{before}{signature}")).replace("{doc}", &doc);
        text + &after.replace("{name}", name)
    }
}

impl PropertyPhrases {
    /// The expression that gives the inputs for which `holds` does not hold.
    pub(super) fn call(&self, names: &[&str], assume: Option<&str>, holds: &str) -> String {
        let assume = assume.unwrap_or(&self.always);
        let call = self.call.replace("{names}", &names.join(", "));
        call.replace("{assume}", assume.trim()).replace("{holds}", holds.trim())
    }

    /// The statements that name the inputs: some written out, others made when the test runs.
    pub(super) fn setup(&self, inputs: &Inputs) -> Vec<String> {
        let written = |case: &Vec<String>| self.case.replace("{values}", &case.join(", "));
        let (seed, count) = (inputs.seed.to_string(), Inputs::MADE.to_string());
        let fill = |line: &String| {
            let line = line.replace("{generators}", &inputs.generators.join(", "));
            line.replace("{seed}", &seed).replace("{count}", &count)
        };
        self.setup
            .iter()
            .flat_map(|line| match line.contains("{case}") {
                true => inputs.borders.iter().map(|case| line.replace("{case}", &written(case))).collect(),
                false => vec![fill(line)],
            })
            .collect()
    }
}

fn is_match(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(language: &str) -> Phrases {
        Phrases::of(Languages::builtin().unwrap(), &LanguageId::new(language)).unwrap()
    }

    #[test]
    fn what_a_pack_says_can_be_read_and_every_expression_is_one() {
        let languages = Languages::builtin().unwrap();
        let saying = || languages.all().into_iter().filter(|language| language.pack().file(FILE).is_some());
        let names: Vec<&str> = saying().map(|language| language.id().as_str()).collect();
        assert_eq!(names, ["javascript", "python", "rust", "tsx", "typescript"]);
        for language in saying() {
            let phrases = phrases(language.id().as_str());
            let exports = phrases.hole.exports.iter().map(|export| &export.when);
            let exported = phrases.exported.named.iter().chain(&phrases.exported.whole);
            for pattern in exports.chain([&phrases.hole.name]).chain(exported) {
                assert!(Regex::new(&pattern.replace("{name}", "f")).is_ok(), "{pattern}");
            }
        }
    }

    #[test]
    fn holes_are_functions_that_say_so() {
        let python = phrases("python").hole;
        let text = python.write("def f(a: int) -> str:", "f", Some("Says\n  so."), "");
        assert_eq!(text, "def f(a: int) -> str:\n    \"\"\"Says so.\"\"\"\n    raise NotImplementedError\n");
        let rust = phrases("rust").hole;
        assert_eq!(rust.name_of("pub fn f<T>(a: T) -> T").as_deref(), Some("f"));
        assert_eq!(rust.write("pub fn f() {", "f", None, ""), "pub fn f() {\n    todo!()\n}\n");
    }

    #[test]
    fn what_is_new_becomes_visible_as_its_neighbours_are() {
        let hole = phrases("javascript").hole;
        let text = |around| hole.write("function f(a)", "f", None, around);
        assert!(text("export const a = 1\n").starts_with("export function f(a) {"));
        assert!(text("module.exports = { a }\n").ends_with("\nmodule.exports.f = f;\n"));
        assert!(text("exports.a = 1\n").ends_with("\nexports.f = f;\n"));
        assert!(
            hole.write("export function f()", "f", None, "export const a = 1")
                .starts_with("export function f")
        );
    }

    #[test]
    fn a_module_is_one_thing_or_shows_names() {
        let phrases = phrases("javascript");
        assert!(phrases.is_whole("const inc = (v) => v\nmodule.exports = inc\n", "inc"));
        assert!(phrases.is_whole("module.exports = function (args) {}", "minimist"));
        assert!(!phrases.is_whole("module.exports = {\n  inc,\n  dec }", "inc"));
        assert!(!phrases.is_whole("export function inc() {}\nexport default {}", "inc"));
        assert!(phrases.is_whole("export default function slugify() {}", "slug"));
    }

    #[test]
    fn a_property_is_a_call_over_its_inputs() {
        let property = phrases("python").property;
        let call = property.call(&["a", "b"], None, "f(a, b) >= a");
        assert_eq!(call, "[(a, b,) for (a, b,) in cases if (True) and not (f(a, b) >= a)]");
        let borders = vec![vec!["1".to_owned(), "2".to_owned()]];
        let generators = vec!["g()".to_owned(), "h()".to_owned()];
        let setup = property.setup(&Inputs { borders, generators, seed: 7 });
        assert_eq!(setup[..4], ["cases = [", "    (1, 2,),", "]", "rng = random.Random(7)"]);
        assert_eq!(setup[4], "cases += [(g(), h(),) for _ in range(200)]");
    }
}
