//! A program as a reporter: what happened in a run in, texts and files out. It writes nothing itself.

use super::Program;
use super::message::{Answer, Question};
use hephaestus_core::{CancelToken, RelPath};
use serde_json::Value;
use std::sync::Arc;

/// What a reporter made of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reported {
    /// The program's name in the configuration.
    pub name: String,
    /// What is to be shown.
    pub text: String,
    /// What is to be written, relative to the reporter's own folder.
    pub files: Vec<(RelPath, String)>,
}

/// A reporter that asks a program.
pub struct Reporter {
    program: Arc<Program>,
}

impl Reporter {
    /// The reporter that `program` is.
    #[must_use]
    pub fn new(program: Arc<Program>) -> Self {
        Self { program }
    }

    /// Tells it what happened, and asks for its report.
    pub fn report(&self, events: impl IntoIterator<Item = Value>, cancel: &CancelToken) -> Reported {
        for event in events {
            self.program.tell(Question::Event { event });
        }
        let mut reported = Reported { name: self.program.name().to_owned(), ..Reported::default() };
        self.program.ask(Question::Report {}, cancel, &mut |answer| {
            match answer {
                Answer::Text { text } => {
                    reported.text.push_str(&text);
                    if !text.ends_with('\n') {
                        reported.text.push('\n');
                    }
                }
                Answer::File { path, text } => {
                    let path = RelPath::new(&path);
                    let path = path.map_err(|error| format!("its file has no place: {error}"))?;
                    reported.files.retain(|(own, _)| *own != path);
                    reported.files.push((path, text));
                }
                _ => return Err("it was asked for a report and says something else".to_owned()),
            }
            Ok(())
        });
        reported
    }
}
