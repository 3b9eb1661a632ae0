//! Chat completions as OpenAI has them, and everybody who does as OpenAI does: llama.cpp, Ollama, vLLM, LM Studio, …

use serde_json::{Value, json};

use super::provider::{Answer, Call, Provider, Question, Secret, Stop, Trouble, Usage, json_of, message_of};
use super::sse::Event;

/// OpenAI's own service knows another name for the limit; others only know the old one.
const OWN_HOST: &str = "api.openai.com";

/// The protocol.
pub(crate) struct OpenAi {
    limit: &'static str,
}

impl OpenAi {
    pub(crate) fn at(endpoint: &str) -> Self {
        let is_own = endpoint.contains(OWN_HOST);
        Self { limit: if is_own { "max_completion_tokens" } else { "max_tokens" } }
    }
}

impl Provider for OpenAi {
    fn key_header(&self, key: &Secret) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", key.expose()))
    }

    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    fn call(&self, question: &Question) -> Call {
        let mut body = json!({
            "model": question.model,
            "messages": [
                {"role": "system", "content": question.system},
                {"role": "user", "content": question.user},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "seed": question.seed,
            self.limit: question.max_tokens,
        });
        if let (Some(temperature), Some(fields)) = (question.temperature, body.as_object_mut()) {
            fields.insert("temperature".to_owned(), json!(temperature));
        }
        Call { path: "chat/completions", headers: self.headers(), body }
    }

    fn hear(&self, event: &Event, answer: &mut Answer) -> Result<(), Trouble> {
        if event.data.trim() == "[DONE]" {
            answer.is_over = true;
            return Ok(());
        }
        let json = json_of(event)?;
        if json.get("error").is_some_and(|error| !error.is_null()) {
            return Err(Trouble::Told(message_of(&event.data)));
        }
        take_choice(&json, "delta", answer);
        Ok(())
    }

    fn hear_all(&self, body: &Value, answer: &mut Answer) -> Result<(), Trouble> {
        if body.pointer("/choices/0/message").is_none() {
            return Err(Trouble::Garbled("it has no choices".to_owned()));
        }
        take_choice(body, "message", answer);
        answer.is_over = true;
        Ok(())
    }
}

/// The first chunk often has `content: null`, the last one no choice at all but the usage.
fn take_choice(json: &Value, part: &str, answer: &mut Answer) {
    if let Some(choice) = json.pointer("/choices/0") {
        let text = |name: &str| choice.get(part).and_then(|part| part.get(name)).and_then(Value::as_str);
        answer.push(text("content").unwrap_or_default());
        if let Some(refusal) = text("refusal").filter(|refusal| !refusal.is_empty()) {
            refuse(answer, refusal);
        }
        match choice.get("finish_reason").and_then(Value::as_str) {
            Some("length") => answer.stop = Some(Stop::Length),
            Some("content_filter") => refuse(answer, "its content filter"),
            Some(_) if answer.stop.is_none() => answer.stop = Some(Stop::Done),
            _ => {}
        }
    }
    if let Some(usage) = json.get("usage").filter(|usage| usage.is_object()) {
        let count = |name: &str| usage.get(name).and_then(Value::as_u64);
        if let (Some(tokens_in), Some(tokens_out)) = (count("prompt_tokens"), count("completion_tokens")) {
            answer.usage = Some(Usage { tokens_in, tokens_out });
        }
    }
}

/// A refusal comes in pieces, too.
fn refuse(answer: &mut Answer, words: &str) {
    match &mut answer.stop {
        Some(Stop::Refused(said)) => said.push_str(words),
        stop => *stop = Some(Stop::Refused(words.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(chunks: &[&str]) -> Result<Answer, Trouble> {
        let mut answer = Answer::default();
        for data in chunks {
            let event = Event { name: String::new(), data: (*data).to_owned() };
            OpenAi::at("http://localhost").hear(&event, &mut answer)?;
        }
        Ok(answer)
    }

    #[test]
    fn chunks_add_up() {
        let answer = hear(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":null},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":null}"#,
            r#"{"choices":[{"delta":{"content":"b"}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}"#,
            "[DONE]",
        ])
        .unwrap();
        let usage = Some(Usage { tokens_in: 7, tokens_out: 2 });
        assert_eq!((answer.text.as_str(), answer.stop.as_ref()), ("ab", Some(&Stop::Done)));
        assert_eq!((answer.usage, answer.is_over), (usage, true));
    }

    #[test]
    fn refusals_limits_and_errors_are_told_apart() {
        let refusal = hear(&[
            r#"{"choices":[{"delta":{"refusal":"I "}}]}"#,
            r#"{"choices":[{"delta":{"refusal":"won't"},"finish_reason":"stop"}]}"#,
        ]);
        assert_eq!(refusal.unwrap().stop, Some(Stop::Refused("I won't".to_owned())));
        let cut = hear(&[r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"length"}]}"#]);
        assert_eq!(cut.unwrap().stop, Some(Stop::Length));
        assert_eq!(hear(&[r#"{"error":{"message":"oh"}}"#]), Err(Trouble::Told("oh".to_owned())));
        assert!(matches!(hear(&["{\"choices\":["]), Err(Trouble::Garbled(_))));
    }

    #[test]
    fn the_limit_has_the_name_the_server_knows() {
        let question = Question {
            model: "m".to_owned(),
            system: "s".to_owned(),
            user: "u".to_owned(),
            max_tokens: 9,
            temperature: None,
            seed: 1,
        };
        let own = OpenAi::at("https://api.openai.com/v1").call(&question).body;
        let other = OpenAi::at("http://127.0.0.1:8080/v1").call(&question).body;
        assert_eq!((&own["max_completion_tokens"], &other["max_tokens"]), (&json!(9), &json!(9)));
        assert!(own.get("max_tokens").is_none() && own.get("temperature").is_none());
    }
}
