//! What all providers have in common: a question, an answer as it grows, and what can go wrong. Sends nothing.

use std::fmt;
use std::time::Duration;

use hephaestus_core::LlmProvider;
use serde_json::Value;

use super::anthropic::Anthropic;
use super::openai::OpenAi;
use super::sse::Event;

/// Answers are cut off here, whatever a server goes on to send.
const LONGEST_ANSWER: usize = 1 << 20;

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub(crate) model: String,
    /// Who the model is to be.
    pub(crate) system: String,
    /// What it is asked.
    pub(crate) user: String,
    /// Most tokens of the answer.
    pub(crate) max_tokens: u64,
    pub(crate) temperature: Option<f64>,
    /// For providers that take one.
    pub(crate) seed: u64,
}

/// Tokens as the provider counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of questions.
    pub tokens_in: u64,
    /// Of answers.
    pub tokens_out: u64,
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The model had said all.
    Done,
    /// It was to say no more.
    Length,
    /// It would not say it.
    Refused(String),
}

/// An answer as far as it has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) stop: Option<Stop>,
    /// Both counts, once both are known.
    pub(crate) usage: Option<Usage>,
    /// What was counted of the question, where that is told first.
    pub(crate) tokens_in: Option<u64>,
    /// Nothing follows.
    pub(crate) is_over: bool,
}

impl Answer {
    /// Adds to the text.
    pub(crate) fn push(&mut self, text: &str) {
        if self.text.len() < LONGEST_ANSWER {
            self.text.push_str(text);
        }
    }

    /// Whether the model has begun to answer: from here on nothing may be asked again.
    pub(crate) fn has_begun(&self) -> bool {
        !self.text.is_empty() || self.stop.is_some()
    }
}

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("it was cancelled")]
    Cancelled,
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    #[error("the server said nothing for {} s", .0.as_secs())]
    Silent(Duration),
    #[error("the connection broke off in the middle of the answer")]
    BrokenOff,
    #[error("the server answers {status}: {message}")]
    Status { status: u16, message: String, retry_after: Option<Duration> },
    #[error("the server says: {0}")]
    Told(String),
    #[error("the server's answer cannot be read: {0}")]
    Garbled(String),
}

impl Trouble {
    /// Whether it may be better in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Silent(_) | Self::BrokenOff | Self::Told(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500..=599),
            Self::Cancelled | Self::Garbled(_) => false,
        }
    }

    /// Whether no other question will fare better: key, address or model are wrong.
    pub(crate) fn is_for_good(&self) -> bool {
        matches!(self, Self::Status { status: 300..=399 | 401..=407 | 410, .. } | Self::Unreachable(_))
    }

    /// Whether the provider had nothing to do and so nothing to count.
    pub(crate) fn is_free(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Status { .. })
    }
}

/// A request as it is sent, the key apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// Below the endpoint.
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Value,
}

/// One provider's protocol: pure, bytes are moved elsewhere.
pub(crate) trait Provider: Send + Sync {
    /// The header that carries the key.
    fn key_header(&self, key: &Secret) -> (&'static str, String);
    /// Headers of every request.
    fn headers(&self) -> Vec<(&'static str, &'static str)>;
    /// The request for a streamed answer.
    fn call(&self, question: &Question) -> Call;
    /// Takes one event of the stream in.
    ///
    /// # Errors
    /// When the event says that something went wrong, or cannot be read.
    fn hear(&self, event: &Event, answer: &mut Answer) -> Result<(), Trouble>;
    /// Takes an answer in that came in one piece, from a server that does not stream.
    ///
    /// # Errors
    /// When it cannot be read.
    fn hear_all(&self, body: &Value, answer: &mut Answer) -> Result<(), Trouble>;
}

/// The protocol behind the word in the configuration. `endpoint` tells dialects apart.
pub(crate) fn speaking(provider: LlmProvider, endpoint: &str) -> Box<dyn Provider> {
    match provider {
        LlmProvider::Openai => Box::new(OpenAi::at(endpoint)),
        LlmProvider::Anthropic => Box::new(Anthropic),
    }
}

/// What a server says about an error, whatever the shape of its body.
pub(crate) fn message_of(body: &str) -> String {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let told = json.as_ref().and_then(|json| {
        let error = json.get("error").or_else(|| json.get("detail")).unwrap_or(json);
        error.as_str().or_else(|| error.get("message")?.as_str())
    });
    let line: String = told.unwrap_or(body).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None if line.is_empty() => "nothing more".to_owned(),
        None => line,
    }
}

/// The data of an event as JSON.
pub(crate) fn json_of(event: &Event) -> Result<Value, Trouble> {
    serde_json::from_str(&event.data).map_err(|error| Trouble::Garbled(error.to_string()))
}

/// A key: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a key; white space around it is none of it. `None` when nothing is left or it cannot stand in a header.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        let is_fit = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        is_fit.then(|| Self(key.to_owned()))
    }

    /// The key itself: for the header it goes into, and for looking where it must not stand.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_many_servers_are_put_in_one_line() {
        for (body, message) in [
            (r#"{"error":{"message":"no such model","type":"x"}}"#, "no such model"),
            (r#"{"error":"model 'q' not found"}"#, "model 'q' not found"),
            (r#"{"detail":"Not  authenticated"}"#, "Not authenticated"),
            (r#"{"message":"slow down"}"#, "slow down"),
            ("<html>\n<b>502</b>\n</html>", "<html> <b>502</b> </html>"),
            ("", "nothing more"),
        ] {
            assert_eq!(message_of(body), message);
        }
        assert_eq!(message_of(&"é".repeat(1000)).chars().count(), 301);
    }

    #[test]
    fn a_key_is_never_printed_and_never_breaks_a_header() {
        let key = Secret::new(" sk-secret\n").unwrap();
        assert_eq!((format!("{key:?}").as_str(), key.expose()), ("Secret(…)", "sk-secret"));
        assert_eq!((Secret::new("a\r\nHost: b"), Secret::new(" ")), (None, None));
    }
}
