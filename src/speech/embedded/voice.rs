//! The embedded voice: numbers spelled out, Arabic vowels restored, espeak-ng.

use std::{ops::Range, sync::Arc};

use futures_util::{StreamExt, stream};

use super::{Espeak, NAME, Vowels, espeak::Script, numbers, numbers::Spoken};
use crate::{
    cloud::ProviderError,
    config::Embedded,
    event::{ByLanguage, Language, ServedBy},
    speech::{SpeakRequest, SpeechStream, TextToSpeech},
};

/// Speaks English and Arabic without any network.
#[derive(Debug, Clone)]
pub struct EmbeddedTextToSpeech {
    espeak: Espeak,
    vowels: Arc<Vowels>,
    voices: ByLanguage<String>,
    words_per_minute: u32,
}

impl EmbeddedTextToSpeech {
    /// A voice that speaks through `espeak`, with the voices and rate of `[embedded]`.
    #[must_use]
    pub fn new(espeak: Espeak, vowels: Arc<Vowels>, config: &Embedded) -> Self {
        Self { espeak, vowels, voices: config.voice.clone(), words_per_minute: config.words_per_minute }
    }

    /// The voice and pace of a request: the persona's, where it has its own.
    fn voice<'a>(&'a self, request: &'a SpeakRequest) -> (&'a str, u32) {
        // espeak-ng has a voice for each of its languages by its code.
        let configured = self.voices.own(request.language).map_or(request.language.code(), String::as_str);
        let persona = request.voice.as_deref();
        let voice = persona.and_then(|persona| persona.embedded(request.language)).unwrap_or(configured);
        let percent = persona.map(|persona| persona.rate_percent).filter(|percent| *percent > 0).unwrap_or(100);
        (voice, self.words_per_minute.saturating_mul(percent) / 100)
    }
}

impl TextToSpeech for EmbeddedTextToSpeech {
    fn name(&self) -> &str {
        NAME
    }

    fn served_by(&self) -> ServedBy {
        ServedBy::Embedded
    }

    fn speak(&self, request: SpeakRequest) -> SpeechStream {
        let vowels = Arc::clone(&self.vowels);
        let (voice, words_per_minute) = self.voice(&request);
        let voice = voice.to_owned();
        let mut sound = self.espeak.speak(&voice, words_per_minute, move || script(&request, &vowels));
        stream::poll_fn(move |context| sound.poll_recv(context)).boxed()
    }

    fn warm_up(&self) {
        // One short word in each language opens the dictionaries and loads the vowel model; the receivers are kept
        // out of the way until the words are made.
        for (language, text) in [(Language::ENGLISH, "yes"), (Language::ARABIC, "نعم")] {
            let mut stream = self.speak(SpeakRequest { text: text.into(), language, voice: None });
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move { while stream.next().await.is_some() {} });
            }
        }
    }
}

/// The spoken form of a request.
fn script(request: &SpeakRequest, vowels: &Vowels) -> Result<Script, ProviderError> {
    let spoken = numbers::spell_out(&request.text, request.language);
    let mut script = Script::default();
    if request.language == Language::ARABIC {
        for (word, source) in with_vowels(&spoken, vowels)? {
            script.push(&word, source);
        }
    } else {
        for word in spoken {
            script.push(&word.text, word.source);
        }
    }
    Ok(script)
}

/// Restores the vowels of all words together, since they depend on their neighbours.
fn with_vowels(spoken: &[Spoken], vowels: &Vowels) -> Result<Vec<(String, Range<usize>)>, ProviderError> {
    let words: Vec<(&str, &Range<usize>)> =
        spoken.iter().flat_map(|spoken| spoken.text.split_whitespace().map(|word| (word, &spoken.source))).collect();
    let joined: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let restored = vowels.restore(&joined.join(" "))?;
    Ok(restored
        .split_whitespace()
        .map(str::to_owned)
        .zip(words.into_iter().map(|(_, source)| source.clone()))
        .collect())
}
