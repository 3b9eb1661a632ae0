//! `hephaestus report`: the page about everything that was tried, after real runs, without any, and where it goes.
//! How it looks and behaves in a browser is tested in `tests/page`.

use crate::project::{Project, changes};
use crate::remains::{PATIENCE, within};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The index inside a page.
fn index(page: &str) -> Value {
    let (_, after) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
}

fn written(project: &Project) -> String {
    fs::read_to_string(project.path(".hephaestus/report.html")).unwrap()
}

#[test]
fn after_a_forge_the_page_holds_the_improvement_and_where_it_is_told() {
    let project = Project::of("python-unittest");
    project.run(&["forge"]).expect(0);
    let run = project.run(&["report"]).expect(0);
    let root = fs::canonicalize(project.root()).unwrap();
    assert_eq!(Path::new(run.out.trim_end()), root.join(".hephaestus/report.html"));
    let page = written(&project);
    assert!(page.contains("ready to be applied") && page.contains("return number % 2 == 0"));
    let index = index(&page);
    let proven = index["goals"].as_array().unwrap().iter().filter(|goal| goal["state"] == "proven").count();
    assert!(proven >= 2, "{index}");
    assert_eq!(index["runs"][0]["command"], "forge");
    assert!(index["runs"][0]["score"]["before"]["cognitive"].as_u64().unwrap() > 0, "{}", index["runs"]);
    assert_eq!(index["strength"], Value::Null, "no mutants were asked for");
}

#[test]
fn after_applying_the_page_says_so_and_what_no_longer_fits_is_stale() {
    let project = Project::of("python-unittest");
    project.run_writing(&["forge", "--apply"]).expect(0);
    project.run(&["report"]).expect(0);
    let index = index(&written(&project));
    let states: Vec<&str> =
        index["goals"].as_array().unwrap().iter().map(|goal| goal["state"].as_str().unwrap()).collect();
    assert!(states.contains(&"applied") && !states.contains(&"proven"), "{states:?}");
}

#[test]
fn after_mutants_the_page_holds_them_as_they_were_settled() {
    let project = Project::of("python-unittest");
    project.run(&["mutants"]).expect(0);
    project.run(&["report"]).expect(0);
    let page = written(&project);
    let strength = &index(&page)["strength"];
    let file = &strength["files"].as_array().unwrap().iter().find(|file| file["path"] == "calc.py").unwrap();
    assert!(file["killed"].as_u64().unwrap() > 0 && strength["untried"] == 0, "{strength}");
    assert!(page.contains("id=\"mutants-page\"") && page.contains("mutation-test-report-app"));
}

#[test]
fn code_in_the_page_cannot_break_out_of_it() {
    let project = Project::of("python-unittest");
    let hostile = "\"digit\"  # </script><script>alert(1)</script><!-- \u{2028}";
    project.write("calc.py", project.read("calc.py").replace("\"digit\"", hostile));
    project.run(&["forge"]).expect(0);
    project.run(&["mutants"]).expect(0);
    project.run(&["report"]).expect(0);
    let page = written(&project);
    assert!(!page.contains("<script>alert(1)") && !page.contains('\u{2028}'));
}

#[test]
fn where_nothing_was_tried_the_page_says_how_to_begin() {
    let project = Project::of("python-unittest");
    let run = project.run(&["report"]).expect(0).says(&["nothing has been tried here yet"]);
    assert!(run.out.ends_with("report.html\n"));
    assert!(written(&project).contains("Nothing has been tried here yet"));
    assert_eq!(project.read(".hephaestus/.gitignore"), "*\n");
    assert!(!project.path(".hephaestus/registry.db").exists(), "looking leaves no record");
    project.run(&["report", "--root", "nowhere"]).expect(2).says(&["nowhere"]);
}

#[test]
fn a_broken_configuration_and_a_project_without_code_do_not_hide_what_was_tried() {
    let project = Project::of("python-unittest");
    project.run(&["forge"]).expect(0);
    project.write("hephaestus.toml", "nonsense");
    project.run(&["report"]).expect(0);
    let index = index(&written(&project));
    assert!(
        !index["goals"].as_array().unwrap().is_empty() && !index["notices"].as_array().unwrap().is_empty()
    );
}

#[test]
fn the_page_goes_where_it_is_asked_for_and_nothing_else_changes() {
    let project = Project::of("python-unittest");
    let before = project.fingerprint();
    let run = project.run_writing(&["report", "--output", "page.html"]).expect(0);
    assert_eq!(changes(&before, &project.fingerprint()), ["page.html"]);
    assert!(run.out.ends_with("/page.html\n") && Path::new(run.out.trim_end()).is_absolute());
    let mode = fs::metadata(project.path("page.html")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    project.run(&["report", "--output", "no/such/folder/page.html"]).expect(4).says(&["page.html"]);
}

#[test]
fn open_starts_the_browser_with_the_page() {
    let project = Project::of("python-unittest");
    project.write(
        "bin/xdg-open",
        "#!/bin/sh\nprintf '%s' \"$1\" > \"$E2E_MARK/part\" && mv \"$E2E_MARK/part\" \"$E2E_MARK/opened\"\n",
    );
    fs::set_permissions(project.path("bin/xdg-open"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
    let project = project.env("PATH", path);
    let run = project.run(&["report", "--open"]).expect(0);
    let note = project.folder().join("opened");
    assert!(within(PATIENCE, || note.exists()), "no browser was started");
    assert_eq!(fs::read_to_string(note).unwrap(), run.out.trim_end());
}

#[test]
fn without_a_browser_the_path_is_told_all_the_same() {
    let project = Project::of("python-unittest").env("PATH", "/nowhere");
    let run = project.run(&["report", "--open"]).expect(0).says(&["no browser could be started"]);
    assert!(run.out.ends_with("report.html\n"));
}
