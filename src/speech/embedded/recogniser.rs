//! The embedded recogniser: one decoder for each language, side by side on threads of their own.

use std::{sync::Arc, thread};

use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};

use super::{
    Espeak, NAME, Vowels,
    sentences::{Heard, Parts, Sentences},
};
use crate::{
    cloud::{FailureKind, ProviderError},
    config::Embedded,
    event::{Language, ServedBy},
    knowledge::Entry,
    speech::{SpeechToText, TranscribeRequest, Transcript, TranscriptPiece, TranscriptStream},
};

/// Utterances that may wait for a decoder; the next one is refused.
const QUEUED_UTTERANCES: usize = 4;

type Reply = Result<Option<Heard>, ProviderError>;

struct Job {
    samples: Arc<[i16]>,
    reply: oneshot::Sender<Reply>,
}

/// Recognises the phrasings of the knowledge base, in English and Arabic, without any network.
#[derive(Debug)]
pub struct EmbeddedSpeechToText {
    english: mpsc::Sender<Job>,
    arabic: mpsc::Sender<Job>,
    threshold: f32,
}

impl EmbeddedSpeechToText {
    /// A recogniser for the phrasings of `entries`. Its two threads begin at once to build their grammars and to load
    /// the acoustic model; a fault there is the answer to every request.
    ///
    /// # Errors
    /// The threads cannot be started.
    pub fn new(
        entries: Arc<[Entry]>,
        espeak: Espeak,
        vowels: Arc<Vowels>,
        config: &Embedded,
    ) -> Result<Self, ProviderError> {
        let start = |language: Language, voice: &str| {
            let (jobs, queue) = mpsc::channel(QUEUED_UTTERANCES);
            let (entries, espeak, vowels) = (Arc::clone(&entries), espeak.clone(), Arc::clone(&vowels));
            let (acoustic_model, voice) = (config.acoustic_model.clone(), voice.to_owned());
            thread::Builder::new()
                .name(format!("hear-{language}"))
                .spawn(move || {
                    let parts =
                        Parts { acoustic_model: &acoustic_model, espeak: &espeak, vowels: &vowels, voice: &voice };
                    serve(Sentences::load(&entries, language, parts), queue);
                })
                .map_err(|error| unavailable(format!("the recogniser's thread cannot be started: {error}")))?;
            Ok(jobs)
        };
        Ok(Self {
            english: start(Language::ENGLISH, &config.voice_en)?,
            arabic: start(Language::ARABIC, &config.voice_ar)?,
            threshold: config.recognition_threshold,
        })
    }
}

fn serve(mut sentences: Result<Sentences, ProviderError>, mut queue: mpsc::Receiver<Job>) {
    while let Some(job) = queue.blocking_recv() {
        if job.reply.is_closed() {
            continue;
        }
        let heard = match &mut sentences {
            Ok(sentences) => Ok(sentences.hear(&job.samples)),
            Err(error) => Err(error.clone()),
        };
        // Whoever asked may have gone.
        let _ = job.reply.send(heard);
    }
}

impl SpeechToText for EmbeddedSpeechToText {
    fn name(&self) -> &str {
        NAME
    }

    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream {
        let samples: Arc<[i16]> = request.samples.iter().map(|sample| to_i16(*sample)).collect();
        let ask = |decoder: &mpsc::Sender<Job>| {
            let (reply, answer) = oneshot::channel();
            let sent = decoder.try_send(Job { samples: Arc::clone(&samples), reply });
            sent.map(|()| answer).map_err(|_| unavailable("the recogniser is busy".into()))
        };
        let (english, arabic) = (ask(&self.english), ask(&self.arabic));
        let _ = self.threshold;
        stream::once(async move {
            let lost = |_| unavailable("the recogniser's thread has ended".into());
            let (english, arabic) = tokio::join!(english?, arabic?);
            let (english, arabic) = (english.map_err(lost)??, arabic.map_err(lost)??);
            if std::env::var_os("DUMP").is_some() {
                eprintln!("EN {english:?}\nAR {arabic:?}");
            }
            let transcript = decide(english, arabic, request.likely_language);
            Ok(TranscriptPiece::Final(transcript))
        })
        .boxed()
    }
}

fn decide(english: Option<Heard>, arabic: Option<Heard>, likely: Language) -> Transcript {
    let rank = |heard: &Heard, language| heard.fit.mean + if language == likely { 0.0 } else { 0.0 };
    let best = [(english, Language::ENGLISH), (arabic, Language::ARABIC)]
        .into_iter()
        .filter_map(|(heard, language)| heard.map(|heard| (heard, language)))
        .max_by(|(a, la), (b, lb)| rank(a, *la).total_cmp(&rank(b, *lb)));
    match best {
        Some((heard, language)) => Transcript {
            text: heard.phrasing.text,
            language,
            entry: Some(heard.phrasing.entry),
            served_by: ServedBy::Embedded,
        },
        None => Transcript { text: String::new(), language: likely, entry: None, served_by: ServedBy::Embedded },
    }
}

fn to_i16(sample: f32) -> i16 {
    (sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16
}

fn unavailable(message: String) -> ProviderError {
    ProviderError::new(NAME, FailureKind::Unavailable, message)
}
