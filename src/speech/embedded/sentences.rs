//! Recognition in one language: the phrasings of the knowledge base as a grammar, decoded by PocketSphinx.

use std::{collections::BTreeSet, path::Path};

use super::{
    Espeak, NAME, Vowels,
    grammar::{Grammar, Place},
    lexicon,
    pocketsphinx::{Beams, BestPath, GrammarDecoder, Segment},
};
use crate::{
    cloud::{FailureKind, ProviderError},
    event::{EntryId, Language},
    knowledge::Entry,
};

/// Courtesies that may stand before a question.
const BEFORE_EN: &[&str] = &["please", "hello", "hi", "excuse me", "can you tell me", "could you tell me", "so", "okay"];
/// Courtesies that may stand after one.
const AFTER_EN: &[&str] = &["please", "thank you", "thanks"];
const BEFORE_AR: &[&str] = &["من فضلك", "لو سمحت", "مرحبا", "السلام عليكم", "عفوا"];
const AFTER_AR: &[&str] = &["من فضلك", "لو سمحت", "شكرا"];

/// Wide, because mapped Arabic sounds fit badly at first: the defaults lose half of it, still wider is worse.
const BEAMS_AR: Beams = Beams { state: "1e-80", phone: "1e-80", word: "1e-60" };
const BEAMS_EN: Beams = Beams { state: "1e-70", phone: "1e-70", word: "1e-50" };

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

/// What was heard, in one language.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heard {
    pub(super) phrasing: Phrasing,
    pub(super) fit: Fit,
}

/// How well an utterance fits the sentence that was found in it. Scores are the library's: logarithms, 0 at best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    /// Score of the words a frame.
    pub(super) mean: f32,
    /// The same for the word that fits worst.
    pub(super) worst_word: f32,
    /// How much better the same frames score as any sequence of phones, a frame.
    pub(super) above_phones: f32,
    /// The share of the utterance's frames, edges left out, that is taken for silence or noise between words.
    pub(super) gaps: f32,
    /// Frames of words.
    pub(super) frames: u32,
}

/// A decoder for the phrasings in one language.
pub(super) struct Sentences {
    grammar: Grammar,
    phrasings: Vec<Phrasing>,
    decoder: GrammarDecoder,
}

impl Sentences {
    /// Builds the grammar and loads the acoustic model; takes some tenths of a second.
    pub(super) fn load(entries: &[Entry], language: Language, parts: Parts<'_>) -> Result<Self, ProviderError> {
        let (before, after, beams) = if language == Language::ARABIC {
            (BEFORE_AR, AFTER_AR, BEAMS_AR)
        } else {
            (BEFORE_EN, AFTER_EN, BEAMS_EN)
        };
        let mut grammar = Grammar::default();
        let mut phrasings = Vec::new();
        let mut sentences = Vec::new();
        for entry in entries {
            for text in entry.text(language).all_phrasings() {
                let words = lexicon::words(text, language);
                if grammar.add_sentence(words.iter().map(|word| bare(word)), phrasings.len()) {
                    phrasings.push(Phrasing { entry: entry.id.clone(), text: text.to_owned() });
                    sentences.push(words);
                }
            }
        }
        for (courtesies, place) in [(before, Place::Before), (after, Place::After)] {
            for courtesy in courtesies {
                let words = lexicon::words(courtesy, language);
                grammar.add_courtesy(words.iter().map(|word| bare(word)), place);
                sentences.push(words);
            }
        }
        let spoken = sentences.iter().map(Vec::as_slice);
        let Parts { acoustic_model, espeak, vowels, voice } = parts;
        let pronunciations = if language == Language::ARABIC {
            lexicon::arabic(spoken, vowels, espeak, voice)?
        } else {
            lexicon::english(spoken, &lexicon::dictionary(acoustic_model), espeak, voice)?
        };
        let words = dictionary(&grammar, &pronunciations);
        if let Ok(folder) = std::env::var("DUMPG") {
            let lines: Vec<String> = words.iter().map(|(w, p)| format!("{w} {p}")).collect();
            let _ = std::fs::write(format!("{folder}/{language}.dict"), lines.join("\n") + "\n");
            let _ = std::fs::write(format!("{folder}/{language}.jsgf"), grammar.to_jsgf());
            let _ = std::fs::write(format!("{folder}/{language}.sent"), grammar.dump(&phrasings));
        }
        let decoder = GrammarDecoder::open(acoustic_model, &words, &grammar.to_jsgf(), beams)
            .map_err(|error| ProviderError::new(NAME, FailureKind::Unavailable, error.to_string()))?;
        Ok(Self { grammar, phrasings, decoder })
    }

    /// The phrasing that `samples` (mono, 16 kHz) are most like.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Option<Heard> {
        let path = self.decoder.sentence(samples)?;
        let index = self.grammar.sentence(path.segments.iter().map(|segment| segment.word.as_str()))?;
        let phones = self.decoder.phones(samples)?;
        let fit = self.fit(&path, &phones)?;
        Some(Heard { phrasing: self.phrasings.get(index)?.clone(), fit })
    }

    fn fit(&self, path: &BestPath, phones: &BestPath) -> Option<Fit> {
        let content: Vec<&Segment> =
            path.segments.iter().filter(|segment| self.grammar.is_content(&segment.word)).collect();
        let frames = |segment: &Segment| (segment.last_frame - segment.first_frame + 1).max(1);
        let total: i32 = content.iter().map(|segment| frames(segment)).sum();
        let score: i32 = content.iter().map(|segment| segment.acoustic).sum();
        let worst_word = content
            .iter()
            .map(|segment| segment.acoustic as f32 / frames(segment) as f32)
            .fold(0.0_f32, f32::min);
        let (first, last) = (content.first()?.first_frame, content.last()?.last_frame);
        let free: i32 = phones
            .segments
            .iter()
            .filter(|segment| segment.first_frame >= first && segment.last_frame <= last)
            .map(|segment| segment.acoustic)
            .sum();
        let span = (last - first + 1).max(1);
        let mean = score as f32 / total as f32;
        Some(Fit {
            mean,
            worst_word,
            above_phones: (free as f32 - score as f32) / span as f32,
            gaps: (span - total) as f32 / span as f32,
            frames: u32::try_from(total).unwrap_or(0),
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

fn bare(word: &str) -> &str {
    word
}
