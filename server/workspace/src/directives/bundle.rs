//! Code and tests as one change against the workspace as it is, with the goal that it reaches.

use super::ground::Ground;
use super::taken;
use crate::open::Workspace;
use crate::overlay::{between, patched};
use crate::report::ForgeReport;
use hephaestus_core::{
    Acceptance, ByteRange, ContentHash, Dimension, Goal, GoalKind, GoalOrigin, Patch, RelPath,
};
use hephaestus_directive::Directive;

/// What is claimed of the workspace as it is: each goal with its change. Changes of code that the ground did not touch stay
/// claims of their own, so that their evidence stays too; everything else is one.
///
/// # Errors
/// A sentence, when the changes do not fit together.
pub(super) fn claims(
    base: &Workspace,
    directive: &Directive,
    ground: &Ground,
    searched: &ForgeReport,
) -> Result<Vec<(Goal, Patch)>, String> {
    let is_apart = |patch: &Patch| patch.paths().all(|path| ground.patch.change(path).is_none());
    let offers: Vec<_> = taken(searched).collect();
    let are_apart = offers.iter().all(|offer| {
        offer.goal.kind != GoalKind::Repair
            && offer.goal.kind != GoalKind::Hole
            && is_apart(&offer.candidate.patch)
    });
    let change = if are_apart { Patch::default() } else { searched.proved_patch().unwrap_or_default() };
    let whole = whole(base, ground, &change)?;
    let mut claims = Vec::new();
    if !whole.is_empty() {
        claims.push((goal(base, directive, ground, searched, &whole)?, whole));
    }
    if are_apart {
        claims.extend(offers.iter().map(|offer| (offer.goal.clone(), offer.candidate.patch.clone())));
    }
    Ok(claims)
}

/// What lies over the workspace, with `change` on top, against the workspace.
fn whole(base: &Workspace, ground: &Ground, change: &Patch) -> Result<Patch, String> {
    let after = patched(&ground.workspace.snapshot, change, base.languages)?;
    between(&base.snapshot, &after, ground.patch.paths().chain(change.paths()))
}

/// The goal of everything together: the tests of the directive pass.
fn goal(
    base: &Workspace,
    directive: &Directive,
    ground: &Ground,
    searched: &ForgeReport,
    whole: &Patch,
) -> Result<Goal, String> {
    let is_code = |path: &&RelPath| !ground.tests.files.contains(*path) || base.snapshot.file(path).is_some();
    let path = whole.paths().find(is_code).or_else(|| whole.paths().next());
    let path = path.ok_or_else(|| "nothing is changed".to_owned())?;
    let file = ground.workspace.snapshot.file(path).ok_or_else(|| format!("{path} is not there"))?;
    let rule = format!("directive/{}", directive.name);
    let (kind, key) = (GoalKind::Repair, whole.key());
    let symbol = directive.target.symbols.first().map(|symbol| symbol.value.clone());
    let start = first_byte(whole, path);
    let old = base.snapshot.file(path);
    let before = old.and_then(|old| old.text.get(..start)).unwrap_or_default();
    Ok(Goal {
        id: Goal::stable_id(kind, &rule, path, symbol.as_deref(), &key, 0),
        kind,
        rule,
        file: path.clone(),
        language: file.language.clone(),
        range: ByteRange::new(start, start),
        line: u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX),
        message: directive.goal.lines().next().unwrap_or_default().trim().to_owned(),
        why: format!(
            "The directive `{}` asks for it; its examples and properties are the tests.",
            directive.name
        ),
        symbol,
        acceptance: Acceptance {
            improves: vec![Dimension::Functionality],
            target: None,
            must_pass: ground.must_pass(searched),
        },
        base: old.map_or_else(|| ContentHash::of(b""), |old| old.hash.clone()),
        footprint: whole.paths().cloned().collect(),
        origin: GoalOrigin::Measured,
        gain: 1.0,
        cost: 1.0,
    })
}

fn first_byte(patch: &Patch, path: &RelPath) -> usize {
    patch.edits(path).and_then(|edits| edits.first()).map_or(0, |edit| edit.range.start)
}
