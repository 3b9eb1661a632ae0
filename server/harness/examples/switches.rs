//! Throw-away mutants of one file of a crate, judged through switches: how many there are room for in a second of CPU.
//!
//! `switches ROOT FILE [LIMIT] [PLAIN]`: with PLAIN, that many verdicts are checked against a plain `cargo test`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "an experiment"
)]

use hephaestus_core::{
    CancelToken, Edit, LanguageId, RelPath, SandboxSettings, Snapshot, SourceFile, TestSettings,
};
use hephaestus_harness::Suite;
use hephaestus_harness::lab::{Job, JobEnd, Lab, LabSubject, SwitchLab, Variant};
use hephaestus_harness::runners::{Facts, Programs};
use hephaestus_harness::sandbox::{HelperCommand, Sandbox, Step, StepStatus, View};
use hephaestus_syntax::{Languages, Parsed};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const SWAPS: [(&str, &[&str]); 18] = [
    ("==", &["!="]),
    ("!=", &["=="]),
    ("<", &["<=", ">="]),
    (">", &[">=", "<="]),
    ("<=", &["<", ">"]),
    (">=", &[">", "<"]),
    ("&&", &["||"]),
    ("||", &["&&"]),
    ("+", &["-"]),
    ("-", &["+"]),
    ("*", &["+"]),
    ("/", &["*"]),
    ("+=", &["-="]),
    ("-=", &["+="]),
    ("true", &["false"]),
    ("false", &["true"]),
    ("<<", &[">>"]),
    ("&", &["|"]),
];

fn mutants(parsed: &Parsed) -> Vec<Edit> {
    let text = &*parsed.file().text;
    let mut edits = Vec::new();
    let mut cursor = parsed.tree().walk();
    let parents = ["binary_expression", "compound_assignment_expr", "boolean_literal", "let_chain"];
    loop {
        let node = cursor.node();
        let kind = node.kind();
        let own = &text[node.byte_range()];
        if node.parent().is_some_and(|parent| parents.contains(&parent.kind())) && !node.is_named() {
            for new in SWAPS.iter().filter(|(old, _)| *old == own).flat_map(|(_, new)| new.iter()) {
                edits.push(Edit::new(node.byte_range(), *new));
            }
        }
        if kind == "if_expression" || kind == "while_expression" {
            if let Some(condition) = node.child_by_field_name("condition") {
                for new in ["true", "false"] {
                    edits.push(Edit::new(condition.byte_range(), new));
                }
            }
        }
        if kind == "integer_literal" {
            edits.push(Edit::new(node.byte_range(), format!("({own} + 1)")));
        }
        if kind == "expression_statement" {
            edits.push(Edit::new(node.byte_range(), ""));
        }
        if kind == "function_item" {
            if let Some(body) = node.child_by_field_name("body") {
                edits.push(Edit::new(body.byte_range(), "{ Default::default() }"));
            }
        }
        let test = node.prev_named_sibling().is_some_and(|before| text[before.byte_range()].contains("test"));
        if !test && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return edits;
            }
        }
    }
}

fn snapshot(root: &Path) -> Snapshot {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let rel = RelPath::new(path.strip_prefix(root).unwrap()).unwrap();
                let test = rel.as_str().starts_with("tests/");
                let text = std::fs::read_to_string(&path).unwrap();
                files
                    .insert(rel.clone(), Arc::new(SourceFile::new(rel, LanguageId::new("rust"), text, test)));
            }
        }
    }
    Snapshot { root: root.to_owned(), files, notices: vec![] }
}

fn cpu() -> Duration {
    // SAFETY is not needed: the figures of the kernel, in text.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let words: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = (11..15).map(|at| words[at].parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let root = PathBuf::from(&args[1]).canonicalize().unwrap();
    let file = RelPath::new(&args[2]).unwrap();
    let limit: usize = args.get(3).map_or(usize::MAX, |limit| limit.parse().unwrap());
    let plain: usize = args.get(4).map_or(0, |plain| plain.parse().unwrap());
    let helper =
        std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("hephaestus-sandbox");
    let sandbox = Sandbox::new(HelperCommand { program: helper, args: vec![] }, SandboxSettings::default());
    let snapshot = snapshot(&root);
    let cancel = CancelToken::new();
    let runner =
        hephaestus_harness::runners::all().unwrap().iter().find(|own| own.name == "cargo-test").unwrap();
    let suite =
        Suite::new(runner.clone(), Programs::of(&root), &Facts::gather(&snapshot), TestSettings::default());
    let languages = Languages::builtin().unwrap();
    let parsed = Parsed::new(
        languages.get(&LanguageId::new("rust")).unwrap(),
        Arc::clone(snapshot.file(&file).unwrap()),
    )
    .unwrap();
    let mut edits = mutants(&parsed);
    if edits.len() > limit {
        let step = edits.len() as f64 / limit as f64;
        edits = (0..limit).map(|at| edits[(at as f64 * step) as usize].clone()).collect();
    }
    let variants: Vec<Variant> = edits
        .into_iter()
        .enumerate()
        .map(|(at, edit)| Variant { id: at as u32, file: file.clone(), edits: vec![edit] })
        .collect();
    let base = sandbox.scratch("baseline").unwrap();
    let layer = base.path().join("upper");
    let build = ["cargo", "test", "--offline", "--workspace", "--quiet"];
    let env: Vec<(String, String)> = runner.env.clone().into_iter().collect();
    let layer = std::env::var_os("LAYER").map_or(layer, PathBuf::from);
    let known = layer.exists();
    if !known {
        let view = View { root: root.clone(), layers: vec![], keep: Some(layer.clone()) };
        let mut session = sandbox.open(&view, &cancel).unwrap();
        let step = Step {
            env: env.clone(),
            timeout: Duration::from_secs(600),
            ..Step::new(build, Duration::from_secs(600))
        };
        let baseline = session.run(&step, &cancel).unwrap();
        println!(
            "baseline: {:?} cpu {:?}\n{}",
            baseline.status,
            baseline.cpu,
            if baseline.status == StepStatus::Exited(0) { "" } else { &baseline.stderr.text }
        );
        session.close();
    }
    let (before, began) = (cpu(), Instant::now());
    let subject = LabSubject {
        sandbox: &sandbox,
        suite: &suite,
        snapshot: &snapshot,
        languages,
        layers: vec![layer.clone()],
        slots: 2,
    };
    let mut lab = SwitchLab::open(&subject, variants.clone(), &cancel).unwrap();
    println!("opened in {:?}, overhead cpu {:?}", began.elapsed(), lab.overhead());
    let placed = lab.placed();
    println!(
        "{} mutants: switched {} alone {} unviable {} rounds {}",
        variants.len(),
        placed.switched,
        placed.alone,
        placed.unviable,
        placed.rounds
    );
    for (id, reason) in &placed.reasons {
        let edit = &variants[*id as usize].edits[0];
        let text = &parsed.file().text;
        let line = text[..edit.range.start].matches('\n').count() + 1;
        println!(
            "  #{id} line {line} `{}` -> `{}`: {reason}",
            &text[edit.range.start..edit.range.end],
            edit.text
        );
    }
    println!(
        "tests {} red {:?} flaky {:?} notes {:?}",
        lab.facts().tests.len(),
        lab.facts().red,
        lab.facts().flaky,
        lab.facts().notes
    );
    let mut jobs = Vec::new();
    let mut unreached = 0;
    for variant in &variants {
        let mut tests = lab.reaching(variant.id);
        tests.sort_by_key(|at| lab.facts().tests[*at].wall);
        if tests.is_empty() && !placed.reasons.contains_key(&variant.id) {
            unreached += 1;
        } else {
            jobs.push(Job { variant: variant.id, tests, stop_at_first: true });
        }
    }
    let mut outcomes = BTreeMap::new();
    let (switched, alone): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job| !placed.reasons.contains_key(&job.variant));
    let opened = cpu() - before;
    lab.run(&switched, &cancel, &mut |outcome| {
        outcomes.insert(outcome.variant, outcome);
    })
    .unwrap();
    let (used, wall) = (cpu() - before, began.elapsed());
    let jobs_cpu: Duration = outcomes.values().map(|outcome| outcome.cpu).sum();
    let total = lab.overhead() + jobs_cpu;
    println!(
        "switched only: {} judged + {unreached} unreached; children cpu {total:?} (build+survey {:?}, jobs {jobs_cpu:?}); all processes {used:?} (open {opened:?}); wall {wall:?}; {:.1} mutants per CPU s",
        switched.len(),
        lab.overhead(),
        (switched.len() + unreached) as f64 / total.as_secs_f64()
    );
    lab.run(&alone, &cancel, &mut |outcome| {
        outcomes.insert(outcome.variant, outcome);
    })
    .unwrap();
    let total: Duration = lab.overhead() + outcomes.values().map(|outcome| outcome.cpu).sum::<Duration>();
    println!(
        "with those built alone: children cpu {total:?}; {:.1} mutants per CPU s",
        variants.len() as f64 / total.as_secs_f64()
    );
    if std::env::var_os("EXAMPLES").is_some() {
        let before = lab.overhead();
        let added = lab.widen(&cancel).unwrap();
        println!(
            "examples: {added}, {:?} CPU; {:?}; red {:?} notes {:?}",
            lab.overhead() - before,
            lab.facts().tests.iter().rev().take(added).map(|test| test.id.clone()).collect::<Vec<_>>(),
            lab.facts().red,
            lab.facts().notes
        );
        let first = lab.facts().tests.len() - added;
        let mut jobs = Vec::new();
        for variant in &variants {
            if outcomes
                .get(&variant.id)
                .is_none_or(|outcome| outcome.end == JobEnd::Ran && outcome.failed.is_empty())
            {
                let tests: Vec<usize> =
                    lab.reaching(variant.id).into_iter().filter(|at| *at >= first).collect();
                if !tests.is_empty() {
                    jobs.push(Job { variant: variant.id, tests, stop_at_first: true });
                }
            }
        }
        let (mut killed, mut cpu) = (0, Duration::ZERO);
        lab.run(&jobs, &cancel, &mut |outcome| {
            cpu += outcome.cpu;
            if outcome.end != JobEnd::Ran {
                println!("{outcome:?}")
            }
            if !outcome.failed.is_empty() {
                killed += 1;
                outcomes.insert(outcome.variant, outcome);
            }
        })
        .unwrap();
        println!("{} tried on examples, {killed} killed by them, {cpu:?} CPU", jobs.len());
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let word = |id: &u32| match outcomes.get(id) {
        None => "unreached".to_owned(),
        Some(outcome) => match &outcome.end {
            JobEnd::Ran if outcome.failed.is_empty() => "survived".to_owned(),
            JobEnd::Ran => "killed".to_owned(),
            JobEnd::TimedOut => "timeout".to_owned(),
            JobEnd::Unviable(_) => "unviable".to_owned(),
            JobEnd::Broken(why) => format!("broken {why}"),
        },
    };
    for variant in &variants {
        *counts.entry(word(&variant.id)).or_default() += 1;
    }
    println!("{counts:?}");
    if std::env::var_os("SHOW").is_some() {
        for variant in &variants {
            let edit = &variant.edits[0];
            let text = &parsed.file().text;
            let line = text[..edit.range.start].matches('\n').count() + 1;
            println!("  #{} line {line} -> `{}`: {}", variant.id, edit.text, word(&variant.id));
        }
    }
    let mut plain_cpu = Duration::ZERO;
    let mut wrong = 0;
    for nth in 0..plain {
        let variant = &variants[nth * variants.len() / plain];
        let edit = &variant.edits[0];
        let mut text = parsed.file().text.to_string();
        text.replace_range(edit.range.start..edit.range.end, &edit.text);
        let view = View { root: root.clone(), layers: vec![layer.clone()], keep: None };
        let mut session = sandbox.open(&view, &cancel).unwrap();
        session.write(&file, Some(text.as_bytes())).unwrap();
        let compile = Step {
            env: env.clone(),
            ..Step::new(["cargo", "test", "--offline", "--workspace", "--no-run"], Duration::from_secs(300))
        };
        let built = session.run(&compile, &cancel).unwrap();
        plain_cpu += built.cpu;
        let said = if built.status == StepStatus::Exited(0) {
            let test = Step {
                env: env.clone(),
                ..Step::new(
                    [
                        "cargo",
                        "test",
                        "--offline",
                        "--workspace",
                        if std::env::var_os("EXAMPLES").is_some() { "--no-fail-fast" } else { "--tests" },
                    ],
                    Duration::from_secs(20),
                )
            };
            let ran = session.run(&test, &cancel).unwrap();
            plain_cpu += ran.cpu;
            match ran.status {
                StepStatus::Exited(0) => "survived",
                StepStatus::TimedOut => "timeout",
                _ => "killed",
            }
        } else {
            "unviable"
        };
        let own = word(&variant.id);
        let own = if own == "unreached" { "survived" } else { &own };
        if own != said {
            wrong += 1;
            println!("DIFFERS: #{} `{}` here {own}, plain {said}", variant.id, edit.text);
        }
    }
    if plain > 0 {
        println!("{plain} checked plainly, {wrong} differ, {:?} CPU each", plain_cpu / plain as u32);
    }
}
