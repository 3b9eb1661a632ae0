//! What the servers are given to chew: long files and a large workspace, made from real code that lies on the machine.
//!
//! The same machine gives the same bytes in every run. Nothing is downloaded here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

/// A language whose files are typed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// From Python's own library.
    Python,
    /// From the sources of the crates cargo has fetched.
    Rust,
}

impl Language {
    /// The protocol's name of the language.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Rust => "rust",
        }
    }

    /// The ending of its files.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::Rust => "rs",
        }
    }

    /// Whether a file may be cut before this line.
    fn is_border(self, line: &str) -> bool {
        match self {
            Self::Python => ["def ", "class ", "@"].iter().any(|start| line.starts_with(start)),
            Self::Rust => ["fn ", "pub fn ", "impl ", "struct ", "pub struct ", "#[", "///"]
                .iter()
                .any(|start| line.starts_with(start)),
        }
    }

    /// Whether a new statement may stand before this line, which is inside a function.
    fn takes_a_statement_before(self, line: &str) -> bool {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let statement = line.trim_start();
        let is_whole =
            statement.matches(['(', '[', '{']).count() == statement.matches([')', ']', '}']).count();
        match self {
            Self::Python => indent == 8 && is_whole && statement.starts_with("return "),
            Self::Rust => {
                indent == 8 && is_whole && statement.starts_with("let ") && statement.ends_with(';')
            }
        }
    }
}

/// Where the typing goes: before line `line`, at the depth `indent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// 0-based.
    pub(crate) line: usize,
    /// In spaces.
    pub(crate) indent: usize,
}

/// The spot nearest to the middle of `text` where a statement can be typed.
pub(crate) fn spot(text: &str, language: Language) -> anyhow::Result<Spot> {
    let lines: Vec<&str> = text.lines().collect();
    let middle = lines.len() / 2;
    let fitting = lines.iter().enumerate().filter(|(_, line)| language.takes_a_statement_before(line));
    let nearest = fitting.min_by_key(|(number, _)| number.abs_diff(middle));
    let (line, text) = nearest.context("the file has no function to type into")?;
    Ok(Spot { line, indent: text.len() - text.trim_start_matches(' ').len() })
}

/// A file of about `lines` lines (never more), whole statements only.
pub(crate) fn long_file(sources: &[PathBuf], language: Language, lines: usize) -> anyhow::Result<String> {
    let mut text = String::new();
    let mut left = lines;
    for source in sources {
        let Some(piece) = readable(source) else { continue };
        let count = piece.lines().count();
        if count <= left {
            text.push_str(&piece);
            left -= count;
            continue;
        }
        text.push_str(cut(&piece, language, left));
        return Ok(text);
    }
    anyhow::bail!("{left} of {lines} lines of {language:?} are missing on this machine")
}

/// The longest beginning of `text` with at most `lines` lines that ends at a top-level border.
fn cut(text: &str, language: Language, lines: usize) -> &str {
    let mut end = 0;
    let mut offset = 0;
    for line in text.split_inclusive('\n').take(lines) {
        if language.is_border(line) {
            end = offset;
        }
        offset += line.len();
    }
    text.get(..end).unwrap_or_default()
}

/// The text of a source that is UTF-8, ends with a newline and is of a size that people write.
fn readable(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    (text.ends_with('\n') && text.len() < 400_000 && !text.contains('\r')).then_some(text)
}

/// The modules of Python's own library, without tests, sorted.
pub(crate) fn python_sources() -> anyhow::Result<Vec<PathBuf>> {
    let script = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
    let output = Command::new("python3").args(["-c", script]).output().context("python3 is needed")?;
    ensure!(output.status.success(), "python3 does not say where its library is");
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    sources(&folder, "py", &["idlelib", "lib2to3", "test", "tests", "__pycache__"])
}

/// The sources of fetched crates, sorted.
pub(crate) fn rust_sources() -> anyhow::Result<Vec<PathBuf>> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let folder = home.context("no home folder")?.join("registry/src");
    sources(&folder, "rs", &["test", "tests", "benches", "examples"])
}

fn sources(folder: &Path, extension: &str, without: &[&str]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("`{}`", folder.display()))? {
            let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if entry?.is_dir() {
                if !without.contains(&name.as_ref()) {
                    open.push(path);
                }
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    // Shallow folders first: a library's own modules before the packages installed beside it.
    found.sort_by_key(|path| (path.components().count(), path.clone()));
    Ok(found)
}

/// Copies sources into `folder`, a hundred per subfolder, until they have `lines` lines. Returns the number of lines.
pub(crate) fn large_folder(
    folder: &Path,
    sources: &[PathBuf],
    extension: &str,
    lines: usize,
) -> anyhow::Result<usize> {
    let (mut total, mut files) = (0, 0);
    for source in sources {
        if total >= lines {
            break;
        }
        let Some(text) = readable(source) else { continue };
        let place = folder.join(format!("part{:03}", files / 100));
        fs::create_dir_all(&place)?;
        fs::write(place.join(format!("module{files:05}.{extension}")), &text)?;
        total += text.lines().count();
        files += 1;
    }
    ensure!(total >= lines, "{} of {lines} lines of {extension} are missing on this machine", lines - total);
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_leaves_whole_statements() {
        let text = "import a\n\ndef f():\n    pass\n\nclass C:\n    x = 1\n";
        assert_eq!(cut(text, Language::Python, 6), "import a\n\ndef f():\n    pass\n\n");
        assert_eq!(cut(text, Language::Python, 5), "import a\n\n");
        assert_eq!(cut("fn a() {\n}\n\n/// B.\nfn b() {\n}\n", Language::Rust, 4), "fn a() {\n}\n\n");
    }

    #[test]
    fn the_spot_is_the_whole_statement_nearest_to_the_middle() {
        let text = "class A:\n    def f(self):\n        return 1\n    def g(self):\n        return (1,\n                2)\n    def h(self):\n        return 2\n";
        assert_eq!(spot(text, Language::Python).unwrap(), Spot { line: 2, indent: 8 });
        assert!(spot("x = 1\n", Language::Python).is_err());
    }
}
