//! The command line: what can be asked for, and its help.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use hephaestus_lsp::ListenAddress;
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  hephaestus forge                        find, prove and show improvements of the project here
  hephaestus forge --apply src/           write what was proved together, in src/ alone
  hephaestus forge --format html > r.html the run as a page: what was found, tried and kept
  hephaestus repair --apply               fix what makes tests fail, where a fix can be proved
  hephaestus directive run parser         build what .hephaestus/directives/parser.forge.md asks for
  hephaestus verify x.proof               prove an accepted improvement again, anywhere
  hephaestus mutants src/                 how strong the tests of src/ are, and what they do not notice
  hephaestus report --open                everything that was tried so far, as a page
  hephaestus goals --format sarif         what could be improved, for a code host
  hephaestus pack new python              add a rule of your own
  hephaestus lsp                          serve an editor
  hephaestus doctor                       what works here, what does not, how to mend it

Exit codes: 0 done; 1 --require or --min-score was missed, or a proof does not hold; 2 usage or configuration; 3 the tests cannot judge (red, absent,
not runnable); 4 internal.";

/// Suggests only what it can prove.
///
/// Finds places worth improving, tries candidate changes in a sandbox against the project's own tests, and shows - or
/// with --apply writes - only what held.
#[derive(Debug, Parser)]
#[command(name = "hephaestus", version, after_help = EXAMPLES, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The project's folder
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// Say nothing but the result
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Colour,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what could be improved, without running a test
    Goals(Goals),
    /// Find, prove and show improvements; write them with --apply
    Forge(Forge),
    /// Find, prove and show fixes of failing tests; write them with --apply
    Repair(Repair),
    /// Build, mend or improve what a directive asks for, until its lines hold
    Directive(Directive),
    /// Measure how strong the tests are, by small deliberate faults
    Mutants(Mutants),
    /// Find, prove and show tests for what no test notices; write them with --apply
    Testgen(Testgen),
    /// Prove again what a proof claims
    Verify(Verify),
    /// Languages, rules, operators and runners of your own
    Pack(Pack),
    /// Allow a language model to be asked about this project, or no longer
    Llm(Llm),
    /// Show and check programs of your own: engines, proposers, dimensions, reporters
    External(External),
    /// Serve an editor: the language server
    Lsp(Lsp),
    /// Look at what was tried and what came of it
    Registry(Registry),
    /// Write a page about everything that was tried
    Report(Report),
    /// Show what works here, what is degraded, and how to mend it
    Doctor(Doctor),
    /// Write a commented hephaestus.toml
    Init(Init),
    /// See the whole cycle on a small bundled project
    Demo(Demo),
    /// Print a shell's completion script
    Completions(Completions),
    /// Print the JSON schema of hephaestus.toml
    Schema,
}

/// What to look at, for goals and forge.
#[derive(Debug, Clone, Args)]
pub(crate) struct Selection {
    /// Files and folders to look at; everything when none is given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only goals of these kinds: simplify, modernize, correctness, dead-code, speed, lint, complexity,
    /// duplication, hole, repair, strengthen
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub(crate) kind: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hephaestus goals --kind complexity,simplify src/")]
pub(crate) struct Goals {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: GoalsFormat,
    /// Do not ask other linters, nor programs of your own
    #[arg(long)]
    pub(crate) no_linters: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GoalsFormat {
    Text,
    Json,
    Sarif,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hephaestus forge --budget 2m --jobs 2 --apply src/")]
pub(crate) struct Forge {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Only these engines: rewrite, fixers, search, synth, llm, or programs of your own
    #[arg(long, value_name = "ENGINE", value_delimiter = ',')]
    pub(crate) engine: Vec<String>,
    /// Write what was proved together
    #[arg(long)]
    pub(crate) apply: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ForgeFormat,
    /// Time for trying candidates, the baseline and the linters apart: 90, 60s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) budget: Option<Duration>,
    /// Trials to make at the most
    #[arg(long, value_name = "N")]
    pub(crate) trials: Option<u64>,
    /// Trials at the same time [default: one per processor]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
    /// Try everything again, whatever is remembered of earlier runs on the same code
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Seed of what is random
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Exit with 1 unless at least this many improvements were proved
    #[arg(long, value_name = "N")]
    pub(crate) require: Option<usize>,
    /// Show every patch, however many there are
    #[arg(long)]
    pub(crate) diff: bool,
    /// Where only weak tests hold improvements back, write the tests that are missing, and try again with them
    #[arg(long)]
    pub(crate) strengthen: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus repair                       find a fix for every failing test of the project here, and show it
  hephaestus repair --apply               write the fixes that were proved together
  hephaestus repair tests/test_parser.py  only what makes these tests fail
  hephaestus repair src/parser.py         only what seems to go wrong in this file
  hephaestus repair --budget 10m --seed 7 search for longer, in another order
  hephaestus repair --engine llm          ask a language model, where one is configured and allowed
  hephaestus repair --format json         the fixes, what else would pass, and the questions that are open

Exit codes: 0 a fix for every reason, or no test fails; 1 some reason has no fix; 2 usage or configuration; 3 the tests
cannot be run; 4 internal.")]
pub(crate) struct Repair {
    /// Tests, or files in which the reason may lie; everything when none is given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only these engines: search, llm, ...
    #[arg(long, value_name = "ENGINE", value_delimiter = ',')]
    pub(crate) engine: Vec<String>,
    /// Write what was proved together
    #[arg(long)]
    pub(crate) apply: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ForgeFormat,
    /// CPU time for searching, for each reason why tests fail: 90, 60s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "120s")]
    pub(crate) budget: Duration,
    /// Fixes to try in full at the most, all reasons together
    #[arg(long, value_name = "N")]
    pub(crate) trials: Option<u64>,
    /// Reasons to work on at the same time [default: one per processor]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
    /// Try everything again, whatever is remembered of earlier runs on the same code
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Seed of what is random
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Show the other changes that make the same tests pass, too
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus pack new python        a rule of your own for Python, to be filled in, in .hephaestus/grammars/python
  hephaestus pack new lua           a pack for a language that is not shipped
  hephaestus pack build lua         compile the grammar whose sources lie in the pack
  hephaestus pack check             tell what is wrong with the packs that hold here
  hephaestus pack test python       try its rules and operators on their own examples
  hephaestus pack list              which packs there are, from where, and what each has

Packs lie in .hephaestus/grammars of a project and, for all projects, in hephaestus/grammars of your configuration folder.

Exit codes: 0 done; 1 an example does not hold; 2 something is wrong with a pack, or usage; 4 internal.")]
pub(crate) struct Pack {
    #[command(subcommand)]
    pub(crate) verb: PackVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PackVerb {
    /// Write a pack to be filled in; for a language that is shipped, a rule
    New(PackNew),
    /// Tell what is wrong with packs, without running anything
    Check(PackNamed),
    /// Try the rules and operators of packs on their own examples
    Test(PackNamed),
    /// Compile the grammar of a pack, in the sandbox, for this user
    Build(PackNamed),
    /// List packs, and what each has
    List(PackList),
    /// Load a compiled grammar and say its version: how one that was just built is tried
    #[command(hide = true)]
    Try {
        /// The library
        library: PathBuf,
        /// The function in it
        symbol: String,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hephaestus pack new python")]
pub(crate) struct PackNew {
    /// The language's id: one of ours to add to, or a new one
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Write it for all your projects, into your configuration folder
    #[arg(long)]
    pub(crate) user: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hephaestus pack check .hephaestus/grammars/lua")]
pub(crate) struct PackNamed {
    /// The pack's folder, or its name; every pack that holds here when none is given
    #[arg(value_name = "DIR|NAME")]
    pub(crate) packs: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hephaestus pack list --format json")]
pub(crate) struct PackList {
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DirectiveFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Directive {
    #[command(subcommand)]
    pub(crate) verb: DirectiveVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DirectiveVerb {
    /// Write a new directive to .hephaestus/directives, to be filled in
    New(DirectiveNew),
    /// Tell what is wrong with directives, without running anything
    Check(DirectiveCheck),
    /// Forge code until the lines of directives hold; write it with --apply
    Run(DirectiveRun),
}

#[derive(Debug, Args)]
#[command(after_help = "Example: hephaestus directive new fix digits-are-kept")]
pub(crate) struct DirectiveNew {
    /// build, improve, fix, refactor, optimize or test
    #[arg(value_name = "KIND")]
    pub(crate) kind: String,
    /// What it is called: letters, digits, `-`, `_` and `.`
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus directive check                 every directive in .hephaestus/directives
  hephaestus directive check parser          the one called parser
  hephaestus directive check --format json   with ranges, fixes, and what is known of each line

Exit codes: 0 every directive can be run; 2 one cannot, or usage or configuration; 4 internal.")]
pub(crate) struct DirectiveCheck {
    /// Directives: files, or names of those in .hephaestus/directives; all of these when none is given
    #[arg(value_name = "FILE|NAME")]
    pub(crate) directives: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DirectiveFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus directive run                   every directive in .hephaestus/directives, one after the other
  hephaestus directive run parser            the one called parser, without writing anything
  hephaestus directive run parser --apply    write code and tests when every line holds
  hephaestus directive run fix.forge.md --engine search --budget 5m
  hephaestus directive run --format json     what came of each line

Exit codes: 0 every line holds, but for those that only a person can judge; 1 one does not; 2 usage, configuration, or a
directive that is wrong; 3 the tests cannot be run; 4 internal.")]
pub(crate) struct DirectiveRun {
    /// Directives: files, or names of those in .hephaestus/directives; all of these when none is given
    #[arg(value_name = "FILE|NAME")]
    pub(crate) directives: Vec<PathBuf>,
    /// Only these engines, whatever the directive says
    #[arg(long, value_name = "ENGINE", value_delimiter = ',')]
    pub(crate) engine: Vec<String>,
    /// Write code and tests where all lines of a directive hold
    #[arg(long)]
    pub(crate) apply: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: DirectiveFormat,
    /// Time for each directive's search, tests of the unchanged code apart: 90, 60s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) budget: Option<Duration>,
    /// Trials to make at the most, for each directive
    #[arg(long, value_name = "N")]
    pub(crate) trials: Option<u64>,
    /// Trials at the same time [default: one per processor]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
    /// Try everything again, whatever is remembered of earlier runs on the same code
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Seed of what is random, inputs of properties among it
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DirectiveFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForgeFormat {
    Text,
    Json,
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus mutants                            every mutant of the project here
  hephaestus mutants --in-diff main             only on lines changed since main
  git diff main | hephaestus mutants --in-diff - --min-score 80
  hephaestus mutants src/parser.py --budget 5m  as much as can be tried in five minutes
  hephaestus mutants --format html --output strength.html

What is known from earlier runs is not run again: a second run tries only what has changed.")]
pub(crate) struct Mutants {
    /// Files and folders whose code gets mutants; everything when none is given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Only mutants on lines added or changed: since a revision, or by a unified diff in a file (- for standard input)
    #[arg(long, value_name = "REV|FILE", allow_hyphen_values = true)]
    pub(crate) in_diff: Option<String>,
    /// Only these operators; * stands for any text
    #[arg(long, value_name = "OPERATOR", value_delimiter = ',')]
    pub(crate) operator: Vec<String>,
    /// How to print: text, json (the schema of mutation-testing-elements) or html (one page that needs no network)
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: MutantsFormat,
    /// Where to; standard output when absent
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 1 unless the tests notice at least so many percent of the mutants: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    pub(crate) min_score: Option<f64>,
    /// Time for trying mutants, the tests of the unchanged code apart: 90, 60s, 5m, 1h
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) budget: Option<Duration>,
    /// Mutants at the same time [default: one per processor]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
    /// Try everything again, whatever is remembered of earlier runs
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Decides which mutants come first
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Only say which mutants there are
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hephaestus testgen src/parser.py               tests for what no test of this file notices
  hephaestus testgen src/parser.py --apply       the same, written where the project keeps its tests
  hephaestus testgen --budget 5m --format json   as much as can be found in five minutes

The tests hold what the code does today, whether or not it was meant: read them before you keep them.")]
pub(crate) struct Testgen {
    /// Files and folders whose code gets tests; everything when none is given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write the tests into the project
    #[arg(long)]
    pub(crate) apply: bool,
    /// How to print: text or json
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TestgenFormat,
    /// Time for finding and proving tests, the mutants apart: 90, 60s, 5m, 1h [default: 30s for each file]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) budget: Option<Duration>,
    /// Exit with 1 unless the new tests notice at least so many faults that no test did
    #[arg(long, value_name = "N")]
    pub(crate) min_kills: Option<usize>,
    /// Mutants at the same time [default: one per processor]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<u32>,
    /// Decides what is made up
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Show the whole text of the tests
    #[arg(long)]
    pub(crate) diff: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestgenFormat {
    /// For people
    Text,
    /// One object
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MutantsFormat {
    Text,
    Json,
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus verify .hephaestus/proofs/*.proof     everything that was proved here
  hephaestus verify review.proof --root checkout   what somebody else proved, in a clone of the same project

Nothing in the project is changed. Exit code 0 when every proof holds, 1 when one does not, 2 when a file is no proof.")]
pub(crate) struct Verify {
    /// Proofs, as `hephaestus forge` and `hephaestus repair` write them to .hephaestus/proofs
    #[arg(value_name = "PROOF", required = true)]
    pub(crate) proofs: Vec<PathBuf>,
    /// Prove it among the files as they are now, where others than those it changes differ from what they were
    #[arg(long)]
    pub(crate) despite_changes: bool,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: VerifyFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus llm                     what is configured, and whether it may be asked about this project
  hephaestus llm consent             allow it: code and test output of this project may be sent there
  hephaestus llm consent --withdraw  no longer

Nothing is sent by this command. What is sent by others: `hephaestus registry search --llm` lists it.")]
pub(crate) struct Llm {
    #[command(subcommand)]
    pub(crate) verb: Option<LlmVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LlmVerb {
    /// Allows what is configured now to be asked about this project
    Consent {
        /// Takes every consent for this project back
        #[arg(long)]
        withdraw: bool,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus external                            what is configured as `[[external]]`
  hephaestus external check percent-format       does the program of that name do what is asked of it?
  hephaestus external check python3 tools/it.py  the same for a program that is not configured yet
  hephaestus external schema                     the protocol as a JSON schema")]
pub(crate) struct External {
    #[command(subcommand)]
    pub(crate) verb: Option<ExternalVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExternalVerb {
    /// Starts a program, greets it, asks it for every part it takes, and says what is wrong
    Check {
        /// The name of one that is configured, or a program with its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        program: Vec<String>,
    },
    /// Prints the JSON schema of every line of the protocol
    Schema,
}

#[derive(Debug, Args)]
#[command(after_help = "Editors start this by themselves: see the manual's page about editors.

Examples:
  hephaestus lsp                          over standard input and output
  hephaestus lsp --listen 127.0.0.1:9257  for one editor that connects there")]
pub(crate) struct Lsp {
    /// Speak over standard input and output: what happens without any flag too
    #[arg(long, conflicts_with = "listen")]
    pub(crate) stdio: bool,
    /// Wait for one editor at this address
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<ListenAddress>,
    /// Where the log goes [default: hephaestus/lsp.log in the user's state folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Registry {
    #[command(subcommand)]
    pub(crate) verb: RegistryVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RegistryVerb {
    /// The latest runs
    Log {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// One candidate: its goal, patch, trials, score and what became of it; or what was asked of a language model
    Show {
        /// A candidate's id, or its beginning
        id: String,
    },
    /// Two candidates side by side
    Diff {
        /// One id
        left: String,
        /// The other
        right: String,
    },
    /// The steps a candidate was reached by
    Lineage {
        /// A candidate's id
        id: String,
    },
    /// Candidates whose goal, rule or patch holds a text
    Search {
        /// The text; everything when absent
        #[arg(default_value = "")]
        text: String,
        /// What was asked of language models instead
        #[arg(long)]
        llm: bool,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Everything as JSON lines
    Export {
        /// Where to; standard output when absent
        file: Option<PathBuf>,
    },
    /// Takes in what export wrote
    Import {
        /// Where from
        file: PathBuf,
    },
    /// Forgets what is old, and gives the space back
    Gc {
        /// Days to keep
        #[arg(long, default_value_t = 90)]
        days: u32,
        /// Megabytes to keep within
        #[arg(long, default_value_t = 512)]
        megabytes: u64,
    },
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hephaestus report                    write .hephaestus/report.html
  hephaestus report --open             and show it in the browser
  hephaestus report --output page.html

The page is one file that loads nothing. It tells what is remembered of earlier runs; no test is run.")]
pub(crate) struct Report {
    /// Where to [default: .hephaestus/report.html in the project]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Show it in the browser
    #[arg(long)]
    pub(crate) open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Also start the language server and speak to it as an editor does
    #[arg(long)]
    pub(crate) lsp: bool,
    /// Also ask the configured language model's server which models it has
    #[arg(long)]
    pub(crate) llm: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Write over an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where to put the demo project, and leave it; a folder that does not exist yet
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Example: hephaestus completions bash > ~/.local/share/bash-completion/completions/hephaestus"
)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// A number from 0 to 100.
fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').parse().ok();
    number
        .filter(|number| (0.0..=100.0).contains(number))
        .ok_or_else(|| "write a number from 0 to 100".to_owned())
}

/// Seconds, or a number with s, m or h.
fn parse_time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.trim().char_indices().find(|(_, c)| c.is_ascii_alphabetic()) {
        Some((at, _)) => text.trim().split_at(at),
        None => (text.trim(), "s"),
    };
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("`{unit}` is no unit of time; use s, m or h")),
    };
    let number: f64 =
        number.trim().parse().map_err(|_| format!("`{text}` is no time; write 90, 60s, 5m or 1h"))?;
    Duration::try_from_secs_f64(number * factor)
        .map_err(|_| format!("`{text}` is no time that can be waited for"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn percentages_are_read() {
        assert_eq!(parse_percent("80"), Ok(80.0));
        assert_eq!(parse_percent("99.5%"), Ok(99.5));
        assert!(
            parse_percent("101").is_err() && parse_percent("-1").is_err() && parse_percent("NaN").is_err()
        );
    }

    #[test]
    fn times_are_read() {
        assert_eq!(parse_time("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_time("1.5m"), Ok(Duration::from_secs(90)));
        assert!(parse_time("soon").is_err());
        assert!(parse_time("-1s").is_err());
        assert!(parse_time("5d").is_err());
    }
}
