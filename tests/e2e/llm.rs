//! A language model as one more engine, from outside: what is sent, what never, and what becomes of its answers. The model
//! is a scripted server on this machine.

use crate::project::{Project, Run, improvements};
use serde_json::Value;

#[path = "../../server/mutation/src/llm/stub.rs"]
mod stub;

use stub::{Reply, Stub, anthropic, openai};

const SHOP: &str = "\
def total(prices):
    password = 'correct horse battery'
    currency = 'EUR'
    result = 0
    for price in prices:
        result -= price
    return result


def cheapest(prices):
    return min(prices)
";

const TESTS: &str = "\
import unittest

import shop


class ShopTest(unittest.TestCase):
    def test_two(self):
        self.assertEqual(shop.total([1, 2]), 3)

    def test_none(self):
        self.assertEqual(shop.total([]), 0)

    def test_cheapest(self):
        self.assertEqual(shop.cheapest([3, 1, 2]), 1)
";

const KEY: &str = "key-that-nobody-may-see-anywhere";

const RIGHT: &str = "Here is the fix:\n\n```python\ndef total(prices):\n    password = '<REDACTED 0>'\n    currency = 'EUR'\n    result = 0\n    for price in prices:\n        \
                     result += price\n    return result\n```\n\nIt adds instead of subtracting.";

/// Passes the test that is red, and no other.
const FALSE: &str = "```python\ndef total(prices):\n    return 3\n```";

const UNCHANGED: &str = "```python\ndef total(prices):\n    # It looks right to me.\n    password = '<REDACTED 0>'\n    currency = 'EUR'\n    result = 0\n    for price in prices:\n        \
                         result -= price\n    return result\n```";

/// A project with a model configured in the user's own settings.
fn project(stub: &Stub, provider: &str) -> Project {
    let files =
        [("shop.py", SHOP), ("test_shop.py", TESTS), ("hephaestus.toml", "[testing]\nrunner = 'unittest'\n")];
    let project = Project::with(&files).env("MODEL_KEY", KEY);
    let own = format!(
        "[llm]\nprovider = '{provider}'\nmodel = 'stub'\nendpoint = '{}'\nkey_env = 'MODEL_KEY'\ncandidates = 2\n",
        stub.endpoint()
    );
    let folder = project.folder().join("config/hephaestus");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("hephaestus.toml"), own).unwrap();
    project
}

fn asked(project: &Project, code: i32) -> (Value, Run) {
    let run = project.run(&["repair", "--engine", "llm", "--format", "json"]).expect(code);
    (run.json(), run)
}

/// Every file of the project's state folder, as text.
fn remains(project: &Project) -> String {
    let mut text = String::new();
    let mut folders = vec![project.path(".hephaestus")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap())),
            }
        }
    }
    text
}

#[test]
fn nothing_is_sent_without_consent() {
    let stub = Stub::new(|_, _| Reply::stream(openai(RIGHT, (1, 1))));
    let project = project(&stub, "openai");
    project
        .run(&["repair", "--engine", "llm"])
        .expect(2)
        .says(&["nothing of this workspace", "hephaestus llm consent"]);
    project.run(&["repair"]).expect(0);
    project.run(&["doctor", "--llm"]).expect(0);
    project.run(&["goals"]).expect(0);
    let said = project.run(&["llm"]).expect(0);
    assert!(said.out.contains("off") && said.out.contains(&stub.endpoint()), "{}", said.out);
    project.run(&["llm", "consent"]).expect(0);
    project.run(&["llm", "consent", "--withdraw"]).expect(0);
    project.run(&["repair", "--engine", "llm"]).expect(2);
    assert_eq!(stub.connections(), 0);
}

#[test]
fn a_model_s_fix_is_proved_and_a_false_one_is_refused() {
    for (provider, path, key) in
        [("openai", "/v1/chat/completions", "Bearer "), ("anthropic", "/v1/messages", "")]
    {
        let speaks = if provider == "openai" { openai } else { anthropic };
        let stub = Stub::new(move |before, _| {
            Reply::stream(speaks(
                [FALSE, UNCHANGED, RIGHT, RIGHT].get(before).copied().unwrap_or(RIGHT),
                (100, 50),
            ))
        });
        let project = project(&stub, provider);
        project.run(&["llm", "consent"]).expect(0);
        let (report, run) = asked(&project, 0);
        let [fix] = improvements(&report).as_slice() else { panic!("{report:#}") };
        assert_eq!(fix["engine"], "llm");
        let patch = fix["patch"].as_str().unwrap();
        assert!(patch.contains("+        result += price") && !patch.contains("REDACTED"), "{fix:#}");
        let proof = std::fs::read_dir(project.path(".hephaestus/proofs")).unwrap().flatten().next().unwrap();
        let proof = std::fs::read_to_string(proof.path()).unwrap();
        assert!(proof.contains("result += price") && !proof.contains("correct horse"), "{proof}");
        let requests = stub.requests();
        let first = requests.first().unwrap();
        assert!(first.head.starts_with(&format!("POST {path}")), "{}", first.head);
        assert!(first.head.contains(&format!("{key}{KEY}")), "the key goes along in its header");
        assert!(first.body.contains("result -= price") && first.body.contains("test_two"), "{}", first.body);
        let second_round = requests.get(2).unwrap();
        assert!(
            second_round.body.contains("return 3") && second_round.body.contains("test_none"),
            "the model is told what its answer failed on: {}",
            second_round.body
        );
        for request in &requests {
            assert!(request.body.contains("<REDACTED 0>"), "{}", request.body);
            assert!(!request.body.contains("correct horse") && !request.body.contains(KEY));
        }
        let remains = format!("{}{}{}", remains(&project), run.out, run.err);
        assert!(!remains.contains(KEY), "the key is written down");
    }
}

#[test]
fn what_was_asked_is_remembered_and_listed() {
    let stub = Stub::new(|_, _| Reply::stream(openai(RIGHT, (100, 50))));
    let project = project(&stub, "openai");
    project.run(&["llm", "consent"]).expect(0);
    let (report, _) = asked(&project, 0);
    let notices = report["notices"].to_string();
    assert!(notices.contains("2 questions sent, 200 tokens in, 100 out"), "{notices}");
    asked(&project, 0);
    assert_eq!(stub.connections(), 2, "the second run asks nothing: the code is the same");
    let listed = project.run(&["registry", "search", "--llm", "stub"]).expect(0).out;
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    assert!(lines[1].contains("100 tokens in, 50 out") && lines[1].ends_with("answered"), "{listed}");
    assert!(lines[0].ends_with("another answer said"), "{listed}");
    let id = lines[1].split_whitespace().next().unwrap();
    let shown = project.run(&["registry", "show", id]).expect(0).out;
    assert!(
        shown.contains("It adds instead of subtracting.") && shown.contains("result -= price"),
        "{shown}"
    );
    assert!(shown.contains("<REDACTED 0>") && !shown.contains("correct horse"), "{shown}");
    assert_eq!(project.run(&["registry", "search", "--llm", "nowhere"]).expect(0).out, "");
}

#[test]
fn a_workspace_can_neither_name_a_key_nor_lead_elsewhere_unseen() {
    let (stub, elsewhere) = (
        Stub::new(|_, _| Reply::stream(openai(RIGHT, (1, 1)))),
        Stub::new(|_, _| Reply::stream(openai(RIGHT, (1, 1)))),
    );
    let project = project(&stub, "openai");
    project.run(&["llm", "consent"]).expect(0);
    for line in
        ["key_env = 'HOME'", "key_command = ['cat', '/etc/passwd']", "budget_tokens = 9", "prompts = '/'"]
    {
        project.write("hephaestus.toml", format!("[llm]\n{line}\n"));
        project.run(&["repair"]).expect(2).says(&["hephaestus.toml:2:1", "your own configuration"]);
    }
    let settings = format!("[testing]\nrunner = 'unittest'\n[llm]\nendpoint = '{}'\n", elsewhere.endpoint());
    project.write("hephaestus.toml", settings);
    project.run(&["repair", "--engine", "llm"]).expect(2).says(&[&elsewhere.endpoint()]);
    let report = project.run(&["repair", "--format", "json"]).expect(0).json();
    assert!(report["notices"].to_string().contains("no language model is asked"), "{}", report["notices"]);
    assert_eq!((stub.connections(), elsewhere.connections()), (0, 0));
}

/// What is asked for in a directive that leaves everything to the model; `budget` are its keys.
fn directive(budget: &str, value: u8) -> String {
    let keys = "kind = 'fix'\ntarget.symbols = ['total']\nengines.allow = ['llm']";
    let example = format!("[[example]]\ncall = 'total([1, 2])'\nvalue = '{value}'");
    format!("+++\n{keys}\n{budget}\n\n{example}\n+++\n\n# The total is the sum of the prices\n")
}

#[test]
fn a_directive_s_own_budget_keeps_the_model_from_being_asked() {
    for (budget, value, is_asked, word) in [
        ("", 3, true, ""),
        ("budget.tokens = 10", 3, false, ""),
        // Nothing can hold here, and it is said why the model was not asked.
        ("budget.usd = 0.5", 77, false, "`budget.usd`"),
        ("engines.llm = false", 3, false, ""),
        // A workspace may not raise what its user allows.
        ("budget.tokens = 9000000", 3, true, ""),
    ] {
        let stub = Stub::new(|_, _| Reply::stream(openai(RIGHT, (100, 50))));
        let project = project(&stub, "openai");
        project.write(".hephaestus/directives/total.forge.md", directive(budget, value));
        project.run(&["llm", "consent"]).expect(0);
        let run = project.run(&["directive", "run", "total", "--format", "json"]);
        assert_eq!(stub.connections() > 0, is_asked, "{budget}: {} {}", run.out, run.err);
        assert!(run.out.contains(word), "{budget}: {} {}", run.out, run.err);
    }
}
