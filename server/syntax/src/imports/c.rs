//! C and C++ includes: a path relative to the file, or one that ends in what is written. A header stands for the source of
//! its name too, since a change there is seen by whoever includes the header. Include paths of build files are not read.

use hephaestus_core::RelPath;
use std::collections::{BTreeMap, BTreeSet};

use super::references::references;
use super::{Resolved, join};
use crate::Parsed;

/// The endings of what is compiled, against those of what is included.
const SOURCES: [&str; 5] = ["c", "cc", "cpp", "cxx", "c++"];

/// The files of the workspace by their last name, and the sources by stem.
#[derive(Debug, Clone, Default)]
pub(super) struct CFiles {
    named: BTreeMap<String, BTreeSet<RelPath>>,
    sources: BTreeMap<String, BTreeSet<RelPath>>,
}

impl CFiles {
    pub(super) fn of(files: &BTreeSet<RelPath>) -> Self {
        let mut own = Self::default();
        for file in files {
            let name = file.file_name();
            own.named.entry(name.to_owned()).or_default().insert(file.clone());
            if let Some((stem, ending)) = name.rsplit_once('.')
                && SOURCES.contains(&ending)
            {
                own.sources.entry(stem.to_owned()).or_default().insert(file.clone());
            }
        }
        own
    }

    pub(super) fn resolve(&self, parsed: &Parsed) -> Resolved {
        let path = &parsed.file().path;
        let mut resolved = Resolved::default();
        for reference in references(parsed) {
            let Some(written) = reference.text("module") else { continue };
            let included = written.trim_matches(['<', '>', ' ']);
            let files = self.included(path.parent().as_ref(), included);
            if files.is_empty() {
                resolved.external.insert(included.to_owned());
            }
            resolved.files.extend(files);
        }
        if let Some((stem, ending)) = path.file_name().rsplit_once('.')
            && !SOURCES.contains(&ending)
        {
            resolved.files.extend(self.sources.get(stem).into_iter().flatten().cloned());
        }
        resolved
    }

    fn included(&self, folder: Option<&RelPath>, included: &str) -> BTreeSet<RelPath> {
        let name = included.rsplit('/').next().unwrap_or(included);
        let Some(candidates) = self.named.get(name) else { return BTreeSet::new() };
        if let Some(beside) = join(folder, included).filter(|path| candidates.contains(path)) {
            return BTreeSet::from([beside]);
        }
        let rest = included.trim_start_matches("../").trim_start_matches("./");
        let ends = |path: &&RelPath| path.as_str() == rest || path.as_str().ends_with(&format!("/{rest}"));
        candidates.iter().filter(ends).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_include_is_a_file_beside_or_one_whose_path_ends_so() {
        let paths = ["a.h", "lib/a.h", "include/x/b.h", "src/b.c"];
        let files = CFiles::of(&paths.iter().map(|path| RelPath::new(*path).unwrap()).collect());
        let lib = RelPath::new("lib").unwrap();
        let found = |folder: Option<&RelPath>, text: &str| -> Vec<String> {
            files.included(folder, text).iter().map(|path| path.as_str().to_owned()).collect()
        };
        assert_eq!(found(Some(&lib), "a.h"), ["lib/a.h"]);
        assert_eq!(found(Some(&lib), "../a.h"), ["a.h"]);
        assert_eq!(found(None, "x/b.h"), ["include/x/b.h"]);
        assert!(found(None, "stdio.h").is_empty());
    }
}
