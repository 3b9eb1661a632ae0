//! Languages: a pack together with its grammar, ready to parse and to match.
//!
//! A set of languages lives as long as the process: everything that was parsed points into it. Sets with users' packs are
//! kept by what is in these packs, so that opening the same workspace again costs nothing; a set is some tens of
//! kilobytes, and a new one comes into being only when a user has changed a pack.

use hephaestus_core::{ContentHash, LanguageId, RelPath};
use hephaestus_grammars::{Grammar, MANIFEST, Pack, PackError, PackProblem, UserPack};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use crate::queries::Queries;
use crate::rules::RuleSlot;
use crate::tables::KindTables;

/// One language. Cheap to clone.
#[derive(Clone)]
pub struct Language {
    inner: Arc<Inner>,
}

struct Inner {
    id: LanguageId,
    pack: &'static Pack,
    grammar: tree_sitter::Language,
    tables: KindTables,
    queries: Queries,
    rules: RuleSlot,
    /// The packs of users that are part of it; the last one's word counts most.
    users: Vec<UserPack>,
}

impl Inner {
    fn new(
        pack: &'static Pack,
        grammar: tree_sitter::Language,
        users: Vec<UserPack>,
    ) -> Result<Self, PackError> {
        let tables = KindTables::new(pack, &grammar)?;
        let (queries, rules) = (Queries::new(pack), OnceLock::new());
        Ok(Self { id: LanguageId::new(&pack.id), pack, grammar, tables, queries, rules, users })
    }
}

impl Language {
    /// The pack's id.
    #[must_use]
    pub fn id(&self) -> &LanguageId {
        &self.inner.id
    }

    /// The pack.
    #[must_use]
    pub fn pack(&self) -> &'static Pack {
        self.inner.pack
    }

    /// The tree-sitter grammar.
    #[must_use]
    pub fn grammar(&self) -> &tree_sitter::Language {
        &self.inner.grammar
    }

    /// The pack's tables, in the grammar's ids.
    pub(crate) fn tables(&self) -> &KindTables {
        &self.inner.tables
    }

    /// The packs of users that are part of it.
    #[must_use]
    pub fn users(&self) -> &[UserPack] {
        &self.inner.users
    }

    /// The pack's queries.
    pub(crate) fn queries(&self) -> &Queries {
        &self.inner.queries
    }

    /// Where the pack's rules are kept once they are compiled.
    pub(crate) fn rule_slot(&self) -> &RuleSlot {
        &self.inner.rules
    }
}

impl Language {
    /// Whether rule files call it `word`.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        let manifest = &self.pack().manifest;
        manifest.rule_language.eq_ignore_ascii_case(word)
            || manifest.extensions.iter().any(|extension| extension.eq_ignore_ascii_case(word))
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Language({})", self.inner.id)
    }
}

/// All languages there are.
#[derive(Debug, Clone, Default)]
pub struct Languages {
    by_id: HashMap<String, Language>,
    problems: Vec<PackProblem>,
}

/// The sets with users' packs, by what is in these.
static SETS: LazyLock<Mutex<HashMap<ContentHash, &'static Languages>>> = LazyLock::new(Mutex::default);

impl Languages {
    /// The languages that travel inside the binary.
    ///
    /// # Errors
    /// When one of our own packs is malformed (the contract test prevents it).
    pub fn builtin() -> Result<&'static Self, &'static PackError> {
        static LANGUAGES: LazyLock<Result<Languages, PackError>> = LazyLock::new(Languages::load);
        LANGUAGES.as_ref()
    }

    /// The same with users' packs on top, in this order. A pack that cannot be used is left out, and is among the
    /// [`problems`](Self::problems).
    ///
    /// # Errors
    /// As [`builtin`](Self::builtin).
    pub fn with(packs: &[UserPack]) -> Result<&'static Self, &'static PackError> {
        let builtin = Self::builtin()?;
        if packs.is_empty() {
            return Ok(builtin);
        }
        let key = key_of(packs);
        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(&key) {
            return Ok(set);
        }
        let set: &'static Self = Box::leak(Box::new(builtin.and(packs)));
        sets.insert(key, set);
        Ok(set)
    }

    /// Whether a language of any set is called `word` in rule files.
    pub(crate) fn anywhere(word: &str) -> Option<Language> {
        let builtin = Self::builtin().ok()?.named(word);
        builtin.cloned().or_else(|| {
            let sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
            sets.values().find_map(|set| set.named(word)).cloned()
        })
    }

    /// The language that rule files call `word`: the pack's own word, or one of its file extensions, in any case.
    fn named(&self, word: &str) -> Option<&Language> {
        self.all().into_iter().find(|language| language.is_called(word))
    }

    fn load() -> Result<Self, PackError> {
        let mut by_id = HashMap::new();
        for pack in hephaestus_grammars::packs().map_err(Clone::clone)? {
            let grammar = hephaestus_grammars::grammar(&pack.id).ok_or_else(|| PackError {
                pack: pack.id.clone(),
                message: "no grammar is linked in".to_owned(),
            })?;
            let inner = Inner::new(pack, grammar, Vec::new())?;
            by_id.insert(pack.id.clone(), Language { inner: Arc::new(inner) });
        }
        Ok(Self { by_id, problems: Vec::new() })
    }

    fn and(&self, packs: &[UserPack]) -> Self {
        let mut set = self.clone();
        for pack in packs {
            let mut pack = pack.clone();
            match set.language_of(&mut pack) {
                Ok(language) => drop(set.by_id.insert(pack.id.clone(), language)),
                Err(problem) => set.problems.push(problem),
            }
            set.problems.append(&mut pack.unreadable);
        }
        set
    }

    /// The language of a user's pack, on top of what there is of it. A query that does not compile is taken from the pack: it
    /// would cost those of ours, too.
    fn language_of(&self, user: &mut UserPack) -> Result<Language, PackProblem> {
        let base = self.by_id.get(&user.id);
        let grammar = match (&user.grammar, base) {
            (Grammar::Ready(grammar), _) => grammar.clone(),
            (Grammar::None, Some(base)) => base.grammar().clone(),
            (Grammar::None, None) => return Err(no_grammar(user, self)),
            (Grammar::NotBuilt(_), _) => {
                let hint = format!(
                    "`hephaestus pack build {}` compiles it; that runs the grammar's code, so look where it comes from",
                    user.folder.display()
                );
                return Err(user.problem(
                    "grammar/src/parser.c",
                    "the grammar is not built as it is now",
                    hint,
                ));
            }
            (Grammar::Unfit(why), _) => {
                let hint =
                    "generate the parser anew with the tree-sitter command line, or take a newer release";
                return Err(user.problem("grammar/src/parser.c", why.clone(), hint));
            }
        };
        drop_wrong_queries(user, &grammar);
        let pack = match base {
            Some(base) => user.onto(base.pack())?,
            None => {
                let shipped: Vec<Pack> = self.all().into_iter().map(|own| own.pack().clone()).collect();
                user.alone(&shipped)?
            }
        };
        let mut users = base.map(|base| base.users().to_vec()).unwrap_or_default();
        users.push(user.clone());
        let pack: &'static Pack = Box::leak(Box::new(pack));
        let inner = Inner::new(pack, grammar, users).map_err(|error| of_tables(user, &error))?;
        Ok(Language { inner: Arc::new(inner) })
    }

    /// What is wrong with users' packs.
    #[must_use]
    pub fn problems(&self) -> &[PackProblem] {
        &self.problems
    }

    /// The language with this id.
    #[must_use]
    pub fn get(&self, id: &LanguageId) -> Option<&Language> {
        self.by_id.get(id.as_str())
    }

    /// The language of a file, by name, extension, or the `#!` line at the start of `head`. Where several packs claim an
    /// extension, what is in `head` decides, or the first pack.
    #[must_use]
    pub fn detect(&self, path: &RelPath, head: &str) -> Option<&Language> {
        let claims = |language: &&Language| {
            let manifest = &language.pack().manifest;
            manifest.file_names.iter().any(|name| name == path.file_name())
                || path
                    .extension()
                    .is_some_and(|extension| manifest.extensions.iter().any(|own| own == extension))
        };
        let tells = |language: &&Language| {
            language.pack().manifest.telling.iter().any(|text| head.contains(text.as_str()))
        };
        let claiming = || self.by_id.values().filter(claims);
        let named = claiming().find(tells).or_else(|| claiming().min_by_key(|language| language.id()));
        if named.is_some() {
            return named;
        }
        let command = head.strip_prefix("#!")?.lines().next()?;
        let mut words = command.split(['/', ' ']).map(str::trim);
        let claims = |word: &str| {
            let known =
                |language: &&Language| language.pack().manifest.shebangs.iter().any(|own| own == word);
            self.by_id.values().find(known)
        };
        words.find_map(claims)
    }

    /// Every language, sorted by id.
    #[must_use]
    pub fn all(&self) -> Vec<&Language> {
        let mut all: Vec<_> = self.by_id.values().collect();
        all.sort_by_key(|language| language.id().clone());
        all
    }
}

/// What is in users' packs, and whether their grammars are there.
fn key_of(packs: &[UserPack]) -> ContentHash {
    let mut parts = Vec::new();
    for pack in packs {
        parts.extend([pack.folder.display().to_string(), format!("{:?}", pack.grammar)]);
        parts.extend(pack.unreadable.iter().map(ToString::to_string));
        let files: &BTreeMap<String, String> = &pack.files;
        parts.extend(files.iter().flat_map(|(name, text)| [name.clone(), text.clone()]));
    }
    ContentHash::of_parts(parts.iter().map(String::as_str))
}

fn drop_wrong_queries(user: &mut UserPack, grammar: &tree_sitter::Language) {
    let mut wrong = Vec::new();
    for (file, text) in user.files.iter().filter(|(file, _)| file.ends_with(".scm")) {
        if let Err(error) = tree_sitter::Query::new(grammar, text) {
            let hint = "tree-sitter's manual says how queries are written; `src/node-types.json` lists kinds and fields";
            let problem = user.problem(file, format!("{:?} error: {}", error.kind, error.message), hint);
            wrong.push((file.clone(), problem.at(text, error.offset)));
        }
    }
    for (file, problem) in wrong {
        user.files.remove(&file);
        user.unreadable.push(problem);
    }
}

fn no_grammar(user: &UserPack, languages: &Languages) -> PackProblem {
    let ids: Vec<&str> = languages.all().into_iter().map(|language| language.id().as_str()).collect();
    let hint = format!(
        "name the folder after one of {}, or put the grammar's repository into `{}/grammar`",
        ids.join(", "),
        user.folder.display()
    );
    user.problem(MANIFEST, format!("there is no grammar for `{}`", user.id), hint)
}

/// What the tables name and the grammar does not have, where it stands.
fn of_tables(user: &UserPack, error: &PackError) -> PackProblem {
    let text = user.text(MANIFEST).unwrap_or_default();
    let name = error.message.split('`').nth(1).unwrap_or_default();
    let words = [format!("\"{name}\""), format!("\n{name} "), name.to_owned()];
    let hint = "`src/node-types.json` of the grammar lists its kinds and fields";
    user.problem(MANIFEST, error.message.clone(), hint).at_word(text, words.iter().map(String::as_str))
}

#[cfg(test)]
mod tests;
