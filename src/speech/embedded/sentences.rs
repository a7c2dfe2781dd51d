//! The phrasings of the knowledge base as they are heard, and recognition of the English ones: a grammar, decoded by
//! PocketSphinx.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    Espeak, Vowels,
    grammar::{self, Grammar, Place},
    lexicon,
    phones::{self, Likeness, Phones, Word},
    pocketsphinx::{Beams, BestPath, GrammarDecoder, Scores, SharedModel, open_error},
};
use crate::{
    cloud::ProviderError,
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

/// Wide, because synthetic voices fit badly at first: with 1e-60 and 1e-40 one clip in fifty finds no sentence at all.
const BEAMS: Beams = Beams { state: "1e-80", phone: "1e-80", word: "1e-60" };

/// How many sentences are tried against the one that was heard, where its phones are more like another's: few, because more
/// of them cost time.
const CANDIDATES: usize = 8;
/// What an unlikeness of 1 counts in the choice between them, in comparison with the score a frame.
const CHOICE: f32 = 50.0;

/// The phone that stands for silence.
const SILENCE: &str = "SIL";

/// What the recogniser is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) acoustic_model: &'a Path,
    pub(super) espeak: &'a Espeak,
    pub(super) vowels: &'a Vowels,
    pub(super) voice: &'a str,
    pub(super) shared: &'a Arc<SharedModel>,
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
    /// Its words in the grammar's numbers, courtesies included; only where [`Listener::compare`] needs them.
    pub(super) words: Vec<usize>,
    /// How much better the utterance, whatever was said, fits this language's phones than those of the acoustic model's own
    /// language: nats a frame, 0 for that language.
    pub(super) accent: f32,
}

/// How the sentence that fits best compares with what the utterance is without any grammar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    /// What was heard in the end: the same sentence as before, or one that only the phones led to.
    pub(super) phrasing: Phrasing,
    /// How much worse the sentence scores than the best sequence of phones: in English a frame of speech, in Arabic by the
    /// root of the number of frames.
    pub(super) misfit: f32,
    /// How unlike that sequence its phones are: 0 (the same) to 1.
    pub(super) unlikeness: f32,
}

/// Recognition of the phrasings in one language.
pub(super) trait Listener {
    /// Scores an utterance (mono, 16 kHz) for any language's searches; `None`: too short.
    fn score(&mut self, samples: &[i16]) -> Result<Option<Scores>, ProviderError>;

    /// The phrasing that an utterance is most like; `None` when the search finds no whole sentence.
    fn hear(&mut self, scores: &Scores) -> Option<Heard>;

    /// Compares what was heard in an utterance with its best sequence of phones, and where another entry's question is
    /// more like those, also with the questions most like them; `None` without speech.
    fn compare(&mut self, scores: &Scores, heard: &Heard) -> Option<Comparison>;
}

/// What may be said in one language, and how it sounds.
pub(super) struct Vocabulary {
    pub(super) grammar: Grammar,
    /// By the sentences' numbers in the grammar.
    pub(super) phrasings: Vec<Phrasing>,
    pub(super) pronunciations: lexicon::Pronunciations,
}

impl Vocabulary {
    /// The phrasings of `entries`, with courtesies. `is_ending` breaks it off.
    pub(super) fn of(
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
        let Parts { acoustic_model, espeak, vowels, voice, .. } = parts;
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
        Ok(Self { grammar, phrasings, pronunciations })
    }
}

/// A decoder for the phrasings in English.
pub(super) struct Sentences {
    grammar: Grammar,
    phrasings: Vec<Phrasing>,
    /// The words of each phrasing, by their places in `words`.
    spoken: Vec<Vec<usize>>,
    /// The grammar's words in all their pronunciations.
    words: Vec<Word>,
    likeness: Likeness,
    decoder: GrammarDecoder,
}

impl Sentences {
    /// Builds the grammar and loads the acoustic model; takes some tenths of a second, unless `is_ending` breaks it off.
    pub(super) fn load(entries: &[Entry], parts: Parts<'_>, is_ending: &AtomicBool) -> Result<Self, ProviderError> {
        let Vocabulary { grammar, phrasings, pronunciations } =
            Vocabulary::of(entries, Language::ENGLISH, parts, is_ending)?;
        let dictionary = dictionary(&grammar, &pronunciations);
        let (folder, shared) = (parts.acoustic_model, Arc::clone(parts.shared));
        let decoder =
            GrammarDecoder::open(folder, &dictionary, &grammar.to_jsgf(), BEAMS, shared).map_err(open_error)?;
        let (spoken, words, likeness) = (grammar.sentences(), grammar.ways(&pronunciations), Likeness::new());
        Ok(Self { grammar, phrasings, spoken, words, likeness, decoder })
    }
}

impl Listener for Sentences {
    fn score(&mut self, samples: &[i16]) -> Result<Option<Scores>, ProviderError> {
        self.decoder.score(samples).map_err(open_error)
    }

    fn hear(&mut self, scores: &Scores) -> Option<Heard> {
        let path = self.decoder.sentence(scores)?;
        self.heard(&path)
    }

    fn compare(&mut self, scores: &Scores, heard: &Heard) -> Option<Comparison> {
        let path = self.decoder.phones(scores)?;
        let speech = || path.segments.iter().filter(|segment| segment.word != SILENCE);
        let frames: i32 = speech().map(|segment| segment.last_frame - segment.first_frame + 1).sum();
        if frames <= 0 {
            return None;
        }
        let free: Phones = speech().flat_map(|segment| phones::numbers(&segment.word)).collect();
        let other = self.other(scores, &free, heard);
        let frames_of_all = scores.frames().max(1) as f32;
        let worth = |heard: &Heard| heard.score / frames_of_all - CHOICE * self.unlikeness(&free, &heard.words);
        let best = other.as_ref().filter(|other| worth(other) > worth(heard)).unwrap_or(heard);
        Some(Comparison {
            misfit: (path.score as f32 - best.score) / frames as f32,
            unlikeness: self.unlikeness(&free, &best.words),
            phrasing: best.phrasing.clone(),
        })
    }
}

impl Sentences {
    fn heard(&self, path: &BestPath) -> Option<Heard> {
        let words = || path.segments.iter().map(|segment| segment.word.as_str());
        let phrasing = self.phrasings.get(self.grammar.sentence(words())?)?.clone();
        Some(Heard {
            phrasing,
            score: path.score as f32,
            words: words().filter_map(grammar::id).collect(),
            accent: 0.0,
        })
    }

    /// The best question of another entry than what was heard. Only where one is most like the phones `free`.
    fn other(&mut self, scores: &Scores, free: &[u8], heard: &Heard) -> Option<Heard> {
        let unlike = |words: &Vec<usize>| self.unlikeness(free, words);
        let mut nearest: Vec<(f32, &EntryId, &Vec<usize>)> =
            self.phrasings.iter().zip(&self.spoken).map(|(of, words)| (unlike(words), &of.entry, words)).collect();
        nearest.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
        let is_other = |entry: &EntryId| *entry != heard.phrasing.entry;
        nearest.first().filter(|(_, entry, _)| is_other(entry))?;
        let others = nearest.iter().filter(|(_, entry, _)| is_other(entry)).take(CANDIDATES);
        let grammar = Grammar::jsgf_of(others.map(|(_, _, words)| words.as_slice()));
        let path = self.decoder.candidate(&grammar, scores)?;
        self.heard(&path)
    }

    /// How unlike these words the phones `free` are.
    fn unlikeness(&self, free: &[u8], words: &[usize]) -> f32 {
        self.likeness.unlikeness(free, words.iter().filter_map(|word| self.words.get(*word)))
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
