//! Laws about what people read: links lead somewhere, the manual's contents are complete, no machine shows through.

use super::{Tree, Violation};
use crate::docs;

const SUMMARY: &str = "docs/src/SUMMARY.md";
const PAGES: &str = "docs/src/";

/// Written in two halves, so that this file keeps its own law.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/tmp/bash", "_jobs")];

/// Every relative link in a Markdown page of ours leads to a file or folder.
pub(crate) fn links_resolve(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.our_files().filter(|(path, _)| path.ends_with(".md")) {
        for (line, target) in links(text) {
            let resolved = resolve(path, target);
            if !resolved.as_deref().is_some_and(|resolved| tree.exists(resolved)) {
                let message = format!("the link `{target}` leads nowhere; mend it or take it out");
                violations.push(Violation::new(path, line, message));
            }
        }
    }
    violations
}

/// `docs/src/SUMMARY.md` lists every page of the manual.
pub(crate) fn summary_lists_every_page(tree: &Tree) -> Vec<Violation> {
    let pages =
        tree.paths().filter(|path| path.starts_with(PAGES) && path.ends_with(".md") && *path != SUMMARY);
    let listed: Vec<String> = tree
        .text(SUMMARY)
        .map(|summary| {
            links(summary).into_iter().filter_map(|(_, target)| resolve(SUMMARY, target)).collect()
        })
        .unwrap_or_default();
    pages
        .filter(|page| !listed.iter().any(|listed| listed == page))
        .map(|page| Violation::new(page, 1, format!("{SUMMARY} does not list this page; add a line for it")))
        .collect()
}

/// No file tells where somebody's machine keeps it.
pub(crate) fn no_path_of_a_machine(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.files() {
        for (number, line) in text.lines().enumerate() {
            if let Some(found) = MACHINE_PATHS.iter().find(|found| has_absolute(line, found)) {
                let message =
                    format!("`{found}` is a path of one machine; make it relative or a placeholder");
                violations.push(Violation::new(path, number + 1, message));
            }
        }
    }
    violations
}

/// Whether `path` begins at the root in `line`, rather than somewhere inside a longer path.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| {
            c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '/' | '}' | ')' | '*' | '>')
        })
    })
}

/// Pages that are made from data say what the data says now.
pub(crate) fn made_pages_are_current(tree: &Tree) -> Vec<Violation> {
    let pages = match docs::pages(tree) {
        Ok(pages) => pages,
        Err(error) => return vec![Violation::new(PAGES, 1, format!("{error:#}; mend it"))],
    };
    pages
        .iter()
        .filter(|(page, text)| tree.text(page) != Some(text.as_str()))
        .map(|(page, _)| Violation::new(page, 1, "this page is out of date; run `cargo xtask docs`"))
        .collect()
}

/// The lines of a page that are no code block, with their 1-based numbers.
pub(crate) fn outside_fences(page: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    page.lines().enumerate().filter_map(move |(number, line)| {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, None) => return Some((number + 1, line)),
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
        }
        None
    })
}

/// Relative links and their lines, without anchors and titles.
fn links(page: &str) -> Vec<(usize, &str)> {
    let mut links = Vec::new();
    for (number, line) in outside_fences(page) {
        // What stands in backquotes is no link.
        let spoken = line.split('`').step_by(2);
        for target in spoken.flat_map(inline_targets).chain(definition_target(line)) {
            let target = target.split(['#', '?']).next().unwrap_or_default();
            if !target.is_empty() {
                links.push((number, target));
            }
        }
    }
    links
}

/// Targets of `[text](target "title")`.
fn inline_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| relative(rest.split(')').next()?))
}

/// The target of `[name]: target`.
fn definition_target(line: &str) -> Option<&str> {
    let (name, rest) = line.trim_start().split_once("]: ")?;
    if name.starts_with("[^") || !name.starts_with('[') {
        return None;
    }
    relative(rest)
}

/// The target's path, unless it leads to another site.
fn relative(target: &str) -> Option<&str> {
    let target = target.split_whitespace().next()?.trim_matches(['<', '>']);
    let is_elsewhere = target.contains("://") || target.starts_with("mailto:") || target.starts_with('#');
    (!is_elsewhere).then_some(target)
}

/// The path from the repository's root that `target` means on the page at `path`; `None` when it leaves the repository.
fn resolve(path: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = if target.starts_with('/') { Vec::new() } else { path.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(violations: &[Violation]) -> Vec<usize> {
        violations.iter().map(|violation| violation.line).collect()
    }

    #[test]
    fn a_page_that_is_not_what_the_data_says_is_told() {
        let rule = "message: M\nmetadata: {kind: simplify, preserves: behaviour}\n";
        let tree =
            Tree::of(&[("grammars/rust/rules/a.yml", rule), ("docs/src/rules-reference/rust.md", "old\n")]);
        let stale: Vec<String> =
            made_pages_are_current(&tree).into_iter().map(|violation| violation.file).collect();
        assert_eq!(stale, ["docs/src/rules-reference.md", "docs/src/rules-reference/rust.md"]);
        let mut files = vec![("grammars/rust/rules/a.yml".to_owned(), rule.to_owned())];
        files.extend(docs::pages(&tree).unwrap());
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(made_pages_are_current(&Tree::of(&files)), []);
    }

    #[test]
    fn links_lead_somewhere() {
        let page = "[a](../b.md) [b](x/y.md#part) ![c](x) [d](https://else.where/x) [e](#here) [f](./x/y.md \"t\")\n\
                    `[not](a-link.md)` \n```\n[nor](this.md)\n```\n[ref]: ../b.md\n[^1]: a footnote\n";
        let tree = Tree::of(&[("docs/a.md", page), ("b.md", ""), ("docs/x/y.md", "")]);
        assert_eq!(links_resolve(&tree), []);
    }

    #[test]
    fn links_that_lead_nowhere_are_told() {
        let page = "[a](gone.md)\nfine\n[b](../../outside.md)\n[ref]: gone.md\n[c](b.md) [d](gone/)\n";
        let violations = links_resolve(&Tree::of(&[("docs/a.md", page), ("docs/b.md", "")]));
        assert_eq!(lines(&violations), [1, 3, 4, 5]);
    }

    #[test]
    fn the_summary_knows_every_page() {
        let files = [
            ("docs/src/SUMMARY.md", "- [One](one.md)\n  - [Two](./deep/two.md)\n"),
            ("docs/src/one.md", ""),
            ("docs/src/deep/two.md", ""),
        ];
        assert_eq!(summary_lists_every_page(&Tree::of(&files)), []);
        let mut more = files.to_vec();
        more.push(("docs/src/three.md", ""));
        let violations = summary_lists_every_page(&Tree::of(&more));
        assert_eq!(
            violations.iter().map(|violation| violation.file.as_str()).collect::<Vec<_>>(),
            ["docs/src/three.md"]
        );
        assert_eq!(
            summary_lists_every_page(&Tree::of(&[("docs/src/one.md", "")])).len(),
            1,
            "no summary at all"
        );
    }

    #[test]
    fn machines_do_not_show_through() {
        let (home, work) = (MACHINE_PATHS[0], MACHINE_PATHS[2]);
        let text = format!("see {home}me\n\"{work}x\"\nfile://{work}x\n");
        assert_eq!(lines(&no_path_of_a_machine(&Tree::of(&[("tests/golden/a.txt", &text)]))), [1, 2]);
        let clean = format!("docs{work}x https://x.org{home}page ~{work}x homework /homepage\n");
        assert_eq!(no_path_of_a_machine(&Tree::of(&[("a.txt", &clean)])), []);
    }

    #[test]
    fn fences_of_one_sort_do_not_end_the_other() {
        let page = "a\n```\nb\n~~~\nc\n```\nd\n";
        assert_eq!(outside_fences(page).collect::<Vec<_>>(), [(1, "a"), (7, "d")]);
    }
}
