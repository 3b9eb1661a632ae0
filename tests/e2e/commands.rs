//! The commands around the cycle: demo, registry, doctor, init, completions, schema.

use crate::project::{Project, improvements, texts};
use crate::remains::assert_nothing_left;
use hephaestus_core::LlmSettings;
use serde_json::Value;
use std::fs;

#[test]
fn the_demo_finds_proves_and_applies() {
    let project = Project::empty();
    let folder = project.path("kept");
    let told = project.run_writing(&["demo", "--keep", folder.to_str().unwrap()]).expect(0).out;
    assert!(told.contains("goals were found") && told.contains("proved"), "{told}");
    assert!(told.contains("together passed once more and were written"), "{told}");
    let mut tests = std::process::Command::new("cargo");
    tests.args(["test", "--offline", "--quiet"]);
    project.prepare(tests.current_dir(&folder));
    assert!(
        tests.current_dir(&folder).output().unwrap().status.success(),
        "the improved demo project's tests fail"
    );
    project.run_writing(&["demo", "--keep", folder.to_str().unwrap()]).expect(2).says(&["exists"]);
}

#[test]
fn the_registry_shows_what_was_tried() {
    let project = Project::of("python-unittest");
    project.run(&["registry", "log"]).expect(2).says(&["nothing is remembered", "hephaestus forge"]);
    let report = project.forge(&[]);
    let log = project.run(&["registry", "log"]).expect(0).out;
    assert!(log.lines().count() == 1 && log.contains("3 goals") && log.contains("(done)"), "{log}");
    let found = project.run(&["registry", "search", "condition"]).expect(0).out;
    assert!(found.contains("calc.py:5") && found.contains("proved"), "{found}");
    assert_eq!(project.run(&["registry", "search", "no such text"]).expect(0).out, "");
    let ids: Vec<&str> = improvements(&report).iter().map(|one| one["candidate"].as_str().unwrap()).collect();
    let shown = project.run(&["registry", "show", ids[0]]).expect(0).out;
    assert!(shown.contains("passed") && shown.contains("@@"), "{shown}");
    let beginning = project.run(&["registry", "show", &ids[0][..8]]).expect(0).out;
    assert_eq!(beginning, shown);
    let compared = project.run(&["registry", "diff", ids[0], ids[1]]).expect(0).out;
    assert!(
        compared.contains(ids[0]) && compared.contains(ids[1]) && compared.contains("cognitive"),
        "{compared}"
    );
}

#[test]
fn the_registry_travels_as_json_lines() {
    let project = Project::of("python-unittest");
    project.forge(&[]);
    let file = project.folder().join("export.jsonl");
    project.run(&["registry", "export", file.to_str().unwrap()]).expect(0);
    let printed = project.run(&["registry", "export"]).expect(0).out;
    assert_eq!(printed, fs::read_to_string(&file).unwrap());
    assert!(printed.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    let other = Project::of("python-unittest");
    let said = other.run(&["registry", "import", file.to_str().unwrap()]).expect(0).out;
    assert!(said.contains("new: 1 runs, 3 goals"), "{said}");
    assert_eq!(other.run(&["registry", "export"]).expect(0).out, printed);
    let again = other.run(&["registry", "import", file.to_str().unwrap()]).expect(0).out;
    assert!(again.contains("new: 0 runs, 0 goals, 0 candidates"), "{again}");
    fs::write(&file, "no json\n").unwrap();
    other.run(&["registry", "import", file.to_str().unwrap()]).expect(2).says(&["line 1"]);
}

#[test]
fn the_registry_forgets_when_asked() {
    let project = Project::of("python-unittest");
    project.write("test_calc.py", project.read("test_calc.py").replace("test_label", "label_is_not_tested"));
    assert_eq!(improvements(&project.forge(&[])).len(), 1);
    let kept = project.run(&["registry", "gc"]).expect(0).out;
    assert!(kept.contains("gone: 0 candidates"), "{kept}");
    let gone = project.run(&["registry", "gc", "--days", "0"]).expect(0).out;
    assert!(gone.starts_with("gone: ") && !gone.contains("gone: 0 candidates"), "{gone}");
    project.run(&["registry", "log"]).expect(0);
    assert_eq!(improvements(&project.forge(&[])).len(), 1, "a run after it finds the same");
}

#[test]
fn a_damaged_registry_is_told_and_stops_no_run() {
    let project = Project::of("python-unittest");
    project.write(
        ".hephaestus/registry.db",
        "this is no database, and was never one; it is only long enough to look like one",
    );
    let report = project.forge(&[]);
    assert!(crate::project::notices(&report).contains("remembered"), "{}", crate::project::notices(&report));
    assert_eq!(improvements(&report).len(), 2);
    let run = project.run(&["registry", "log"]);
    assert!([2, 4].contains(&run.code) && !run.err.contains("panicked"), "{run:?}");
    assert!(
        project.read(".hephaestus/registry.db").starts_with("this is no database"),
        "it was written over unasked"
    );
}

#[test]
fn a_second_run_repeats_nothing() {
    let project = Project::of("python-unittest");
    let first = project.forge(&[]);
    let second = project.forge(&[]);
    assert_eq!(texts(&first["improvements"], "candidate"), texts(&second["improvements"], "candidate"));
    assert!(improvements(&second).iter().all(|one| one["remembered"] == true), "{}", second["improvements"]);
    assert_eq!(second["together"]["verdict"], "passed");
    project.append("calc.py", "\n\nADDED = 1\n");
    let third = project.forge(&[]);
    assert!(
        improvements(&third).iter().all(|one| one["remembered"] == false),
        "verdicts outlived their code"
    );
}

#[test]
fn the_doctor_answers_in_text_and_json() {
    let project = Project::of("python-unittest");
    let text = project.run(&["doctor"]).expect(0).out;
    assert!(text.contains("sandbox") && text.contains("unittest"), "{text}");
    let checks = project.run(&["doctor", "--json"]).expect(0).json();
    for check in checks.as_array().unwrap() {
        let state = check["state"].as_str().unwrap();
        assert!(["works", "degraded", "absent", "broken"].contains(&state), "{check}");
        assert!(
            state != "broken" || check["mend"].is_string() || !check["detail"].as_str().unwrap().is_empty()
        );
    }
    let machine = Project::empty().run(&["doctor", "--json"]).expect(0).json();
    assert_eq!(machine[0]["name"], "sandbox");
    let degraded =
        Project::empty().env("HEPHAESTUS_SANDBOX", "copy").run(&["doctor", "--json"]).expect(0).json();
    assert_eq!(degraded[0]["state"], "degraded");
    assert!(degraded[0]["mend"].is_string());
}

/// The written file with every key that is a comment made a key.
fn uncommented(text: &str) -> String {
    let is_key = |line: &str| {
        let word: String = line.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        ["[fixers", "[[external]]"].iter().any(|head| line.starts_with(head))
            || (!word.is_empty() && line[word.len()..].starts_with(" = "))
    };
    let lines = text.lines().map(|line| match line.strip_prefix("# ") {
        Some(rest) if is_key(rest) => rest,
        _ => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The default of a key, from the schema.
fn default_of<'a>(schema: &'a Value, section: &str, key: &str) -> &'a Value {
    let resolve = |value: &'a Value| match value["$ref"].as_str() {
        Some(reference) => schema.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    };
    let section = &schema["properties"][section];
    let property = &resolve(section)["properties"][key];
    assert!(!property.is_null(), "{key} is in no schema");
    &property["default"]
}

#[test]
fn init_writes_every_key_with_its_default() {
    let project = Project::of("python-unittest");
    fs::remove_file(project.path("hephaestus.toml")).unwrap();
    project.run_writing(&["init"]).expect(0);
    project.run(&["goals"]).expect(0);
    let text = uncommented(&project.read("hephaestus.toml"));
    let config: toml::Table = text.parse().unwrap();
    let schema = project.run(&["schema"]).expect(0).json();
    let mut keys = 0;
    for section in ["forge", "goals", "testing", "mutants", "llm", "sandbox", "scoring"] {
        let table = config[section].as_table().unwrap();
        let known = schema["properties"][section].clone();
        let resolved = known["$ref"]
            .as_str()
            .map_or(known.clone(), |at| schema.pointer(at.trim_start_matches('#')).unwrap().clone());
        let all: Vec<&String> = resolved["properties"].as_object().unwrap().keys().collect();
        // A workspace's file must not set what belongs to its user.
        let is_users = |key: &&String| section == "llm" && LlmSettings::USERS_OWN.contains(&key.as_str());
        let all: Vec<&String> = all.into_iter().filter(|key| !is_users(key)).collect();
        assert_eq!(table.keys().collect::<Vec<_>>(), all, "[{section}] lacks keys or has too many");
        for (key, value) in table {
            let default = default_of(&schema, section, key);
            // Examples: these have no default, or an empty one with a meaning of its own.
            let examples =
                ["runner", "command", "tolerances", "provider", "model", "models", "endpoint", "temperature"];
            if !examples.contains(&key.as_str()) {
                assert_eq!(serde_json::to_value(value).unwrap(), *default, "{section}.{key}");
                keys += 1;
            }
        }
    }
    assert!(keys > 25);
    project.write("hephaestus.toml", text);
    project.run(&["goals"]).expect(0);
}

#[test]
fn init_does_not_write_over_what_is_there_unless_told_to() {
    let project = Project::of("python-unittest");
    project.run(&["init"]).expect(2).says(&["exists already", "--force"]);
    project.run_writing(&["init", "--force"]).expect(0);
    assert!(project.read("hephaestus.toml").contains("# max_iterations = 10"));
}

#[test]
fn completions_and_the_schema_are_printed() {
    let project = Project::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = project.run(&["completions", shell]).expect(0).out;
        assert!(script.contains("registry") && script.contains("apply"), "{shell}");
    }
    let schema = project.run(&["schema"]).expect(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&serde_json::json!({ "forge": { "beam": 2 } })));
    assert!(!validator.is_valid(&serde_json::json!({ "forge": { "beam": "two" } })));
    assert!(!validator.is_valid(&serde_json::json!({ "forge": { "bean": 2 } })));
    assert_nothing_left(&project.mark(), &project.temp());
}

#[test]
fn help_is_there_for_every_command() {
    let project = Project::empty();
    let help = project.run(&["--help"]).expect(0).out;
    for command in
        ["forge", "goals", "mutants", "registry", "doctor", "init", "demo", "completions", "schema"]
    {
        assert!(help.contains(command));
        let own = project.run(&[command, "--help"]).expect(0).out;
        assert!(own.contains("Usage: hephaestus"), "{own}");
    }
    assert!(help.contains("Exit codes"));
    assert!(project.run(&["--version"]).expect(0).out.starts_with("hephaestus 0."));
}
