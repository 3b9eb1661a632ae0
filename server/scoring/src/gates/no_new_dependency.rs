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
        for (_, after) in &case.files {
            let imported = case.parts.imports.external(after);
            if let Some(name) = imported.iter().find(|name| !case.parts.dependencies.contains(*name)) {
                return Err(format!("imports `{name}`, which nothing here did before"));
            }
        }
        Ok("none".to_owned())
    }
}
