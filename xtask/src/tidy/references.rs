//! The law that ARCHITECTURE.md names only what is there: paths, crates and types in backquotes.

use std::collections::HashSet;

use super::pages::outside_fences;
use super::{Tree, Violation};

const PAGE: &str = "ARCHITECTURE.md";

/// Files of users' projects and of our own making that the page may speak of.
const ELSEWHERE: &[&str] = &[
    ".gitignore",
    "compile_commands.json",
    "go.mod",
    "hephaestus.toml",
    "package.json",
    "pyproject.toml",
    "registry.db",
    "sgconfig.yml",
    "tsconfig.json",
];
const ELSEWHERE_FOLDERS: &[&str] = &[".git", ".hephaestus", ".venv", "node_modules", "target"];

const FILE_ENDINGS: &[&str] =
    &["json", "lock", "lua", "md", "py", "rs", "scm", "sh", "toml", "ts", "js", "yaml", "yml", "db"];

/// Every name in backquotes that looks like a path, one of our crates or a type exists.
pub(crate) fn architecture_names_what_is_there(tree: &Tree) -> Vec<Violation> {
    let Some(page) = tree.text(PAGE) else { return Vec::new() };
    let known = Known::of(tree);
    let mut violations = Vec::new();
    for (line, text) in outside_fences(page) {
        for name in in_backquotes(text) {
            if let Some(message) = known.complaint(name) {
                violations.push(Violation::new(PAGE, line, message));
            }
        }
    }
    violations
}

/// What stands between backquotes in one line.
fn in_backquotes(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

struct Known<'t> {
    tree: &'t Tree,
    /// Names in our code.
    names: HashSet<&'t str>,
    /// Crates' names.
    crates: HashSet<&'t str>,
}

impl<'t> Known<'t> {
    fn of(tree: &'t Tree) -> Self {
        let mut names: HashSet<&str> = tree.rust().iter().flat_map(|file| file.text.names()).collect();
        let clients = tree.our_files().filter(|(path, _)| path.ends_with(".ts") || path.ends_with(".lua"));
        names.extend(clients.flat_map(|(_, text)| text.split(|c: char| !c.is_alphanumeric() && c != '_')));
        let crates = tree.packages.iter().map(|package| package.name.as_str()).collect();
        Self { tree, names, crates }
    }

    /// What is wrong with a name, if anything is.
    fn complaint(&self, name: &str) -> Option<String> {
        let what = if is_path(name) {
            if self.has_path(name) {
                return None;
            }
            "path"
        } else if name.starts_with("hephaestus-") && is_made_of(name, |c| c.is_ascii_lowercase() || c == '-')
        {
            if self.crates.contains(name) {
                return None;
            }
            "crate"
        } else if is_type(name) {
            if name.split("::").all(|part| self.names.contains(part.trim_end_matches("()"))) {
                return None;
            }
            "type"
        } else {
            return None;
        };
        Some(format!("there is no {what} `{name}`; name what is there now, or take the sentence out"))
    }

    /// Whether some path has the name's parts in this order, the last one at its end (with or without file ending).
    /// So `mutation/llm` may stand for `server/mutation/src/llm.rs`.
    fn has_path(&self, name: &str) -> bool {
        let wanted: Vec<&str> = name.trim_end_matches('/').split('/').collect();
        self.tree.exists(name.trim_end_matches('/'))
            || self.tree.paths().any(|path| is_short_for(&wanted, path))
    }
}

fn is_short_for(wanted: &[&str], path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    // The last wanted part may be the file or any folder above it.
    (1..=parts.len()).any(|length| {
        let Some((last, above)) = parts.get(..length).and_then(|parts| parts.split_last()) else {
            return false;
        };
        let Some((wanted_last, wanted_above)) = wanted.split_last() else { return false };
        let mut above = above.iter();
        let is_end = matches(wanted_last, last)
            || last.split('.').next().is_some_and(|stem| matches(wanted_last, stem));
        is_end && wanted_above.iter().all(|wanted| above.any(|part| matches(wanted, part)))
    })
}

/// Whether `part` fits a pattern in which `*` stands for anything.
fn matches(pattern: &str, part: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == part };
    let Some(after) = part.strip_prefix(first) else { return false };
    let starts = (0..=after.len()).filter_map(|at| after.get(at..));
    starts.into_iter().any(|tail| matches(rest, tail))
}

fn is_made_of(name: &str, fits: impl Fn(char) -> bool) -> bool {
    !name.is_empty() && name.chars().all(fits)
}

fn is_path(name: &str) -> bool {
    if name.starts_with('/')
        || !is_made_of(name, |c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '*'))
    {
        return false;
    }
    let mut parts = name.split('/');
    let first = parts.next().unwrap_or_default();
    let last = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if ELSEWHERE_FOLDERS.contains(&first) || ELSEWHERE.contains(&last) {
        return false;
    }
    if name.contains('/') {
        // `textDocument/didOpen` is a method of the protocol, `ruff/SIM102` a linter's code.
        return !name.split('/').any(is_camel_back)
            && !is_made_of(last, |c| c.is_ascii_uppercase() || c.is_ascii_digit());
    }
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    !stem.is_empty() && !stem.starts_with('*') && FILE_ENDINGS.contains(&ending)
}

fn is_camel_back(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_lowercase())
        && !part.contains('.')
        && part.contains(|c: char| c.is_ascii_uppercase())
}

/// `CamelCase`, also with `::` and what belongs to it.
fn is_type(name: &str) -> bool {
    let mut parts = name.split("::");
    let is_camel = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.contains(|c: char| c.is_ascii_lowercase())
            && is_made_of(part, |c| c.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(is_camel)
        && parts
            .all(|part| is_made_of(part.trim_end_matches("()"), |c| c.is_ascii_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[(&str, &str)] = &[
        ("server/mutation/src/llm.rs", "//! X.\nenum Verdict { Passed }\nimpl Registry { fn open() {} }\n"),
        ("grammars/python/rules/collapse-nested-if.yml", ""),
        ("grammars/python/pack.toml", ""),
    ];

    fn complaints(page: &str) -> Vec<usize> {
        let mut files = FILES.to_vec();
        files.push((PAGE, page));
        let tree = Tree::of(&files).with_packages(&[("hephaestus-mutation", "server/mutation", &[])]);
        architecture_names_what_is_there(&tree).into_iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn what_is_there_may_be_named() {
        let page = "`server/mutation` `server/mutation/` `mutation/llm` `server/mutation/src/llm.rs` `llm.rs`\n\
                    `python/collapse-nested-if` `grammars/*/pack.toml` `pack.toml`\n\
                    `hephaestus-mutation` `Verdict` `Verdict::Passed` `Registry::open` `Registry::open()`\n";
        assert_eq!(complaints(page), [0_usize; 0]);
    }

    #[test]
    fn what_is_not_there_is_told_with_its_line() {
        for gone in ["server/lsp", "mutation/synth", "synth.rs", "grammars/*/weather.toml", "llm/mutation"] {
            assert_eq!(complaints(&format!("\n`{gone}`\n")), [2], "{gone}");
        }
        for gone in ["hephaestus-weather", "Weather", "Verdict::Rainy", "Weather::Passed"] {
            assert_eq!(complaints(&format!("fine `Verdict`, not `{gone}`\n")), [1], "{gone}");
        }
    }

    #[test]
    fn what_only_looks_like_a_name_is_left_alone() {
        let page = "`textDocument/didOpen` `ruff/SIM102` `.hephaestus/registry.db` `hephaestus.toml` `/proc/self` `a b/c`\n\
                    `cargo test` `LSP` `--format json` `x = 1` `target/debug`\n```\n`Weather`\n```\n";
        assert_eq!(complaints(page), [0_usize; 0]);
    }

    #[test]
    fn without_the_page_there_is_nothing_to_check() {
        assert_eq!(architecture_names_what_is_there(&Tree::of(FILES)), []);
    }
}
