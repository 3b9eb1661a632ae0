//! From an answer to a patch: finds the code in whatever is around it, and its place in the files. What cannot be placed
//! without guessing is refused. Judges nothing: that is what tests are for.

use std::collections::BTreeMap;
use std::sync::Arc;

use hephaestus_core::{Goal, Patch, RelPath, Snapshot, SourceFile};
use hephaestus_syntax::{Function, Languages, Parsed};

use super::scene::Region;

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misread {
    #[error("there is no code in the answer")]
    NoCode,
    #[error("the answer leaves code out")]
    LeftOut,
    #[error("the answer changes `{0}`, which is not in the file")]
    NowhereFound(String),
    #[error("the answer changes `{0}`, which is in the file several times")]
    Ambiguous(String),
    #[error("the answer changes `{0}`, which it may not")]
    NotAllowed(String),
    #[error("the answer changes nothing")]
    Unchanged,
}

/// A stretch of text to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// What the answer calls the file; nothing where it does not say.
    file: Option<String>,
    search: String,
    replace: String,
}

/// Reads answers about one goal.
pub(crate) struct Reader<'a> {
    pub(crate) goal: &'a Goal,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) languages: &'static Languages,
    /// The code that was shown.
    pub(crate) regions: &'a [Region],
}

impl Reader<'_> {
    /// The change that `answer` asks for.
    ///
    /// # Errors
    /// When it asks for none, or not clearly.
    pub(crate) fn read(&self, answer: &str) -> Result<Patch, Misread> {
        let answer = answer.replace("\r\n", "\n").replace('\r', "\n");
        let blocks = blocks(&answer);
        let texts = if blocks.is_empty() { self.with_function(&answer)? } else { self.with_blocks(&blocks)? };
        let mut patch = Patch::default();
        for (path, new) in texts {
            let Some(file) = self.snapshot.file(&path) else { continue };
            let new = like(&file.text, new);
            if self.is_news(file, &new) {
                let own = Patch::between(path.clone(), &file.text, &new);
                patch = patch.merge(&own).map_err(|_| Misread::Ambiguous(path.to_string()))?;
            }
        }
        if patch.is_empty() { Err(Misread::Unchanged) } else { Ok(patch) }
    }

    /// Whether more differs than white space and comments.
    fn is_news(&self, file: &Arc<SourceFile>, new: &str) -> bool {
        let normal = |file: Arc<SourceFile>| normalised(self.languages, file);
        let changed = SourceFile::new(file.path.clone(), file.language.clone(), new, file.is_test);
        *file.text != *new && normal(Arc::clone(file)) != normal(Arc::new(changed))
    }

    fn with_blocks(&self, blocks: &[Block]) -> Result<BTreeMap<RelPath, String>, Misread> {
        let mut texts: BTreeMap<RelPath, String> = BTreeMap::new();
        for block in blocks {
            let path = self.file_of(block)?;
            let Some(file) = self.snapshot.file(&path) else { continue };
            let old = texts.remove(&path).unwrap_or_else(|| unix(&file.text));
            if leaves_out(&block.replace, &old) {
                return Err(Misread::LeftOut);
            }
            let shown: Vec<String> = self.shown_in(&path).map(|region| unix(region.text())).collect();
            texts.insert(path, replaced(&old, block, &shown)?);
        }
        Ok(texts)
    }

    fn shown_in(&self, path: &RelPath) -> impl Iterator<Item = &Region> {
        self.regions.iter().filter(move |region| region.file().path == *path)
    }

    /// The file that a block is about: by its name, else the first one that was shown and has the text.
    fn file_of(&self, block: &Block) -> Result<RelPath, Misread> {
        let named = block.file.as_deref().and_then(|name| {
            let allowed = self.goal.footprint.iter();
            let mut fitting =
                allowed.filter(|path| path.as_str() == name || name.ends_with(&format!("/{path}")));
            fitting.next().cloned()
        });
        if let Some(path) = named {
            return Ok(path);
        }
        if let Some(name) = block.file.as_deref().filter(|name| self.is_in_workspace(name)) {
            return Err(Misread::NotAllowed(name.to_owned()));
        }
        let holds = |region: &&Region| found_at(&unix(&region.file().text), &block.search).is_ok();
        let region = self.regions.iter().find(holds).or(self.regions.first());
        region.map(|region| region.file().path.clone()).ok_or(Misread::NoCode)
    }

    fn is_in_workspace(&self, name: &str) -> bool {
        RelPath::new(name).is_ok_and(|path| self.snapshot.file(&path).is_some())
    }

    /// The text with a whole function of the answer in place of the one of its name.
    fn with_function(&self, answer: &str) -> Result<BTreeMap<RelPath, String>, Misread> {
        let stretches = fenced(answer);
        let all = if stretches.is_empty() { vec![answer.to_owned()] } else { stretches };
        let mut misread = Misread::NoCode;
        // The last one is the conclusion, where there are several.
        for code in all.iter().rev() {
            for region in self.regions {
                match self.in_place_of(region, code) {
                    Ok(text) => return Ok([(region.file().path.clone(), text)].into()),
                    Err(Misread::NoCode) => {}
                    Err(other) => misread = other,
                }
            }
        }
        Err(misread)
    }

    fn in_place_of(&self, region: &Region, code: &str) -> Result<String, Misread> {
        let function = region.function.as_ref().ok_or(Misread::NoCode)?;
        let file = region.file();
        let old = function.range.slice(&file.text).unwrap_or_default();
        let new = self.function_in(region, function, code).ok_or(Misread::NoCode)?;
        if leaves_out(&new, old) {
            return Err(Misread::LeftOut);
        }
        let line_start = file
            .text
            .get(..function.range.start)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1);
        let before = file.text.get(line_start..function.range.start).unwrap_or_default();
        let indent: String = before.chars().take_while(|c| c.is_whitespace()).collect();
        let head = file.text.get(..function.range.start).unwrap_or_default();
        let tail = file.text.get(function.range.end..).unwrap_or_default();
        let text = format!("{head}{}{tail}", indented(&new, &indent));
        Ok(if is_dos(&file.text) { text.replace("\r\n", "\n") } else { text })
    }

    /// The function of that name in `code`, as text without indentation of its own, with functions around it that the
    /// file does not have.
    fn function_in(&self, region: &Region, wanted: &Function, code: &str) -> Option<String> {
        let language = self.languages.get(&region.file().language)?;
        let code = dedented(code);
        let path = region.file().path.clone();
        let file = Arc::new(SourceFile::new(path, region.file().language.clone(), code.as_str(), false));
        let parsed = Parsed::new(language, file)?;
        if let Some(found) = parsed.functions().iter().find(|own| own.name == wanted.name) {
            return Some(taken(&code, found));
        }
        // A method without its class is no function in every language: then its first line has to be the same.
        let first = |text: &str| text.trim().lines().next().map(squeezed);
        let old = wanted.range.slice(&region.file().text)?;
        let at = code.lines().position(|line| Some(squeezed(line)) == first(old))?;
        let rest: Vec<&str> = code.lines().skip(at).collect();
        Some(dedented(&rest.join("\n")).trim_end().to_owned())
    }
}

/// A function's own lines, moved to the left border.
fn taken(code: &str, function: &Function) -> String {
    let line_start =
        code.get(..function.range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let lead = code.get(line_start..function.range.start).unwrap_or_default();
    let text = function.range.slice(code).unwrap_or_default();
    if lead.trim().is_empty() { dedented(&format!("{lead}{text}")) } else { text.to_owned() }
}

/// The search/replace blocks of an answer, as far as they are complete.
fn blocks(answer: &str) -> Vec<Block> {
    let is_mark = |line: &str, mark: char| {
        let line = line.trim();
        line.chars().take_while(|c| *c == mark).count() >= 5
    };
    let is_border = |line: &str| line.trim().len() >= 5 && line.trim().chars().all(|c| c == '=');
    let lines: Vec<&str> = answer.lines().collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(from) = position(&lines, at, |line| is_mark(line, '<')) {
        let Some(border) = position(&lines, from + 1, is_border) else { break };
        let Some(to) = position(&lines, border + 1, |line| is_mark(line, '>')) else { break };
        let text = |from: usize, to: usize| lines.get(from..to).unwrap_or_default().join("\n");
        blocks.push(Block {
            file: lines.get(at..from).and_then(file_named),
            search: text(from + 1, border),
            replace: text(border + 1, to),
        });
        at = to + 1;
    }
    blocks
}

fn position(lines: &[&str], from: usize, is_it: impl Fn(&str) -> bool) -> Option<usize> {
    let rest = lines.get(from..)?;
    rest.iter().position(|line| is_it(line)).map(|at| from + at)
}

/// The last line before a block that could be a path.
fn file_named(before: &[&str]) -> Option<String> {
    let is_said = |line: &&&str| !line.trim().is_empty() && !line.trim_start().starts_with("```");
    let line = before.iter().rfind(is_said)?.trim();
    let name = line.rsplit_once(": ").map_or(line, |(_, name)| name);
    let name = name.trim_matches(|c: char| "`*#'\"():".contains(c) || c.is_whitespace());
    let name = name.trim_start_matches("./");
    (!name.is_empty() && !name.contains(char::is_whitespace) && name.contains('.')).then(|| name.to_owned())
}

/// Fenced stretches of an answer; one that never ends goes on to the end.
fn fenced(answer: &str) -> Vec<String> {
    let mut stretches = Vec::new();
    let mut open: Option<Vec<&str>> = None;
    for line in answer.lines() {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        match (&mut open, is_fence) {
            (None, true) => open = Some(Vec::new()),
            (Some(_), true) => stretches.extend(open.take().map(|lines| lines.join("\n"))),
            (Some(lines), false) => lines.push(line),
            (None, false) => {}
        }
    }
    stretches.extend(open.map(|lines| lines.join("\n")));
    stretches.retain(|stretch| !stretch.trim().is_empty());
    stretches
}

/// `old` with one block's replacement made: within what was shown where that is clear, else in the whole file.
fn replaced(old: &str, block: &Block, shown: &[String]) -> Result<String, Misread> {
    for region in shown {
        // An earlier block may have changed it; then the whole file is searched.
        let Some(base) = old.find(region.as_str()) else { continue };
        if let Ok((from, to, indent)) = found_at(region, &block.search) {
            return Ok(spliced(old, base + from, base + to, &reindented(block, &indent)));
        }
    }
    let (from, to, indent) = found_at(old, &block.search)?;
    Ok(spliced(old, from, to, &reindented(block, &indent)))
}

fn spliced(old: &str, from: usize, to: usize, new: &str) -> String {
    let before = old.get(..from).unwrap_or_default();
    let after = old.get(to..).unwrap_or_default();
    // Lines that are deleted take their line end with them.
    let after = if new.is_empty() { after.strip_prefix('\n').unwrap_or(after) } else { after };
    format!("{before}{new}{after}")
}

/// How much further to the right, or to the left, the file's lines are than the answer's.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Indent {
    Same,
    More(String),
    Less(String),
}

fn reindented(block: &Block, indent: &Indent) -> String {
    let line = |line: &str| match indent {
        _ if line.trim().is_empty() => String::new(),
        Indent::Same => line.to_owned(),
        Indent::More(more) => format!("{more}{line}"),
        Indent::Less(less) => line.strip_prefix(less.as_str()).unwrap_or(line.trim_start()).to_owned(),
    };
    if *indent == Indent::Same {
        return block.replace.clone();
    }
    block.replace.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The one place where `search` stands in `text`, line by line; white space at the end of lines does not count, and a
/// common indentation may differ.
fn found_at(text: &str, search: &str) -> Result<(usize, usize, Indent), Misread> {
    let wanted: Vec<&str> = search.trim_matches('\n').lines().collect();
    let first = wanted.iter().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned());
    let first = first.ok_or(Misread::NoCode)?;
    let lines = line_places(text);
    let windows = || lines.windows(wanted.len());
    for indented in [false, true] {
        let fits = |window: &&[(usize, &str)]| fits(window, &wanted, indented).is_some();
        let mut places = windows().filter(fits);
        let Some(place) = places.next() else { continue };
        if places.next().is_some() {
            return Err(Misread::Ambiguous(first));
        }
        let (from, to) =
            (place.first().map_or(0, |line| line.0), place.last().map_or(0, |line| line.0 + line.1.len()));
        return Ok((from, to, fits_with(place, &wanted, indented)));
    }
    Err(Misread::NowhereFound(first))
}

fn fits_with(window: &[(usize, &str)], wanted: &[&str], indented: bool) -> Indent {
    fits(window, wanted, indented).unwrap_or(Indent::Same)
}

/// Whether the lines are the same but for what does not count, and how far they were moved.
fn fits(window: &[(usize, &str)], wanted: &[&str], indented: bool) -> Option<Indent> {
    let mut moved: Option<Indent> = None;
    for ((_, line), wanted) in window.iter().zip(wanted) {
        if line.trim() != wanted.trim() {
            return None;
        }
        if line.trim().is_empty() {
            continue;
        }
        let by = shift(line, wanted)?;
        if moved.get_or_insert_with(|| by.clone()) != &by {
            return None;
        }
    }
    moved.filter(|moved| indented || *moved == Indent::Same)
}

fn shift(line: &str, wanted: &str) -> Option<Indent> {
    let lead = |text: &str| text.get(..text.len() - text.trim_start().len()).unwrap_or_default().to_owned();
    let (own, other) = (lead(line), lead(wanted));
    if own == other {
        Some(Indent::Same)
    } else if let Some(more) = own.strip_suffix(other.as_str()) {
        Some(Indent::More(more.to_owned()))
    } else {
        other.strip_suffix(own.as_str()).map(|less| Indent::Less(less.to_owned()))
    }
}

/// Lines without their ends, and where each begins.
fn line_places(text: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let place = |line: &'_ str| {
        let from = at;
        at += line.len();
        from
    };
    let starts: Vec<usize> = text.split_inclusive('\n').map(place).collect();
    let lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line));
    starts.into_iter().zip(lines).collect()
}

/// Whether `new` has a line that stands for code left out, which `old` does not have.
fn leaves_out(new: &str, old: &str) -> bool {
    let known: Vec<&str> = old.lines().map(str::trim).collect();
    new.lines().map(str::trim).any(|line| is_placeholder(line) && !known.contains(&line))
}

fn is_placeholder(line: &str) -> bool {
    let bare = line.trim_start_matches(['#', '/', '*', '-', '{', '<', '!', ' ']);
    let is_comment = bare.len() < line.len();
    let dots = bare.starts_with("...") || bare.starts_with('…');
    let words = bare.to_lowercase();
    let says =
        ["existing code", "rest of the", "remaining code", "unchanged", "same as before", "code omitted"];
    // `...tail` spreads in JavaScript; alone, or in a comment, it stands for what nobody wrote.
    let stands_alone = matches!(bare, "..." | "…" | "...," | "...;");
    is_comment && (dots || says.iter().any(|say| words.contains(say))) || stands_alone
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` without the indentation that all its lines have.
fn dedented(text: &str) -> String {
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let least = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let moved = text.trim_matches('\n').lines().map(|line| line.get(least..).unwrap_or_default());
    moved.collect::<Vec<_>>().join("\n")
}

/// `text` with `indent` before every line but the first, which has it already.
fn indented(text: &str, indent: &str) -> String {
    let mut lines = text.trim_end().lines();
    let first = lines.next().unwrap_or_default().to_owned();
    let more = |line: &str| if line.trim().is_empty() { String::new() } else { format!("{indent}{line}") };
    std::iter::once(first).chain(lines.map(more)).collect::<Vec<_>>().join("\n")
}

/// Whether every line ends as on Windows.
fn is_dos(text: &str) -> bool {
    text.contains("\r\n") && text.matches('\n').count() == text.matches("\r\n").count()
}

/// A file's text with plain line feeds, where that can be undone.
fn unix(text: &str) -> String {
    if is_dos(text) || !text.contains('\n') { text.replace("\r\n", "\n") } else { text.to_owned() }
}

/// `new` with the line ends of `old`.
fn like(old: &str, new: String) -> String {
    if is_dos(old) { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new }
}

/// A text as its tokens: the same for whatever differs in comments and in layout within lines alone. Where a line begins
/// counts, because in some languages that is what says which block it belongs to.
pub(crate) fn normalised(languages: &'static Languages, file: Arc<SourceFile>) -> String {
    let parsed = languages.get(&file.language).and_then(|language| Parsed::new(language, Arc::clone(&file)));
    let Some(parsed) = parsed else { return file.text.split_whitespace().collect::<Vec<_>>().join(" ") };
    let whole = hephaestus_core::ByteRange::new(0, file.text.len());
    let mut normal = String::new();
    for range in parsed.tokens(whole).iter().map(|token| token.range) {
        let before = file.text.get(..range.start).unwrap_or_default();
        let lead = before.rsplit('\n').next().unwrap_or_default();
        if lead.trim().is_empty() {
            normal.push_str(&format!("\n{} ", lead.len()));
        }
        normal.push_str(range.slice(&file.text).unwrap_or_default());
        normal.push(' ');
    }
    normal
}

#[cfg(test)]
mod tests;
