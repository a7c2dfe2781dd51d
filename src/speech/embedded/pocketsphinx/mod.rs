//! PocketSphinx with a grammar: finds the one sentence of a set that an utterance is most like, and says how like.

mod ffi;
mod senones;

use std::{
    ffi::CStr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use senones::AcousticModel;
pub(super) use senones::Scores;

use super::NAME;
use crate::cloud::{FailureKind, ProviderError};

/// The files of an acoustic model that the library needs; it ends the process over some that are missing.
const MODEL_FILES: [&str; 7] =
    ["feat.params", "mdef", "means", "noisedict", "sendump", "transition_matrices", "variances"];

const SENTENCES: &CStr = c"sentences";
const PHONES: &CStr = c"phones";
const CANDIDATES: &CStr = c"candidates";

/// Why recognition is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum OpenError {
    #[error(
        "the acoustic model {folder} lacks {file}; install the Debian package pocketsphinx-en-us or set `embedded.acoustic_model`"
    )]
    MissingFile { folder: String, file: &'static str },
    #[error(
        "the acoustic model {0} is not of English phones in tied mixtures over three streams; install the Debian package pocketsphinx-en-us"
    )]
    OtherModel(String),
    #[error("PocketSphinx refuses the acoustic model {0}; reinstall the Debian package pocketsphinx-en-us")]
    Refused(String),
    #[error("PocketSphinx refuses the pronunciation \"{phones}\" of \"{word}\"")]
    BadPronunciation { word: String, phones: String },
    #[error("PocketSphinx refuses the grammar of {0} bytes")]
    BadGrammar(usize),
}

/// The phones of the acoustic model in its order, silence and noises among them.
#[rustfmt::skip]
pub(super) const MODEL_PHONES: [&str; 42] = [
    "+NSN+", "+SPN+", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH",
    "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "SIL", "T", "TH", "UH", "UW", "V", "W", "Y",
    "Z", "ZH",
];

/// The unit of scores as natural logarithms: 1024 logarithms to the library's base.
pub(super) const NATS: f32 = 0.102_395;

/// How wide the search is: hypotheses less probable than the best by these factors are dropped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beams {
    /// Of every state.
    pub(super) state: &'static str,
    /// Of the ends of phones.
    pub(super) phone: &'static str,
    /// Of the ends of words.
    pub(super) word: &'static str,
}

/// A stretch of the best path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// A word of the grammar (`w12(2)`: its second pronunciation), a phone, silence or noise.
    pub(super) word: String,
    /// Its first frame.
    pub(super) first_frame: i32,
    /// Its last frame.
    pub(super) last_frame: i32,
    /// The acoustic score in the library's units: the logarithm, to base 1.0001, shifted right by 10 bits.
    pub(super) acoustic: i32,
}

/// What was found in an utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BestPath {
    /// The words of the best path with their times, silence and noise included.
    pub(super) segments: Vec<Segment>,
    /// The score of the best path; comparable between decoders of the same acoustic model.
    pub(super) score: i32,
}

/// The acoustic model that decoders share: what the first one that needed it has read. `None` inside if it is damaged.
pub(super) type SharedModel = OnceLock<Option<AcousticModel>>;

/// An OpenError as the recogniser reports it.
pub(super) fn open_error(error: OpenError) -> ProviderError {
    ProviderError::new(NAME, FailureKind::Unavailable, error.to_string())
}

/// Scores utterances for the searches of any decoder.
pub(super) struct Scorer {
    decoder: ffi::Decoder,
    folder: PathBuf,
    model: Arc<SharedModel>,
}

impl Scorer {
    /// Loads the acoustic model in `folder`.
    pub(super) fn open(folder: &Path, model: Arc<SharedModel>) -> Result<Self, OpenError> {
        Self::with(folder, model, &[])
    }

    fn with(folder: &Path, model: Arc<SharedModel>, arguments: &[(&str, &str)]) -> Result<Self, OpenError> {
        // The package's folder holds the model in a folder of the same name; either may be configured.
        let nested = folder.join("en-us");
        let folder = if nested.is_dir() { nested.as_path() } else { folder };
        let shown = folder.display().to_string();
        if let Some(file) = MODEL_FILES.into_iter().find(|file| !folder.join(file).is_file()) {
            return Err(OpenError::MissingFile { folder: shown, file });
        }
        if !senones::is_known(folder) {
            return Err(OpenError::OtherModel(shown));
        }
        let mut all = vec![("-hmm", shown.as_str()), ("-samprate", "16000")];
        all.extend(arguments);
        let decoder = ffi::Decoder::open(&all).ok_or_else(|| OpenError::Refused(shown.clone()))?;
        let scorer = Self { decoder, folder: folder.to_owned(), model };
        scorer.give_back_memory();
        Ok(scorer)
    }

    /// Gives back what only loading needed.
    fn give_back_memory(&self) {
        ffi::return_freed_memory();
        if let Err(error) = ffi::give_back_pages_of(&self.folder.join("mdef")) {
            tracing::debug!(%error, "pages of the acoustic model that only loading needed stay in memory");
        }
    }

    /// Scores a whole utterance (mono, 16 kHz). All senones, not only those of a search: scores are relative to the best
    /// one of a frame, and only so can those of two searches be compared. `None`: too short. The first call reads the
    /// model, some milliseconds: where a service hears, its megabytes are never needed.
    ///
    /// # Errors
    /// The model is damaged.
    pub(super) fn score(&mut self, samples: &[i16]) -> Result<Option<Scores>, OpenError> {
        let model = self.model.get_or_init(|| AcousticModel::load(&self.folder)).as_ref();
        let model = model.ok_or_else(|| self.refused())?;
        Ok(self.decoder.features(samples).map(|features| model.score(&features)))
    }

    fn refused(&self) -> OpenError {
        OpenError::Refused(self.folder.display().to_string())
    }
}

/// A decoder for one set of sentences.
pub(super) struct GrammarDecoder {
    scorer: Scorer,
}

impl GrammarDecoder {
    /// Loads the acoustic model in `folder`, the words with their phones, and the JSGF grammar over those words.
    pub(super) fn open(
        folder: &Path,
        words: &[(String, String)],
        grammar: &str,
        beams: Beams,
        model: Arc<SharedModel>,
    ) -> Result<Self, OpenError> {
        let arguments = [
            ("-beam", beams.state),
            ("-pbeam", beams.phone),
            ("-wbeam", beams.word),
            ("-lw", "1"),
            ("-wip", "1"),
            // Hardly ever: a path that skips what it cannot explain as silence would beat the sentence that was said.
            ("-silprob", "1e-8"),
            ("-fillprob", "1e-8"),
            // As the scores are computed: all senones of a frame, not only those of a search.
            ("-compallsen", "yes"),
            ("-maxhmmpf", "4000"),
            ("-allphone_ci", "yes"),
            ("-bestpath", "no"),
            // The clip has been cut by the voice activity detector already.
            ("-remove_silence", "no"),
        ];
        let mut scorer = Scorer::with(folder, model, &arguments)?;
        let decoder = &mut scorer.decoder;
        for (index, (word, phones)) in words.iter().enumerate() {
            if !decoder.add_word(word, phones, index + 1 == words.len()) {
                return Err(OpenError::BadPronunciation { word: word.clone(), phones: phones.clone() });
            }
        }
        if !decoder.add_grammar(SENTENCES, grammar) {
            return Err(OpenError::BadGrammar(grammar.len()));
        }
        if !decoder.add_phone_loop(PHONES) {
            return Err(scorer.refused());
        }
        scorer.give_back_memory();
        Ok(Self { scorer })
    }

    /// Scores an utterance ([`Scorer::score`]).
    pub(super) fn score(&mut self, samples: &[i16]) -> Result<Option<Scores>, OpenError> {
        self.scorer.score(samples)
    }

    /// The best sentence of the grammar. `None`: none fits at all.
    pub(super) fn sentence(&mut self, scores: &Scores) -> Option<BestPath> {
        self.decode(SENTENCES, scores)
    }

    /// The best sentence of another grammar over the same words; `None` too if the library refuses the grammar.
    pub(super) fn candidate(&mut self, grammar: &str, scores: &Scores) -> Option<BestPath> {
        if !self.scorer.decoder.add_grammar(CANDIDATES, grammar) {
            return None;
        }
        self.decode(CANDIDATES, scores)
    }

    /// The best sequence of any phones: what an utterance scores without any grammar.
    pub(super) fn phones(&mut self, scores: &Scores) -> Option<BestPath> {
        self.decode(PHONES, scores)
    }

    fn decode(&mut self, search: &CStr, scores: &Scores) -> Option<BestPath> {
        let (score, segments) = self.scorer.decoder.decode(search, scores)?;
        (!segments.is_empty()).then_some(BestPath { segments, score })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const MODEL: &str = "/usr/share/pocketsphinx/model/en-us";
    const BEAMS: Beams = Beams { state: "1e-80", phone: "1e-80", word: "1e-60" };

    /// A second of something that changes like speech: hums of changing colour, hisses, silence.
    fn babble() -> Vec<i16> {
        let mut noise = 1_u32;
        let sample = |time: usize| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
            let (second, part) = (time as f64 / 16_000.0, time / 1_600 % 5);
            let hum: f64 = (1..20)
                .map(|n| {
                    (f64::from(n) * 120.0 * std::f64::consts::TAU * second).sin()
                        / (1.0 + (f64::from(n) - 3.0 * part as f64).abs())
                })
                .sum();
            (match part {
                0 => hiss * 100.0,
                1 | 3 => hum * 2_000.0,
                2 => hiss * 4_000.0,
                _ => hum * 1_000.0 + hiss * 500.0,
            }) as i16
        };
        (0..16_000).map(sample).collect()
    }

    #[test]
    fn what_is_heard_is_what_the_library_hears_when_it_scores_the_sound_itself() {
        let words = [("w0".to_owned(), "HH AH L OW".to_owned()), ("w1".to_owned(), "S EH V AH N".to_owned())];
        let grammar = "#JSGF V1.0;\ngrammar s;\npublic <s> = ( w0 | w1 | w1 w0 );\n";
        let open = || GrammarDecoder::open(Path::new(MODEL), &words, grammar, BEAMS, Arc::default()).unwrap();
        let samples = babble();
        for search in [SENTENCES, PHONES] {
            let (score, segments) = open().scorer.decoder.decode_samples(search, &samples).unwrap();
            let mut decoder = open();
            let scores = decoder.score(&samples).unwrap().unwrap();
            let shared = decoder.decode(search, &scores).unwrap();
            assert_eq!(shared.segments.len(), segments.len());
            assert!((shared.score - score).abs() <= score.abs() / 1_000, "{} {score}", shared.score);
            for (ours, theirs) in shared.segments.iter().zip(&segments) {
                assert_eq!((&ours.word, ours.first_frame), (&theirs.word, theirs.first_frame));
            }
        }
    }

    #[test]
    fn a_missing_acoustic_model_is_an_error_that_says_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let error = GrammarDecoder::open(folder.path(), &[], "", BEAMS, Arc::default()).err().unwrap();
        assert!(matches!(error, OpenError::MissingFile { file: "feat.params", .. }));
        assert!(error.to_string().contains("pocketsphinx-en-us"));
    }
}
