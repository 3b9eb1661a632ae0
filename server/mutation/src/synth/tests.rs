//! The suite of specifications, judged on examples the search never saw by the same semantics it searched with.

use std::sync::Arc;

use hephaestus_core::{CancelToken, LanguageId, RelPath, Snapshot, SourceFile};
use hephaestus_syntax::{Languages, Parsed};

use super::judge::STEPS;
use super::kit::Kit;
use super::print::Printer;
use super::reading::{Signature, specification};
use super::shop::{Effort, Shop};
use super::solve::{Expected, Specification, solve};
use super::term::{Came, Machine};

#[path = "../../tests/synth/suite.rs"]
#[allow(unreachable_pub, reason = "the bench uses it, too")]
mod suite;

/// A snapshot of code and its tests.
fn snapshot(language: &str, code: &str, tests: &str) -> (Snapshot, Arc<SourceFile>) {
    let id = LanguageId::new(language);
    let file = SourceFile::new(RelPath::new("solution.x").unwrap(), id.clone(), code, false);
    let test = SourceFile::new(RelPath::new("test_solution.x").unwrap(), id, tests, true);
    let snapshot = Snapshot::default().with_file(file.clone()).with_file(test);
    (snapshot, Arc::new(file))
}

fn read(language: &str, code: &str, tests: &str) -> Option<(Specification, Kit)> {
    let languages = Languages::builtin().unwrap();
    let (snapshot, file) = snapshot(language, code, tests);
    let parsed = Parsed::new(languages.get(&file.language).unwrap(), Arc::clone(&file)).unwrap();
    let hole = parsed.holes().into_iter().next().unwrap();
    let kit = Kit::of(parsed.language().pack()).unwrap().unwrap();
    let signature = Signature::of(&parsed, &hole, &kit)?;
    specification(&signature, &file, &snapshot, &kit).map(|own| (own, kit))
}

/// The likeliest body in the language's words, with its name for the examples it is wrong on.
fn solved(own: &suite::Specification, language: &str, effort: Effort) -> Result<(String, bool), String> {
    let (spec, kit) =
        read(language, &own.code(language), &own.tests(language, &own.examples)).ok_or("not read")?;
    assert_eq!(spec.examples.len(), own.examples.len(), "{}: every example is read", own.name);
    let cancel = CancelToken::new();
    let outcome = solve(&spec, &kit, effort, &cancel);
    let Some(best) = outcome.found.first() else {
        return Err(format!("{} after {} of length {}", outcome.ended, outcome.tried, outcome.cost));
    };
    let mut rules = kit.rules.clone();
    rules.bounds = super::solve::bounds(&spec, &kit);
    let machine = Machine::new(&kit, &rules);
    let (hidden, _) = read(language, &own.code(language), &own.tests(language, &own.hidden)).unwrap();
    let holds = hidden.examples.iter().all(|example| {
        let came = machine.call(&best.body, &example.args, STEPS);
        matches!((&came, &example.gives), (Came::Value(own), Expected::Value(wanted)) if own == wanted)
    });
    let mut types: Vec<_> = spec.parameters.iter().map(|parameter| parameter.ty.clone()).collect();
    types.push(spec.output.clone());
    let shop = Shop::new(&kit, rules.clone(), &types, effort, &cancel);
    let lines = Printer::new(&kit, &shop.types, &spec).body(&best.body);
    let text: Vec<String> =
        lines.iter().map(|line| format!("{}{}", "  ".repeat(line.depth), line.text)).collect();
    Ok((text.join("\n"), holds))
}

/// How many of the suite must be right on what was hidden, by language.
const RIGHT: [(&str, usize); 3] = [("python", 8), ("javascript", 8), ("rust", 8)];

/// What each of them may take here; the full effort finds more (`SYNTH_FULL=1`).
const QUICK: u64 = 250_000;

#[test]
fn the_suite_is_solved_and_right_on_what_was_hidden() {
    let only = std::env::var("SYNTH_ONLY").unwrap_or_default();
    let full = Effort::default();
    let effort =
        if std::env::var_os("SYNTH_FULL").is_some() { full } else { Effort { expressions: QUICK, ..full } };
    for (language, least) in RIGHT {
        let mut right = 0;
        let mut said = String::new();
        for own in suite::all().unwrap() {
            if !only.is_empty() && !format!("{language}/{}", own.name).contains(&only) {
                continue;
            }
            let started = std::time::Instant::now();
            let outcome = solved(&own, language, effort);
            let took = started.elapsed().as_secs_f64();
            let (verdict, text) = match outcome {
                Ok((text, true)) => {
                    right += 1;
                    ("right", text)
                }
                Ok((text, false)) => ("WRONG", text),
                Err(why) => ("NONE", why),
            };
            let line = format!("{language:10} {:28} {verdict} {took:.1}s\n{text}\n", own.name);
            println!("{line}");
            said += &line;
        }
        println!("{language}: {right} right");
        assert!(right >= least || !only.is_empty(), "{said}");
    }
}
