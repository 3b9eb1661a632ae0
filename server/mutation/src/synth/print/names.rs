//! Names for what functions and loops bind: after what they go through, as a reader would say it.

use std::rc::Rc;

use super::super::term::{Name, Node, Term};
use super::super::types::Type;
use super::{Printer, Written};

impl Printer<'_> {
    /// Gives names to the items of `source`.
    pub(super) fn bind(&mut self, source: &Rc<Node>, names: &[Name], body: &Rc<Node>) {
        let item = match self.ty(source.ty) {
            Type::List(item) => (**item).clone(),
            _ => Type::Unknown,
        };
        let types = match (&item, names.len()) {
            (Type::Tuple(parts), 2..) => parts.clone(),
            _ => vec![item],
        };
        let wanted = self.wanted(source, names.len());
        for (at, (name, ty)) in names.iter().zip(&types).enumerate() {
            let text = if body.has(*name) || names.len() == 1 {
                let own = wanted.get(at).cloned().unwrap_or_else(|| "item".to_owned());
                self.free(&own)
            } else {
                "_".to_owned()
            };
            let form = if self.is_borrowed(source) { self.held(ty, true) } else { self.held(ty, false) };
            self.names.insert(*name, Written { text, form });
        }
    }

    /// Whether the items are borrowed from a parameter.
    fn is_borrowed(&self, source: &Rc<Node>) -> bool {
        match &source.term {
            Term::Var(name) => {
                let own = self.own.parameters.get(usize::from(*name));
                own.and_then(|own| own.hint.as_deref())
                    .is_some_and(|hint| hint.trim_start_matches('&').contains("&str"))
            }
            Term::Call(_, args) => {
                args.first().is_some_and(|first| self.is_borrowed(first) || self.is_words(source))
            }
            Term::Each { source, component, .. } => {
                let keeps = self.component(*component).is_some_and(|own| own.means != "map");
                keeps && self.is_borrowed(source)
            }
            _ => false,
        }
    }

    /// Whether it takes a text apart into pieces of it.
    fn is_words(&self, source: &Rc<Node>) -> bool {
        let Term::Call(at, _) = &source.term else { return false };
        self.component(*at).is_some_and(|own| matches!(own.means.as_str(), "words" | "split" | "lines"))
    }

    /// What the items of `source` are called.
    fn wanted(&self, source: &Rc<Node>, count: usize) -> Vec<String> {
        match &source.term {
            Term::Call(at, args) => {
                let own = self.component(*at).map(|own| own.names.as_slice()).unwrap_or_default();
                let inner = args.first().map(|first| self.wanted(first, 1)).unwrap_or_default();
                let named = own.iter().map(|name| match name.as_str() {
                    "*" => inner.first().cloned().unwrap_or_else(|| "item".to_owned()),
                    plain => plain.to_owned(),
                });
                let named: Vec<String> = named.collect();
                if named.len() == count { named } else { self.plain(source, count, inner.first()) }
            }
            Term::Each { source: inner, .. } if count == 1 => {
                self.plain(source, 1, self.wanted(inner, 1).first())
            }
            Term::Var(name) => {
                let own = self.names.get(name).map(|own| own.text.as_str()).unwrap_or_default();
                self.plain(source, count, singular(own).as_ref())
            }
            _ => self.plain(source, count, None),
        }
    }

    fn plain(&self, source: &Rc<Node>, count: usize, known: Option<&String>) -> Vec<String> {
        if count == 2 {
            return vec!["a".to_owned(), "b".to_owned()];
        }
        let usual = match self.ty(source.ty) {
            Type::List(item) => match **item {
                Type::Int | Type::Float => "x",
                Type::Text => "word",
                Type::Char => "c",
                Type::List(_) => "row",
                _ => "item",
            },
            _ => "item",
        };
        vec![known.cloned().unwrap_or_else(|| usual.to_owned())]
    }

    /// The first of `name`, `name2`, … that nothing else is called.
    pub(super) fn free(&self, name: &str) -> String {
        let taken = |text: &str| {
            self.names.values().any(|own| own.text == text)
                || self.kit.layout.reserved.iter().any(|own| own == text)
                || text == self.own.name
        };
        if !taken(name) {
            return name.to_owned();
        }
        let more = (2..).map(|nth| format!("{name}{nth}"));
        more.take(50).find(|text| !taken(text)).unwrap_or_else(|| name.to_owned())
    }
}

/// What one of many is called: `words` are made of a `word`, `xs` of an `x`.
fn singular(many: &str) -> Option<String> {
    const IRREGULAR: [(&str, &str); 5] =
        [("matrix", "row"), ("rows", "row"), ("entries", "entry"), ("values", "value"), ("numbers", "n")];
    if let Some((_, one)) = IRREGULAR.iter().find(|(name, _)| *name == many) {
        return Some((*one).to_owned());
    }
    let one = many.strip_suffix("ies").map(|stem| format!("{stem}y"));
    let one = one.or_else(|| many.strip_suffix('s').filter(|stem| !stem.ends_with('s')).map(str::to_owned));
    one.filter(|one| !one.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_many_has_a_name() {
        for (many, one) in [("words", "word"), ("xs", "x"), ("cities", "city"), ("numbers", "n")] {
            assert_eq!(singular(many).as_deref(), Some(one));
        }
        assert_eq!((singular("text"), singular("glass"), singular("s")), (None, None, None));
    }
}
