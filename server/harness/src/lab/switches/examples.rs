//! The examples in the documentation: built once on the common build, their programs kept, and from then on started
//! directly like any other test program.
//!
//! The tool that builds examples throws their programs away after running them. A wrapper around that run makes a copy.
//! Programs with several examples in them report them; of the others it is only known in which order they were run.

use super::Bench;
use super::build::{of_sandbox, open};
use super::programs::moved;
use super::project::{Manner, Program};
use super::survey::Names;
use crate::lab::LabError;
use crate::redirect::{FILE, Streams, output, redirected};
use crate::sandbox::{Session, Step, View};
use hephaestus_core::{CancelToken, RelPath};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

/// Where the copies go, below the root.
const FOLDER: &str = ".hephaestus-examples";

/// Examples, ready to run.
#[derive(Debug, Default)]
pub(super) struct Examples {
    pub(super) programs: Vec<Program>,
    /// The tests of each program.
    pub(super) names: Names,
    /// Their ids in the suite's report, by program and name.
    pub(super) ids: HashMap<(usize, String), String>,
    pub(super) cpu: Duration,
    pub(super) notes: Vec<String>,
}

/// An example as the tool's output names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Mention {
    library: String,
    /// With its line.
    name: String,
    /// Without it, unique: as the suite's report has it.
    id: String,
}

impl Examples {
    /// Builds the examples on top of the common build, in a view kept at `keep`.
    pub(super) fn make(bench: &Bench, keep: PathBuf, cancel: &CancelToken) -> Result<Self, LabError> {
        let view = View { keep: Some(keep), ..bench.built.clone() };
        let mut session = open(&bench.sandbox, &view, cancel)?;
        let wrapper =
            RelPath::new(format!("{FOLDER}/keep.sh")).map_err(|error| LabError::Unfit(error.to_string()))?;
        let root = session.root().to_owned();
        let folder = root.join(FOLDER).display().to_string();
        let script = format!(
            "n=0\nwhile [ -e '{folder}/'$n ]; do n=$((n+1)); done\ncp \"$1\" '{folder}/'$n && echo $n >'{folder}/count'\nexec \"$@\"\n"
        );
        session.write(&wrapper, Some(script.as_bytes())).map_err(of_sandbox)?;
        let path = wrapper.under(&root).display().to_string();
        let commands = &bench.tool.commands;
        let env: BTreeMap<String, String> = commands
            .env
            .iter()
            .chain(&commands.examples_env)
            .map(|(name, value)| (name.clone(), value.replace("{wrapper}", &path)))
            .collect();
        if let Some(slim) = &bench.slim {
            slim.put_on(&mut session)?;
        }
        let run = bench.tool.run_streams(&mut session, &commands.examples, &env, Streams::Both, cancel)?;
        if let Some(slim) = &bench.slim {
            slim.take_off(&mut session)?;
        }
        let mut examples = Self { cpu: run.cpu, ..Self::default() };
        let mentions = mentions(&output(&run));
        let count = kept(&mut session, &folder, cancel)?;
        let mut listed: HashSet<&Mention> = HashSet::new();
        let mut bare = Vec::new();
        for at in 0..count {
            let path = format!("{folder}/{at}");
            let names = reported(&mut session, &path, cancel)?;
            let own: Vec<&Mention> = mentions
                .iter()
                .filter(|mention| names.contains(&mention.name) && !listed.contains(mention))
                .collect();
            if own.is_empty() {
                bare.push(path);
            } else {
                examples.add(bench, &moved(&path, &root, &bench.programs.root), &own, Manner::Whole);
                listed.extend(own);
            }
        }
        let single: Vec<&Mention> = mentions.iter().filter(|mention| !listed.contains(mention)).collect();
        if single.len() == bare.len() {
            for (mention, path) in single.into_iter().zip(bare) {
                examples.add(bench, &moved(&path, &root, &bench.programs.root), &[mention], Manner::Bare);
            }
        } else {
            examples.notes.push(format!(
                "{} examples of the documentation ran as {} programs: they are left out",
                single.len(),
                bare.len()
            ));
        }
        session.close();
        Ok(examples)
    }

    /// Adds a program that runs `own`, all of one library.
    fn add(&mut self, bench: &Bench, path: &str, own: &[&Mention], manner: Manner) {
        let Some(first) = own.first() else { return };
        let at = self.programs.len();
        let root = &bench.programs.root;
        if let Some(cargo) = bench.project.cargo() {
            self.programs.push(cargo.example(root, &first.library, path.to_owned(), manner));
        }
        self.ids.extend(own.iter().map(|mention| ((at, mention.name.clone()), mention.id.clone())));
        self.names.push((at, own.iter().map(|mention| mention.name.clone()).collect()));
    }
}

/// The names of the examples a program reports; none if it is a single one. There is no way to ask but to run it.
fn reported(session: &mut Session, path: &str, cancel: &CancelToken) -> Result<HashSet<String>, LabError> {
    let mut step = Step::new([path.to_owned()], Duration::from_secs(60));
    step.argv = redirected(step.argv, Streams::Out);
    step.collect = vec![FILE.to_owned()];
    let text = output(&super::programs::run(session, &step, cancel)?);
    Ok(mentions(&text).into_iter().map(|mention| mention.name).collect())
}

/// How many programs were kept.
fn kept(session: &mut Session, folder: &str, cancel: &CancelToken) -> Result<usize, LabError> {
    let mut step = Step::new(["cat".to_owned(), format!("{folder}/count")], Duration::from_secs(10));
    step.argv = redirected(step.argv, Streams::Out);
    step.collect = vec![FILE.to_owned()];
    let outcome = super::programs::run(session, &step, cancel)?;
    Ok(output(&outcome).trim().parse::<usize>().map_or(0, |last| last + 1))
}

/// The examples that were run and passed, in that order.
fn mentions(text: &str) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let mut ids: HashSet<String> = HashSet::new();
    let mut library = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("Doc-tests ") {
            library = name.to_owned();
        }
        let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... "))
        else {
            continue;
        };
        let place = name.rsplit_once(" (line ");
        let only_compiled = place.is_some_and(|(_, rest)| rest.contains(" - compile"));
        let bare_name = place.map_or(name, |(bare_name, _)| bare_name);
        let plain = format!("doc {library}::{bare_name}");
        let mut id = plain.clone();
        let mut nth = 1;
        while !ids.insert(id.clone()) {
            nth += 1;
            id = format!("{plain} #{nth}");
        }
        if !only_compiled && (outcome == "ok" || outcome.starts_with("FAILED")) {
            let name = name.strip_suffix(" - should panic").unwrap_or(name).to_owned();
            mentions.push(Mention { library: library.clone(), name, id });
        }
    }
    mentions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_run_is_mentioned() {
        let text = "   Doc-tests x\n\nrunning 4 tests\ntest src/lib.rs - f (line 3) ... ok\ntest src/lib.rs - f (line 9) ... ok\n\
                    test src/lib.rs - g (line 12) - compile ... ok\ntest src/lib.rs - h (line 2) ... ignored\n";
        let found: Vec<_> = mentions(text).into_iter().map(|mention| (mention.name, mention.id)).collect();
        let expected = [
            ("src/lib.rs - f (line 3)", "doc x::src/lib.rs - f"),
            ("src/lib.rs - f (line 9)", "doc x::src/lib.rs - f #2"),
        ];
        assert_eq!(found, expected.map(|(name, id)| (name.to_owned(), id.to_owned())));
    }
}
