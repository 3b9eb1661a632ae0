//! Programs of the user's own: the examples of the manual at work, and every way to take part badly. A hostile program is
//! named with what it did, and the run goes on as if it were not there.

use crate::project::{Project, improvements, notices, texts};
use serde_json::Value;
use std::fs;

/// The repository.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

const LABEL: &str = "def label(name, count):\n    return \"%s: %d items\" % (name, count)\n\n\ndef price(value):\n    return \"%.2f EUR\" % value\n";

const TEST_LABEL: &str = "import unittest\n\nimport label\n\n\nclass LabelTest(unittest.TestCase):\n    def test_label(self):\n        self.assertEqual(label.label(\"bolts\", 3), \"bolts: 3 items\")\n\n    def test_price(self):\n        self.assertEqual(label.price(1.5), \"1.50 EUR\")\n        self.assertEqual(label.price(0), \"0.00 EUR\")\n";

fn copied(project: &Project, from: &str, to: &str) {
    project.write(to, fs::read(format!("{ROOT}/{from}")).unwrap());
}

/// A project that its programs know something about.
fn with_examples() -> Project {
    let project = Project::with(&[("label.py", LABEL), ("test_label.py", TEST_LABEL)]);
    for example in ["percent_format.py", "gzip_csv.mjs"] {
        copied(&project, &format!("examples/external/{example}"), &format!("tools/{example}"));
    }
    project.write(
        "hephaestus.toml",
        "[[external]]\nname = \"percent\"\nroles = [\"proposer\", \"engine\"]\n\
         command = [\"python3\", \"tools/percent_format.py\"]\nfiles = [\"*.py\"]\n\n\
         [[external]]\nname = \"gzip\"\nroles = [\"dimension\", \"reporter\"]\n\
         command = [\"node\", \"tools/gzip_csv.mjs\"]\n\n[goals]\nexclude = [\"tools/**\"]\n",
    );
    project
}

/// A project with hostile programs, by manner.
fn with_hostile(role: &str, manners: &[&str]) -> Project {
    let project = Project::of("python-unittest");
    copied(&project, "tests/e2e/external/hostile.py", "tools/hostile.py");
    let entry = |manner: &&str| {
        let timeout = if matches!(*manner, "hangs" | "silent") { 1 } else { 30 };
        format!(
            "[[external]]\nname = \"{manner}\"\nroles = [\"{role}\"]\ntimeout = {timeout}\n\
             command = [\"python3\", \"tools/hostile.py\", \"{manner}\", \"{role}\"]\n"
        )
    };
    let all: String = manners.iter().map(entry).collect();
    project.write("hephaestus.toml", format!("{all}[goals]\nexclude = [\"tools/**\"]\n"));
    project
}

/// The notices name every program with what it did.
fn assert_told(report: &Value, told: &[(&str, &str)]) {
    let notices = notices(report);
    for (program, what) in told {
        let is_told = |line: &str| line.contains(&format!("`{program}`")) && line.contains(what);
        assert!(notices.lines().any(is_told), "`{program}` … {what}:\n{notices}");
    }
}

#[test]
fn the_examples_of_the_manual_propose_forge_measure_and_report() {
    let project = with_examples();
    let report = project.forge(&["--engine", "percent"]);
    let all = improvements(&report);
    let patches: String = all.iter().filter_map(|one| one["patch"].as_str()).collect();
    assert!(patches.contains("+    return f\"{value:.2f} EUR\""), "{report:#}");
    assert!(patches.contains("+    return f\"{name}: {count} items\""), "{report:#}");
    for one in all {
        assert_eq!(one["engine"], "percent");
        assert!(one["proof"].is_string(), "{one:#}");
        let measure = &one["evidence"]["external"][0];
        assert_eq!((&measure["name"], &measure["unit"]), (&"gzip".into(), &"bytes".into()));
        assert!(
            measure["before"].as_f64().unwrap() > 0.0 && measure["before"] != measure["after"],
            "{measure}"
        );
    }
    let table = project.read(".hephaestus/reports/gzip/run.csv");
    assert!(table.starts_with("file,kind,rule,engine,result\n"), "{table}");
    assert_eq!(
        table.matches("label.py,modernize,percent/percent-format,percent,held\n").count(),
        2,
        "{table}"
    );
    // The second run is told as text, and with what is remembered.
    project.run(&["forge", "--engine", "percent"]).expect(0).shows(&[
        "gzip",
        "2 of 2 candidates held",
        " bytes",
    ]);
    let proof = all[0]["proof"].as_str().unwrap();
    project.run(&["verify", proof]).expect(0).shows(&["proved again"]);
}

#[test]
fn their_goals_are_goals_like_ours() {
    let project = with_examples();
    let report = project.run(&["goals", "--kind", "modernize", "--format", "json"]).expect(0).json();
    assert_eq!(texts(&report["goals"], "rule"), ["percent/percent-format", "percent/percent-format"]);
    project.run(&["goals", "--kind", "repair", "--format", "json"]).expect(0).shows(&["\"goals\": []"]);
    project
        .write("hephaestus.toml", format!("{}ignore = [\"percent/*\"]\n", project.read("hephaestus.toml")));
    project.run(&["goals", "--kind", "modernize"]).expect(0).shows(&["0 goals"]);
}

#[test]
fn a_check_says_what_a_program_does_well_and_what_not() {
    let project = with_examples();
    copied(&project, "tests/e2e/external/hostile.py", "tools/hostile.py");
    project.run(&["external"]).expect(0).shows(&["percent: proposer, engine", "gzip: dimension, reporter"]);
    let said =
        ["speaks version 1 as proposer, engine", "2 goals in this project", "1 candidates for label.py"];
    project.run(&["external", "check", "percent"]).expect(0).shows(&said);
    project
        .run(&["external", "check", "gzip"])
        .expect(0)
        .shows(&["dimension", "files of an empty run: run.csv"]);
    let run = |manner: &str, role: &str| {
        project.run(&["external", "check", "python3", "tools/hostile.py", manner, role]).expect(1)
    };
    run("newer", "engine").shows(&["speaks version 7", "this is version 1"]);
    run("dies", "proposer").shows(&["exit code 1", "KeyError: 'dog'"]);
    run("misses", "engine").shows(&["does not fit `label.py`"]);
    project.run(&["forge", "--engine", "nobody"]).expect(2).says(&["percent"]);
}

#[test]
fn hostile_proposers_are_named_and_stop_nothing() {
    let manners = [
        "dies",
        "hangs",
        "floods",
        "rubbish",
        "newer",
        "silent",
        "other-role",
        "other-question",
        "nowhere",
        "phones",
    ];
    let project = with_hostile("proposer", &manners);
    project.append(
        "hephaestus.toml",
        "[[external]]\nname = \"absent\"\nroles = [\"engine\", \"proposer\"]\ncommand = [\"tools/absent\"]\n",
    );
    let report = project.run(&["goals", "--format", "json"]).expect(0).json();
    assert_told(
        &report,
        &[
            ("dies", "ended in the middle of the conversation (exit code 1)"),
            ("dies", "KeyError: 'dog'"),
            ("hangs", "did not answer within 1 s"),
            ("hangs", "still thinking"),
            ("floods", "said more than 16 MiB"),
            ("rubbish", "`Welcome to rubbish 1.0!`"),
            ("newer", "speaks version 7 of the protocol"),
            ("silent", "did not answer within 1 s"),
            ("other-role", "does not say that it is a proposer"),
            ("other-question", "answers question 99"),
            ("nowhere", "`secret.py`, which it was not shown"),
            ("nowhere", "bytes 5 to 100000 has no place in `calc.py`"),
            ("nowhere", "bytes 3 to 3 has no place"),
            ("nowhere", "of kind `repair`"),
            ("phones", "no network"),
            ("absent", "No such file"),
        ],
    );
    assert!(texts(&report["goals"], "rule").iter().any(|rule| rule.starts_with("python/")), "{report:#}");
}

#[test]
fn hostile_engines_are_named_and_ours_go_on() {
    let project = with_hostile(
        "engine",
        &["dies", "hangs", "outside", "overlaps", "misses", "splits", "other-question"],
    );
    project.write("calc.py", format!("# ä\n{}", project.read("calc.py")));
    let report = project.forge(&["--kind", "simplify"]);
    assert_told(
        &report,
        &[
            ("dies", "KeyError: 'dog'"),
            ("hangs", "did not answer within 1 s"),
            ("outside", "changes `test_calc.py`, which is none of the goal's files"),
            ("outside", "is not inside the workspace"),
            ("overlaps", "overlap"),
            ("misses", "to 100000 does not fit `calc.py`"),
            ("splits", "never inside a character"),
            ("other-question", "answers question 99"),
        ],
    );
    assert!(improvements(&report).iter().all(|one| one["engine"] == "rewrite"), "{report:#}");
    assert!(!improvements(&report).is_empty());
}

#[test]
fn an_engine_that_learns_is_told_what_became_of_its_candidates() {
    let project = with_hostile("engine", &["learns"]);
    let report = project.forge(&["--engine", "learns", "--kind", "simplify", "--trials", "6"]);
    let held = improvements(&report);
    assert!(held.iter().any(|one| one["engine"] == "learns"), "{report:#}");
    assert!(texts(&report["rejected"], "verdict").contains(&"failed".to_owned()), "{report:#}");
}

#[test]
fn the_schema_is_the_programs_own_and_every_line_of_the_manual_follows_it() {
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(format!("{ROOT}/docs/schemas/external.v1.json")).unwrap())
            .unwrap();
    let project = Project::empty();
    assert_eq!(project.run(&["external", "schema"]).expect(0).json(), kept);
    let validator = jsonschema::validator_for(&kept).unwrap();
    let page = fs::read_to_string(format!("{ROOT}/docs/src/external.md")).unwrap();
    let blocks = page.split("```jsonl\n").skip(1).filter_map(|block| block.split("```").next());
    let lines: Vec<Value> =
        blocks.flat_map(str::lines).map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &lines {
        assert!(validator.is_valid(line), "{line}");
    }
    let shown = texts(&Value::Array(lines), "type");
    for kind in [
        "hello",
        "propose",
        "goal",
        "forge",
        "candidate",
        "measure",
        "event",
        "report",
        "text",
        "file",
        "done",
    ] {
        assert!(shown.iter().any(|own| own == kind), "the manual does not show `{kind}`");
    }
    assert!(!validator.is_valid(&serde_json::json!({"id": 1, "type": "candidate", "prior": "high"})));
}
