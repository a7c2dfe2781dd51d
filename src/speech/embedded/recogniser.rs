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
    accent::Accented,
    pocketsphinx::{Scores, SharedModel},
    sentences::{Comparison, Heard, Listener, Parts, Phrasing, Sentences},
    trim,
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
/// What is measured of a language's sentences (`docs/recognition.md`), in the library's units a frame.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// A sentence no farther than this from the perfect score is what was said: hardly any other comes as near. It is
    /// not judged further, which saves time.
    sure: f32,
    /// The most that misfit and unlikeness may add up to ([`fits`]); each language's misfit has its own unit.
    doubtful: f32,
    /// How much nearer sentences come that were not said, in comparison with the other language's.
    obliging: f32,
}

const ENGLISH: Limits = Limits { sure: 57.0, doubtful: 71.0, obliging: 0.0 };
/// Mixtures fit anything better than single states do, so Arabic has to come that much nearer; none is sure.
const ARABIC: Limits = Limits { sure: 0.0, doubtful: 115.0, obliging: 14.0 };
/// What an unlikeness of 1 counts, in comparison with the misfit.
const UNLIKENESS_WEIGHT: f32 = 75.0;
/// How much better the likely language is taken to be, a frame.
const LIKELY_BONUS: f32 = 4.5;
/// From which accent on a sentence that was not understood is answered in Arabic, and by how much less where Arabic is likely.
const ARABIC_ACCENT: f32 = 0.0;
const LIKELY_ACCENT: f32 = 0.2;

type Reply<T> = oneshot::Sender<Result<Option<T>, ProviderError>>;

enum Job {
    Score(Arc<[i16]>, Reply<Arc<Scores>>),
    Sentence(Arc<Scores>, Reply<Heard>),
    Compare(Arc<Scores>, Heard, Reply<Comparison>),
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

type Built = Result<Box<dyn Listener>, ProviderError>;

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
        let shared = Arc::new(SharedModel::new());
        let start = |language: Language, voice: &str| {
            let shared = Arc::clone(&shared);
            let (entries, espeak, vowels) = (Arc::clone(&entries), espeak.clone(), Arc::clone(&vowels));
            let (acoustic_model, voice) = (config.acoustic_model.clone(), voice.to_owned());
            DecoderThread::start(language, move |is_ending| {
                let parts = Parts {
                    acoustic_model: &acoustic_model,
                    espeak: &espeak,
                    vowels: &vowels,
                    voice: &voice,
                    shared: &shared,
                };
                Ok(if language == Language::ARABIC {
                    Box::new(Accented::load(&entries, parts, is_ending)?) as Box<dyn Listener>
                } else {
                    Box::new(Sentences::load(&entries, parts, is_ending)?)
                })
            })
        };
        Ok(Self {
            english: start(Language::ENGLISH, config.voice.text(Language::ENGLISH))?,
            arabic: start(Language::ARABIC, config.voice.text(Language::ARABIC))?,
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
            Job::Score(_, reply) if reply.is_closed() => {}
            Job::Sentence(_, reply) if reply.is_closed() => {}
            Job::Compare(_, _, reply) if reply.is_closed() => {}
            Job::Score(samples, reply) => {
                let scores = ready.and_then(|sentences| sentences.score(&samples));
                drop(reply.send(scores.map(|scores| scores.map(Arc::new))));
            }
            Job::Sentence(scores, reply) => drop(reply.send(ready.map(|sentences| sentences.hear(&scores)))),
            Job::Compare(scores, heard, reply) => {
                drop(reply.send(ready.map(|sentences| sentences.compare(&scores, &heard))));
            }
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

/// Decodes in both languages side by side, takes the better one, and judges it against the bare phones if in doubt.
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
    let speech = request.samples.get(trim::speech(&request.samples)).unwrap_or_default();
    if speech.is_empty() {
        return Ok(not_understood(likely));
    }
    let frames = speech.len().div_ceil(trim::FRAME) as f32;
    let samples: Arc<[i16]> = speech.iter().map(|sample| to_i16(*sample)).collect();
    // Arabic needs the vowel model and may fail alone; then English goes on alone, and the other way round.
    let scores = match english.ask(|reply| Job::Score(Arc::clone(&samples), reply)).await {
        Err(error) => arabic.ask(|reply| Job::Score(samples, reply)).await.map_err(|_| error)?,
        Ok(scores) => scores,
    };
    let Some(scores) = scores else { return Ok(not_understood(likely)) };
    let (in_english, in_arabic) = tokio::join!(
        english.ask(|reply| Job::Sentence(Arc::clone(&scores), reply)),
        arabic.ask(|reply| Job::Sentence(Arc::clone(&scores), reply)),
    );
    let (in_english, in_arabic) = match (in_english, in_arabic) {
        (Err(error), Err(_)) => return Err(error),
        (english, arabic) => (english.ok().flatten(), arabic.ok().flatten()),
    };
    let spoken = spoken(in_arabic.as_ref(), likely);
    let Some(best) = choose(in_english, in_arabic, frames, likely) else { return Ok(not_understood(likely)) };
    if best.is_sure(strictness) {
        return Ok(transcript(best.heard.phrasing, best.language));
    }
    let decoder = if best.language == Language::ARABIC { arabic } else { english };
    let comparison = decoder.ask(|reply| Job::Compare(scores, best.heard.clone(), reply)).await?;
    Ok(match comparison {
        Some(comparison) if fits(&comparison, best.language, strictness) => {
            transcript(comparison.phrasing, best.language)
        }
        _ => not_understood(spoken),
    })
}

/// The language of what fits no sentence, by how the best one in Arabic was said.
fn spoken(arabic: Option<&Heard>, likely: Language) -> Language {
    let least = if likely == Language::ARABIC { ARABIC_ACCENT - LIKELY_ACCENT } else { ARABIC_ACCENT };
    match arabic {
        Some(heard) if heard.accent >= least => Language::ARABIC,
        Some(_) => Language::ENGLISH,
        None => likely,
    }
}

/// The sentence of the language that fits better.
#[derive(Debug, Clone, PartialEq)]
struct Best {
    heard: Heard,
    language: Language,
    /// How far from the perfect score, a frame.
    distance: f32,
}

/// Chooses the language.
fn choose(english: Option<Heard>, arabic: Option<Heard>, frames: f32, likely: Language) -> Option<Best> {
    let handicapped = |best: &Best| {
        best.distance + limits(best.language).obliging - if best.language == likely { LIKELY_BONUS } else { 0.0 }
    };
    [(english, Language::ENGLISH), (arabic, Language::ARABIC)]
        .into_iter()
        .filter_map(|(heard, language)| {
            let heard = heard?;
            let distance = -heard.score / frames;
            Some(Best { heard, language, distance })
        })
        .min_by(|a, b| handicapped(a).total_cmp(&handicapped(b)))
}

impl Best {
    /// Whether the sentence is what was said, by its score alone.
    fn is_sure(&self, strictness: f32) -> bool {
        tracing::debug!(language = %self.language, distance = self.distance, "embedded recognition");
        self.distance <= limits(self.language).sure * strictness
    }
}

/// Whether a sentence is what was said, in comparison with the bare phones.
fn fits(comparison: &Comparison, language: Language, strictness: f32) -> bool {
    let Comparison { misfit, unlikeness, .. } = *comparison;
    tracing::debug!(misfit, unlikeness, "embedded recognition in doubt");
    misfit + UNLIKENESS_WEIGHT * unlikeness <= limits(language).doubtful * strictness
}

fn transcript(phrasing: Phrasing, language: Language) -> Transcript {
    Transcript { text: phrasing.text, language, entry: Some(phrasing.entry), served_by: ServedBy::Embedded }
}

fn limits(language: Language) -> Limits {
    if language == Language::ARABIC { ARABIC } else { ENGLISH }
}

fn not_understood(language: Language) -> Transcript {
    Transcript { text: String::new(), language, entry: None, served_by: ServedBy::Embedded }
}

/// Rounds, never truncates: the quietest noise would become digital silence, whose logarithm spoils the mean over the
/// utterance so much that the recogniser hears other sentences.
fn to_i16(sample: f32) -> i16 {
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

fn ended() -> ProviderError {
    unavailable("the recogniser's thread has ended".into())
}

fn unavailable(message: String) -> ProviderError {
    ProviderError::new(NAME, FailureKind::Unavailable, message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::event::EntryId;

    const FRAMES: f32 = 100.0;

    fn heard(entry: &str, distance: f32) -> Option<Heard> {
        let phrasing = Phrasing { entry: EntryId(entry.into()), text: entry.into() };
        Some(Heard { phrasing, score: -distance * FRAMES, words: Vec::new(), accent: 0.5 })
    }

    fn chosen(english: Option<Heard>, arabic: Option<Heard>, likely: Language) -> Best {
        choose(english, arabic, FRAMES, likely).unwrap()
    }

    #[test]
    fn the_language_that_fits_better_is_taken() {
        let best = chosen(heard("en", 50.0), heard("ar", 80.0), Language::ARABIC);
        assert_eq!((best.heard.phrasing.text.as_str(), best.language), ("en", Language::ENGLISH));
    }

    #[test]
    fn the_likely_language_wins_where_both_fit_alike() {
        for likely in [Language::ENGLISH, Language::ARABIC] {
            let arabic = heard("ar", 50.0 - ARABIC.obliging);
            assert_eq!(chosen(heard("en", 50.0), arabic, likely).language, likely);
        }
    }

    #[test]
    fn what_fits_no_sentence_is_of_the_language_it_sounds_like_or_of_the_likely_one() {
        let said = |accent| heard("ar", 50.0).map(|heard| Heard { accent, ..heard });
        for likely in [Language::ENGLISH, Language::ARABIC] {
            assert_eq!(spoken(said(0.5).as_ref(), likely), Language::ARABIC);
            assert_eq!(spoken(said(-0.5).as_ref(), likely), Language::ENGLISH);
            assert_eq!(spoken(said(-0.1).as_ref(), likely), likely);
            assert_eq!(spoken(None, likely), likely);
        }
    }

    #[test]
    fn what_scores_well_needs_no_comparison_and_what_scores_badly_does() {
        assert!(chosen(heard("en", 40.0), None, Language::ARABIC).is_sure(1.0));
        assert!(!chosen(heard("en", 70.0), None, Language::ENGLISH).is_sure(1.0));
    }

    #[test]
    fn what_fits_much_worse_than_its_phones_or_sounds_unlike_them_is_refused() {
        let phrasing = Phrasing { entry: EntryId("en".into()), text: "en".into() };
        let comparison = |misfit, unlikeness| Comparison { phrasing: phrasing.clone(), misfit, unlikeness };
        let is_taken = |comparison, strictness| fits(&comparison, Language::ENGLISH, strictness);
        assert!(is_taken(comparison(20.0, 0.3), 1.0));
        assert!(!is_taken(comparison(60.0, 0.3), 1.0));
        assert!(!is_taken(comparison(20.0, 0.95), 1.0));
        assert!(!is_taken(comparison(20.0, 0.3), 0.5), "a stricter threshold refuses it");
        assert!(fits(&comparison(114.0, 0.0), Language::ARABIC, 1.0));
        assert!(!fits(&comparison(116.0, 0.0), Language::ARABIC, 1.0));
        assert!(!chosen(None, heard("ar", 1.0), Language::ARABIC).is_sure(1.0), "in Arabic none is sure");
    }

    #[test]
    fn the_quietest_noise_is_not_made_digital_silence() {
        for sample in [i16::MIN, -1, 0, 1, i16::MAX] {
            assert_eq!(to_i16(f32::from(sample) / 32_768.0), sample);
        }
    }

    #[test]
    fn nothing_heard_in_either_language_is_no_sentence() {
        assert_eq!(choose(None, None, FRAMES, Language::ARABIC), None);
    }
}
