//! Recognition in one language: the phrasings of the knowledge base as a grammar, decoded by PocketSphinx.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    Espeak, NAME, Vowels,
    grammar::{Grammar, Place},
    lexicon, phones,
    pocketsphinx::{Beams, GrammarDecoder},
};
use crate::{
    cloud::{FailureKind, ProviderError},
    event::{EntryId, Language},
    knowledge::Entry,
};

/// Courtesies that may stand before a question.
const BEFORE_EN: &[&str] =
    &["please", "hello", "hi", "excuse me", "can you tell me", "could you tell me", "so", "okay"];
/// Courtesies that may stand after one.
const AFTER_EN: &[&str] = &["please", "thank you", "thanks"];
const BEFORE_AR: &[&str] = &["من فضلك", "لو سمحت", "مرحبا", "السلام عليكم", "عفوا"];
const AFTER_AR: &[&str] = &["من فضلك", "لو سمحت", "شكرا"];

/// Wide, because synthetic voices and mapped Arabic sounds fit badly at first: with 1e-60 and 1e-40 one English clip in
/// fifty finds no sentence at all, and half of Arabic is lost; still wider is worse.
const BEAMS: Beams = Beams { state: "1e-80", phone: "1e-80", word: "1e-60" };

/// The phone that stands for silence.
const SILENCE: &str = "SIL";

/// What the recogniser is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) acoustic_model: &'a Path,
    pub(super) espeak: &'a Espeak,
    pub(super) vowels: &'a Vowels,
    pub(super) voice: &'a str,
}

/// A phrasing that may be recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrasing {
    pub(super) entry: EntryId,
    pub(super) text: String,
}

/// The phrasing that an utterance is most like, in one language.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heard {
    pub(super) phrasing: Phrasing,
    /// The score of the whole utterance, silence included: 0 at best, comparable between languages.
    pub(super) score: f32,
    /// The phones of its words, as they were said, courtesies included; separated by spaces.
    pub(super) phones: String,
}

/// How a sentence compares with what the utterance is without any grammar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparison {
    /// How much worse the sentence scores than the best sequence of phones, a frame of speech.
    pub(super) misfit: f32,
    /// How unlike that sequence its phones are: 0 (the same) to 1.
    pub(super) unlikeness: f32,
}

/// A decoder for the phrasings in one language.
pub(super) struct Sentences {
    grammar: Grammar,
    phrasings: Vec<Phrasing>,
    /// The phones of the grammar's words, by the names that the decoder gives.
    pronunciations: HashMap<String, String>,
    decoder: GrammarDecoder,
}

impl Sentences {
    /// Builds the grammar and loads the acoustic model; takes some tenths of a second, unless `is_ending` breaks it off.
    pub(super) fn load(
        entries: &[Entry],
        language: Language,
        parts: Parts<'_>,
        is_ending: &AtomicBool,
    ) -> Result<Self, ProviderError> {
        let (before, after) = if language == Language::ARABIC { (BEFORE_AR, AFTER_AR) } else { (BEFORE_EN, AFTER_EN) };
        let mut grammar = Grammar::default();
        let mut phrasings = Vec::new();
        let mut sentences = Vec::new();
        for entry in entries {
            for text in entry.text(language).all_phrasings() {
                let words = lexicon::words(text, language);
                if grammar.add_sentence(words.iter().map(String::as_str), phrasings.len()) {
                    phrasings.push(Phrasing { entry: entry.id.clone(), text: text.to_owned() });
                    sentences.push(words);
                }
            }
        }
        for (courtesies, place) in [(before, Place::Before), (after, Place::After)] {
            for courtesy in courtesies {
                let words = lexicon::words(courtesy, language);
                grammar.add_courtesy(words.iter().map(String::as_str), place);
                sentences.push(words);
            }
        }
        let spoken = sentences.iter().map(Vec::as_slice);
        let Parts { acoustic_model, espeak, vowels, voice } = parts;
        let pronunciations = if language == Language::ARABIC {
            let pronunciations = lexicon::arabic(spoken, vowels, espeak, voice, is_ending)?;
            // Hundreds of sentences are done; whether the voice will speak Arabic is not known yet.
            vowels.release();
            pronunciations
        } else {
            lexicon::english(spoken, &lexicon::dictionary(acoustic_model), espeak, voice)?
        };
        if is_ending.load(Ordering::Relaxed) {
            return Err(lexicon::broken_off());
        }
        let words = dictionary(&grammar, &pronunciations);
        let decoder = GrammarDecoder::open(acoustic_model, &words, &grammar.to_jsgf(), BEAMS)
            .map_err(|error| ProviderError::new(NAME, FailureKind::Unavailable, error.to_string()))?;
        Ok(Self { grammar, phrasings, pronunciations: words.into_iter().collect(), decoder })
    }

    /// The phrasing that `samples` (mono, 16 kHz) are most like; `None` when the search finds no whole sentence.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Option<Heard> {
        let path = self.decoder.sentence(samples)?;
        let words = || path.segments.iter().map(|segment| segment.word.as_str());
        let index = self.grammar.sentence(words())?;
        let phones: Vec<&str> = words().filter_map(|word| self.pronunciations.get(word)).map(String::as_str).collect();
        Some(Heard { phrasing: self.phrasings.get(index)?.clone(), score: path.score as f32, phones: phones.join(" ") })
    }

    /// Compares what was heard in `samples` with their best sequence of phones; `None` without speech.
    pub(super) fn compare(&mut self, samples: &[i16], heard: &Heard) -> Option<Comparison> {
        let path = self.decoder.phones(samples)?;
        let speech = || path.segments.iter().filter(|segment| segment.word != SILENCE);
        let frames: i32 = speech().map(|segment| segment.last_frame - segment.first_frame + 1).sum();
        // Noises are written in plus signs.
        let free: Vec<&str> =
            speech().map(|segment| segment.word.as_str()).filter(|word| !word.starts_with('+')).collect();
        let expected: Vec<&str> = heard.phones.split(' ').collect();
        (frames > 0).then(|| Comparison {
            misfit: (path.score as f32 - heard.score) / frames as f32,
            unlikeness: phones::unlikeness(&free, &expected),
        })
    }
}

/// The words of the grammar with their phones, second pronunciations as "w1(2)".
fn dictionary(grammar: &Grammar, pronunciations: &lexicon::Pronunciations) -> Vec<(String, String)> {
    let none = BTreeSet::new();
    grammar
        .words()
        .flat_map(|(name, word)| {
            pronunciations.get(word).unwrap_or(&none).iter().enumerate().map(move |(index, phones)| {
                let name = if index == 0 { name.clone() } else { format!("{name}({})", index + 1) };
                (name, phones.clone())
            })
        })
        .collect()
}
