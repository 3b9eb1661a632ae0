//! Values as code writes them: literals of all our languages, and names that are known.

use super::super::kit::Reading;
use super::super::value::Value;

/// How deep values may be in each other.
const DEEPEST: usize = 12;
/// The longest value that is read, in items.
const MOST_ITEMS: usize = 400;

/// Reads values from a text.
pub(in super::super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    reading: &'a Reading,
    known: &'a dyn Fn(&str) -> Option<Value>,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(in super::super) fn new(
        text: &'a str,
        at: usize,
        reading: &'a Reading,
        known: &'a dyn Fn(&str) -> Option<Value>,
    ) -> Self {
        Self { text, at, reading, known, depth: 0 }
    }

    pub(in super::super) fn at(&self) -> usize {
        self.at
    }

    /// Goes to another place.
    pub(super) fn back(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn whole_text(&self) -> &'a str {
        self.text
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if self.depth == 0 || !trimmed.starts_with(self.reading.comment.as_str()) {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    pub(super) fn eat(&mut self, word: &str) -> bool {
        self.skip_space();
        let fits = self.rest().starts_with(word);
        if fits {
            self.at += word.len();
        }
        fits
    }

    /// A name, where one stands here.
    pub(super) fn word(&mut self) -> Option<&'a str> {
        self.skip_space();
        let rest = self.rest();
        let first = rest.chars().next().filter(|c| c.is_alphabetic() || matches!(c, '_' | '$'))?;
        let end = rest
            .char_indices()
            .skip(1)
            .find(|(_, c)| !c.is_alphanumeric() && !matches!(c, '_' | '$'))
            .map_or(rest.len(), |(at, _)| at);
        let _ = first;
        self.at += end;
        rest.get(..end)
    }

    /// The value that stands here; where there is none, nothing is said of where it stops.
    pub(in super::super) fn value(&mut self) -> Option<Value> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.depth += 1;
        let own = self.whole();
        self.depth -= 1;
        own
    }

    fn whole(&mut self) -> Option<Value> {
        while self.reading.prefixes.iter().any(|prefix| self.eat(prefix)) {}
        let mut own = self.one()?;
        while let Some(suffix) =
            self.reading.suffixes.iter().find(|own| self.rest().starts_with(own.as_str()))
        {
            self.at += suffix.len();
        }
        if let (Value::Text(left), rest) = (&own, self.rest().trim_start())
            && rest.starts_with(['"', '\''])
            && self.depth > 1
        {
            // Texts side by side are one.
            let left = left.clone();
            if let Some(Value::Text(right)) = self.one() {
                own = Value::text(format!("{left}{right}"));
            }
        }
        Some(own)
    }

    fn one(&mut self) -> Option<Value> {
        self.skip_space();
        match self.peek()? {
            '[' => {
                self.at += 1;
                self.items(']').map(|(items, _)| Value::List(items.into()))
            }
            '(' => {
                self.at += 1;
                let (items, has_comma) = self.items(')')?;
                match items.as_slice() {
                    [one] if !has_comma => Some(one.clone()),
                    _ => Some(Value::Tuple(items.into())),
                }
            }
            '{' => {
                self.at += 1;
                self.map()
            }
            '"' | '\'' | '`' => self.text(false),
            '-' => {
                self.at += 1;
                match self.one()? {
                    Value::Int(own) => own.checked_neg().map(Value::Int),
                    Value::Float(own) => Some(Value::Float(-own)),
                    _ => None,
                }
            }
            c if c.is_ascii_digit() || c == '.' => self.number(),
            _ => self.named(),
        }
    }

    /// Items up to a closing bracket, and whether a comma stood before it.
    fn items(&mut self, close: char) -> Option<(Vec<Value>, bool)> {
        let close = close.to_string();
        let (mut items, mut has_comma) = (Vec::new(), false);
        while !self.eat(&close) {
            if items.len() >= MOST_ITEMS || !items.is_empty() && !has_comma {
                return None;
            }
            items.push(self.value()?);
            has_comma = self.eat(",");
        }
        Some((items, has_comma))
    }

    fn map(&mut self) -> Option<Value> {
        let mut entries = Vec::new();
        while !self.eat("}") {
            if entries.len() >= MOST_ITEMS {
                return None;
            }
            let before = self.at;
            let bare = self.word().map(Value::text);
            let key =
                match bare.filter(|_| self.rest().trim_start().starts_with(':') && self.reading.bare_keys) {
                    Some(bare) => bare,
                    None => {
                        self.at = before;
                        self.value()?
                    }
                };
            if !self.eat(":") {
                return None;
            }
            entries.push((key, self.value()?));
            let _ = self.eat(",");
        }
        Some(Value::Map(entries.into()))
    }

    fn number(&mut self) -> Option<Value> {
        let rest = self.rest();
        let is_part = |(at, c): (usize, char)| {
            c.is_ascii_alphanumeric()
                || c == '_'
                || c == '.'
                    && rest
                        .get(at + 1..)
                        .is_some_and(|rest| !rest.starts_with(|c: char| c == '.' || c.is_alphabetic()))
                || matches!(c, '-' | '+')
                    && rest.get(..at).is_some_and(|own| own.ends_with(['e', 'E']) && !own.starts_with("0x"))
        };
        let end = rest.char_indices().find(|own| !is_part(*own)).map_or(rest.len(), |(at, _)| at);
        let text = rest.get(..end)?.replace('_', "");
        self.at += end;
        if let Some(digits) = text.strip_prefix("0x") {
            return i64::from_str_radix(digits, 16).ok().map(Value::Int);
        }
        if let Some(digits) = text.strip_prefix("0b") {
            return i64::from_str_radix(digits, 2).ok().map(Value::Int);
        }
        let plain = text.trim_end_matches('n');
        let types = ["i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "isize", "usize", "f32", "f64"];
        let ending = types.into_iter().find(|own| plain.ends_with(own));
        let plain = ending.map_or(plain, |ending| plain.trim_end_matches(ending));
        let is_float = ending.is_some_and(|own| own.starts_with('f'));
        match plain.parse::<i64>() {
            Ok(own) if !is_float => Some(Value::Int(own)),
            _ => plain.parse::<f64>().ok().filter(|own| own.is_finite()).map(Value::Float),
        }
    }

    /// A text between quotes, with or without escapes.
    fn text(&mut self, is_raw: bool) -> Option<Value> {
        let quote = self.peek()?;
        let triple: String = std::iter::repeat_n(quote, 3).collect();
        let close = if self.rest().starts_with(&triple) { triple } else { quote.to_string() };
        self.at += close.len();
        let mut own = String::new();
        loop {
            if self.rest().starts_with(&close) {
                self.at += close.len();
                return Some(Value::text(own));
            }
            let c = self.peek()?;
            self.at += c.len_utf8();
            match c {
                '\\' if !is_raw => own.extend(self.escape()?),
                '\n' if close.len() == 1 && quote != '`' => return None,
                '$' if quote == '`' && self.rest().starts_with('{') => return None,
                c => own.push(c),
            }
        }
    }

    /// What follows a backslash; nothing for the end of a line.
    fn escape(&mut self) -> Option<Option<char>> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(Some(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            '\n' => return Some(None),
            'x' => return self.code(2).map(Some),
            'u' if self.rest().starts_with('{') => {
                let (digits, _) = self.rest().get(1..)?.split_once('}')?;
                self.at += digits.len() + 2;
                return char::from_u32(u32::from_str_radix(digits, 16).ok()?).map(Some);
            }
            'u' => return self.code(4).map(Some),
            plain => plain,
        }))
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let code = u32::from_str_radix(self.rest().get(..digits)?, 16).ok()?;
        self.at += digits;
        char::from_u32(code)
    }

    /// A word that is a value, a function that gives its argument back, or a name that is known.
    fn named(&mut self) -> Option<Value> {
        let start = self.at;
        let first = self.word()?;
        if self.peek().is_some_and(|c| c == '"' || c == '\'') && first.len() <= 2 {
            return match first {
                "r" | "R" => self.text(true),
                "u" | "U" => self.text(false),
                _ => None,
            };
        }
        // What follows a known name is asked of its value.
        if let Some(own) = (self.known)(first) {
            return Some(own);
        }
        let mut end = self.at;
        while self.rest().starts_with("::") || self.rest().starts_with('.') && self.rest().len() > 1 {
            self.at += if self.rest().starts_with("::") { 2 } else { 1 };
            if self.rest().starts_with('<') {
                let close = self.rest().find('>')?;
                self.at += close + 1;
            } else if self.word().is_none() {
                self.at = end;
                break;
            }
            end = self.at;
        }
        let name = self.text.get(start..end)?.trim();
        if let Some(own) = self.reading.words.get(name) {
            let nothing = |_: &str| None;
            let mut inner =
                Reader { text: own, at: 0, reading: self.reading, known: &nothing, depth: self.depth };
            return match own.as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                "none" => Some(Value::None),
                _ => inner.value(),
            };
        }
        if self.reading.wrappers.iter().any(|own| own == name) && self.eat("(") {
            let (items, _) = self.items(')')?;
            return match items.as_slice() {
                [one] => Some(one.clone()),
                _ => None,
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::kit::Kit;
    use super::*;
    use hephaestus_core::LanguageId;
    use hephaestus_syntax::Languages;

    fn read(language: &str, text: &str) -> Option<String> {
        let languages = Languages::builtin().unwrap();
        let kit = Kit::of(languages.get(&LanguageId::new(language)).unwrap().pack()).unwrap().unwrap();
        let known = |name: &str| (name == "known").then_some(Value::Int(7));
        let mut reader = Reader::new(text, 0, &kit.reading, &known);
        let own = reader.value()?;
        reader.rest().trim().is_empty().then(|| format!("{own:?}"))
    }

    #[test]
    fn literals_of_every_language_are_read() {
        let same = |language: &str, left: &str, right: &str| {
            assert_eq!(read(language, left), read("python", right), "{left}");
            assert!(read(language, left).is_some(), "{left}");
        };
        same("python", "[1, -2, (3, 'a'),\n  ]", "[1,-2,(3,\"a\")]");
        same("python", "r'\\d'", "'\\\\d'");
        same("python", "{'a': [1.5e3], 2: None}", "{\"a\": [1500.0], 2: None}");
        same("python", "[known, True]", "[7, True]");
        same("javascript", "{ a: [1, null], 'b': `x` }", "{'a': [1, None], 'b': 'x'}");
        same("rust", "vec![String::from(\"a\"), \"b\".to_string()]", "['a', 'b']");
        same("rust", "&[1_000i64, -3]", "[1000, -3]");
        same("rust", "Some('x')", "'x'");
        same("rust", "(2.5_f64, true)", "(2.5, True)");
    }

    #[test]
    fn what_is_no_plain_value_is_not_read() {
        for text in ["f(1)", "[1, unknown]", "{1, 2}", "'open", "a.b", "", "[1 2]", "f'{x}'", "1 + 2"] {
            assert_eq!(read("python", text), None, "{text}");
        }
        assert_eq!(read("javascript", "`${x}`"), None);
        assert_eq!(read("python", &"[".repeat(100_000)), None);
    }
}
