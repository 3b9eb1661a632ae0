//! The names visible from outside, and their signatures, stay as they are.

use super::Check;
use crate::Case;
use hephaestus_core::{ApiLimit, Gate};
use hephaestus_syntax::ApiItem;

pub(super) struct PublicApi;

impl Check for PublicApi {
    fn gate(&self) -> Gate {
        Gate::PublicApi
    }

    fn ask(&self, case: &Case<'_>) -> Result<String, String> {
        let limits = &case.parts.limits;
        for (before, after) in &case.files {
            if before.file().is_test {
                continue;
            }
            let (was, is) = (before.public_api(), after.public_api());
            let stays = |item: &&ApiItem| !is.contains(item) && !limits.lets_change(&item.name);
            if let Some(item) = was.iter().find(stays) {
                return Err(format!("`{}` changes or goes", item.name));
            }
            // One that changes has gone already where nothing may.
            let comes = |item: &&ApiItem| !was.contains(item) && !limits.lets_come(&item.name);
            if let Some(item) = is.iter().find(comes) {
                return Err(format!("`{}` is new", item.name));
            }
        }
        Ok(match (limits.public_api, limits.named.as_slice()) {
            (ApiLimit::Free, _) => "it may change".to_owned(),
            (ApiLimit::Extend, _) => "nothing changed or went; new names may come".to_owned(),
            (ApiLimit::Frozen, []) => "unchanged".to_owned(),
            (ApiLimit::Frozen, names) => format!("unchanged but for {}, which may", names.join(", ")),
        })
    }
}
