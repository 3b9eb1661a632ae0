//! `hephaestus pack`: languages, rules, operators and runners of a user's own.

mod list;

use crate::args::{Common, Pack, PackNamed, PackNew, PackVerb};
use crate::commands::forge::counted;
use crate::commands::{cancel_on_interrupt, helper};
use crate::failure::{Failure, Kind};
use crate::terminal::{self, BAD, FAINT};
use hephaestus_workspace::packs::{
    self, BuildError, FOLDER, PackProblem, PackTrial, SkeletonError, build, find, packs_of, trial,
    users_folder,
};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) fn run(common: &Common, own: &Pack) -> Result<ExitCode, Failure> {
    match &own.verb {
        PackVerb::New(own) => new(common, own),
        PackVerb::Check(own) => check(common, own),
        PackVerb::Test(own) => test(common, own),
        PackVerb::Build(own) => build_all(common, own),
        PackVerb::List(own) => list::run(common, own),
        PackVerb::Try { library, symbol } => attempt(library, symbol),
    }
}

fn new(common: &Common, own: &PackNew) -> Result<ExitCode, Failure> {
    let into = if own.user {
        users_folder().ok_or_else(|| Failure::new(Kind::Usage, "there is no configuration folder here"))?
    } else {
        common.root.join(FOLDER)
    };
    let files = packs::new(&own.name, &into)?;
    let mut text = String::new();
    for file in &files {
        text.push_str(&format!("{} written\n", file.display()));
    }
    let folder = into.join(&own.name);
    let is_language = files.iter().any(|file| file.ends_with("pack.toml"));
    if is_language {
        let grammar = folder.join("grammar");
        text.push_str(&format!(
            "put the grammar's repository, or its src folder, into {}; then:\n",
            grammar.display()
        ));
        text.push_str(&format!("  hephaestus pack build {}\n", own.name));
    } else {
        text.push_str("fill it in; then:\n");
    }
    text.push_str(&format!("  hephaestus pack test {}\n", own.name));
    terminal::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The folders of the packs that are meant.
fn folders(common: &Common, own: &PackNamed) -> Result<Vec<PathBuf>, Failure> {
    if own.packs.is_empty() {
        let all: Vec<PathBuf> = packs_of(Some(&common.root)).into_iter().map(|pack| pack.folder).collect();
        if all.is_empty() {
            let hint = "`hephaestus pack new NAME` writes one to .hephaestus/grammars.";
            return Err(Failure::new(Kind::Usage, "there is no pack here").hint(hint));
        }
        return Ok(all);
    }
    let found = |named: &PathBuf| {
        find(&common.root, named).ok_or_else(|| {
            Failure::new(Kind::Usage, format!("there is no pack `{}`", named.display()))
                .hint("`hephaestus pack list` shows which there are.")
        })
    };
    own.packs.iter().map(found).collect()
}

fn trials(common: &Common, own: &PackNamed) -> Result<Vec<PackTrial>, Failure> {
    folders(common, own)?.iter().map(|folder| Ok(trial(folder)?)).collect()
}

fn check(common: &Common, own: &PackNamed) -> Result<ExitCode, Failure> {
    let trials = trials(common, own)?;
    for trial in &trials {
        show(&trial.problems)?;
    }
    let wrong: usize = trials.iter().map(|trial| trial.problems.len()).sum();
    let said = format!("{}: {}", counted(trials.len(), "pack"), counted(wrong, "problem"));
    if wrong > 0 {
        return Err(Failure::new(Kind::Usage, said));
    }
    if !common.quiet {
        anstream::eprintln!("{said}");
    }
    Ok(ExitCode::SUCCESS)
}

fn test(common: &Common, own: &PackNamed) -> Result<ExitCode, Failure> {
    let trials = trials(common, own)?;
    for trial in &trials {
        show(&trial.problems)?;
        show(&trial.slips)?;
        let (rules, examples) = trial.rules;
        if !common.quiet {
            terminal::print(&format!(
                "{}: {} with {}, {}, {}\n",
                trial.id,
                counted(rules, "rule"),
                counted(examples, "example"),
                counted(trial.operators, "operator"),
                counted(trial.runners, "runner"),
            ))?;
        }
    }
    let count = |of: fn(&PackTrial) -> usize| trials.iter().map(of).sum::<usize>();
    match (count(|trial| trial.problems.len()), count(|trial| trial.slips.len())) {
        (0, 0) => Ok(ExitCode::SUCCESS),
        (0, slips) => Err(Failure::new(Kind::Missed, format!("{} not hold", does(slips)))),
        (problems, _) => Err(Failure::new(Kind::Usage, counted(problems, "problem"))),
    }
}

fn does(examples: usize) -> String {
    let verb = if examples == 1 { "does" } else { "do" };
    format!("{} {verb}", counted(examples, "example"))
}

/// Each complaint at its place, as compilers write them, and what to do about it.
fn show(problems: &[PackProblem]) -> Result<(), Failure> {
    for problem in problems {
        let PackProblem { file, line, column, message, hint } = problem;
        let place = format!("{}:{line}:{column}", file.display());
        let message = message.trim_end().replace('\n', "\n    ");
        terminal::print(&format!("{place}: {BAD}error{BAD:#}: {message}\n    {FAINT}{hint}{FAINT:#}\n"))?;
    }
    Ok(())
}

fn build_all(common: &Common, own: &PackNamed) -> Result<ExitCode, Failure> {
    let cancel = cancel_on_interrupt();
    let words = ["pack", "try"].map(str::to_owned);
    for folder in folders(common, own)? {
        if own.packs.is_empty() && !folder.join("grammar").exists() {
            continue;
        }
        let built = build(&folder, helper()?, &words, &cancel)?;
        let how = if built.was_there { "was built already" } else { "built" };
        terminal::print(&format!(
            "{} {how}: {} ({} KB)\n",
            built.symbol,
            built.library.display(),
            built.bytes / 1024
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs in the sandbox.
fn attempt(library: &Path, symbol: &str) -> Result<ExitCode, Failure> {
    match packs::load(library, symbol) {
        Ok(grammar) => {
            terminal::print(&format!("ABI version {}\n", grammar.abi_version()))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Err(Failure::new(Kind::Usage, error.to_string())),
    }
}

impl From<SkeletonError> for Failure {
    fn from(error: SkeletonError) -> Self {
        Self::new(Kind::Usage, error.to_string())
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let hint = "A grammar's repository has src/parser.c; put the repository into the pack as `grammar`.";
        match error {
            BuildError::Io(_) | BuildError::Sandbox(_) | BuildError::NoFolder => {
                Self::new(Kind::Internal, error.to_string())
            }
            BuildError::Grammar(_) => Self::new(Kind::Usage, error.to_string()).hint(hint),
            BuildError::Compiler(_) | BuildError::Unfit(_) => Self::new(Kind::Usage, error.to_string()),
        }
    }
}
