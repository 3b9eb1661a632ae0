//! Constants worth a try: the usual ones, and those that examples, documentation and results have in common.

use super::meaning::Rules;
use super::solve::{Expected, Specification};
use super::types::Type;
use super::value::Value;

/// How many constants of one sort are taken from examples.
const MOST: usize = 8;
/// The longest text that is taken for a constant.
const LONGEST: usize = 24;

/// Constants with their types and costs.
pub(super) fn constants(own: &Specification, rules: &Rules) -> Vec<(Value, Type, u32)> {
    let mut all = Constants { own, rules, found: Vec::new() };
    all.usual();
    all.mentioned();
    all.of_results();
    all.of_texts();
    all.found
}

struct Constants<'a> {
    own: &'a Specification,
    rules: &'a Rules,
    found: Vec<(Value, Type, u32)>,
}

impl Constants<'_> {
    fn add(&mut self, value: Value, cost: u32) {
        let ty = Type::of(&value, self.rules.has_floats).settled();
        self.add_as(value, ty, cost);
    }

    fn add_as(&mut self, value: Value, ty: Type, cost: u32) {
        if !self.found.iter().any(|(known, known_ty, _)| *known == value && *known_ty == ty) {
            self.found.push((value, ty, cost));
        }
    }

    /// Whether some value of the signature is of that type or has parts of it.
    fn has(&self, wanted: &Type) -> bool {
        let mut parts = Vec::new();
        self.own.parameters.iter().for_each(|parameter| parameter.ty.parts(&mut parts));
        self.own.output.parts(&mut parts);
        parts.contains(wanted)
    }

    fn usual(&mut self) {
        for (number, cost) in [(0, 1), (1, 1), (2, 1), (10, 2), (3, 3)] {
            self.add(Value::Int(number), cost);
        }
        if self.has(&Type::Float) {
            for (number, cost) in [(0.0, 1), (1.0, 1), (2.0, 1), (0.5, 3)] {
                self.add(Value::Float(number), cost);
            }
        }
        if self.has(&Type::Text) {
            for (text, cost) in [("", 1), (" ", 1), (",", 3)] {
                self.add(Value::text(text), cost);
            }
        }
        match self.own.output.clone() {
            Type::Bool => {
                self.add(Value::Bool(true), 1);
                self.add(Value::Bool(false), 1);
            }
            output @ Type::Option(_) => self.add_as(Value::None, output, 1),
            output @ Type::List(_) => self.add_as(Value::list([]), output, 1),
            _ => {}
        }
    }

    fn mentioned(&mut self) {
        for value in self.own.mentioned.iter().take(MOST) {
            self.add(value.clone(), 2);
        }
    }

    /// What several calls give is likely said in so many words.
    fn of_results(&mut self) {
        let results: Vec<Value> = self.results().cloned().collect();
        let mut seen: Vec<(&Value, usize)> = Vec::new();
        for result in &results {
            match seen.iter_mut().find(|(known, _)| *known == result) {
                Some((_, times)) => *times += 1,
                None => seen.push((result, 1)),
            }
        }
        let is_plain = |own: &Value| matches!(own, Value::Text(_) | Value::Int(_) | Value::Float(_));
        seen.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        let few = seen.len() <= 5;
        for (value, times) in seen.into_iter().filter(|(own, _)| is_plain(own)).take(MOST) {
            let is_short = !matches!(value, Value::Text(text) if text.len() > LONGEST);
            if is_short && (times > 1 || few) {
                let cost = if times > 1 { 2 } else { 4 };
                let ty = match &self.own.output {
                    Type::Option(inner) => (**inner).clone(),
                    other => other.clone(),
                };
                self.add_as(value.clone(), ty, cost);
            }
        }
    }

    fn results(&self) -> impl Iterator<Item = &Value> {
        self.own.examples.iter().filter_map(|example| match &example.gives {
            Expected::Value(value) => Some(value),
            Expected::Error(..) => None,
        })
    }

    /// What stands around arguments in results, and the signs that texts have in common.
    fn of_texts(&mut self) {
        let mut around: Vec<(String, usize)> = Vec::new();
        let mut signs: Vec<(String, usize)> = Vec::new();
        let count = |list: &mut Vec<(String, usize)>, text: &str| match list
            .iter_mut()
            .find(|(known, _)| known == text)
        {
            Some((_, times)) => *times += 1,
            None => list.push((text.to_owned(), 1)),
        };
        for example in &self.own.examples {
            let mut texts = Vec::new();
            example.args.iter().for_each(|own| collect(own, &mut texts));
            if let Expected::Value(value) = &example.gives {
                let from = texts.len();
                collect(value, &mut texts);
                for result in texts.get(from..).unwrap_or_default() {
                    for text in texts.iter().take(from).filter(|text| !text.is_empty()) {
                        if let Some((before, after)) = result.split_once(text.as_str()) {
                            count(&mut around, before);
                            count(&mut around, after);
                        }
                    }
                }
            }
            let mut own: Vec<char> = texts.iter().flat_map(|text| text.chars()).collect();
            own.retain(|c| !c.is_alphanumeric());
            own.sort_unstable();
            own.dedup();
            own.iter().for_each(|c| count(&mut signs, &c.to_string()));
        }
        for (list, cost) in [(around, 2), (signs, 2)] {
            let mut list: Vec<(String, usize)> = list
                .into_iter()
                .filter(|(text, times)| *times > 1 && !text.is_empty() && text.len() <= LONGEST)
                .collect();
            list.sort_by(|(left, one), (right, two)| two.cmp(one).then(left.cmp(right)));
            for (text, _) in list.into_iter().take(MOST) {
                let is_char = self.rules.has_chars && self.has(&Type::Char) && text.chars().count() == 1;
                if is_char {
                    self.add_as(Value::text(&text), Type::Char, cost);
                }
                self.add_as(Value::text(&text), Type::Text, cost);
            }
        }
    }
}

/// The texts in a value.
fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Text(text) => into.push(text.to_string()),
        Value::List(items) | Value::Tuple(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Map(entries) => entries.iter().for_each(|(key, own)| {
            collect(key, into);
            collect(own, into);
        }),
        _ => {}
    }
}
