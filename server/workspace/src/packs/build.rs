//! Compiling the grammar of a user's pack: the system's C compiler in the sandbox, then the result is tried in the sandbox
//! too, and only then put where this process may load it.

use hephaestus_core::{CancelToken, SandboxSettings};
use hephaestus_grammars::native::{GrammarError, Sources, load};
use hephaestus_harness::sandbox::{
    HelperCommand, Sandbox, SandboxError, Session, Step, StepOutcome, StepStatus, View,
};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest parsers take minutes.
const COMPILING: Duration = Duration::from_secs(900);
const TRYING: Duration = Duration::from_secs(30);
/// The library in the out folder.
const LIBRARY: &str = "grammar.so";

/// Why a grammar was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The pack brings no grammar, or one that cannot be built.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// The compiler is missing, or complains.
    #[error("the grammar does not compile: {0}")]
    Compiler(String),
    /// The compiled grammar does not stand a trial.
    #[error("the compiled grammar cannot be used: {0}")]
    Unfit(String),
    /// There is no folder to keep it in.
    #[error("there is no folder for a user's data on this system")]
    NoFolder,
    /// It cannot be written.
    #[error("the compiled grammar cannot be kept: {0}")]
    Io(#[from] io::Error),
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

/// A grammar that was built, or was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The compiled grammar.
    pub library: PathBuf,
    /// The function in it.
    pub symbol: String,
    /// Bytes of it.
    pub bytes: u64,
    /// Whether these very sources had been built before.
    pub was_there: bool,
}

/// Builds the grammar of the pack in `folder`. `trial` are the words after this program's name that make it load a library
/// and exit with 0 where that went well; the library and the function's name are put behind them.
///
/// # Errors
/// When there is nothing to build, no compiler, or what comes out is no grammar.
pub fn build(
    folder: &Path,
    helper: HelperCommand,
    trial: &[String],
    cancel: &CancelToken,
) -> Result<Built, BuildError> {
    let sources = Sources::read(folder)?;
    let into = super::built_folder().ok_or(BuildError::NoFolder)?;
    let library = sources.library(&into);
    let was_there = library.exists();
    if !was_there {
        let program = helper.program.display().to_string();
        let sandbox = Sandbox::new(helper, SandboxSettings::default());
        let root = fs::canonicalize(&sources.folder)?;
        let mut session = sandbox.open(&View { root, ..View::default() }, cancel)?;
        let bytes = compile(&mut session, &sources, cancel)?;
        let words = [&[program], trial].concat();
        stand_trial(&mut session, &bytes, &sources.symbol, words, cancel)?;
        keep(&library, &bytes)?;
    }
    load(&library, &sources.symbol)?;
    let bytes = fs::metadata(&library)?.len();
    Ok(Built { library, symbol: sources.symbol, bytes, was_there })
}

fn compile(session: &mut Session, sources: &Sources, cancel: &CancelToken) -> Result<Vec<u8>, BuildError> {
    let output = format!("{{out}}/{LIBRARY}");
    let flags = ["cc", "-shared", "-fPIC", "-O2", "-std=c11", "-w", "-I", ".", "-o", &output];
    let argv = flags.into_iter().map(str::to_owned).chain(sources.units.iter().cloned());
    let step = Step {
        argv: argv.collect(),
        timeout: COMPILING,
        collect: vec![LIBRARY.to_owned()],
        ..Step::default()
    };
    let mut outcome = session.run(&step, cancel)?;
    match outcome.status {
        StepStatus::Exited(0) => outcome
            .files
            .pop()
            .map(|(_, bytes)| bytes)
            .ok_or_else(|| BuildError::Compiler("the compiler wrote nothing".to_owned())),
        StepStatus::NotStarted { not_found: true, .. } => Err(BuildError::Compiler(
            "there is no C compiler `cc`; install one, e.g. `apt install gcc`".to_owned(),
        )),
        _ => Err(BuildError::Compiler(said(&outcome))),
    }
}

/// Loads the library in a process of the sandbox: what crashes there has not crashed here.
fn stand_trial(
    session: &mut Session,
    bytes: &[u8],
    symbol: &str,
    words: Vec<String>,
    cancel: &CancelToken,
) -> Result<(), BuildError> {
    let file =
        hephaestus_core::RelPath::new(LIBRARY).map_err(|error| BuildError::Unfit(error.to_string()))?;
    session.write(&file, Some(bytes))?;
    let library = file.under(session.root()).display().to_string();
    let argv = words.into_iter().chain([library, symbol.to_owned()]);
    let outcome = session.run(&Step::new(argv, TRYING), cancel)?;
    match outcome.status {
        StepStatus::Exited(0) => Ok(()),
        _ => Err(BuildError::Unfit(said(&outcome))),
    }
}

/// How a step ended, with what it said.
fn said(outcome: &StepOutcome) -> String {
    let text = outcome.stderr.text.trim();
    if text.is_empty() { format!("{:?}", outcome.status) } else { text.to_owned() }
}

/// Puts the library where it is looked for, whole or not at all.
fn keep(library: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = library.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(library).map_err(|error| error.error)?;
    Ok(())
}
