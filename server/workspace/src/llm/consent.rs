//! Consent: where a workspace's code may be sent, as the user said. Kept in the user's own state folder, never in the
//! workspace, which could otherwise consent for itself.

use hephaestus_core::LlmSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where code would go. Whatever differs needs a consent of its own: another endpoint is somebody else, another model
/// may have another price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The provider's word.
    pub provider: String,
    /// The address.
    pub endpoint: String,
    /// The models that may be asked.
    pub models: Vec<String>,
}

impl Destination {
    /// Where these settings lead; nowhere while provider or model is missing.
    #[must_use]
    pub fn of(settings: &LlmSettings) -> Option<Self> {
        let (provider, models) = (settings.provider?, settings.all_models());
        settings.model.as_ref().filter(|model| !model.trim().is_empty())?;
        let endpoint = settings.endpoint().unwrap_or_default().to_owned();
        Some(Self { provider: provider.as_str().to_owned(), endpoint, models })
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ({})", self.models.join(", "), self.endpoint, self.provider)
    }
}

/// The user's file with the consents.
#[derive(Debug, Clone)]
pub(crate) struct ConsentFile {
    path: Option<PathBuf>,
}

/// What was consented to, by workspace.
type Consents = BTreeMap<PathBuf, Vec<Destination>>;

impl ConsentFile {
    /// The user's file; without a home there is none, and so no consent.
    pub(crate) fn of_user() -> Self {
        let folder = dirs::state_dir().or_else(dirs::data_local_dir);
        Self { path: folder.map(|folder| folder.join("hephaestus").join("llm-consent.json")) }
    }

    /// Whether code of the workspace at `root` may go there.
    pub(crate) fn allows(&self, root: &Path, destination: &Destination) -> bool {
        self.read().get(root).is_some_and(|all| all.contains(destination))
    }

    /// Notes that it may.
    pub(crate) fn give(&self, root: &Path, destination: &Destination) -> io::Result<()> {
        let mut all = self.read();
        let own = all.entry(root.to_owned()).or_default();
        if !own.contains(destination) {
            own.push(destination.clone());
        }
        self.write(&all)
    }

    /// Forgets every consent for the workspace at `root`; how many there were.
    pub(crate) fn withdraw(&self, root: &Path) -> io::Result<usize> {
        let mut all = self.read();
        let gone = all.remove(root).map_or(0, |own| own.len());
        if gone > 0 {
            self.write(&all)?;
        }
        Ok(gone)
    }

    /// What cannot be read is no consent.
    fn read(&self) -> Consents {
        let bytes = self.path.as_ref().and_then(|path| fs::read(path).ok()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn write(&self, all: &Consents) -> io::Result<()> {
        let none = || io::Error::other("there is no folder for what belongs to you and to no workspace");
        let path = self.path.as_ref().ok_or_else(none)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // A file of its own first: whoever reads meanwhile sees the old one or the new one.
        let own = folder.join(format!("llm-consent.{}.json", std::process::id()));
        fs::write(&own, serde_json::to_vec_pretty(all)?)?;
        fs::rename(&own, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::LlmProvider;

    fn settings() -> LlmSettings {
        LlmSettings {
            provider: Some(LlmProvider::Openai),
            model: Some("m".to_owned()),
            ..LlmSettings::default()
        }
    }

    #[test]
    fn nothing_leads_anywhere_until_provider_and_model_are_set() {
        assert_eq!(Destination::of(&LlmSettings::default()), None);
        assert_eq!(Destination::of(&LlmSettings { model: None, ..settings() }), None);
        assert_eq!(Destination::of(&LlmSettings { model: Some(" ".to_owned()), ..settings() }), None);
        assert_eq!(Destination::of(&settings()).unwrap().endpoint, "https://api.openai.com/v1");
    }

    #[test]
    fn consent_is_for_one_workspace_and_one_destination_until_it_is_withdrawn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/llm-consent.json");
        let file = ConsentFile { path: Some(path.clone()) };
        let usual = Destination::of(&settings()).unwrap();
        let elsewhere = LlmSettings { endpoint: Some("https://evil.example/v1".to_owned()), ..settings() };
        let dearer = LlmSettings { models: vec!["dear".to_owned()], ..settings() };
        let (one, other) = (Path::new("/one"), Path::new("/other"));
        assert!(!file.allows(one, &usual));
        file.give(one, &usual).unwrap();
        file.give(one, &usual).unwrap();
        assert!(file.allows(one, &usual) && !file.allows(other, &usual));
        for changed in [elsewhere, dearer] {
            assert!(!file.allows(one, &Destination::of(&changed).unwrap()));
        }
        assert_eq!((file.withdraw(one).unwrap(), file.withdraw(one).unwrap()), (1, 0));
        assert!(!file.allows(one, &usual));
        fs::write(path, "{rubbish").unwrap();
        assert!(!file.allows(one, &usual), "rubbish is no consent");
        assert!(ConsentFile { path: None }.give(one, &usual).is_err());
    }
}
