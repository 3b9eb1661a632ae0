//! Exchanges with language models: the record of what was sent, what came back and what it cost.

use hephaestus_core::Exchange;
use rusqlite::params;

use crate::error::RegistryError;
use crate::record::{RunId, from_json, to_json, to_sql};
use crate::store::Registry;

impl Registry {
    /// Keeps an exchange, in place of the one with its id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_exchange(&self, run: &RunId, exchange: &Exchange) -> Result<(), RegistryError> {
        self.write(|transaction| {
            let json = to_json("exchange", &exchange.id, exchange)?;
            transaction
                .prepare_cached(
                    "INSERT INTO exchanges (id, run, goal, model, at_ms, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                     ON CONFLICT (id) DO UPDATE SET json = excluded.json",
                )?
                .execute(params![
                    exchange.id,
                    run.0,
                    exchange.goal.0,
                    exchange.model,
                    to_sql(exchange.at_ms),
                    json
                ])?;
            Ok(())
        })
    }

    /// The latest exchanges in which every word of `text` occurs, the latest first. Capitals do not matter in ASCII.
    ///
    /// # Errors
    /// When a stored record does not read back, or the database cannot be read.
    pub fn exchanges(&self, text: &str, limit: usize) -> Result<Vec<Exchange>, RegistryError> {
        let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
        self.read(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, json FROM exchanges ORDER BY seq DESC")?;
            let mut rows = statement.query([])?;
            let mut found = Vec::new();
            while found.len() < limit
                && let Some(row) = rows.next()?
            {
                let (id, json): (String, String) = (row.get(0)?, row.get(1)?);
                let exchange: Exchange = from_json("exchange", &id, &json)?;
                let haystack = haystack(&exchange);
                if words.iter().all(|word| haystack.contains(word.as_str())) {
                    found.push(exchange);
                }
            }
            Ok(found)
        })
    }

    /// The exchange whose id is `id` or, when there is exactly one such, begins with it.
    ///
    /// # Errors
    /// When a stored record does not read back, or the database cannot be read.
    pub fn get_exchange(&self, id: &str) -> Result<Option<Exchange>, RegistryError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT json FROM exchanges WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2")?;
            let mut found = statement.query_map([id], |row| row.get::<_, String>(0))?;
            let json = found.next().transpose()?;
            let is_only = found.next().is_none();
            json.filter(|_| is_only).map(|json| from_json("exchange", id, &json)).transpose()
        })
    }
}

fn haystack(exchange: &Exchange) -> String {
    let Exchange { id, provider, endpoint, model, goal, prompt, outcome, request, response, .. } = exchange;
    [id, provider, endpoint, model, &goal.0, prompt, outcome, request, response]
        .map(String::as_str)
        .join("\n")
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::Retention;
    use hephaestus_core::GoalId;
    use std::path::Path;

    fn exchange(id: &str, at_ms: u64, model: &str) -> Exchange {
        Exchange {
            id: format!("{}{id}", Exchange::PREFIX),
            at_ms,
            provider: "openai".to_owned(),
            endpoint: "http://localhost".to_owned(),
            model: model.to_owned(),
            goal: GoalId("g".to_owned()),
            prompt: "repair/way-plain".to_owned(),
            tokens_in: 10,
            tokens_out: 5,
            cost_usd: 0.5,
            outcome: "answered".to_owned(),
            request: "Why?".to_owned(),
            response: "Because.".to_owned(),
        }
    }

    fn stored(exchanges: &[Exchange]) -> (Registry, RunId) {
        let registry = Registry::open_in_memory().unwrap();
        let run = registry.start_run("forge", Path::new("w"), 0, 1).unwrap();
        for exchange in exchanges {
            registry.put_exchange(&run, exchange).unwrap();
        }
        (registry, run)
    }

    #[test]
    fn exchanges_are_found_by_any_word_and_by_the_beginning_of_their_id() {
        let (one, two) = (exchange("aab1", 1, "qwen"), exchange("aac2", 2, "Llama"));
        let (registry, run) = stored(&[one.clone(), two.clone()]);
        assert_eq!(registry.exchanges("", 9).unwrap(), [two.clone(), one.clone()]);
        assert_eq!(registry.exchanges("because llama", 9).unwrap(), std::slice::from_ref(&two));
        assert_eq!(registry.exchanges("", 1).unwrap().len(), 1);
        assert_eq!(registry.get_exchange("llm-aab").unwrap(), Some(one));
        assert_eq!(registry.get_exchange("llm-aa").unwrap(), None, "it could be either");
        let amended = Exchange { outcome: "unchanged".to_owned(), ..two };
        registry.put_exchange(&run, &amended).unwrap();
        assert_eq!(registry.exchanges("", 1).unwrap(), [amended]);
    }

    #[test]
    fn what_is_old_goes() {
        let day = 24 * 60 * 60 * 1000;
        let (registry, _) = stored(&[exchange("old", 1, "m"), exchange("new", 9 * day, "m")]);
        let retention = Retention { max_age_days: Some(3), ..Retention::default() };
        registry.gc(&retention, 10 * day).unwrap();
        let left: Vec<String> = registry.exchanges("", 9).unwrap().into_iter().map(|own| own.id).collect();
        assert_eq!(left, ["llm-new"]);
    }
}
