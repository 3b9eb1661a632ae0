//! What a file is to a workspace, told from its path alone: a source, test code, or nothing we should look at.

use crate::config::Config;
use crate::discovery::{FOREIGN, glob_set, test_globs};
use globset::GlobSet;
use hephaestus_core::RelPath;
use hephaestus_syntax::Languages;
use std::collections::HashMap;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileRole {
    /// Code.
    Source,
    /// Test code.
    Test,
    /// Excluded, other people's code, or build output.
    LeftOut,
}

/// Tells files' roles.
#[derive(Debug, Clone, Default)]
pub struct FileRoles {
    languages: Option<&'static Languages>,
    exclude: GlobSet,
    tests: HashMap<String, GlobSet>,
}

impl FileRoles {
    /// Under this configuration, for the languages of the workspace. A malformed glob excludes nothing: opening the workspace
    /// complains about it.
    #[must_use]
    pub fn new(config: &Config, languages: &'static Languages) -> Self {
        let exclude = glob_set(&config.goals.exclude).unwrap_or_default();
        Self { languages: Some(languages), exclude, tests: test_globs(languages).unwrap_or_default() }
    }

    /// The role of a file.
    #[must_use]
    pub fn of(&self, path: &RelPath) -> FileRole {
        let parts: Vec<&str> = path.components().collect();
        let folders = parts.split_last().map(|(_, folders)| folders).unwrap_or_default();
        let is_foreign = folders.iter().any(|folder| FOREIGN.contains(folder));
        if is_foreign || self.exclude.is_match(path.as_str()) || path.as_str().contains(".min.") {
            return FileRole::LeftOut;
        }
        let language = self.languages.and_then(|languages| languages.detect(path, ""));
        let tests = language.and_then(|language| self.tests.get(language.id().as_str()));
        if tests.is_some_and(|tests| tests.is_match(path.as_str())) {
            FileRole::Test
        } else {
            FileRole::Source
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_a_file_is() {
        let mut config = Config::default();
        config.goals.exclude = vec!["legacy".to_owned()];
        let roles = FileRoles::new(&config, Languages::builtin().unwrap());
        let role = |path: &str| roles.of(&RelPath::new(path).unwrap());
        assert_eq!(role("src/a.py"), FileRole::Source);
        assert_eq!(role("tests/test_a.py"), FileRole::Test);
        for path in ["legacy/a.py", "node_modules/x/a.py", "a.min.py", "sub/venv/lib/a.py"] {
            assert_eq!(role(path), FileRole::LeftOut, "{path}");
        }
        assert_eq!(role("target"), FileRole::Source, "a file may be called so");
    }
}
