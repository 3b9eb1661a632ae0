//! The specifications of this folder as code with a hole and tests in each language. Knows nothing of how they are solved.

use std::fmt::Write as _;

use serde::Deserialize;

/// The files with specifications.
const FILES: [&str; 3] =
    [include_str!("numbers.toml"), include_str!("texts.toml"), include_str!("lists.toml")];

/// A plain value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Datum {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any number.
    Float(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Datum>),
    /// Nothing.
    None {
        /// Always true.
        #[allow(dead_code, reason = "that it is there is what it says")]
        none: bool,
    },
}

/// A function that is to be written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specification {
    /// Its name.
    pub name: String,
    /// Where such functions are found.
    #[allow(dead_code, reason = "for readers")]
    pub like: String,
    /// What its documentation says, where it says something.
    #[serde(default)]
    pub doc: String,
    /// Names and types.
    pub parameters: Vec<(String, String)>,
    /// The type of what it gives.
    pub output: String,
    /// Arguments and result: what is shown.
    pub examples: Vec<(Vec<Datum>, Datum)>,
    /// Arguments and result: what is not shown.
    pub hidden: Vec<(Vec<Datum>, Datum)>,
}

#[derive(Deserialize)]
struct File {
    specification: Vec<Specification>,
}

/// All specifications.
///
/// # Errors
/// When a file is malformed.
pub fn all() -> Result<Vec<Specification>, toml::de::Error> {
    let mut all = Vec::new();
    for text in FILES {
        all.extend(toml::from_str::<File>(text)?.specification);
    }
    Ok(all)
}

impl Specification {
    /// The file with the hole.
    #[must_use]
    pub fn code(&self, language: &str) -> String {
        let parameter = |(name, ty): &(String, String)| match language {
            "javascript" => name.clone(),
            _ => format!("{name}: {}", hint(language, ty, true)),
        };
        let parameters: Vec<String> = self.parameters.iter().map(parameter).collect();
        let (name, parameters) = (&self.name, parameters.join(", "));
        let output = hint(language, &self.output, false);
        let doc = |open: &str, close: &str| match self.doc.as_str() {
            "" => String::new(),
            doc => format!("{open}{doc}{close}\n"),
        };
        match language {
            "python" => {
                let doc = doc("    \"\"\"", "\"\"\"");
                format!("def {name}({parameters}) -> {output}:\n{doc}    raise NotImplementedError\n")
            }
            "rust" => {
                doc("/// ", "") + &format!("pub fn {name}({parameters}) -> {output} {{\n    todo!()\n}}\n")
            }
            _ => {
                doc("/** ", " */")
                    + &format!(
                        "function {name}({parameters}) {{\n  throw new Error(\"not implemented\");\n}}\n\nmodule.exports = {{ {name} }};\n"
                    )
            }
        }
    }

    /// Tests that state these examples.
    #[must_use]
    pub fn tests(&self, language: &str, examples: &[(Vec<Datum>, Datum)]) -> String {
        let name = &self.name;
        let mut text = match language {
            "python" => format!("from solution import {name}\n\n\ndef test_{name}():\n"),
            "rust" => format!("use solution::{name};\n\n#[test]\nfn examples() {{\n"),
            _ => format!(
                "const test = require(\"node:test\");\nconst assert = require(\"node:assert\");\nconst {{ {name} }} = require(\"./solution.js\");\n\ntest(\"examples\", () => {{\n"
            ),
        };
        for (args, result) in examples {
            let args: Vec<String> = args
                .iter()
                .zip(&self.parameters)
                .map(|(own, (_, ty))| written(language, own, ty, true))
                .collect();
            let (args, result) = (args.join(", "), written(language, result, &self.output, false));
            let _ = match language {
                "python" => writeln!(text, "    assert {name}({args}) == {result}"),
                "rust" => writeln!(text, "    assert_eq!({name}({args}), {result});"),
                _ => writeln!(text, "  assert.deepStrictEqual({name}({args}), {result});"),
            };
        }
        text + match language {
            "python" => "",
            "rust" => "}\n",
            _ => "});\n",
        }
    }
}

/// A type as the language writes it; in Rust parameters are borrowed.
fn hint(language: &str, ty: &str, is_parameter: bool) -> String {
    if let Some(inner) = ty.strip_suffix('?') {
        let inner = hint(language, inner, false);
        return if language == "rust" { format!("Option<{inner}>") } else { format!("{inner} | None") };
    }
    let is_rust = language == "rust";
    if let Some(item) = ty.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return match (is_rust, is_parameter) {
            (true, true) => format!("&[{}]", hint(language, item, item == "str")),
            (true, false) => format!("Vec<{}>", hint(language, item, false)),
            (false, _) => format!("list[{}]", hint(language, item, false)),
        };
    }
    let own = match (ty, is_rust, is_parameter) {
        ("int", true, _) => "i64",
        ("float", true, _) => "f64",
        ("str", true, true) => "&str",
        ("str", true, false) => "String",
        (other, ..) => other,
    };
    own.to_owned()
}

/// A value as the language writes it.
fn written(language: &str, own: &Datum, ty: &str, is_borrowed: bool) -> String {
    let inner = ty.trim_end_matches('?');
    let is_wrapped = inner != ty && language == "rust";
    let text = match own {
        Datum::Bool(own) if language == "python" => if *own { "True" } else { "False" }.to_owned(),
        Datum::Bool(own) => own.to_string(),
        Datum::Int(own) if ty == "float" => format!("{own}.0"),
        Datum::Int(own) => own.to_string(),
        Datum::Float(own) if language == "javascript" => own.to_string(),
        Datum::Float(own) => format!("{own:?}"),
        Datum::Text(own) => format!("{own:?}"),
        Datum::None { .. } if language == "javascript" => return "null".to_owned(),
        Datum::None { .. } => return "None".to_owned(),
        Datum::List(items) => {
            let item = inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or_default();
            let items: Vec<String> = items.iter().map(|own| written(language, own, item, false)).collect();
            let open = match (language, is_borrowed) {
                ("rust", true) => "&[",
                ("rust", false) => "vec![",
                _ => "[",
            };
            format!("{open}{}]", items.join(", "))
        }
    };
    if is_wrapped { format!("Some({text})") } else { text }
}
