//! Templates: text with parts of the code in it. `{right}` is the text at the path `right`, `{}` that of the node the
//! operator began at, `{{` and `}}` are braces. What stands after a `|` changes the text:
//!
//! - `plus-one`, `minus-one`: the number, changed; base, suffix and sort (whole or not) stay. Nothing below zero.
//! - `grouped`: in parentheses, unless it is one of the file's `atoms`.
//! - `indent`: the blanks before it on its line; there is no text when anything else stands there.
//!
//! A part that is not there makes the whole template give nothing: an operator with such a template does not apply.

use super::compile::Grammar;
use super::condition::View;
use super::path::Path;
use crate::nodes::Place;

/// A template.
#[derive(Debug, Clone)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Code(Path, Change),
    /// What is replaced.
    Old,
    /// What takes its place.
    New,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    PlusOne,
    MinusOne,
    Grouped,
    Indent,
}

/// The longest piece of code that a description quotes, in characters.
const LONGEST_QUOTE: usize = 48;

impl Template {
    pub(super) fn parse(text: &str, grammar: &Grammar<'_>) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            plain.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                plain.extend(from.chars().next());
                rest = after;
                continue;
            }
            let inner = from.strip_prefix('{').and_then(|from| from.split_once('}'));
            let Some((inner, after)) = inner else {
                return Err(format!("a brace in `{text}` has no partner"));
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(part(inner, grammar)?);
            rest = after;
        }
        parts.push(Part::Text(plain + rest));
        Ok(Self { parts })
    }

    /// The text for the node at `root`.
    pub(super) fn fill(&self, view: View<'_>, atoms: &[u16], root: Place) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Code(path, change) => {
                    let place = path.follow(view.nodes, root)?;
                    text.push_str(&change.of(view, atoms, place)?);
                }
                Part::Old | Part::New => return None,
            }
        }
        Some(text)
    }

    /// The same in words: code is on one line and not long.
    pub(super) fn describe(
        &self,
        view: View<'_>,
        atoms: &[u16],
        root: Place,
        (old, new): (&str, &str),
    ) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(own) => text.push_str(own),
                Part::Code(path, change) => {
                    let place = path.follow(view.nodes, root)?;
                    text.push_str(&quote(&change.of(view, atoms, place)?));
                }
                Part::Old => text.push_str(&quote(old)),
                Part::New => text.push_str(&quote(new)),
            }
        }
        Some(text)
    }
}

fn part(inner: &str, grammar: &Grammar<'_>) -> Result<Part, String> {
    let (path, change) = inner.split_once('|').unwrap_or((inner, ""));
    let change = match change {
        "" => Change::None,
        "plus-one" => Change::PlusOne,
        "minus-one" => Change::MinusOne,
        "grouped" => Change::Grouped,
        "indent" => Change::Indent,
        _ => return Err(format!("`{change}` is nothing that can be done to a text")),
    };
    Ok(match path {
        "old" => Part::Old,
        "new" => Part::New,
        _ => Part::Code(Path::parse(path, grammar)?, change),
    })
}

impl Change {
    fn of(self, view: View<'_>, atoms: &[u16], place: Place) -> Option<String> {
        let text = view.text_of(place);
        match self {
            Self::None => Some(text.to_owned()),
            Self::PlusOne => changed(text, 1),
            Self::MinusOne => changed(text, -1),
            Self::Grouped if atoms.contains(&view.nodes.kind(place)) => Some(text.to_owned()),
            Self::Grouped => Some(format!("({text})")),
            Self::Indent => view.indent(view.nodes.range(place).start).map(str::to_owned),
        }
    }
}

/// A number's text with `by` added; `None` for what is not read (exponents) and for what would be below zero.
fn changed(text: &str, by: i32) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") => (16, 2),
        Some("0o") => (8, 2),
        Some("0b") => (2, 2),
        _ => (10, 0),
    };
    let (prefix, number) = text.split_at_checked(digits)?;
    let is_digit = |c: char| c == '_' || c.is_digit(base) || base == 10 && c == '.';
    let end = number.find(|c| !is_digit(c)).unwrap_or(number.len());
    let end = number.get(..end)?.trim_end_matches('_').len();
    let (number, suffix) = number.split_at_checked(end)?;
    if number.is_empty() || suffix.starts_with(['e', 'E']) && base == 10 {
        return None;
    }
    let number = number.replace('_', "");
    if number.contains('.') {
        let value = number.parse::<f64>().ok()? + f64::from(by);
        return (value >= 0.0).then(|| format!("{prefix}{value:?}{suffix}"));
    }
    let value = u128::from_str_radix(&number, base).ok()?;
    let value = if by < 0 { value.checked_sub(1)? } else { value.checked_add(1)? };
    let written = match base {
        16 => format!("{value:x}"),
        8 => format!("{value:o}"),
        2 => format!("{value:b}"),
        _ => value.to_string(),
    };
    Some(format!("{prefix}{written}{suffix}"))
}

/// Code as it stands between backticks in a sentence: one line, not long.
fn quote(code: &str) -> String {
    let mut line = String::new();
    for word in code.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > 4 * LONGEST_QUOTE {
            break;
        }
    }
    let line = line.replace('`', "'");
    match line.char_indices().nth(LONGEST_QUOTE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_base_and_suffix() {
        let up = |text| changed(text, 1);
        assert_eq!(up("9").as_deref(), Some("10"));
        assert_eq!(up("1_000usize").as_deref(), Some("1001usize"));
        assert_eq!(up("10_u8").as_deref(), Some("11_u8"));
        assert_eq!(up("0xff").as_deref(), Some("0x100"));
        assert_eq!(up("0b1u8").as_deref(), Some("0b10u8"));
        assert_eq!(up("10n").as_deref(), Some("11n"));
        assert_eq!(up("0.5").as_deref(), Some("1.5"));
        assert_eq!(up("2.0f32").as_deref(), Some("3.0f32"));
        assert_eq!(up("1e9"), None);
        assert_eq!(up("0x"), None);
        assert_eq!(up(""), None);
        assert_eq!(up("340282366920938463463374607431768211455"), None);
    }

    #[test]
    fn nothing_goes_below_zero() {
        assert_eq!(changed("1", -1).as_deref(), Some("0"));
        assert_eq!(changed("0", -1), None);
        assert_eq!(changed("0.5", -1), None);
    }

    #[test]
    fn quotes_are_one_short_line() {
        assert_eq!(quote("f(\n    a,\n)"), "f( a, )");
        assert_eq!(quote("`x`"), "'x'");
        let long = quote(&"wörter ".repeat(40));
        assert!(long.ends_with('…') && long.chars().count() <= LONGEST_QUOTE + 1, "{long}");
    }
}
