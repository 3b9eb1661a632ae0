//! The commands, one file each.

pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod directive;
pub(crate) mod doctor;
pub(crate) mod external;
pub(crate) mod forge;
pub(crate) mod goals;
pub(crate) mod init;
pub(crate) mod llm;
pub(crate) mod lsp;
pub(crate) mod mutants;
pub(crate) mod pack;
pub(crate) mod registry;
pub(crate) mod repair;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod testgen;
pub(crate) mod verify;

use crate::args::{Common, Selection};
use crate::failure::{Failure, Kind};
use hephaestus_core::{CancelToken, GoalKind};
use hephaestus_workspace::{ForgeRequest, HelperCommand, OpenOptions, Workspace};
use std::path::Path;
use std::process;

/// How the sandbox's helper is started: this very program.
pub(crate) fn helper() -> Result<HelperCommand, Failure> {
    // On Linux the link outlives the file: a rebuild or an update may replace the program while it runs.
    let link = Path::new("/proc/self/exe");
    let program = if link.exists() { link.to_owned() } else { std::env::current_exe()? };
    Ok(HelperCommand { program, args: vec![crate::HELPER.into()] })
}

/// A request without limits.
pub(crate) fn request() -> Result<ForgeRequest, Failure> {
    Ok(ForgeRequest::new(helper()?))
}

/// Opens the workspace, restricted to what was selected.
pub(crate) fn open(
    common: &Common,
    selection: &Selection,
    cancel: &CancelToken,
) -> Result<Workspace, Failure> {
    for kind in &selection.kind {
        kind.parse::<GoalKind>().map_err(|message| Failure::new(Kind::Usage, message))?;
    }
    let options = OpenOptions { paths: selection.paths.clone() };
    let mut workspace = Workspace::open(&common.root, &options, cancel)?;
    if !selection.kind.is_empty() {
        workspace.config_mut().goals.kinds.clone_from(&selection.kind);
    }
    Ok(workspace)
}

/// Restricts a run to the engines that were named, where any were. What is named has to be there and ready.
pub(crate) fn choose_engines(workspace: &mut Workspace, engines: &[String]) -> Result<(), Failure> {
    know_engines(workspace, engines)?;
    if engines.iter().any(|name| name == "llm") {
        workspace.llm_is_ready()?;
    }
    if !engines.is_empty() {
        workspace.config_mut().forge.engines = engines.to_vec();
    }
    Ok(())
}

/// Refuses names of engines that there are not.
pub(crate) fn know_engines(workspace: &Workspace, engines: &[String]) -> Result<(), Failure> {
    let known = workspace.config().engines();
    match engines.iter().find(|name| !known.contains(&name.as_str())) {
        Some(unknown) => {
            let message = format!("there is no engine `{unknown}`; engines: {}", known.join(", "));
            Err(Failure::new(Kind::Usage, message))
        }
        None => Ok(()),
    }
}

/// A token that Ctrl-C cancels. A second one ends the process at once; the sandbox's processes end with it.
pub(crate) fn cancel_on_interrupt() -> CancelToken {
    let cancel = CancelToken::new();
    let own = cancel.clone();
    let handler = move || {
        if own.is_cancelled() {
            process::exit(130);
        }
        own.cancel();
        anstream::eprintln!("\nstopping; what was found is kept (once more: stop at once)");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        anstream::eprintln!("Ctrl-C cannot be caught: {error}");
    }
    cancel
}
