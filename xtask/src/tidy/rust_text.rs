//! Just enough of Rust's lexer to tell code from comments and literals, and to find functions.
//!
//! Not a parser: what it must get right is that nothing inside a comment or a literal counts as code, and that braces match.

/// A Rust file's text.
pub(crate) struct RustText {
    text: String,
    code: String,
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// 1-based line of its `fn`.
    pub(crate) line: usize,
    /// Lines from its `fn` to its closing brace.
    pub(crate) lines: usize,
}

impl RustText {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), code: mask(text) }
    }

    /// The text as it is.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text with comments and literals blanked out; every byte stands where it stood.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The 1-based line of a byte offset.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        1 + self.code.bytes().take(offset).filter(|byte| *byte == b'\n').count()
    }

    /// Offsets at which `word` stands in the code and is not part of a longer name.
    pub(crate) fn find(&self, word: &str) -> Vec<usize> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        self.code
            .match_indices(word)
            .map(|(at, _)| at)
            .filter(|at| {
                let before = self.code.get(..*at).and_then(|code| code.chars().next_back());
                let after = self.code.get(at + word.len()..).and_then(|code| code.chars().next());
                !before.is_some_and(is_name) && !after.is_some_and(is_name)
            })
            .collect()
    }

    /// The names (identifiers and keywords) in the code.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
    }

    /// All functions that have a body, nested ones too.
    pub(crate) fn functions(&self) -> Vec<Function> {
        self.find("fn").into_iter().filter_map(|at| self.function_at(at)).collect()
    }

    /// Whether the byte at `offset` lies in a `#[cfg(test)]` module or item.
    pub(crate) fn is_in_tests(&self, offset: usize) -> bool {
        const MARK: &str = "#[cfg(test)]";
        self.code.match_indices(MARK).any(|(at, _)| {
            let body = self.body_after(at + MARK.len());
            at <= offset && body.is_some_and(|(_, end)| offset < end)
        })
    }

    fn function_at(&self, at: usize) -> Option<Function> {
        let after = self.code.get(at + 2..)?.trim_start();
        let name: String =
            after.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#')).collect();
        // `fn(u8) -> u8` is a type.
        if name.is_empty() {
            return None;
        }
        let (_, end) = self.body_after(at)?;
        let (first, last) = (self.line_of(at), self.line_of(end));
        Some(Function { name, line: first, lines: last - first + 1 })
    }

    /// The braces that open after `from`, before any `;` outside brackets: from the first to just behind the last.
    fn body_after(&self, from: usize) -> Option<(usize, usize)> {
        let (mut brackets, mut braces, mut start) = (0_i32, 0_i32, None);
        for (at, c) in self.code.get(from..)?.char_indices() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets -= 1,
                ';' if start.is_none() && brackets == 0 => return None,
                '{' => {
                    start = start.or(Some(from + at));
                    braces += 1;
                }
                '}' => {
                    braces -= 1;
                    if braces == 0 {
                        return Some((start?, from + at + 1));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

fn mask(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_name = false;
    while let Some(first) = rest.chars().next() {
        let hidden = hidden_length(rest, in_name);
        let (done, tail) = rest.split_at_checked(hidden.max(first.len_utf8())).unwrap_or((rest, ""));
        if hidden == 0 {
            code.push(first);
            in_name = first.is_alphanumeric() || first == '_';
        } else {
            for c in done.chars() {
                if c == '\n' { code.push(c) } else { code.extend(std::iter::repeat_n(' ', c.len_utf8())) }
            }
            in_name = false;
        }
        rest = tail;
    }
    code
}

/// The length in bytes of the comment or literal that `rest` begins with; 0 where it begins with code.
fn hidden_length(rest: &str, in_name: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_length(rest);
    }
    if rest.starts_with('"') {
        return string_length(rest);
    }
    if rest.starts_with('\'') {
        return character_length(rest);
    }
    if in_name { 0 } else { raw_string_length(rest).unwrap_or(0) }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal's length; 0 for a lifetime.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        // The escaped character may itself be a quote.
        (Some((_, '\\')), Some(_)) => chars.find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

fn raw_string_length(rest: &str) -> Option<usize> {
    let after = ["br", "cr", "r"].iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| opening + at + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let masked = mask(text);
        assert_eq!(masked.len(), text.len());
        masked.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        assert_eq!(code("a // b\nc /* d /* e */ f */ g"), "a c g");
        assert_eq!(code(r#"a "b \" c" d"#), "a d");
        assert_eq!(code(r##"a r#"b " c"# br"d" b"e" f"##), "a b f");
        assert_eq!(code(r"a 'b' '\'' '\u{e9}' 'é' c"), "a c");
        assert_eq!(code("\"unterminated { "), "");
        assert_eq!(code("/* unterminated { "), "");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        assert_eq!(
            code("fn f<'a>(x: &'a str, r#type: char) -> &'static str"),
            "fn f<'a>(x: &'a str, r#type: char) -> &'static str"
        );
        assert_eq!(code("var\"x\""), "var", "a name that ends in r opens no raw string");
    }

    #[test]
    fn functions_are_found_with_their_lengths() {
        let text = "fn one() {}\ntrait T {\n    fn declared(x: [u8; 2]);\n    fn two(f: fn(u8) -> u8) -> u8 {\n        // }\n        '}';\n        1\n    }\n}\n";
        let functions = RustText::new(text).functions();
        assert_eq!(
            functions,
            [
                Function { name: "one".into(), line: 1, lines: 1 },
                Function { name: "two".into(), line: 4, lines: 5 }
            ]
        );
    }

    #[test]
    fn functions_inside_macros_and_functions_count_too() {
        let text = "macro_rules! m { () => { fn $name() {\n} } }\nfn outer() {\n fn inner() {\n }\n}\n";
        let names: Vec<String> =
            RustText::new(text).functions().into_iter().map(|function| function.name).collect();
        assert_eq!(names, ["$name", "outer", "inner"]);
    }

    #[test]
    fn words_stand_alone() {
        let text = RustText::new("unsafe_code; not_unsafe; unsafe { \"unsafe\" } // unsafe");
        assert_eq!(text.find("unsafe"), [25]);
    }

    #[test]
    fn test_modules_have_an_end() {
        let text = RustText::new("a\n#[cfg(test)]\nmod tests { b }\nc\n#[cfg(test)]\nmod other;\nd");
        let is_test = |word| text.is_in_tests(text.find(word)[0]);
        assert_eq!(["a", "b", "c", "d"].map(is_test), [false, true, false, false]);
    }
}
