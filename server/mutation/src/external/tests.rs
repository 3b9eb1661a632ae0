//! Conversations with a scripted program: what is asked, what is made of the answers, and what is not.

use super::{ExternalDimension, ExternalEngine, ExternalProposer, Program, Reporter};
use hephaestus_core::{
    Acceptance, CancelToken, Candidate, ContentHash, Dialogue, Dimension, Direction, Engine, EngineContext,
    EngineId, Evidence, ExternalRole, ExternalSettings, Goal, GoalId, GoalKind, GoalOrigin, GoalSettings,
    LanguageId, Patch, RelPath, Reply, Setback, Snapshot, SourceFile, ToolCall, ToolOutput, Tools, Trial,
    TrialCost, Verdict,
};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TEXT: &str = "# ä\nx = 1\n";

/// Answers each question with the next lines of its script; `null` is the end of the program.
struct Script {
    answers: Mutex<VecDeque<Vec<Value>>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

struct Scripted {
    answers: VecDeque<Vec<Value>>,
    asked: Arc<Mutex<Vec<Value>>>,
    said: VecDeque<Value>,
}

impl Tools for Script {
    fn run(&self, _: &ToolCall, _: &CancelToken) -> Result<ToolOutput, String> {
        Err("it is talked with".to_owned())
    }

    fn talk(&self, _: &ToolCall, _: &CancelToken) -> Result<Box<dyn Dialogue>, String> {
        let (answers, asked) = (self.answers.lock().unwrap().drain(..).collect(), Arc::clone(&self.asked));
        Ok(Box::new(Scripted { answers, asked, said: VecDeque::new() }))
    }
}

impl Dialogue for Scripted {
    fn say(&mut self, line: &str) -> Result<(), String> {
        let question: Value = serde_json::from_str(line).unwrap();
        if question["type"] != "event" {
            let with_id = |mut answer: Value| {
                if let Some(object) = answer.as_object_mut() {
                    object.entry("id").or_insert(question["id"].clone());
                }
                answer
            };
            self.said.extend(self.answers.pop_front().unwrap_or_default().into_iter().map(with_id));
        }
        self.asked.lock().unwrap().push(question);
        Ok(())
    }

    fn hear(&mut self, _: Duration, _: &CancelToken) -> Result<Reply, String> {
        Ok(match self.said.pop_front() {
            Some(Value::Null) => Reply::Ended,
            Some(Value::String(line)) => Reply::Line(line),
            Some(line) => Reply::Line(line.to_string()),
            None => Reply::Nothing,
        })
    }

    fn frozen(&self) -> Duration {
        Duration::ZERO
    }

    fn end(self: Box<Self>) -> ToolOutput {
        ToolOutput { exit: Some(3), stderr: "its last words".to_owned(), ..ToolOutput::default() }
    }
}

fn settings() -> ExternalSettings {
    ExternalSettings {
        name: "mine".to_owned(),
        command: vec!["mine".to_owned()],
        ..ExternalSettings::default()
    }
}

/// What was asked, by whoever listens.
type Heard = Arc<Mutex<Vec<Value>>>;

fn started(hello: Value, answers: Vec<Vec<Value>>) -> (Result<Program, String>, Heard) {
    let asked = Heard::default();
    let answers = std::iter::once(vec![hello]).chain(answers).collect();
    let script = Script { answers: Mutex::new(answers), asked: Arc::clone(&asked) };
    (Program::start(&settings(), &script, &CancelToken::new()), asked)
}

fn program(hello: Value, answers: Vec<Vec<Value>>) -> (Arc<Program>, Heard) {
    let (program, asked) = started(hello, answers);
    (Arc::new(program.unwrap()), asked)
}

fn hello() -> Value {
    json!({"type": "hello", "hephaestus": 1})
}

fn done() -> Value {
    json!({"type": "done"})
}

fn snapshot() -> Snapshot {
    let file = |name: &str, language: &str| {
        SourceFile::new(RelPath::new(name).unwrap(), LanguageId::new(language), TEXT, false)
    };
    Snapshot::default().with_file(file("a.py", "python")).with_file(file("b.js", "javascript"))
}

fn goal() -> Goal {
    let file = RelPath::new("a.py").unwrap();
    Goal {
        id: GoalId("g".to_owned()),
        kind: GoalKind::Modernize,
        rule: "mine/x".to_owned(),
        file: file.clone(),
        language: LanguageId::new("python"),
        range: (5..10).into(),
        line: 2,
        message: "m".to_owned(),
        why: String::new(),
        symbol: None,
        acceptance: Acceptance { improves: vec![Dimension::Findings], target: None, must_pass: vec![] },
        base: ContentHash::of(TEXT.as_bytes()),
        footprint: vec![file],
        origin: GoalOrigin::Measured,
        gain: 0.5,
        cost: 1.0,
    }
}

fn trial(candidate: &Candidate, verdict: Verdict) -> Trial {
    let (evidence, cost) = (Evidence::default(), TrialCost::default());
    Trial { candidate: candidate.id.clone(), verdict, evidence, cost, remembered: false }
}

fn proposed(program: &Arc<Program>, setbacks: &[Setback]) -> Vec<Candidate> {
    let (snapshot, cancel) = (snapshot(), CancelToken::new());
    let context = EngineContext {
        snapshot: &snapshot,
        parents: &[],
        setbacks,
        limit: 2,
        seed: 0,
        probe: None,
        cancel: &cancel,
    };
    ExternalEngine::new(Arc::clone(program)).propose(&goal(), &context)
}

fn edit(file: &str, start: usize, end: usize) -> Value {
    json!({"type": "candidate", "edits": [{"file": file, "start": start, "end": end, "text": "y"}]})
}

#[test]
fn edits_and_whole_texts_become_candidates_up_to_the_limit() {
    let whole =
        json!({"type": "candidate", "title": "all", "files": [{"path": "a.py", "text": "# ä\nx = 2\n"}]});
    let (program, _) = program(hello(), vec![vec![edit("a.py", 5, 6), whole, edit("a.py", 9, 10), done()]]);
    let candidates = proposed(&program, &[]);
    let path = RelPath::new("a.py").unwrap();
    let texts: Vec<String> =
        candidates.iter().map(|own| own.patch.apply_to(&path, Some(TEXT)).unwrap().unwrap()).collect();
    assert_eq!(texts, ["# ä\ny = 1\n", "# ä\nx = 2\n"]);
    assert_eq!(candidates[1].operators, ["all"]);
    assert!(program.complaints().is_empty());
}

#[test]
fn what_does_not_fit_is_no_candidate_and_the_next_one_is() {
    let twice = json!({"type": "candidate", "edits": [
        {"file": "a.py", "start": 5, "end": 8, "text": ""}, {"file": "a.py", "start": 6, "end": 9, "text": ""}]});
    let bad = [
        edit("b.js", 0, 1),
        edit("../x", 0, 1),
        edit("a.py", 3, 4),
        edit("a.py", 9, 5),
        edit("a.py", 0, 99),
        twice,
        json!({"type": "candidate"}),
        json!({"type": "measure", "before": 1, "after": 2, "direction": "lower"}),
        json!({"type": "candidate", "id": 77}),
    ];
    let count = bad.len();
    let (program, _) = program(hello(), vec![bad.into_iter().chain([edit("a.py", 5, 6), done()]).collect()]);
    assert_eq!(proposed(&program, &[]).len(), 1);
    let complaints = program.complaints();
    assert_eq!(complaints.len(), count, "{complaints:#?}");
    assert!(complaints.iter().all(|line| line.starts_with("external `mine`: ")), "{complaints:#?}");
}

#[test]
fn a_program_that_only_says_what_cannot_be_used_is_given_up() {
    let endless = (0..100).map(|_| edit("b.js", 0, 1)).collect();
    let (program, _) = program(hello(), vec![endless, vec![edit("a.py", 5, 6), done()]]);
    assert!(proposed(&program, &[]).is_empty());
    assert!(proposed(&program, &[]).is_empty(), "it is not asked any more");
    assert!(
        program.complaints().iter().any(|line| line.contains("16 answers")),
        "{:?}",
        program.complaints()
    );
}

#[test]
fn who_learns_is_asked_again_with_what_was_tried_and_who_does_not_is_not() {
    let patch = Patch::between(RelPath::new("a.py").unwrap(), TEXT, "# ä\nx = 3\n");
    let candidate = Candidate::new(&goal().id, patch, EngineId::new("mine"), vec![], 0.5);
    let trial = trial(&candidate, Verdict::Failed);
    let setbacks = [Setback { candidate, trial, reasons: vec!["because".to_owned()] }];
    let (dull, asked) = program(hello(), vec![]);
    assert!(proposed(&dull, &setbacks).is_empty());
    assert_eq!(asked.lock().unwrap().len(), 1, "the greeting alone");
    let learner = json!({"type": "hello", "hephaestus": 1, "learns": true});
    let (learner, asked) = program(learner, vec![vec![edit("a.py", 5, 6), done()]]);
    assert_eq!(proposed(&learner, &setbacks).len(), 1);
    let tried = &asked.lock().unwrap()[1]["tried"][0];
    assert_eq!((&tried["verdict"], &tried["reasons"][0]), (&json!("failed"), &json!("because")));
    assert_eq!(tried["edits"][0]["text"], "x = 3\n");
}

#[test]
fn a_greeting_that_is_none_ends_it_with_its_last_words() {
    let silent = started(Value::Null, vec![]).0.err().unwrap();
    assert!(silent.contains("exit code 3") && silent.ends_with("its last words"), "{silent}");
    let newer = started(json!({"type": "hello", "hephaestus": 2}), vec![]).0.err().unwrap();
    assert!(newer.contains("speaks version 2"), "{newer}");
    for rubbish in
        [json!("hi there"), json!({"type": "done"}), json!({"type": "hello"}), json!({"type": "greet"})]
    {
        let error = started(rubbish, vec![]).0.err().unwrap();
        assert!(error.contains("no line of the protocol"), "{error}");
    }
}

#[test]
fn a_death_in_the_middle_keeps_what_was_said_and_is_told_once() {
    let (program, _) = program(hello(), vec![vec![edit("a.py", 5, 6), Value::Null]]);
    assert_eq!(proposed(&program, &[]).len(), 1);
    assert!(proposed(&program, &[]).is_empty());
    assert_eq!(program.complaints().len(), 1, "{:?}", program.complaints());
}

#[test]
fn goals_have_a_place_a_kind_and_a_name() {
    let seen = |file: &str, start: usize, end: usize, kind: &str, rule: &str| json!({"type": "goal", "file": file, "start": start, "end": end, "kind": kind, "rule": rule, "title": "t\nu"});
    let answers = vec![
        seen("a.py", 5, 6, "modernize", "x"),
        seen("a.py", 3, 6, "modernize", "x"),
        seen("a.py", 5, 6, "repair", "x"),
        seen("a.py", 5, 6, "modernize", "x/y z"),
        seen("b.js", 5, 6, "modernize", "x"),
        done(),
    ];
    let python = json!({"type": "hello", "hephaestus": 1, "roles": ["proposer"], "languages": ["python"]});
    let (program, asked) = program(python, vec![answers]);
    assert!(program.is(ExternalRole::Proposer) && !program.is(ExternalRole::Engine));
    let proposer = ExternalProposer::new(Arc::clone(&program));
    let seen = proposer.propose(&snapshot(), &GoalSettings::default(), &CancelToken::new());
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].title.as_str(), seen[0].preserves_behaviour), ("t", true));
    assert_eq!(asked.lock().unwrap()[1]["files"].as_array().unwrap().len(), 1, "the other file is no Python");
    assert_eq!(program.complaints().len(), 4, "{:#?}", program.complaints());
}

#[test]
fn measures_are_numbers_with_a_unit_and_a_direction() {
    let answer =
        json!({"type": "measure", "before": 4, "after": 3.0, "unit": "by\u{7}tes", "direction": "lower"});
    let (program, asked) = program(hello(), vec![vec![answer, done()], vec![done()]]);
    let dimension = ExternalDimension::new(program);
    let patch = Patch::between(RelPath::new("a.py").unwrap(), TEXT, "x = 1\n");
    let candidate = Candidate::new(&goal().id, patch, EngineId::new("x"), vec![], 0.5);
    let trial = trial(&candidate, Verdict::Passed);
    let measure = || dimension.measure(&goal(), &candidate, &trial, &snapshot(), &CancelToken::new());
    let first = measure().unwrap();
    assert_eq!((first.unit.as_str(), first.direction), ("bytes", Direction::Lower));
    assert_eq!(first.relative_gain(), 0.25);
    assert_eq!(measure(), None, "it may have nothing to say");
    let asked = asked.lock().unwrap();
    assert_eq!(
        (&asked[1]["files"][0]["before"], &asked[1]["files"][0]["after"]),
        (&json!(TEXT), &json!("x = 1\n"))
    );
}

#[test]
fn reports_stay_in_their_folder() {
    let file = |path: &str| json!({"type": "file", "path": path, "text": "t"});
    let answers =
        vec![file("a/b.csv"), file("../c"), file("/etc/d"), json!({"type": "text", "text": "ok"}), done()];
    let (program, asked) = program(hello(), vec![answers]);
    let reported = Reporter::new(Arc::clone(&program)).report([json!({"type": "run"})], &CancelToken::new());
    assert_eq!(reported.text, "ok\n");
    assert_eq!(reported.files, [(RelPath::new("a/b.csv").unwrap(), "t".to_owned())]);
    assert_eq!(program.complaints().len(), 2);
    let kinds: Vec<Value> = asked.lock().unwrap().iter().map(|line| line["type"].clone()).collect();
    assert_eq!(kinds, ["hello", "event", "report"]);
}
