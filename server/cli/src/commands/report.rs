//! `hephaestus report`: reads what is remembered, writes one page, and shows it when asked to.

use crate::args::{Common, Report};
use crate::failure::{Failure, Kind};
use crate::report::render_history;
use crate::terminal::{self, ODD};
use hephaestus_core::CancelToken;
use hephaestus_workspace::registry::Registry;
use hephaestus_workspace::{History, OpenOptions, Workspace, WorkspaceError};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tempfile::NamedTempFile;

/// The page's name in the state folder.
const FILE_NAME: &str = "report.html";

pub(crate) fn run(common: &Common, own: &Report) -> Result<ExitCode, Failure> {
    let workspace = match Workspace::open(&common.root, &OpenOptions::default(), &CancelToken::new()) {
        Err(error @ WorkspaceError::NoFolder { .. }) => return Err(error.into()),
        // What was tried can be told even where nothing could be tried now.
        other => other.map_err(|error| error.to_string()),
    };
    let root = fs::canonicalize(&common.root)?;
    let folder = root.join(".hephaestus");
    let registry = folder.join("registry.db").is_file().then(|| Registry::open(&folder)).transpose()?;
    let opened = workspace.as_ref().map_err(Clone::clone);
    let history = History::read(&root, registry.as_ref(), opened)?;
    let path = match &own.output {
        Some(path) => std::path::absolute(path)?,
        None => folder.join(FILE_NAME),
    };
    write(&path, &folder, &render_history(&history))?;
    if history.is_empty() && !common.quiet {
        anstream::eprintln!("{ODD}note{ODD:#}: nothing has been tried here yet; `hephaestus forge` begins");
    }
    terminal::print(&format!("{}\n", path.display()))?;
    if own.open
        && let Err(error) = open::that_detached(&path)
    {
        anstream::eprintln!(
            "{ODD}note{ODD:#}: no browser could be started ({error}); open the file yourself"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes beside the place and renames: whoever reads the page meanwhile reads the old one or the new one.
fn write(path: &Path, state: &Path, page: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Kind::Internal, format!("{}: {error}", path.display()));
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    if folder == state {
        Registry::prepare_folder(state).map_err(failed)?;
    }
    let mut file = NamedTempFile::new_in(&folder).map_err(failed)?;
    file.write_all(page.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Temporary files are private; a page is for whoever may read the folder.
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(failed)?;
    }
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
