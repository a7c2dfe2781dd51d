//! The embedded recogniser: one decoder for each language, side by side on threads of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use futures_util::{StreamExt, stream};
use tokio::sync::{mpsc, oneshot};

use super::{
    Espeak, NAME, Vowels,
    sentences::{Baseline, Heard, Parts, Sentences},
};
use crate::{
    cloud::{FailureKind, ProviderError},
    config::Embedded,
    event::{Language, ServedBy},
    knowledge::Entry,
    speech::{SPEECH_RATE_HZ, SpeechToText, TranscribeRequest, Transcript, TranscriptPiece, TranscriptStream},
};

/// Utterances that may wait for a decoder; the next one is refused.
const QUEUED_UTTERANCES: usize = 4;

/// The longest utterance that is looked at, seconds: no phrasing takes as long, whoever asks it.
const LONGEST_S: usize = 15;
/// How much worse than its phones an English sentence may score, a frame of speech. Of synthetic voices 95 % of
/// sentences in the grammar stay below it, 95 % of others above (`benches/recognition`).
const ENGLISH_LIMIT: f32 = 29.5;
/// The same for Arabic, whose sounds are only near those of the acoustic model.
const ARABIC_LIMIT: f32 = 30.0;
/// How much worse Arabic scores for that reason, a frame of speech.
const ARABIC_HANDICAP: f32 = 5.0;
/// How much better the likely language is taken to be, a frame of speech.
const LIKELY_BONUS: f32 = 5.0;

type Reply<T> = oneshot::Sender<Result<Option<T>, ProviderError>>;

enum Job {
    Sentence(Arc<[i16]>, Reply<Heard>),
    Phones(Arc<[i16]>, Reply<Baseline>),
}

/// Where one decoder is reached. It does not keep the decoder's thread alive: a transcription under way when the
/// recogniser is dropped fails.
#[derive(Debug, Clone)]
struct Decoder(mpsc::WeakSender<Job>);

impl Decoder {
    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<Option<T>, ProviderError> {
        let (reply, answer) = oneshot::channel();
        self.0
            .upgrade()
            .ok_or_else(ended)?
            .try_send(job(reply))
            .map_err(|_| unavailable("the recogniser has too much to do".into()))?;
        answer.await.map_err(|_| ended())?
    }
}

/// A decoder's thread. Dropping it ends the thread and waits for that: native code must not run while the process
/// ends.
#[derive(Debug)]
struct DecoderThread {
    /// `None` once it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    decoder: Decoder,
    is_ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl DecoderThread {
    fn start(
        language: Language,
        build: impl FnOnce(&AtomicBool) -> Built + Send + 'static,
    ) -> Result<Self, ProviderError> {
        let (jobs, queue) = mpsc::channel(QUEUED_UTTERANCES);
        let decoder = Decoder(jobs.downgrade());
        let is_ending = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_ending);
        let thread = thread::Builder::new()
            .name(format!("hear-{language}"))
            .spawn(move || serve(build(&ending), queue, &ending))
            .map_err(|error| unavailable(format!("the recogniser's thread cannot be started: {error}")))?;
        Ok(Self { jobs: Some(jobs), decoder, is_ending, thread: Some(thread) })
    }
}

impl Drop for DecoderThread {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::Relaxed);
        self.jobs = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a thread of the recogniser panicked");
        }
    }
}

type Built = Result<Sentences, ProviderError>;

/// Recognises the phrasings of the knowledge base, in English and Arabic, without any network. Dropping it waits for
/// its threads, some tenths of a second at most.
#[derive(Debug)]
pub struct EmbeddedSpeechToText {
    english: DecoderThread,
    arabic: DecoderThread,
    strictness: f32,
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
            let (entries, espeak, vowels) = (Arc::clone(&entries), espeak.clone(), Arc::clone(&vowels));
            let (acoustic_model, voice) = (config.acoustic_model.clone(), voice.to_owned());
            DecoderThread::start(language, move |is_ending| {
                let parts = Parts { acoustic_model: &acoustic_model, espeak: &espeak, vowels: &vowels, voice: &voice };
                Sentences::load(&entries, language, parts, is_ending)
            })
        };
        Ok(Self {
            english: start(Language::ENGLISH, &config.voice_en)?,
            arabic: start(Language::ARABIC, &config.voice_ar)?,
            // 0.5 is what the limits were measured with.
            strictness: 1.5 - config.recognition_threshold.clamp(0.0, 1.0),
        })
    }
}

fn serve(mut sentences: Built, mut queue: mpsc::Receiver<Job>, is_ending: &AtomicBool) {
    while let Some(job) = queue.blocking_recv() {
        if is_ending.load(Ordering::Relaxed) {
            return;
        }
        let ready = sentences.as_mut().map_err(|error| error.clone());
        // A listener that has gone needs no answer, and no work.
        match job {
            Job::Sentence(_, reply) if reply.is_closed() => {}
            Job::Phones(_, reply) if reply.is_closed() => {}
            Job::Sentence(samples, reply) => drop(reply.send(ready.map(|sentences| sentences.hear(&samples)))),
            Job::Phones(samples, reply) => drop(reply.send(ready.map(|sentences| sentences.baseline(&samples)))),
        }
    }
}

impl SpeechToText for EmbeddedSpeechToText {
    fn name(&self) -> &str {
        NAME
    }

    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream {
        let (english, arabic, strictness) =
            (self.english.decoder.clone(), self.arabic.decoder.clone(), self.strictness);
        // Dropping the stream drops the receivers, and the decoders skip what nobody waits for.
        stream::once(async move {
            let transcript = recognise(&english, &arabic, strictness, request).await?;
            Ok(TranscriptPiece::Final(transcript))
        })
        .boxed()
    }
}

/// Decodes in both languages side by side, takes the better one, and judges it against the bare phones.
async fn recognise(
    english: &Decoder,
    arabic: &Decoder,
    strictness: f32,
    request: TranscribeRequest,
) -> Result<Transcript, ProviderError> {
    let likely = request.likely_language;
    if request.samples.len() > LONGEST_S * SPEECH_RATE_HZ as usize {
        return Ok(not_understood(likely));
    }
    let samples: Arc<[i16]> = request.samples.iter().map(|sample| to_i16(*sample)).collect();
    let (in_english, in_arabic) = tokio::join!(
        english.ask(|reply| Job::Sentence(Arc::clone(&samples), reply)),
        arabic.ask(|reply| Job::Sentence(Arc::clone(&samples), reply)),
    );
    // Arabic needs the vowel model and may fail alone; then English goes on alone, and the other way round.
    let (in_english, in_arabic) = match (in_english, in_arabic) {
        (Err(error), Err(_)) => return Err(error),
        (english, arabic) => (english.ok().flatten(), arabic.ok().flatten()),
    };
    if in_english.is_none() && in_arabic.is_none() {
        return Ok(not_understood(likely));
    }
    let baseline = match english.ask(|reply| Job::Phones(Arc::clone(&samples), reply)).await {
        Err(_) => arabic.ask(|reply| Job::Phones(Arc::clone(&samples), reply)).await?,
        found => found?,
    };
    let Some(baseline) = baseline else { return Ok(not_understood(likely)) };
    Ok(judge(in_english, in_arabic, baseline, likely, strictness))
}

/// Chooses the language and decides whether the sentence is what was said.
fn judge(
    english: Option<Heard>,
    arabic: Option<Heard>,
    baseline: Baseline,
    likely: Language,
    strictness: f32,
) -> Transcript {
    let misfit = |heard: &Heard| (baseline.score - heard.score) / baseline.speech_frames;
    let handicap = |language| {
        let foreign = if language == Language::ARABIC { ARABIC_HANDICAP } else { 0.0 };
        if language == likely { foreign + LIKELY_BONUS } else { foreign }
    };
    let best = [(english, Language::ENGLISH, ENGLISH_LIMIT), (arabic, Language::ARABIC, ARABIC_LIMIT)]
        .into_iter()
        .filter_map(|(heard, language, limit)| {
            let heard = heard?;
            let misfit = misfit(&heard);
            Some((heard, language, limit, misfit))
        })
        .min_by(|(_, a, _, x), (_, b, _, y)| (x - handicap(*a)).total_cmp(&(y - handicap(*b))));
    if let Some((_, language, _, misfit)) = &best {
        tracing::debug!(%language, misfit, speech_frames = baseline.speech_frames, "embedded recognition");
    }
    match best {
        Some((heard, language, limit, misfit)) if misfit <= limit * strictness => Transcript {
            text: heard.phrasing.text,
            language,
            entry: Some(heard.phrasing.entry),
            served_by: ServedBy::Embedded,
        },
        Some((_, language, ..)) => not_understood(language),
        None => not_understood(likely),
    }
}

fn not_understood(language: Language) -> Transcript {
    Transcript { text: String::new(), language, entry: None, served_by: ServedBy::Embedded }
}

fn to_i16(sample: f32) -> i16 {
    (sample * 32_767.0).clamp(-32_768.0, 32_767.0) as i16
}

fn ended() -> ProviderError {
    unavailable("the recogniser's thread has ended".into())
}

fn unavailable(message: String) -> ProviderError {
    ProviderError::new(NAME, FailureKind::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::EntryId, speech::embedded::sentences::Phrasing};

    const BASELINE: Baseline = Baseline { score: -1_000.0, speech_frames: 100.0 };

    fn heard(entry: &str, misfit: f32) -> Option<Heard> {
        let phrasing = Phrasing { entry: EntryId(entry.into()), text: entry.into() };
        Some(Heard { phrasing, score: BASELINE.score - misfit * BASELINE.speech_frames })
    }

    fn judged(english: Option<Heard>, arabic: Option<Heard>, likely: Language, strictness: f32) -> Transcript {
        judge(english, arabic, BASELINE, likely, strictness)
    }

    #[test]
    fn the_language_that_fits_better_is_taken() {
        let transcript = judged(heard("en", 5.0), heard("ar", 45.0), Language::ARABIC, 1.0);
        assert_eq!((transcript.text.as_str(), transcript.language), ("en", Language::ENGLISH));
    }

    #[test]
    fn the_likely_language_wins_where_both_fit_alike() {
        for (likely, expected) in [(Language::ENGLISH, "en"), (Language::ARABIC, "ar")] {
            assert_eq!(judged(heard("en", 20.0), heard("ar", 25.0), likely, 1.0).text, expected);
        }
    }

    #[test]
    fn what_fits_much_worse_than_its_phones_is_not_understood() {
        let transcript = judged(heard("en", 40.0), None, Language::ARABIC, 1.0);
        assert_eq!(transcript, not_understood(Language::ENGLISH));
    }

    #[test]
    fn a_stricter_threshold_refuses_what_the_usual_one_takes() {
        assert_eq!(judged(heard("en", 25.0), None, Language::ENGLISH, 1.0).text, "en");
        assert!(judged(heard("en", 25.0), None, Language::ENGLISH, 0.5).text.is_empty());
    }

    #[test]
    fn nothing_heard_in_either_language_is_not_understood() {
        assert_eq!(judged(None, None, Language::ARABIC, 1.0), not_understood(Language::ARABIC));
    }
}
