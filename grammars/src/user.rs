//! Packs of a user's own: a folder on disk that adds to a language of ours, or brings one of its own.
//!
//! Only reads; what the texts mean is found out where the shipped packs' are. Nothing outside the folder is read, and links
//! are not followed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::native::{self, Grammar};
use crate::{Pack, PackManifest, PackProblem};

/// The file that says what a pack is.
pub const MANIFEST: &str = "pack.toml";
/// The file with a pack's mutation operators.
pub const OPERATORS: &str = "operators.toml";
/// The queries a user's pack may have.
const QUERIES: [&str; 3] = ["exports.scm", "holes.scm", "imports.scm"];
/// A text of a pack is no longer than that, in bytes; longer ones are somebody's mistake.
const LONGEST: u64 = 1024 * 1024;
/// The folders of a pack whose files are its texts.
const FOLDERS: [&str; 3] = ["", "rules", "runners"];

/// A pack as it lies in a folder. Its name is the language's id.
#[derive(Debug, Clone)]
pub struct UserPack {
    /// The language it is about.
    pub id: String,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its texts by path below the folder, such as `rules/no-print.yml`; the grammar's sources are not among them.
    pub files: BTreeMap<String, String>,
    /// The grammar it brings, and whether it can be used.
    pub grammar: Grammar,
    /// What could not be read, or never is.
    pub unreadable: Vec<PackProblem>,
}

impl UserPack {
    /// Every pack in `folder`, sorted by name; none where there is no such folder. Grammars are looked up among those that
    /// were built into `built`.
    #[must_use]
    pub fn all_in(folder: &Path, built: Option<&Path>) -> Vec<Self> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_folder = |entry: &fs::DirEntry| {
            entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_hidden(&entry.path())
        };
        let mut packs: Vec<Self> =
            entries.filter(is_folder).map(|entry| Self::read(&entry.path(), built)).collect();
        packs.sort_by(|a, b| a.id.cmp(&b.id));
        packs
    }

    /// The pack in `folder`.
    #[must_use]
    pub fn read(folder: &Path, built: Option<&Path>) -> Self {
        let id = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let (mut files, mut unreadable) = (BTreeMap::new(), Vec::new());
        for below in FOLDERS {
            for entry in fs::read_dir(folder.join(below)).into_iter().flatten().flatten() {
                let path = entry.path();
                if !entry.file_type().is_ok_and(|kind| kind.is_file()) || is_hidden(&path) {
                    continue;
                }
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = if below.is_empty() { name } else { format!("{below}/{name}") };
                match text_of(&path) {
                    Ok(text) => drop(files.insert(name, text)),
                    Err(why) => unreadable.push(PackProblem::of_file(
                        &path,
                        format!("cannot be read: {why}"),
                        "a pack's files are texts in UTF-8 of at most 1 MB",
                    )),
                }
            }
        }
        let useless = files.keys().filter(|file| !is_known(file)).map(|file| {
            let hint = format!(
                "a pack of your own has `{MANIFEST}`, `{OPERATORS}`, {}, `rules/*.yml` and `runners/*.toml`",
                QUERIES.map(|query| format!("`{query}`")).join(", ")
            );
            PackProblem::of_file(&folder.join(file), "nothing reads this file", hint)
        });
        unreadable.extend(useless);
        let grammar = native::of_folder(folder, built);
        Self { id, folder: folder.to_owned(), files, grammar, unreadable }
    }

    /// The text of one of its files.
    #[must_use]
    pub fn text(&self, file: &str) -> Option<&str> {
        self.files.get(file).map(String::as_str)
    }

    /// A problem with one of its files.
    #[must_use]
    pub fn problem(&self, file: &str, message: impl Into<String>, hint: impl Into<String>) -> PackProblem {
        PackProblem::of_file(&self.folder.join(file), message, hint)
    }

    /// What its `pack.toml` says; nothing where it has none.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn manifest(&self) -> Result<PackManifest, PackProblem> {
        let text = self.text(MANIFEST).unwrap_or_default();
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let hint = "the manual's page about packs lists every key";
            self.problem(MANIFEST, error.message().trim().replace('\n', " "), hint).at(text, at)
        })
    }

    /// Its rules as `(pack/name, text)`.
    fn rules(&self) -> impl Iterator<Item = (String, String)> {
        self.files.iter().filter_map(|(file, text)| {
            let name = file.strip_prefix("rules/")?.strip_suffix(".yml")?;
            Some((format!("{}/{name}", self.id), text.clone()))
        })
    }

    /// The file that a rule of this language stands in, if it is this pack's.
    #[must_use]
    pub fn rule_file(&self, rule: &str) -> Option<String> {
        let file = format!("rules/{}.yml", rule.rsplit('/').next()?);
        self.files.contains_key(&file).then_some(file)
    }

    fn queries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(file, text)| Some((file.strip_suffix(".scm")?, text.as_str())))
    }

    /// `base` with what this pack adds: its rules go first, its queries last, what it says in `pack.toml` wins, and
    /// its operators come on top.
    ///
    /// # Errors
    /// When its `pack.toml` is malformed.
    pub fn onto(&self, base: &Pack) -> Result<Pack, PackProblem> {
        let mut pack = base.clone();
        let own = self.manifest()?;
        pack.manifest = own.over(&base.manifest);
        pack.rules.splice(0..0, self.rules());
        for (name, text) in self.queries() {
            let all = pack.queries.entry(name.to_owned()).or_default();
            all.push('\n');
            all.push_str(text);
        }
        if let Some(text) = self.text(OPERATORS) {
            pack.files.entry(OPERATORS.to_owned()).or_default().push(text.to_owned());
        }
        Ok(pack)
    }

    /// The pack of a language of its own, with what it inherits from `shipped` ones.
    ///
    /// # Errors
    /// When its `pack.toml` is missing, malformed or inherits from a pack that there is not.
    pub fn alone(&self, shipped: &[Pack]) -> Result<Pack, PackProblem> {
        let Some(text) = self.text(MANIFEST) else {
            let hint =
                format!("`hephaestus pack new {}` in an empty folder shows what it looks like", self.id);
            return Err(self.problem(MANIFEST, "a language of its own needs a `pack.toml`", hint));
        };
        let mut manifest = self.manifest()?;
        let mut base = Pack { id: self.id.clone(), ..Pack::default() };
        for parent in manifest.inherits.clone() {
            let Some(parent) = shipped.iter().find(|pack| pack.id == parent) else {
                let ids: Vec<&str> = shipped.iter().map(|pack| pack.id.as_str()).collect();
                let hint = format!("packs to inherit from: {}", ids.join(", "));
                let problem = self.problem(MANIFEST, format!("inherits from unknown pack `{parent}`"), hint);
                return Err(problem.at_word(text, [format!("\"{parent}\"").as_str()]));
            };
            manifest = manifest.fill_from(&parent.manifest);
            base.rules.extend(parent.rules.iter().cloned());
            base.queries.extend(parent.queries.clone());
            if let (Some(operators), None) = (parent.file(OPERATORS), base.file(OPERATORS)) {
                base.files.insert(OPERATORS.to_owned(), vec![operators.to_owned()]);
            }
        }
        self.onto(&Pack { manifest, ..base })
    }
}

/// Whether anything reads a file. What is said to people, and what goes with a runner, is nobody's mistake.
fn is_known(file: &str) -> bool {
    match file.split_once('/') {
        None if file.ends_with(".toml") => file == MANIFEST || file == OPERATORS,
        None if file.ends_with(".scm") => QUERIES.contains(&file),
        Some(("rules", name)) => name.ends_with(".yml"),
        _ => true,
    }
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_none_or(|name| name.starts_with('.'))
}

fn text_of(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LONGEST {
        return Err(format!("{size} bytes are too many"));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(name: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, UserPack) {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join(name);
        fs::create_dir(&own).unwrap();
        for (file, text) in files {
            fs::create_dir_all(own.join(file).parent().unwrap()).unwrap();
            fs::write(own.join(file), text).unwrap();
        }
        let pack = UserPack::read(&own, None);
        (folder, pack)
    }

    fn shipped(id: &str) -> &'static Pack {
        crate::packs().unwrap().iter().find(|pack| pack.id == id).unwrap()
    }

    #[test]
    fn a_pack_adds_to_what_is_shipped() {
        let (_folder, user) = pack(
            "python",
            &[
                ("pack.toml", "extensions = [\"pyx\"]\n"),
                ("rules/a.yml", "id: a"),
                ("operators.toml", "families = []"),
                ("imports.scm", "(comment) @_own"),
                ("rules/.a.yml.swp", "x"),
            ],
        );
        let (base, both) = (shipped("python"), user.onto(shipped("python")).unwrap());
        assert_eq!(both.rules.len(), base.rules.len() + 1);
        assert_eq!(both.rules[0], ("python/a".to_owned(), "id: a".to_owned()));
        assert_eq!(both.layers(OPERATORS).len(), 2);
        assert_eq!(both.file(OPERATORS), base.file(OPERATORS));
        assert!(both.queries["imports"].starts_with(&base.queries["imports"]));
        assert!(both.queries["imports"].ends_with("(comment) @_own"));
        assert!(both.manifest.extensions.contains(&"py".to_owned()));
        assert!(both.manifest.extensions.contains(&"pyx".to_owned()));
        assert_eq!(both.manifest.tables, base.manifest.tables);
    }

    #[test]
    fn a_language_of_its_own_needs_a_manifest_and_may_inherit() {
        let all = crate::packs().unwrap();
        let (_folder, none) = pack("mine", &[("rules/a.yml", "")]);
        assert!(none.alone(all).unwrap_err().message.contains("needs a `pack.toml`"));
        let (_folder, user) = pack("mine", &[("pack.toml", "name = \"Mine\"\ninherits = [\"c\", \"d\"]\n")]);
        let problem = user.alone(all).unwrap_err();
        assert_eq!((problem.line, problem.column), (2, 18), "{problem}");
        let (_folder, user) = pack("mine", &[("pack.toml", "name = \"Mine\"\ninherits = [\"c\"]\n")]);
        let own = user.alone(all).unwrap();
        assert_eq!((own.id.as_str(), own.manifest.name.as_str()), ("mine", "Mine"));
        assert_eq!(own.rules.len(), shipped("c").rules.len());
        assert_eq!(own.manifest.tables.functions, shipped("c").manifest.tables.functions);
        assert_eq!(own.manifest.extensions, Vec::<String>::new());
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let (_folder, user) = pack("python", &[("pack.toml", "name = \"x\"\nextension = []\n")]);
        let problem = user.onto(shipped("python")).unwrap_err();
        assert_eq!((problem.line, problem.column), (2, 1), "{problem}");
        let (folder, user) = pack("python", &[("rule.toml", ""), ("rules/a.yaml", ""), ("README.md", "")]);
        let files: Vec<_> = user.unreadable.iter().map(|problem| problem.file.clone()).collect();
        assert_eq!(files, ["rule.toml", "rules/a.yaml"].map(|file| folder.path().join("python").join(file)));
    }

    #[test]
    fn bytes_that_are_no_text_and_links_are_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("python");
        fs::create_dir_all(own.join("rules")).unwrap();
        fs::write(own.join("rules/a.yml"), [0xff, 0xfe]).unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("secret"), own.join("rules/b.yml")).unwrap();
        let packs = UserPack::all_in(folder.path(), None);
        assert_eq!(packs.len(), 1);
        assert!(packs[0].files.is_empty());
        assert!(packs[0].unreadable[0].message.contains("UTF-8"));
        assert!(UserPack::all_in(Path::new("/nowhere"), None).is_empty());
    }
}
