//! The names visible from outside, and their signatures, stay as they are.

use super::Check;
use crate::Case;
use hephaestus_core::Gate;

pub(super) struct PublicApi;

impl Check for PublicApi {
    fn gate(&self) -> Gate {
        Gate::PublicApi
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        for (before, after) in &case.files {
            if before.file().is_test {
                continue;
            }
            let (was, is) = (before.public_api(), after.public_api());
            if let Some(item) = was.iter().find(|item| !is.contains(item)) {
                return Err(format!("`{}` changes or goes", item.name));
            }
            if let Some(item) = is.iter().find(|item| !was.contains(item)) {
                return Err(format!("`{}` is new", item.name));
            }
        }
        Ok("unchanged".to_owned())
    }
}
