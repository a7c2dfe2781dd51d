//! Providers of speech in order: the first that is not left alone serves, the next one if it fails.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use tokio::time::Instant;

use super::{
    PcmChunk, SpeakRequest, SpeechStream, SpeechToText, TextToSpeech, TranscribeRequest, TranscriptPiece,
    TranscriptStream, WordMark,
};
use crate::{
    cloud::{FailureKind, Link, Output, ProviderError, cut, pieces, worth_a_second_try},
    event::{Language, ServedBy},
};

/// Speech-to-text providers in order, as one. Whatever fails, the next provider starts from the beginning.
pub struct SttChain {
    links: Arc<[Link<dyn SpeechToText>]>,
}

impl SttChain {
    /// `links` in the order in which they are asked.
    #[must_use]
    pub fn new(links: Vec<Link<dyn SpeechToText>>) -> Self {
        Self { links: links.into() }
    }
}

impl SpeechToText for SttChain {
    /// The name of the provider that would be asked now.
    fn name(&self) -> &str {
        self.links.iter().find(|link| link.guard.admits()).map_or("none", |link| link.provider.name())
    }

    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream {
        let links = self.links.clone();
        pieces(move |out| async move {
            let mut failure = None;
            for link in links.iter().filter(|link| link.guard.admits()) {
                let asked = Instant::now();
                let mut result = transcribe_once(link, &request, &out).await;
                if let Err(error) = &result
                    && worth_a_second_try(error, asked.elapsed())
                {
                    result = transcribe_once(link, &request, &out).await;
                }
                match result {
                    Ok(()) => return,
                    Err(error) => {
                        link.guard.failed(&error);
                        failure = Some(error);
                    }
                }
            }
            out.give(Err(failure.unwrap_or_else(|| nobody("speech-to-text provider")))).await;
        })
    }

    fn warm_up(&self) {
        if let Some(link) = self.links.iter().find(|link| link.guard.admits()) {
            link.provider.warm_up();
        }
    }
}

async fn transcribe_once(
    link: &Link<dyn SpeechToText>,
    request: &TranscribeRequest,
    out: &Output<Result<TranscriptPiece, ProviderError>>,
) -> Result<(), ProviderError> {
    let mut transcript = link.provider.transcribe(request.clone());
    while let Some(piece) = transcript.next().await {
        let piece = piece?;
        let is_final = matches!(piece, TranscriptPiece::Final(_));
        if is_final {
            link.guard.succeeded();
        }
        out.give(Ok(piece)).await;
        if is_final {
            return Ok(());
        }
    }
    Err(cut(link.provider.name(), "the transcript"))
}

fn nobody(what: &str) -> ProviderError {
    ProviderError::new("chain", FailureKind::Unavailable, format!("every {what} is left alone"))
}

/// Text-to-speech providers in order, as one. A clause that breaks off is spoken to its end by the next provider, from
/// the word in which the first one stopped.
pub struct TtsChain {
    links: Arc<[Link<dyn TextToSpeech>]>,
    pace: Arc<Pace>,
}

impl TtsChain {
    /// `links` in the order in which they are asked.
    #[must_use]
    pub fn new(links: Vec<Link<dyn TextToSpeech>>) -> Self {
        Self { links: links.into(), pace: Arc::default() }
    }
}

impl TextToSpeech for TtsChain {
    /// The name of the provider that would be asked now.
    fn name(&self) -> &str {
        self.links.iter().find(|link| link.guard.admits()).map_or("none", |link| link.provider.name())
    }

    /// Where the provider is that would be asked now.
    fn served_by(&self) -> ServedBy {
        let link = self.links.iter().find(|link| link.guard.admits());
        link.map_or(ServedBy::Embedded, |link| link.provider.served_by())
    }

    fn speak(&self, request: SpeakRequest) -> SpeechStream {
        let (links, pace) = (self.links.clone(), self.pace.clone());
        pieces(move |out| async move {
            let mut clause = Clause { request, out, from: 0, spoken: Duration::ZERO, marks: Vec::new() };
            let mut failure = None;
            for link in links.iter().filter(|link| link.guard.admits()) {
                let from = clause.from;
                let asked = Instant::now();
                let mut result = clause.speak(link, &pace).await;
                if let Err(error) = &result
                    && clause.spoken.is_zero()
                    && worth_a_second_try(error, asked.elapsed())
                {
                    result = clause.speak(link, &pace).await;
                }
                let Err(error) = result else { return };
                link.guard.failed(&error);
                if clause.from > from && clause.rest().is_empty() {
                    // Nothing is left to be said.
                    return;
                }
                failure = Some(error);
            }
            clause.out.give(Err(failure.unwrap_or_else(|| nobody("voice")))).await;
        })
    }

    fn warm_up(&self) {
        // Only the provider that will be asked: warming the embedded voice as well would keep its vowel model (6 MB) in
        // memory while a service speaks, and loading it when it is needed takes less than the failure before.
        if let Some(link) = self.links.iter().find(|link| link.guard.admits()) {
            link.provider.warm_up();
        }
    }
}

/// One clause on its way to the speaker.
struct Clause {
    request: SpeakRequest,
    out: Output<Result<PcmChunk, ProviderError>>,
    /// The byte from which the next provider speaks.
    from: usize,
    /// All sound handed out, from the start of the clause.
    spoken: Duration,
    /// The words of the present provider, in the bytes and time of the whole clause.
    marks: Vec<WordMark>,
}

impl Clause {
    fn rest(&self) -> &str {
        self.request.text.get(self.from..).unwrap_or_default()
    }

    /// Lets one provider speak the rest. After a failure `from` is where the next one goes on.
    async fn speak(&mut self, link: &Link<dyn TextToSpeech>, pace: &Pace) -> Result<(), ProviderError> {
        let language = self.request.language;
        let spoken_before = self.spoken;
        self.marks.clear();
        let mut speech = link.provider.speak(SpeakRequest {
            text: self.rest().to_owned(),
            language,
            voice: self.request.voice.clone(),
        });
        while let Some(chunk) = speech.next().await {
            match chunk {
                Ok(mut chunk) => {
                    for mark in &mut chunk.words {
                        mark.bytes = mark.bytes.start + self.from..mark.bytes.end + self.from;
                        mark.start += spoken_before;
                        self.marks.push(mark.clone());
                    }
                    let seconds = chunk.samples.len() as f64 / f64::from(chunk.sample_rate_hz.max(1));
                    self.spoken += Duration::from_secs_f64(seconds);
                    self.out.give(Ok(chunk)).await;
                }
                Err(error) => {
                    self.from += self.progress(self.spoken - spoken_before, pace);
                    return Err(error);
                }
            }
        }
        link.guard.succeeded();
        pace.learn(language, self.rest(), self.spoken - spoken_before);
        Ok(())
    }

    /// How many bytes of the rest have been heard, down to the start of a word.
    fn progress(&self, spoken: Duration, pace: &Pace) -> usize {
        if spoken.is_zero() {
            return 0;
        }
        if let Some(mark) = self.marks.iter().rev().find(|mark| mark.start <= self.spoken) {
            return mark.bytes.start.saturating_sub(self.from);
        }
        pace.position(self.request.language, self.rest(), spoken)
    }
}

/// How fast the voices speak: learned from whole clauses, so that the place where one stopped can be estimated.
#[derive(Default)]
struct Pace {
    /// Seconds a character, by language.
    seconds_per_char: Mutex<BTreeMap<Language, f64>>,
}

impl Pace {
    /// 155 words a minute of 6 characters, blank included.
    const DEFAULT_SECONDS_PER_CHAR: f64 = 0.065;
    /// The weight of the newest clause.
    const NEWEST: f64 = 0.3;

    fn learn(&self, language: Language, text: &str, spoken: Duration) {
        let chars = text.trim().chars().count();
        // Silence before and after spoils short clauses.
        if chars < 15 {
            return;
        }
        let newest = spoken.as_secs_f64() / chars as f64;
        let mut known = self.seconds_per_char.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = known.entry(language).or_insert(newest);
        *seconds += Self::NEWEST * (newest - *seconds);
    }

    /// The byte at which the word begins that was being said after `spoken`; the length of `text` if it was all said.
    fn position(&self, language: Language, text: &str, spoken: Duration) -> usize {
        let known = self.seconds_per_char.lock().unwrap_or_else(PoisonError::into_inner).get(&language).copied();
        let pace = known.unwrap_or(Self::DEFAULT_SECONDS_PER_CHAR);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small, positive count")]
        let said_chars = (spoken.as_secs_f64() / pace.max(0.005)).round() as usize;
        let Some((said, _)) = text.char_indices().nth(said_chars) else { return text.len() };
        let before = text.get(..said).unwrap_or_default();
        before.rfind(char::is_whitespace).map_or(0, |blank| {
            blank + before.get(blank..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_where_a_voice_stopped_is_the_start_of_a_word() {
        let pace = Pace::default();
        let text = "You can walk there from the main square";
        let at = |seconds: f64| {
            text.get(pace.position(Language::ENGLISH, text, Duration::from_secs_f64(seconds)).min(text.len())..)
        };
        assert_eq!(at(0.1), Some(text));
        assert_eq!(at(0.065 * 10.0), Some("walk there from the main square"));
        assert_eq!(at(9.0), Some(""));
        pace.learn(Language::ENGLISH, text, Duration::from_secs_f64(0.13 * 39.0));
        assert_eq!(at(0.13 * 10.0), Some("walk there from the main square"), "a slower voice was learned");
    }
}
