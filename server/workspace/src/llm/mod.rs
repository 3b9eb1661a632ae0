//! Whether and how a language model may be asked about this workspace: settings, consent, key and prompts brought
//! together. Sends nothing.

mod consent;

use crate::memory::Correspondence;
use crate::open::Workspace;
use hephaestus_core::{CancelToken, LlmSettings};
use hephaestus_harness::key_from;
use hephaestus_mutation::Llm;
use hephaestus_mutation::llm::{Access, Secret, models, prompt_names};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use consent::Destination;

use consent::ConsentFile;

/// A prompt of one's own that is longer is no prompt.
const LONGEST_PROMPT: u64 = 64 * 1024;

/// Why no language model is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LlmRefusal {
    /// Nothing is set.
    #[error("no language model is configured")]
    NotConfigured,
    /// The user has not said that it may be asked.
    #[error("nothing of this workspace may be sent to {0} yet")]
    NoConsent(Destination),
    /// A key is named and not there.
    #[error("there is no key: {0}")]
    NoKey(String),
    /// The endpoint makes no sense.
    #[error("{0}")]
    Unusable(String),
}

impl LlmRefusal {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotConfigured => "Set `llm.provider` and `llm.model` in hephaestus.toml.",
            Self::NoConsent(_) => {
                "`hephaestus llm consent` allows it, for this workspace and this destination."
            }
            Self::NoKey(_) => {
                "Name it in your own configuration: `llm.key_env` (an environment variable) or `llm.key_command`."
            }
            Self::Unusable(_) => "`hephaestus doctor` shows what is configured.",
        }
    }
}

impl Workspace {
    /// Where code would be sent, if it may be.
    ///
    /// # Errors
    /// Why it may not.
    pub fn llm_destination(&self) -> Result<Destination, LlmRefusal> {
        let destination = Destination::of(&self.config.llm).ok_or(LlmRefusal::NotConfigured)?;
        match ConsentFile::of_user().allows(&self.root, &destination) {
            true => Ok(destination),
            false => Err(LlmRefusal::NoConsent(destination)),
        }
    }

    /// Whether a language model can be asked: configured, allowed, and with its key.
    ///
    /// # Errors
    /// Why not.
    pub fn llm_is_ready(&self) -> Result<Destination, LlmRefusal> {
        let destination = self.llm_destination()?;
        key(&self.config.llm).map(|_| destination)
    }

    /// Notes the user's consent to what is configured now.
    ///
    /// # Errors
    /// When nothing is configured, or it cannot be noted.
    pub fn consent_to_llm(&self) -> Result<Destination, LlmRefusal> {
        let destination = Destination::of(&self.config.llm).ok_or(LlmRefusal::NotConfigured)?;
        let noted = ConsentFile::of_user().give(&self.root, &destination);
        noted.map(|()| destination).map_err(|error| LlmRefusal::Unusable(error.to_string()))
    }

    /// Takes every consent for this workspace back; how many there were.
    ///
    /// # Errors
    /// When that cannot be noted.
    pub fn withdraw_from_llm(&self) -> io::Result<usize> {
        ConsentFile::of_user().withdraw(&self.root)
    }

    /// The models that the endpoint offers. Sends the key, so it needs consent, and no code.
    ///
    /// # Errors
    /// A sentence that says what is in the way.
    pub fn llm_models(&self, cancel: &CancelToken) -> Result<Vec<String>, String> {
        self.llm_destination().map_err(|refusal| refusal.to_string())?;
        let key = key(&self.config.llm).map_err(|refusal| refusal.to_string())?;
        models(&self.config.llm, key, cancel)
    }

    /// The engine, where it may be used.
    pub(crate) fn llm(&self, journal: Correspondence, fresh: bool) -> Result<Llm, LlmRefusal> {
        self.llm_destination()?;
        let settings = self.config.llm.clone();
        let access = Access {
            key: key(&settings)?,
            prompts: prompts(&self.prompt_folders()),
            settings,
            used: journal.used(),
            journal: Box::new(journal),
            fresh,
        };
        Llm::new(self.languages, access).map_err(|error| LlmRefusal::Unusable(error.to_string()))
    }

    /// Where prompts of one's own lie; those of the workspace, which is trusted by now, come last and win.
    fn prompt_folders(&self) -> Vec<PathBuf> {
        let users = self.config.llm.prompts.as_ref().map(PathBuf::from);
        let users = users.or_else(|| Some(dirs::config_dir()?.join("hephaestus").join("prompts")));
        users.into_iter().chain([self.state_folder().join("prompts")]).collect()
    }
}

/// The key, by the command or the environment; none, where none is named.
fn key(settings: &LlmSettings) -> Result<Option<Secret>, LlmRefusal> {
    let unfit = || LlmRefusal::NoKey("what was found cannot be one".to_owned());
    if !settings.key_command.is_empty() {
        let text = key_from(&settings.key_command).map_err(|error| LlmRefusal::NoKey(error.to_string()))?;
        return Secret::new(&text).map(Some).ok_or_else(unfit);
    }
    let Some(name) = settings.key_env() else { return Ok(None) };
    let text = std::env::var(name).map_err(|_| LlmRefusal::NoKey(format!("${name} is not set")))?;
    Secret::new(&text).map(Some).ok_or_else(unfit)
}

fn prompts(folders: &[PathBuf]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (folder, name) in
        folders.iter().flat_map(|folder| prompt_names().into_iter().map(move |name| (folder, name)))
    {
        found.extend(prompt(&folder.join(format!("{name}.md"))).map(|text| (name.to_owned(), text)));
    }
    found
}

fn prompt(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let text = (about.len() <= LONGEST_PROMPT).then(|| fs::read_to_string(path).ok()).flatten();
    if text.is_none() {
        tracing::warn!("{} is not used: it is too long, or no text", path.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_s_prompts_win_over_the_user_s_and_only_known_names_count() {
        let (users, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, name, text) in [
            (&users, "repair.md", "users"),
            (&users, "hole.md", "users"),
            (&own, "repair.md", "own"),
            (&own, "passwords.md", "own"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        fs::write(own.path().join("system.md"), vec![b'x'; 70_000]).unwrap();
        let found = prompts(&[users.path().to_owned(), own.path().to_owned()]);
        let expected =
            [("hole", "users"), ("repair", "own")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(found, expected.into());
    }

    #[test]
    fn a_key_comes_from_the_command_first_and_none_is_needed_where_none_is_named() {
        let named = |command: &[&str]| LlmSettings {
            key_env: Some("HEPHAESTUS_NO_SUCH_KEY".to_owned()),
            key_command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..LlmSettings::default()
        };
        assert_eq!(key(&LlmSettings::default()), Ok(None));
        assert_eq!(key(&named(&["echo", "abc"])), Ok(Secret::new("abc")));
        let missing = key(&named(&[])).unwrap_err();
        assert!(missing.to_string().contains("$HEPHAESTUS_NO_SUCH_KEY"), "{missing}");
        assert!(matches!(key(&named(&["false"])), Err(LlmRefusal::NoKey(_))));
    }
}
