//! Goals as a list, by file, each with its state: what a client shows in a view of its own. Open documents are looked at
//! as they are now, other files as the index knows them.

use super::{Part, View, evidence};
use crate::client_facts::ClientFacts;
use crate::documents::Documents;
use crate::folder::Folder;
use crate::forging::Run;
use crate::locations;
use crate::offers::Standing;
use hephaestus_core::{Goal, GoalId, GoalKind, RelPath};
use hephaestus_workspace::GoalFact;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use tower_lsp::ls_types::{Position, Range, Uri};

/// Parameters of `hephaestus/goals`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct GoalsParams {
    /// Only the goals of this file.
    pub(crate) uri: Option<Uri>,
}

/// The answer to `hephaestus/goals`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct GoalList {
    /// Files with goals, by folder and path.
    pub(crate) files: Vec<FileGoals>,
}

/// The goals of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct FileGoals {
    /// The file.
    pub(crate) uri: Uri,
    /// Its path in its folder.
    pub(crate) path: RelPath,
    /// The folder.
    pub(crate) folder: Uri,
    /// Its goals, in order of place.
    pub(crate) goals: Vec<ListedGoal>,
}

/// One goal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ListedGoal {
    /// Its id.
    pub(crate) id: GoalId,
    /// One line: what.
    pub(crate) title: String,
    /// The rule, or the linter's code.
    pub(crate) rule: String,
    /// Sort of improvement.
    pub(crate) kind: GoalKind,
    /// Where it is in the text as it is now; for what was applied, where it was.
    pub(crate) range: Range,
    /// What has come of it.
    pub(crate) state: GoalState,
    /// What gets better and how that was proved, in a line; empty when nothing is known.
    pub(crate) detail: String,
}

/// What has come of a goal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum GoalState {
    /// Nothing yet.
    Open,
    /// A run that is about it is under way.
    Forging,
    /// An improvement is proven for the text as it is.
    Proven,
    /// One was proven for an earlier text.
    Stale,
    /// An improvement was applied.
    Applied,
    /// The user does not want it.
    Dismissed,
}

impl GoalState {
    /// Every state, in the order of the manual.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 6] =
        [Self::Open, Self::Forging, Self::Proven, Self::Stale, Self::Applied, Self::Dismissed];

    /// The state of a goal for which `standing` was proved, for the present text or not, while `run` is under way.
    pub(crate) fn of(standing: Option<&Standing>, fits: bool, is_forged: bool) -> Self {
        match standing {
            Some(_) if fits => Self::Proven,
            _ if is_forged => Self::Forging,
            Some(_) => Self::Stale,
            None => Self::Open,
        }
    }
}

/// What the list is made from.
pub(crate) struct Sources<'a> {
    pub(crate) facts: &'a ClientFacts,
    pub(crate) folders: &'a [Folder],
    pub(crate) documents: &'a Documents,
    pub(crate) run: Option<&'a Run>,
}

impl Sources<'_> {
    /// The goals of all files, or of the one that is asked for.
    pub(crate) fn list(&self, wanted: Option<&Uri>) -> GoalList {
        let mut files = Vec::new();
        for folder in self.folders {
            let Some(root) = Uri::from_file_path(&folder.root) else { continue };
            for (path, goals) in self.of_folder(folder) {
                let uri = locations::uri_of(&folder.root, &path);
                let Some(uri) = uri.filter(|uri| wanted.is_none_or(|wanted| wanted == uri)) else { continue };
                files.push(FileGoals { uri, path, folder: root.clone(), goals });
            }
        }
        GoalList { files }
    }

    fn of_folder(&self, folder: &Folder) -> BTreeMap<RelPath, Vec<ListedGoal>> {
        let mut files: BTreeMap<RelPath, Vec<ListedGoal>> = BTreeMap::new();
        let is_open = |path: &RelPath| {
            self.documents.at(&folder.root, path).is_some_and(|document| document.analysed.is_some())
        };
        let here = self.documents.all().filter(|document| document.place.root.as_ref() == Some(&folder.root));
        for document in here {
            let Some(analysed) = document.analysed.as_deref() else { continue };
            let view = View {
                facts: self.facts,
                folder: Some(folder),
                documents: self.documents,
                document,
                analysed,
            };
            files.insert(document.place.path.clone(), self.of_document(&view, folder));
        }
        for (path, goals) in self.of_closed(folder, &is_open) {
            files.insert(path, goals);
        }
        for applied in folder.applied.values() {
            files.entry(applied.file.clone()).or_default().push(applied.listed());
        }
        for goals in files.values_mut() {
            goals.sort_by_key(|goal| (goal.range.start.line, goal.range.start.character));
        }
        files.retain(|_, goals| !goals.is_empty());
        files
    }

    /// An open document, with what the user dismissed. A failing test is listed where it stands.
    fn of_document(&self, view: &View<'_>, folder: &Folder) -> Vec<ListedGoal> {
        let mut seen = HashSet::new();
        let spots = view.spots();
        let whole = spots.iter().filter(|spot| spot.part == Part::Whole);
        let mut goals: Vec<ListedGoal> = whole
            .filter(|spot| seen.insert(&spot.goal.id))
            .map(|spot| {
                let state = self.state(folder, spot.goal, spot.standing, spot.patch.is_some());
                listed(spot.goal, view.range(spot.range), state, spot.standing)
            })
            .collect();
        let dismissed = view.analysed.goals.iter().filter(|goal| !folder.wants(&goal.id));
        goals.extend(dismissed.map(|goal| listed(goal, view.range(goal.range), GoalState::Dismissed, None)));
        goals
    }

    /// Files that are not open.
    fn of_closed(
        &self,
        folder: &Folder,
        is_open: &dyn Fn(&RelPath) -> bool,
    ) -> BTreeMap<RelPath, Vec<ListedGoal>> {
        let mut files: BTreeMap<RelPath, Vec<ListedGoal>> = BTreeMap::new();
        for (path, facts) in folder.facts.iter().filter(|(path, _)| !is_open(path)) {
            let goals = files.entry(path.clone()).or_default();
            for fact in &facts.goals {
                let standing = folder.offers.of_goal(&fact.id);
                let fits = standing.is_some_and(|standing| standing.patch_for(path, &facts.hash).is_some());
                let state = match folder.wants(&fact.id) {
                    true => GoalState::of(standing, fits, self.is_forged(folder, path, &fact.id)),
                    false => GoalState::Dismissed,
                };
                goals.push(listed_fact(fact, state, standing));
            }
            // Seen by runs only: linters' findings and failing tests.
            let seen = folder.forged.get(path).filter(|(hash, _)| *hash == facts.hash);
            let seen = seen.into_iter().flat_map(|(_, goals)| goals);
            let failing = folder.repairs.standing_in(path, &facts.hash);
            let proven = folder.offers.in_file(path).into_iter().map(|standing| &standing.offer.goal);
            for goal in seen.chain(failing).chain(proven.filter(|goal| goal.base == facts.hash)) {
                if folder.wants(&goal.id) && !goals.iter().any(|own| own.id == goal.id) {
                    let standing = folder.offers.of_goal(&goal.id);
                    let fits = standing.is_some_and(|standing| match goal.kind {
                        GoalKind::Repair => true,
                        _ => standing.patch_for(path, &facts.hash).is_some(),
                    });
                    let state = self.state(folder, goal, standing, fits);
                    goals.push(listed(goal, line(goal.line), state, standing));
                }
            }
        }
        files
    }

    fn state(&self, folder: &Folder, goal: &Goal, standing: Option<&Standing>, fits: bool) -> GoalState {
        GoalState::of(standing, fits, self.is_forged(folder, &goal.file, &goal.id))
    }

    /// Whether the run under way is about a goal.
    fn is_forged(&self, folder: &Folder, path: &RelPath, goal: &GoalId) -> bool {
        self.run.is_some_and(|run| run.order.is_about(&folder.root, path, goal))
    }
}

fn listed(goal: &Goal, range: Range, state: GoalState, standing: Option<&Standing>) -> ListedGoal {
    ListedGoal {
        id: goal.id.clone(),
        title: goal.message.clone(),
        rule: goal.rule.clone(),
        kind: goal.kind,
        range,
        state,
        detail: standing.map(evidence::in_short).unwrap_or_default(),
    }
}

fn listed_fact(fact: &GoalFact, state: GoalState, standing: Option<&Standing>) -> ListedGoal {
    ListedGoal {
        id: fact.id.clone(),
        title: fact.message.to_string(),
        rule: fact.rule.to_string(),
        kind: fact.kind,
        range: locations::range(fact.start, fact.end),
        state,
        detail: standing.map(evidence::in_short).unwrap_or_default(),
    }
}

/// A 1-based line as a place: where only that is known.
pub(crate) fn line(line: u32) -> Range {
    let start = Position { line: line.saturating_sub(1), character: 0 };
    Range { start, end: start }
}
