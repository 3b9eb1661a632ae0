//! The head of a function: its parameters with what is known of them, and what it gives.

use hephaestus_core::ByteRange;
use hephaestus_syntax::{Hole, Parsed};

use super::super::kit::Kit;
use super::super::types::Type;
use super::super::value::Value;
use super::calls::Arguments;
use super::values::Reader;

/// A parameter as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Declared {
    pub(in super::super) name: String,
    pub(in super::super) hint: Option<String>,
    default: Option<Value>,
}

/// The head of a function.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Signature {
    pub(in super::super) name: String,
    pub(in super::super) parameters: Vec<Declared>,
    pub(in super::super) returns: Option<String>,
    /// Constants that its documentation mentions.
    pub(in super::super) mentioned: Vec<Value>,
}

impl Signature {
    /// The head of the function a hole lies in; `None` where its parameters are more than names.
    pub(in super::super) fn of(parsed: &Parsed, hole: &Hole, kit: &Kit) -> Option<Self> {
        let function = parsed.function_at(hole.range)?;
        let text = &parsed.file().text;
        let head = ByteRange::new(function.range.start, hole.body.start).slice(text)?;
        let own = Self::read(&function.name, head, kit)?;
        let inside = ByteRange::new(hole.body.start, hole.range.start).slice(text).unwrap_or_default();
        let above = text.get(..function.range.start).unwrap_or_default();
        let comment: Vec<&str> = above
            .lines()
            .rev()
            .map(str::trim)
            .take_while(|line| line.starts_with(['/', '*', '#']))
            .take(40)
            .collect();
        Some(Self { mentioned: mentioned(&format!("{inside}\n{}", comment.join("\n")), kit), ..own })
    }

    pub(in super::super) fn read(name: &str, head: &str, kit: &Kit) -> Option<Self> {
        if head.trim_start().starts_with("async") {
            return None;
        }
        let named = head.find(&format!("{name}(")).or_else(|| head.find(&format!("{name}<")));
        // The lifetimes between name and bracket are no parameters.
        let start = head.get(named.unwrap_or(0)..)?.find('(')? + named.unwrap_or(0);
        let end = closing(head, start)?;
        let mut parameters = Vec::new();
        for part in split(head.get(start + 1..end)?) {
            match part {
                "" | "*" | "/" => {}
                part => parameters.push(declared(part, kit)?),
            }
        }
        let after =
            head.get(end + 1..)?.trim().trim_end_matches(['{', ':']).trim().trim_end_matches("=>").trim();
        let returns = after.strip_prefix("->").or_else(|| after.strip_prefix(':')).map(str::trim);
        let returns = returns.filter(|own| !own.is_empty()).map(str::to_owned);
        Some(Self { name: name.to_owned(), parameters, returns, mentioned: Vec::new() })
    }

    /// The arguments of a call in the order of the parameters.
    pub(super) fn arrange(&self, given: &Arguments) -> Option<Vec<Value>> {
        let known = |name: &String| self.parameters.iter().any(|own| own.name == *name);
        let plain = given.iter().filter(|(name, _)| name.is_none()).count();
        if plain > self.parameters.len() || !given.iter().filter_map(|(name, _)| name.as_ref()).all(known) {
            return None;
        }
        let mut plain = given.iter().filter(|(name, _)| name.is_none()).map(|(_, value)| value.clone());
        let of = |own: &Declared| {
            let named = given.iter().find(|(name, _)| name.as_deref() == Some(own.name.as_str()));
            named.map(|(_, value)| value.clone())
        };
        self.parameters
            .iter()
            .map(|own| plain.next().or_else(|| of(own)).or_else(|| own.default.clone()))
            .collect()
    }
}

fn declared(part: &str, kit: &Kit) -> Option<Declared> {
    let (before, default) = match part.split_once('=') {
        Some((before, default)) => (before, Some(default)),
        None => (part, None),
    };
    let (name, hint) = match before.split_once(':') {
        Some((name, hint)) => (name, Some(hint.trim().to_owned())),
        None => (before, None),
    };
    let name = name.trim().trim_start_matches("mut ").trim_end_matches('?').trim();
    let is_name = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$'));
    if !is_name || name.is_empty() || matches!(name, "self" | "cls" | "this") {
        return None;
    }
    let default = match default {
        Some(text) => Some(Reader::new(text, 0, &kit.reading, &|_| None).value()?),
        None => None,
    };
    Some(Declared { name: name.to_owned(), hint, default })
}

/// Where the bracket that opens at `start` closes.
fn closing(text: &str, start: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    let rest = text.get(start..)?;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(own), c) if own == c => quote = None,
            // A lifetime is no text.
            (None, '\'') if rest.get(..at).is_some_and(|before| before.ends_with(['&', '<'])) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(start + at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The parts between commas that are in no brackets.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut from) = (0_usize, 0);
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text.get(from..at).unwrap_or_default().trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default().trim());
    parts
}

/// The type a hint names; `None` where it is none we know.
pub(in super::super) fn parse_type(hint: &str, kit: &Kit) -> Option<Type> {
    let hint = hint.trim().trim_matches(['"', '\'']).trim_start_matches('&').trim();
    let hint = match hint.strip_prefix('\'') {
        Some(lifetime) => lifetime.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').trim(),
        None => hint,
    };
    let hint = hint.strip_prefix("mut ").unwrap_or(hint).trim();
    let alternatives: Vec<&str> = hint.split('|').map(str::trim).collect();
    if alternatives.len() > 1 {
        let (none, others): (Vec<&str>, Vec<&str>) =
            alternatives.into_iter().partition(|own| matches!(*own, "None" | "null" | "undefined"));
        let mut types: Vec<Type> = others.iter().map(|own| parse_type(own, kit)).collect::<Option<_>>()?;
        types.dedup();
        return match (types.pop()?, types.is_empty(), none.is_empty()) {
            (own, true, true) => Some(own),
            (own, true, false) => Some(Type::Option(Box::new(own))),
            _ => None,
        };
    }
    if let Some(item) = hint.strip_suffix("[]") {
        return parse_type(item, kit).map(|item| Type::List(Box::new(item)));
    }
    if let Some(inner) = hint.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return split(inner)
            .into_iter()
            .map(|own| parse_type(own, kit))
            .collect::<Option<_>>()
            .map(Type::Tuple);
    }
    if let Some(inner) = hint.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        if let Some((item, _)) = inner.split_once(';') {
            return parse_type(item, kit).map(|item| Type::List(Box::new(item)));
        }
        let parts = split(inner);
        if let [one] = parts.as_slice() {
            return parse_type(one, kit).map(|item| Type::List(Box::new(item)));
        }
        return parts.into_iter().map(|own| parse_type(own, kit)).collect::<Option<_>>().map(Type::Tuple);
    }
    let open = hint.find(['[', '<']);
    let (name, inner) = match open {
        Some(at) => (hint.get(..at)?, hint.get(at + 1..hint.len().checked_sub(1)?)?),
        None => (hint, ""),
    };
    let name = name.rsplit(['.', ':']).next()?.trim();
    let inner: Vec<&str> = split(inner).into_iter().filter(|own| !own.is_empty()).collect();
    if name.eq_ignore_ascii_case("tuple") && !inner.is_empty() {
        if let [item, "..."] = inner.as_slice() {
            return parse_type(item, kit).map(|item| Type::List(Box::new(item)));
        }
        return inner.into_iter().map(|own| parse_type(own, kit)).collect::<Option<_>>().map(Type::Tuple);
    }
    let own = kit.hints.get(name)?;
    if inner.is_empty() && own.variables() > 0 {
        return None;
    }
    let bound: Vec<Type> = inner.into_iter().map(|own| parse_type(own, kit)).collect::<Option<_>>()?;
    Some(own.with(&bound))
}

/// Texts in quotes and numbers in documentation.
fn mentioned(text: &str, kit: &Kit) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '`', '\'', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        let before = rest.get(..at).and_then(|before| before.chars().next_back());
        let mut reader = Reader::new(rest, at, &kit.reading, &|_| None);
        let is_word = before.is_some_and(char::is_alphanumeric);
        let value = if is_word { None } else { reader.value() };
        let next = match &value {
            Some(_) => reader.at(),
            None => at + 1,
        };
        let fits = |own: &Value| match own {
            Value::Text(text) => !text.is_empty() && text.len() <= 20 && !text.contains('\n'),
            Value::Int(own) => own.abs() > 2,
            Value::Float(_) => true,
            _ => false,
        };
        if let Some(value) = value.filter(|own| fits(own) && !found.contains(own))
            && found.len() < 10
        {
            found.push(value);
        }
        rest = rest.get(next..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::LanguageId;
    use hephaestus_syntax::Languages;

    fn kit(language: &str) -> Kit {
        let languages = Languages::builtin().unwrap();
        Kit::of(languages.get(&LanguageId::new(language)).unwrap().pack()).unwrap().unwrap()
    }

    #[test]
    fn heads_of_functions_are_read() {
        let head = |language: &str, text: &str| {
            let own = Signature::read("f", text, &kit(language))?;
            let kit = kit(language);
            let ty = |hint: &Option<String>| {
                hint.as_deref()
                    .and_then(|hint| parse_type(hint, &kit))
                    .map_or("?".to_owned(), |ty| ty.to_string())
            };
            let all: Vec<String> =
                own.parameters.iter().map(|own| format!("{}: {}", own.name, ty(&own.hint))).collect();
            Some(format!("{} -> {}", all.join(", "), ty(&own.returns)))
        };
        for (language, text, expected) in [
            (
                "python",
                "def f(a, b: list[int], c: str | None = None) -> dict[str, int]:\n",
                "a: ?, b: [int], c: str? -> {str: int}",
            ),
            ("python", "def f(a: 'Optional[Tuple[int, str]]', *, b=1):", "a: (int, str)?, b: ? -> ?"),
            (
                "typescript",
                "function f(a: number[], b?: string): Array<string> {",
                "a: [int], b: str -> [str]",
            ),
            ("typescript", "(a: [number, string]): boolean => {", "a: (int, str) -> bool"),
            (
                "rust",
                "fn f(a: &[i64], mut b: &str, c: Vec<Vec<char>>) -> Option<String> {",
                "a: [int], b: str, c: [[char]] -> str?",
            ),
            (
                "rust",
                "pub fn f<'a>(a: &'a str, b: (f64, usize)) -> bool {",
                "a: str, b: (float, int) -> bool",
            ),
        ] {
            assert_eq!(head(language, text).as_deref(), Some(expected), "{text}");
        }
        for (language, text) in [
            ("python", "def f(self, a):"),
            ("python", "def f(*args):"),
            ("javascript", "function f({ a, b }) {"),
            ("javascript", "async function f(a) {"),
            ("rust", "fn f(&self) -> u8 {"),
            ("python", "def f(a"),
        ] {
            assert_eq!(head(language, text), None, "{text}");
        }
    }

    #[test]
    fn arguments_by_name_and_defaults_find_their_place() {
        let own = Signature::read("f", "def f(a, b=2, *, c='x'):", &kit("python")).unwrap();
        let call = |given: &[(Option<&str>, i64)]| {
            let given =
                given.iter().map(|(name, value)| (name.map(str::to_owned), Value::Int(*value))).collect();
            own.arrange(&given).map(|all| all.len())
        };
        assert_eq!(call(&[(None, 1)]), Some(3));
        assert_eq!(call(&[(None, 1), (Some("c"), 3)]), Some(3));
        assert_eq!((call(&[]), call(&[(None, 1), (Some("d"), 3)])), (None, None));
    }

    #[test]
    fn documentation_mentions_constants() {
        let found =
            mentioned("Joins with '-' up to 64 characters, x2 and `utf`. It's 7.5 or \"open", &kit("python"));
        assert_eq!(found, [Value::text("-"), Value::Int(64), Value::text("utf"), Value::Float(7.5)]);
    }
}
