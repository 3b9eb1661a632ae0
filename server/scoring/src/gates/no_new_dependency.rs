//! Nothing is imported that nobody in the project imported before.

use super::Check;
use crate::Case;
use hephaestus_core::Gate;

pub(super) struct NoNewDependency;

impl Check for NoNewDependency {
    fn gate(&self) -> Gate {
        Gate::NoNewDependency
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let (known, allowed) = (&case.parts.dependencies, &case.parts.limits.dependencies);
        let is_known = |name: &String| known.contains(name) || allowed.contains(name);
        for (_, after) in &case.files {
            // Tests that are to come bring what they need; the code does not depend on it.
            if after.file().is_test && case.parts.limits.tests.contains(&after.file().path) {
                continue;
            }
            let imported = case.parts.imports.external(after);
            if let Some(name) = imported.iter().find(|name| !is_known(name)) {
                return Err(format!("imports `{name}`, which nothing here did before"));
            }
        }
        Ok("none".to_owned())
    }
}
