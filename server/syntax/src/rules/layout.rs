//! How a replacement looks on the page: line ends, indentation steps, tabs, blank lines.
//!
//! ast-grep moves a captured block by whole columns of spaces and knows neither tabs nor carriage returns. What it
//! leaves undone is done here; nothing but white space outside string literals is ever changed.

use std::ops::Range;

/// The indentation steps replacements are prepared for, in spaces.
pub(super) const STEPS: [usize; 3] = [2, 4, 8];

/// What one tab counts as while a replacement is put together.
const TAB_WIDTH: usize = 4;

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Spaces per level; what a tab counts as where tabs indent.
    pub(super) step: usize,
    /// Whether tabs indent.
    pub(super) tabs: bool,
    /// Whether lines end with `\r\n`.
    pub(super) crlf: bool,
}

impl Layout {
    /// Reads it off the text: the commonest step between a line and a deeper next one.
    pub(super) fn of(text: &str) -> Self {
        let crlf = text.find('\n').is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
        let (mut tabbed, mut spaced, mut votes, mut before) = (0_usize, 0_usize, [0_usize; STEPS.len()], 0);
        for line in lines(text.as_bytes()) {
            let indent = line.iter().take_while(|byte| **byte == b' ').count();
            if is_blank(line.get(indent..).unwrap_or_default()) {
                continue;
            }
            if line.first() == Some(&b'\t') {
                tabbed += 1;
                continue;
            }
            // One column is the second line of a block comment, not a level.
            spaced += usize::from(indent > 1);
            let deeper = indent.saturating_sub(before);
            if let Some(vote) = STEPS.iter().position(|step| *step == deeper).and_then(|at| votes.get_mut(at))
            {
                *vote += 1;
            }
            before = indent;
        }
        let tabs = tabbed > spaced;
        let most = votes.iter().copied().max().unwrap_or(0);
        let voted = STEPS
            .iter()
            .zip(votes)
            .find(|(_, count)| *count == most && most > 0)
            .map_or(TAB_WIDTH, |(step, _)| *step);
        Self { step: if tabs { TAB_WIDTH } else { voted }, tabs, crlf }
    }
}

/// The lines of a text, each without its `\n`.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memchr_iter(b'\n', text).chain([text.len()]);
    ends.scan(0, |start, end| {
        let line = text.get(*start..end);
        *start = end + 1;
        line
    })
}

/// Whether nothing but white space is left of a line.
fn is_blank(rest: &[u8]) -> bool {
    match rest.first() {
        None => true,
        Some(first) if first.is_ascii_graphic() => false,
        Some(_) => std::str::from_utf8(rest).is_ok_and(|rest| rest.trim().is_empty()),
    }
}

/// The first indentation a template makes itself, `None` when it makes none.
pub(super) fn step_of_template(template: &str) -> Option<usize> {
    template.lines().map(|line| leading(line, ' ')).filter(|indent| *indent > 0).min()
}

/// The template with its indentation in steps of `to` instead of `from`.
pub(super) fn scale(template: &str, from: usize, to: usize) -> String {
    let scaled = |line: &str| {
        let indent = leading(line, ' ');
        let from = from.max(1);
        " ".repeat(indent / from * to + indent % from) + line.trim_start_matches(' ')
    };
    template.split('\n').map(scaled).collect::<Vec<_>>().join("\n")
}

/// A text with every leading tab as spaces, so that columns can be counted.
pub(super) struct Expanded {
    pub(super) text: String,
    /// For each line that has leading tabs: where it starts, and how many.
    tabs: Vec<(usize, usize)>,
}

impl Expanded {
    pub(super) fn of(text: &str) -> Self {
        let mut expanded = Self { text: String::with_capacity(text.len() * 2), tabs: Vec::new() };
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let tabs = leading(line, '\t');
            expanded.text.push_str(&" ".repeat(tabs * TAB_WIDTH));
            expanded.text.push_str(line.get(tabs..).unwrap_or_default());
            if tabs > 0 {
                expanded.tabs.push((start, tabs));
            }
            start += line.len();
        }
        expanded
    }

    /// Where a range of the original text lies in the expanded one.
    pub(super) fn map(&self, range: &Range<usize>) -> Range<usize> {
        self.offset(range.start)..self.offset(range.end)
    }

    fn offset(&self, original: usize) -> usize {
        let added =
            |(start, tabs): &(usize, usize)| original.saturating_sub(*start).min(*tabs) * (TAB_WIDTH - 1);
        let before = self.tabs.partition_point(|(start, _)| *start < original);
        original + self.tabs.iter().take(before).map(added).sum::<usize>()
    }
}

/// The inverse for a replacement: leading spaces back to tabs, in every line but the first.
pub(super) fn collapse(replacement: &str) -> String {
    rest_of_lines(replacement, |line| {
        let indent = leading(line, ' ');
        "\t".repeat(indent / TAB_WIDTH) + &" ".repeat(indent % TAB_WIDTH) + line.trim_start_matches(' ')
    })
}

/// A replacement without the blanks that re-indenting puts into empty lines. Its last line keeps them: the file's own
/// text goes on there.
pub(super) fn clear_blank_lines(replacement: &str) -> String {
    let mut lines: Vec<&str> = replacement.split('\n').collect();
    let last = lines.len().saturating_sub(1);
    for line in lines.iter_mut().take(last).skip(1) {
        if line.trim().is_empty() {
            *line = "";
        }
    }
    lines.join("\n")
}

fn rest_of_lines(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |mut out, line| {
        out.push('\n');
        out.push_str(&change(line));
        out
    })
}

fn leading(line: &str, white: char) -> usize {
    line.chars().take_while(|c| *c == white).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_read_off_the_text() {
        assert_eq!(Layout::of("a\n  b\n    c\n"), Layout { step: 2, tabs: false, crlf: false });
        assert_eq!(Layout::of("a\r\n    b\r\n"), Layout { step: 4, tabs: false, crlf: true });
        assert_eq!(Layout::of("a\n\tb\n\t\tc\n"), Layout { step: 4, tabs: true, crlf: false });
        assert_eq!(Layout::of("").step, 4);
        let javadoc = "/**\n * one\n * two\n */\nfunction f() {\n\treturn 1;\n}\n";
        assert!(Layout::of(javadoc).tabs);
    }

    #[test]
    fn a_template_is_scaled_by_whole_steps() {
        assert_eq!(step_of_template("if (a) {\n  b\n}"), Some(2));
        assert_eq!(step_of_template("$A && $B"), None);
        assert_eq!(scale("x:\n  y\n    z\n     q", 2, 4), "x:\n    y\n        z\n         q");
    }

    #[test]
    fn expanded_offsets_count_the_tabs_before_them() {
        let text = "a\n\t\tb\n\tc";
        let expanded = Expanded::of(text);
        assert_eq!(expanded.text, "a\n        b\n    c");
        for wanted in ["a", "b", "c"] {
            let at = text.find(wanted).unwrap();
            let mapped = expanded.map(&(at..at + 1));
            assert_eq!(expanded.text.get(mapped), Some(wanted));
        }
        assert_eq!(collapse("if {\n        b\n      c\n    }"), "if {\n\t\tb\n\t  c\n\t}");
    }

    #[test]
    fn blank_lines_lose_their_blanks_but_the_last_line_does_not() {
        assert_eq!(clear_blank_lines("a\n    \n  b\n  "), "a\n\n  b\n  ");
    }
}
