//! The one place where bytes go over the network: a request out, a streamed answer in, with patience that has an end.
//! Decides nothing about what is asked, how often, or what it may cost.

use std::error::Error;
use std::future::Future;
use std::time::{Duration, SystemTime};

use hephaestus_core::{CancelToken, LlmProvider};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::provider::{Answer, Provider, Question, Secret, Trouble, message_of, speaking};
use super::sse::Decoder;

/// How soon a request notices that nobody wants it any more.
const POLL: Duration = Duration::from_millis(20);

/// What is read of an answer that comes in one piece.
const LONGEST_BODY: usize = 4 << 20;

/// How long to wait for what. There is no limit for an answer as a whole: it goes on as long as something comes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) connect: Duration,
    /// For the first byte of an answer.
    pub(crate) first: Duration,
    /// Between two pieces of it.
    pub(crate) idle: Duration,
}

impl Patience {
    /// The usual one, for a server that may take `first` to begin.
    pub(crate) fn with_first(first: Duration) -> Self {
        Self { connect: Duration::from_secs(15), first, idle: Duration::from_secs(60) }
    }
}

/// Why no client can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No address at all, or not one of a web server.
    #[error("`llm.endpoint`: `{0}` is no address of a server; write one like https://host/v1")]
    Malformed(String),
    /// A key would go through the network for everybody to read.
    #[error("`llm.endpoint`: the key would travel unencrypted to `{0}`; use https, or no key")]
    Unencrypted(String),
    /// What sends requests cannot be set up.
    #[error("requests cannot be sent: {0}")]
    Setup(String),
}

/// Speaks with one endpoint.
pub(crate) struct Client {
    http: reqwest::Client,
    endpoint: Url,
    provider: Box<dyn Provider>,
    key: Option<Secret>,
    patience: Patience,
}

impl Client {
    pub(crate) fn new(
        provider: LlmProvider,
        endpoint: &str,
        key: Option<Secret>,
        patience: Patience,
    ) -> Result<Self, EndpointError> {
        let malformed = || EndpointError::Malformed(endpoint.to_owned());
        let mut url = Url::parse(endpoint).map_err(|_| malformed())?;
        let host = url.host_str().ok_or_else(malformed)?.to_owned();
        let is_local = is_loopback(&host);
        match url.scheme() {
            "https" => {}
            "http" if is_local || key.is_none() => {}
            "http" => return Err(EndpointError::Unencrypted(host)),
            _ => return Err(malformed()),
        }
        // Joining replaces what follows the last slash.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        // Fails only where somebody else has set one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // The key is for this host alone, and no connection outlives its answer.
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(patience.connect)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("hephaestus/", env!("CARGO_PKG_VERSION")));
        let builder = if is_local { builder.no_proxy() } else { builder };
        let http = builder.build().map_err(|error| EndpointError::Setup(reason(&error)))?;
        Ok(Self { http, endpoint: url, provider: speaking(provider, endpoint), key, patience })
    }

    /// Asks, and adds to `answer` what comes. Blocks; ends within a moment after `cancel`, and the connection with it.
    ///
    /// # Errors
    /// What went wrong; `answer` holds what had come until then.
    pub(crate) fn ask(
        &self,
        question: &Question,
        answer: &mut Answer,
        cancel: &CancelToken,
    ) -> Result<(), Trouble> {
        blocking(cancel, self.converse(question, answer))
    }

    /// The models that the server offers, by id.
    ///
    /// # Errors
    /// What went wrong.
    pub(crate) fn models(&self, cancel: &CancelToken) -> Result<Vec<String>, Trouble> {
        blocking(cancel, async {
            let request = self.http.get(self.at("models")?);
            let response = self.send(request, &self.provider.headers()).await?;
            let body = self.body(response).await?;
            let listed = body.get("data").or_else(|| body.get("models")).and_then(Value::as_array);
            let listed = listed.ok_or_else(|| Trouble::Garbled("it lists no models".to_owned()))?;
            Ok(listed.iter().filter_map(|model| model.get("id")?.as_str()).map(str::to_owned).collect())
        })
    }

    fn at(&self, path: &str) -> Result<Url, Trouble> {
        self.endpoint.join(path).map_err(|error| Trouble::Unreachable(error.to_string()))
    }

    async fn converse(&self, question: &Question, answer: &mut Answer) -> Result<(), Trouble> {
        let call = self.provider.call(question);
        let request = self.http.post(self.at(call.path)?).header("content-type", "application/json");
        let response = self.send(request.body(call.body.to_string()), &call.headers).await?;
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("application/json")) {
            let body = self.body(response).await?;
            return self.provider.hear_all(&body, answer);
        }
        self.listen(response, answer).await
    }

    /// Sends a request; a response is one that says yes.
    async fn send(
        &self,
        mut request: RequestBuilder,
        headers: &[(&'static str, &'static str)],
    ) -> Result<Response, Trouble> {
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(key) = &self.key {
            let (name, value) = self.provider.key_header(key);
            let mut value = reqwest::header::HeaderValue::from_str(&value)
                .map_err(|_| Trouble::Unreachable("the key cannot stand in a header".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(name, value);
        }
        let silent = || Trouble::Silent(self.patience.first);
        let response = timeout(self.patience.first, request.send()).await.map_err(|_| silent())?;
        let response = response.map_err(|error| match error.is_connect() || error.is_builder() {
            true => Trouble::Unreachable(reason(&error)),
            false => Trouble::BrokenOff,
        })?;
        if response.status().is_success() { Ok(response) } else { Err(self.complaint(response).await) }
    }

    async fn complaint(&self, response: Response) -> Trouble {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = pause_asked_for(header, SystemTime::now());
        if response.status().is_redirection() {
            let to = header("location").unwrap_or("nowhere");
            let message = format!("it redirects to {to}, which is not followed; set `llm.endpoint` to it");
            return Trouble::Status { status, message, retry_after };
        }
        // A message that does not come changes nothing about the status.
        let text = self.text(response).await.unwrap_or_default();
        Trouble::Status { status, message: message_of(&text), retry_after }
    }

    async fn listen(&self, mut response: Response, answer: &mut Answer) -> Result<(), Trouble> {
        let mut decoder = Decoder::default();
        let mut patience = self.patience.first;
        while !answer.is_over {
            let piece = timeout(patience, response.chunk()).await.map_err(|_| Trouble::Silent(patience))?;
            // A server that hangs up right after the end has said everything.
            let Ok(Some(bytes)) = piece else { break };
            patience = self.patience.idle;
            for event in decoder.feed(&bytes) {
                self.provider.hear(&event, answer)?;
            }
        }
        if answer.is_over || answer.stop.is_some() { Ok(()) } else { Err(Trouble::BrokenOff) }
    }

    async fn body(&self, response: Response) -> Result<Value, Trouble> {
        let text = self.text(response).await?;
        serde_json::from_str(&text).map_err(|error| Trouble::Garbled(error.to_string()))
    }

    /// All of a body, within reason.
    async fn text(&self, mut response: Response) -> Result<String, Trouble> {
        let mut bytes = Vec::new();
        loop {
            let piece = timeout(self.patience.first, response.chunk()).await;
            match piece.map_err(|_| Trouble::Silent(self.patience.first))? {
                Ok(Some(piece)) if bytes.len() < LONGEST_BODY => bytes.extend_from_slice(&piece),
                Ok(_) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                Err(_) => return Err(Trouble::BrokenOff),
            }
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// An error with what is behind it, without addresses that may hold a secret.
fn reason(error: &reqwest::Error) -> String {
    let mut deepest: &dyn Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    if std::ptr::addr_eq(deepest, error) { "no connection".to_owned() } else { deepest.to_string() }
}

/// Runs `work` on a runtime of its own, on this thread; drops it, and its connection, when `cancel` says so.
fn blocking<T>(cancel: &CancelToken, work: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::Unreachable(error.to_string()))?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            biased;
            () = cancelled(cancel) => Err(Trouble::Cancelled),
            outcome = work => outcome,
        }
    });
    // A name that is being looked up must not keep anybody waiting.
    runtime.shutdown_background();
    outcome
}

async fn cancelled(cancel: &CancelToken) {
    while !cancel.is_cancelled() {
        sleep(POLL).await;
    }
}

/// How long a server asks us to wait (`Retry-After`, RFC 9110 section 10.2.3: seconds or a date; or `retry-after-ms`). A date is
/// held against the server's own `Date` where it sends one, so that a clock of ours that is wrong does no harm, and against
/// `now` otherwise. `None` where nothing is asked, what is asked makes no sense, or the date is past.
fn pause_asked_for<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let seconds = |name: &str| header(name).and_then(|value| value.trim().parse::<f64>().ok());
    let date = |name: &str| header(name).and_then(|value| httpdate::parse_http_date(value.trim()).ok());
    let asked = seconds("retry-after-ms").map(|ms| ms / 1e3).or_else(|| seconds("retry-after"));
    match asked {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => date("retry-after")?.duration_since(date("date").unwrap_or(now)).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(endpoint: &str, key: Option<&str>) -> Result<Client, EndpointError> {
        let patience = Patience::with_first(Duration::from_secs(1));
        Client::new(LlmProvider::Openai, endpoint, key.and_then(Secret::new), patience)
    }

    #[test]
    fn a_key_goes_over_https_or_stays_on_this_machine() {
        for endpoint in
            ["https://x.example/v1", "http://127.0.0.1:1/v1", "http://localhost", "http://[::1]:8080/"]
        {
            assert!(at(endpoint, Some("k")).is_ok(), "{endpoint}");
        }
        assert_eq!(
            at("http://x.example/v1", Some("k")).err(),
            Some(EndpointError::Unencrypted("x.example".to_owned()))
        );
        assert!(at("http://192.168.0.7:11434/v1", None).is_ok());
        for endpoint in ["", "x.example/v1", "ftp://x.example", "file:///etc/passwd"] {
            assert_eq!(at(endpoint, None).err(), Some(EndpointError::Malformed(endpoint.to_owned())));
        }
    }

    #[test]
    fn paths_are_below_the_endpoint_with_or_without_a_slash() {
        for endpoint in ["https://x.example/v1", "https://x.example/v1/"] {
            let url = at(endpoint, None).unwrap().at("models").unwrap();
            assert_eq!(url.as_str(), "https://x.example/v1/models");
        }
    }
}
