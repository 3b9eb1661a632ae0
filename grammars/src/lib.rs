//! Language packs: everything that is particular to one language, as data in one folder each.
//!
//! This crate only finds and reads the folders and knows which grammar belongs to which; what queries and rules mean
//! is the business of `hephaestus-syntax`. A new language is a folder and one line in [`grammar`]; users have folders of
//! their own ([`UserPack`]).

mod manifest;
pub mod native;
mod problem;
mod tables;
mod user;

use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use manifest::{Canary, PackError, PackManifest};
pub use native::Grammar;
pub use problem::PackProblem;
pub use tables::{Api, ApiTable, Cost, Structure, Tables, Typing, Visibility, Wrapper};
pub use user::{MANIFEST, OPERATORS, UserPack};

static FOLDERS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR");

/// One language pack, read and checked.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// The folder's name: the language's id.
    pub id: String,
    /// What `pack.toml` says, with what is inherited filled in.
    pub manifest: PackManifest,
    /// The rule files: its own first, then those of the packs it inherits from. `(file name, text)`.
    pub rules: Vec<(String, String)>,
    /// The `.scm` query files by name without the ending; what is inherited stands before what is its own.
    pub queries: BTreeMap<String, String>,
    /// Its other files by name, those it inherits among them; several texts where users' packs add to one.
    pub files: BTreeMap<String, Vec<String>>,
}

impl Pack {
    /// The text of one more file of this pack, e.g. `operators.toml`; where it has none, of the first pack it inherits
    /// from that has.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&str> {
        self.layers(name).first().map(String::as_str)
    }

    /// The same with what users' packs add to it, each as a text of its own.
    #[must_use]
    pub fn layers(&self, name: &str) -> &[String] {
        self.files.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// The tree-sitter grammar of the pack `id`.
#[must_use]
pub fn grammar(id: &str) -> Option<tree_sitter::Language> {
    let function = match id {
        "c" => tree_sitter_c::LANGUAGE,
        "cpp" => tree_sitter_cpp::LANGUAGE,
        "go" => tree_sitter_go::LANGUAGE,
        "java" => tree_sitter_java::LANGUAGE,
        "javascript" => tree_sitter_javascript::LANGUAGE,
        "python" => tree_sitter_python::LANGUAGE,
        "rust" => tree_sitter_rust::LANGUAGE,
        "tsx" => tree_sitter_typescript::LANGUAGE_TSX,
        "typescript" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        _ => return None,
    };
    Some(function.into())
}

/// Every pack that travels inside the binary, sorted by id.
///
/// # Errors
/// When a pack is malformed; the contract test makes sure that none of ours is.
pub fn packs() -> Result<&'static [Pack], &'static PackError> {
    static PACKS: LazyLock<Result<Vec<Pack>, PackError>> = LazyLock::new(read_all);
    PACKS.as_deref()
}

fn read_all() -> Result<Vec<Pack>, PackError> {
    let mut folders: Vec<&str> = FOLDERS
        .dirs()
        .filter(|folder| folder.get_file(folder.path().join("pack.toml")).is_some())
        .filter_map(|folder| folder.path().to_str())
        .collect();
    folders.sort_unstable();
    folders.into_iter().map(read_one).collect()
}

fn read_one(id: &str) -> Result<Pack, PackError> {
    let own = PackManifest::parse(id, text_of(id, "pack.toml").unwrap_or_default())?;
    let mut manifest = own.clone();
    let mut rules = rules_of(id);
    let mut queries = queries_of(id);
    let mut files = files_of(id);
    for parent in &own.inherits {
        let text = text_of(parent, "pack.toml").ok_or_else(|| PackError {
            pack: id.to_owned(),
            message: format!("inherits from unknown pack `{parent}`"),
        })?;
        manifest = manifest.fill_from(&PackManifest::parse(parent, text)?);
        rules.extend(rules_of(parent));
        for (name, text) in queries_of(parent) {
            let own = queries.entry(name).or_default();
            *own = text + own;
        }
        for (name, texts) in files_of(parent) {
            files.entry(name).or_insert(texts);
        }
    }
    Ok(Pack { id: id.to_owned(), manifest, rules, queries, files })
}

fn text_of(pack: &str, file: &str) -> Option<&'static str> {
    FOLDERS.get_file(format!("{pack}/{file}")).and_then(include_dir::File::contents_utf8)
}

fn files_of(pack: &str) -> BTreeMap<String, Vec<String>> {
    let files = FOLDERS.get_dir(pack).into_iter().flat_map(Dir::files);
    files
        .filter_map(|file| {
            let name = file.path().file_name()?.to_str()?;
            let is_other = name != MANIFEST && !name.ends_with(".scm");
            is_other.then(|| Some((name.to_owned(), vec![file.contents_utf8()?.to_owned()])))?
        })
        .collect()
}

fn queries_of(pack: &str) -> BTreeMap<String, String> {
    let files = FOLDERS.get_dir(pack).into_iter().flat_map(Dir::files);
    files
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "scm"))
        .filter_map(|file| {
            Some((file.path().file_stem()?.to_str()?.to_owned(), file.contents_utf8()?.to_owned()))
        })
        .collect()
}

fn rules_of(pack: &str) -> Vec<(String, String)> {
    let Some(folder) = FOLDERS.get_dir(format!("{pack}/rules")) else { return Vec::new() };
    let mut rules: Vec<(String, String)> = folder
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yml"))
        .filter_map(|file| {
            Some((format!("{pack}/{}", file.path().file_stem()?.to_str()?), file.contents_utf8()?.to_owned()))
        })
        .collect();
    rules.sort();
    rules
}
