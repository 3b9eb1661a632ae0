//! Code in pieces: the bodies of functions, and what stands outside of them. A piece is what an edit touches and what a
//! test runs through; both are compared by its text. Pure.

use hephaestus_core::{ByteRange, ContentHash, RelPath};
use hephaestus_syntax::{LineIndex, Parsed};
use std::collections::{BTreeMap, HashMap};

/// The name of the piece outside all functions.
pub(super) const TOP: &str = "";

/// One piece of a file: its own text is what lies in `range` and in none of `cuts`.
#[derive(Debug)]
pub(super) struct Unit {
    /// The function's qualified name, numbered where there are several of it; [`TOP`] outside.
    pub(super) name: String,
    /// Hash of its own text.
    pub(super) hash: ContentHash,
    /// The lines (1-based) that begin in it.
    pub(super) lines: Vec<u32>,
    range: ByteRange,
    cuts: Vec<ByteRange>,
    /// What no run can tell: see [`silent`].
    silent: Vec<ByteRange>,
}

impl Unit {
    fn new(name: String, range: ByteRange) -> Self {
        Self { name, hash: ContentHash::of(b""), lines: vec![], range, cuts: vec![], silent: vec![] }
    }

    /// The pieces of its own text.
    fn pieces(&self) -> impl Iterator<Item = ByteRange> {
        let ends = self.cuts.iter().map(|cut| cut.start).chain([self.range.end]);
        let starts = [self.range.start].into_iter().chain(self.cuts.iter().map(|cut| cut.end));
        starts.zip(ends).map(|(start, end)| ByteRange::new(start, end.max(start)))
    }

    /// How many bytes of its own text lie before `offset`; what is silent does not count.
    pub(super) fn position(&self, offset: usize) -> usize {
        let before = |range: ByteRange| offset.clamp(range.start, range.end) - range.start;
        let silent: usize = self.silent.iter().map(|range| before(*range)).sum();
        self.pieces().map(before).sum::<usize>().saturating_sub(silent)
    }

    /// Its own text without what is silent, by piece.
    fn own_text(&self, text: &str) -> Vec<String> {
        let loud = |piece: ByteRange| {
            let inside: Vec<ByteRange> =
                self.silent.iter().copied().filter(|range| piece.contains(*range)).collect();
            let starts = [piece.start].into_iter().chain(inside.iter().map(|range| range.end));
            let ends = inside.iter().map(|range| range.start).chain([piece.end]);
            starts.zip(ends).filter_map(|(start, end)| text.get(start..end)).collect()
        };
        self.pieces().map(loud).collect()
    }
}

/// A file in pieces; the first one is what lies outside all functions.
#[derive(Debug)]
pub(super) struct FileUnits {
    /// Whether it is test code.
    pub(super) is_test: bool,
    /// Hash of the whole text.
    pub(super) hash: ContentHash,
    /// The pieces, in the order they begin.
    pub(super) units: Vec<Unit>,
    index: HashMap<String, usize>,
    /// By line: the piece it begins in.
    owners: Vec<usize>,
    /// By line: functions whose body begins in the middle of it.
    opened: BTreeMap<usize, Vec<usize>>,
}

impl FileUnits {
    pub(super) fn of(parsed: &Parsed) -> Self {
        let file = parsed.file();
        let mut units = vec![Unit::new(TOP.to_owned(), ByteRange::new(0, file.text.len()))];
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for function in parsed.functions() {
            let nth = seen.entry(&function.qualified).or_default();
            *nth += 1;
            let number = if *nth > 1 { format!("#{nth}") } else { String::new() };
            units.push(Unit::new(format!("{}{number}", function.qualified), function.body));
        }
        cut_out(&mut units);
        let silent = silent(parsed);
        for unit in &mut units {
            let pieces: Vec<ByteRange> = unit.pieces().collect();
            let is_own = |range: &&ByteRange| pieces.iter().any(|piece| piece.contains(**range));
            // Outside of functions comments may speak to tools.
            if unit.name != TOP {
                unit.silent = silent.iter().filter(is_own).copied().collect();
            }
            let own = unit.own_text(&file.text);
            unit.hash = ContentHash::of_parts(own.iter().map(String::as_str));
        }
        let index = units.iter().enumerate().map(|(at, unit)| (unit.name.clone(), at)).collect();
        let (is_test, hash) = (file.is_test, file.hash.clone());
        let mut whole = Self { is_test, hash, units, index, owners: vec![], opened: BTreeMap::new() };
        whole.share_out_lines(&LineIndex::new(file.text.clone()));
        whole
    }

    fn share_out_lines(&mut self, lines: &LineIndex) {
        for line in 0..lines.lines() {
            let content = lines.line_range(line);
            let text = content.slice(lines.text()).unwrap_or_default();
            let first = content.start + (text.len() - text.trim_start().len());
            let owner = self.at(first);
            self.owners.push(owner);
            let end = content.start + text.trim_end_matches(['\n', '\r']).len();
            let is_silent =
                |unit: &Unit| unit.silent.iter().any(|range| range.start < content.start && end <= range.end);
            if let (Some(unit), Ok(number)) = (self.units.get_mut(owner), u32::try_from(line + 1))
                && !is_silent(unit)
            {
                unit.lines.push(number);
            }
            let opens = |unit: &Unit| first < unit.range.start && unit.range.start <= content.end;
            let opened: Vec<usize> =
                self.units.iter().enumerate().filter(|(_, unit)| opens(unit)).map(|(at, _)| at).collect();
            if !opened.is_empty() {
                self.opened.insert(line, opened);
            }
        }
    }

    /// How many lines there are.
    pub(super) fn line_count(&self) -> usize {
        self.owners.len()
    }

    /// The innermost piece around a byte.
    pub(super) fn at(&self, offset: usize) -> usize {
        let around = self.units.iter().enumerate().skip(1).filter(|(_, unit)| {
            unit.range.start <= offset && offset < unit.range.end.max(unit.range.start + 1)
        });
        around.min_by_key(|(_, unit)| unit.range.len()).map_or(0, |(at, _)| at)
    }

    /// The piece of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Unit> {
        self.units.get(*self.index.get(name)?)
    }

    /// The piece that line `line` (1-based) begins in, and those whose body begins in the middle of it.
    pub(super) fn on_line(&self, line: u32) -> (Option<&Unit>, impl Iterator<Item = &Unit>) {
        let line = (line as usize).saturating_sub(1);
        let owner = self.owners.get(line).and_then(|owner| self.units.get(*owner));
        let opened = self.opened.get(&line).into_iter().flatten();
        (owner, opened.filter_map(|at| self.units.get(*at)))
    }
}

/// Code with one of these may look at its own text, comments and all.
const READS_CODE: [&str; 6] =
    ["getsource", "getcomments", "linecache", "tokenize", "toString.call", "prototype.toString"];
/// What stands in nodes of such kinds may be part of a value.
const VALUES: [&str; 5] = ["string", "template", "text", "jsx", "regex"];

/// What is there for readers alone, sorted: comments at the end of their line, lines of comments, and blank lines, each
/// with the line break before it. Nothing where the code may look at itself.
fn silent(parsed: &Parsed) -> Vec<ByteRange> {
    let text = &*parsed.file().text;
    if READS_CODE.iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut left = vec![parsed.tree().root_node()];
    while let Some(node) = left.pop() {
        let kind = node.kind();
        if kind.contains("comment") {
            let whole = ByteRange::new(node.start_byte(), node.end_byte());
            let length = whole.slice(text).map_or(0, |comment| comment.trim_end().len());
            found.extend(with_its_line(text, ByteRange::new(whole.start, whole.start + length)));
            continue;
        }
        if node.is_error() || VALUES.iter().any(|word| kind.contains(word)) {
            continue;
        }
        let mut before = node.start_byte();
        let mut cursor = node.walk();
        for child in node.children(&mut cursor) {
            found.extend(blank_lines(text, ByteRange::new(before, child.start_byte().max(before))));
            before = child.end_byte();
            left.push(child);
        }
    }
    found.sort_unstable();
    // Where two meet, the first one stays: none may lie in another.
    let mut end = 0;
    found.retain(|range| {
        let is_apart = range.start >= end;
        end = if is_apart { range.end } else { end };
        is_apart
    });
    found
}

/// A comment with the blanks before it, and with the line break where it has its lines to itself; `None` where code
/// follows it.
fn with_its_line(text: &str, comment: ByteRange) -> Option<ByteRange> {
    let (before, after) = (text.get(..comment.start)?, text.get(comment.end..)?);
    let rest = after.split('\n').next().unwrap_or_default();
    if !rest.trim().is_empty() {
        return None;
    }
    let code = before.trim_end_matches([' ', '\t']);
    let start = code.strip_suffix('\n').unwrap_or(code).len();
    Some(ByteRange::new(start, comment.end + rest.len()))
}

/// The blank lines in a gap between two words of code, each from the line break before it to its own.
fn blank_lines(text: &str, gap: ByteRange) -> Vec<ByteRange> {
    let inside = gap.slice(text).unwrap_or_default();
    if !inside.trim().is_empty() {
        return Vec::new();
    }
    let breaks: Vec<usize> = inside.match_indices('\n').map(|(at, _)| gap.start + at).collect();
    breaks.windows(2).filter_map(|pair| Some(ByteRange::new(*pair.first()?, *pair.last()?))).collect()
}

/// Each function's body is cut out of the innermost piece around it.
fn cut_out(units: &mut [Unit]) {
    let ranges: Vec<ByteRange> = units.iter().map(|unit| unit.range).collect();
    for (inner, range) in ranges.iter().enumerate().skip(1) {
        let around = ranges.iter().enumerate().filter(|(outer, outer_range)| {
            *outer != inner && outer_range.contains(*range) && (*outer_range != range || *outer < inner)
        });
        let parent = around.min_by_key(|(outer, range)| (range.len(), std::cmp::Reverse(*outer)));
        if let Some(unit) = parent.and_then(|(outer, _)| units.get_mut(outer)) {
            unit.cuts.push(*range);
        }
    }
    for unit in units {
        unit.cuts.sort_unstable();
    }
}

/// All files in pieces.
#[derive(Debug, Default)]
pub(super) struct Units {
    pub(super) files: BTreeMap<RelPath, FileUnits>,
}

impl Units {
    pub(super) fn of<'a>(parsed: impl IntoIterator<Item = &'a Parsed>) -> Self {
        let units = |parsed: &Parsed| (parsed.file().path.clone(), FileUnits::of(parsed));
        Self { files: parsed.into_iter().map(units).collect() }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use hephaestus_core::{LanguageId, SourceFile};
    use hephaestus_syntax::Languages;
    use std::sync::Arc;

    pub(crate) fn parsed(path: &str, text: &str) -> Parsed {
        let path = RelPath::new(path).unwrap();
        let languages = Languages::builtin().unwrap();
        let language = languages.detect(&path, text).unwrap();
        let is_test = path.as_str().contains("test");
        let id: LanguageId = language.id().clone();
        Parsed::new(language, Arc::new(SourceFile::new(path, id, text, is_test))).unwrap()
    }

    const CODE: &str =
        "A = 1\n\ndef f(x=A):\n    def g():\n        return 2\n    return g() + x\n\ndef h(): return 3\n";

    fn hashes(text: &str) -> BTreeMap<String, ContentHash> {
        let units = FileUnits::of(&parsed("a.py", text));
        units.units.iter().map(|unit| (unit.name.clone(), unit.hash.clone())).collect()
    }

    fn changed(new: &str) -> Vec<String> {
        let (before, after) = (hashes(CODE), hashes(new));
        before
            .iter()
            .filter(|(name, hash)| after.get(*name) != Some(hash))
            .map(|(name, _)| name.clone())
            .collect()
    }

    #[test]
    fn an_edit_touches_the_innermost_piece_alone() {
        assert_eq!(changed(&CODE.replace("return 2", "return 22")), ["f.g"]);
        assert_eq!(changed(&CODE.replace("g() + x", "g() - x")), ["f"]);
        assert_eq!(changed(&CODE.replace("return 3", "return 4")), ["h"]);
        assert_eq!(changed(&CODE.replace("x=A", "x=2")), [TOP], "a default belongs to what is outside");
        assert_eq!(changed(&CODE.replace("A = 1", "A = 1\nB = 2")), [TOP], "what moves down stays the same");
    }

    #[test]
    fn positions_do_not_move_with_what_is_elsewhere() {
        let position = |text: &str, what: &str| {
            let units = FileUnits::of(&parsed("a.py", text));
            let offset = text.find(what).unwrap();
            let unit = &units.units[units.at(offset)];
            (unit.name.clone(), unit.position(offset))
        };
        let longer = CODE.replace("A = 1", "A = 1000").replace("return 2", "return 2222");
        for what in ["+ x", "return 3"] {
            assert_eq!(position(CODE, what), position(&longer, what));
        }
        assert_eq!(position(CODE, "+ x").0, "f");
    }

    #[test]
    fn lines_belong_to_pieces() {
        let units = FileUnits::of(&parsed("a.py", CODE));
        let on = |line| {
            let (owner, opened) = units.on_line(line);
            (owner.unwrap().name.clone(), opened.map(|unit| unit.name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(on(1), (TOP.to_owned(), vec![]));
        assert_eq!(on(3).0, TOP, "defining a function runs outside of it");
        assert_eq!(on(5).0, "f.g");
        assert_eq!(on(6).0, "f");
        assert_eq!(on(8), (TOP.to_owned(), vec!["h".to_owned()]), "one line may be both");
    }

    #[test]
    fn comments_and_blank_lines_in_functions_do_not_count() {
        let same = |new: &str| assert_eq!(changed(new), Vec::<String>::new(), "{new}");
        same(&CODE.replace("    return g()", "    # why\n    return g()"));
        same(&CODE.replace("    return g()", "\n    # why\n\n    # and how\n    return g()"));
        assert_eq!(changed(&CODE.replace("A = 1", "A = 1  # why")), [TOP], "outside they may speak to tools");
        let lines = "def f(a):\n    b = 1\n    return b\n";
        let of = |text: &str| hashes(text).get("f").cloned();
        assert_eq!(of(lines), of(&lines.replace("b = 1", "b = 1  # why")));
        let text = "def h():\n    a = \"\"\"\n\n# no comment\n\"\"\"\n    return a\n";
        assert_ne!(hashes(text).get("h"), hashes(&text.replace("\n\n#", "\n#")).get("h"), "it is a value");
        assert_ne!(hashes(text).get("h"), hashes(&text.replace("# no", "# a")).get("h"));
        let depth = "def f(a):\n    if a:\n        b()\n    # c\n    d()\n";
        assert_ne!(of(depth), of(&depth.replace("    d()", "        d()")), "what is left keeps its depth");
    }

    #[test]
    fn code_that_looks_at_itself_has_comments_that_count() {
        let text = "import inspect\n\ndef f():\n    a = 1\n    return inspect.getsource(f)\n";
        let with = text.replace("    return", "    # c\n    return");
        assert_ne!(hashes(text).get("f"), hashes(&with).get("f"));
    }

    #[test]
    fn a_comment_moves_neither_positions_nor_lines() {
        let longer = CODE.replace("    return g()", "    # why\n\n    return g()");
        let seen = |text: &str| {
            let units = FileUnits::of(&parsed("a.py", text));
            let offset = text.find("+ x").unwrap();
            let unit = &units.units[units.at(offset)];
            let line = u32::try_from(text[..offset].matches('\n').count() + 1).unwrap();
            (unit.name.clone(), unit.position(offset), unit.lines.iter().position(|own| *own == line))
        };
        assert_eq!(seen(CODE), seen(&longer));
        assert!(seen(CODE).2.is_some());
    }

    #[test]
    fn functions_of_one_name_are_numbered() {
        let names: Vec<String> =
            hashes("def f():\n    return 1\n\ndef f():\n    return 2\n").into_keys().collect();
        assert_eq!(names, [TOP, "f", "f#2"]);
    }
}
