//! What people see: colours, failures, and the one place that prints results.

use crate::args::Colour;
use crate::failure::Failure;
use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use std::io::{self, Write};
use tracing_subscriber::EnvFilter;

/// Names and headings.
pub(crate) const STRONG: Style = Style::new().bold();
/// What matters less.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// What holds, and added lines.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What does not, and removed lines.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What deserves a look.
pub(crate) const ODD: Style = AnsiColor::Yellow.on_default();
/// Places in diffs.
pub(crate) const PLACE: Style = AnsiColor::Cyan.on_default();

/// Decides about colours for the whole process.
pub(crate) fn set_colour(colour: Colour) {
    match colour {
        Colour::Auto => ColorChoice::Auto,
        Colour::Always => ColorChoice::AlwaysAnsi,
        Colour::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Log lines go to standard error, as many as HEPHAESTUS_LOG asks for.
pub(crate) fn set_log() {
    let filter = EnvFilter::try_from_env("HEPHAESTUS_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// Tells what went wrong, what belongs to it, and what to do.
pub(crate) fn complain(failure: &Failure) {
    let mut err = anstream::stderr().lock();
    // Nobody is left to tell when standard error itself is gone.
    let _ = writeln!(err, "{BAD}error{BAD:#}: {}", failure.message);
    for line in failure.detail.lines() {
        let _ = writeln!(err, "  {FAINT}{line}{FAINT:#}");
    }
    if let Some(hint) = failure.hint.as_ref().filter(|hint| !hint.is_empty()) {
        let _ = writeln!(err, "{STRONG}hint{STRONG:#}: {hint}");
    }
}

/// Prints results. A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// A unified diff with colours.
pub(crate) fn coloured(diff: &str, indent: &str) -> String {
    let mut text = String::new();
    for line in diff.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') if !line.starts_with("+++") => GOOD,
            Some(b'-') if !line.starts_with("---") => BAD,
            Some(b'@') => PLACE,
            Some(b'+' | b'-') => STRONG,
            _ => Style::new(),
        };
        text.push_str(&format!("{indent}{style}{line}{style:#}\n"));
    }
    text
}
