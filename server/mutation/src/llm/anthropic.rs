//! Messages as Anthropic has them.

use serde_json::{Value, json};

use super::provider::{Answer, Call, Provider, Question, Secret, Stop, Trouble, Usage, json_of, message_of};
use super::sse::Event;

/// The protocol.
pub(crate) struct Anthropic;

impl Provider for Anthropic {
    fn key_header(&self, key: &Secret) -> (&'static str, String) {
        ("x-api-key", key.expose().to_owned())
    }

    fn headers(&self) -> Vec<(&'static str, &'static str)> {
        vec![("anthropic-version", "2023-06-01")]
    }

    fn call(&self, question: &Question) -> Call {
        let mut body = json!({
            "model": question.model,
            "system": question.system,
            "messages": [{"role": "user", "content": question.user}],
            "stream": true,
            "max_tokens": question.max_tokens,
        });
        if let (Some(temperature), Some(fields)) = (question.temperature, body.as_object_mut()) {
            fields.insert("temperature".to_owned(), json!(temperature));
        }
        Call { path: "messages", headers: self.headers(), body }
    }

    fn hear(&self, event: &Event, answer: &mut Answer) -> Result<(), Trouble> {
        let json = json_of(event)?;
        match json.get("type").and_then(Value::as_str).unwrap_or(&event.name) {
            "error" => return Err(Trouble::Told(message_of(&event.data))),
            "message_start" => {
                answer.tokens_in = json.pointer("/message/usage").map(tokens_in);
            }
            "content_block_delta" => {
                answer.push(json.pointer("/delta/text").and_then(Value::as_str).unwrap_or_default());
            }
            "message_delta" => {
                take_stop(json.pointer("/delta/stop_reason"), answer);
                let tokens_out = json.pointer("/usage/output_tokens").and_then(Value::as_u64);
                let known = answer.tokens_in.zip(tokens_out);
                answer.usage = known.map(|(tokens_in, tokens_out)| Usage { tokens_in, tokens_out });
            }
            "message_stop" => answer.is_over = true,
            _ => {}
        }
        Ok(())
    }

    fn hear_all(&self, body: &Value, answer: &mut Answer) -> Result<(), Trouble> {
        let Some(blocks) = body.get("content").and_then(Value::as_array) else {
            return Err(Trouble::Garbled("it has no content".to_owned()));
        };
        for text in blocks.iter().filter_map(|block| block.get("text")?.as_str()) {
            answer.push(text);
        }
        take_stop(body.get("stop_reason"), answer);
        answer.usage = body.get("usage").and_then(|usage| {
            let tokens_out = usage.get("output_tokens")?.as_u64()?;
            Some(Usage { tokens_in: tokens_in(usage), tokens_out })
        });
        answer.is_over = true;
        Ok(())
    }
}

/// What was written to or read from the provider's cache is counted beside the rest.
fn tokens_in(usage: &Value) -> u64 {
    let parts = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    parts.iter().filter_map(|part| usage.get(part)?.as_u64()).fold(0, u64::saturating_add)
}

fn take_stop(reason: Option<&Value>, answer: &mut Answer) {
    answer.stop = match reason.and_then(Value::as_str) {
        None => return,
        Some("max_tokens") => Some(Stop::Length),
        Some("refusal") => Some(Stop::Refused("the model declines".to_owned())),
        Some(_) => Some(Stop::Done),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hear(events: &[(&str, &str)]) -> Result<Answer, Trouble> {
        let mut answer = Answer::default();
        for (name, data) in events {
            Anthropic.hear(&Event { name: (*name).to_owned(), data: (*data).to_owned() }, &mut answer)?;
        }
        Ok(answer)
    }

    #[test]
    fn events_add_up() {
        let answer = hear(&[
            ("message_start", r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"cache_read_input_tokens":4,"output_tokens":1}}}"#),
            ("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
            ("ping", r#"{"type":"ping"}"#),
            ("content_block_delta", r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#),
            ("content_block_delta", r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}"#),
            ("content_block_delta", r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"b"}}"#),
            ("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":12}}"#),
            ("message_stop", r#"{"type":"message_stop"}"#),
        ])
        .unwrap();
        assert_eq!((answer.text.as_str(), &answer.stop, answer.is_over), ("ab", &Some(Stop::Done), true));
        assert_eq!(answer.usage, Some(Usage { tokens_in: 9, tokens_out: 12 }));
    }

    #[test]
    fn refusals_limits_and_errors_are_told_apart() {
        let ended = |reason: &str| {
            let data = format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#);
            hear(&[("message_delta", &data)]).unwrap()
        };
        assert!(matches!(ended("refusal").stop, Some(Stop::Refused(_))));
        assert_eq!((ended("max_tokens").stop, ended("max_tokens").usage), (Some(Stop::Length), None));
        let error = hear(&[(
            "error",
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        )]);
        assert_eq!(error, Err(Trouble::Told("Overloaded".to_owned())));
    }
}
