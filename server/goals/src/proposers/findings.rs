//! Other linters' findings that carry an edit.

use crate::{Draft, Proposer, Survey};
use hephaestus_core::{Dimension, Finding, GoalKind, GoalOrigin};

pub(super) struct Findings;

impl Proposer for Findings {
    fn name(&self) -> &'static str {
        "findings"
    }

    fn kinds(&self) -> &'static [GoalKind] {
        &[GoalKind::Lint]
    }

    fn propose(&self, survey: &Survey<'_>) -> Vec<Draft> {
        survey.findings.iter().filter_map(draft).collect()
    }
}

fn draft(finding: &Finding) -> Option<Draft> {
    let edit = finding.edit.clone()?;
    let doubtful = !matches!(finding.applicability.as_str(), "safe" | "machine-applicable" | "fix");
    let link = finding.url.as_ref().map(|url| format!(" See {url}.")).unwrap_or_default();
    let why = format!(
        "{} proposes this edit and calls it {}; here it is proved instead.{link}",
        finding.fixer,
        if finding.applicability.is_empty() { "nothing" } else { &finding.applicability },
    );
    Some(Draft {
        kind: GoalKind::Lint,
        rule: format!("{}/{}", finding.fixer, finding.code),
        file: finding.file.clone(),
        range: finding.range,
        message: finding.message.clone(),
        why,
        improves: vec![Dimension::Findings],
        target: None,
        must_pass: vec![],
        footprint: edit.paths().cloned().collect(),
        origin: GoalOrigin::Finding {
            fixer: finding.fixer.clone(),
            code: finding.code.clone(),
            edit,
            applicability: finding.applicability.clone(),
        },
        gain: if doubtful { 0.35 } else { 0.4 },
        cost: 1.0,
    })
}
