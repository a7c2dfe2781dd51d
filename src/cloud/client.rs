//! The one HTTP client and the services it reaches.
//!
//! `async-openai` gives the types of the requests. Its `Client` is not used, for four reasons found in version 0.43:
//! it drops the `Retry-After` header; it logs the body of an answer that it cannot read, and that body may be the
//! visitor's words; it hides `[DONE]`, so that a cut stream looks like a finished one; and it collects speech as a whole
//! before it hands out the first byte. Its answer types ask for fields that compatible servers leave out.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::Notify, time::Instant};
use url::Url;

use super::{FailureKind, Probe, ProviderError, failure};
use crate::{
    config::{self, SecretError, Secrets, is_loopback, is_private},
    event::ProviderKind,
};

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
    #[error("`{key}` is \"{found}\"; allowed: an https URL such as \"https://api.openai.com/v1\" ({why})")]
    BadUrl {
        /// Its key in the configuration.
        key: String,
        /// What was found.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// A key is named but not there.
    #[error("no key for {address}: set the environment variable or systemd credential `{variable}` (named by `{key}`)")]
    KeyMissing {
        /// Scheme, host and port.
        address: String,
        /// Where the key was looked for.
        variable: String,
        /// The key of the configuration that names it.
        key: String,
    },
    /// No key is named for a service on another machine.
    #[error(
        "no key for {address}: set `{key}` to the name of the environment variable or systemd credential that holds it (a key is sent only to the server it is for; an address on this machine needs none)"
    )]
    KeyNotNamed {
        /// Scheme, host and port.
        address: String,
        /// The key of the configuration that should name it.
        key: String,
    },
    /// A key cannot be looked up.
    #[error(transparent)]
    Secret(#[from] SecretError),
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
    /// A base URL that is none or would send the key in the clear; a key that is missing where the address is not loopback,
    /// or cannot be sent.
    pub fn new(config: &config::Cloud, secrets: &Secrets) -> Result<Self, CloudError> {
        let own = [
            (ProviderKind::SpeechToText, "cloud.stt", &config.stt.base_url, &config.stt.api_key),
            (ProviderKind::LanguageModel, "cloud.llm", &config.llm.base_url, &config.llm.api_key),
            (ProviderKind::TextToSpeech, "cloud.tts", &config.tts.base_url, &config.tts.api_key),
        ];
        let common = match config.base_url.as_str() {
            "" => None,
            url => Some(parse_base("cloud.base_url", url)?),
        };
        // One for this machine, one for the others, each made when it is first needed.
        let mut clients: BTreeMap<bool, reqwest::Client> = BTreeMap::new();
        let mut services = [None, None, None];
        for (kind, section, own_url, own_key) in own {
            let own_base = match own_url.as_str() {
                "" => None,
                url => Some(parse_base(&format!("{section}.base_url"), url)?),
            };
            let Some(base) = own_base.or_else(|| common.clone()) else { continue };
            let is_local = is_loopback(&base);
            let is_common = common.as_ref().is_some_and(|common| common.origin() == base.origin());
            let key = match (own_key.as_str(), is_local, is_common) {
                ("", true, _) => None,
                ("", false, true) => Some(KeyName { section: "cloud", name: &config.api_key }),
                (name, ..) => Some(KeyName { section, name }),
            };
            let auth = match key {
                Some(key) => authorisation(config.auth, &key.read(&base, secrets)?, key.name)?,
                None => HeaderMap::new(),
            };
            let http = match clients.entry(is_local) {
                Entry::Occupied(made) => made.get().clone(),
                Entry::Vacant(place) => {
                    place.insert(http_client(config, is_local).map_err(CloudError::Client)?).clone()
                }
            };
            if let Some(slot) = services.get_mut(slot(kind)) {
                *slot = Some(Arc::new(Service::new(kind, &base, http, config, auth)));
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

/// The name of a secret, and the section of the configuration whose `api_key` it is.
struct KeyName<'c> {
    section: &'c str,
    name: &'c str,
}

impl KeyName<'_> {
    /// The key for `base`.
    fn read(&self, base: &Url, secrets: &Secrets) -> Result<SecretString, CloudError> {
        let (address, key) = (address(base), format!("{}.api_key", self.section));
        if self.name.is_empty() {
            return Err(CloudError::KeyNotNamed { address, key });
        }
        let variable = self.name.to_owned();
        secrets.get(self.name)?.ok_or(CloudError::KeyMissing { address, variable, key })
    }
}

/// The header with the key, marked as sensitive; `variable` is only named in the error.
fn authorisation(scheme: config::Auth, key: &SecretString, variable: &str) -> Result<HeaderMap, CloudError> {
    let secret = key.expose_secret();
    let (name, text) = match scheme {
        config::Auth::Azure => (HeaderName::from_static("api-key"), SecretString::from(secret)),
        config::Auth::Bearer => (AUTHORIZATION, SecretString::from(format!("Bearer {secret}"))),
    };
    let mut value = HeaderValue::from_str(text.expose_secret())
        .map_err(|_| CloudError::KeyUnusable { variable: variable.to_owned() })?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(name, value)]))
}

/// A client of the house: no redirects, no retries of its own. `is_local`: for services on this machine.
pub(crate) fn http_client(config: &config::Cloud, is_local: bool) -> reqwest::Result<reqwest::Client> {
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
    if is_local { builder.no_proxy() } else { builder }.build()
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
    fn new(kind: ProviderKind, base: &Url, http: reqwest::Client, config: &config::Cloud, auth: HeaderMap) -> Self {
        let azure =
            (config.auth == config::Auth::Azure).then(|| Azure { api_version: config.azure_api_version.clone() });
        Self {
            kind,
            is_openai: base.host_str().is_some_and(|host| host == "openai.com" || host.ends_with(".openai.com")),
            base: base.as_str().trim_end_matches('/').to_owned(),
            address: address(base),
            azure,
            http,
            auth,
            warmth: Mutex::default(),
            is_kept_warm: AtomicBool::new(false),
            wake_keeper: Notify::new(),
        }
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

    /// `GET {base}/models`: cheap, known to every compatible server. [`FailureKind::Rejected`] if the service is there but
    /// does not answer this: a key without the right to list models (403), a server without a list (404, 405).
    async fn ping(&self) -> Result<(), ProviderError> {
        let url = match &self.azure {
            None => format!("{}/models", self.base),
            Some(azure) => {
                let host = self.base.split("/openai/").next().unwrap_or(&self.base);
                format!("{host}/openai/models?api-version={}", azure.api_version)
            }
        };
        let request = self.http.get(url).headers(self.auth.clone()).timeout(PING_TIMEOUT);
        let mut response = request.send().await.map_err(|error| self.transport_error(&error))?;
        let status = response.status();
        if status.is_success() || proves_life(status) {
            // Read to the end, or the connection cannot be used again.
            while let Some(_bytes) = response.chunk().await.map_err(|error| self.transport_error(&error))? {}
            self.lock().last_exchange = Some(Instant::now());
            if status.is_success() {
                return Ok(());
            }
            let message = format!("{}: {status} to the question whether it is there", self.address);
            return Err(ProviderError::new(PROVIDER, FailureKind::Rejected, message));
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

/// Client errors, but for those that speak of a wrong key or of the rate.
fn proves_life(status: StatusCode) -> bool {
    status.is_client_error() && !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS)
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
        self.ping().await
    }
}

fn parse_base(key: &str, text: &str) -> Result<Url, CloudError> {
    let bad = |why: String| CloudError::BadUrl { key: key.to_owned(), found: text.to_owned(), why };
    let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(bad("neither http nor https".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let why = "a name or password in it; use a key".to_owned();
        return Err(CloudError::BadUrl { key: key.to_owned(), found: address(&url), why });
    }
    if !is_private(&url) {
        return Err(bad(
            "plain http shows the key and the visitor's words to others; only this machine may have it".to_owned()
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("nothing may follow the path".to_owned()));
    }
    Ok(url)
}

fn address(url: &Url) -> String {
    url.origin().ascii_serialization()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
