//! Recalling: facts about a file that is looked at again and again while it is edited. What lies in pieces that did not
//! change, between neighbours that did not change, is remembered; the rest is looked at anew.
//!
//! The result is that of looking at the whole file, always: what cannot be proved to be the same is not remembered.

use hephaestus_core::{ByteRange, CancelToken, LanguageId, RelPath};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use tree_sitter::Node;

use crate::facts::{Facts, FunctionFacts, Wanted};
use crate::fingerprint::{Fingerprint, Low};
use crate::holes::{Around, Candidate, Hole};
use crate::nest::Nest;
use crate::parsed::Parsed;
use crate::pieces::{Piece, Shapes, cut};
use crate::rule_sets::RuleSets;
use crate::rules::RuleMatch;
use crate::rules::layout::Layout;
use crate::rules::scan::pieces::{Asked, PieceMatch, PieceMatches, Scanner};
use crate::walk::Scope;
use crate::walk::pieces::{PieceOutline, Stride, tokens};

/// How many pieces are looked at between two looks at the cancel token.
const PIECES_PER_LOOK: usize = 64;
/// How many times a piece may be missing before it is forgotten: what was taken out often comes back.
const KEPT_FOR: u32 = 16;

/// What one file's facts were when they were last asked for.
#[derive(Default)]
pub struct Memory {
    premises: Option<Premises>,
    records: HashMap<u128, Record, BuildHasherDefault<Low>>,
    /// Of the last tree's pieces.
    shapes: Shapes,
    /// How often it was asked.
    clock: u32,
}

/// What everything that is remembered rests on.
#[derive(Clone)]
struct Premises {
    path: RelPath,
    language: LanguageId,
    rules: Option<RuleSets>,
    holes: bool,
    layout: Layout,
}

impl Premises {
    fn are(&self, other: &Self) -> bool {
        let rules = match (&self.rules, &other.rules) {
            (Some(own), Some(rules)) => own.are(rules, &other.language),
            (None, None) => true,
            _ => false,
        };
        rules
            && self.path == other.path
            && self.language == other.language
            && self.holes == other.holes
            && self.layout == other.layout
    }
}

/// What is known about a piece.
#[derive(Clone, Default)]
struct Record {
    /// When it was last of use.
    used: u32,
    /// Where the piece began then.
    start: usize,
    /// The comments that keep rules away from it.
    ignored: u128,
    /// The siblings next to it.
    beside: Option<u128>,
    matches: PieceMatches,
    /// The answers to what is open, each with what it was given in.
    answers: Vec<Answer>,
    outline: PieceOutline,
    holes: Vec<Candidate>,
}

/// An answer to what is open about a piece.
#[derive(Clone)]
struct Answer {
    /// Stands for everything it depends on; `None`: that is the whole file.
    within: Option<u128>,
    found: Option<PieceMatch>,
}

impl Record {
    /// Whether it still holds for `piece`, which it was found for by its key.
    fn holds(&self, piece: &Piece<'_>, pieces: &[Piece<'_>], ignored: u128) -> bool {
        let leans = self.matches.leans;
        self.ignored == ignored && (!leans || self.beside.is_some() && self.beside == piece.beside(pieces))
    }
}

impl Facts {
    /// The same as [`Facts::of`], but what did not change since the last call with this memory is remembered. `None`
    /// when `cancel` says so.
    #[must_use]
    pub fn again(
        parsed: &Parsed,
        wanted: Wanted<'_>,
        memory: &mut Memory,
        cancel: &CancelToken,
    ) -> Option<Self> {
        let scanner = Scanner::new(parsed, wanted.rules);
        memory.begin(Premises {
            path: parsed.file().path.clone(),
            language: parsed.language().id().clone(),
            rules: wanted.rules.cloned(),
            holes: wanted.holes,
            layout: scanner.layout(),
        });
        let tables = parsed.language().tables();
        let mut shapes = Shapes::of(parsed.tree());
        let pieces = cut(scanner.root(), parsed.text(), tables, &memory.shapes, &mut shapes);
        let round = Round {
            parsed,
            wanted,
            scanner: &scanner,
            pieces: &pieces,
            stride: Stride::new(tables, parsed.text()),
            open: Vec::new(),
            kinds: Vec::new(),
            found: Found::default(),
        };
        let found = round.go(memory, cancel)?;
        memory.end(shapes);
        Some(found.finish(parsed, scanner.root()))
    }
}

impl Memory {
    fn begin(&mut self, premises: Premises) {
        if !self.premises.as_ref().is_some_and(|known| known.are(&premises)) {
            self.records.clear();
            self.premises = Some(premises);
        }
        self.clock = self.clock.wrapping_add(1);
    }

    fn end(&mut self, shapes: Shapes) {
        self.shapes = shapes;
        let clock = self.clock;
        if clock.is_multiple_of(KEPT_FOR) {
            self.records.retain(|_, record| clock.wrapping_sub(record.used) < KEPT_FOR);
        }
    }
}

/// One look at a file, in progress.
struct Round<'a> {
    parsed: &'a Parsed,
    wanted: Wanted<'a>,
    scanner: &'a Scanner<'a>,
    pieces: &'a [Piece<'a>],
    stride: Stride<'a>,
    /// The open nodes: their indices, and what stands for each and those around it.
    open: Vec<(usize, Fingerprint)>,
    /// Their kinds, outermost first.
    kinds: Vec<u16>,
    found: Found,
}

/// What was found so far, in the order it begins.
#[derive(Default)]
struct Found {
    matches: Vec<(RuleMatch, (usize, Asked))>,
    functions: Vec<FunctionFacts>,
    scopes: Vec<Scope>,
    holes: Vec<Candidate>,
    /// Functions that are opened: where they are in the list, and where in the stride's.
    opened_functions: Vec<(usize, usize)>,
}

impl<'a> Round<'a> {
    fn go(mut self, memory: &mut Memory, cancel: &CancelToken) -> Option<Found> {
        for (index, piece) in self.pieces.iter().enumerate() {
            if index.is_multiple_of(PIECES_PER_LOOK) && cancel.is_cancelled() {
                return None;
            }
            self.close_until(piece.parent);
            let around = self.open.last().map_or_else(Fingerprint::new, |(_, print)| *print);
            let key = piece.key(around);
            let ignored = self.scanner.ignored(piece.node);
            let known = key.and_then(|key| memory.records.get_mut(&key));
            match known.filter(|record| record.holds(piece, self.pieces, ignored)) {
                Some(record) => {
                    record.used = memory.clock;
                    self.take(index, piece, record);
                }
                None => {
                    let mut record = self.look(piece, ignored, memory.clock);
                    self.take(index, piece, &mut record);
                    if let Some(key) = key {
                        memory.records.insert(key, record);
                    }
                }
            }
            if piece.opened {
                self.open(index, piece, around);
            }
        }
        self.close_until(None);
        for (place, index) in &self.found.opened_functions {
            let function = self.stride.functions().get(*index);
            if let (Some(facts), Some(function)) = (self.found.functions.get_mut(*place), function) {
                *facts = FunctionFacts::of(function);
            }
        }
        Some(self.found)
    }

    fn close_until(&mut self, parent: Option<usize>) {
        while self.open.last().is_some_and(|(index, _)| Some(*index) != parent) {
            self.open.pop();
            self.kinds.pop();
            self.stride.close();
        }
    }

    fn open(&mut self, index: usize, piece: &Piece<'a>, around: Fingerprint) {
        let opened = self.stride.open(piece.node, piece.field);
        let mut print = around;
        print.numbers(&[u64::from(piece.node.kind_id()), piece.field.map_or(u64::MAX, u64::from)]);
        self.stride.describe(&mut print);
        self.open.push((index, print));
        self.kinds.push(piece.node.kind_id());
        if let Some(scope) = opened.scope.and_then(|scope| self.stride.scopes().get(scope)) {
            self.found.scopes.push(scope.clone());
        }
        if let Some(index) = opened.function
            && let Some(function) = self.stride.functions().get(index)
        {
            // Its complexity is known when it is closed.
            self.found.opened_functions.push((self.found.functions.len(), index));
            self.found.functions.push(FunctionFacts::of(function));
        }
    }

    /// Looks at a piece anew; of one that is opened, at its top only.
    fn look(&self, piece: &Piece<'a>, ignored: u128, used: u32) -> Record {
        let outline =
            if piece.opened { PieceOutline::default() } else { self.stride.walk(piece.node, piece.field) };
        let holes = match self.wanted.holes {
            true => Candidate::all(self.parsed, piece.node, !piece.opened),
            false => Vec::new(),
        };
        let matches = self.scanner.scan(piece.node, !piece.opened, &self.kinds);
        let beside = if matches.leans { piece.beside(self.pieces) } else { None };
        Record {
            used,
            start: piece.range.start,
            ignored,
            beside,
            matches,
            answers: Vec::new(),
            outline,
            holes,
        }
    }

    /// Asks what is open about a piece, unless nothing changed in what the answers depend on.
    fn answer(&self, piece: &Piece<'a>, record: &mut Record) {
        let by = record.start.wrapping_sub(piece.range.start).cast_signed();
        let mut before = std::mem::take(&mut record.answers).into_iter();
        for (asked, outermost) in &record.matches.open {
            let within = self.within(piece, *outermost);
            let known = before.next().filter(|answer| within.is_some() && answer.within == within);
            record.answers.push(known.unwrap_or_else(|| {
                let again = self.scanner.ask_again(piece.node, *asked);
                let found =
                    again.map(|again| PieceMatch { found: again.found.moved(by), asked: again.asked });
                Answer { within, found }
            }));
        }
    }

    /// What stands for everything in an open node, and for where in it `piece` is: the same piece may be in it twice.
    /// `None` for the whole file and for broken nodes: nothing does.
    fn within(&self, piece: &Piece<'_>, outermost: usize) -> Option<u128> {
        let (index, _) = self.open.get(outermost).filter(|_| outermost > 0)?;
        let around = self.pieces.get(*index).filter(|around| !around.broken)?;
        let mut print = around.content;
        print.numbers(&[(piece.range.start - around.range.start) as u64]);
        Some(print.finish())
    }

    /// Takes over what is known about a piece.
    fn take(&mut self, index: usize, piece: &Piece<'a>, record: &mut Record) {
        self.answer(piece, record);
        let by = piece.range.start.wrapping_sub(record.start).cast_signed();
        let found = &mut self.found;
        for known in &record.matches.found {
            found.matches.push((known.found.moved(by), (index, known.asked)));
        }
        for known in record.answers.iter().filter_map(|answer| answer.found.as_ref()) {
            found.matches.push((known.found.moved(by), (index, known.asked)));
        }
        if !piece.opened {
            self.stride.add(&record.outline);
        }
        found.functions.extend(record.outline.functions.iter().map(|function| function.moved(by)));
        for scope in &record.outline.scopes {
            found.scopes.push(Scope { range: moved(scope.range, by), qualified: scope.qualified.clone() });
        }
        for hole in &record.holes {
            found.holes.push(hole.moved(by));
        }
    }
}

pub(crate) fn moved(range: ByteRange, by: isize) -> ByteRange {
    ByteRange::new(range.start.wrapping_add_signed(by), range.end.wrapping_add_signed(by))
}

impl Found {
    fn finish(mut self, parsed: &Parsed, root: Node<'_>) -> Facts {
        self.matches.sort_by(|(left, asked), (right, other)| {
            let key = |found: &RuleMatch| (found.range.start, found.range.end);
            key(left)
                .cmp(&key(right))
                .then_with(|| left.rule.id.cmp(&right.rule.id))
                .then_with(|| asked.cmp(other))
        });
        let mut matches: Vec<RuleMatch> = self.matches.into_iter().map(|(found, _)| found).collect();
        matches.dedup();
        let holes = if self.holes.is_empty() {
            Vec::new()
        } else {
            judge(&self.holes, &self.functions, parsed, root)
        };
        Facts::new(matches, self.functions, holes, self.scopes)
    }
}

fn judge(
    candidates: &[Candidate],
    functions: &[FunctionFacts],
    parsed: &Parsed,
    root: Node<'_>,
) -> Vec<Hole> {
    let nest = Nest::new(functions.iter().map(|function| function.range));
    let tables = parsed.language().tables();
    let judge = |candidate: &Candidate| {
        let function = functions.get(nest.innermost(candidate.range)?)?;
        let tokens = tokens(tables, root, function.body);
        let (range, body) = (function.range, function.body);
        candidate.judge(parsed, &Around { qualified: &function.qualified, range, body, tokens: &tokens })
    };
    let mut holes: Vec<Hole> = candidates.iter().filter_map(judge).collect();
    holes.sort_by_key(|hole| hole.range);
    holes
}
