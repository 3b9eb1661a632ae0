//! One small project per language and runner: something is found, proved and applied, and the suite still passes.

use crate::project::{Project, improvements, texts};
use crate::tools;
use serde_json::Value;

/// Forges and applies; the report. At least one improvement was judged by `runner` and holds.
fn improved(project: &Project, runner: &str, arguments: &[&str]) -> Value {
    let all: Vec<&str> = ["forge", "--apply", "--format", "json"].iter().chain(arguments).copied().collect();
    let report = project.run_writing(&all).expect(0).json();
    assert_eq!(report["runner"]["name"], runner);
    assert!(!improvements(&report).is_empty(), "{report}");
    assert_eq!(report["together"]["applied"], true);
    for improvement in improvements(&report) {
        assert_eq!(improvement["verdict"], "passed");
        let stages = texts(&improvement["evidence"]["stages"], "stage");
        let runs = |wanted: &str| stages.iter().filter(|stage| *stage == wanted).count();
        // Where a warm lab knows what reaches the change, that alone runs the second time.
        assert!(runs("full") >= 1 && runs("full") + runs("again") == 2, "{stages:?}");
        assert!(
            improvement["gates"].as_array().unwrap().iter().all(|gate| gate["open"] == true),
            "{improvement}"
        );
    }
    report
}

/// A fixture whose packages are those of the tools; `None` where they are not installed.
fn with_packages(name: &str) -> Option<Project> {
    let tools = tools::folder("node")?;
    let packages = tools.join("node/node_modules");
    // Folders on PATH stay readable in the sandbox wherever they lie, so that the link leads somewhere even if the tools
    // are in a folder that the sandbox covers with one of its own, such as /tmp.
    let path = std::env::join_paths(
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).chain([packages.clone()]),
    );
    let project = Project::of(name).env("PATH", path.unwrap());
    std::os::unix::fs::symlink(packages, project.path("node_modules")).unwrap();
    Some(project)
}

#[test]
fn python_by_unittest() {
    let project = Project::of("python-unittest");
    improved(&project, "unittest", &[]);
    assert!(project.read("calc.py").contains("return number % 2 == 0"));
}

#[test]
fn python_by_pytest_with_ruff() {
    let Some(tools) = tools::folder("python") else { return };
    let project = Project::of("python-pytest").env("VIRTUAL_ENV", tools.join("python"));
    let report = improved(&project, "pytest", &[]);
    assert!(
        texts(&report["goals"], "rule").iter().any(|rule| rule.starts_with("ruff/")),
        "ruff was not asked"
    );
    assert!(
        project.read("shelf.py").contains("[book[\"title\"] for book in books]"),
        "{}",
        project.read("shelf.py")
    );
}

#[test]
fn javascript_by_node() {
    if tools::has("node", "--version") {
        let project = Project::of("javascript-node");
        let report = improved(&project, "node --test", &[]);
        assert!(project.read("calc.js").contains("return number % 2 === 0"));
        // Whether it is faster is for a benchmark to say, and on a busy machine it may not be sure.
        let is_faster = project.read("calc.js").contains("numbers.some(");
        assert!(is_faster || report["rejected"].to_string().contains("benchmark"), "{report:#}");
    }
}

#[test]
fn javascript_by_tape() {
    if let Some(project) = with_packages("javascript-tape") {
        improved(&project, "tape", &["--engine", "rewrite"]);
    }
}

#[test]
fn javascript_by_mocha() {
    if let Some(project) = with_packages("javascript-mocha") {
        improved(&project, "mocha", &["--engine", "rewrite"]);
    }
}

#[test]
fn javascript_by_jest() {
    if let Some(project) = with_packages("javascript-jest") {
        improved(&project, "jest", &["--engine", "rewrite", "--trials", "1"]);
    }
}

#[test]
fn typescript_by_vitest() {
    if let Some(project) = with_packages("typescript-vitest") {
        improved(&project, "vitest", &["--engine", "rewrite", "--trials", "1"]);
    }
}

#[test]
fn rust_by_cargo_test() {
    let project = Project::of("rust-cargo");
    improved(&project, "cargo test", &[]);
    assert!(project.read("src/lib.rs").contains(".any("), "{}", project.read("src/lib.rs"));
}

#[test]
fn rust_by_nextest_with_clippy() {
    if !tools::has("cargo-nextest", "--version") || !tools::has("cargo-clippy", "--version") {
        return;
    }
    let project = Project::of("rust-cargo");
    project.write(".config/nextest.toml", "");
    project.write("hephaestus.toml", "");
    let report = improved(&project, "cargo nextest", &["--kind", "lint", "--trials", "2"]);
    assert!(texts(&report["improvements"], "rule").iter().all(|rule| rule.starts_with("clippy/")));
}

#[test]
fn go_by_go_test() {
    if tools::has("go", "version") {
        let project = Project::of("go-module");
        improved(&project, "go test", &[]);
        assert!(project.read("calc.go").contains("return number%2 == 0"));
    }
}

#[test]
fn java_by_its_own_test_program() {
    if tools::has("javac", "-version") {
        let project = Project::of("java-plain");
        improved(&project, "javac", &[]);
        let text = project.read("Calc.java");
        assert!(text.contains("return number % 2 == 0;") && text.contains("text.isEmpty()"), "{text}");
    }
}

#[test]
fn c_by_its_own_test_program() {
    if tools::has("cc", "--version") {
        let project = Project::of("c-programs");
        improved(&project, "test programs", &[]);
        let text = project.read("calc.c");
        assert!(text.contains("return number % 2 == 0;") && text.contains("text[0] == '\\0'"), "{text}");
    }
}

#[test]
fn cpp_by_ctest() {
    if tools::has("cmake", "--version") {
        let project = Project::of("cpp-cmake");
        improved(&project, "CTest", &[]);
        let text = project.read("src/calc.cpp");
        assert!(text.contains("texts.empty()") && text.contains("return nullptr;"), "{text}");
    }
}

#[test]
fn a_tangled_function_comes_below_its_limit_in_several_proved_steps() {
    let project = Project::of("python-tangled");
    let report = improved(&project, "unittest", &["--kind", "complexity"]);
    let whole = &improvements(&report)[0];
    assert_eq!(whole["kind"], "complexity");
    assert!(whole["operators"].as_array().unwrap().len() >= 2, "{}", whole["operators"]);
    let cognitive =
        whole["scores"].as_array().unwrap().iter().find(|score| score["dimension"] == "cognitive").unwrap();
    assert!(
        cognitive["before"].as_f64().unwrap() > 20.0 && cognitive["after"].as_f64().unwrap() <= 7.0,
        "{cognitive}"
    );
    assert_eq!(report["score"]["after"]["functions_over_limit"], 0);
    let steps = project.run(&["registry", "lineage", whole["candidate"].as_str().unwrap()]).expect(0).out;
    assert!(steps.lines().count() >= 2, "every step was proved by itself: {steps}");
}

#[test]
fn a_users_own_rule_is_used_and_proved() {
    let project = Project::of("python-unittest");
    project.write("sgconfig.yml", "ruleDirs: [rules]\n");
    let rule =
        "id: no-mod\nlanguage: Python\nmessage: bits are quicker\nrule: { pattern: $A % 2 }\nfix: $A & 1\n";
    project.write("rules/no-mod.yml", rule);
    let wrong = "id: wrong\nlanguage: Python\nmessage: wrong on purpose\nrule: { pattern: '\"other\"' }\nfix: '\"else\"'\n";
    project.write("rules/wrong.yml", wrong);
    let report = project.forge(&["--engine", "rewrite"]);
    assert!(texts(&report["goals"], "rule").contains(&"user/no-mod".to_owned()));
    let outcome = |rule: &str| {
        let goals = report["goals"].as_array().unwrap();
        goals.iter().find(|goal| goal["rule"] == rule).unwrap()["outcome"].clone()
    };
    assert!(
        ["improved", "superseded"].contains(&outcome("user/no-mod").as_str().unwrap()),
        "{}",
        outcome("user/no-mod")
    );
    assert_eq!(outcome("user/wrong"), "rejected");
    let rejected = report["rejected"].as_array().unwrap();
    let wrong = rejected.iter().find(|one| one["rule"] == "user/wrong").unwrap();
    assert_eq!(wrong["verdict"], "failed");
    assert!(wrong["failed_tests"][0].as_str().unwrap().contains("test_label"), "{wrong}");
}

#[test]
fn a_degraded_sandbox_says_so_in_the_evidence() {
    let project = Project::of("python-unittest").env("HEPHAESTUS_SANDBOX", "copy");
    let report = project.forge(&[]);
    assert_eq!(improvements(&report).len(), 2);
    assert_eq!(improvements(&report)[0]["evidence"]["isolation"]["files"], "copy");
    assert!(!report["runner"]["notes"].as_array().unwrap().is_empty(), "what is degraded is not said");
    let text = project.run(&["forge"]).expect(0).out;
    assert!(text.contains("degraded sandbox (hephaestus doctor)"), "{text}");
    project.append("hephaestus.toml", "[sandbox]\nrequire_full = true\n");
    project.run(&["forge"]).expect(3).says(&["the full sandbox is required but not available"]);
}

#[test]
fn the_same_seed_gives_the_same_improvements() {
    let forged = || {
        let report = Project::of("python-unittest").forge(&["--seed", "7"]);
        let mut found = texts(&report["improvements"], "candidate");
        found.extend(texts(&report["rejected"], "candidate"));
        (found, report["together"]["patch"].clone())
    };
    assert_eq!(forged(), forged());
}

#[test]
fn a_limit_on_trials_is_kept() {
    let report = Project::of("python-unittest").forge(&["--trials", "1", "--jobs", "1"]);
    assert_eq!(report["stats"]["trials"], 1);
    assert_eq!(report["stats"]["ended"], "budget: trials");
}
