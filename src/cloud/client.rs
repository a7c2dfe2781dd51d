//! The one HTTP client and the services it reaches.
//!
//! `async-openai` gives the types of the requests. Its `Client` is not used, for four reasons found in version 0.43:
//! it drops the `Retry-After` header; it logs the body of an answer that it cannot read, and that body may be the
//! visitor's words; it hides `[DONE]`, so that a cut stream looks like a finished one; and it collects speech as a whole
//! before it hands out the first byte. Its answer types ask for fields that compatible servers leave out.

use std::{
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap};
use tokio::{sync::Notify, time::Instant};

use super::{FailureKind, Ledger, Probe, ProviderError, failure};
use crate::event::{Amount, ProviderKind, Usage};

/// A connection used this recently is certainly still open: uvicorn, under most compatible servers, closes after 5 s.
const FRESH: Duration = Duration::from_secs(4);
/// How often an idle connection is used while it is wanted.
const REWARM_EVERY: Duration = Duration::from_secs(25);
/// How long a connection is wanted after it was last asked for: a visit's longest silence and more. Beyond it the kiosk
/// sends nothing at all.
const WANTED_FOR: Duration = Duration::from_secs(120);
/// The time for the answer to a warm-up or a probe.
const PING_TIMEOUT: Duration = Duration::from_secs(4);

/// How Azure differs: deployments instead of models, a version in the query.
#[derive(Debug, Clone)]
pub(super) struct Azure {
    pub(super) api_version: String,
}

/// What a service is made of.
pub(super) struct ServiceParts {
    pub(super) kind: ProviderKind,
    pub(super) name: String,
    pub(super) base: url::Url,
    pub(super) http: reqwest::Client,
    pub(super) auth: HeaderMap,
    pub(super) azure: Option<Azure>,
    pub(super) ledger: Ledger,
}

/// One service at its base URL: makes authorised requests, maps failures, keeps a connection warm.
#[derive(Debug)]
pub struct Service {
    kind: ProviderKind,
    name: String,
    /// Without a slash at its end.
    base: String,
    /// Scheme, host and port, for messages.
    address: String,
    is_openai: bool,
    azure: Option<Azure>,
    http: reqwest::Client,
    /// Marked as sensitive, so that no `Debug` shows the key.
    auth: HeaderMap,
    ledger: Ledger,
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
    pub(super) fn new(parts: ServiceParts) -> Self {
        let ServiceParts { kind, name, base, http, auth, azure, ledger } = parts;
        Self {
            kind,
            name,
            is_openai: base.host_str().is_some_and(|host| host == "openai.com" || host.ends_with(".openai.com")),
            base: base.as_str().trim_end_matches('/').to_owned(),
            address: base.origin().ascii_serialization(),
            azure,
            http,
            auth,
            ledger,
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
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether what goes to it leaves this machine.
    #[must_use]
    pub fn leaves_the_box(&self) -> bool {
        url::Url::parse(&self.base).is_ok_and(|base| !crate::config::is_loopback(&base))
    }

    /// Tells the ledger what a request used.
    pub(crate) fn used(&self, model: &str, amount: Amount) {
        self.ledger.used(&Usage { provider: self.name.clone(), model: model.to_owned(), amount });
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
            Err(failure::from_status(&self.name, &self.address, response).await)
        }
    }

    /// The error for a connection that failed.
    pub(crate) fn transport_error(&self, error: &reqwest::Error) -> ProviderError {
        failure::from_transport(&self.name, &self.address, error)
    }

    /// The error for an answer that cannot be read.
    pub(crate) fn malformed(&self, what: &str) -> ProviderError {
        ProviderError::new(&self.name, FailureKind::Malformed, format!("{}: {what}", self.address))
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
            return Err(ProviderError::new(&self.name, FailureKind::Rejected, message));
        }
        Err(failure::from_status(&self.name, &self.address, response).await)
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
