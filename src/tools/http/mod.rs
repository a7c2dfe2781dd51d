//! Tools declared in `kiosk.toml` that ask an HTTP service.
//!
//! A request goes to the declared host and nowhere else: https or this machine, no redirects, arguments only as values.
//! What the service says reaches the model as data and no log.

mod template;
#[cfg(test)]
mod tests;
mod vin;

use std::{str::FromStr as _, time::Duration};

use async_trait::async_trait;
use reqwest::{
    Method, Response, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};
use url::Url;

use super::{CallContext, Policy, Tool, ToolError, ToolFault, ToolOutput, result::cut};
use crate::{
    cloud::http_client,
    config::{self, HttpMethod, Secrets, is_loopback},
    event::ToolSpec,
};
use template::{BodyTemplate, UrlTemplate};

/// The largest answer that is read, bytes. What the model is given of it is much less.
const MAX_ANSWER_BYTES: usize = 512 * 1024;
/// How much of a service's explanation the model is given, characters.
const MAX_REASON_CHARS: usize = 300;

/// Clients that all tools share: one for services on this machine, which no proxy may see, one for others.
#[derive(Debug, Clone)]
pub(super) struct Clients {
    local: reqwest::Client,
    outside: reqwest::Client,
}

impl Clients {
    pub(super) fn new(config: &config::Cloud) -> Result<Self, String> {
        let client = |is_local| http_client(config, is_local).map_err(|error| format!("no HTTP client: {error}"));
        Ok(Self { local: client(true)?, outside: client(false)? })
    }

    pub(super) fn of(&self, url: &Url) -> &reqwest::Client {
        if is_loopback(url) { &self.local } else { &self.outside }
    }
}

/// A tool that asks an HTTP service.
pub(super) struct HttpTool {
    spec: ToolSpec,
    policy: Policy,
    method: Method,
    url: UrlTemplate,
    /// Those with secrets are marked as sensitive.
    headers: HeaderMap,
    body: Option<BodyTemplate>,
    /// Whether the arguments themselves are the body.
    sends_arguments: bool,
    response_path: String,
    vin_arguments: Vec<String>,
    client: reqwest::Client,
}

impl HttpTool {
    /// The tool that is declared so.
    ///
    /// # Errors
    /// What is declared cannot work.
    pub(super) fn new(config: &config::HttpTool, secrets: &Secrets, clients: &Clients) -> Result<Self, ToolFault> {
        Self::read(config, secrets, clients).map_err(|why| ToolFault::Declaration {
            list: "http",
            name: config.name.clone(),
            why,
        })
    }

    fn read(config: &config::HttpTool, secrets: &Secrets, clients: &Clients) -> Result<Self, String> {
        let parameters: Value =
            serde_json::from_str(&config.schema).map_err(|error| format!("schema is no JSON: {error}"))?;
        let url = UrlTemplate::parse(&config.url)?;
        let takes_body = !matches!(config.method, HttpMethod::Get | HttpMethod::Delete);
        let body = match config.body.trim() {
            "" => None,
            _ if !takes_body => return Err(format!("body is given, but {} sends none", config.method)),
            text => Some(BodyTemplate::parse(text)?),
        };
        if !config.response_path.is_empty() && !config.response_path.starts_with('/') {
            return Err(format!(
                "response_path is \"{}\"; allowed: a JSON pointer, as in /data/0",
                config.response_path
            ));
        }
        let in_body = body.as_ref().map(BodyTemplate::arguments).unwrap_or_default();
        check_arguments(&parameters, &url, &in_body, &config.vin_arguments)?;
        // Another try after a failure may do it twice where the method does not say the whole state.
        let may_repeat = !config.changes_something || matches!(config.method, HttpMethod::Put | HttpMethod::Delete);
        Ok(Self {
            spec: ToolSpec { name: config.name.clone(), description: config.description.clone(), parameters },
            policy: Policy {
                time_out: Duration::from_millis(config.timeout_ms),
                retries: if may_repeat { config.retries } else { 0 },
                is_parallel: config.parallel && !config.changes_something,
                prerequisites: config.after.clone(),
                changes_something: config.changes_something,
                says: "tool.other",
                icon: "search",
            },
            method: Method::from_str(&config.method.to_string()).map_err(|error| error.to_string())?,
            headers: config.headers.iter().map(|line| header(line, secrets)).collect::<Result<HeaderMap, String>>()?,
            client: clients.of(url.sample()).clone(),
            url,
            sends_arguments: body.is_none() && takes_body,
            body,
            response_path: config.response_path.clone(),
            vin_arguments: config.vin_arguments.clone(),
        })
    }

    /// Vehicle identification numbers as they should be written; a wrong one never leaves the kiosk.
    fn check_vins(&self, arguments: &mut Map<String, Value>) -> Result<(), ToolError> {
        for name in &self.vin_arguments {
            let Some(given) = arguments.get_mut(name) else { continue };
            let Some(text) = given.as_str() else {
                return Err(ToolError::Invalid(format!("{name}: found {given}, allowed: 17 characters as text")));
            };
            let vin = vin::normalise(text).map_err(|error| ToolError::Invalid(format!("{name}: {error}")))?;
            *given = Value::String(vin);
        }
        Ok(())
    }

    async fn ask(&self, arguments: &Map<String, Value>) -> Result<Value, ToolError> {
        let url = self.url.fill(arguments).map_err(ToolError::Invalid)?;
        let mut request = self.client.request(self.method.clone(), url).headers(self.headers.clone());
        if let Some(body) = &self.body {
            request = request.json(&body.fill(arguments));
        } else if self.sends_arguments {
            request = request.json(arguments);
        }
        let response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status();
        let text = read(response).await?;
        if status.is_success() {
            let answer = serde_json::from_str(&text).unwrap_or(Value::String(text));
            return self.part_of(answer);
        }
        Err(refusal(status, &text))
    }

    fn part_of(&self, mut answer: Value) -> Result<Value, ToolError> {
        match answer.pointer_mut(&self.response_path).map(Value::take) {
            Some(part) => Ok(part),
            None => Err(ToolError::Refused("The service knows nothing of this.".to_owned())),
        }
    }
}

#[async_trait]
impl Tool for HttpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn proposal(&self, arguments: &Value, _context: &CallContext) -> Result<Option<String>, ToolError> {
        let mut arguments = arguments.as_object().cloned().unwrap_or_default();
        self.check_vins(&mut arguments)?;
        Ok(None)
    }

    async fn call(&self, arguments: Value, _context: &CallContext) -> Result<ToolOutput, ToolError> {
        let Value::Object(mut arguments) = arguments else {
            return Err(ToolError::Invalid("the arguments are no JSON object".to_owned()));
        };
        self.check_vins(&mut arguments)?;
        Ok(ToolOutput { content: self.ask(&arguments).await?, effects: Vec::new() })
    }
}

/// Every placeholder is an argument of the schema, and those in the path are always given.
fn check_arguments(schema: &Value, url: &UrlTemplate, in_body: &[String], vins: &[String]) -> Result<(), String> {
    let is_known = |name: &str| schema.get("properties").and_then(|known| known.get(name)).is_some();
    let is_required = |name: &str| {
        schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|required| required.iter().any(|one| one.as_str() == Some(name)))
    };
    let used = url
        .path_arguments()
        .chain(url.query_arguments())
        .chain(in_body.iter().map(String::as_str))
        .chain(vins.iter().map(String::as_str));
    for name in used {
        if !is_known(name) {
            return Err(format!("the argument \"{name}\" is used but is no property of schema"));
        }
    }
    match url.path_arguments().find(|name| !is_required(name)) {
        Some(name) => Err(format!("the argument \"{name}\" stands in the path of url, but schema does not require it")),
        None => Ok(()),
    }
}

/// `Name: value`, where `{secret:NAME}` is replaced by that secret. What is wrong is told without the value.
fn header(line: &str, secrets: &Secrets) -> Result<(HeaderName, HeaderValue), String> {
    let (name, template) = line.split_once(':').ok_or("headers: a line has no colon; allowed: \"Name: value\"")?;
    let name =
        HeaderName::from_str(name.trim()).map_err(|_| "headers: a line has no name; allowed: \"Name: value\"")?;
    let mut text = String::new();
    let mut rest = template.trim();
    let mut is_secret = false;
    while let Some((before, after)) = rest.split_once("{secret:") {
        let (key, tail) =
            after.split_once('}').ok_or_else(|| format!("headers: {name}: {{secret:NAME}} is not closed"))?;
        let secret = secrets.get(key).map_err(|error| format!("headers: {name}: {error}"))?.ok_or_else(|| {
            format!("headers: {name}: there is no secret {key}; put it into the environment or systemd's credentials")
        })?;
        text.push_str(before);
        text.push_str(secret.expose_secret());
        is_secret = true;
        rest = tail;
    }
    text.push_str(rest);
    let text = SecretString::from(text);
    let mut value = HeaderValue::from_str(text.expose_secret())
        .map_err(|_| format!("headers: {name}: the value has characters that no header can have"))?;
    value.set_sensitive(is_secret);
    Ok((name, value))
}

async fn read(mut response: Response) -> Result<String, ToolError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(&error))? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ToolError::Failed("The service's answer is larger than any sane one.".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Nothing of the address: it holds what the visitor said.
fn transport(error: &reqwest::Error) -> ToolError {
    let found = if error.is_connect() { "cannot be reached" } else { "broke off" };
    ToolError::Unavailable(format!("The service {found}."))
}

fn refusal(status: StatusCode, text: &str) -> ToolError {
    let reason = match text.trim() {
        "" => String::new(),
        text => format!(" It says: {}", cut(text, MAX_REASON_CHARS)),
    };
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ToolError::Failed(format!("The service does not let the kiosk in ({status}); staff have to look after it."))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            ToolError::Unavailable(format!("The service is busy ({status})."))
        }
        status if status.is_client_error() => ToolError::Refused(format!("The service refused ({status}).{reason}")),
        status if status.is_server_error() => ToolError::Unavailable(format!("The service has trouble ({status}).")),
        status => ToolError::Failed(format!("The service sends elsewhere or answers strangely ({status}).")),
    }
}
