//! What searches saw of changes, remembered: a search that was broken off goes on where it stopped, and one that is made
//! again on the very same code costs nothing up to there. Decides nothing; what a search finds is proved in full all the same.

use hephaestus_core::{
    Behaviour, BehaviourRequest, CancelToken, ContentHash, LanguageId, Probe, ProbeEnd, ProbeRequest, Probed,
    Spectrum, Variant,
};
use hephaestus_registry::Registry;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The namespace in the registry's caches.
const NAMESPACE: &str = "searched";

/// A probe that asks the registry first, and keeps there what the other one says.
pub(crate) struct Recalling<'a> {
    inner: &'a dyn Probe,
    registry: &'a Registry,
    /// Of the code, its tests and everything they are run with.
    context: ContentHash,
    recalled: AtomicU64,
}

/// [`Probed`] without the variant's number.
#[derive(Serialize, Deserialize)]
struct Kept(ProbeEnd, u32, String);

impl<'a> Recalling<'a> {
    pub(crate) fn new(inner: &'a dyn Probe, registry: &'a Registry, context: ContentHash) -> Self {
        Self { inner, registry, context, recalled: AtomicU64::new(0) }
    }

    /// How many changes were not tried because it was known what comes of them.
    pub(crate) fn recalled(&self) -> u64 {
        self.recalled.load(Ordering::Relaxed)
    }

    /// One key for each variant. What is shown to other tests is another question.
    fn keys(&self, request: &ProbeRequest<'_>) -> Vec<String> {
        let ahead = request.ahead.to_string();
        let asked = [self.context.as_str(), &ahead, "red"].into_iter();
        let asked = asked.chain(request.red.iter().map(String::as_str)).chain(["green"]);
        let asked = ContentHash::of_parts(asked.chain(request.green.iter().map(String::as_str)));
        let key = |variant: &Variant| {
            let mut parts = vec![asked.to_string(), variant.file.to_string()];
            for edit in &variant.edits {
                parts.push(format!("{} {} {}", edit.range.start, edit.range.end, edit.text));
            }
            ContentHash::of_parts(parts.iter().map(String::as_str)).to_string()
        };
        request.variants.iter().map(key).collect()
    }

    fn recall(&self, keys: &[String]) -> Vec<Option<Kept>> {
        let found = self.registry.cache_get_many(NAMESPACE, keys).unwrap_or_else(|error| {
            tracing::warn!("what was searched earlier cannot be read: {error}");
            Vec::new()
        });
        let mut kept: Vec<Option<Kept>> =
            found.into_iter().map(|bytes| serde_json::from_slice(&bytes?).ok()).collect();
        kept.resize_with(keys.len(), || None);
        kept
    }

    fn keep(&self, entries: &[(String, Vec<u8>)]) {
        if let Err(error) = self.registry.cache_put_many(NAMESPACE, entries) {
            tracing::warn!("what was searched is not remembered: {error}");
        }
    }
}

impl Probe for Recalling<'_> {
    fn spectrum(&self, language: &LanguageId, cancel: &CancelToken) -> Result<Spectrum, String> {
        self.inner.spectrum(language, cancel)
    }

    fn probe(
        &self,
        request: &ProbeRequest<'_>,
        cancel: &CancelToken,
        done: &mut dyn FnMut(Probed),
    ) -> Result<Duration, String> {
        let keys = self.keys(request);
        let (mut unknown, mut key_of) = (Vec::new(), HashMap::new());
        for ((variant, key), kept) in request.variants.iter().zip(&keys).zip(self.recall(&keys)) {
            match kept {
                Some(Kept(end, red_passed, mark)) => {
                    self.recalled.fetch_add(1, Ordering::Relaxed);
                    done(Probed { variant: variant.id, end, red_passed, mark });
                }
                None => {
                    key_of.insert(variant.id, key);
                    unknown.push(variant.clone());
                }
            }
        }
        if unknown.is_empty() {
            return Ok(Duration::ZERO);
        }
        let mut entries = Vec::new();
        let rest = ProbeRequest { variants: &unknown, ..request.clone() };
        let result = self.inner.probe(&rest, cancel, &mut |probed| {
            let kept = Kept(probed.end, probed.red_passed, probed.mark.clone());
            if let (Some(key), Ok(bytes)) = (key_of.get(&probed.variant), serde_json::to_vec(&kept)) {
                entries.push(((*key).clone(), bytes));
            }
            done(probed);
        });
        self.keep(&entries);
        result
    }

    fn behaviour(&self, request: &BehaviourRequest<'_>, cancel: &CancelToken) -> Result<Behaviour, String> {
        self.inner.behaviour(request, cancel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hephaestus_core::{Edit, RelPath};
    use std::sync::Mutex;

    /// Fails odd variants, passes even ones, and gives up after so many in all.
    struct Tests {
        most: usize,
        tried: Mutex<Vec<u32>>,
    }

    impl Probe for Tests {
        fn spectrum(&self, _: &LanguageId, _: &CancelToken) -> Result<Spectrum, String> {
            Err("not asked".to_owned())
        }

        fn probe(
            &self,
            request: &ProbeRequest<'_>,
            _: &CancelToken,
            done: &mut dyn FnMut(Probed),
        ) -> Result<Duration, String> {
            let mut tried = self.tried.lock().unwrap();
            for variant in request.variants {
                if tried.len() == self.most {
                    return Err("the budget is spent".to_owned());
                }
                tried.push(variant.id);
                let end = if variant.id % 2 == 0 { ProbeEnd::Passed } else { ProbeEnd::Failed };
                done(Probed { variant: variant.id, end, red_passed: 3, mark: format!("at {}", variant.id) });
            }
            Ok(Duration::from_secs(1))
        }

        fn behaviour(&self, _: &BehaviourRequest<'_>, _: &CancelToken) -> Result<Behaviour, String> {
            Err("not asked".to_owned())
        }
    }

    fn variants() -> Vec<Variant> {
        let edits = |id: u32| vec![Edit::new(0..1, format!("{id}"))];
        let file = RelPath::new("a.py").unwrap();
        (0..6).map(|id| Variant { id, file: file.clone(), edits: edits(id) }).collect()
    }

    /// Shows all variants to tests that give up after `most`. What was told, what was tried, and what came of it.
    fn search(
        registry: &Registry,
        context: &str,
        red: &str,
        most: usize,
    ) -> (Vec<Probed>, Vec<u32>, Result<Duration, String>) {
        let tests = Tests { most, tried: Mutex::default() };
        let recalling = Recalling::new(&tests, registry, ContentHash::of(context.as_bytes()));
        let (variants, red, mut told) = (variants(), [red.to_owned()], Vec::new());
        let limit = Duration::from_secs(9);
        let request = ProbeRequest { variants: &variants, red: &red, green: &[], ahead: 1, limit };
        let result = recalling.probe(&request, &CancelToken::new(), &mut |probed| told.push(probed));
        told.sort_by_key(|probed| probed.variant);
        let tried = tests.tried.lock().unwrap().clone();
        assert_eq!(usize::try_from(recalling.recalled()).unwrap(), told.len() - tried.len());
        (told, tried, result)
    }

    #[test]
    fn a_search_that_was_broken_off_goes_on_where_it_stopped_and_says_the_same() {
        let registry = Registry::open_in_memory().unwrap();
        let (told, tried, result) = search(&registry, "code", "red", 4);
        assert_eq!((told.len(), tried.len(), result.is_err()), (4, 4, true));
        let (all, tried, result) = search(&registry, "code", "red", 4);
        assert_eq!((tried, result), (vec![4, 5], Ok(Duration::from_secs(1))));
        assert_eq!(all.get(..4), Some(told.as_slice()));
        let (again, tried, result) = search(&registry, "code", "red", 4);
        assert_eq!((again, tried, result), (all, vec![], Ok(Duration::ZERO)));
    }

    #[test]
    fn other_code_and_other_tests_are_other_questions() {
        let registry = Registry::open_in_memory().unwrap();
        let (told, ..) = search(&registry, "code", "red", 9);
        assert_eq!(told.len(), 6);
        assert_eq!(search(&registry, "other code", "red", 9).1.len(), 6);
        assert_eq!(search(&registry, "code", "another test", 9).1.len(), 6);
    }
}
