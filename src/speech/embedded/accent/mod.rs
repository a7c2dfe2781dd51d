//! Hears Arabic, which has no acoustic model of its own here, through the English one.
//!
//! Each state of an Arabic phone is a mixture of the English model's states: of all that are heard for it
//! ([`HEARD`]), not only of the one phone that is most like it. The library knows no such mixtures, so the search
//! is our own ([`search`]); its features and the scores of the English states are shared with English.

mod search;

use std::sync::{Arc, atomic::AtomicBool};

use search::Tree;

use super::{
    grammar::Place,
    pocketsphinx::{MODEL_PHONES, NATS, Scorer, Scores, open_error},
    sentences::{Comparison, Heard, Listener, Parts, Phrasing, Vocabulary},
};
use crate::{cloud::ProviderError, event::Language, knowledge::Entry};

/// Phones, as [`super::phones::PHONES`] numbers them.
const PHONES: usize = super::phones::PHONES.len();
/// States of a phone, one after the other.
const STATES: usize = 3;
/// Where silence stands in a [`Frame`].
const SILENCE: usize = PHONES * STATES;
/// The least fit of any state: about e^-28.
const LEAST: f32 = 1e-12;
/// What a courtesy costs, nats: `grammar::COURTESY_WEIGHT`.
const COURTESY: f32 = 80.0;

/// How well a frame fits each state of each phone, and silence: logarithms, 0 at best.
type Frame = [f32; SILENCE + 1];

/// How often each state of the model's phones is heard (across, three states of each of [`MODEL_PHONES`]) for each state
/// of each phone of an Arabic word (down), counted over synthetic speech (`docs/recognition.md`): hexadecimal digits, as
/// many half octaves below 1, and a point for what is heard hardly ever.
const HEARD: &str = include_str!("heard.txt");
/// The states of the model that are told apart in it.
const HEARD_STATES: usize = MODEL_PHONES.len() * STATES;

/// The share that each state of the model has in each state of each phone.
#[derive(Debug)]
struct Mixtures(Vec<[f32; HEARD_STATES]>);

impl Mixtures {
    /// As Arabic is heard.
    fn arabic() -> Self {
        let share = |digit: u8| match char::from(digit).to_digit(16) {
            Some(half_octaves) => (-0.5 * half_octaves as f32).exp2(),
            None => 0.0,
        };
        Self(
            HEARD
                .lines()
                .filter_map(|line| Some(<[u8; HEARD_STATES]>::try_from(line.as_bytes()).ok()?.map(share)))
                .collect(),
        )
    }

    /// As the model's own language is heard: each state is itself.
    fn plain() -> Self {
        let states = super::phones::PHONES.iter().flat_map(|phone| {
            let place = MODEL_PHONES.iter().position(|of_model| of_model == phone);
            (0..STATES).map(move |state| place.map(|place| place * STATES + state))
        });
        let only = |one: Option<usize>| std::array::from_fn(|state| if Some(state) == one { 1.0 } else { 0.0 });
        Self(states.map(only).collect())
    }

    fn frames(&self, scores: &Scores) -> Vec<Frame> {
        (0..scores.frames()).map(|frame| self.frame(scores.states(frame))).collect()
    }

    /// From the scores of the model's states.
    fn frame(&self, scores: impl Iterator<Item = u16>) -> Frame {
        let mut fits = [0.0_f32; HEARD_STATES];
        for (fit, score) in fits.iter_mut().zip(scores) {
            *fit = (-NATS * f32::from(score)).exp();
        }
        let mut frame = [LEAST; SILENCE + 1];
        for (fit, shares) in frame.iter_mut().zip(&self.0) {
            *fit = LEAST + shares.iter().zip(&fits).map(|(share, fit)| share * fit).sum::<f32>();
        }
        let silence = MODEL_PHONES.iter().zip(fits.chunks(STATES)).filter(|(phone, _)| **phone == "SIL");
        frame[SILENCE] = silence.flat_map(|(_, states)| states).fold(LEAST, |best, fit| best.max(*fit));
        frame.map(f32::ln)
    }
}

/// Recognition of the phrasings in Arabic.
pub(super) struct Accented {
    scorer: Scorer,
    phrasings: Vec<Phrasing>,
    arabic: Mixtures,
    plain: Mixtures,
    tree: Tree,
}

impl Accented {
    /// Builds the tree and loads the acoustic model; takes some tenths of a second, unless `is_ending` breaks it off.
    pub(super) fn load(entries: &[Entry], parts: Parts<'_>, is_ending: &AtomicBool) -> Result<Self, ProviderError> {
        let Vocabulary { grammar, phrasings, pronunciations } =
            Vocabulary::of(entries, Language::ARABIC, parts, is_ending)?;
        let ways = grammar.ways(&pronunciations);
        let ways = |word: usize| ways.get(word).map_or(&[][..], Vec::as_slice);
        let mut tree = Tree::new();
        for (sentence, words) in grammar.sentences().iter().enumerate() {
            tree.add_sentence(words, ways, sentence);
        }
        for (words, place) in grammar.courtesies() {
            tree.add_courtesy(words, ways, place == Place::Before);
        }
        let scorer = Scorer::open(parts.acoustic_model, Arc::clone(parts.shared)).map_err(open_error)?;
        Ok(Self { scorer, phrasings, arabic: Mixtures::arabic(), plain: Mixtures::plain(), tree })
    }
}

impl Listener for Accented {
    fn score(&mut self, samples: &[i16]) -> Result<Option<Scores>, ProviderError> {
        self.scorer.score(samples).map_err(open_error)
    }

    fn hear(&mut self, scores: &Scores) -> Option<Heard> {
        let frames = self.arabic.frames(scores);
        let (sentence, score) = self.tree.best(&frames, COURTESY)?;
        let phrasing = self.phrasings.get(sentence)?.clone();
        let plain = search::without_grammar(&self.plain.frames(scores));
        let accent = (search::without_grammar(&frames) - plain) / frames.len().max(1) as f32;
        Some(Heard { phrasing, score: score / NATS, words: Vec::new(), accent })
    }

    /// The misfit is by the root of the length: what a sentence that was said loses by chance grows no faster.
    fn compare(&mut self, scores: &Scores, heard: &Heard) -> Option<Comparison> {
        let free = search::without_grammar(&self.arabic.frames(scores)) / NATS;
        let misfit = (free - heard.score) / (scores.frames().max(1) as f32).sqrt();
        Some(Comparison { phrasing: heard.phrasing.clone(), misfit, unlikeness: 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scores of a frame in which these states of the model's phones fit perfectly and all others badly.
    fn scores(fitting: &[(&str, usize)]) -> impl Iterator<Item = u16> {
        let fits = |phone: &str, state| fitting.contains(&(phone, state));
        MODEL_PHONES
            .iter()
            .flat_map(move |phone| (0..STATES).map(move |state| if fits(phone, state) { 0 } else { 200 }))
            .collect::<Vec<_>>()
            .into_iter()
    }

    fn state(phone: &str, state: usize) -> usize {
        usize::from(super::super::phones::numbers(phone)[0]) * STATES + state
    }

    #[test]
    fn every_state_of_every_phone_has_shares_that_make_up_a_whole() {
        let Mixtures(rows) = Mixtures::arabic();
        assert_eq!(rows.len(), PHONES * STATES);
        for (place, row) in rows.iter().enumerate() {
            let whole: f32 = row.iter().sum();
            assert!((0.7..1.3).contains(&whole), "state {place}: {whole}");
        }
    }

    #[test]
    fn a_phone_fits_what_is_heard_for_it_and_not_what_is_not() {
        let frame = Mixtures::arabic().frame(scores(&[("M", 1)]));
        assert!(frame[state("M", 1)] > frame[state("S", 1)] + 3.0);
        assert!(frame[state("M", 1)] > frame[SILENCE] + 3.0);
    }

    #[test]
    fn the_models_own_language_is_heard_as_it_is() {
        let frame = Mixtures::plain().frame(scores(&[("S", 1), ("SIL", 0)]));
        assert!(frame[state("S", 1)] > -0.01 && frame[SILENCE] > -0.01);
        assert!(frame[state("S", 0)] < -15.0 && frame[state("SH", 1)] < -15.0);
    }
}
