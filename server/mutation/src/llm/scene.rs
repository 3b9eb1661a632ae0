//! What a model is shown of the code: the region of a goal, what it calls, who calls it, and what the tests say. Within a
//! limit; the nearer the first.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use hephaestus_core::{
    ByteRange, EngineContext, Goal, GoalKind, GoalOrigin, RelPath, Setback, Snapshot, SourceFile, Verdict,
};
use hephaestus_syntax::{Function, Languages, LineIndex, Parsed};
use regex::Regex;

use super::prompts::Values;

/// Bytes of code and messages that make a token, at the least, on average.
const BYTES_PER_TOKEN: usize = 3;
/// Functions shown in full.
const REGIONS: usize = 3;
/// Files that are searched for what is called.
const FILES: usize = 60;
/// Signatures, places of calls, tests that are shown.
const SIGNATURES: usize = 12;
const CALLERS: usize = 6;
const TESTS: usize = 3;
/// Earlier tries that are shown, and how much of what each one ran into.
const TRIED: usize = 3;
const WORDS: usize = 700;

static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"([A-Za-z_$][\w$]*)\s*\(").ok());

/// Code that may be changed.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) parsed: Parsed,
    /// Whole lines.
    pub(crate) range: ByteRange,
    /// The function it is, where it is one.
    pub(crate) function: Option<Function>,
}

impl Region {
    pub(crate) fn file(&self) -> &Arc<SourceFile> {
        self.parsed.file()
    }

    pub(crate) fn text(&self) -> &str {
        self.range.slice(&self.file().text).unwrap_or_default()
    }

    fn name(&self) -> Option<&str> {
        self.function.as_ref().map(|function| function.name.as_str())
    }

    /// The innermost function around `range`, else its lines.
    fn around(parsed: &Parsed, range: ByteRange) -> Self {
        let function = parsed.function_at(range).cloned();
        let range = whole_lines(&parsed.file().text, function.as_ref().map_or(range, |own| own.range));
        Self { parsed: parsed.clone(), range, function }
    }
}

fn whole_lines(text: &str, range: ByteRange) -> ByteRange {
    let start = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let end =
        text.get(range.end..).and_then(|after| after.find('\n')).map_or(text.len(), |at| range.end + at);
    ByteRange::new(start, end)
}

/// What is shown for one goal.
pub(crate) struct Scene<'a> {
    goal: &'a Goal,
    context: &'a EngineContext<'a>,
    languages: &'static Languages,
    /// Code that may be changed, the likeliest first.
    pub(crate) regions: Vec<Region>,
}

impl<'a> Scene<'a> {
    /// `None` where nobody knows which code the goal is about.
    pub(crate) fn of(
        goal: &'a Goal,
        context: &'a EngineContext<'a>,
        languages: &'static Languages,
    ) -> Option<Self> {
        let mut scene = Self { goal, context, languages, regions: Vec::new() };
        let places: Vec<(RelPath, ByteRange)> = match &goal.origin {
            GoalOrigin::Test { suspects, .. } => {
                suspects.iter().map(|suspect| (suspect.file.clone(), suspect.range)).collect()
            }
            _ => vec![(goal.file.clone(), goal.range)],
        };
        for (path, range) in places.into_iter().filter(|(path, _)| goal.footprint.contains(path)) {
            scene.add(&path, range);
        }
        if scene.regions.is_empty() && goal.kind == GoalKind::Repair {
            scene.add_what_tests_mention();
        }
        (!scene.regions.is_empty()).then_some(scene)
    }

    fn add(&mut self, path: &RelPath, range: ByteRange) {
        let Some(parsed) = self.parsed(path) else { return };
        let region = Region::around(&parsed, range);
        let is_known = |own: &Region| own.file().path == *path && own.range.overlaps(region.range);
        if self.regions.len() < REGIONS && !self.regions.iter().any(is_known) {
            self.regions.push(region);
        }
    }

    /// Where nobody traced the tests: functions that they name.
    fn add_what_tests_mention(&mut self) {
        let words: BTreeSet<String> =
            self.test_functions().iter().flat_map(|(_, text)| called(text)).collect();
        for path in &self.goal.footprint {
            let mentions = |file: &SourceFile| words.iter().any(|word| file.text.contains(word.as_str()));
            let Some(file) = self.context.snapshot.file(path) else { continue };
            if file.language != self.goal.language || !mentions(file) {
                continue;
            }
            let Some(parsed) = self.parsed(path) else { continue };
            for function in parsed.functions().iter().filter(|function| words.contains(&function.name)) {
                self.add(path, function.range);
            }
            if self.regions.len() >= REGIONS {
                return;
            }
        }
    }

    fn parsed(&self, path: &RelPath) -> Option<Parsed> {
        let file = self.context.snapshot.file(path)?;
        Parsed::with_cancel(self.languages.get(&file.language)?, Arc::clone(file), self.context.cancel)
    }

    /// Everything about the goal, in no more than about `tokens` tokens; `None` when not even the code fits.
    pub(crate) fn values(&self, tokens: u32, before: &[&Setback]) -> Option<Values> {
        let mut room = Room((tokens as usize).saturating_mul(BYTES_PER_TOKEN));
        let mut values = Values::new();
        values.insert("goal", room.take(&self.at_home(&self.goal.message), WORDS));
        values.insert("why", room.take(&self.goal.why, WORDS));
        values.insert("code", self.code(&mut room)?);
        let half = room.0 / 2;
        values.insert("failures", room.take(&self.at_home(&self.failures()), half));
        values.insert("tried", room.take(&self.at_home(&self.tried(before)), half));
        values.insert("tests", room.take(&self.tests(), half));
        values.insert("held", room.take(&self.held(), half));
        values.insert("callees", room.take(&self.callees(), half));
        values.insert("callers", room.take(&self.callers(), half));
        Some(values)
    }

    /// Where the workspace lies, and so who its user is, is nobody's business.
    fn at_home(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.context.snapshot.root.display()), "")
    }

    /// The first region has to be there in full; others are, as far as they fit.
    fn code(&self, room: &mut Room) -> Option<String> {
        let mut text = String::new();
        for region in &self.regions {
            let file = region.file();
            let line = LineIndex::new(Arc::clone(&file.text)).line_of(region.range.start) + 1;
            let shown =
                format!("{}, from line {line}:\n```{}\n{}\n```\n", file.path, file.language, region.text());
            match room.charge(shown.len()) {
                true => text.push_str(&shown),
                false if text.is_empty() => return None,
                false => break,
            }
        }
        Some(text.trim_end().to_owned())
    }

    fn failures(&self) -> String {
        let spectrum = self.context.probe.filter(|_| self.goal.kind == GoalKind::Repair);
        let spectrum =
            spectrum.and_then(|probe| probe.spectrum(&self.goal.language, self.context.cancel).ok());
        let wanted = |id: &String| self.goal.acceptance.must_pass.contains(id);
        let red = spectrum.into_iter().flat_map(|spectrum| spectrum.red).filter(|test| wanted(&test.id));
        let said = red.filter_map(|test| Some((test.id, test.failure?.message)));
        said.take(TESTS).map(|(id, message)| format!("{id}\n{}\n", clipped(&message, WORDS))).collect()
    }

    /// Test functions that the goal is about, with their text.
    fn test_functions(&self) -> Vec<(RelPath, String)> {
        let names: BTreeSet<&str> = self.goal.acceptance.must_pass.iter().flat_map(|id| words(id)).collect();
        let own: BTreeSet<&str> = self.regions.iter().filter_map(Region::name).collect();
        let mut found = Vec::new();
        for file in self.context.snapshot.files.values().filter(|file| file.language == self.goal.language) {
            let is_near = file.is_test || file.path == self.goal.file;
            if !is_near || found.len() >= TESTS {
                continue;
            }
            let Some(parsed) = self.parsed(&file.path) else { continue };
            let text = |function: &Function| function.range.slice(&file.text).unwrap_or_default();
            let is_meant = |function: &&Function| match self.goal.kind {
                GoalKind::Repair => names.contains(function.name.as_str()),
                _ => file.is_test && called(text(function)).iter().any(|name| own.contains(name.as_str())),
            };
            let functions = parsed.functions().iter().filter(is_meant);
            let lines = |function: &Function| whole_lines(&file.text, function.range).slice(&file.text);
            found.extend(
                functions.map(|function| (file.path.clone(), lines(function).unwrap_or_default().to_owned())),
            );
        }
        found.truncate(TESTS);
        found
    }

    fn tests(&self) -> String {
        let shown = |(path, text): (RelPath, String)| format!("{path}:\n```\n{text}\n```\n");
        let mut all: String = self.test_functions().into_iter().map(shown).collect();
        // Tests that are no functions: the statement that the goal names.
        if let (true, Some(file)) = (all.is_empty(), self.context.snapshot.file(&self.goal.file))
            && file.is_test
        {
            let text = self.goal.range.slice(&file.text).unwrap_or_default();
            all = if text.is_empty() { all } else { format!("{}:\n```\n{text}\n```\n", file.path) };
        }
        all
    }

    /// Signatures of functions of the project that the regions call.
    fn callees(&self) -> String {
        let own: BTreeSet<&str> = self.regions.iter().filter_map(Region::name).collect();
        let wanted: BTreeSet<String> = self.regions.iter().flat_map(|region| called(region.text())).collect();
        let wanted: BTreeSet<String> =
            wanted.into_iter().filter(|name| !own.contains(name.as_str())).collect();
        let mut lines = Vec::new();
        for file in self
            .sources()
            .filter(|file| wanted.iter().any(|name| file.text.contains(name.as_str())))
            .take(FILES)
        {
            let Some(parsed) = self.parsed(&file.path) else { continue };
            for function in parsed.functions().iter().filter(|function| wanted.contains(&function.name)) {
                let head =
                    ByteRange::new(function.range.start, function.body.start.max(function.range.start));
                let head: Vec<&str> = head.slice(&file.text).unwrap_or_default().split_whitespace().collect();
                lines.push(format!("{}: {}\n", file.path, head.join(" ").trim_end_matches([':', '{', ' '])));
            }
        }
        lines.truncate(SIGNATURES);
        lines.concat()
    }

    /// Lines outside the regions that call one of them.
    fn callers(&self) -> String {
        let names: Vec<String> =
            self.regions.iter().filter_map(|region| Some(format!("{}(", region.name()?))).collect();
        let mut lines = Vec::new();
        for file in self.sources() {
            let mut at = 0;
            for (number, line) in file.text.split_inclusive('\n').enumerate() {
                let range = ByteRange::new(at, at + line.len());
                at = range.end;
                let is_inside =
                    |region: &Region| region.file().path == file.path && region.range.overlaps(range);
                let calls = names.iter().any(|name| line.contains(name.as_str()));
                if calls && !self.regions.iter().any(is_inside) {
                    lines.push(format!("{}:{}: {}\n", file.path, number + 1, clipped(line.trim(), 200)));
                }
            }
            if lines.len() >= CALLERS {
                break;
            }
        }
        lines.truncate(CALLERS);
        lines.concat()
    }

    /// Source files of the goal's language; those of the regions first.
    fn sources(&self) -> impl Iterator<Item = &Arc<SourceFile>> {
        let is_own = |file: &SourceFile| self.regions.iter().any(|region| region.file().path == file.path);
        let all = self.context.snapshot.files.values();
        let all = all.filter(|file| !file.is_test && file.language == self.goal.language);
        let (own, others): (Vec<_>, Vec<_>) = all.partition(|file| is_own(file));
        own.into_iter().chain(others)
    }

    /// Partial results that hold.
    fn held(&self) -> String {
        let diffs = self.context.parents.iter().take(TRIED);
        diffs.map(|(candidate, _)| diff(&candidate.patch, self.context.snapshot)).collect()
    }

    /// What was tried, each with what it ran into.
    fn tried(&self, before: &[&Setback]) -> String {
        let shown = before.iter().take(TRIED).map(|setback| {
            let diff = diff(&setback.candidate.patch, self.context.snapshot);
            format!("{diff}{}\n\n", clipped(&ran_into(setback), WORDS))
        });
        shown.collect()
    }
}

/// What brought a candidate down, in the words of the tests or the compiler.
fn ran_into(setback: &Setback) -> String {
    let evidence = &setback.trial.evidence;
    let Some(run) = evidence.fall() else {
        return format!("It is not accepted: {}", setback.reasons.join("; "));
    };
    let failures = run.failures.iter().take(TESTS);
    let said: String = failures.map(|failure| format!("{}: {}\n", failure.id, failure.message)).collect();
    match setback.trial.verdict {
        Verdict::TimedOut => "It does not come to an end.".to_owned(),
        Verdict::Unviable => format!("It does not build:\n{}", run.tail),
        _ if said.is_empty() => run.tail.clone(),
        _ => said,
    }
}

fn diff(patch: &hephaestus_core::Patch, snapshot: &Snapshot) -> String {
    patch.to_unified(|path| snapshot.file(path).map(|file| &*file.text)).unwrap_or_default()
}

/// Names in front of an opening parenthesis.
fn called(text: &str) -> BTreeSet<String> {
    let calls = CALL.as_ref().into_iter().flat_map(|call| call.captures_iter(text));
    calls.filter_map(|captures| captures.get(1)).map(|name| name.as_str().to_owned()).collect()
}

fn words(id: &str) -> impl Iterator<Item = &str> {
    id.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// No more than so many bytes of `text`, with a mark where something is left out.
fn clipped(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{} […]", text.get(..end).unwrap_or_default())
}

/// Bytes that are left.
struct Room(usize);

impl Room {
    /// Takes so many bytes, if there are as many.
    fn charge(&mut self, bytes: usize) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// As much of `text` as there is room for, and no more than `most`.
    fn take(&mut self, text: &str, most: usize) -> String {
        let most = most.min(self.0);
        // A few words more than nothing are worth nothing.
        let text =
            if most < text.len() && most < 80 { String::new() } else { clipped(text.trim_end(), most) };
        self.0 = self.0.saturating_sub(text.len());
        text
    }
}
