//! Configuration that cannot be used: exit code 2, the place, what is wrong and what would be right.

use crate::project::Project;

/// What is said about a configuration of this text, without the path of the temporary folder.
fn complaint(text: &[u8]) -> String {
    let project = Project::of("python-unittest");
    project.write("hephaestus.toml", text);
    let run = project.run(&["forge"]).expect(2);
    assert!(run.out.is_empty(), "{}", run.out);
    assert!(!project.path(".hephaestus").exists(), "a run was begun");
    run.err.replace(&format!("{}/", project.root().display()), "")
}

#[test]
fn an_unknown_key_is_told_at_its_place() {
    let said = complaint(b"[forge]\nbeam = 2\nmax_iteration = 3\n");
    assert!(said.contains("hephaestus.toml:3:1: unknown field `max_iteration`"), "{said}");
    assert!(said.contains("`max_iterations`"), "what would be right is not said: {said}");
    let said = complaint(b"# mine\n[forgery]\nbeam = 2\n");
    assert!(said.contains("hephaestus.toml:2:2: unknown field `forgery`"), "{said}");
}

#[test]
fn a_wrong_type_is_told_at_its_place() {
    let said = complaint(b"[testing]\n\nstable_runs = \"two\"\n");
    assert!(said.contains("hephaestus.toml:3:15: invalid type: string \"two\""), "{said}");
    let said = complaint(b"forge = 3\n");
    assert!(said.contains("hephaestus.toml:1:9: "), "{said}");
}

#[test]
fn toml_that_is_none_is_told_at_its_place() {
    let said = complaint(b"[forge]\nbeam = = 3\n");
    assert!(said.contains("hephaestus.toml:2:"), "{said}");
    let said = complaint("[forge\n".as_bytes());
    assert!(said.contains("hephaestus.toml:1:"), "{said}");
    let said = complaint("[forge]\nbeam = 3\nbeam = 4\n".as_bytes());
    assert!(said.contains("hephaestus.toml:3:1: duplicate key"), "{said}");
}

#[test]
fn a_value_without_sense_is_told_at_its_place() {
    let said = complaint(b"[forge]\nexploration_ratio = 3.0\n");
    assert!(
        said.contains("hephaestus.toml:2:1: `forge.exploration_ratio` must lie between 0 and 1"),
        "{said}"
    );
    let said = complaint(b"[goals]\nkinds = [\"simplfy\"]\n");
    assert!(said.contains("hephaestus.toml:2:1:") && said.contains("simplify"), "{said}");
    let said = complaint(b"[goals]\nexclude = [\"[\"]\n");
    assert!(said.contains("goals.exclude"), "{said}");
    // The key's name in a comment or in another table is not its place.
    let said = complaint(b"# beam: how many\n[forge]\nbeam = 0\n");
    assert!(said.contains("hephaestus.toml:3:1: `forge.beam` must be at least 1"), "{said}");
}

#[test]
fn a_configuration_that_is_no_text_is_refused() {
    let said = complaint(b"[forge]\n# \xff\xfe\nbeam = 3\n");
    assert!(said.contains("hephaestus.toml"), "{said}");
}

#[test]
fn names_that_do_not_exist_are_answered_with_those_that_do() {
    let project = Project::of("python-unittest");
    project.run(&["forge", "--kind", "simplfy"]).expect(2).says(&["simplfy", "known kinds: simplify"]);
    project.run(&["forge", "--engine", "magic"]).expect(2).says(&["magic", "rewrite, fixers"]);
    project.run(&["forge", "--budget", "soon"]).expect(2).says(&["soon"]);
    project.run(&["forge", "--no-such-flag"]).expect(2).says(&["--no-such-flag", "Usage"]);
    let said = complaint(b"[testing]\nrunner = \"pytset\"\n");
    assert!(said.contains("hephaestus.toml:2:1: `testing.runner` does not know `pytset`; known:"), "{said}");
    let said = complaint(b"[forge]\nengines = [\"magic\"]\n");
    assert!(
        said.contains("hephaestus.toml:2:1: `forge.engines` does not know `magic`; known: rewrite"),
        "{said}"
    );
    let said = complaint(b"[fixers.rufff]\nenabled = false\n");
    assert!(said.contains("hephaestus.toml:1:9: `fixers.rufff` does not know `rufff`"), "{said}");
}

#[test]
fn users_own_rules_that_are_wrong_are_told_and_the_rest_goes_on() {
    let project = Project::of("python-unittest");
    project.write("sgconfig.yml", "ruleDirs: [rules, ../elsewhere]\n");
    project.write("rules/bad.yml", "id: bad\nlanguage: Python\nrule: { patern: x }\nfix: y\n");
    let report = project.forge(&[]);
    let told = crate::project::notices(&report);
    assert!(told.contains("rules/bad.yml"), "{told}");
    assert!(told.contains("../elsewhere` is outside the workspace"), "{told}");
    assert_eq!(crate::project::improvements(&report).len(), 2);
}
