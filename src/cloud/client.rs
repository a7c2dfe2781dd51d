//! The one HTTP client and the services it reaches.
//!
//! `async-openai` gives the types of the requests. Its `Client` is not used, for four reasons found in version 0.43:
//! it drops the `Retry-After` header; it logs the body of an answer that it cannot read, and that body may be the
//! visitor's words; it hides `[DONE]`, so that a cut stream looks like a finished one; and it collects speech as a whole
//! before it hands out the first byte. Its answer types ask for fields that compatible servers leave out.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{
    RequestBuilder, Response,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Notify, time::Instant};
use url::{Host, Url};

use super::{FailureKind, Probe, ProviderError, failure};
use crate::{config, event::ProviderKind};

/// The name of every service in events and logs.
const PROVIDER: &str = "cloud";
/// An idle connection that is older is not trusted: routers forget them after a minute or more.
const POOL_IDLE: Duration = Duration::from_secs(55);
/// A connection used this recently is certainly still open: uvicorn, under most compatible servers, closes after 5 s.
const FRESH: Duration = Duration::from_secs(4);
/// How often an idle connection is used while it is wanted.
const REWARM_EVERY: Duration = Duration::from_secs(25);
/// How long a connection is wanted after it was last asked for: a visit's longest silence and more. Beyond it the kiosk
/// sends nothing at all.
const WANTED_FOR: Duration = Duration::from_secs(120);
/// The time for the answer to a warm-up or a probe.
const PING_TIMEOUT: Duration = Duration::from_secs(4);
/// A dead peer is noticed by the kernel after this long without an acknowledgement.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// Why the services cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// A base URL that cannot be one.
    #[error("`{key}` is \"{found}\"; allowed: an http or https URL such as \"https://api.openai.com/v1\" ({why})")]
    BadUrl {
        /// Its key in the configuration.
        key: &'static str,
        /// What was found.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// No key for a service on another machine.
    #[error(
        "no key for {address}: set the environment variable or systemd credential `{variable}` (named by `cloud.api_key`); only an address on this machine needs none"
    )]
    KeyMissing {
        /// Scheme, host and port.
        address: String,
        /// Where the key was looked for.
        variable: String,
    },
    /// A key that cannot stand in a header.
    #[error("the key in `{variable}` holds characters that cannot be sent (a line break?); set it again without them")]
    KeyUnusable {
        /// Where the key was found.
        variable: String,
    },
    /// TLS or the resolver cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(reqwest::Error),
}

/// The configured services. Any of them may be missing.
#[derive(Debug, Clone, Default)]
pub struct Cloud {
    services: [Option<Arc<Service>>; 3],
}

impl Cloud {
    /// Makes the client; opens no connection yet.
    ///
    /// # Errors
    /// A base URL that is none, a key that is missing where the address is not loopback, or cannot be sent.
    pub fn new(config: &config::Cloud, key: Option<&SecretString>) -> Result<Self, CloudError> {
        let own = [
            (ProviderKind::SpeechToText, "cloud.stt.base_url", &config.stt.base_url),
            (ProviderKind::LanguageModel, "cloud.llm.base_url", &config.llm.base_url),
            (ProviderKind::TextToSpeech, "cloud.tts.base_url", &config.tts.base_url),
        ];
        let mut bases = Vec::new();
        for (kind, name, own_url) in own {
            let (name, url) = if own_url.is_empty() { ("cloud.base_url", &config.base_url) } else { (name, own_url) };
            if !url.is_empty() {
                bases.push((kind, parse_base(name, url)?));
            }
        }
        if bases.is_empty() {
            return Ok(Self::default());
        }
        let all_local = bases.iter().all(|(_, base)| is_loopback(base));
        let http = http_client(config, all_local).map_err(CloudError::Client)?;
        let mut services = [None, None, None];
        for (kind, base) in bases {
            let service = Service::new(kind, base, http.clone(), config, key)?;
            if let Some(slot) = services.get_mut(slot(kind)) {
                *slot = Some(Arc::new(service));
            }
        }
        Ok(Self { services })
    }

    /// The service of a kind, if one is configured.
    #[must_use]
    pub fn service(&self, kind: ProviderKind) -> Option<Arc<Service>> {
        self.services.get(slot(kind))?.clone()
    }

    /// Whether what goes to the service of a kind leaves this machine.
    #[must_use]
    pub fn leaves_the_box(&self, kind: ProviderKind) -> bool {
        self.service(kind).and_then(|service| Url::parse(&service.base).ok()).is_some_and(|base| !is_loopback(&base))
    }

    /// Whether any service is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.services.iter().any(Option::is_some)
    }
}

fn slot(kind: ProviderKind) -> usize {
    match kind {
        ProviderKind::SpeechToText => 0,
        ProviderKind::LanguageModel => 1,
        ProviderKind::TextToSpeech => 2,
    }
}

fn http_client(config: &config::Cloud, all_local: bool) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
        // One exchange a connection, several connections a host: a long stream never delays a short question.
        .http1_only()
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(15))
        .tcp_user_timeout(UNACKNOWLEDGED)
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(8)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .user_agent(concat!("majlis/", env!("CARGO_PKG_VERSION")));
    // A proxy of the hall must not be asked for the box itself.
    if all_local { builder.no_proxy() } else { builder }.build()
}

/// How Azure differs: deployments instead of models, a version in the query.
#[derive(Debug, Clone)]
struct Azure {
    api_version: String,
}

/// One service at its base URL: makes authorised requests, maps failures, keeps a connection warm.
#[derive(Debug)]
pub struct Service {
    kind: ProviderKind,
    /// Without a slash at its end.
    base: String,
    /// Scheme, host and port, for messages.
    address: String,
    is_openai: bool,
    azure: Option<Azure>,
    http: reqwest::Client,
    /// Marked as sensitive, so that no `Debug` shows the key.
    auth: HeaderMap,
    warmth: Mutex<Warmth>,
    is_kept_warm: AtomicBool,
    wake_keeper: Notify,
}

#[derive(Debug, Default)]
struct Warmth {
    last_exchange: Option<Instant>,
    wanted_until: Option<Instant>,
}

impl Service {
    fn new(
        kind: ProviderKind,
        base: Url,
        http: reqwest::Client,
        config: &config::Cloud,
        key: Option<&SecretString>,
    ) -> Result<Self, CloudError> {
        let address = address(&base);
        let azure =
            (config.auth == config::Auth::Azure).then(|| Azure { api_version: config.azure_api_version.clone() });
        let mut auth = HeaderMap::new();
        match key {
            Some(key) => {
                let secret = key.expose_secret();
                let (name, text) = match azure {
                    Some(_) => (HeaderName::from_static("api-key"), SecretString::from(secret)),
                    None => (AUTHORIZATION, SecretString::from(format!("Bearer {secret}"))),
                };
                let mut value = HeaderValue::from_str(text.expose_secret())
                    .map_err(|_| CloudError::KeyUnusable { variable: config.api_key.clone() })?;
                value.set_sensitive(true);
                auth.insert(name, value);
            }
            None if is_loopback(&base) => {}
            None => return Err(CloudError::KeyMissing { address, variable: config.api_key.clone() }),
        }
        Ok(Self {
            kind,
            is_openai: base.host_str().is_some_and(|host| host == "openai.com" || host.ends_with(".openai.com")),
            base: base.as_str().trim_end_matches('/').to_owned(),
            address,
            azure,
            http,
            auth,
            warmth: Mutex::default(),
            is_kept_warm: AtomicBool::new(false),
            wake_keeper: Notify::new(),
        })
    }

    /// What it does.
    #[must_use]
    pub fn kind(&self) -> ProviderKind {
        self.kind
    }

    /// Its name in events and logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        PROVIDER
    }

    /// Whether it is OpenAI's own, whose newer models refuse options that compatible servers still need.
    pub(crate) fn is_openai(&self) -> bool {
        self.is_openai
    }

    /// A request to `path` (such as `/chat/completions`) for `model`.
    pub(crate) fn post(&self, path: &str, model: &str) -> RequestBuilder {
        let url = match &self.azure {
            None => format!("{}{path}", self.base),
            Some(azure) if self.base.contains("/openai/deployments/") => {
                format!("{}{path}?api-version={}", self.base, azure.api_version)
            }
            Some(azure) => {
                format!("{}/openai/deployments/{model}{path}?api-version={}", self.base, azure.api_version)
            }
        };
        self.http.post(url).headers(self.auth.clone())
    }

    /// Sends `request`; any status but 2xx is an error. Has no time limit but the connection's: the caller's work has.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response, ProviderError> {
        let response = request.send().await.map_err(|error| self.transport_error(&error))?;
        self.lock().last_exchange = Some(Instant::now());
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(failure::from_status(PROVIDER, &self.address, response).await)
        }
    }

    /// The error for a connection that failed.
    pub(crate) fn transport_error(&self, error: &reqwest::Error) -> ProviderError {
        failure::from_transport(PROVIDER, &self.address, error)
    }

    /// The error for an answer that cannot be read.
    pub(crate) fn malformed(&self, what: &str) -> ProviderError {
        ProviderError::new(PROVIDER, FailureKind::Malformed, format!("{}: {what}", self.address))
    }

    /// The error for a body that was not read.
    pub(crate) fn body_error(&self, error: &failure::BodyError) -> ProviderError {
        match error {
            failure::BodyError::Transport(error) => self.transport_error(error),
            failure::BodyError::TooLong => self.malformed("the answer is larger than any sane one"),
        }
    }

    /// The error for a stream of events that cannot be read on.
    pub(crate) fn event_error(&self, error: &super::sse::EventError) -> ProviderError {
        match error {
            super::sse::EventError::Transport(error) => self.transport_error(error),
            super::sse::EventError::LineTooLong => self.malformed("an event is larger than any sane one"),
        }
    }

    /// Opens a connection unless one was used a moment ago, and keeps it open for two minutes after the last call.
    /// Call it on the runtime, when a visitor comes and when one begins to speak: it is cheap when nothing is to be done.
    pub fn warm_up(self: &Arc<Self>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.lock().wanted_until = Some(Instant::now() + WANTED_FOR);
        if self.is_kept_warm.swap(true, Ordering::AcqRel) {
            self.wake_keeper.notify_one();
        } else {
            runtime.spawn(keep_warm(Arc::downgrade(self)));
        }
    }

    /// Notes that an exchange begins. Dropped before [`Exchange::finish`], it was cancelled: its connection is closed, for
    /// HTTP/1 knows no other way, and a new one is opened before the next request needs it.
    pub(crate) fn begin(self: &Arc<Self>) -> Exchange {
        Exchange { service: Some(self.clone()) }
    }

    /// One round of the keeper: gives how long to sleep, `None` to end.
    async fn keep_warm_once(&self) -> Option<Duration> {
        let now = Instant::now();
        let (idle_for, is_wanted) = {
            let warmth = self.lock();
            (warmth.last_exchange.map(|last| now - last), warmth.wanted_until.is_some_and(|until| now < until))
        };
        if !is_wanted {
            return None;
        }
        if idle_for.is_none_or(|idle| idle > FRESH) {
            // A fault shows itself on first use; here it would only be said twice.
            let _ = self.ping().await;
        }
        Some(REWARM_EVERY)
    }

    /// `GET {base}/models`: cheap, known to every compatible server.
    async fn ping(&self) -> Result<Response, ProviderError> {
        let url = match &self.azure {
            None => format!("{}/models", self.base),
            Some(azure) => {
                let host = self.base.split("/openai/").next().unwrap_or(&self.base);
                format!("{host}/openai/models?api-version={}", azure.api_version)
            }
        };
        let request = self.http.get(url).headers(self.auth.clone()).timeout(PING_TIMEOUT);
        let mut response = request.send().await.map_err(|error| self.transport_error(&error))?;
        let is_alive = response.status().is_client_error() && !is_refusal(&response);
        if response.status().is_success() || is_alive {
            // Read to the end, or the connection cannot be used again.
            while let Some(_bytes) = response.chunk().await.map_err(|error| self.transport_error(&error))? {}
            self.lock().last_exchange = Some(Instant::now());
            return Ok(response);
        }
        Err(failure::from_status(PROVIDER, &self.address, response).await)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Warmth> {
        self.warmth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way.
pub(crate) struct Exchange {
    /// `None` once it is finished.
    service: Option<Arc<Service>>,
}

impl Exchange {
    /// It ended by itself, well or not.
    pub(crate) fn finish(mut self) {
        self.service = None;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(service) = &self.service {
            service.lock().last_exchange = None;
            service.wake_keeper.notify_one();
        }
    }
}

/// Client errors that speak of the key or the rate; the others (404: no list of models here) still prove a live service.
fn is_refusal(response: &Response) -> bool {
    matches!(response.status().as_u16(), 401 | 403 | 429)
}

async fn keep_warm(service: Weak<Service>) {
    loop {
        let Some(strong) = service.upgrade() else { return };
        let Some(pause) = strong.keep_warm_once().await else {
            strong.is_kept_warm.store(false, Ordering::Release);
            return;
        };
        // The handle is kept over the pause: at most `REWARM_EVERY` longer than the kiosk itself.
        let _ = tokio::time::timeout(pause, strong.wake_keeper.notified()).await;
    }
}

#[async_trait]
impl Probe for Service {
    async fn probe(&self) -> Result<(), ProviderError> {
        self.ping().await.map(drop)
    }
}

fn parse_base(key: &'static str, text: &str) -> Result<Url, CloudError> {
    let bad = |why: String| CloudError::BadUrl { key, found: text.to_owned(), why };
    let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad("neither http nor https".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let shown = address(&url);
        return Err(CloudError::BadUrl { key, found: shown, why: "a name or password in it; use a key".to_owned() });
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("nothing may follow the path".to_owned()));
    }
    Ok(url)
}

fn address(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| IpAddr::V4(ip).is_loopback()),
        None => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn config(base_url: &str) -> config::Cloud {
        config::Cloud { base_url: base_url.into(), ..config::Cloud::default() }
    }

    fn url_of(config: &config::Cloud, key: Option<&SecretString>) -> reqwest::Request {
        let service = Cloud::new(config, key).unwrap().service(ProviderKind::LanguageModel).unwrap();
        service.post("/chat/completions", "gpt").build().unwrap()
    }

    #[test]
    fn a_key_is_asked_for_only_where_the_address_is_not_loopback() {
        for local in ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1", "http://127.3.2.1/v1"] {
            assert!(Cloud::new(&config(local), None).is_ok(), "{local}");
        }
        for remote in ["https://api.openai.com/v1", "http://10.0.0.2/v1", "http://localhost.example.org/v1"] {
            let error = Cloud::new(&config(remote), None).unwrap_err();
            assert!(matches!(error, CloudError::KeyMissing { .. }), "{remote}");
            assert!(error.to_string().contains("OPENAI_API_KEY"), "{error}");
        }
    }

    #[test]
    fn nothing_configured_is_no_cloud_and_one_service_may_stand_alone() {
        assert!(!Cloud::new(&config(""), None).unwrap().is_configured());
        let mut only_speech = config("");
        only_speech.tts.base_url = "http://localhost:8880/v1".into();
        let cloud = Cloud::new(&only_speech, None).unwrap();
        assert!(cloud.service(ProviderKind::TextToSpeech).is_some());
        assert!(cloud.service(ProviderKind::LanguageModel).is_none());
    }

    #[test]
    fn azure_has_its_own_paths_and_header() {
        let mut azure = config("https://stand.openai.azure.com/");
        azure.auth = config::Auth::Azure;
        let key = SecretString::from("k3y");
        let request = url_of(&azure, Some(&key));
        assert_eq!(
            request.url().as_str(),
            "https://stand.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
        );
        assert_eq!(request.headers().get("api-key").unwrap(), "k3y");
    }

    #[test]
    fn the_key_is_in_the_request_and_in_no_debug_print() {
        let key = SecretString::from("sk-secret");
        let config = config("https://api.openai.com/v1/");
        let request = url_of(&config, Some(&key));
        assert_eq!(request.url().as_str(), "https://api.openai.com/v1/chat/completions");
        assert_eq!(request.headers().get(AUTHORIZATION).unwrap(), "Bearer sk-secret");
        assert!(!format!("{:?} {request:?}", Cloud::new(&config, Some(&key)).unwrap()).contains("sk-secret"));
        let broken = SecretString::from("sk\nsecret");
        let error = Cloud::new(&config, Some(&broken)).unwrap_err();
        assert!(matches!(error, CloudError::KeyUnusable { .. }) && !error.to_string().contains("secret"));
    }

    #[test]
    fn a_bad_address_is_named_by_its_key() {
        for bad in ["api.openai.com", "ftp://x/v1", "https://me:pw@host/v1", "https://host/v1?x=1"] {
            let error = Cloud::new(&config(bad), None).unwrap_err().to_string();
            assert!(error.contains("cloud.base_url") && !error.contains("pw"), "{error}");
        }
    }
}
