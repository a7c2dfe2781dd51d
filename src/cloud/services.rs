//! From `[cloud]` to [`Service`]s: addresses and keys.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::Duration,
};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Ledger, Service,
    client::{Azure, ServiceParts},
};
use crate::{
    config::{self, CloudProvider, SecretError, Secrets, is_loopback, is_private},
    event::ProviderKind,
};

/// An idle connection that is older is not trusted: routers forget them after a minute or more.
const POOL_IDLE: Duration = Duration::from_secs(55);
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
    /// By place in the configuration, the first of a kind first; one without an address is left out.
    services: Vec<(usize, Arc<Service>)>,
}

impl Cloud {
    /// The services of `config`, whose costs nobody counts; opens no connection yet.
    ///
    /// # Errors
    /// As [`Self::with_ledger`].
    pub fn new(config: &config::Cloud, secrets: &Secrets) -> Result<Self, CloudError> {
        Self::with_ledger(config, secrets, &Ledger::default())
    }

    /// The services of `config`; what they use is told to `ledger`. Opens no connection yet.
    ///
    /// # Errors
    /// A base URL that is none or would send the key in the clear; a key that is missing where the address is not loopback,
    /// or cannot be sent.
    pub fn with_ledger(config: &config::Cloud, secrets: &Secrets, ledger: &Ledger) -> Result<Self, CloudError> {
        let common = match config.base_url.as_str() {
            "" => None,
            url => Some(parse_base("cloud.base_url", url)?),
        };
        // One for this machine, one for the others, each made when it is first needed.
        let mut clients: BTreeMap<bool, reqwest::Client> = BTreeMap::new();
        let mut services = Vec::new();
        for kind in [ProviderKind::SpeechToText, ProviderKind::LanguageModel, ProviderKind::TextToSpeech] {
            for (place, provider) in config.providers(kind).into_iter().enumerate() {
                let CloudProvider { section, name, base_url, api_key, auth } = provider;
                let own_base = match base_url {
                    "" => None,
                    url => Some(parse_base(&format!("{section}.base_url"), url)?),
                };
                let Some(base) = own_base.or_else(|| common.clone()) else { continue };
                let is_local = is_loopback(&base);
                let is_common = common.as_ref().is_some_and(|common| common.origin() == base.origin());
                let key = match (api_key, is_local, is_common) {
                    ("", true, _) => None,
                    ("", false, true) => Some(KeyName { section: "cloud", name: &config.api_key }),
                    (name, ..) => Some(KeyName { section: &section, name }),
                };
                let headers = match key {
                    Some(key) => authorisation(auth, &key.read(&base, secrets)?, key.name)?,
                    None => HeaderMap::new(),
                };
                let http = match clients.entry(is_local) {
                    Entry::Occupied(made) => made.get().clone(),
                    Entry::Vacant(vacant) => {
                        vacant.insert(http_client(config, is_local).map_err(CloudError::Client)?).clone()
                    }
                };
                let azure =
                    (auth == config::Auth::Azure).then(|| Azure { api_version: config.azure_api_version.clone() });
                let ledger = ledger.clone();
                let parts = ServiceParts { kind, name, base, http, auth: headers, azure, ledger };
                services.push((place, Arc::new(Service::new(parts))));
            }
        }
        Ok(Self { services })
    }

    /// The first service of a kind, if one is configured.
    #[must_use]
    pub fn service(&self, kind: ProviderKind) -> Option<Arc<Service>> {
        self.services.iter().map(|(_, service)| service).find(|service| service.kind() == kind).cloned()
    }

    /// The services of a kind in the order in which they are asked, each with its own of `options`, which are those of
    /// the configuration in their order (such as [`config::CloudLlm::all`]).
    pub fn in_order<O>(&self, kind: ProviderKind, options: Vec<O>) -> Vec<(Arc<Service>, O)> {
        let mut own: Vec<&(usize, Arc<Service>)> =
            self.services.iter().filter(|(_, service)| service.kind() == kind).rev().collect();
        let placed = options.into_iter().enumerate().filter_map(|(place, options)| {
            let (_, service) = own.pop_if(|(own, _)| *own == place)?;
            Some((service.clone(), options))
        });
        placed.collect()
    }

    /// Whether what goes to any service of a kind leaves this machine.
    #[must_use]
    pub fn leaves_the_box(&self, kind: ProviderKind) -> bool {
        self.services.iter().any(|(_, service)| service.kind() == kind && service.leaves_the_box())
    }

    /// Whether any service is configured.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.services.is_empty()
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
#[path = "services_tests.rs"]
mod tests;
