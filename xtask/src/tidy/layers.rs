//! Laws about dependencies: arrows point down only, and each has a reason.

use super::{Tree, Violation};

const BASE: &[&str] = &["core", "grammars", "syntax"];
const COMPONENTS: &[&str] = &[
    "core",
    "grammars",
    "syntax",
    "directive",
    "goals",
    "mutation",
    "harness",
    "scoring",
    "registry",
    "forge",
];

/// Which of our crates may build upon which (names without `hephaestus-`).
const LAYERS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("grammars", &[]),
    ("syntax", &["core", "grammars"]),
    ("directive", BASE),
    ("goals", BASE),
    ("mutation", BASE),
    ("harness", BASE),
    ("scoring", BASE),
    ("registry", &["core"]),
    ("forge", &["core"]),
    ("workspace", COMPONENTS),
    ("lsp", &["core", "workspace"]),
    ("cli", &["core", "lsp", "workspace"]),
    ("xtask", &["core", "mutation", "syntax"]),
];

/// Crates build only upon those below them.
pub(crate) fn dependencies_point_down(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &tree.packages {
        // Whatever lies below tests/ looks at the product from outside and may see all of it.
        if package.manifest.starts_with("tests/") {
            continue;
        }
        let name = layer_name(&package.name);
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            let message =
                format!("the crate `{name}` has no layer; add it to LAYERS in xtask/src/tidy/layers.rs");
            violations.push(Violation::new(&package.manifest, 1, message));
            continue;
        };
        for dependency in &package.dependencies {
            let below = layer_name(dependency);
            let is_ours = tree.packages.iter().any(|package| package.name == *dependency);
            if is_ours && !allowed.contains(&below) {
                let known =
                    if allowed.is_empty() { "none of our crates".to_owned() } else { allowed.join(", ") };
                let message = format!(
                    "`{name}` may not know `{below}` (only {known}); pass what it needs through a trait of core"
                );
                violations.push(Violation::new(
                    &package.manifest,
                    line_of(tree, &package.manifest, dependency),
                    message,
                ));
            }
        }
    }
    violations
}

/// The binary's crate is named after the product.
fn layer_name(package: &str) -> &str {
    match package {
        "hephaestus" => "cli",
        other => other.strip_prefix("hephaestus-").unwrap_or(other),
    }
}

/// The 1-based line on which a manifest first names `dependency` as a key.
pub(crate) fn line_of(tree: &Tree, manifest: &str, dependency: &str) -> usize {
    let is_key = |line: &str| {
        line.trim_start().strip_prefix(dependency).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    };
    tree.text(manifest).unwrap_or_default().lines().position(is_key).map_or(1, |line| line + 1)
}

/// Every line of `[workspace.dependencies]` that is not one of our crates ends with `# why`.
pub(crate) fn dependencies_say_why(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut in_section = false;
    // A key and the line it stands on, while its value goes on over several lines.
    let mut open: Option<(String, usize)> = None;
    for (number, line) in tree.text("Cargo.toml").unwrap_or_default().lines().enumerate() {
        let (value, comment) = split_comment(line);
        if open.is_none() && value.trim_start().starts_with('[') {
            in_section = value.trim() == "[workspace.dependencies]";
            continue;
        }
        if !in_section || (value.trim().is_empty() && open.is_none()) {
            continue;
        }
        let (so_far, start) = open.take().unwrap_or_default();
        let (so_far, start) = (so_far + value, if start == 0 { number + 1 } else { start });
        if depth(&so_far) > 0 {
            open = Some((so_far, start));
            continue;
        }
        let name = so_far.split(['=', '.']).next().unwrap_or_default().trim().to_owned();
        if comment.trim().is_empty() && !so_far.contains("path =") {
            let message = format!("`{name}` has no reason; end the line with `# why it is here`");
            violations.push(Violation::new("Cargo.toml", start, message));
        }
    }
    violations
}

/// A TOML line's value and comment; a `#` inside quotes begins none.
fn split_comment(line: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return (line.get(..at).unwrap_or(line), line.get(at + 1..).unwrap_or_default()),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    (line, "")
}

fn depth(value: &str) -> i32 {
    value.chars().fold(0, |depth, c| match c {
        '{' | '[' => depth + 1,
        '}' | ']' => depth - 1,
        _ => depth,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_point_down() {
        let tree = Tree::of(&[(
            "server/forge/Cargo.toml",
            "[dependencies]\nrand.workspace = true\nhephaestus-harness.workspace = true\n",
        )])
        .with_packages(&[
            ("hephaestus-core", "server/core", &["serde"]),
            ("hephaestus-harness", "server/harness", &["hephaestus-core"]),
            ("hephaestus-forge", "server/forge", &["hephaestus-core", "hephaestus-harness", "rand"]),
        ]);
        let violations = dependencies_point_down(&tree);
        assert_eq!(violations.len(), 1);
        assert_eq!((violations[0].file.as_str(), violations[0].line), ("server/forge/Cargo.toml", 3));
        assert!(
            violations[0].message.starts_with("`forge` may not know `harness` (only core)"),
            "{}",
            violations[0]
        );
    }

    #[test]
    fn the_design_as_it_is_breaks_nothing() {
        let base: &[&str] = &["hephaestus-core", "hephaestus-grammars", "hephaestus-syntax"];
        let tree = Tree::of(&[]).with_packages(&[
            ("hephaestus-core", "server/core", &[]),
            ("hephaestus-grammars", "grammars", &["tree-sitter"]),
            ("hephaestus-syntax", "server/syntax", &["hephaestus-core", "hephaestus-grammars"]),
            ("hephaestus-goals", "server/goals", base),
            ("hephaestus-workspace", "server/workspace", &["hephaestus-goals", "hephaestus-core"]),
            ("hephaestus", "server/cli", &["hephaestus-workspace", "hephaestus-core", "clap"]),
            ("anything", "tests/e2e", &["hephaestus-syntax", "hephaestus"]),
        ]);
        assert_eq!(dependencies_point_down(&tree), []);
    }

    #[test]
    fn the_binary_sees_the_workspace_alone_and_new_crates_need_a_layer() {
        let tree = Tree::of(&[]).with_packages(&[
            ("hephaestus-syntax", "server/syntax", &[]),
            ("hephaestus", "server/cli", &["hephaestus-syntax"]),
            ("hephaestus-weather", "server/weather", &[]),
        ]);
        let files: Vec<String> =
            dependencies_point_down(&tree).into_iter().map(|violation| violation.file).collect();
        assert_eq!(files, ["server/cli/Cargo.toml", "server/weather/Cargo.toml"]);
    }

    #[test]
    fn every_dependency_has_a_reason() {
        let manifest = concat!(
            "[package]\nname = \"x\"\n[workspace.dependencies]\n# Ours.\nours = { path = \"server/ours\" }\n",
            "good = \"1\" # because\nbad = \"1\"\nhash = \"#1\"\nempty = \"1\" #\n",
            "long = { version = \"1\", features = [\n  \"a\",\n] } # because\n",
            "longer = { version = \"1\", features = [\n  \"a\", # not here\n] }\n",
            "[workspace.lints]\nx = 1\n",
        );
        let lines: Vec<usize> = dependencies_say_why(&Tree::of(&[("Cargo.toml", manifest)]))
            .iter()
            .map(|violation| violation.line)
            .collect();
        assert_eq!(lines, [7, 8, 9, 13]);
    }
}
