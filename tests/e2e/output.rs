//! What is printed: JSON by its schema, SARIF, HTML, patches that tools accept, colours, exit codes.

use crate::project::{Project, Run, improvements, texts};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};

const FORGE: &str = include_str!("../../docs/schemas/forge.schema.json");
const GOALS: &str = include_str!("../../docs/schemas/goals.schema.json");

/// Fails with every place where `value` is not as `schema` has it.
fn assert_valid(schema: &str, value: &Value) {
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A project with something improved, superseded, rejected, red, left out and set aside.
fn eventful() -> Project {
    let project = Project::of("python-unittest");
    project.write("latin.py", b"x = '\xe9'\n");
    project.append(
        "calc.py",
        "\n\ndef untested(number):\n    if number:\n        return True\n    else:\n        return False\n",
    );
    project.write("test_red.py", "import unittest\n\n\nclass Red(unittest.TestCase):\n    def test_red(self):\n        self.fail('always')\n");
    project
}

#[test]
fn forge_json_is_as_its_schema_says() {
    let report = eventful().forge(&[]);
    assert_valid(FORGE, &report);
    for part in ["goals", "improvements", "rejected", "notices"] {
        assert!(!report[part].as_array().unwrap().is_empty(), "the schema's `{part}` was not tried");
    }
    let broken = report.to_string().replace("\"verdict\":\"passed\"", "\"verdict\":\"fine\"");
    let schema: Value = serde_json::from_str(FORGE).unwrap();
    let broken: Value = serde_json::from_str(&broken).unwrap();
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&broken), "the schema lets anything pass");
}

#[test]
fn repair_json_is_as_its_schema_says() {
    let project = Project::of("python-unittest");
    project.write("twice.py", "def twice(number):\n    return number + 1\n");
    let head = "import unittest\n\nimport twice\n\n\nclass TwiceTest(unittest.TestCase):\n";
    let test = "    def test_twice(self):\n        self.assertEqual(twice.twice(3), 6)\n";
    project.write("test_twice.py", format!("{head}{test}"));
    let report = project.run(&["repair", "--format", "json"]).expect(0).json();
    assert_valid(FORGE, &report);
    let fix = &improvements(&report)[0];
    assert!(fix["found"].is_object() && !fix["runners_up"].as_array().unwrap().is_empty(), "{fix:#}");
    assert!(!report["goals"][0]["suspects"].as_array().unwrap().is_empty(), "{report:#}");
}

#[test]
fn goals_json_is_as_its_schema_says() {
    let project = eventful();
    let report = project.run(&["goals", "--format", "json"]).expect(0).json();
    assert_valid(GOALS, &report);
    assert!(report["goals"].as_array().unwrap().len() >= 4);
    assert!(!project.path(".hephaestus").exists(), "goals are not remembered");
}

#[test]
fn ids_of_goals_are_the_same_in_goals_and_forge() {
    let project = Project::of("python-unittest");
    let goals = project.run(&["goals", "--format", "json", "--no-linters"]).expect(0).json();
    let forged = project.forge(&["--engine", "rewrite"]);
    // What no test notices is only seen by a run.
    let kinds = texts(&forged["goals"], "kind");
    let proposed =
        texts(&forged["goals"], "id").into_iter().zip(kinds).filter(|(_, kind)| kind != "strengthen");
    assert_eq!(texts(&goals["goals"], "id"), proposed.map(|(id, _)| id).collect::<Vec<_>>());
}

/// Feeds `patch` to a program at the project's root.
fn accepts(project: &Project, program: &str, arguments: &[&str], patch: &str) -> Run {
    let mut command = Command::new(program);
    let child = command.args(arguments).current_dir(project.root()).stdin(Stdio::piped());
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(patch.as_bytes()).unwrap();
    Run::of(child.wait_with_output().unwrap())
}

#[test]
fn every_patch_is_taken_by_patch_and_git() {
    let project = Project::of("python-unittest");
    project.write("dos.py", project.read("calc.py").trim_end().replace('\n', "\r\n"));
    project.write("test_dos.py", project.read("test_calc.py").replace("calc", "dos"));
    let report = project.forge(&[]);
    let mut patches: Vec<&str> =
        improvements(&report).iter().map(|one| one["patch"].as_str().unwrap()).collect();
    assert!(patches.len() >= 4);
    patches.push(report["together"]["patch"].as_str().unwrap());
    for patch in patches {
        accepts(&project, "git", &["apply", "--check", "-"], patch).expect(0);
        accepts(&project, "patch", &["-p1", "--dry-run", "--force", "--binary"], patch).expect(0);
    }
}

#[test]
fn goals_as_sarif_have_what_code_hosts_ask_for() {
    let project = Project::of("python-unittest");
    project.write("a b/é.py", format!("# 🙂 é\n{}", project.read("calc.py")));
    let sarif = project.run(&["goals", "--format", "sarif"]).expect(0).json();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "hephaestus");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() >= 6);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(result["partialFingerprints"]["hephaestusGoal/v1"].is_string());
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains(' ') && !uri.starts_with('/'), "{uri}");
        let region = &place["region"];
        let (start, end) = (region["startLine"].as_u64().unwrap(), region["endLine"].as_u64().unwrap());
        assert!(start >= 1 && end >= start && region["startColumn"].as_u64().unwrap() >= 1);
    }
    let uris: Vec<&Value> = results
        .iter()
        .map(|one| &one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        .collect();
    assert!(uris.iter().any(|uri| **uri == "a%20b/%C3%A9.py"), "{uris:?}");
}

#[test]
fn the_page_is_one_file_with_the_headline_in_it() {
    let page = Project::of("python-unittest").run(&["forge", "--format", "html"]).expect(0).out;
    assert!(page.trim_start().to_lowercase().starts_with("<!doctype html>"));
    let shown = page.split("<body").nth(1).unwrap();
    assert!(
        shown.contains("calc.py") && shown.contains("return number % 2 == 0"),
        "the improvements are not in it"
    );
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(outside), "the page needs the network: {outside}");
    }
    assert!(page.contains("color-scheme: light dark"), "there is no dark page");
}

#[test]
fn code_in_the_page_cannot_break_out_of_it() {
    let project = Project::of("python-unittest");
    project.write(
        "calc.py",
        project.read("calc.py").replace("\"digit\"", "\"digit\"  # </script><script>alert(1)</script>"),
    );
    let page = project.run(&["forge", "--format", "html"]).expect(0).out;
    assert!(!page.contains("<script>alert(1)"), "code of the project became code of the page");
}

#[test]
fn colours_come_when_asked_and_never_into_a_pipe() {
    let project = Project::of("python-unittest");
    let has_colours = |run: Run| run.expect(0).out.contains('\u{1b}');
    assert!(!has_colours(project.run(&["goals"])), "a pipe is no terminal");
    assert!(has_colours(project.run(&["goals", "--color", "always"])));
    assert!(!has_colours(project.run(&["goals", "--color", "never"])));
    let project = project.env("NO_COLOR", "1");
    assert!(!has_colours(project.run(&["goals"])));
    assert!(
        has_colours(project.run(&["goals", "--color", "always"])),
        "the flag is stronger than the variable"
    );
}

#[test]
fn results_alone_are_on_standard_output() {
    let project = Project::of("python-unittest");
    let run = project.run(&["forge", "--format", "json"]).expect(0);
    assert_eq!(run.err, "", "a run that is not watched has nothing to tell");
    let quiet = project.run(&["forge", "--quiet"]).expect(0).out;
    assert!(quiet.contains("calc.py:5") && !quiet.contains("tests judge"), "{quiet}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = Project::of("python-unittest");
    let mut child = project.start(&["goals", "--format", "json"]);
    drop(child.stdout.take());
    let run = Run::of(child.wait_with_output().unwrap());
    assert!(!run.err.contains("panicked"), "{}", run.err);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn exit_codes_say_whose_turn_it_is() {
    let project = Project::of("python-unittest");
    project.run(&["forge", "--require", "2"]).expect(0);
    project.run(&["forge", "--require", "3"]).expect(1).says(&["2 improvements", "3 required"]);
    project.run(&["no-such-command"]).expect(2);
    project.run(&["registry", "show", "nothing"]).expect(2).says(&["no candidate has the id `nothing`"]);
    project.write(
        "test_calc.py",
        "import unittest\n\nclass T(unittest.TestCase):\n    def test(self):\n        self.fail()\n",
    );
    project.run(&["forge", "--require", "1"]).expect(3);
}
