//! What Go says: which packages there are, what went wrong in a build, and where the test programs are. The one place here
//! that knows Go's build tool.

use super::project::{Answer, BuildError, Compiled, Manner, Program, Shim, Span};
use hephaestus_core::{ByteRange, RelPath};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The file beside a package's own that holds what the switches need.
const SHIM: &str = "hephaestus_switches.go";
/// How a line begins that tells of a test program: its file and its package.
const PROGRAM: &str = "hephaestus-program ";

/// The packages of the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Go {
    packages: Vec<Package>,
}

/// A package as `go list -json` tells of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    dir: PathBuf,
    import_path: String,
    name: String,
}

impl Go {
    /// Reads what `go list -json` says.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let packages: Result<Vec<Package>, _> =
            serde_json::Deserializer::from_str(text).into_iter().collect();
        packages.ok().filter(|packages| !packages.is_empty()).map(|packages| Self { packages })
    }

    /// The shim of the package that the file at `path` is in.
    pub(super) fn shim(&self, root: &Path, path: &RelPath, shim: &str) -> Option<Shim> {
        let file = path.under(root);
        let package = self.packages.iter().find(|package| Some(package.dir.as_path()) == file.parent())?;
        let file = relative(root, &package.dir.join(SHIM))?;
        Some(Shim { file, text: shim.replace("{package}", &package.name), is_new: true })
    }

    /// Reads the lines of a build.
    pub(super) fn answer(&self, root: &Path, text: &str, compiled: &Compiled<'_>) -> Answer {
        let mut answer = Answer::default();
        for line in text.lines() {
            match line.strip_prefix(PROGRAM) {
                Some(told) => answer.programs.extend(self.program(root, told)),
                None => answer.errors.extend(error(root, line, compiled)),
            }
        }
        // A package's sources are compiled for its own tests and for those of others.
        answer.errors.dedup();
        answer
    }

    fn program(&self, root: &Path, told: &str) -> Option<Program> {
        let (path, name) = told.split_once(' ')?;
        let package = self.packages.iter().find(|package| package.import_path == name)?;
        let cwd = relative(root, &package.dir).filter(|cwd| !cwd.as_str().is_empty());
        let path = root.join(path).display().to_string();
        Some(Program { name: name.to_owned(), path, cwd, env: vec![], manner: Manner::Chosen })
    }
}

/// `./folder/file.go:12:3: what is wrong`; far to the right in a line without the column.
fn error(root: &Path, line: &str, compiled: &Compiled<'_>) -> Option<BuildError> {
    let (place, message) = line.split_once(": ")?;
    let (place, last) = place.rsplit_once(':')?;
    let last = last.parse::<usize>().ok()?;
    let (file, row, column) = match place.rsplit_once(':') {
        Some((file, row)) => (file, row.parse::<usize>().ok()?, Some(last)),
        None => (place, last, None),
    };
    let file = Some(file).filter(|file| file.ends_with(".go"))?;
    let file = relative(root, &root.join(file.trim_start_matches("./")))?;
    let range = compiled(&file).and_then(|text| match column {
        Some(column) => offset(&text, row, column).map(|at| ByteRange::new(at, at)),
        None => line_at(&text, row),
    });
    let spans: Vec<Span> = range.map(|range| Span { file, range }).into_iter().collect();
    let main = spans.len();
    Some(BuildError { code: String::new(), message: message.to_owned(), spans, main })
}

/// The line with this number, counted from 1.
fn line_at(text: &str, row: usize) -> Option<ByteRange> {
    let before = row.checked_sub(1)?;
    let line = text.split_inclusive('\n').nth(before)?;
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    Some(ByteRange::new(start, start + line.len()))
}

/// The byte at this line and byte of it, both counted from 1.
fn offset(text: &str, row: usize, column: usize) -> Option<usize> {
    let line = line_at(text, row)?;
    column.checked_sub(1).filter(|at| *at <= line.len()).map(|at| line.start + at)
}

fn relative(root: &Path, path: &Path) -> Option<RelPath> {
    RelPath::new(path.strip_prefix(root).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"Dir": "/w/m", "ImportPath": "x.org/m", "Name": "m", "GoFiles": ["a.go"]}
{"Dir": "/w/m/in", "ImportPath": "x.org/m/in", "Name": "other"}"#;

    fn path(path: &str) -> RelPath {
        RelPath::new(path).unwrap()
    }

    #[test]
    fn each_package_has_a_shim_of_its_own() {
        let go = Go::parse(LIST).unwrap();
        let shim = go.shim(Path::new("/w/m"), &path("in/a.go"), "package {package}\n").unwrap();
        assert_eq!((shim.file, shim.text.as_str()), (path("in/hephaestus_switches.go"), "package other\n"));
        assert_eq!(go.shim(Path::new("/w/m"), &path("elsewhere/a.go"), ""), None);
        assert!(Go::parse("").is_none() && Go::parse("{").is_none());
    }

    #[test]
    fn errors_are_found_in_the_text_that_was_compiled() {
        let go = Go::parse(LIST).unwrap();
        let said = "# x.org/m/in\nin/a.go:2:5: undefined: x\nin/a.go:2:5: undefined: x\nin/a.go:99:1: eh\nin/a.go:1: far\n\
                    hephaestus-program .hephaestus-go/1.test x.org/m/in\nFAIL x [build failed]\n";
        let answer = go.answer(Path::new("/w/m"), said, &|_| Some("one\ntwo = x\n".to_owned()));
        let [first, second, third] = answer.errors.as_slice() else { panic!("{:?}", answer.errors) };
        assert_eq!(first.message, "undefined: x");
        assert_eq!(first.spans, [Span { file: path("in/a.go"), range: ByteRange::new(8, 8) }]);
        assert_eq!(second.spans, [], "no such line");
        assert_eq!(
            third.spans,
            [Span { file: path("in/a.go"), range: ByteRange::new(0, 4) }],
            "a whole line"
        );
        let [program] = answer.programs.as_slice() else { panic!("{:?}", answer.programs) };
        assert_eq!(program.path, "/w/m/.hephaestus-go/1.test");
        assert_eq!((program.name.as_str(), &program.cwd), ("x.org/m/in", &Some(path("in"))));
    }
}
