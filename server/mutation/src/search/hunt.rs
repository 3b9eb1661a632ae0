//! The search itself: changes are shown to the tests, the likeliest first; what mends some tests becomes a parent; pairs of
//! changes are tried where no single one is enough. It ends when what is left is much less likely than what was found.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use hephaestus_core::{CancelToken, Edit, Probe, ProbeEnd, ProbeRequest, Probed, RelPath, Spectrum, Variant};

use super::edits::Move;
use super::locate::Region;
use super::space::Rated;

/// So many variants are asked for at first, and then: a wrong order costs little at the start, a long request less later.
const FIRST: usize = 200;
/// See [`FIRST`].
const NEXT: usize = 1000;
/// So many of the failing tests are run whatever they say: what mends some of them is worth going on from.
const AHEAD: u32 = 3;
/// How much less likely than the likeliest repair found (as a logarithm) a change may be and still be tried.
const REACH: f64 = 5.0;
/// At least so many changes are tried, whatever was found …
const LEAST: usize = 1500;
/// … as long as one does not cost more than this, in CPU time.
const DEAR: Duration = Duration::from_millis(60);
/// How many changes are combined with each other, and with each parent.
const PAIRED: usize = 70;
/// See [`PAIRED`].
const WITH_PARENT: usize = 600;
/// How many parents are gone on from.
const PARENTS: usize = 8;
/// How many repairs are kept.
const KEPT: usize = 300;
/// What one request may take at most.
const LIMIT: Duration = Duration::from_secs(600);

/// A change in one region.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The number of its region.
    pub(super) region: usize,
    pub(super) edits: Vec<Edit>,
    /// The families of its steps.
    pub(super) families: Vec<&'static str>,
    pub(super) score: f64,
}

/// What makes up a search.
pub(super) struct Hunt<'a> {
    pub(super) probe: &'a dyn Probe,
    pub(super) cancel: &'a CancelToken,
    pub(super) regions: &'a [Region],
    pub(super) red: Vec<String>,
    pub(super) spectrum: &'a Spectrum,
    /// Whether pairs are tried.
    pub(super) pairs: bool,
    /// Most changes that are tried.
    pub(super) most: usize,
    outcome: Outcome,
    seen: HashSet<(usize, Vec<Edit>)>,
    partial: Vec<(u32, Change)>,
    mark: Option<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Changes with which all tests pass.
    pub(super) found: Vec<Change>,
    pub(super) tried: u64,
    pub(super) cpu: Duration,
    /// Why it ended early, in words.
    pub(super) ended: Option<String>,
}

impl<'a> Hunt<'a> {
    pub(super) fn new(
        probe: &'a dyn Probe,
        cancel: &'a CancelToken,
        regions: &'a [Region],
        red: Vec<String>,
        spectrum: &'a Spectrum,
    ) -> Self {
        Self {
            probe,
            cancel,
            regions,
            red,
            spectrum,
            pairs: true,
            most: usize::MAX,
            outcome: Outcome::default(),
            seen: HashSet::new(),
            partial: Vec::new(),
            mark: None,
        }
    }

    /// Tries single changes and, where none is enough, pairs.
    pub(super) fn go(mut self, singles: Vec<Change>) -> Outcome {
        self.learn_mark();
        self.try_all(&singles, LEAST);
        if self.outcome.found.is_empty() && self.pairs && self.outcome.ended.is_none() {
            let pairs = self.pairs_of(&singles);
            self.try_all(&pairs, 0);
        }
        self.outcome
    }

    /// How the unchanged code fails: a change that fails in another way changed something.
    fn learn_mark(&mut self) {
        if let Some(file) = self.regions.first().map(|region| region.file.clone()) {
            let unchanged = Variant { id: 0, file, edits: vec![] };
            let mut mark = None;
            self.ask(0, &[unchanged], &mut |probed| mark = Some(probed.mark));
            self.mark = mark;
        }
    }

    /// Tries changes in their order until what is left is out of reach; `least` are tried in any case.
    fn try_all(&mut self, changes: &[Change], least: usize) {
        let (mut at, mut size) = (0, FIRST);
        while at < changes.len() && self.outcome.ended.is_none() && !self.cancel.is_cancelled() {
            let best = self.outcome.found.iter().map(|change| change.score).fold(f64::NEG_INFINITY, f64::max);
            let next = changes.get(at).map_or(f64::NEG_INFINITY, |change| change.score);
            let enough = next < best - REACH && at >= least || self.outcome.found.len() >= KEPT;
            let enough = enough || !self.outcome.found.is_empty() && self.is_dear();
            if enough || self.outcome.tried >= u64::try_from(self.most).unwrap_or(u64::MAX) {
                return;
            }
            let end = (at + size).min(changes.len());
            self.try_some(changes.get(at..end).unwrap_or_default());
            (at, size) = (end, NEXT);
        }
    }

    /// Whether each change takes a run of the whole suite, or nearly.
    fn is_dear(&self) -> bool {
        let tried = u32::try_from(self.outcome.tried).unwrap_or(u32::MAX).max(1);
        self.outcome.cpu / tried > DEAR
    }

    fn try_some(&mut self, changes: &[Change]) {
        let mut by_region: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
        for change in changes {
            if self.seen.insert((change.region, change.edits.clone())) {
                by_region.entry(change.region).or_default().push(change);
            }
        }
        for (region, changes) in by_region {
            let Some(file) = self.regions.get(region).map(|region| region.file.clone()) else { continue };
            let variants: Vec<Variant> = changes
                .iter()
                .zip(0..)
                .map(|(change, id)| Variant { id, file: file.clone(), edits: change.edits.clone() })
                .collect();
            let mut told: HashMap<u32, Probed> = HashMap::new();
            self.ask(region, &variants, &mut |probed| drop(told.insert(probed.variant, probed)));
            for (change, id) in changes.into_iter().zip(0u32..) {
                if let Some(probed) = told.remove(&id) {
                    self.take(change, &probed);
                }
            }
        }
    }

    fn take(&mut self, change: &Change, probed: &Probed) {
        match probed.end {
            ProbeEnd::Passed => self.outcome.found.push(change.clone()),
            ProbeEnd::Broken => self.partial.push((probed.red_passed + 1, change.clone())),
            ProbeEnd::Failed => {
                let moved_on = self.mark.as_ref().is_some_and(|mark| *mark != probed.mark);
                if probed.red_passed > 0 || moved_on {
                    self.partial.push((2 * probed.red_passed + u32::from(moved_on), change.clone()));
                }
            }
            ProbeEnd::Timeout | ProbeEnd::Died | ProbeEnd::Unloadable => {}
        }
    }

    fn ask(&mut self, region: usize, variants: &[Variant], done: &mut dyn FnMut(Probed)) {
        let region = self.regions.get(region);
        let green = region.map_or_else(Vec::new, |region| region.reached_by(&self.spectrum.green));
        let request = ProbeRequest { variants, red: &self.red, green: &green, ahead: AHEAD, limit: LIMIT };
        let mut tried = 0;
        let answer = self.probe.probe(&request, self.cancel, &mut |probed| {
            tried += 1;
            done(probed);
        });
        self.outcome.tried += tried;
        match answer {
            Ok(cpu) => self.outcome.cpu += cpu,
            Err(reason) => self.outcome.ended = Some(reason),
        }
    }

    /// The likeliest pairs: of changes with what mends some tests, and of the likeliest changes with each other.
    fn pairs_of(&mut self, singles: &[Change]) -> Vec<Change> {
        let mut parents = std::mem::take(&mut self.partial);
        parents
            .sort_by(|(left, one), (right, other)| right.cmp(left).then(other.score.total_cmp(&one.score)));
        parents.truncate(PARENTS);
        let mut pairs = Vec::new();
        for (mended, parent) in &parents {
            let gain = f64::from(*mended);
            pairs.extend(singles.iter().take(WITH_PARENT).filter_map(|other| paired(parent, other, gain)));
        }
        let likely: Vec<&Change> = singles.iter().take(PAIRED).collect();
        for (nth, left) in likely.iter().enumerate() {
            pairs.extend(likely.iter().skip(nth + 1).filter_map(|right| paired(left, right, 0.0)));
        }
        pairs.sort_by(|left, right| right.score.total_cmp(&left.score));
        pairs
    }
}

/// Two changes of one file at once, where they leave each other alone.
fn paired(left: &Change, right: &Change, gain: f64) -> Option<Change> {
    if left.region != right.region {
        return None;
    }
    let edits = left.edits.iter().chain(&right.edits).cloned().collect();
    let both = Move::several("pair", edits, 1.0)?;
    let families = left.families.iter().chain(&right.families).copied().collect();
    Some(Change { region: left.region, edits: both.edits, families, score: left.score + right.score + gain })
}

/// The changes of all regions in one order, the likeliest first.
pub(super) fn merged(spaces: Vec<(usize, Vec<Rated>)>) -> Vec<Change> {
    let mut all: Vec<Change> = spaces
        .into_iter()
        .flat_map(|(region, rated)| {
            rated.into_iter().map(move |rated| Change {
                region,
                edits: rated.own.edits,
                families: vec![rated.own.family],
                score: rated.score,
            })
        })
        .collect();
    all.sort_by(|left, right| right.score.total_cmp(&left.score));
    all
}

/// The files of changes.
pub(super) fn file_of<'a>(regions: &'a [Region], change: &Change) -> Option<&'a RelPath> {
    regions.get(change.region).map(|region| &region.file)
}
