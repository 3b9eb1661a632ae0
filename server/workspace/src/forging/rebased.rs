//! Patches that held on an earlier text and were moved to this one: tried before anything else is, and judged like it.

use hephaestus_core::{Candidate, Engine, EngineContext, EngineId, Goal, GoalId, Patch};

/// The engine's name.
const NAME: &str = "rebased";

/// Proposes what it was given. A candidate's id comes from its goal and patch, so another engine that has the same idea
/// adds nothing to be tried.
pub(super) struct Rebased {
    pub(super) patches: Vec<(GoalId, Patch)>,
}

impl Engine for Rebased {
    fn name(&self) -> &'static str {
        NAME
    }

    fn accepts(&self, goal: &Goal) -> bool {
        self.patches.iter().any(|(id, _)| *id == goal.id)
    }

    fn propose(&self, goal: &Goal, context: &EngineContext<'_>) -> Vec<Candidate> {
        if !context.parents.is_empty() {
            return Vec::new();
        }
        let own = self.patches.iter().filter(|(id, _)| *id == goal.id);
        own.map(|(id, patch)| {
            Candidate::new(id, patch.clone(), EngineId::new(NAME), vec![NAME.to_owned()], 1.0)
        })
        .take(context.limit)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{
        Acceptance, ByteRange, CancelToken, ContentHash, Edit, GoalKind, GoalOrigin, LanguageId, RelPath,
        Snapshot,
    };

    fn goal(id: &str) -> Goal {
        Goal {
            id: GoalId(id.to_owned()),
            kind: GoalKind::Simplify,
            rule: "rule".to_owned(),
            file: RelPath::new("a.py").unwrap(),
            language: LanguageId::new("python"),
            range: ByteRange::new(0, 1),
            line: 1,
            message: String::new(),
            why: String::new(),
            symbol: None,
            acceptance: Acceptance { improves: vec![], target: None, must_pass: vec![] },
            base: ContentHash::of(b"x"),
            footprint: vec![],
            origin: GoalOrigin::Measured,
            gain: 1.0,
            cost: 1.0,
        }
    }

    fn patch(text: &str) -> Patch {
        let path = RelPath::new("a.py").unwrap();
        Patch::edit(path, ContentHash::of(b"x"), vec![Edit::new(0..1, text)]).unwrap()
    }

    #[test]
    fn every_goal_gets_its_own_patches_first_and_once() {
        let (cancel, snapshot) = (CancelToken::new(), Snapshot::default());
        let first = EngineContext {
            snapshot: &snapshot,
            parents: &[],
            setbacks: &[],
            limit: 9,
            seed: 0,
            probe: None,
            cancel: &cancel,
        };
        let (one, other) = (GoalId("one".to_owned()), GoalId("other".to_owned()));
        let patches = vec![(one.clone(), patch("y")), (other, patch("z")), (one.clone(), patch("w"))];
        let rebased = Rebased { patches };
        assert!(rebased.accepts(&goal("one")) && !rebased.accepts(&goal("third")));
        let candidates = rebased.propose(&goal("one"), &first);
        let patches: Vec<&Patch> = candidates.iter().map(|candidate| &candidate.patch).collect();
        assert_eq!(patches, [&patch("y"), &patch("w")]);
        let by_engine = Candidate::new(&one, patch("y"), EngineId::new("rules"), vec![], 0.2);
        assert_eq!(candidates[0].id, by_engine.id, "the same idea is the same candidate");
        assert!(candidates[0].prior >= by_engine.prior, "and comes first");

        let trial = hephaestus_core::Score {
            measures: vec![],
            gates: vec![],
            weighted: 0.0,
            accepted: true,
            weakly_tested: false,
            target_met: false,
            reasons: vec![],
        };
        let parents = [(by_engine, trial)];
        assert!(rebased.propose(&goal("one"), &EngineContext { parents: &parents, ..first }).is_empty());
    }
}
