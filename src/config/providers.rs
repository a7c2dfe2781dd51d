//! The services of each kind in the order in which they are asked: that of `[cloud]`, then those of the lists `next`, each
//! with what it takes over from the first.

use super::{Auth, Cloud, CloudLlm, CloudStt, CloudTts};
use crate::event::{ByLanguage, ProviderKind};

/// Where a service is and how it is told the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudProvider<'c> {
    /// The section of the configuration that describes it (`cloud.llm.next.0`).
    pub section: String,
    /// Its name in events and prices.
    pub name: String,
    /// Its own base address; empty: that of `[cloud]`.
    pub base_url: &'c str,
    /// The name of its own key; empty: that of `[cloud]`.
    pub api_key: &'c str,
    /// How the key is sent.
    pub auth: Auth,
}

/// What the three kinds of further services have in common.
struct Next<'c> {
    name: &'c str,
    base_url: &'c str,
    api_key: &'c str,
    auth: Auth,
}

impl Cloud {
    /// The services of a kind in their order. The first one has no address if none is configured.
    #[must_use]
    pub fn providers(&self, kind: ProviderKind) -> Vec<CloudProvider<'_>> {
        macro_rules! next {
            ($list:expr) => {
                $list
                    .iter()
                    .map(|next| Next {
                        name: &next.name,
                        base_url: &next.base_url,
                        api_key: &next.api_key,
                        auth: next.auth,
                    })
                    .collect()
            };
        }
        let (section, base_url, api_key, next): (_, &str, &str, Vec<Next<'_>>) = match kind {
            ProviderKind::SpeechToText => ("cloud.stt", &self.stt.base_url, &self.stt.api_key, next!(self.stt.next)),
            ProviderKind::LanguageModel => ("cloud.llm", &self.llm.base_url, &self.llm.api_key, next!(self.llm.next)),
            ProviderKind::TextToSpeech => ("cloud.tts", &self.tts.base_url, &self.tts.api_key, next!(self.tts.next)),
        };
        let first =
            CloudProvider { section: section.to_owned(), name: "cloud".to_owned(), base_url, api_key, auth: self.auth };
        let further = next.into_iter().enumerate().map(|(index, next)| {
            let is_elsewhere = !next.base_url.is_empty();
            CloudProvider {
                section: format!("{section}.next.{index}"),
                name: if next.name.is_empty() { format!("cloud-{}", index + 2) } else { next.name.to_owned() },
                base_url: if is_elsewhere { next.base_url } else { base_url },
                api_key: if is_elsewhere || !next.api_key.is_empty() { next.api_key } else { api_key },
                auth: if is_elsewhere { next.auth } else { self.auth },
            }
        });
        std::iter::once(first).chain(further).collect()
    }
}

fn own_or(own: &str, first: &str) -> String {
    if own.is_empty() { first } else { own }.to_owned()
}

/// The voices of the first service, and in their place those that are named.
fn voices(own: &ByLanguage<String>, first: &ByLanguage<String>) -> ByLanguage<String> {
    let named = own.iter().filter(|(_, voice)| !voice.is_empty());
    first.iter().chain(named).map(|(language, voice)| (language, voice.clone())).collect()
}

impl CloudStt {
    /// The options of all services of this kind, in their order.
    #[must_use]
    pub fn all(&self) -> Vec<Self> {
        let further = self.next.iter().map(|next| Self {
            model: own_or(&next.model, &self.model),
            stream: next.stream,
            send_language: next.send_language,
            ..self.clone()
        });
        std::iter::once(self.clone()).chain(further).collect()
    }
}

impl CloudLlm {
    /// The options of all services of this kind, in their order.
    #[must_use]
    pub fn all(&self) -> Vec<Self> {
        let further = self.next.iter().map(|next| Self { model: own_or(&next.model, &self.model), ..self.clone() });
        std::iter::once(self.clone()).chain(further).collect()
    }
}

impl CloudTts {
    /// The options of all services of this kind, in their order.
    #[must_use]
    pub fn all(&self) -> Vec<Self> {
        let further = self.next.iter().map(|next| Self {
            model: own_or(&next.model, &self.model),
            voice: voices(&next.voice, &self.voice),
            sample_rate_hz: next.sample_rate_hz,
            ..self.clone()
        });
        std::iter::once(self.clone()).chain(further).collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    #[test]
    fn further_services_take_over_what_they_do_not_say() {
        let text = "[cloud]\nbase_url = \"https://one.example.org/v1\"\nauth = \"azure\"\n\
            [cloud.llm]\nmodel = \"large\"\ntemperature = 0.9\n\
            [[cloud.llm.next]]\nmodel = \"small\"\n\
            [[cloud.llm.next]]\nname = \"spare\"\nbase_url = \"https://two.example.org/v1\"\napi_key = \"SPARE_KEY\"\n";
        let config = Config::parse(text, Path::new("kiosk.toml"), &[]).unwrap();
        let options: Vec<(String, f32)> =
            config.cloud.llm.all().into_iter().map(|options| (options.model, options.temperature)).collect();
        assert_eq!(options, [("large".into(), 0.9), ("small".into(), 0.9), ("large".into(), 0.9)]);
        let providers = config.cloud.providers(ProviderKind::LanguageModel);
        let names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
        assert_eq!(names, ["cloud", "cloud-2", "spare"]);
        assert_eq!((providers[1].base_url, providers[1].auth), ("", Auth::Azure));
        let spare = &providers[2];
        assert_eq!(
            (spare.base_url, spare.api_key, spare.auth),
            ("https://two.example.org/v1", "SPARE_KEY", Auth::Bearer)
        );
        assert_eq!(config.cloud.providers(ProviderKind::TextToSpeech).len(), 1);
    }
}
