//! Speech to text by a service: `POST {base}/audio/transcriptions`.

use std::{sync::Arc, time::Duration};

use reqwest::multipart::{Form, Part};
use serde::Deserialize;

use super::{SPEECH_RATE_HZ, SpeechToText, TranscribeRequest, Transcript, TranscriptPiece, TranscriptStream};
use crate::{
    cloud::{Charge, EventReader, Output, ProviderError, Service, body_text, cut, is_event_stream, pieces, timed_out},
    config,
    event::{Amount, Language, ServedBy},
};

/// Writes speech down at a service.
pub struct CloudSpeechToText {
    service: Arc<Service>,
    options: Arc<config::CloudStt>,
}

impl CloudSpeechToText {
    /// Uses `service` with the options of `[cloud.stt]`.
    #[must_use]
    pub fn new(service: Arc<Service>, options: config::CloudStt) -> Self {
        Self { service, options: Arc::new(options) }
    }
}

impl SpeechToText for CloudSpeechToText {
    fn name(&self) -> &str {
        self.service.name()
    }

    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream {
        let (service, options) = (self.service.clone(), self.options.clone());
        pieces(move |out| async move {
            let exchange = service.begin();
            let limit = Duration::from_millis(options.timeout_ms);
            let result = match tokio::time::timeout(limit, transcribe(&service, &options, &request, &out)).await {
                Ok(result) => result,
                Err(_) => Err(timed_out(service.name(), "the transcript", limit)),
            };
            exchange.finish();
            out.give(result.map(TranscriptPiece::Final)).await;
        })
    }

    fn warm_up(&self) {
        self.service.warm_up();
    }
}

/// Both shapes of an answer: the JSON object, and the events of a stream.
#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    delta: Option<String>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    error: Option<serde_json::Value>,
}

async fn transcribe(
    service: &Arc<Service>,
    options: &config::CloudStt,
    request: &TranscribeRequest,
    out: &Output<Result<TranscriptPiece, ProviderError>>,
) -> Result<Transcript, ProviderError> {
    let form = form(options, request).map_err(|error| service.transport_error(&error))?;
    let audio_ms = request.samples.len() as u64 * 1_000 / u64::from(SPEECH_RATE_HZ);
    let charge = Charge::new(service.clone(), &options.model, Amount::Transcription { audio_ms });
    let response = match service.send(service.post("/audio/transcriptions", &options.model).multipart(form)).await {
        Ok(response) => response,
        Err(error) => {
            charge.refused();
            return Err(error);
        }
    };
    // Some servers, and some of OpenAI's models, answer with plain JSON whatever was asked for.
    if !is_event_stream(&response) {
        let body = body_text(response).await.map_err(|error| service.body_error(&error))?;
        let piece = parse(service, &body)?;
        let text = piece.text.ok_or_else(|| service.malformed("a transcription without `text`"))?;
        return Ok(transcript(&text, piece.language.as_deref(), request));
    }
    let mut events = EventReader::new(response);
    let mut heard = String::new();
    while let Some(event) = events.next().await.map_err(|error| service.event_error(&error))? {
        if event.trim() == "[DONE]" {
            break;
        }
        let piece = parse(service, &event)?;
        match (piece.r#type.as_deref(), piece.delta, piece.text) {
            (Some("transcript.text.done"), _, Some(text)) => {
                // The rest is an end mark at most; read, it leaves the connection usable.
                tokio::spawn(tokio::time::timeout(Duration::from_secs(1), events.drain()));
                return Ok(transcript(&text, piece.language.as_deref(), request));
            }
            (_, Some(delta), _) if !delta.is_empty() => {
                heard.push_str(&delta);
                out.give(Ok(TranscriptPiece::Partial(heard.trim().to_owned()))).await;
            }
            _ => {}
        }
    }
    Err(cut(service.name(), "the transcript"))
}

fn parse(service: &Service, body: &str) -> Result<Piece, ProviderError> {
    match serde_json::from_str::<Piece>(body) {
        Ok(Piece { error: Some(_), .. }) => Err(service.malformed("an error in place of a transcript")),
        Ok(piece) => Ok(piece),
        Err(_) => Err(service.malformed("a transcript that is not JSON")),
    }
}

fn transcript(text: &str, reported: Option<&str>, request: &TranscribeRequest) -> Transcript {
    let text = text.trim().to_owned();
    // The letters are surer than the report: Whisper says "english" of Arabic words often enough.
    let reported = reported.and_then(language_named).filter(|own| Language::written(&text, *own) == *own);
    let language = reported.unwrap_or_else(|| Language::written(&text, request.likely_language));
    Transcript { text, language, entry: None, served_by: ServedBy::Cloud }
}

/// A language by its code or by its English name, as Whisper's servers report it.
fn language_named(reported: &str) -> Option<Language> {
    let code = WHISPER.split(", ").find_map(|language| {
        let (code, name) = language.split_once(' ')?;
        (name == reported).then_some(code)
    });
    code.unwrap_or(reported).parse().ok()
}

/// The languages of two letters in the table `LANGUAGES` of Whisper's tokenizer.py.
const WHISPER: &str = "en english, zh chinese, de german, es spanish, ru russian, ko korean, fr french, ja japanese, \
    pt portuguese, tr turkish, pl polish, ca catalan, nl dutch, ar arabic, sv swedish, it italian, id indonesian, hi hindi, \
    fi finnish, vi vietnamese, he hebrew, uk ukrainian, el greek, ms malay, cs czech, ro romanian, da danish, hu hungarian, \
    ta tamil, no norwegian, th thai, ur urdu, hr croatian, bg bulgarian, lt lithuanian, la latin, mi maori, ml malayalam, \
    cy welsh, sk slovak, te telugu, fa persian, lv latvian, bn bengali, sr serbian, az azerbaijani, sl slovenian, \
    kn kannada, et estonian, mk macedonian, br breton, eu basque, is icelandic, hy armenian, ne nepali, mn mongolian, \
    bs bosnian, kk kazakh, sq albanian, sw swahili, gl galician, mr marathi, pa punjabi, si sinhala, km khmer, sn shona, \
    yo yoruba, so somali, af afrikaans, oc occitan, ka georgian, be belarusian, tg tajik, sd sindhi, gu gujarati, \
    am amharic, yi yiddish, lo lao, uz uzbek, fo faroese, ht haitian creole, ps pashto, tk turkmen, nn nynorsk, mt maltese, \
    sa sanskrit, lb luxembourgish, my myanmar, bo tibetan, tl tagalog, mg malagasy, as assamese, tt tatar, ln lingala, \
    ha hausa, ba bashkir, jw javanese, su sundanese";

fn form(options: &config::CloudStt, request: &TranscribeRequest) -> reqwest::Result<Form> {
    let audio = Part::bytes(wav(&request.samples)).file_name("speech.wav").mime_str("audio/wav")?;
    let mut form = Form::new().text("model", options.model.clone()).text("response_format", "json");
    if options.stream {
        form = form.text("stream", "true");
    }
    if options.send_language {
        form = form.text("language", request.likely_language.code().to_owned());
    }
    Ok(form.part("file", audio))
}

/// A WAV file in memory: mono, 16-bit, [`SPEECH_RATE_HZ`]. Header as in Microsoft's "Multimedia Programming Interface
/// and Data Specifications 1.0", 44 bytes.
fn wav(samples: &[f32]) -> Vec<u8> {
    const BYTES_PER_SAMPLE: u32 = 2;
    let data_bytes = u32::try_from(samples.len()).unwrap_or(u32::MAX / 4).saturating_mul(BYTES_PER_SAMPLE);
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&data_bytes.saturating_add(36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes()); // PCM
    file.extend_from_slice(&1_u16.to_le_bytes()); // mono
    file.extend_from_slice(&SPEECH_RATE_HZ.to_le_bytes());
    file.extend_from_slice(&(SPEECH_RATE_HZ * BYTES_PER_SAMPLE).to_le_bytes());
    file.extend_from_slice(&2_u16.to_le_bytes()); // bytes a frame
    file.extend_from_slice(&16_u16.to_le_bytes()); // bits a sample
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data_bytes.to_le_bytes());
    for sample in samples {
        #[allow(clippy::cast_possible_truncation, reason = "rounded and clamped to the range of i16")]
        let value = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
        file.extend_from_slice(&value.to_le_bytes());
    }
    file
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_reported_by_its_name_or_its_code() {
        for (reported, code) in
            [("english", "en"), ("swedish", "sv"), ("haitian creole", "ht"), ("sundanese", "su"), ("fr", "fr")]
        {
            assert_eq!(language_named(reported).unwrap().code(), code);
        }
        assert_eq!(language_named("klingon"), None);
    }

    #[test]
    fn the_letters_of_a_transcript_are_surer_than_what_is_reported_and_that_is_surer_than_what_is_likely() {
        let request = TranscribeRequest { samples: Arc::from([]), likely_language: Language::ENGLISH };
        let heard = |text, reported| transcript(text, reported, &request).language.code().to_owned();
        assert_eq!(heard("متى تفتحون؟", Some("english")), "ar");
        assert_eq!(heard("När öppnar ni?", Some("swedish")), "sv");
        assert_eq!(heard("When do you open?", Some("arabic")), "en");
        assert_eq!(heard("When do you open?", None), "en");
    }

    #[test]
    fn the_wav_in_memory_is_one_that_others_read() {
        let file = wav(&[0.0, 0.5, -1.0, 2.0]);
        let mut reader = hound::WavReader::new(file.as_slice()).unwrap();
        assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.spec().bits_per_sample), (1, 16_000, 16));
        assert_eq!(reader.samples::<i16>().map(Result::unwrap).collect::<Vec<_>>(), [0, 16_384, -32_767, 32_767]);
    }
}
