//! Long output: pipes are capped, so what has to be read in full goes to a file in the out folder first.

use crate::sandbox::{OUT, StepOutcome};

/// The file's name in the out folder.
pub(crate) const FILE: &str = "hephaestus-output";

/// What goes to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    /// Standard output.
    Out,
    /// Standard output and standard error, in the order they are written.
    Both,
}

/// `argv` with its output sent to the file. Without a shell (Windows) the capped pipe has to do.
pub(crate) fn redirected(argv: Vec<String>, streams: Streams) -> Vec<String> {
    if cfg!(windows) {
        return argv;
    }
    let script = match streams {
        Streams::Out => "out=$1; shift; exec \"$@\" >\"$out\"",
        Streams::Both => "out=$1; shift; exec \"$@\" >\"$out\" 2>&1",
    };
    let head = ["sh", "-c", script, "sh"].map(str::to_owned);
    head.into_iter().chain([format!("{OUT}/{FILE}")]).chain(argv).collect()
}

/// What the file holds, or the pipe where there is no file.
pub(crate) fn output(outcome: &StepOutcome) -> String {
    let file = outcome.files.iter().find(|(name, _)| name == FILE);
    file.map_or_else(|| outcome.stdout.text.clone(), |(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
}
