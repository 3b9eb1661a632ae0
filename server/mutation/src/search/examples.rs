//! What the documentation of a function promises: calls with what they give, as they stand in comments and doc strings. Only
//! text is read; whether a change keeps the promise is found out by running it.

/// A promise: this call gives that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// The call as it is written, on one line.
    pub(super) call: String,
    /// What it gives, as it is written.
    pub(super) gives: String,
}

/// What stands between a call and what it gives, on one line.
const SIGNS: [&str; 9] =
    ["==", "=>", "->", "\u{279e}", "\u{2794}", "\u{2192}", "should return", "returns", "="];
/// The longest promise that is read, in bytes.
const LONGEST: usize = 400;
/// How many are read.
const MOST: usize = 24;

/// The promises about `name` in `text`: `>>> f(1)` with what it gives on the next line, and `f(1) == 2` with any of the usual
/// signs, in lines of documentation.
pub(super) fn examples(text: &str, name: &str) -> Vec<Example> {
    let name = name.rsplit('.').next().unwrap_or(name);
    let mut found: Vec<Example> = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (nth, line) in lines.iter().enumerate().filter(|(_, line)| line.len() <= LONGEST) {
        let Some((call, rest)) = call_of(line, name) else { continue };
        let before = line.split(name).next().unwrap_or_default();
        let rest = rest.trim().trim_start_matches(['#', '/']).trim_start();
        let gives = if rest.is_empty() && before.trim_end().ends_with(">>>") {
            lines.get(nth + 1).map(|next| next.trim().trim_start_matches(['*', '/']).trim())
        } else if before.trim().trim_start_matches(['*', '/', '#', '>', '-']).trim().is_empty() {
            SIGNS.iter().find_map(|sign| rest.strip_prefix(sign)).map(str::trim)
        } else {
            None
        };
        if let Some(gives) = gives.filter(|gives| !gives.is_empty() && gives.len() <= LONGEST)
            && found.len() < MOST
        {
            found.push(Example { call: call.to_owned(), gives: gives.to_owned() });
        }
    }
    found
}

/// A call of `name` in a line, and what follows it.
fn call_of<'a>(line: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let open = format!("{name}(");
    let start = line.find(&open)?;
    let is_part =
        line.get(..start)?.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
    let (mut depth, mut quote) = (0usize, None);
    let inner = line.get(start..)?;
    for (at, c) in inner.char_indices() {
        match (quote, c) {
            (Some(own), c) if c == own => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 && c == ')' {
                    return (!is_part).then(|| inner.split_at(at + 1));
                }
            }
            (None, _) => {}
        }
    }
    None
}

/// Whether what a call gives is what was promised, however it is written: quotes, blanks, sorts of brackets, `1.0` for `1`
/// and the case of words make no difference.
pub(super) fn is_kept(said: &str, promised: &str) -> bool {
    plain(said) == plain(promised)
}

fn plain(text: &str) -> String {
    let text = text.trim().trim_end_matches(['.', ';']);
    let mut plain = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        plain.extend(match c {
            '"' | '`' => '\''.to_lowercase(),
            '(' => '['.to_lowercase(),
            ')' => ']'.to_lowercase(),
            c => c.to_lowercase(),
        });
    }
    // A whole number is the same with and without its zero.
    let mut shorter = String::new();
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(".0") {
        let (before, after) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        let is_whole = before.ends_with(|c: char| c.is_ascii_digit())
            && !after.starts_with(|c: char| c.is_ascii_digit());
        shorter.push_str(before);
        shorter.push_str(if is_whole { "" } else { ".0" });
        rest = after;
    }
    shorter + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        examples(text, "C.f").into_iter().map(|example| (example.call, example.gives)).collect()
    }

    #[test]
    fn promises_are_read_from_the_usual_forms() {
        let pair = |call: &str, gives: &str| (call.to_owned(), gives.to_owned());
        assert_eq!(read("    >>> f([1, (2)], 'a)')\n    [1, 2]\n"), [pair("f([1, (2)], 'a)')", "[1, 2]")]);
        assert_eq!(read(" * >>> f(1)\n * 'x'\n"), [pair("f(1)", "'x'")]);
        assert_eq!(read("  f(2) == 3\n"), [pair("f(2)", "3")]);
        assert_eq!(read("  // f(2) => 3\n"), [pair("f(2)", "3")]);
        assert_eq!(read("  f(2) # => 3\n"), [pair("f(2)", "=> 3")].map(|(call, _)| pair(&call, "3")));
    }

    #[test]
    fn code_that_calls_is_no_promise() {
        for text in [
            "    return f(2) == 3\n",
            "def f(x):\n",
            "    y = f(1)\n",
            "if g(f(1)) == 2:\n",
            "leaf(1) == 2\n",
        ] {
            assert_eq!(read(text), [], "{text}");
        }
    }

    #[test]
    fn how_a_value_is_written_makes_no_difference() {
        assert!(is_kept("[ 1, 2 ]", "(1.0, 2)"));
        assert!(is_kept("'a'", "\"a\"") && is_kept("True", "true"));
        assert!(!is_kept("1.05", "15") && !is_kept("0", "1"));
    }
}
