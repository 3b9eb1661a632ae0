//! Skeletons that are data: rules, runners, fixers, language packs.

use super::Plan;
use super::names::Names;

pub(super) fn rule(names: &Names, language: &str, word: &str) -> Plan {
    let name = &names.kebab;
    let text = format!(
        "\
id: {name}
language: {word}
severity: hint
# One line, 80 characters at most, no final stop.
message: ''
# Why the rewrite helps and, honestly, when it could change behaviour: this is what the tests must show.
note: ''
rule:
  pattern: replace_this($A)
fix: replace_this($A)
metadata:
  kind: simplify # simplify | modernize | correctness | dead-code | speed
  preserves: behaviour # or intent, where an edge case changes on purpose
  # What improves: cognitive, cyclomatic, size, nesting, findings, statements
  targets: []
  # Two or more, each the whole snippet `before` and `after`.
  tests: []
  # Two or more near misses, in which the rule must find nothing.
  clean: []
"
    );
    Plan {
        file: format!("grammars/{language}/rules/{name}.yml"),
        text,
        left: vec![
            "fill in the pattern, the fix and the words; nothing else needs a line anywhere".to_owned(),
            "`cargo test -p hephaestus-syntax --test rule_packs` tells what is missing".to_owned(),
        ],
    }
}

pub(super) fn runner(names: &Names, language: &str) -> Plan {
    let name = &names.kebab;
    let text = format!(
        "\
language = \"{language}\"
# Among the runners that fit a workspace, the lowest is taken.
order = 90
title = \"{name}\"

[detect]
# Globs of which one must match a file of the workspace.
files = []
# A command that exits with 0 where the runner is installed.
program = []
# What the user is told where it does not.
missing = \"\"

[full]
command = []

[report]
# junit, tap, libtest, nextest, jest-json or exit; with `file` below {{out}} where it is not standard output.
format = \"exit\"

[exit]
passed = []
failed = [1]
none = []
"
    );
    Plan {
        file: format!("server/harness/runners/{name}.toml"),
        text,
        left: vec![
            "fill in the file; `server/harness/runners/README.md` tells what each key means".to_owned(),
            "`cargo test -p hephaestus-harness runners` tells what is missing".to_owned(),
        ],
    }
}

pub(super) fn fixer(names: &Names, language: &str) -> Plan {
    let name = &names.kebab;
    let text = format!(
        "\
# The linter's name for people.
title = \"\"
language = \"{language}\"
program = \"{name}\"
# Folders below the root to look for it in, before PATH.
places = []
# {{program}} and the words that make it report every finding with its edit, and apply none.
command = []
# ruff, cargo, eslint or sarif.
format = \"sarif\"
"
    );
    Plan {
        file: format!("server/mutation/fixers/{name}.toml"),
        text,
        left: vec![
            "fill in the file; `server/mutation/fixers/README.md` tells what each key means".to_owned(),
            "`cargo test -p hephaestus-mutation fixers` tells what is missing".to_owned(),
        ],
    }
}

pub(super) fn language(names: &Names) -> Plan {
    let (name, snake, camel) = (&names.kebab, &names.snake, &names.camel);
    let text = format!(
        "\
name = \"{camel}\"
# The word rule files write under `language:`.
rule_language = \"{camel}\"
# Without the dot.
extensions = []
# Stands for `$` in patterns where `$` is no identifier character.
expando = \"µ\"
# Globs of test code.
test_paths = [\"**/tests/**\"]

# Node kinds of the grammar, by the question they answer; a kind the grammar does not have is an error.
[tables]
"
    );
    Plan {
        file: format!("grammars/{name}/pack.toml"),
        text,
        left: vec![
            format!("`Cargo.toml`, [workspace.dependencies]: `tree-sitter-{name} = \"…\" # grammar`"),
            format!("`grammars/Cargo.toml`, [dependencies]: `tree-sitter-{name}.workspace = true`"),
            format!("`grammars/src/lib.rs`, in `grammar`: `\"{name}\" => tree_sitter_{snake}::LANGUAGE,`"),
            "fill in the tables, with another pack's as the example: `grammars/python/pack.toml`".to_owned(),
            format!("its rules: `cargo xtask new rule NAME --language {name}`"),
            "`cargo test -p hephaestus-syntax` tells what is missing".to_owned(),
        ],
    }
}
