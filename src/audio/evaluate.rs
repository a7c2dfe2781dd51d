//! `majlis eval turns`: how often the end of a turn is found too early on recordings, and how late it is found.
//!
//! In: a folder of WAV files, each with a JSON file beside it that says where the turn truly ended (docs/turns.md
//! describes it). The whole audio loop runs on each, faster than real time; then each threshold decides on what it found.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    AudioEvent, AudioLoop, AudioParts, Bell, NullSink, PIPELINE_RATE_HZ, TurnModel, Vad, VadError, WavError, WavSource,
    endpoint::{Decision, Signals, TextVerdict, decide, finished_threshold},
    read_wav,
    resample::ResampleError,
    source::FRAME,
};
use crate::{
    clock::{Clock as _, ManualClock},
    config,
    event::Language,
    runtime::{ModelStore, Onnx, OnnxError},
    words::{Expecting, TurnWords},
};

/// The thresholds that are tried besides the configured one.
const THRESHOLDS: [f32; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// Silence after the recording, so that a turn that ends with it can be found to have ended.
const TAIL: Duration = Duration::from_secs(4);
/// A turn that is ended so little before its true end was not cut: where exactly a word ends is a matter of opinion.
const TOLERANCE: Duration = Duration::from_millis(100);
/// When the words of a pause are there, where the set tells them: what a quick recogniser takes.
const TRANSCRIPTION: Duration = Duration::from_millis(150);

/// A set that cannot be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The folder cannot be read.
    #[error(
        "cannot read the folder {path}: {source}; --dir must name a folder of WAV files, each with a JSON file beside it"
    )]
    NoFolder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has no recordings.
    #[error("{path} has no WAV files; docs/turns.md describes what a set looks like")]
    NoRecordings {
        /// The folder.
        path: PathBuf,
    },
    /// A recording lacks its description.
    #[error(
        "{wav} has no {json} beside it ({source}); it must say at least {{\"language\": \"en\", \"end_of_turn_s\": 2.5}}"
    )]
    NoDescription {
        /// The recording.
        wav: PathBuf,
        /// What was looked for.
        json: PathBuf,
        /// Why it cannot be read.
        source: std::io::Error,
    },
    /// A description is not what it must be.
    #[error("{path}: {message}; docs/turns.md describes the file")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's words, with line and column, or what is wrong with a value.
        message: String,
    },
    /// A recording cannot be read.
    #[error(transparent)]
    Recording(#[from] WavError),
    /// A model cannot be opened.
    #[error(transparent)]
    Model(#[from] OnnxError),
    /// The voice-activity model is not what it must be.
    #[error(transparent)]
    Vad(#[from] VadError),
    /// The loop cannot be built.
    #[error(transparent)]
    Rate(#[from] ResampleError),
    /// The turn model's thread cannot be started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// The JSON file beside a recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    language: String,
    end_of_turn_s: f64,
    #[serde(default)]
    words: Vec<Word>,
    #[serde(default)]
    expecting: Asked,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    text: String,
    end_s: f64,
}

#[derive(Debug, Clone, Copy, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
enum Asked {
    #[default]
    Anything,
    YesNo,
    Digits,
}

impl From<Asked> for Expecting {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Anything => Self::Anything,
            Asked::YesNo => Self::YesNo,
            Asked::Digits => Self::Digits,
        }
    }
}

/// A recording with what is known of it.
struct Recording {
    samples: Vec<f32>,
    language: Language,
    end_of_turn: Duration,
    words: Vec<(String, Duration)>,
    expecting: Expecting,
}

/// What the ears found in it.
#[derive(Debug, Clone, Copy)]
enum Found {
    Paused { speech_end: Duration },
    Resumed,
    Probability { speech_end: Duration, finished: f32 },
}

/// What one threshold made of the recordings of one language.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct Row {
    /// From this probability on the voice counted as finished.
    pub threshold: f32,
    /// Whether it is the one that the kiosk uses.
    pub is_configured: bool,
    /// Turns that were ended before their true end.
    pub cut_off: usize,
    /// Turns that were never ended.
    pub never_ended: usize,
    /// From the true end to the decision, median, ms; `None`: no turn was ended after it.
    pub delay_median_ms: Option<u64>,
    /// The same, 95th percentile.
    pub delay_p95_ms: Option<u64>,
}

/// What came of the recordings of one language.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct LanguageResult {
    /// The language.
    pub language: Language,
    /// Its recordings.
    pub recordings: usize,
    /// How many of them tell their words.
    pub with_words: usize,
    /// One row for each threshold.
    pub rows: Vec<Row>,
}

/// What came of a set.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub struct TurnEvaluation {
    /// By language.
    pub languages: Vec<LanguageResult>,
}

/// What is evaluated.
pub struct Evaluator<'a> {
    /// Where the models are.
    pub models: &'a ModelStore,
    /// What runs them.
    pub onnx: &'a Onnx,
    /// `[audio]`
    pub audio: &'a config::Audio,
    /// `[turn]`
    pub turn: &'a config::Turn,
    /// What words mean for whose turn it is.
    pub words: &'a TurnWords,
}

impl Evaluator<'_> {
    /// Evaluates all recordings of `folder`.
    ///
    /// # Errors
    /// The folder, a recording or its description is missing or wrong, or a model is.
    pub fn run(&self, folder: &Path) -> Result<TurnEvaluation, EvaluationError> {
        // All descriptions first: whoever made a mistake in the last should not wait for the others.
        let recordings = recordings(folder)?
            .into_iter()
            .map(|path| Recording::open(&path, self.words))
            .collect::<Result<Vec<_>, _>>()?;
        let heard = recordings.iter().map(|recording| self.hear(recording)).collect::<Result<Vec<_>, _>>()?;
        let mut languages = Vec::new();
        let told: BTreeSet<Language> = recordings.iter().map(|recording| recording.language).collect();
        for language in told {
            let own: Vec<(&Recording, &[(Duration, Found)])> = recordings
                .iter()
                .zip(&heard)
                .filter(|(recording, _)| recording.language == language)
                .map(|(recording, heard)| (recording, heard.as_slice()))
                .collect();
            if !own.is_empty() {
                languages.push(self.judge(language, &own));
            }
        }
        Ok(TurnEvaluation { languages })
    }

    /// Runs the audio loop on a recording.
    fn hear(&self, recording: &Recording) -> Result<Vec<(Duration, Found)>, EvaluationError> {
        let bell = Bell::default();
        let turn_model = self.onnx.session(self.models, "smart-turn-v3.2", 1)?;
        let parts = AudioParts {
            source: Box::new(WavSource::new(recording.samples.clone(), TAIL)),
            sink: Box::new(NullSink::default()),
            vad: Vad::new(self.onnx.session(self.models, "silero-vad", 1)?)?,
            turn_model: Some(TurnModel::spawn(turn_model, bell.clone()).map_err(EvaluationError::Thread)?),
            bell,
        };
        let clock = ManualClock::default();
        let (mut audio, mut link) = AudioLoop::new(parts, self.audio, self.turn, Arc::new(clock.clone()))?;
        let mut found = Vec::new();
        while clock.now() < recording.length() + TAIL {
            clock.advance(FRAME);
            audio.step();
            while audio.busy() {
                std::thread::yield_now();
            }
            let now = clock.now();
            while let Ok(event) = link.events.try_recv() {
                match event {
                    AudioEvent::SpeechPaused { clip } => {
                        found.push((now, Found::Paused { speech_end: clip.speech_end }));
                    }
                    AudioEvent::SpeechResumed { .. } => found.push((now, Found::Resumed)),
                    AudioEvent::TurnProbability { speech_end, finished, .. } => {
                        found.push((now, Found::Probability { speech_end, finished }));
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }

    fn judge(&self, language: Language, recordings: &[(&Recording, &[(Duration, Found)])]) -> LanguageResult {
        let configured = finished_threshold(Some(language), self.turn, self.words);
        let mut thresholds: Vec<f32> = THRESHOLDS.to_vec();
        if !thresholds.contains(&configured) {
            thresholds.push(configured);
            thresholds.sort_by(f32::total_cmp);
        }
        let rows = thresholds
            .into_iter()
            .map(|threshold| {
                let (mut cut_off, mut never_ended, mut delays) = (0, 0, Vec::new());
                for (recording, found) in recordings {
                    match self.end_of_turn(recording, found, threshold) {
                        None => never_ended += 1,
                        Some(end) if end + TOLERANCE < recording.end_of_turn => cut_off += 1,
                        Some(end) => delays.push(end.saturating_sub(recording.end_of_turn).as_millis() as u64),
                    }
                }
                delays.sort_unstable();
                Row {
                    threshold,
                    is_configured: threshold == configured,
                    cut_off,
                    never_ended,
                    delay_median_ms: quantile(&delays, 0.5),
                    delay_p95_ms: quantile(&delays, 0.95),
                }
            })
            .collect();
        LanguageResult {
            language,
            recordings: recordings.len(),
            with_words: recordings.iter().filter(|(recording, _)| !recording.words.is_empty()).count(),
            rows,
        }
    }

    /// When the turn is taken to be over: the first time.
    fn end_of_turn(&self, recording: &Recording, found: &[(Duration, Found)], threshold: f32) -> Option<Duration> {
        // 0 would mean the language's own.
        let settings = config::Turn { finished_threshold: threshold.max(f32::MIN_POSITIVE), ..self.turn.clone() };
        let mut pause: Option<(Duration, Duration, Option<f32>)> = None;
        let mut events = found.iter().peekable();
        let mut now = Duration::ZERO;
        while now < recording.length() + TAIL {
            now += FRAME;
            while let Some((_, event)) = events.next_if(|(at, _)| *at <= now) {
                match *event {
                    Found::Paused { speech_end } => pause = Some((now, speech_end, None)),
                    Found::Resumed => pause = None,
                    Found::Probability { speech_end, finished } => {
                        if let Some((_, judged, probability)) = &mut pause
                            && *judged == speech_end
                        {
                            *probability = Some(finished);
                        }
                    }
                }
            }
            let Some((noticed, speech_end, smart_turn)) = pause else { continue };
            let text = (!recording.words.is_empty() && now >= noticed + TRANSCRIPTION)
                .then(|| recording.verdict(speech_end, self.words));
            let silence = now.saturating_sub(speech_end);
            let signals = Signals { silence, smart_turn, text, language: Some(recording.language) };
            if decide(&signals, &settings, self.words) == Decision::End {
                return Some(now);
            }
        }
        None
    }
}

impl Recording {
    fn open(path: &Path, turns: &TurnWords) -> Result<Self, EvaluationError> {
        let json = path.with_extension("json");
        let text = std::fs::read_to_string(&json).map_err(|source| EvaluationError::NoDescription {
            wav: path.to_owned(),
            json: json.clone(),
            source,
        })?;
        let malformed = |message: String| EvaluationError::Malformed { path: json.clone(), message };
        let description: Description = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        let language = description.language.parse::<Language>().map_err(|error| malformed(error.to_string()))?;
        if turns.of(language).is_none() {
            let allowed = Language::listed(turns.languages());
            return Err(malformed(format!(
                "the language \"{language}\" has no file assets/turns/{language}.toml; allowed: {allowed}"
            )));
        }
        let samples = read_wav(path, PIPELINE_RATE_HZ)?;
        let length_s = samples.len() as f64 / f64::from(PIPELINE_RATE_HZ);
        let within = |what: &str, at_s: f64| {
            if (0.0..=length_s + TOLERANCE.as_secs_f64()).contains(&at_s) {
                return Ok(Duration::from_secs_f64(at_s));
            }
            Err(malformed(format!("{what} is {at_s} s, but the recording lasts {length_s:.2} s")))
        };
        let end_of_turn = within("`end_of_turn_s`", description.end_of_turn_s)?;
        let words = description
            .words
            .into_iter()
            .map(|word| Ok((within("`end_s` of a word", word.end_s)?, word.text)))
            .map(|word: Result<_, EvaluationError>| word.map(|(end, text)| (text, end)))
            .collect::<Result<Vec<_>, _>>()?;
        if !words.is_sorted_by_key(|(_, end)| *end) {
            return Err(malformed("the words are not in the order of their `end_s`".to_owned()));
        }
        Ok(Self { samples, language, end_of_turn, words, expecting: description.expecting.into() })
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(PIPELINE_RATE_HZ))
    }

    /// What the words before a pause say about it.
    fn verdict(&self, speech_end: Duration, turns: &TurnWords) -> TextVerdict {
        let said: Vec<&str> = self
            .words
            .iter()
            .filter(|(_, end)| *end <= speech_end + 2 * TOLERANCE)
            .map(|(text, _)| text.as_str())
            .collect();
        TextVerdict::of(&said.join(" "), self.language, self.expecting, turns)
    }
}

/// The WAV files of a folder, by name.
fn recordings(folder: &Path) -> Result<Vec<PathBuf>, EvaluationError> {
    let unreadable = |source| EvaluationError::NoFolder { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav")) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(EvaluationError::NoRecordings { path: folder.to_owned() });
    }
    Ok(paths)
}

fn quantile(sorted: &[u64], share: f64) -> Option<u64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * share).round() as usize).copied()
}

impl TurnEvaluation {
    /// As a table for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = String::new();
        let ms = |value: Option<u64>| value.map_or("–".to_owned(), |value| format!("{value} ms"));
        for result in &self.languages {
            let _ = writeln!(
                table,
                "{}: {} recordings, {} with words\n  threshold   cut off        delay median   delay p95   never ended",
                result.language, result.recordings, result.with_words
            );
            for row in &result.rows {
                let _ = writeln!(
                    table,
                    "  {:.2}{}       {:>3} ({:>5.1} %)  {:>12}   {:>9}   {:>11}",
                    row.threshold,
                    if row.is_configured { "*" } else { " " },
                    row.cut_off,
                    100.0 * row.cut_off as f64 / result.recordings.max(1) as f64,
                    ms(row.delay_median_ms),
                    ms(row.delay_p95_ms),
                    row.never_ended,
                );
            }
        }
        table
            .push_str("* as configured; a turn counts as cut off if it is ended more than 0.1 s before its true end\n");
        table
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::process::Command;

    use super::*;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// What a process can open only once.
    fn models() -> (ModelStore, Onnx) {
        let models = ModelStore::open(&root().join("models")).unwrap();
        let onnx = Onnx::load(&models).unwrap();
        (models, onnx)
    }

    fn evaluate((models, onnx): &(ModelStore, Onnx), folder: &Path) -> Result<TurnEvaluation, EvaluationError> {
        let words = TurnWords::load(&root().join("assets")).unwrap();
        let (audio, turn) = (config::Audio::default(), config::Turn::default());
        Evaluator { models, onnx, audio: &audio, turn: &turn, words: &words }.run(folder)
    }

    fn record(path: &Path, voice: &str, text: &str) {
        let status = Command::new("espeak-ng").args(["-v", voice, "-w"]).arg(path).arg(text).status();
        assert!(status.is_ok_and(|status| status.success()), "espeak-ng must be installed: scripts/setup.sh does it");
    }

    #[test]
    fn a_set_in_two_languages_gives_a_row_for_each_threshold_and_language() {
        let folder = tempfile::tempdir().unwrap();
        for (name, voice, text, words) in [
            ("a", "en-us", "What are your opening hours?", "What are your opening hours?"),
            ("b", "ar", "متى يفتح الجناح؟", "متى يفتح الجناح؟"),
        ] {
            let path = folder.path().join(format!("{name}.wav"));
            record(&path, voice, text);
            let samples = read_wav(&path, PIPELINE_RATE_HZ).unwrap();
            let end = samples.iter().rposition(|sample| sample.abs() > 0.01).unwrap() as f64 / 16_000.0;
            let language = voice.get(..2).unwrap();
            let json = serde_json::json!({
                "language": language, "end_of_turn_s": end, "words": [{ "text": words, "end_s": end }]
            });
            std::fs::write(path.with_extension("json"), json.to_string()).unwrap();
        }
        let evaluation = evaluate(&models(), folder.path()).unwrap();
        assert_eq!(evaluation.languages.len(), 2);
        for result in &evaluation.languages {
            assert_eq!((result.recordings, result.with_words), (1, 1));
            assert!(result.rows.len() >= THRESHOLDS.len());
            assert_eq!(result.rows.iter().filter(|row| row.is_configured).count(), 1);
            for row in &result.rows {
                assert_eq!((row.cut_off, row.never_ended), (0, 0), "{}: {row:?}", result.language);
                assert!(row.delay_median_ms.is_some_and(|delay| (200..2_100).contains(&delay)), "{row:?}");
            }
        }
        assert!(evaluation.table().contains("en: 1 recordings, 1 with words"), "{}", evaluation.table());
    }

    #[test]
    fn what_is_wrong_with_which_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let models = models();
        let told = |folder: &Path| evaluate(&models, folder).unwrap_err().to_string();
        assert!(told(&folder.path().join("nowhere")).contains("--dir"));
        assert!(told(folder.path()).contains("has no WAV files"));
        let wav = folder.path().join("a.wav");
        record(&wav, "en-us", "Hello.");
        assert!(told(folder.path()).contains("a.json beside it"));
        for (json, told_of) in [
            ("{", "line 1"),
            (r#"{"language": "en"}"#, "end_of_turn_s"),
            (r#"{"language": "xx", "end_of_turn_s": 0.5}"#, "xx"),
            (r#"{"language": "en", "end_of_turn_s": 99}"#, "99 s, but the recording lasts"),
            (r#"{"language": "en", "end_of_turn_s": 0.5, "end": 1}"#, "unknown field"),
        ] {
            std::fs::write(wav.with_extension("json"), json).unwrap();
            let error = told(folder.path());
            assert!(error.contains("a.json") && error.contains(told_of), "{json}: {error}");
        }
    }
}
