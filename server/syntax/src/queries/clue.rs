//! Clues: what a text must contain at least for a query to match anywhere in it, read off the query's own predicates.
//!
//! Running a query visits every node; looking for a few words first spares that for nearly every file. Only for queries
//! whose every match depends on a `#eq?`, `#any-of?` or `#match?`: the caller knows which these are.

use regex::Regex;

/// A clue for the query `source`; `None` when one of its patterns promises nothing about the text.
pub(super) fn clue(source: &str) -> Option<Regex> {
    let mut expressions = Vec::new();
    for pattern in patterns(source) {
        let own = predicate(&pattern)?;
        expressions.extend(own);
    }
    Regex::new(&expressions.join("|")).ok().filter(|_| !expressions.is_empty())
}

/// The kinds of node that matches of the query `source` begin at; `None` where that cannot be told, or where a pattern is
/// about several nodes side by side.
pub(super) fn roots(source: &str) -> Option<Vec<String>> {
    patterns(source).iter().map(|pattern| root(pattern)).collect()
}

fn root(pattern: &[Word]) -> Option<String> {
    let plain = |at: usize| match pattern.get(at) {
        Some(Word::Plain(word)) => word.as_str(),
        _ => "",
    };
    let grouped = plain(1) == "(";
    let name = plain(if grouped { 2 } else { 1 });
    let mut depth = 0_usize;
    for at in 0..pattern.len() {
        match plain(at) {
            "(" | "[" => {
                // Beside the first node of a group there may only be predicates.
                if grouped && depth == 1 && at > 1 && !plain(at + 1).starts_with('#') {
                    return None;
                }
                depth += 1;
            }
            ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_') && name != "_";
    is_name.then(|| name.to_owned())
}

/// A part of a query: a parenthesis or a word, or a string without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Plain(String),
    Text(String),
}

/// The query's patterns, each as its words. A pattern ends where all of its brackets are closed.
fn patterns(source: &str) -> Vec<Vec<Word>> {
    let (mut patterns, mut current, mut depth) = (Vec::new(), Vec::new(), 0_usize);
    for word in words(source) {
        match &word {
            Word::Plain(text) if text == "(" || text == "[" => depth += 1,
            Word::Plain(text) if text == ")" || text == "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let closes = depth == 0 && matches!(&word, Word::Plain(text) if text == ")" || text == "]");
        // What follows a pattern at the outermost level is its own capture.
        if depth > 0 || closes {
            current.push(word);
        }
        if closes {
            patterns.push(std::mem::take(&mut current));
        }
    }
    patterns
}

fn words(source: &str) -> Vec<Word> {
    let (mut words, mut plain, mut chars) = (Vec::new(), String::new(), source.chars());
    while let Some(c) = chars.next() {
        let ends = c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"' | ';');
        if !ends {
            plain.push(c);
            continue;
        }
        if !plain.is_empty() {
            words.push(Word::Plain(std::mem::take(&mut plain)));
        }
        match c {
            '"' => words.push(Word::Text(string(&mut chars))),
            ';' => while chars.next().is_some_and(|c| c != '\n') {},
            '(' | ')' | '[' | ']' => words.push(Word::Plain(c.to_string())),
            _ => {}
        }
    }
    words
}

/// The rest of a string, with its escapes resolved.
fn string(chars: &mut impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => text.push(c),
        }
    }
    text
}

/// What the first predicate of a pattern asks for, as expressions of which one must match somewhere.
fn predicate(pattern: &[Word]) -> Option<Vec<String>> {
    let at = pattern.iter().position(
        |word| matches!(word, Word::Plain(word) if matches!(word.as_str(), "#eq?" | "#any-of?" | "#match?")),
    )?;
    let texts = pattern.iter().skip(at + 2).map_while(|word| match word {
        Word::Text(text) => Some(text.as_str()),
        Word::Plain(_) => None,
    });
    let is_expression = pattern.get(at) == Some(&Word::Plain("#match?".to_owned()));
    let expression = |text| if is_expression { anywhere(text) } else { Some(regex::escape(text)) };
    let found: Vec<String> = texts.map(expression).collect::<Option<_>>()?;
    (!found.is_empty()).then_some(found)
}

/// An expression about a node's text, as one about a text it is in.
fn anywhere(expression: &str) -> Option<String> {
    let free = expression.strip_prefix('^').unwrap_or(expression);
    let free = free.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).unwrap_or(free);
    let free = free.replace(r"\b", "");
    let is_bound =
        free.contains(['^', '$']) || [r"\A", r"\z", r"\B"].iter().any(|bound| free.contains(bound));
    (!is_bound).then(|| format!("(?:{free})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(source: &str, text: &str) -> Option<bool> {
        clue(source).map(|clue| clue.is_match(text))
    }

    #[test]
    fn every_sort_of_predicate_is_a_clue() {
        let equal = "; a comment with (brackets\n((call f: (name) @_n) @x (#eq? @_n \"a.b\"))";
        assert_eq!((finds(equal, "x a.b y"), finds(equal, "x aXb y")), (Some(true), Some(false)));
        let any = "((m (name) @_n) @x\n (#any-of? @_n \"one\" \"two\"))";
        assert_eq!((finds(any, "two"), finds(any, "three")), (Some(true), Some(false)));
        let expression = "((m (name) @_n) @x (#match? @_n \"^(?i)(todo|later)\\\\b\"))";
        assert_eq!((finds(expression, "'TODO now'"), finds(expression, "done")), (Some(true), Some(false)));
    }

    #[test]
    fn matches_begin_at_the_outermost_node_of_each_pattern() {
        let source = "((a b: (c [(d) (e)])) @x (#eq? @x \"1\"))\n(f) @y";
        assert_eq!(roots(source), Some(vec!["a".to_owned(), "f".to_owned()]));
        for unclear in ["((a) (b))", "[(a) (b)]", "(_) @x", "((_) @x)"] {
            assert_eq!(roots(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn patterns_add_up_and_one_without_a_predicate_spoils_the_clue() {
        let two = "((a) @x (#eq? @x \"one\"))\n((b) @x (#eq? @x \"two\")) @y";
        assert_eq!((finds(two, "two"), finds(two, "")), (Some(true), Some(false)));
        assert_eq!(finds("((a) @x (#eq? @x \"one\")) (b) @x", "one"), None);
        assert_eq!(finds("((a) @x (#match? @x \"a^b\"))", "one"), None);
        assert_eq!(finds("((a) @x (#eq? @x @x))", "one"), None);
        assert_eq!(finds("", "one"), None);
    }
}
