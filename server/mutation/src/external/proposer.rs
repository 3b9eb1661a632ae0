//! A program as a proposer: files in, goals out. It is asked again about patched files: what it still sees there counts
//! as a linter's findings do.

use super::Program;
use super::message::{Answer, FileText, Question, SeenGoal};
use crate::fixers::{count, patched};
use hephaestus_core::{
    ByteRange, CancelToken, Candidate, Dimension, FindingCount, Goal, GoalKind, GoalOrigin, GoalSettings,
    Recheck, RelPath, Sighting, Snapshot, SourceFile, Tools,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The kinds of goals a program may propose: those that need nothing but a place.
pub const KINDS: &[GoalKind] = &[
    GoalKind::Simplify,
    GoalKind::Modernize,
    GoalKind::Correctness,
    GoalKind::DeadCode,
    GoalKind::Speed,
    GoalKind::Lint,
];

/// Text in one question, in bytes, unless one file alone is longer.
const MOST_TEXT: usize = 4 << 20;
/// The longest title, in characters.
const LONGEST_TITLE: usize = 200;

/// A proposer that asks a program.
#[derive(Clone)]
pub struct ExternalProposer {
    program: Arc<Program>,
}

impl ExternalProposer {
    /// The proposer that `program` is.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        Self { program }
    }

    /// Everything it sees in the files it wants.
    #[must_use]
    pub fn propose(
        &self,
        snapshot: &Snapshot,
        settings: &GoalSettings,
        cancel: &CancelToken,
    ) -> Vec<Sighting> {
        let files = snapshot.files.values().map(|file| &**file);
        let is_wanted =
            |file: &&SourceFile| (settings.include_tests || !file.is_test) && self.program.wants(file);
        self.look_at(files.filter(is_wanted).collect(), settings, cancel).unwrap_or_default()
    }

    /// What it sees in these files; `None` where it does not say.
    fn look_at(
        &self,
        files: Vec<&SourceFile>,
        settings: &GoalSettings,
        cancel: &CancelToken,
    ) -> Option<Vec<Sighting>> {
        let kinds: Vec<&GoalKind> = KINDS.iter().filter(|kind| settings.wants(**kind)).collect();
        let mut sightings = Vec::new();
        if kinds.is_empty() {
            return Some(sightings);
        }
        for batch in batches(files) {
            let question = Question::Propose {
                kinds: kinds.iter().map(ToString::to_string).collect(),
                files: batch.iter().map(|file| FileText::of(file)).collect(),
            };
            let answered = self.program.ask(question, cancel, &mut |answer| {
                let Answer::Goal(seen) = answer else {
                    return Err("it was asked for goals and says something else".to_owned());
                };
                sightings.push(self.sighting(seen, &batch)?);
                Ok(())
            });
            if !answered {
                return None;
            }
        }
        sightings.sort_by(|left: &Sighting, right| {
            (&left.file, left.range, &left.code).cmp(&(&right.file, right.range, &right.code))
        });
        sightings.dedup();
        Some(sightings)
    }

    fn sighting(&self, seen: SeenGoal, files: &[&SourceFile]) -> Result<Sighting, String> {
        let named = |path: &RelPath| path.as_str() == seen.file;
        let file = files.iter().find(|file| named(&file.path));
        let file = file.ok_or_else(|| format!("its goal is in `{}`, which it was not shown", seen.file))?;
        let kind = seen.kind.parse::<GoalKind>().ok().filter(|kind| KINDS.contains(kind));
        let kind = kind.ok_or_else(|| {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
            format!("its goal is of kind `{}`; a program may propose {}", seen.kind, known.join(", "))
        })?;
        let SeenGoal { start, end, .. } = seen;
        if start >= end || file.text.get(start..end).is_none() {
            return Err(format!(
                "its goal at bytes {start} to {end} has no place in `{}`, which has {} (bytes of UTF-8, never inside a \
                 character)",
                file.path,
                file.text.len()
            ));
        }
        if !is_name(&seen.rule) {
            return Err(format!("its goal has no good name: `{}`", seen.rule));
        }
        Ok(Sighting {
            proposer: self.program.name().to_owned(),
            kind,
            code: seen.rule,
            file: file.path.clone(),
            range: ByteRange::new(start, end),
            title: title(&seen.title)?,
            why: seen.why,
            improves: dimensions(&seen.improves)?,
            preserves_behaviour: seen.preserves_behaviour,
            gain: seen.gain.clamp(0.0, 1.0),
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn title(text: &str) -> Result<String, String> {
    let line = text.trim().lines().next().unwrap_or_default();
    let title: String = line.chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect();
    if title.is_empty() { Err("its goal has no title".to_owned()) } else { Ok(title) }
}

fn dimensions(names: &[String]) -> Result<Vec<Dimension>, String> {
    let known = |name: &String| Dimension::ALL.iter().copied().find(|own| own.as_str() == name);
    names
        .iter()
        .map(|name| known(name).ok_or_else(|| format!("its goal improves `{name}`, which is not measured")))
        .collect()
}

/// The files in questions of a bearable length.
fn batches(files: Vec<&SourceFile>) -> Vec<Vec<&SourceFile>> {
    let mut batches: Vec<Vec<&SourceFile>> = Vec::new();
    let mut length = 0;
    for file in files {
        if batches.is_empty() || length + file.text.len() > MOST_TEXT {
            batches.push(Vec::new());
            length = 0;
        }
        length += file.text.len();
        batches.last_mut().into_iter().for_each(|batch| batch.push(file));
    }
    batches
}

/// Lets the program that saw a goal look again.
pub struct ExternalRecheck {
    proposers: Vec<ExternalProposer>,
    snapshot: Snapshot,
    settings: GoalSettings,
    before: Vec<Sighting>,
}

impl ExternalRecheck {
    /// `before` is what they saw in the unchanged code.
    #[must_use]
    pub fn new(
        proposers: Vec<ExternalProposer>,
        snapshot: Snapshot,
        settings: GoalSettings,
        before: Vec<Sighting>,
    ) -> Self {
        Self { proposers, snapshot, settings, before }
    }
}

impl Recheck for ExternalRecheck {
    fn recheck(
        &self,
        goal: &Goal,
        candidate: &Candidate,
        _: &dyn Tools,
        cancel: &CancelToken,
    ) -> Option<Result<FindingCount, String>> {
        let GoalOrigin::External { proposer: name, .. } = &goal.origin else { return None };
        let proposer = self.proposers.iter().find(|proposer| proposer.program.name() == name)?;
        let touched: BTreeSet<&RelPath> = candidate.patch.paths().collect();
        let patched = patched(&self.snapshot, candidate);
        let files = touched.iter().filter_map(|path| patched.file(path)).map(|file| &**file);
        let files = files.filter(|file| proposer.program.wants(file)).collect();
        let after = proposer.look_at(files, &self.settings, cancel);
        let places = |all: &[Sighting]| {
            let own = all.iter().filter(|sighting| sighting.proposer == *name);
            count(own.map(|sighting| (&sighting.file, sighting.code.as_str())), &touched)
        };
        Some(match after {
            Some(after) => {
                Ok(FindingCount { source: name.clone(), before: places(&self.before), after: places(&after) })
            }
            None => Err(format!("`{name}` does not answer any more")),
        })
    }
}
