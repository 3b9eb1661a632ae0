//! `hephaestus registry`.

use crate::args::{Common, Registry as Arguments, RegistryVerb};
use crate::failure::{Failure, Kind};
use crate::terminal::{self, FAINT, PLACE, STRONG};
use hephaestus_core::Exchange;
use hephaestus_workspace::registry::{
    Registry, Retention, RunSummary, SearchFilter, StoredCandidate, VersionSummary,
};
use std::fs::File;
use std::io::{BufReader, Write};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) fn run(common: &Common, own: &Arguments) -> Result<ExitCode, Failure> {
    let folder = common.root.join(".hephaestus");
    if !folder.join("registry.db").is_file() && !matches!(own.verb, RegistryVerb::Import { .. }) {
        let message = format!("nothing is remembered in {}", folder.display());
        return Err(Failure::new(Kind::Usage, message).hint("`hephaestus forge` remembers what it tries."));
    }
    let registry = Registry::open(&folder)?;
    let text = match &own.verb {
        RegistryVerb::Log { limit } => registry.log(*limit)?.iter().map(run_line).collect(),
        RegistryVerb::Show { id } if id.starts_with(Exchange::PREFIX) => asked(&registry, id)?,
        RegistryVerb::Show { id } => shown(&found(&registry, id)?),
        RegistryVerb::Diff { left, right } => compared(&registry, left, right)?,
        RegistryVerb::Lineage { id } => {
            registry.get_lineage(id)?.iter().map(|step| format!("{}\n", headline(step))).collect()
        }
        RegistryVerb::Search { text, llm: true, limit } => {
            registry.exchanges(text, *limit)?.iter().map(exchange_line).collect()
        }
        RegistryVerb::Search { text, llm: false, limit } => {
            let filter = SearchFilter { limit: Some(*limit), ..SearchFilter::default() };
            registry.search(text, &filter)?.iter().map(version_line).collect()
        }
        RegistryVerb::Export { file } => exported(&registry, file.as_deref())?,
        RegistryVerb::Import { file } => {
            let source = File::open(file)
                .map_err(|error| Failure::new(Kind::Usage, format!("{}: {error}", file.display())))?;
            let new = registry.import(&mut BufReader::new(source))?;
            format!(
                "new: {} runs, {} goals, {} candidates, {} trials, {} decisions\n",
                new.runs, new.goals, new.candidates, new.trials, new.decisions
            )
        }
        RegistryVerb::Gc { days, megabytes } => {
            let retention =
                Retention { max_age_days: Some(u64::from(*days)), max_mb: Some(*megabytes), max_rows: None };
            let gone = registry.gc(&retention, now_ms())?;
            format!(
                "gone: {} candidates, {} goals, {} runs, {} logs; {} KiB → {} KiB\n",
                gone.candidates,
                gone.goals,
                gone.runs,
                gone.logs,
                gone.bytes_before / 1024,
                gone.bytes_after / 1024
            )
        }
    };
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn found(registry: &Registry, id: &str) -> Result<StoredCandidate, Failure> {
    registry.get_version(id)?.ok_or_else(|| {
        Failure::new(Kind::Usage, format!("no candidate has the id `{id}`"))
            .hint("`hephaestus registry search` lists them.")
    })
}

fn exported(registry: &Registry, file: Option<&std::path::Path>) -> Result<String, Failure> {
    let mut lines = Vec::new();
    registry.export(&mut lines)?;
    match file {
        Some(path) => {
            let mut out = File::create(path)
                .map_err(|error| Failure::new(Kind::Usage, format!("{}: {error}", path.display())))?;
            out.write_all(&lines)?;
            Ok(String::new())
        }
        None => Ok(String::from_utf8_lossy(&lines).into_owned()),
    }
}

fn run_line(run: &RunSummary) -> String {
    let stats = |key: &str| run.stats.as_ref().and_then(|stats| stats.get(key));
    let wall = stats("wall_s").and_then(serde_json::Value::as_f64).unwrap_or_default();
    let ended = stats("ended").and_then(serde_json::Value::as_str).unwrap_or("did not come to its end");
    format!(
        "{STRONG}{}{STRONG:#} {} {}: {} goals, {} trials, {} passed, {} accepted, {wall:.0} s {FAINT}({ended}){FAINT:#}\n",
        run.id,
        utc(run.started_ms),
        run.command,
        run.goals,
        run.trials,
        run.passed,
        run.accepted
    )
}

/// A moment as `2026-01-31 12:34 UTC`. Days are turned into a date as in Howard Hinnant's `civil_from_days`.
fn utc(ms: u64) -> String {
    let minutes = ms / 60_000;
    let (days, minute) = (minutes / 1440 + 719_468, minutes % 1440);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minute / 60, minute % 60)
}

/// When, which model, for which goal, what it took, what came of it.
fn exchange_line(exchange: &Exchange) -> String {
    let cost =
        if exchange.cost_usd > 0.0 { format!(", {:.4} USD", exchange.cost_usd) } else { String::new() };
    format!(
        "{STRONG}{}{STRONG:#} {} {PLACE}{}{PLACE:#} goal {} {FAINT}[{}]{FAINT:#} {} tokens in, {} out{cost}: {}\n",
        exchange.id,
        utc(exchange.at_ms),
        exchange.model,
        exchange.goal,
        exchange.prompt,
        exchange.tokens_in,
        exchange.tokens_out,
        exchange.outcome
    )
}

/// One exchange with all of its text.
fn asked(registry: &Registry, id: &str) -> Result<String, Failure> {
    let unknown = || {
        Failure::new(Kind::Usage, format!("nothing that was asked has the id `{id}`, or several have"))
            .hint("`hephaestus registry search --llm` lists them.")
    };
    let exchange = registry.get_exchange(id)?.ok_or_else(unknown)?;
    let part = |title: &str, text: &str| format!("\n{STRONG}{title}{STRONG:#}\n{}\n", text.trim_end());
    let sent = part(&format!("sent to {}", exchange.endpoint), &exchange.request);
    Ok(format!("{}{sent}{}", exchange_line(&exchange), part("received", &exchange.response)))
}

fn version_line(version: &VersionSummary) -> String {
    let state = match (&version.decision, version.accepted, &version.verdict) {
        (Some(decision), ..) => decision.clone(),
        (None, Some(true), _) => "proved".to_owned(),
        (None, Some(false), _) => "not accepted".to_owned(),
        (None, None, Some(verdict)) => verdict.clone(),
        (None, None, None) => "not tried".to_owned(),
    };
    format!(
        "{STRONG}{}{STRONG:#} {state:>12} {PLACE}{}:{}{PLACE:#} {} {FAINT}[{}]{FAINT:#}\n",
        version.candidate, version.file, version.line, version.message, version.rule
    )
}

fn headline(stored: &StoredCandidate) -> String {
    let (goal, steps) = (&stored.goal, stored.candidate.operators.join(" → "));
    format!(
        "{STRONG}{}{STRONG:#} {PLACE}{}:{}{PLACE:#} {} {FAINT}[{steps}]{FAINT:#}\n",
        stored.candidate.id, goal.file, goal.line, goal.message
    )
}

fn shown(stored: &StoredCandidate) -> String {
    let mut text = headline(stored);
    for trial in &stored.trials {
        let verdict = &trial.trial.verdict;
        text.push_str(&format!("  {} {verdict}", utc(trial.at_ms)));
        if let Some(run) = trial.trial.evidence.fall() {
            let failed: Vec<&str> = run.failures.iter().take(3).map(|failure| failure.id.as_str()).collect();
            text.push_str(&format!(": {} {}", run.stage.as_str(), failed.join(", ")));
        }
        text.push('\n');
    }
    for measure in stored
        .score
        .iter()
        .flat_map(|score| &score.measures)
        .filter(|measure| measure.before != measure.after)
    {
        text.push_str(&format!("  {} {} → {}\n", measure.dimension, measure.before, measure.after));
    }
    for reason in stored.score.iter().flat_map(|score| &score.reasons) {
        text.push_str(&format!("  not accepted: {reason}\n"));
    }
    for decision in &stored.decisions {
        text.push_str(&format!("  {} {}\n", utc(decision.at_ms), decision.kind.as_str()));
    }
    text.push_str(&terminal::coloured(stored.diff.as_deref().unwrap_or_default(), "  "));
    text
}

fn compared(registry: &Registry, left: &str, right: &str) -> Result<String, Failure> {
    let comparison = registry.compare_versions(left, right)?;
    let mut text = format!("{}{}", headline(&comparison.left), headline(&comparison.right));
    for pair in &comparison.measures {
        let shown = |measure: &Option<hephaestus_core::Measure>| {
            measure.map_or("-".to_owned(), |measure| format!("{} → {}", measure.before, measure.after))
        };
        text.push_str(&format!(
            "  {:<16} {:<20} {}\n",
            pair.dimension.as_str(),
            shown(&pair.left),
            shown(&pair.right)
        ));
    }
    text.push_str(&terminal::coloured(&comparison.left_diff, "  "));
    text.push_str(&terminal::coloured(&comparison.right_diff, "  "));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_dates() {
        assert_eq!(utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(utc(951_782_400_000), "2000-02-29 00:00 UTC");
        assert_eq!(utc(1_798_761_599_000), "2026-12-31 23:59 UTC");
    }
}
