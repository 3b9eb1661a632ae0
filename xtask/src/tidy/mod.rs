//! The laws of the code base, checked over all files at once.
//!
//! A law is a pure function from a [`Tree`] to its violations; only [`tree`] touches the disk. A new law is a function in
//! the file it fits and a line in [`LAWS`].

mod borders;
mod layers;
mod pages;
mod references;
mod rust_text;
mod shape;
mod tree;

use std::fmt;
use std::path::Path;

pub(crate) use tree::{Tree, cargo, read};

/// One place where a law does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    file: String,
    line: usize,
    message: String,
}

impl Violation {
    /// `message` says what is wrong and what to do.
    fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

type Law = fn(&Tree) -> Vec<Violation>;

const LAWS: &[Law] = &[
    shape::modules_are_described,
    shape::files_are_short,
    shape::functions_are_short,
    shape::names_say_something,
    shape::text_is_clean,
    layers::dependencies_point_down,
    layers::dependencies_say_why,
    borders::processes_start_in_the_harness,
    borders::network_stays_behind_its_doors,
    borders::editor_types_stay_in_the_server,
    borders::unsafe_code_has_its_places,
    references::architecture_names_what_is_there,
    pages::links_resolve,
    pages::summary_lists_every_page,
    pages::no_path_of_a_machine,
    pages::made_pages_are_current,
];

/// Checks all laws on the repository at `root` and prints the violations. Whether there are none.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let tree = tree::read(root)?;
    let violations = check(&tree);
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => println!("tidy: {} laws hold in {} files", LAWS.len(), tree.files().count()),
        count => println!("tidy: {count} violations"),
    }
    Ok(violations.is_empty())
}

fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations: Vec<Violation> = LAWS.iter().flat_map(|law| law(tree)).collect();
    violations.sort();
    violations.dedup();
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_violations_are_listed_at_once_sorted_by_place() {
        let tree =
            Tree::of(&[("server/b/src/lib.rs", "fn b() {\n\t}"), ("server/a/src/utils.rs", "//! A.\n")]);
        let places: Vec<(String, usize)> =
            check(&tree).into_iter().map(|violation| (violation.file, violation.line)).collect();
        let expected = [
            ("server/a/src/utils.rs", 1),
            ("server/b/src/lib.rs", 1),
            ("server/b/src/lib.rs", 2),
            ("server/b/src/lib.rs", 2),
        ];
        assert_eq!(places, expected.map(|(file, line)| (file.to_owned(), line)));
    }

    #[test]
    fn a_violation_is_printed_as_editors_understand_it() {
        assert_eq!(Violation::new("a.rs", 3, "what, what to do").to_string(), "a.rs:3: what, what to do");
    }

    #[test]
    fn an_empty_repository_breaks_no_law() {
        assert_eq!(check(&Tree::of(&[])), []);
    }
}
