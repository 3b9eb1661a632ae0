//! The programs of a workspace: its own interpreter before the system's.

use std::env;
use std::path::{Path, PathBuf};

/// What `{python}`, `{node}`, `{cargo}` and `{python_path}` stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    /// The Python interpreter, relative to the root where it lies inside.
    pub python: String,
    /// Node.js.
    pub node: String,
    /// Cargo.
    pub cargo: String,
    /// Folders, relative to the root, that Python imports from.
    pub python_roots: Vec<String>,
}

impl Programs {
    /// Finds the programs for the workspace at `root`: a virtual environment inside it, an active one, PATH.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        let python_roots = ["src", "lib", ""]
            .iter()
            .filter(|folder| is_import_root(&root.join(folder), folder))
            .map(|folder| (*folder).to_owned())
            .collect();
        Self {
            python: python(root),
            node: env::var("HEPHAESTUS_NODE").unwrap_or_else(|_| "node".to_owned()),
            cargo: env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()),
            python_roots,
        }
    }

    /// Replaces the words in braces in `text`; `root` is the workspace root as the program sees it.
    #[must_use]
    pub fn fill(&self, text: &str, root: &str) -> String {
        let inside = |program: &str| {
            if program.starts_with('.') || program.starts_with("venv") {
                format!("{root}/{program}")
            } else {
                program.to_owned()
            }
        };
        let separator = if cfg!(windows) { ";" } else { ":" };
        let roots: Vec<String> = self
            .python_roots
            .iter()
            .map(|folder| if folder.is_empty() { root.to_owned() } else { format!("{root}/{folder}") })
            .collect();
        text.replace("{python}", &inside(&self.python))
            .replace("{node}", &self.node)
            .replace("{cargo}", &self.cargo)
            .replace("{python_path}", &roots.join(separator))
    }
}

/// `src` and `lib` only count when they hold Python packages or modules.
fn is_import_root(folder: &Path, name: &str) -> bool {
    if name.is_empty() {
        return true;
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| {
        path.join("__init__.py").is_file() || path.extension().is_some_and(|extension| extension == "py")
    })
}

fn python(root: &Path) -> String {
    let binary = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
    for folder in [".venv", "venv"] {
        if root.join(folder).join(binary).exists() {
            return format!("{folder}/{binary}");
        }
    }
    if let Some(active) = env::var_os("VIRTUAL_ENV")
        .map(|folder| PathBuf::from(folder).join(binary))
        .filter(|path| path.exists())
    {
        return active.display().to_string();
    }
    if on_path("python3") { "python3".to_owned() } else { "python".to_owned() }
}

fn on_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|paths| env::split_paths(&paths).any(|folder| folder.join(program).is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_environment_inside_the_workspace_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".venv/bin")).unwrap();
        std::fs::write(folder.path().join(".venv/bin/python"), "").unwrap();
        std::fs::create_dir_all(folder.path().join("src/pkg")).unwrap();
        std::fs::write(folder.path().join("src/pkg/__init__.py"), "").unwrap();
        let programs = Programs::of(folder.path());
        assert_eq!(programs.fill("{python} -m x", "/w"), "/w/.venv/bin/python -m x");
        assert_eq!(programs.fill("{python_path}", "/w"), "/w/src:/w");
    }
}
