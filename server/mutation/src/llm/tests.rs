//! Questions to a scripted server that misbehaves in every way, and what they cost. No test waits: pauses are counted.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use hephaestus_core::{
    Acceptance, GoalId, GoalKind, GoalOrigin, LanguageId, LlmProvider, RelPath, Snapshot, Trial, TrialCost,
    Verdict,
};

use super::asker::Waiter;
use super::provider::{Answer, Question, Stop, Trouble};
use super::stub::{Reply, Request, Stub, anthropic, openai};
use super::*;

const KEY: &str = "key-that-nobody-may-see";
const BOTH: [LlmProvider; 2] = [LlmProvider::Openai, LlmProvider::Anthropic];

/// Everything that was kept, shared with whoever looks afterwards.
#[derive(Clone, Default)]
struct Notebook(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    kept: BTreeMap<String, Vec<u8>>,
    exchanges: Vec<Exchange>,
    told: Vec<String>,
    pauses: Vec<Duration>,
}

impl Journal for Notebook {
    fn now_ms(&self) -> u64 {
        7
    }
    fn recall(&self, key: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().kept.get(key).cloned()
    }
    fn keep(&self, key: &str, bytes: &[u8]) {
        self.0.lock().unwrap().kept.insert(key.to_owned(), bytes.to_vec());
    }
    fn record(&self, exchange: &Exchange) {
        let exchanges = &mut self.0.lock().unwrap().exchanges;
        exchanges.retain(|own| own.id != exchange.id);
        exchanges.push(exchange.clone());
    }
    fn tell(&self, message: &str) {
        self.0.lock().unwrap().told.push(message.to_owned());
    }
}

impl Waiter for Notebook {
    fn wait(&self, time: Duration, _: &CancelToken) {
        self.0.lock().unwrap().pauses.push(time);
    }
}

impl Notebook {
    fn outcomes(&self) -> Vec<String> {
        self.0.lock().unwrap().exchanges.iter().map(|exchange| exchange.outcome.clone()).collect()
    }

    fn spent(&self) -> u64 {
        self.0.lock().unwrap().exchanges.iter().map(|exchange| exchange.tokens_in + exchange.tokens_out).sum()
    }
}

fn settings(provider: LlmProvider, stub: &Stub) -> LlmSettings {
    LlmSettings {
        provider: Some(provider),
        model: Some("m".to_owned()),
        endpoint: Some(stub.endpoint()),
        wait: 20,
        ..LlmSettings::default()
    }
}

fn access(settings: LlmSettings, notebook: &Notebook) -> Access {
    let journal = Box::new(notebook.clone());
    Access {
        settings,
        key: Secret::new(KEY),
        prompts: BTreeMap::new(),
        journal,
        fresh: false,
        used: Usage::default(),
    }
}

fn asker(settings: LlmSettings, notebook: &Notebook) -> Asker {
    Asker::new(access(settings, notebook), Box::new(notebook.clone())).unwrap()
}

fn ask(asker: &Asker, user: &str, seed: u64) -> Result<String, String> {
    let goal = GoalId("goal".to_owned());
    let draft = Draft {
        goal: &goal,
        model: "m".to_owned(),
        prompt: "repair/way-plain".to_owned(),
        system: "You mend.".to_owned(),
        user: user.to_owned(),
        seed,
    };
    asker.ask(&draft, &CancelToken::new()).map(|asked| asked.text)
}

fn speak(provider: LlmProvider, text: &str, tokens: (u64, u64)) -> String {
    match provider {
        LlmProvider::Openai => openai(text, tokens),
        LlmProvider::Anthropic => anthropic(text, tokens),
    }
}

fn client(provider: LlmProvider, stub: &Stub, patience: Patience) -> Client {
    Client::new(provider, &stub.endpoint(), None, patience).unwrap()
}

fn why() -> Question {
    Question {
        model: "m".to_owned(),
        system: String::new(),
        user: "why?".to_owned(),
        max_tokens: 100,
        temperature: None,
        seed: 0,
    }
}

/// Asks once, below what keeps accounts: the answer so far, and what went wrong.
fn converse(client: &Client) -> (Answer, Result<(), Trouble>) {
    let mut answer = Answer::default();
    let result = client.ask(&why(), &mut answer, &CancelToken::new());
    (answer, result)
}

fn patient() -> Patience {
    Patience::with_first(Duration::from_secs(20))
}

#[test]
fn answers_come_byte_by_byte_or_all_at_once() {
    for provider in BOTH {
        for step in [1, 2, 3, 5, 64, usize::MAX] {
            let body = speak(provider, "def f():\n    return 'é'\n", (11, 7));
            let stub = Stub::new(move |_, _| Reply { step, ..Reply::stream(body.clone()) });
            let (answer, result) = converse(&client(provider, &stub, patient()));
            assert_eq!(
                (result, answer.text.as_str()),
                (Ok(()), "def f():\n    return 'é'\n"),
                "{provider:?} {step}"
            );
            let usage = answer.usage.unwrap();
            assert_eq!((usage.tokens_in, usage.tokens_out, answer.stop), (11, 7, Some(Stop::Done)));
        }
    }
}

#[test]
fn a_connection_that_breaks_off_anywhere_is_never_taken_for_an_answer() {
    for provider in BOTH {
        let whole = speak(provider, "a complete answer", (11, 7));
        let stub = {
            let whole = whole.clone();
            Stub::new(move |before, _| Reply::stream(&whole.as_bytes()[..before]))
        };
        let client = client(provider, &stub, patient());
        for cut in 0..whole.len() {
            let (answer, result) = converse(&client);
            match result {
                Ok(()) => assert_eq!(answer.text, "a complete answer", "{provider:?} cut at {cut}"),
                Err(trouble) => assert!(
                    matches!(trouble, Trouble::BrokenOff | Trouble::Garbled(_)),
                    "{provider:?} cut at {cut}: {trouble}"
                ),
            }
        }
    }
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let short = Patience {
        connect: Duration::from_secs(5),
        first: Duration::from_millis(150),
        idle: Duration::from_millis(100),
    };
    let mute = Stub::new(|_, _| Reply { is_mute: true, stalls: true, ..Reply::stream("") });
    let headers = Stub::new(|_, _| Reply { stalls: true, ..Reply::stream("") });
    let middle = Stub::new(|_, _| {
        let body = openai("a beginning of an answer", (1, 1));
        Reply { stalls: true, ..Reply::stream(&body.as_bytes()[..200]) }
    });
    for (stub, after) in [(&mute, short.first), (&headers, short.first), (&middle, short.idle)] {
        let (_, result) = converse(&client(LlmProvider::Openai, stub, short));
        assert_eq!(result, Err(Trouble::Silent(after)));
    }
}

#[test]
fn a_busy_server_is_asked_again_when_it_says() {
    for (name, value, pause) in [
        ("retry-after", "3", Duration::from_secs(3)),
        ("retry-after-ms", "250", Duration::from_millis(250)),
        // A date is held against the server's own clock; one that is past asks for nothing.
        ("retry-after", "Wed, 21 Oct 2015 07:28:07 GMT", Duration::from_secs(7)),
        ("retry-after", "Wed, 21 Oct 2015 07:27:00 GMT", Duration::from_millis(500)),
    ] {
        let stub = Stub::new(move |before, _| match before {
            0 => Reply::status(
                429,
                &[(name, value), ("date", "Wed, 21 Oct 2015 07:28:00 GMT")],
                r#"{"error":{"message":"slow down"}}"#,
            ),
            _ => Reply::stream(openai("yes", (5, 2))),
        });
        let notebook = Notebook::default();
        assert_eq!(
            ask(&asker(settings(LlmProvider::Openai, &stub), &notebook), "?", 0).as_deref(),
            Ok("yes")
        );
        assert_eq!(notebook.0.lock().unwrap().pauses, [pause], "{value}");
        assert_eq!(
            (notebook.spent(), notebook.outcomes().len()),
            (7, 2),
            "a refusal costs nothing and is on record"
        );
    }
    let stub = Stub::new(|_, _| Reply::status(429, &[("retry-after", "3600")], ""));
    let notebook = Notebook::default();
    let error = ask(&asker(settings(LlmProvider::Openai, &stub), &notebook), "?", 0).unwrap_err();
    assert!(error.contains("429"), "{error}");
    assert_eq!(
        (stub.connections(), notebook.0.lock().unwrap().pauses.len()),
        (1, 0),
        "nobody waits for an hour"
    );
}

#[test]
fn a_server_in_trouble_is_asked_a_few_times_ever_more_slowly() {
    for trouble in [500, 502, 503, 529] {
        let stub = Stub::new(move |_, _| Reply::status(trouble, &[], "<html>oh</html>"));
        let notebook = Notebook::default();
        assert!(ask(&asker(settings(LlmProvider::Anthropic, &stub), &notebook), "?", 0).is_err());
        let pauses: Vec<u128> = notebook.0.lock().unwrap().pauses.iter().map(Duration::as_millis).collect();
        assert_eq!((stub.connections(), pauses), (4, vec![500, 1000, 2000]), "{trouble}");
    }
}

#[test]
fn nothing_is_asked_again_once_an_answer_has_begun() {
    let begun = openai("half of an answer", (1, 1));
    let stub = Stub::new(move |_, _| Reply::stream(&begun.as_bytes()[..260]));
    let notebook = Notebook::default();
    assert!(
        ask(&asker(settings(LlmProvider::Openai, &stub), &notebook), "?", 0)
            .unwrap_err()
            .contains("broke off")
    );
    assert_eq!(stub.connections(), 1);
    assert!(!notebook.0.lock().unwrap().exchanges[0].response.is_empty(), "what had come is on record");
}

#[test]
fn malformed_and_empty_answers_refusals_and_limits_are_no_answers() {
    let event = |json: &str| format!("data: {json}\n\ndata: [DONE]\n\n");
    for (body, outcome) in [
        (event(r#"{"choices":[{"delta":{"content":"#), "cannot be read"),
        (event(r#"{"choices":[{"delta":{"refusal":"I will not"},"finish_reason":"stop"}]}"#), "I will not"),
        (event(r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"length"}]}"#), "cut off"),
        (event(r#"{"choices":[{"delta":{},"finish_reason":"content_filter"}]}"#), "content filter"),
    ] {
        let stub = Stub::new(move |_, _| Reply::stream(body.clone()));
        let notebook = Notebook::default();
        let error = ask(&asker(settings(LlmProvider::Openai, &stub), &notebook), "?", 0).unwrap_err();
        assert!(error.contains(outcome), "{error}");
        assert_eq!((stub.connections(), notebook.outcomes()), (1, vec![error]));
        assert!(notebook.0.lock().unwrap().kept.is_empty(), "what is no answer is not remembered");
    }
    let null = event(r#"{"choices":[{"delta":{"content":null},"finish_reason":"stop"}]}"#);
    let stub = Stub::new(move |_, _| Reply::stream(null.clone()));
    let empty = ask(&asker(settings(LlmProvider::Openai, &stub), &Notebook::default()), "?", 0);
    assert_eq!(empty.as_deref(), Ok(""), "whoever reads it says that there is no code in it");
}

#[test]
fn a_server_that_does_not_stream_is_understood() {
    for (provider, body) in [
        (
            LlmProvider::Openai,
            r#"{"choices":[{"message":{"content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":3}}"#,
        ),
        (
            LlmProvider::Anthropic,
            r#"{"content":[{"type":"text","text":"yes"}],"stop_reason":"end_turn","usage":{"input_tokens":4,"output_tokens":3}}"#,
        ),
    ] {
        let stub = Stub::new(move |_, _| Reply::status(200, &[("content-type", "application/json")], body));
        let notebook = Notebook::default();
        assert_eq!(ask(&asker(settings(provider, &stub), &notebook), "?", 0).as_deref(), Ok("yes"));
        assert_eq!(notebook.spent(), 7);
    }
}

#[test]
fn what_is_wrong_for_every_question_ends_the_asking_and_is_told_once() {
    for (status, word) in [(401, "bad key"), (404, "no such model"), (307, "redirects")] {
        let elsewhere = Stub::new(|_, _| Reply::stream(openai("stolen", (1, 1))));
        let target = elsewhere.endpoint();
        let stub = Stub::new(move |_, _| {
            let body = format!(r#"{{"error":{{"message":"{word}"}}}}"#);
            Reply::status(status, &[("location", &target)], &body)
        });
        let notebook = Notebook::default();
        let asker = asker(settings(LlmProvider::Openai, &stub), &notebook);
        for seed in 0..3 {
            assert!(ask(&asker, "?", seed).unwrap_err().contains(word));
        }
        assert_eq!((stub.connections(), elsewhere.connections()), (1, 0), "{status}");
        assert_eq!(notebook.0.lock().unwrap().told.len(), 1);
    }
}

/// The number after `"max_tokens":` in a request.
fn max_tokens(request: &Request) -> u64 {
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    body["max_tokens"].as_u64().unwrap()
}

#[test]
fn the_budget_is_never_exceeded_by_one_token() {
    for provider in BOTH {
        for budget in [1000, 1001, 2500, 4321] {
            // As many tokens as can be: one for each byte of the question, and all that the answer may have.
            let stub = Stub::new(move |_, request| {
                let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
                let texts =
                    [&body["system"], &body["messages"][0]["content"], &body["messages"][1]["content"]];
                let bytes: usize = texts.iter().filter_map(|text| text.as_str()).map(str::len).sum();
                let tokens = (u64::try_from(bytes).unwrap(), max_tokens(request));
                Reply::stream(speak(provider, "no", tokens))
            });
            let notebook = Notebook::default();
            let limited = LlmSettings { budget_tokens: budget, max_tokens: 300, ..settings(provider, &stub) };
            let asker = Arc::new(asker(limited, &notebook));
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let asker = Arc::clone(&asker);
                    thread::spawn(move || {
                        (0..9).filter(|nth| ask(&asker, "why is it so?", thread * 9 + nth).is_ok()).count()
                    })
                })
                .collect();
            let answers: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert!(answers > 1 && notebook.spent() <= budget, "{} of {budget}", notebook.spent());
            assert_eq!(notebook.0.lock().unwrap().told.len(), 1, "the user hears that it is spent, once");
            let sent = stub.connections();
            assert!(ask(&asker, "more?", 99).is_err());
            assert_eq!(stub.connections(), sent, "nothing more is sent");
        }
    }
}

#[test]
fn what_nobody_counted_is_charged_in_full() {
    let uncounted = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    let stub = Stub::new(move |_, _| Reply::stream(uncounted));
    let notebook = Notebook::default();
    let limited =
        LlmSettings { budget_tokens: 1000, max_tokens: 300, ..settings(LlmProvider::Openai, &stub) };
    let asker = asker(limited, &notebook);
    let answers = (0..9).filter(|seed| ask(&asker, "?", *seed).is_ok()).count();
    assert_eq!((answers, notebook.spent()), (3, 1000), "374, 374, and the 252 that are left");
    assert_eq!(max_tokens(&stub.requests()[2]), 252 - 74);
}

#[test]
fn a_question_that_nobody_wants_any_more_frees_the_connection_at_once() {
    let beginning = openai("a beginning of an answer", (1, 1));
    let started = Arc::new(Mutex::new(None));
    let stub = {
        let started = Arc::clone(&started);
        Stub::new(move |before, _| {
            if let Some(cancel) = started.lock().unwrap().take() {
                let cancel: CancelToken = cancel;
                cancel.cancel();
            }
            let body = if before == 0 { &beginning.as_bytes()[..200] } else { &[] };
            Reply { stalls: true, is_mute: before == 1, ..Reply::stream(body) }
        })
    };
    for round in 1..=2 {
        let cancel = CancelToken::new();
        *started.lock().unwrap() = Some(cancel.clone());
        let client = client(LlmProvider::Openai, &stub, patient());
        let since = Instant::now();
        let result = client.ask(&why(), &mut Answer::default(), &cancel);
        assert_eq!(result, Err(Trouble::Cancelled));
        while stub.left().len() < round {
            assert!(since.elapsed() < Duration::from_secs(10), "the server still waits");
            thread::yield_now();
        }
        let freed = stub.left()[round - 1].duration_since(since);
        assert!(freed < Duration::from_millis(100), "{freed:?}");
    }
}

#[test]
fn no_secret_is_sent_kept_or_told() {
    let secret = format!("ghp_{}", "AbCdEfGhIjKlMnOpQrStUvWxYz");
    let question = format!("token = '{secret}'\npassword = \"hunter2222\"\n# {KEY}");
    let stub = Stub::new(|_, request| {
        // A model that says everything once more, and the key on top.
        let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
        let text = format!("{} {KEY}", body["messages"][1]["content"].as_str().unwrap());
        Reply::stream(openai(&text, (9, 9)))
    });
    let notebook = Notebook::default();
    let asker = asker(settings(LlmProvider::Openai, &stub), &notebook);
    let answer = ask(&asker, &question, 0).unwrap();
    assert_eq!(answer, format!("{question} {KEY}"), "code that comes back is whole");
    let request = &stub.requests()[0];
    let pages = notebook.0.lock().unwrap();
    let kept: String = pages.kept.values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    let seen = format!("{}{kept}{:?}{:?}", request.body, pages.exchanges, pages.told);
    for word in [secret.as_str(), "hunter2222", KEY] {
        assert!(!seen.contains(word), "{word} in {seen}");
    }
    assert!(request.head.contains(KEY), "but in its header");
}

#[test]
fn an_answer_is_remembered_for_the_very_same_question_alone() {
    let stub = Stub::new(|before, _| Reply::stream(openai(&format!("answer {before}"), (1, 1))));
    let notebook = Notebook::default();
    let first = asker(settings(LlmProvider::Openai, &stub), &notebook);
    assert_eq!(ask(&first, "one", 0).as_deref(), Ok("answer 0"));
    assert_eq!(ask(&first, "one", 0).as_deref(), Ok("answer 0"));
    assert_eq!(ask(&first, "one", 1).as_deref(), Ok("answer 1"), "another seed is another question");
    assert_eq!(ask(&first, "two", 0).as_deref(), Ok("answer 2"));
    let again = Access { fresh: true, ..access(settings(LlmProvider::Openai, &stub), &notebook) };
    let again = Asker::new(again, Box::new(notebook.clone())).unwrap();
    assert_eq!(ask(&again, "one", 0).as_deref(), Ok("answer 3"), "--fresh asks again");
}

const CODE: &str = "def helper(x):\n    return x\n\n\ndef total(prices):\n    return -helper(sum(prices))\n\n\ndef report(prices):\n    return total(prices)\n";
const TEST: &str = "from a import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n";

struct World {
    snapshot: Snapshot,
    goal: Goal,
}

fn world() -> World {
    let file = |path: &str, text: &str, is_test: bool| {
        let path = RelPath::new(path).unwrap();
        (path.clone(), Arc::new(SourceFile::new(path, LanguageId::new("python"), text, is_test)))
    };
    let files = [file("a.py", CODE, false), file("test_a.py", TEST, true)];
    let snapshot = Snapshot { root: "/somewhere/work".into(), files: files.into(), notices: vec![] };
    let path = RelPath::new("test_a.py").unwrap();
    let goal = Goal {
        id: GoalId("goal".to_owned()),
        kind: GoalKind::Repair,
        rule: "red-test".to_owned(),
        language: LanguageId::new("python"),
        range: (0..5).into(),
        line: 1,
        message: "`test_total` fails at /somewhere/work/a.py:6".to_owned(),
        why: String::new(),
        symbol: None,
        acceptance: Acceptance {
            improves: vec![],
            target: None,
            must_pass: vec!["test_a::test_total".to_owned()],
        },
        base: snapshot.file(&path).unwrap().hash.clone(),
        file: path,
        footprint: vec![RelPath::new("a.py").unwrap()],
        origin: GoalOrigin::Test { test: "test_a::test_total".to_owned(), suspects: vec![] },
        gain: 1.0,
        cost: 1.0,
    };
    World { snapshot, goal }
}

fn engine(settings: LlmSettings, notebook: &Notebook) -> Llm {
    Llm::new(Languages::builtin().unwrap(), access(settings, notebook)).unwrap()
}

fn propose(engine: &Llm, world: &World, setbacks: &[Setback]) -> Vec<Candidate> {
    let cancel = CancelToken::new();
    let context = EngineContext {
        snapshot: &world.snapshot,
        parents: &[],
        setbacks,
        limit: 24,
        seed: 1,
        probe: None,
        cancel: &cancel,
    };
    engine.propose(&world.goal, &context)
}

fn function(body: &str) -> String {
    format!("So:\n```python\ndef total(prices):\n    return {body}\n```")
}

fn setback(candidate: &Candidate, verdict: Verdict) -> Setback {
    let trial = Trial {
        candidate: candidate.id.clone(),
        verdict,
        evidence: hephaestus_core::Evidence::default(),
        cost: TrialCost::default(),
        remembered: false,
    };
    Setback { candidate: candidate.clone(), trial, reasons: vec!["test_none still fails".to_owned()] }
}

#[test]
fn each_idea_becomes_one_candidate_and_later_rounds_tell_what_failed() {
    let stub = Stub::new(|before, _| {
        let bodies = ["1", "1  # the same", "-helper(sum(prices))", "2", "3", "sum(prices)"];
        Reply::stream(openai(&function(bodies.get(before).unwrap_or(&"1")), (1, 1)))
    });
    let (notebook, world) = (Notebook::default(), world());
    let limits = LlmSettings {
        candidates: 3,
        rounds: 2,
        models: vec!["other".to_owned()],
        ..settings(LlmProvider::Openai, &stub)
    };
    let engine = engine(limits, &notebook);
    assert!(engine.accepts(&world.goal) && engine.learns());
    let first = propose(&engine, &world, &[]);
    assert_eq!(first.len(), 1, "one idea, said twice, and the code as it was");
    assert_eq!(
        notebook.outcomes(),
        ["answered", "answered: it is what another answer said", "answered: the answer changes nothing"]
    );
    let asked = stub.requests();
    let question = &asked[0].body;
    assert!(
        question.contains("fails at a.py:6"),
        "where the workspace lies is nobody's business: {question}"
    );
    for part in [
        "def total(prices):",
        "assert total([1, 2]) == 3",
        "a.py: def helper(x)",
        "a.py:10: return total(prices)",
    ] {
        assert!(question.contains(&part.replace('"', "\\\"")), "{part}: {question}");
    }
    let models: Vec<bool> = asked.iter().map(|request| request.body.contains(r#""model":"other""#)).collect();
    assert_eq!(models, [false, true, false], "models and ways take turns");
    let second = propose(&engine, &world, &[setback(&first[0], Verdict::Failed)]);
    assert_eq!(second.len(), 3);
    assert!(
        stub.requests()[3].body.contains("+    return 1")
            && stub.requests()[3].body.contains("test_none still fails")
    );
    assert_eq!(propose(&engine, &world, &[]), [], "two rounds were allowed");
    assert_eq!(stub.connections(), 6);
}

#[test]
fn a_goal_without_a_place_and_code_that_does_not_fit_are_not_asked_about() {
    let stub = Stub::new(|_, _| Reply::stream(openai(&function("1"), (1, 1))));
    let (notebook, mut own) = (Notebook::default(), world());
    own.goal.footprint.clear();
    assert_eq!(propose(&engine(settings(LlmProvider::Openai, &stub), &notebook), &own, &[]), []);
    let long =
        CODE.replace("return -helper", &format!("prices = [{}]\n    return -helper", "1, ".repeat(2000)));
    let mut own = world();
    let path = RelPath::new("a.py").unwrap();
    own.snapshot = own.snapshot.with_file(SourceFile::new(path, LanguageId::new("python"), long, false));
    let limits = LlmSettings { max_input_tokens: 500, ..settings(LlmProvider::Openai, &stub) };
    assert_eq!(propose(&engine(limits, &notebook), &own, &[]), []);
    assert_eq!(stub.connections(), 0);
}

#[test]
fn the_same_seed_asks_the_same() {
    let bodies = || {
        let stub = Stub::new(|before, _| Reply::stream(openai(&function(&before.to_string()), (1, 1))));
        let notebook = Notebook::default();
        propose(&engine(settings(LlmProvider::Openai, &stub), &notebook), &world(), &[]);
        stub.requests().into_iter().map(|request| request.body).collect::<Vec<_>>()
    };
    assert_eq!(bodies(), bodies());
}

/// The same against a real server: `HEPHAESTUS_LLM_TEST_URL`, and `_MODEL`, `_KEY`, `_PROVIDER` where they matter.
#[test]
fn a_real_server_keeps_to_the_protocol() {
    let of = |name: &str| std::env::var(format!("HEPHAESTUS_LLM_TEST_{name}")).ok();
    let Some(endpoint) = of("URL") else {
        println!("skipped: HEPHAESTUS_LLM_TEST_URL is not set");
        return;
    };
    let provider = if of("PROVIDER").as_deref() == Some("anthropic") {
        LlmProvider::Anthropic
    } else {
        LlmProvider::Openai
    };
    let settings = LlmSettings {
        provider: Some(provider),
        endpoint: Some(endpoint),
        model: Some(of("MODEL").unwrap_or_else(|| "default".to_owned())),
        budget_tokens: 20_000,
        max_tokens: 512,
        candidates: 2,
        rounds: 1,
        wait: 300,
        ..LlmSettings::default()
    };
    let notebook = Notebook::default();
    let key = of("KEY").and_then(|key| Secret::new(&key));
    let access = Access { key, ..access(settings, &notebook) };
    let engine = Llm::new(Languages::builtin().unwrap(), access).unwrap();
    // Whether its answers are any good is not ours to say.
    propose(&engine, &world(), &[]);
    assert!(notebook.0.lock().unwrap().told.is_empty(), "{:?}", notebook.0.lock().unwrap().told);
    assert!(
        notebook
            .outcomes()
            .iter()
            .all(|outcome| outcome.starts_with("answered") || outcome.starts_with("cut off"))
    );
    assert!(!notebook.outcomes().is_empty() && notebook.spent() <= 20_000);
}
