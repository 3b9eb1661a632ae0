//! What the index knows about a file, how it is kept small in memory, and how it is written down.
//!
//! Texts that many goals share (rules, messages, symbols) are held once. Nothing here reads the disk.

use hephaestus_core::{ByteRange, ContentHash, Goal, GoalId, GoalKind, GoalSettings, RelPath, SourceFile};
use hephaestus_syntax::{Encoding, Languages, LineIndex, Position};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// Part of every key: facts that another version of this code wrote down are not read.
const FORMAT: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

/// What is known about one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileFacts {
    /// Hash of the text the facts are about.
    pub hash: ContentHash,
    /// Its goals, in order of place.
    pub goals: Vec<GoalFact>,
}

/// What is known about one goal: enough to show it, not to forge it.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalFact {
    /// Its stable id.
    pub id: GoalId,
    /// Sort of improvement.
    pub kind: GoalKind,
    /// The rule or measure behind it.
    pub rule: Arc<str>,
    /// One line: what.
    pub message: Arc<str>,
    /// Where it begins, in the index's encoding.
    pub start: Position,
    /// Where it ends.
    pub end: Position,
    /// Where, in bytes of the file's text.
    pub range: ByteRange,
    /// The innermost named function, method or class around it.
    pub symbol: Option<Arc<str>>,
}

/// A goal as it is written down: id, kind, rule, message, lines and characters of both ends, bytes, symbol.
#[derive(Serialize, Deserialize)]
struct Row<'a>(
    String,
    GoalKind,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    [u32; 4],
    [usize; 2],
    Option<Cow<'a, str>>,
);

fn row(goal: &GoalFact) -> Row<'_> {
    let GoalFact { start, end, range, .. } = goal;
    Row(
        goal.id.0.clone(),
        goal.kind,
        Cow::Borrowed(&goal.rule),
        Cow::Borrowed(&goal.message),
        [start.line, start.character, end.line, end.character],
        [range.start, range.end],
        goal.symbol.as_deref().map(Cow::Borrowed),
    )
}

impl FileFacts {
    /// As bytes for the cache.
    pub(super) fn encode(&self) -> Vec<u8> {
        let rows: Vec<Row<'_>> = self.goals.iter().map(row).collect();
        serde_json::to_vec(&rows).unwrap_or_default()
    }
}

/// Shared texts.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: HashSet<Arc<str>>,
}

impl Names {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.texts.insert(Arc::clone(&new));
        new
    }

    /// Forgets texts that nobody uses any more.
    pub(super) fn tidy(&mut self) {
        self.texts.retain(|text| Arc::strong_count(text) > 1);
    }

    /// The facts in a file's goals.
    pub(super) fn facts(&mut self, file: &SourceFile, goals: &[Goal], encoding: Encoding) -> FileFacts {
        let lines = (!goals.is_empty()).then(|| LineIndex::new(Arc::clone(&file.text)));
        let fact = |goal: &Goal| {
            let ends = lines.as_ref().map(|lines| lines.positions(goal.range, encoding));
            let (start, end) = ends.unwrap_or_default();
            GoalFact {
                id: goal.id.clone(),
                kind: goal.kind,
                rule: self.share(&goal.rule),
                message: self.share(&goal.message),
                start,
                end,
                range: goal.range,
                symbol: goal.symbol.as_deref().map(|symbol| self.share(symbol)),
            }
        };
        FileFacts { hash: file.hash.clone(), goals: goals.iter().map(fact).collect() }
    }

    /// Facts as [`FileFacts::encode`] wrote them; `None` for anything else.
    pub(super) fn decode(&mut self, hash: ContentHash, bytes: &[u8]) -> Option<FileFacts> {
        let rows: Vec<Row<'_>> = serde_json::from_slice(bytes).ok()?;
        let fact = |row: Row<'_>| {
            let Row(
                id,
                kind,
                rule,
                message,
                [line, character, last_line, last_character],
                [from, to],
                symbol,
            ) = row;
            GoalFact {
                id: GoalId(id),
                kind,
                rule: self.share(&rule),
                message: self.share(&message),
                start: Position { line, character },
                end: Position { line: last_line, character: last_character },
                range: ByteRange::new(from, to),
                symbol: symbol.map(|symbol| self.share(&symbol)),
            }
        };
        Some(FileFacts { hash, goals: rows.into_iter().map(fact).collect() })
    }
}

/// The hash of everything but the file itself that facts depend on: this code, the settings, the way positions are
/// counted, the packs, and the user's own rules.
pub(super) fn context(
    settings: &GoalSettings,
    encoding: Encoding,
    languages: &Languages,
    users: &[(RelPath, String)],
) -> ContentHash {
    let settings = serde_json::to_string(settings).unwrap_or_default();
    let encoding = format!("{encoding:?}");
    let packs: Vec<_> = languages.all().into_iter().map(|language| language.pack()).collect();
    let manifests: Vec<String> = packs.iter().map(|pack| format!("{:?}", pack.manifest)).collect();
    let mut parts = vec![FORMAT, &settings, &encoding];
    for (pack, manifest) in packs.iter().zip(&manifests) {
        parts.extend([pack.id.as_str(), manifest]);
        parts.extend(pack.rules.iter().flat_map(|(id, text)| [id.as_str(), text.as_ref()]));
        parts.extend(pack.queries.iter().flat_map(|(name, text)| [name.as_str(), text.as_ref()]));
    }
    parts.extend(users.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]));
    ContentHash::of_parts(parts)
}
