//! Workspace-relative paths: the only way files are named outside the crates that touch the disk.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// A path below the workspace root: relative, `/`-separated, without `.` or `..`, never empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelPath(String);

/// Why a text or an OS path is no [`RelPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing is left after normalisation.
    #[error("the path is empty")]
    Empty,
    /// It would leave the workspace (`..`, a root, a drive).
    #[error("`{0}` is not inside the workspace")]
    Outside(String),
    /// It is not UTF-8; such files are left alone.
    #[error("`{0}` is not valid UTF-8")]
    NotUtf8(String),
}

impl RelPath {
    /// Checks and normalises `path`.
    ///
    /// # Errors
    /// When `path` is empty, absolute, climbs with `..`, or is not UTF-8.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, PathError> {
        let path = path.as_ref();
        let mut parts = Vec::new();
        for component in path.components() {
            match component {
                Component::CurDir => {}
                Component::Normal(part) => {
                    let part = part.to_str().ok_or_else(|| PathError::NotUtf8(path.display().to_string()))?;
                    parts.push(part);
                }
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(PathError::Outside(path.display().to_string()));
                }
            }
        }
        if parts.is_empty() {
            return Err(PathError::Empty);
        }
        Ok(Self(parts.join("/")))
    }

    /// The `/`-separated text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path on disk below `root`.
    #[must_use]
    pub fn under(&self, root: &Path) -> PathBuf {
        root.join(&self.0)
    }

    /// The last component.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What follows the last dot of the file name, if anything does.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        let name = self.file_name();
        name.rfind('.').filter(|dot| *dot > 0).and_then(|dot| name.get(dot + 1..))
    }

    /// The folder it lies in (`None` at the root).
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rfind('/').and_then(|slash| self.0.get(..slash)).map(|parent| Self(parent.to_owned()))
    }

    /// The path components, outermost first.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether it is `ancestor` or lies below it.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        self.0.strip_prefix(&ancestor.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl TryFrom<String> for RelPath {
    type Error = PathError;
    fn try_from(text: String) -> Result<Self, PathError> {
        Self::new(text)
    }
}

impl From<RelPath> for String {
    fn from(path: RelPath) -> Self {
        path.0
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_and_refuses_what_leaves_the_workspace() {
        assert_eq!(RelPath::new("./a//b.py").unwrap().as_str(), "a/b.py");
        assert!(RelPath::new("../x").is_err());
        assert!(RelPath::new("/etc/passwd").is_err());
        assert!(RelPath::new("a/../../b").is_err());
        assert_eq!(RelPath::new("."), Err(PathError::Empty));
    }

    #[test]
    fn knows_its_parts() {
        let path = RelPath::new("src/pkg/mod.test.ts").unwrap();
        assert_eq!(path.extension(), Some("ts"));
        assert_eq!(path.file_name(), "mod.test.ts");
        assert_eq!(path.parent().unwrap().as_str(), "src/pkg");
        assert!(path.is_within(&RelPath::new("src").unwrap()));
        assert!(!path.is_within(&RelPath::new("sr").unwrap()));
        assert_eq!(RelPath::new(".bashrc").unwrap().extension(), None);
    }
}
