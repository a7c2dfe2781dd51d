//! Text to speech by a service: `POST {base}/audio/speech`, raw PCM as it is made.

use std::{sync::Arc, time::Duration};

use async_openai::types::audio::{CreateSpeechRequest, SpeechModel, SpeechResponseFormat, Voice};
use bytes::Bytes;
use tokio::time::Instant;

use super::{PcmChunk, SpeakRequest, SpeechStream, TextToSpeech, embedded::telephone_numbers_spelled};
use crate::{
    cloud::{Charge, FailureKind, Output, ProviderError, Service, pieces, timed_out},
    config,
    event::{Amount, ServedBy},
};

/// Speaks at a service.
pub struct CloudTextToSpeech {
    service: Arc<Service>,
    options: Arc<config::CloudTts>,
}

impl CloudTextToSpeech {
    /// Uses `service` with the options of `[cloud.tts]`.
    #[must_use]
    pub fn new(service: Arc<Service>, options: config::CloudTts) -> Self {
        Self { service, options: Arc::new(options) }
    }
}

impl TextToSpeech for CloudTextToSpeech {
    fn name(&self) -> &str {
        self.service.name()
    }

    fn served_by(&self) -> ServedBy {
        ServedBy::Cloud
    }

    fn speak(&self, request: SpeakRequest) -> SpeechStream {
        let (service, options) = (self.service.clone(), self.options.clone());
        pieces(move |out| async move {
            let exchange = service.begin();
            let result = speak(&service, &options, request, &out).await;
            exchange.finish();
            if let Err(error) = result {
                out.give(Err(error)).await;
            }
        })
    }

    fn warm_up(&self) {
        self.service.warm_up();
    }
}

async fn speak(
    service: &Arc<Service>,
    options: &config::CloudTts,
    request: SpeakRequest,
    out: &Output<Result<PcmChunk, ProviderError>>,
) -> Result<(), ProviderError> {
    let first_limit = Duration::from_millis(options.first_audio_timeout_ms);
    let chunk_limit = Duration::from_millis(options.chunk_timeout_ms);
    let no_first = || timed_out(service.name(), "the first sound", first_limit);
    let first_due = Instant::now() + first_limit;

    let configured = options.voice.text(request.language);
    let persona = request.voice.as_deref();
    let own = persona.and_then(|voice| voice.service(request.language)).filter(|own| *own != configured);
    let percent = persona.map_or(0, |voice| voice.rate_percent);
    let input = telephone_numbers_spelled(&request.text, request.language);
    let characters = input.chars().count() as u64;
    let mut body = CreateSpeechRequest {
        input,
        model: SpeechModel::Other(options.model.clone()),
        voice: Voice::Other(own.unwrap_or(configured).to_owned()),
        response_format: Some(SpeechResponseFormat::Pcm),
        speed: (percent > 0).then(|| percent as f32 / 100.0),
        ..CreateSpeechRequest::default()
    };
    let post = |body: &CreateSpeechRequest| service.send(service.post("/audio/speech", &options.model).json(body));
    let sending = async {
        match post(&body).await {
            // A server that does not know the persona's voice, or no pace, still has the configured one.
            Err(error) if error.kind == FailureKind::Rejected && (own.is_some() || percent > 0) => {
                tracing::debug!(%error, "the persona's voice was refused: the configured one speaks");
                body.voice = Voice::Other(configured.to_owned());
                body.speed = None;
                post(&body).await
            }
            result => result,
        }
    };
    let charge = Charge::new(service.clone(), &options.model, Amount::Speech { characters });
    let mut response = match tokio::time::timeout_at(first_due, sending).await.map_err(|_| no_first())? {
        Ok(response) => response,
        Err(error) => {
            charge.refused();
            return Err(error);
        }
    };

    let mut decoder = PcmDecoder::default();
    let mut has_sound = false;
    loop {
        let bytes = if has_sound {
            let next = tokio::time::timeout(chunk_limit, response.chunk()).await;
            next.map_err(|_| timed_out(service.name(), "the next sound", chunk_limit))?
        } else {
            tokio::time::timeout_at(first_due, response.chunk()).await.map_err(|_| no_first())?
        };
        let Some(bytes) = bytes.map_err(|error| service.transport_error(&error))? else { break };
        if !has_sound && is_text(&response, &bytes) {
            return Err(service.malformed("text in place of sound; the service must know `response_format: pcm`"));
        }
        let samples = decoder.decode(&bytes);
        if !samples.is_empty() {
            has_sound = true;
            out.give(Ok(PcmChunk { samples, sample_rate_hz: options.sample_rate_hz, words: Vec::new() })).await;
        }
    }
    if has_sound { Ok(()) } else { Err(service.malformed("an answer without sound")) }
}

/// Whether an answer with status 200 is an error message or another format after all.
fn is_text(response: &reqwest::Response, bytes: &Bytes) -> bool {
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_named_text = content_type.is_some_and(|name| name.starts_with("text/") || name.contains("json"));
    is_named_text || bytes.starts_with(b"RIFF") || bytes.starts_with(b"ID3")
}

/// 16-bit little-endian samples out of bytes that were cut anywhere.
#[derive(Debug, Default)]
struct PcmDecoder {
    /// The first byte of a sample whose second has not come yet.
    half: Option<u8>,
}

impl PcmDecoder {
    fn decode(&mut self, bytes: &[u8]) -> Vec<f32> {
        let mut samples = Vec::with_capacity(bytes.len() / 2 + 1);
        let mut bytes = bytes;
        if let (Some(low), Some((high, rest))) = (self.half, bytes.split_first()) {
            samples.push(sample([low, *high]));
            self.half = None;
            bytes = rest;
        }
        let (pairs, odd) = bytes.as_chunks::<2>();
        samples.extend(pairs.iter().copied().map(sample));
        if let [low] = odd {
            self.half = Some(*low);
        }
        samples
    }
}

fn sample(bytes: [u8; 2]) -> f32 {
    f32::from(i16::from_le_bytes(bytes)) / 32_768.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn samples_do_not_depend_on_how_the_bytes_were_cut(
            values in proptest::collection::vec(any::<i16>(), 0..200),
            cuts in proptest::collection::vec(0_usize..7, 1..30),
        ) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            let mut decoder = PcmDecoder::default();
            let mut samples = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (part, tail) = rest.split_at(cut.min(rest.len()));
                samples.extend(decoder.decode(part));
                rest = tail;
            }
            samples.extend(decoder.decode(rest));
            let expected: Vec<f32> = values.iter().map(|value| f32::from(*value) / 32_768.0).collect();
            prop_assert_eq!(samples, expected);
        }
    }
}
