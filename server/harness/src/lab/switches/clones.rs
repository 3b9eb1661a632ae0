//! A file's text with very many variants of its functions in it, each a function of its own beside the one it is a
//! variant of, which only chooses among them. Pure.
//!
//! A hundred alternatives of one expression cannot be told apart by a compiler's errors: it stops at the first that does
//! not fit. Functions can: each is checked by itself, so that one build tells all that do not compile. It costs more to
//! compile than a choice inside the function does; for what is tried once, that is cheaper than many builds.

use hephaestus_core::{ByteRange, Edit, Variant};
use hephaestus_syntax::Parsed;
use tree_sitter::{Node, Parser};

/// The original among the clones.
const ORIGINAL: u32 = 0;

/// A function that can be cloned.
#[derive(Debug)]
struct Home {
    /// All of it, its attributes and comments in front not included.
    range: ByteRange,
    /// Where its clones begin: behind its visibility.
    start: usize,
    name: ByteRange,
    parameters: ByteRange,
    body: ByteRange,
    /// What it takes: types, with the text of `self` in front where it has one.
    own: Option<String>,
    types: Vec<String>,
    is_async: bool,
    owner: Owner,
    manner: Manner,
}

/// How its language has one function choose among others.
#[derive(Debug)]
enum Manner {
    /// By `match`, which has a value.
    Match,
    /// By `switch`, among statements: with the names of the parameters, and of what the method is called of.
    Switch { arguments: String, receiver: Option<String>, returns: bool },
}

/// What a function belongs to.
#[derive(Debug)]
enum Owner {
    /// Nothing but its module.
    Module,
    /// A type; its clones stand beside it.
    Type,
    /// A trait, as implemented for a type; its clones stand behind that, in an implementation of their own.
    Trait { end: usize, head: String, name: String, types: Vec<String> },
}

/// A variant in the build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chosen<'a> {
    /// Its place in the request.
    pub(super) at: usize,
    /// What switches it on.
    pub(super) number: u32,
    pub(super) variant: &'a Variant,
    /// Its function.
    pub(super) home: usize,
}

/// A stretch of the new text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// Where it begins there.
    start: usize,
    /// Where it begins in the unchanged text; `None` for what was put in.
    old: Option<usize>,
}

/// A file with its clones.
#[derive(Debug, Clone, Default)]
pub(super) struct Cloned {
    /// The new text.
    pub(super) text: String,
    /// Whose each part is.
    parts: Vec<(usize, ByteRange)>,
    /// Functions with everything that was put in for them.
    homes: Vec<(usize, ByteRange)>,
    pieces: Vec<Piece>,
}

/// Makes clones of the functions of one file.
#[derive(Debug)]
pub(super) struct Cloner<'a> {
    parsed: &'a Parsed,
    homes: Vec<Home>,
}

impl<'a> Cloner<'a> {
    pub(super) fn new(parsed: &'a Parsed) -> Self {
        let mut homes = Vec::new();
        find(parsed.tree().root_node(), &parsed.file().text, &mut homes);
        Self { parsed, homes }
    }

    /// The function that holds all edits of a variant; the reason where there is none.
    pub(super) fn home(&self, variant: &Variant) -> Result<usize, &'static str> {
        let inside = |home: &Home| {
            variant.edits.iter().all(|edit| {
                home.start <= edit.range.start
                    && edit.range.end <= home.range.end
                    && (edit.range.end <= home.name.start || home.name.end <= edit.range.start)
            })
        };
        self.homes.iter().position(inside).ok_or("it is not in a function that can be cloned")
    }

    /// Whether the text with these edits parses as far as the unchanged one does.
    pub(super) fn parses(&self, variant: &Variant, home: usize, parser: &mut Parser) -> bool {
        let Some(home) = self.homes.get(home) else { return false };
        let Some(text) = self.clone_of(home, &variant.edits, ORIGINAL) else { return false };
        let text = match home.owner {
            Owner::Module => text,
            _ => format!("impl X {{ {text} }}"),
        };
        parser.parse(&text, None).is_some_and(|tree| !tree.root_node().has_error())
    }

    /// The text with these variants in it; `call` tells which number is switched on.
    pub(super) fn weave(&self, chosen: &[Chosen<'_>], call: &str) -> Cloned {
        let text = &*self.parsed.file().text;
        let mut cloned = Cloned::default();
        let mut at = 0;
        let mut behind: Vec<(usize, usize)> = Vec::new();
        for (index, home) in self.homes.iter().enumerate() {
            let own: Vec<&Chosen<'_>> = chosen.iter().filter(|chosen| chosen.home == index).collect();
            at = self.flush(&mut behind, at, home.range.start, chosen, &mut cloned);
            if own.is_empty() {
                continue;
            }
            cloned.keep(text, at, home.range.start);
            let began = cloned.text.len();
            self.choice(home, &own, call, &mut cloned);
            at = home.range.end;
            if let Owner::Trait { end, .. } = &home.owner {
                behind.push((*end, index));
            } else {
                self.clones(home, &own, &mut cloned);
            }
            cloned.homes.push((index, ByteRange::new(began, cloned.text.len())));
        }
        at = self.flush(&mut behind, at, text.len(), chosen, &mut cloned);
        cloned.keep(text, at, text.len());
        cloned
    }

    /// Writes clones that stand behind an implementation that ends before `limit`.
    fn flush(
        &self,
        behind: &mut Vec<(usize, usize)>,
        mut at: usize,
        limit: usize,
        chosen: &[Chosen<'_>],
        cloned: &mut Cloned,
    ) -> usize {
        for (end, index) in std::mem::take(behind) {
            if end > limit {
                behind.push((end, index));
                continue;
            }
            cloned.keep(&self.parsed.file().text, at, end);
            at = end;
            let Some(home) = self.homes.get(index) else { continue };
            let Owner::Trait { head, .. } = &home.owner else { continue };
            let began = cloned.text.len();
            let own: Vec<&Chosen<'_>> = chosen.iter().filter(|chosen| chosen.home == index).collect();
            cloned.put(&format!(" {head} {{"));
            self.clones(home, &own, cloned);
            cloned.put("}");
            cloned.homes.push((index, ByteRange::new(began, cloned.text.len())));
        }
        at
    }

    /// The function that chooses.
    fn choice(&self, home: &Home, own: &[&Chosen<'_>], call: &str, cloned: &mut Cloned) {
        match &home.manner {
            Manner::Match => self.matching(home, own, call, cloned),
            Manner::Switch { arguments, receiver, returns } => {
                let before = receiver.as_ref().map(|receiver| format!("{receiver}.")).unwrap_or_default();
                let run = |number: u32| format!("{before}{}({arguments})", self.name(home, number));
                let text = &*self.parsed.file().text;
                cloned.put(text.get(home.range.start..home.body.start).unwrap_or_default());
                cloned.put(&format!("{{ switch {call} {{"));
                for chosen in own {
                    let began = cloned.text.len();
                    let (number, run) = (chosen.number, run(chosen.number));
                    cloned.put(&if *returns {
                        format!(" case {number}: return {run};")
                    } else {
                        format!(" case {number}: {run}; return;")
                    });
                    cloned.parts.push((chosen.at, ByteRange::new(began, cloned.text.len())));
                }
                let last = if *returns { "return " } else { "" };
                cloned.put(&format!(" }}; {last}{} }}\n", run(ORIGINAL)));
            }
        }
    }

    fn matching(&self, home: &Home, own: &[&Chosen<'_>], call: &str, cloned: &mut Cloned) {
        let text = &*self.parsed.file().text;
        let slice = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
        let named = home.types.iter().enumerate().map(|(at, of)| format!("__h{at}: {of}"));
        let parameters: Vec<String> = home.own.iter().cloned().chain(named).collect();
        cloned.put(slice(home.range.start, home.parameters.start));
        cloned.put(&format!("({})", parameters.join(", ")));
        cloned.put(slice(home.parameters.end, home.body.start));
        cloned.put(&format!("{{ match {call} {{"));
        let arguments: Vec<String> = (0..home.types.len()).map(|at| format!("__h{at}")).collect();
        let run = |number: u32| {
            let before = match (&home.owner, &home.own) {
                (_, Some(_)) => "self.",
                (Owner::Module, None) => "",
                (_, None) => "Self::",
            };
            let wait = if home.is_async { ".await" } else { "" };
            format!("{before}{}({}){wait}", self.name(home, number), arguments.join(", "))
        };
        for chosen in own {
            let began = cloned.text.len();
            cloned.put(&format!(" {}u32 => {},", chosen.number, run(chosen.number)));
            cloned.parts.push((chosen.at, ByteRange::new(began, cloned.text.len())));
        }
        cloned.put(&format!(" _ => {} }} }}", run(ORIGINAL)));
    }

    fn clones(&self, home: &Home, own: &[&Chosen<'_>], cloned: &mut Cloned) {
        let mut one = |edits: &[Edit], number: u32, at: Option<usize>| {
            let Some(text) = self.clone_of(home, edits, number) else { return };
            if matches!(home.manner, Manner::Match) {
                cloned.put(" #[allow(warnings)] ");
            }
            let began = cloned.text.len();
            cloned.pieces.push(Piece { start: began, old: Some(home.start) });
            cloned.text.push_str(&text);
            cloned.parts.extend(at.map(|at| (at, ByteRange::new(began, cloned.text.len()))));
            cloned.put("\n");
        };
        one(&[], ORIGINAL, None);
        for chosen in own {
            one(&chosen.variant.edits, chosen.number, Some(chosen.at));
        }
    }

    fn name(&self, home: &Home, number: u32) -> String {
        let name = home.name.slice(&self.parsed.file().text).unwrap_or_default();
        format!("__h{number}_{}", name.trim_start_matches("r#"))
    }

    /// The function with these edits and another name.
    fn clone_of(&self, home: &Home, edits: &[Edit], number: u32) -> Option<String> {
        let text = &*self.parsed.file().text;
        let mut all: Vec<Edit> = edits.to_vec();
        all.push(Edit { range: home.name, text: self.name(home, number) });
        all.sort_by_key(|edit| edit.range.start);
        let mut clone = String::new();
        let mut at = home.start;
        for edit in &all {
            clone.push_str(text.get(at..edit.range.start)?);
            clone.push_str(&edit.text);
            at = edit.range.end;
        }
        clone.push_str(text.get(at..home.range.end)?);
        if let Owner::Trait { name, types, .. } = &home.owner {
            for of in types {
                clone = clone.replace(&format!("Self::{of}"), &format!("<Self as {name}>::{of}"));
            }
        }
        Some(clone)
    }
}

impl Cloned {
    /// The variants that an error in these places belongs to: the first of them that belongs to any.
    pub(super) fn culprit(&self, range: ByteRange) -> Option<usize> {
        let around = self.parts.iter().filter(|(_, part)| part.contains(range));
        around.min_by_key(|(_, part)| part.len()).map(|(at, _)| *at)
    }

    /// The function for which something was put in here.
    pub(super) fn home_at(&self, range: ByteRange) -> Option<usize> {
        self.homes.iter().find(|(_, home)| home.contains(range)).map(|(index, _)| *index)
    }

    /// The line of the unchanged text that a line of the new one comes from, both 1-based.
    pub(super) fn old_line(&self, line: u32, old_text: &str) -> u32 {
        let number = |text: &str| u32::try_from(text.matches('\n').count() + 1).unwrap_or(u32::MAX);
        let start = self.text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
        let known = |piece: &&Piece| piece.start <= start && piece.old.is_some();
        let Some(piece) = self.pieces.iter().rev().find(known) else { return line };
        let into = number(self.text.get(piece.start..start).unwrap_or_default()) - 1;
        number(old_text.get(..piece.old.unwrap_or_default()).unwrap_or_default()) + into
    }

    fn keep(&mut self, old: &str, start: usize, end: usize) {
        self.pieces.push(Piece { start: self.text.len(), old: Some(start) });
        self.text.push_str(old.get(start..end).unwrap_or_default());
    }

    fn put(&mut self, text: &str) {
        self.pieces.push(Piece { start: self.text.len(), old: None });
        self.text.push_str(text);
    }
}

/// The functions below `node` that can be cloned, those inside functions excepted.
fn find(node: Node<'_>, text: &str, homes: &mut Vec<Home>) {
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        match child.kind() {
            "function_item" => homes.extend(home(child, text)),
            "function_declaration" | "method_declaration" => homes.extend(go_home(child, text)),
            "impl_item" | "declaration_list" | "mod_item" => find(child, text, homes),
            _ => {}
        }
    }
}

fn home(node: Node<'_>, text: &str) -> Option<Home> {
    let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    let child = |kind: &str| {
        let mut cursor = node.walk();
        node.children(&mut cursor).find(|child| child.kind() == kind)
    };
    let modifiers = child("function_modifiers").map(slice).unwrap_or_default();
    let returns = node.child_by_field_name("return_type").map(slice).unwrap_or_default();
    let words: Vec<&str> = modifiers.split_whitespace().collect();
    if words.iter().any(|word| *word != "async") || returns.contains("impl ") {
        return None;
    }
    let (name, parameters) = (node.child_by_field_name("name")?, node.child_by_field_name("parameters")?);
    let body = node.child_by_field_name("body")?;
    let (mut own, mut types) = (None, Vec::new());
    let mut cursor = parameters.walk();
    for parameter in parameters.named_children(&mut cursor) {
        match parameter.kind() {
            "self_parameter" => own = Some(slice(parameter).to_owned()),
            "parameter" => {
                let pattern = parameter.child_by_field_name("pattern").map(slice)?;
                let of = parameter.child_by_field_name("type").map(slice)?;
                // `self: Box<Self>` is a pattern like any other to the grammar.
                if pattern == "self" || pattern == "mut self" {
                    own = Some(slice(parameter).to_owned());
                } else {
                    types.push(of.to_owned());
                }
            }
            "line_comment" | "block_comment" => {}
            _ => return None,
        }
    }
    let start = child("visibility_modifier").map_or(node.start_byte(), |visibility| visibility.end_byte());
    Some(Home {
        range: node.byte_range().into(),
        start,
        name: name.byte_range().into(),
        parameters: parameters.byte_range().into(),
        body: body.byte_range().into(),
        own,
        types,
        is_async: words.contains(&"async"),
        owner: owner(node, text)?,
        manner: Manner::Match,
    })
}

/// A function of Go; `None` where its parameters have no names to hand them on by, or its types are open.
fn go_home(node: Node<'_>, text: &str) -> Option<Home> {
    let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
    let (name, parameters) = (node.child_by_field_name("name")?, node.child_by_field_name("parameters")?);
    let body = node.child_by_field_name("body")?;
    let is_special = matches!(slice(name), "main" | "init" | "_");
    if is_special || node.child_by_field_name("type_parameters").is_some() {
        return None;
    }
    let receiver = match node.child_by_field_name("receiver") {
        Some(list) => Some(parameter_names(list, text)?.into_iter().next()?),
        None => None,
    };
    let returns = node.child_by_field_name("result").is_some();
    Some(Home {
        range: node.byte_range().into(),
        start: node.start_byte(),
        name: name.byte_range().into(),
        parameters: parameters.byte_range().into(),
        body: body.byte_range().into(),
        own: None,
        types: vec![],
        is_async: false,
        owner: Owner::Module,
        manner: Manner::Switch {
            arguments: parameter_names(parameters, text)?.join(", "),
            receiver,
            returns,
        },
    })
}

/// The names of a list of Go's parameters, as a call hands them on; `None` where one has none.
fn parameter_names(list: Node<'_>, text: &str) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut cursor = list.walk();
    for parameter in list.named_children(&mut cursor).filter(|child| child.kind() != "comment") {
        let after = if parameter.kind() == "variadic_parameter_declaration" { "..." } else { "" };
        let mut inner = parameter.walk();
        let own: Vec<String> = parameter
            .children_by_field_name("name", &mut inner)
            .filter_map(|name| text.get(name.byte_range()))
            .map(|name| format!("{name}{after}"))
            .collect();
        if own.is_empty() || own.iter().any(|name| name.trim_end_matches('.') == "_") {
            return None;
        }
        names.extend(own);
    }
    Some(names)
}

/// What the function belongs to; `None` where nothing can stand beside it.
fn owner(function: Node<'_>, text: &str) -> Option<Owner> {
    let Some(list) = function.parent().filter(|parent| parent.kind() == "declaration_list") else {
        return Some(Owner::Module);
    };
    let around = list.parent()?;
    match around.kind() {
        "mod_item" => Some(Owner::Module),
        "impl_item" => {
            let slice = |node: Node<'_>| text.get(node.byte_range()).unwrap_or_default();
            let Some(of) = around.child_by_field_name("trait") else { return Some(Owner::Type) };
            let subject = slice(around.child_by_field_name("type")?);
            let generics = around.child_by_field_name("type_parameters").map(slice).unwrap_or_default();
            let mut cursor = around.walk();
            let bounds = around.children(&mut cursor).find(|child| child.kind() == "where_clause");
            let bounds = bounds.map(slice).unwrap_or_default();
            let mut inside = list.walk();
            let types = list
                .named_children(&mut inside)
                .filter(|child| child.kind() == "type_item")
                .filter_map(|child| child.child_by_field_name("name"))
                .map(|name| slice(name).to_owned());
            Some(Owner::Trait {
                end: around.end_byte(),
                head: format!("impl{generics} {subject} {bounds}"),
                name: slice(of).to_owned(),
                types: types.collect(),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{LanguageId, RelPath, SourceFile};
    use hephaestus_syntax::Languages;
    use std::sync::Arc;

    const TEXT: &str = "\
/// Sums.
#[inline]
pub fn total<T: Copy>(mut all: Vec<T>, _: u8) -> T {
    all[0]
}
impl Pair {
    pub(crate) fn swap(&mut self) { self.0 = 1; }
    fn new() -> Self { Pair(2) }
    const fn fixed() -> u32 { 3 }
    fn hidden() -> impl Fn() { || () }
}
impl<T> Iterator for Many<T> where T: Copy {
    type Item = T;
    fn next(&mut self) -> Option<Self::Item> { None }
}
trait Shape { fn area(&self) -> u32 { 4 } }
fn last() {}
";

    fn parsed() -> Parsed {
        let language = Languages::builtin().unwrap().get(&LanguageId::new("rust")).unwrap();
        let path = RelPath::new("src/lib.rs").unwrap();
        let file = SourceFile::new(path, LanguageId::new("rust"), TEXT.to_owned(), false);
        Parsed::new(language, Arc::new(file)).unwrap()
    }

    fn variant(old: &str, new: &str) -> Variant {
        let at = TEXT.find(old).unwrap();
        let edits = vec![Edit::new(at..at + old.len(), new)];
        Variant { id: 0, file: RelPath::new("src/lib.rs").unwrap(), edits }
    }

    fn woven(changes: &[(&str, &str)]) -> Cloned {
        let parsed = parsed();
        let cloner = Cloner::new(&parsed);
        let variants: Vec<Variant> = changes.iter().map(|(old, new)| variant(old, new)).collect();
        let chosen: Vec<Chosen<'_>> = (0..)
            .zip(&variants)
            .map(|(at, variant)| Chosen {
                at,
                number: at as u32 + 3,
                variant,
                home: cloner.home(variant).unwrap(),
            })
            .collect();
        let cloned = cloner.weave(&chosen, "on()");
        let language = parsed.language().clone();
        let file =
            SourceFile::new(variants[0].file.clone(), LanguageId::new("rust"), cloned.text.clone(), false);
        let again = Parsed::new(&language, Arc::new(file)).unwrap();
        assert!(!again.tree().root_node().has_error(), "{}", cloned.text);
        cloned
    }

    #[test]
    fn a_function_chooses_among_its_clones() {
        let text = woven(&[("all[0]", "all[1]"), ("all[0]", "all[2]")]).text;
        for part in [
            "pub fn total<T: Copy>(__h0: Vec<T>, __h1: u8) -> T { match on() { \
             3u32 => __h3_total(__h0, __h1), 4u32 => __h4_total(__h0, __h1), _ => __h0_total(__h0, __h1) } }",
            " fn __h0_total<T: Copy>(mut all: Vec<T>, _: u8) -> T {\n    all[0]\n}",
            " fn __h4_total<T: Copy>(mut all: Vec<T>, _: u8) -> T {\n    all[2]\n}",
            "#[inline]\npub fn total",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn methods_are_cloned_beside_themselves_and_those_of_traits_behind_the_implementation() {
        let text =
            woven(&[("self.0 = 1", "self.0 = 7"), ("Pair(2)", "Pair(8)"), ("{ None }", "{ Some(9) }")]).text;
        for part in [
            "swap(&mut self) { match on() { 3u32 => self.__h3_swap(), _ => self.__h0_swap() } }",
            "fn new() -> Self { match on() { 4u32 => Self::__h4_new(), _ => Self::__h0_new() } }",
            "impl<T> Many<T> where T: Copy {",
            "fn __h5_next(&mut self) -> Option<<Self as Iterator>::Item> { Some(9) }",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let behind = text.find("__h5_next(&mut self)").unwrap();
        assert!(text.find("trait Shape").unwrap() > behind && behind > text.find("type Item").unwrap());
    }

    #[test]
    fn what_runs_while_compiling_or_hides_its_type_is_not_cloned() {
        let parsed = parsed();
        let cloner = Cloner::new(&parsed);
        for (old, new) in [("{ 3 }", "{ 4 }"), ("|| ()", "|| {}"), ("{ 4 }", "{ 5 }"), ("last", "first")] {
            assert!(cloner.home(&variant(old, new)).is_err(), "{old}");
        }
        let mut parser = Parser::new();
        parser.set_language(parsed.language().grammar()).unwrap();
        let home = |variant: &Variant| cloner.home(variant).unwrap();
        let (bad, good) = (variant("Pair(2)", "Pair(2"), variant("Pair(2)", "Pair(3)"));
        assert!(
            !cloner.parses(&bad, home(&bad), &mut parser) && cloner.parses(&good, home(&good), &mut parser)
        );
    }

    #[test]
    fn errors_are_laid_on_the_clone_they_are_in_and_lines_are_those_of_the_unchanged_text() {
        let cloned = woven(&[("all[0]", "all[\n1]"), ("self.0 = 1", "self.0 = 7")]);
        let at = |words: &str| {
            let start = cloned.text.find(words).unwrap();
            ByteRange::new(start, start + words.len())
        };
        assert_eq!(cloned.culprit(at("all[\n1]")), Some(0));
        assert_eq!(cloned.culprit(at("self.__h4_swap()")), Some(1), "it does not fit where it is chosen");
        assert_eq!((cloned.culprit(at("all[0]")), cloned.home_at(at("all[0]"))), (None, Some(0)));
        assert_eq!((cloned.culprit(at("fn last")), cloned.home_at(at("fn last"))), (None, None));
        let line = |words: &str| cloned.text[..at(words).start].matches('\n').count() as u32 + 1;
        let old = |words: &str| TEXT[..TEXT.find(words).unwrap()].matches('\n').count() as u32 + 1;
        assert_eq!(cloned.old_line(line("fn last"), TEXT), old("fn last"));
        assert_eq!(cloned.old_line(line("all[0]"), TEXT), old("all[0]"));
        assert_eq!(cloned.old_line(line("impl Pair"), TEXT), old("impl Pair"));
    }

    const GO: &str = "package p\n\nfunc (s *Stack) Push(x int, rest ...int) {\n\ts.all = append(s.all, x)\n}\n\nfunc Sum(a, b int, f float64) (int, error) {\n\treturn a + b, nil\n}\n\nfunc first[T any](xs []T) T { return xs[0] }\n\nfunc drop(int) int { return 1 }\n\nfunc main() { Sum(1, 2, 3) }\n";

    fn go_variant(old: &str, new: &str) -> Variant {
        let at = GO.find(old).unwrap();
        let edits = vec![Edit::new(at..at + old.len(), new)];
        Variant { id: 0, file: RelPath::new("p.go").unwrap(), edits }
    }

    #[test]
    fn functions_and_methods_of_go_choose_among_statements() {
        let language = Languages::builtin().unwrap().get(&LanguageId::new("go")).unwrap();
        let file = |text: &str| {
            let path = RelPath::new("p.go").unwrap();
            Arc::new(SourceFile::new(path, LanguageId::new("go"), text.to_owned(), false))
        };
        let parsed = Parsed::new(language, file(GO)).unwrap();
        let cloner = Cloner::new(&parsed);
        let variants = [go_variant("append(s.all, x)", "s.all"), go_variant("a + b", "a - b")];
        let mut parser = Parser::new();
        parser.set_language(language.grammar()).unwrap();
        let chosen: Vec<Chosen<'_>> = (0..)
            .zip(&variants)
            .map(|(at, variant)| {
                let home = cloner.home(variant).unwrap();
                assert!(cloner.parses(variant, home, &mut parser));
                Chosen { at, number: at as u32 + 3, variant, home }
            })
            .collect();
        let text = cloner.weave(&chosen, "on()").text;
        for part in [
            "func (s *Stack) Push(x int, rest ...int) { switch on() { case 3: s.__h3_Push(x, rest...); return; }; s.__h0_Push(x, rest...) }\n",
            "func Sum(a, b int, f float64) (int, error) { switch on() { case 4: return __h4_Sum(a, b, f); }; return __h0_Sum(a, b, f) }\n",
            "func __h4_Sum(a, b int, f float64) (int, error) {\n\treturn a - b, nil\n}\n",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!Parsed::new(language, file(&text)).unwrap().tree().root_node().has_error(), "{text}");
        for (old, new) in
            [("xs[0]", "xs[1]"), ("{ return 1 }", "{ return 2 }"), ("Sum(1, 2, 3)", "Sum(1, 1, 3)")]
        {
            assert!(cloner.home(&go_variant(old, new)).is_err(), "{old}");
        }
    }
}
