//! Addresses and bodies with arguments in them. An argument can never become more than a value: in an address it is
//! percent-encoded and cannot add a step to the path, in a body it stays a JSON value.

use serde_json::{Map, Value};
use url::Url;

use crate::config::is_private;

/// A text with `{argument}`s.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Argument(String),
}

impl Template {
    /// `{name}` is an argument; any other brace is text.
    fn parse(text: &str) -> Self {
        let (mut parts, mut rest, mut plain) = (Vec::new(), text, String::new());
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            match after.split_once('}').filter(|(name, _)| is_argument(name)) {
                Some((name, tail)) => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Argument(name.to_owned()));
                    rest = tail;
                }
                None => {
                    plain.push('{');
                    rest = after;
                }
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Self(parts)
    }

    fn arguments(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Argument(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    fn fill(&self, value: &mut impl FnMut(&str) -> String) -> String {
        let fill = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Argument(name) => value(name),
        };
        self.0.iter().map(fill).collect()
    }
}

fn is_argument(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// An argument as text; `None`: it was not given.
fn text(arguments: &Map<String, Value>, name: &str) -> Option<String> {
    match arguments.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
            Some(items.collect::<Vec<_>>().join(","))
        }
        other => Some(other.to_string()),
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// An address with arguments in its path and query.
#[derive(Debug, Clone)]
pub(super) struct UrlTemplate {
    /// Up to the query.
    path: Template,
    /// `name=value` pairs; one whose argument is not given is left out.
    query: Vec<Template>,
    /// With every argument as `x`: its host and the shape of its path are what every address must have.
    sample: Url,
}

impl UrlTemplate {
    /// Reads it; what is wrong is told to staff.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        let path = Template::parse(path);
        let query: Vec<Template> = query.split('&').filter(|pair| !pair.is_empty()).map(Template::parse).collect();
        let with = |value: &str| Url::parse(&join(&path, &query, &mut |_| Some(value.to_owned())));
        let sample = with("x").map_err(|error| format!("url is no address: {error}"))?;
        if with("y").map(|other| other.origin()) != Ok(sample.origin()) {
            return Err("url has an argument in its host; arguments may stand in its path and query".to_owned());
        }
        if !is_private(&sample) {
            return Err(
                "url must begin with https://, or http:// on this machine, so that nobody reads along".to_owned()
            );
        }
        if !sample.username().is_empty() || sample.password().is_some() || sample.fragment().is_some() {
            return Err("url has a user name, a password or a fragment; secrets belong into headers".to_owned());
        }
        if text.contains("{secret:") {
            return Err("url has a secret in it; it belongs into headers, for addresses stand in logs".to_owned());
        }
        if [&path].into_iter().chain(&query).any(|part| part.0.iter().any(has_brace)) {
            return Err("url has a brace that is no {argument}; an argument has letters, digits, _ and -".to_owned());
        }
        Ok(Self { path, query, sample })
    }

    pub(super) fn sample(&self) -> &Url {
        &self.sample
    }

    /// The arguments that must be given.
    pub(super) fn path_arguments(&self) -> impl Iterator<Item = &str> {
        self.path.arguments()
    }

    /// The arguments that may be given.
    pub(super) fn query_arguments(&self) -> impl Iterator<Item = &str> {
        self.query.iter().flat_map(Template::arguments)
    }

    /// The address for these arguments.
    pub(super) fn fill(&self, arguments: &Map<String, Value>) -> Result<Url, String> {
        if let Some(missing) =
            self.path.arguments().find(|name| text(arguments, name).is_none_or(|text| text.trim().is_empty()))
        {
            return Err(format!("the argument {missing} is missing or empty"));
        }
        let filled = join(&self.path, &self.query, &mut |name| text(arguments, name).map(|text| encode(&text)));
        let url = Url::parse(&filled).map_err(|_| "the arguments make no address".to_owned())?;
        let steps = |url: &Url| url.path_segments().map(Iterator::count);
        let climbs = filled.split(['/', '?']).any(|step| step == "." || step == "..");
        if climbs || url.origin() != self.sample.origin() || steps(&url) != steps(&self.sample) {
            return Err("an argument such as \"..\" cannot stand in an address".to_owned());
        }
        Ok(url)
    }
}

fn has_brace(part: &Part) -> bool {
    matches!(part, Part::Text(text) if text.contains(['{', '}']))
}

fn join(path: &Template, query: &[Template], value: &mut impl FnMut(&str) -> Option<String>) -> String {
    let mut text = path.fill(&mut |name| value(name).unwrap_or_default());
    let mut mark = '?';
    for pair in query {
        let mut is_given = true;
        let pair = pair.fill(&mut |name| {
            value(name).unwrap_or_else(|| {
                is_given = false;
                String::new()
            })
        });
        if is_given {
            text.push(mark);
            text.push_str(&pair);
            mark = '&';
        }
    }
    text
}

/// A JSON body whose strings have arguments in them.
#[derive(Debug, Clone)]
pub(super) struct BodyTemplate(Value);

impl BodyTemplate {
    /// Reads it; what is wrong is told to staff.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map(Self).map_err(|error| format!("body is no JSON: {error}"))
    }

    /// The arguments in it.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut found = Vec::new();
        walk(&self.0, &mut |text| found.extend(Template::parse(text).arguments().map(str::to_owned)));
        found
    }

    /// The body for these arguments: `"{people}"` becomes the argument as it is, a number for instance; among other text
    /// it becomes text.
    pub(super) fn fill(&self, arguments: &Map<String, Value>) -> Value {
        fill(&self.0, arguments)
    }
}

fn walk(value: &Value, see: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => see(text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        Value::Object(fields) => fields.values().for_each(|field| walk(field, see)),
        _ => {}
    }
}

fn fill(value: &Value, arguments: &Map<String, Value>) -> Value {
    match value {
        Value::String(written) => {
            let template = Template::parse(written);
            match template.0.as_slice() {
                [Part::Argument(name)] => arguments.get(name).cloned().unwrap_or(Value::Null),
                _ => Value::String(template.fill(&mut |name| text(arguments, name).unwrap_or_default())),
            }
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, arguments)).collect()),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, field)| (key.clone(), fill(field, arguments))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn arguments(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn arguments_are_encoded_and_absent_ones_left_out() {
        let url = UrlTemplate::parse("https://api.example/v1/cars/{vin}?lang={lang}&page={page}&fixed=1").unwrap();
        let filled = url.fill(&arguments(json!({"vin": "a/b?c#d é", "lang": "ar&x=1"}))).unwrap();
        assert_eq!(filled.as_str(), "https://api.example/v1/cars/a%2Fb%3Fc%23d%20%C3%A9?lang=ar%26x%3D1&fixed=1");
        let filled = url.fill(&arguments(json!({"vin": 5, "page": 2}))).unwrap();
        assert_eq!(filled.as_str(), "https://api.example/v1/cars/5?page=2&fixed=1");
    }

    #[test]
    fn an_argument_cannot_leave_its_place_in_the_path() {
        let url = UrlTemplate::parse("https://api.example/v1/cars/{vin}").unwrap();
        for bad in ["..", ".", "", " "] {
            assert!(url.fill(&arguments(json!({ "vin": bad }))).is_err(), "{bad}");
        }
        assert!(url.fill(&arguments(json!({}))).unwrap_err().contains("vin"));
    }

    #[test]
    fn only_private_addresses_with_fixed_hosts_are_taken() {
        for (bad, wanted) in [
            ("http://api.example/{a}", "https://"),
            ("https://{host}/a", "host"),
            ("https://api.{host}/a", "host"),
            ("https://me:{password}@api.example/", "user name"),
            ("https://api.example/a?key={secret:KEY}", "secret"),
            ("https://api.example/{a b}", "brace"),
            ("{url}", "no address"),
            ("https://api.example/#{a}", "fragment"),
        ] {
            let why = UrlTemplate::parse(bad).unwrap_err();
            assert!(why.contains(wanted), "{bad}: {why}");
        }
        assert!(UrlTemplate::parse("http://127.0.0.1:8080/{a}").is_ok());
    }

    #[test]
    fn a_body_keeps_the_kind_of_a_value_and_cannot_be_broken_out_of() {
        let body = BodyTemplate::parse(r#"{"n": "{people}", "note": "for {name}", "list": ["{tag}"], "fixed": true}"#)
            .unwrap();
        let filled = body.fill(&arguments(json!({"people": 3, "name": "\", \"admin\": \"yes"})));
        let wanted = json!({"n": 3, "note": "for \", \"admin\": \"yes", "list": [null], "fixed": true});
        assert_eq!(filled, wanted);
        assert_eq!(body.arguments().len(), 3);
    }

    proptest! {
        /// Whatever the argument is, the address stays at its host and in its folder, or there is none.
        #[test]
        fn no_argument_changes_where_a_request_goes(vin in ".*", lang in ".*") {
            let url = UrlTemplate::parse("https://api.example/v1/cars/{vin}/of?lang={lang}").unwrap();
            if let Ok(filled) = url.fill(&arguments(json!({"vin": vin, "lang": lang}))) {
                prop_assert_eq!(filled.host_str(), Some("api.example"));
                prop_assert!(filled.path().starts_with("/v1/cars/") && filled.path().ends_with("/of"));
                prop_assert_eq!(filled.query_pairs().collect::<Vec<_>>(), vec![("lang".into(), lang.into())]);
                prop_assert!(filled.fragment().is_none());
            }
        }
    }
}
