//! PocketSphinx with a grammar: finds the one sentence of a set that an utterance is most like, and says how like.

mod ffi;

use std::{ffi::CStr, path::Path};

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
    #[error("PocketSphinx refuses the acoustic model {0}; reinstall the Debian package pocketsphinx-en-us")]
    Refused(String),
    #[error("PocketSphinx refuses the pronunciation \"{phones}\" of \"{word}\"")]
    BadPronunciation { word: String, phones: String },
    #[error("PocketSphinx refuses the grammar of {0} bytes")]
    BadGrammar(usize),
}

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

/// A decoder for one set of sentences.
pub(super) struct GrammarDecoder {
    decoder: ffi::Decoder,
}

impl GrammarDecoder {
    /// Loads the acoustic model in `folder`, the words with their phones, and the JSGF grammar over those words.
    pub(super) fn open(
        folder: &Path,
        words: &[(String, String)],
        grammar: &str,
        beams: Beams,
    ) -> Result<Self, OpenError> {
        // The package's folder holds the model in a folder of the same name; either may be configured.
        let nested = folder.join("en-us");
        let folder = if nested.is_dir() { nested.as_path() } else { folder };
        let shown = folder.display().to_string();
        if let Some(file) = MODEL_FILES.into_iter().find(|file| !folder.join(file).is_file()) {
            return Err(OpenError::MissingFile { folder: shown, file });
        }
        let arguments = [
            ("-hmm", shown.as_str()),
            ("-samprate", "16000"),
            ("-beam", beams.state),
            ("-pbeam", beams.phone),
            ("-wbeam", beams.word),
            ("-lw", "1"),
            ("-wip", "1"),
            // Hardly ever: a path that skips what it cannot explain as silence would beat the sentence that was said.
            ("-silprob", "1e-8"),
            ("-fillprob", "1e-8"),
            // Scores are relative to the best senone of a frame; computing all of them makes that the same one in
            // every decoder, so that scores of two grammars can be compared.
            ("-compallsen", "yes"),
            ("-maxhmmpf", "4000"),
            ("-allphone_ci", "yes"),
            ("-bestpath", "no"),
            // The clip has been cut by the voice activity detector already.
            ("-remove_silence", "no"),
        ];
        let mut decoder = ffi::Decoder::open(&arguments).ok_or_else(|| OpenError::Refused(shown.clone()))?;
        for (index, (word, phones)) in words.iter().enumerate() {
            if !decoder.add_word(word, phones, index + 1 == words.len()) {
                return Err(OpenError::BadPronunciation { word: word.clone(), phones: phones.clone() });
            }
        }
        if !decoder.add_grammar(SENTENCES, grammar) {
            return Err(OpenError::BadGrammar(grammar.len()));
        }
        if !decoder.add_phone_loop(PHONES) {
            return Err(OpenError::Refused(shown));
        }
        ffi::return_freed_memory();
        Ok(Self { decoder })
    }

    /// The best sentence of the grammar for a whole utterance: mono, 16 kHz. `None`: none fits at all.
    pub(super) fn sentence(&mut self, samples: &[i16]) -> Option<BestPath> {
        self.decode(SENTENCES, samples)
    }

    /// The best sentence of another grammar over the same words; `None` too if the library refuses the grammar.
    pub(super) fn candidate(&mut self, grammar: &str, samples: &[i16]) -> Option<BestPath> {
        if !self.decoder.add_grammar(CANDIDATES, grammar) {
            return None;
        }
        self.decode(CANDIDATES, samples)
    }

    /// The best sequence of any phones: what an utterance scores without any grammar.
    pub(super) fn phones(&mut self, samples: &[i16]) -> Option<BestPath> {
        self.decode(PHONES, samples)
    }

    fn decode(&mut self, search: &CStr, samples: &[i16]) -> Option<BestPath> {
        let (score, segments) = self.decoder.decode(search, samples)?;
        (!segments.is_empty()).then_some(BestPath { segments, score })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_missing_acoustic_model_is_an_error_that_says_what_to_install() {
        let folder = tempfile::tempdir().unwrap();
        let beams = Beams { state: "1e-60", phone: "1e-60", word: "1e-40" };
        let error = GrammarDecoder::open(folder.path(), &[], "", beams).err().unwrap();
        assert!(matches!(error, OpenError::MissingFile { file: "feat.params", .. }));
        assert!(error.to_string().contains("pocketsphinx-en-us"));
    }
}
