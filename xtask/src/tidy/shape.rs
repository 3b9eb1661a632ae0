//! Laws about the shape of files: described, short, well named, clean.

use super::{Tree, Violation};

const LONGEST_FILE: usize = 800;
const LONGEST_FUNCTION: usize = 80;

/// What is written by hand and so can be kept short.
const WRITTEN: &[&str] = &["js", "lua", "py", "rs", "scm", "sh", "toml", "ts", "yml"];

const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "util", "utils"];

/// Every module of ours opens with `//!`.
pub(crate) fn modules_are_described(tree: &Tree) -> Vec<Violation> {
    tree.rust()
        .iter()
        .filter(|file| is_module(&file.path) && !file.text.text().starts_with("//!"))
        .map(|file| {
            let message =
                "the module does not say what it is; open it with `//!`: what it is and what it must not do";
            Violation::new(&file.path, 1, message)
        })
        .collect()
}

fn is_module(path: &str) -> bool {
    let mut parts = path.split('/');
    let first_three = (parts.next(), parts.next(), parts.next());
    matches!(
        first_three,
        (Some("server"), Some(_), Some("src")) | (Some("grammars" | "xtask"), Some("src"), _)
    )
}

/// No file has more than 800 lines.
pub(crate) fn files_are_short(tree: &Tree) -> Vec<Violation> {
    tree.our_files()
        .filter(|(path, _)| path.rsplit('.').next().is_some_and(|extension| WRITTEN.contains(&extension)))
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let message = format!("{lines} lines are more than {LONGEST_FILE}; split the file by concern");
            (lines > LONGEST_FILE).then(|| Violation::new(path, LONGEST_FILE + 1, message))
        })
        .collect()
}

/// No function has more than 80 lines.
pub(crate) fn functions_are_short(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.rust() {
        for function in file.text.functions().iter().filter(|function| function.lines > LONGEST_FUNCTION) {
            let (name, lines) = (&function.name, function.lines);
            let message = format!(
                "`{name}` has {lines} lines, more than {LONGEST_FUNCTION}; name its parts and split it"
            );
            violations.push(Violation::new(&file.path, function.line, message));
        }
    }
    violations
}

/// No file or folder is called by a word that says nothing.
pub(crate) fn names_say_something(tree: &Tree) -> Vec<Violation> {
    tree.our_files()
        .filter_map(|(path, _)| {
            let empty = path.split('/').find_map(|part| {
                let stem = part.split('.').next().unwrap_or(part);
                EMPTY_NAMES.contains(&stem).then_some(stem)
            })?;
            let message = format!("`{empty}` says nothing; name it after the noun it is about");
            Some(Violation::new(path, 1, message))
        })
        .collect()
}

/// No merge markers, no tabs in Rust, a newline at the end.
pub(crate) fn text_is_clean(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.our_files() {
        for (number, line) in text.lines().enumerate() {
            if ["<<<<<<< ", "||||||| ", ">>>>>>> "].iter().any(|marker| line.starts_with(marker)) {
                let message = "this is a merge marker; finish the merge";
                violations.push(Violation::new(path, number + 1, message));
            }
            if path.ends_with(".rs") && line.contains('\t') {
                violations.push(Violation::new(
                    path,
                    number + 1,
                    "there is a tab; use spaces (`\\t` in literals)",
                ));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            let message = "the last line has no end; add a newline";
            violations.push(Violation::new(path, text.lines().count(), message));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(violations: &[Violation]) -> Vec<usize> {
        violations.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn modules_open_with_what_they_are() {
        let bare = [
            ("server/a/src/lib.rs", "use x;\n"),
            ("server/a/src/b/c.rs", "\n//! Late.\n"),
            ("grammars/src/lib.rs", "/// Wrong sort.\n"),
            ("xtask/src/main.rs", ""),
        ];
        assert_eq!(modules_are_described(&Tree::of(&bare)).len(), 4);
        let clean = [("server/a/src/lib.rs", "//! What it is.\n"), ("grammars/build.rs", "fn main() {}\n")];
        assert_eq!(modules_are_described(&Tree::of(&clean)), []);
    }

    #[test]
    fn files_end_at_800_lines() {
        let (full, over) = ("x\n".repeat(800), "x\n".repeat(801));
        assert_eq!(
            files_are_short(&Tree::of(&[("a.rs", &full), ("b.lock", &over), ("tests/golden/c.py", &over)])),
            []
        );
        assert_eq!(lines(&files_are_short(&Tree::of(&[("a.rs", &over)]))), [801]);
    }

    #[test]
    fn functions_end_at_80_lines_in_tests_too() {
        let function =
            |lines: usize| format!("mod tests {{\nfn f() {{\n{}}}\n}}\n", "x;\n".repeat(lines - 2));
        assert_eq!(functions_are_short(&Tree::of(&[("server/a/src/a.rs", &function(80))])), []);
        let violations = functions_are_short(&Tree::of(&[("server/a/src/a.rs", &function(81))]));
        assert_eq!(lines(&violations), [2]);
        assert!(violations[0].message.contains("`f` has 81 lines"));
    }

    #[test]
    fn empty_names_are_seen_in_files_and_folders() {
        let tree = Tree::of(&[
            ("server/a/src/utils.rs", ""),
            ("server/common/src/x.rs", ""),
            ("docs/helpers.test.md", ""),
        ]);
        assert_eq!(names_say_something(&tree).len(), 3);
        assert_eq!(names_say_something(&Tree::of(&[("server/a/src/commonmark.rs", "")])), []);
    }

    #[test]
    fn text_is_clean_or_told() {
        let tree =
            Tree::of(&[("a.rs", "x\n\ty\nz"), ("b.md", "# x\n<<<<<<< HEAD\n=======\n>>>>>>> other\n")]);
        assert_eq!(lines(&text_is_clean(&tree)), [2, 3, 2, 4]);
        let clean = [("a.md", "\tcode\nTitle\n=======\n"), ("empty", ""), ("tests/golden/a.py", "no end")];
        assert_eq!(text_is_clean(&Tree::of(&clean)), []);
    }
}
