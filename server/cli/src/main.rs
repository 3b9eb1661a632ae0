//! The binary `hephaestus`: arguments in, reports out. Thin: everything it does, the workspace does.

mod args;
mod commands;
mod editor;
mod failure;
mod progress;
mod report;
mod terminal;

use args::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

/// The hidden subcommand that becomes the sandbox's helper.
const HELPER: &str = "sandbox-init";

fn main() -> ExitCode {
    // First of all and without anything else started: the helper has to be single-threaded.
    let words: Vec<String> = std::env::args().collect();
    if words.get(1).is_some_and(|word| word == HELPER) {
        let code = hephaestus_workspace::helper_main(words.get(2..).unwrap_or_default());
        return ExitCode::from(u8::try_from(code).unwrap_or(4));
    }
    let arguments = Arguments::parse();
    terminal::set_colour(arguments.common.color);
    // The language server has a log of its own: standard error is nobody's in an editor.
    if !matches!(arguments.command, Command::Lsp(_)) {
        terminal::set_log();
    }
    match run(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(&failure);
            failure.exit_code()
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let common = &arguments.common;
    match &arguments.command {
        Command::Goals(own) => commands::goals::run(common, own),
        Command::Forge(own) => commands::forge::run(common, own),
        Command::Repair(own) => commands::repair::run(common, own),
        Command::Verify(own) => commands::verify::run(common, own),
        Command::Directive(own) => commands::directive::run(common, own),
        Command::Mutants(own) => commands::mutants::run(common, own),
        Command::Testgen(own) => commands::testgen::run(common, own),
        Command::External(own) => commands::external::run(common, own),
        Command::Pack(own) => commands::pack::run(common, own),
        Command::Llm(own) => commands::llm::run(common, own),
        Command::Lsp(own) => commands::lsp::run(own),
        Command::Registry(own) => commands::registry::run(common, own),
        Command::Report(own) => commands::report::run(common, own),
        Command::Doctor(own) => commands::doctor::run(common, own),
        Command::Init(own) => commands::init::run(common, own),
        Command::Demo(own) => commands::demo::run(common, own),
        Command::Completions(own) => commands::completions::run(own),
        Command::Schema => commands::schema::run(),
    }
}
