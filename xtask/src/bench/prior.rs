//! `cargo xtask bench prior`: learns how often which family of repairs is the right one, from tasks whose solution is
//! known, and prints it as the `prior.toml` that ships. It runs no test and reads nothing but the tasks.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use hephaestus_core::{ByteRange, Edit, LanguageId, RelPath, SourceFile};
use hephaestus_mutation::search::{Lexicons, Prior};
use hephaestus_syntax::{Languages, Parsed};
use serde::Deserialize;

/// What is learned from.
#[derive(Args)]
pub(crate) struct Request {
    /// Tasks as JSON lines: `language`, `files`, `source`, `solution`, `visible_test`
    #[arg(long)]
    data: PathBuf,
    /// Only tasks of this language
    #[arg(long)]
    lang: Option<String>,
    /// Name each task with the family that solves it, and its rank
    #[arg(long)]
    each: bool,
}

#[derive(Deserialize)]
struct Task {
    id: String,
    language: String,
    bug_type: String,
    files: BTreeMap<String, String>,
    source: String,
    solution: String,
    visible_test: String,
}

/// What one family did.
#[derive(Default)]
struct Tally {
    changes: usize,
    hits: f64,
}

/// Pseudo-counts: nothing is impossible because it was not seen, nothing certain because it was seen once.
const UNSEEN_HITS: f64 = 0.3;
/// See [`UNSEEN_HITS`].
const UNSEEN_CHANGES: f64 = 300.0;

/// Learns and prints.
pub(crate) fn run(request: &Request) -> anyhow::Result<()> {
    let languages = Languages::builtin().map_err(|error| anyhow::anyhow!("{error}"))?;
    let lexicons = Lexicons::builtin(languages)?;
    let prior = Prior::shipped()?;
    let mut families: BTreeMap<&'static str, Tally> = BTreeMap::new();
    let mut by_language: BTreeMap<String, (usize, Vec<usize>)> = BTreeMap::new();
    for line in BufReader::new(fs::File::open(&request.data)?).lines() {
        let task: Task = serde_json::from_str(&line?).context("no task")?;
        if request.lang.as_ref().is_some_and(|lang| *lang != task.language) {
            continue;
        }
        let id = LanguageId::new(&task.language);
        let Some(language) = languages.get(&id) else { continue };
        let parse = |path: &str, text: &str| -> Option<Parsed> {
            let file = SourceFile::new(RelPath::new(path).ok()?, id.clone(), text.to_owned(), false);
            Parsed::new(language, Arc::new(file))
        };
        let text = task.files.get(&task.source).context("no source")?;
        let Some(parsed) = parse(&task.source, text) else { continue };
        let test = task.files.get(&task.visible_test).and_then(|text| parse(&task.visible_test, text));
        let wanted = bare(&task.solution);
        let whole = ByteRange::new(0, text.len());
        let changes = lexicons.changes(&parsed, whole, test.as_slice(), &prior);
        let hits: Vec<usize> = (0..changes.len())
            .filter(|at| changes.get(*at).is_some_and(|(_, edits)| bare(&applied(text, edits)) == wanted))
            .collect();
        let entry = by_language.entry(task.language.clone()).or_default();
        entry.0 += 1;
        entry.1.extend(hits.first());
        for (family, _) in &changes {
            families.entry(family).or_default().changes += 1;
        }
        if let Some((family, _)) = hits.first().and_then(|at| changes.get(*at)) {
            families.entry(family).or_default().hits += 1.0;
        }
        if request.each {
            let first = hits.first().and_then(|at| Some((*at, changes.get(*at)?.0)));
            println!("{} {} ({}): {first:?} of {}", task.language, task.id, task.bug_type, changes.len());
        }
    }
    println!(
        "# The chance that one change of a family is the repair, learned by `cargo xtask bench prior`.\n[families]"
    );
    for (family, tally) in &families {
        #[expect(clippy::cast_precision_loss, reason = "counts are small")]
        let chance = (tally.hits + UNSEEN_HITS) / (tally.changes as f64 + UNSEEN_CHANGES);
        println!("{family} = {chance:.6}  # {} of {}", tally.hits, tally.changes);
    }
    for (language, (tasks, mut ranks)) in by_language {
        ranks.sort_unstable();
        let median = ranks.get(ranks.len() / 2).copied().unwrap_or_default();
        eprintln!("{language}: {} of {tasks} within reach, median rank {median}", ranks.len());
    }
    Ok(())
}

fn applied(text: &str, edits: &[Edit]) -> String {
    let mut made = String::new();
    let mut at = 0;
    for edit in edits {
        made.push_str(text.get(at..edit.range.start).unwrap_or_default());
        made.push_str(&edit.text);
        at = edit.range.end;
    }
    made + text.get(at..).unwrap_or_default()
}

/// A text without blanks, parentheses and semicolons: equal ones are taken for the same code.
fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | ';'))
        .map(|c| if c == '"' { '\'' } else { c })
        .collect()
}
