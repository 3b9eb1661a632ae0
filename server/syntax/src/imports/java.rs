//! Java classes: a class is the file of its name, so whoever writes the name uses the file. Packages are not told apart:
//! classes of one package see each other without an import, wherever their folders are.

use hephaestus_core::RelPath;
use std::collections::{BTreeMap, BTreeSet};

use super::Resolved;
use super::references::references;
use crate::Parsed;

/// The Java files of the workspace by the name of their class.
#[derive(Debug, Clone, Default)]
pub(super) struct JavaFiles {
    classes: BTreeMap<String, BTreeSet<RelPath>>,
}

impl JavaFiles {
    pub(super) fn of(files: &BTreeSet<RelPath>) -> Self {
        let mut classes: BTreeMap<String, BTreeSet<RelPath>> = BTreeMap::new();
        for file in files {
            if let Some(class) = file.file_name().strip_suffix(".java") {
                classes.entry(class.to_owned()).or_default().insert(file.clone());
            }
        }
        Self { classes }
    }

    pub(super) fn resolve(&self, parsed: &Parsed) -> Resolved {
        let (text, own) = (parsed.text(), &parsed.file().path);
        let mut resolved = Resolved::default();
        let mut seen = BTreeSet::new();
        for token in parsed.all_tokens() {
            let Some(word) = token.range.slice(text).filter(|word| seen.insert(*word)) else { continue };
            let files = self.classes.get(word).into_iter().flatten();
            resolved.files.extend(files.filter(|file| *file != own).cloned());
        }
        for reference in references(parsed) {
            let Some(name) = reference.text("module") else { continue };
            let parts: Vec<&str> = name.split('.').collect();
            if !parts.iter().any(|part| self.classes.contains_key(*part)) {
                resolved.external.insert(package_of(&parts));
            }
        }
        resolved
    }
}

/// The part of an import in front of the class: what begins with a small letter.
fn package_of(parts: &[&str]) -> String {
    let is_package = |part: &&&str| part.starts_with(char::is_lowercase);
    parts.iter().take_while(is_package).copied().collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_what_stands_in_front_of_the_class() {
        assert_eq!(package_of(&["java", "util", "Map", "Entry"]), "java.util");
        assert_eq!(package_of(&["org", "junit"]), "org.junit");
    }
}
