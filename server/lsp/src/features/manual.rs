//! The manual's pages about rules, which diagnostics link to. They travel in the binary and are laid out on disk once
//! per version, so that the links work without a network.

use crate::trust::state_folder;
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use tower_lsp::ls_types::{CodeDescription, Uri};

static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/src/rules-reference");

/// The page about what a diagnostic's code means; `None` when there is none.
pub(crate) fn description(rule: &str) -> Option<CodeDescription> {
    let (language, name) = rule.split_once('/')?;
    let page = format!("{language}.md");
    PAGES.get_file(&page)?;
    let file = folder()?.join(page);
    let href = format!("{}#{name}", Uri::from_file_path(file)?.as_str()).parse().ok()?;
    Some(CodeDescription { href })
}

/// Where the pages lie.
fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let lay_out = || {
        let folder = state_folder()?.join("manual").join(env!("CARGO_PKG_VERSION"));
        lay_out(&folder).map_err(|error| tracing::warn!("the manual cannot be laid out: {error}")).ok()?;
        Some(folder)
    };
    FOLDER.get_or_init(lay_out).as_deref()
}

fn lay_out(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for page in PAGES.files() {
        let path = folder.join(page.path());
        if !fs::read(&path).is_ok_and(|old| old == page.contents()) {
            fs::write(path, page.contents())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_laid_out_and_a_changed_one_is_mended() {
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path()).unwrap();
        let page = folder.path().join("python.md");
        let whole = fs::read_to_string(&page).unwrap();
        assert!(whole.len() > 1000);
        fs::write(&page, "x").unwrap();
        lay_out(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(&page).unwrap(), whole);
    }

    #[test]
    fn codes_of_other_linters_have_no_page_here() {
        assert!(description("ruff/SIM102").is_none());
        assert!(description("cognitive").is_none());
    }
}
