//! What nobody could do for a directive, and what the user can: which engines looked, what each lacked.

use super::DirectiveReport;
use crate::open::Workspace;
use crate::report::ForgeReport;
use hephaestus_core::{Goal, GoalKind, LlmSettings};
use hephaestus_directive::{Directive, DirectiveKind};
use std::collections::BTreeSet;

/// The engine that asks a language model.
pub(super) const LLM: &str = "llm";

/// Whether the directive limits what a language model may cost, and nobody said what one costs: then none is asked.
pub(super) fn is_beyond_price(llm: &LlmSettings, directive: &Directive) -> bool {
    directive.budget.usd.is_some() && !(llm.price_in > 0.0 && llm.price_out > 0.0)
}

/// Sentences about what is missing, the most useful first.
pub(super) fn advice(base: &Workspace, directive: &Directive, report: &DirectiveReport) -> Vec<String> {
    let mut said = Vec::new();
    let makes = matches!(*directive.kind, DirectiveKind::Build | DirectiveKind::Fix);
    let has_tests = !directive.examples.is_empty()
        || !directive.properties.is_empty()
        || directive
            .acceptance
            .iter()
            .any(|line| line.check.as_ref().is_some_and(|check| check.word() == "test"));
    if makes && !has_tests {
        said.push(
            "there is nothing to forge towards: add an [[example]] (a call and its value), a [[property]], or an \
             acceptance line with `check = \"test\"`"
                .to_owned(),
        );
    }
    if *directive.kind == DirectiveKind::Build && directive.interfaces.is_empty() {
        said.push("add an [[interface]] with the signature and the file of what is to be built".to_owned());
    }
    if let Some(searched) = &report.searched {
        said.extend(of_run(base, searched));
        let is_about_code = !makes && *directive.kind != DirectiveKind::Test;
        if searched.goals.is_empty() && is_about_code {
            said.push(format!("nothing in the target is a goal of these kinds: {}", kinds(base)));
        }
    }
    if base.llm_is_ready().is_ok() && is_beyond_price(&base.config.llm, directive) {
        said.push(format!(
            "{LLM}: was not asked: the directive limits its price with `budget.usd`, and `llm.price_in` and \
             `llm.price_out` do not say what it costs"
        ));
    }
    if let Some(rejected) = report.proved.as_ref().and_then(|proved| proved.rejected.first()) {
        said.push(format!("what was found does not hold in the workspace as it is: {}", rejected.reason));
    }
    said
}

fn kinds(base: &Workspace) -> String {
    base.config.goals.kinds.join(", ")
}

/// What each engine did for the goals that nothing came of.
fn of_run(base: &Workspace, report: &ForgeReport) -> Vec<String> {
    let reached: BTreeSet<_> = super::taken(report).map(|offer| &offer.goal.id).collect();
    let open: Vec<&Goal> = report.goals.iter().filter(|goal| !reached.contains(&goal.id)).collect();
    let open: Vec<&Goal> = open.into_iter().filter(|goal| goal.kind != GoalKind::Strengthen).collect();
    if open.is_empty() {
        return Vec::new();
    }
    let Ok(engines) = hephaestus_mutation::all(base.languages, &base.rules, &base.config.search, None) else {
        return Vec::new();
    };
    let chosen = &base.config.forge.engines;
    let mut said = Vec::new();
    for engine in &engines {
        let name = engine.name();
        let is_asked = chosen.is_empty() || chosen.iter().any(|own| own == name);
        let own: Vec<&&Goal> = open.iter().filter(|goal| engine.accepts(goal)).collect();
        let tried = report.rejected.iter().filter(|rejected| rejected.candidate.engine.0 == name);
        let tried: Vec<_> = tried.filter(|rejected| !reached.contains(&rejected.goal)).collect();
        said.push(match (is_asked, own.is_empty(), tried.first()) {
            (false, false, _) => format!("{name}: was not asked, and could have been"),
            (false, true, _) => continue,
            (true, true, _) => format!("{name}: has nothing for {}", words(&open)),
            (true, false, None) => {
                format!("{name}: looked{} and found nothing that could hold", searched(name, report))
            }
            (true, false, Some(first)) => {
                format!(
                    "{name}: tried {} that did not hold; the first: {}",
                    changes(tried.len()),
                    first.reason
                )
            }
        });
    }
    if let Err(refusal) = base.llm_is_ready() {
        said.push(format!("{LLM}: was not asked: {refusal}. {}", refusal.hint()));
    }
    said
}

fn changes(number: usize) -> String {
    if number == 1 { "1 change".to_owned() } else { format!("{number} changes") }
}

fn searched(engine: &str, report: &ForgeReport) -> String {
    match report.stats.searched.tried {
        tried if tried > 0 && engine == "search" => format!(" at {tried} changes"),
        _ => String::new(),
    }
}

/// The kinds of some goals, as people say it.
fn words(goals: &[&Goal]) -> String {
    let kinds: BTreeSet<&str> = goals.iter().map(|goal| goal.kind.as_str()).collect();
    kinds.into_iter().collect::<Vec<_>>().join(", ")
}
