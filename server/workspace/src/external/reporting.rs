//! What happened in a run, told to the user's reporters when it is over; their files go into the state folder and
//! nowhere else.

use super::Externals;
use crate::forging::ForgeRequest;
use crate::open::Workspace;
use crate::report::ForgeReport;
use hephaestus_core::{CancelToken, ExternalRole, Notice};
use hephaestus_harness::Workbench;
use hephaestus_mutation::external::{Reported, Reporter};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of reports within the state folder.
const FOLDER: &str = "reports";

/// What the reporters made of a run.
#[derive(Debug, Default)]
pub struct ReportedRun {
    /// What is to be shown, by reporter.
    pub texts: Vec<(String, String)>,
    /// Files that were written.
    pub files: Vec<PathBuf>,
    /// What went wrong.
    pub notices: Vec<Notice>,
}

impl Workspace {
    /// Tells every reporter of the configuration what happened in a run, and writes the files they ask for below
    /// `.hephaestus/reports/NAME`.
    #[must_use]
    pub fn report_externally(
        &self,
        report: &ForgeReport,
        request: &ForgeRequest,
        cancel: &CancelToken,
    ) -> ReportedRun {
        let mut run = ReportedRun::default();
        if !self.config.external.iter().any(|own| own.is(ExternalRole::Reporter)) {
            return run;
        }
        let workbench = Workbench::new(request.sandbox(self.config.sandbox.clone()), self.snapshot.clone());
        let externals = Externals::start(self, &[ExternalRole::Reporter], &workbench, cancel);
        let json = report.to_json();
        for program in externals.taking(ExternalRole::Reporter) {
            let reported = Reporter::new(program).report(events(&json), cancel);
            self.keep(reported, &mut run);
        }
        run.notices.extend(externals.end().1);
        run
    }

    fn keep(&self, reported: Reported, run: &mut ReportedRun) {
        let Reported { name, text, files } = reported;
        let folder = self.state_folder().join(FOLDER).join(&name);
        for (path, text) in files {
            let place = path.under(&folder);
            match write(&place, &text) {
                Ok(()) => run.files.push(place),
                Err(error) => {
                    let message = format!("the report `{path}` of external `{name}` is not written: {error}");
                    run.notices.push(Notice { path: None, message });
                }
            }
        }
        if !text.is_empty() {
            run.texts.push((name, text));
        }
    }
}

fn write(place: &Path, text: &str) -> io::Result<()> {
    place.parent().map_or(Ok(()), fs::create_dir_all)?;
    // A link that lies there already is replaced, not followed.
    if fs::symlink_metadata(place).is_ok_and(|facts| facts.file_type().is_symlink()) {
        fs::remove_file(place)?;
    }
    fs::write(place, text)
}

/// A run as events: how it began, what it was about, what came of each thing, how it ended.
fn events(run: &Value) -> Vec<Value> {
    let typed = |kind: &str, value: &Value| {
        let mut event = json!({ "type": kind });
        if let (Some(event), Some(fields)) = (event.as_object_mut(), value.as_object()) {
            event.extend(fields.clone());
        }
        event
    };
    let head = ["schema", "command", "root", "runners"];
    let head = head.iter().filter_map(|key| Some(((*key).to_owned(), run.get(*key)?.clone())));
    let mut events = vec![typed("run", &Value::Object(head.collect()))];
    for (list, kind) in [("goals", "goal"), ("improvements", "improvement"), ("rejected", "rejected")] {
        let all = run.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        events.extend(all.iter().map(|value| typed(kind, value)));
    }
    events.push(typed("end", run.get("stats").unwrap_or(&Value::Null)));
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_told_from_its_beginning_to_its_end() {
        let run = json!({"root": "/r", "goals": [{"id": "a"}], "rejected": [{"verdict": "failed"}], "stats": {"trials": 1}});
        let events = events(&run);
        let kinds: Vec<&str> = events.iter().filter_map(|event| event.get("type")?.as_str()).collect();
        assert_eq!(kinds, ["run", "goal", "rejected", "end"]);
        assert_eq!(events[0]["root"], "/r");
        assert_eq!(events[3]["trials"], 1);
    }
}
