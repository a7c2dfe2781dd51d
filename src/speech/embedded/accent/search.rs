//! Finds the sentence of a tree of words that an utterance fits best, frame by frame (Viterbi), and the best sequence of
//! any phones to compare it with.
#![allow(
    clippy::indexing_slicing,
    reason = "`new` and `word` make every place that a chain names, `add_word` every state, which a frame has; no chunk is empty"
)]

use std::{collections::HashMap, ops::Range};

use super::{Frame, PHONES, SILENCE, STATES};

/// Words worse than the best one by this many nats are dropped: as much as the beam of the library's searches (1e-80).
const BEAM: f32 = 184.0;
/// What silence inside a sentence costs, and any further phone in the sequence without grammar; nats.
const PAUSE: f32 = 3.0;
const PHONE: f32 = 3.0;

/// What every step from a state to the next one costs, nats: what is said in too many short sounds is none.
const ADVANCE: f32 = 2.0;

/// How an utterance got to a state: the best way's score in nats, 0 at best, and the sentence it has gone through.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Token {
    score: f32,
    sentence: Option<usize>,
}

const NOTHING: Token = Token { score: f32::NEG_INFINITY, sentence: None };

impl Token {
    /// The better one.
    fn or(self, other: Self) -> Self {
        if other.score > self.score { other } else { self }
    }

    fn plus(self, score: f32) -> Self {
        Self { score: self.score + score, ..self }
    }
}

/// A place between words.
pub(super) type Join = usize;

/// One way of saying a word, between two places.
#[derive(Debug)]
struct Chain {
    from: Join,
    to: Join,
    states: Range<usize>,
}

/// All sentences as a tree of words, and courtesies before and after them.
#[derive(Debug)]
pub(super) struct Tree {
    chains: Vec<Chain>,
    /// Which of a frame's fits each state of each chain has.
    states: Vec<u8>,
    /// The place after each word, by the place before it.
    next: HashMap<(Join, usize), Join>,
    joins: usize,
    /// Where sentences end.
    ends: Vec<(Join, usize)>,
}

impl Tree {
    /// The utterance's beginning.
    const START: Join = 0;
    /// Where sentences begin.
    const ROOT: Join = 1;
    /// Where they end.
    const END: Join = 2;
    /// After a courtesy.
    const FINAL: Join = 3;

    pub(super) fn new() -> Self {
        Self { chains: Vec::new(), states: Vec::new(), next: HashMap::new(), joins: 4, ends: Vec::new() }
    }

    /// Adds a sentence of words that `ways` gives the phones of.
    pub(super) fn add_sentence<'a>(&mut self, words: &[usize], ways: impl Fn(usize) -> &'a [Vec<u8>], sentence: usize) {
        let end = words.iter().fold(Self::ROOT, |from, word| self.word(from, *word, ways(*word)));
        self.ends.push((end, sentence));
    }

    /// Adds a courtesy before the sentences, or after them.
    pub(super) fn add_courtesy<'a>(&mut self, words: &[usize], ways: impl Fn(usize) -> &'a [Vec<u8>], is_before: bool) {
        let Some((last, first)) = words.split_last() else { return };
        let (start, end) = if is_before { (Self::START, Self::ROOT) } else { (Self::END, Self::FINAL) };
        let from = first.iter().fold(start, |from, word| self.word(from, *word, ways(*word)));
        self.add_word(from, end, ways(*last));
    }

    /// The place after a word, which is new where the word is.
    fn word(&mut self, from: Join, word: usize, ways: &[Vec<u8>]) -> Join {
        if let Some(to) = self.next.get(&(from, word)) {
            return *to;
        }
        let to = self.joins;
        self.joins += 1;
        self.next.insert((from, word), to);
        self.add_word(from, to, ways);
        to
    }

    fn add_word(&mut self, from: Join, to: Join, ways: &[Vec<u8>]) {
        for phones in ways.iter().filter(|phones| !phones.is_empty()) {
            let first = self.states.len();
            let states = |phone: &u8| (*phone * STATES as u8)..((*phone + 1) * STATES as u8);
            self.states.extend(phones.iter().flat_map(states));
            self.chains.push(Chain { from, to, states: first..self.states.len() });
        }
    }

    /// The sentence that fits best and its score in nats. A courtesy costs `courtesy`. `None`: the utterance is too short
    /// for any.
    pub(super) fn best(&self, frames: &[Frame], courtesy: f32) -> Option<(usize, f32)> {
        let mut tokens = vec![NOTHING; self.states.len()];
        let mut peaks = vec![f32::NEG_INFINITY; self.chains.len()];
        let mut joins = vec![NOTHING; self.joins];
        let mut pauses = vec![NOTHING; self.joins];
        joins[Self::START] = Token { score: 0.0, sentence: None };
        joins[Self::ROOT] = joins[Self::START];
        let mut arrived = vec![NOTHING; self.joins];
        let mut worst = f32::NEG_INFINITY;
        for frame in frames {
            arrived.fill(NOTHING);
            let mut best = f32::NEG_INFINITY;
            for (chain, peak) in self.chains.iter().zip(&mut peaks) {
                let mut entry = joins[chain.from];
                if chain.from == Self::START || chain.from == Self::END {
                    entry.score -= courtesy;
                }
                let tokens = &mut tokens[chain.states.clone()];
                if *peak < worst && entry.score < worst {
                    if *peak > f32::NEG_INFINITY {
                        tokens.fill(NOTHING);
                        *peak = f32::NEG_INFINITY;
                    }
                    continue;
                }
                *peak = f32::NEG_INFINITY;
                let mut before = entry;
                for (token, state) in tokens.iter_mut().zip(&self.states[chain.states.clone()]) {
                    let now = token.or(before.plus(-ADVANCE)).plus(frame[usize::from(*state)]);
                    before = std::mem::replace(token, now);
                    *peak = peak.max(now.score);
                }
                best = best.max(*peak);
                if let Some(last) = tokens.last() {
                    arrived[chain.to] = arrived[chain.to].or(*last);
                }
            }
            for (place, (join, pause)) in joins.iter_mut().zip(&mut pauses).enumerate() {
                let cost = if place == Self::START { 0.0 } else { PAUSE };
                *pause = pause.or(join.plus(-cost)).plus(frame[SILENCE]);
                *join = arrived[place].or(*pause);
                best = best.max(join.score);
            }
            joins[Self::ROOT] = joins[Self::ROOT].or(joins[Self::START]);
            for (end, sentence) in &self.ends {
                let ended = Token { sentence: Some(*sentence), ..joins[*end] };
                joins[Self::END] = joins[Self::END].or(ended);
            }
            worst = best - BEAM;
        }
        let last = joins[Self::END].or(joins[Self::FINAL]);
        last.sentence.map(|sentence| (sentence, last.score))
    }
}

/// What the best sequence of any phones scores, in nats.
pub(super) fn without_grammar(frames: &[Frame]) -> f32 {
    let mut tokens = [f32::NEG_INFINITY; PHONES * STATES + 1];
    let mut join = 0.0_f32;
    for frame in frames {
        let enter = join - PHONE;
        join = f32::NEG_INFINITY;
        // Silence, the one state after those of the phones, is a phone of its own.
        for (phone, states) in tokens.chunks_mut(STATES).enumerate() {
            let mut before = enter;
            for (token, fit) in states.iter_mut().zip(&frame[phone * STATES..]) {
                let now = token.max(before - ADVANCE) + fit;
                before = std::mem::replace(token, now);
            }
            join = join.max(states[states.len() - 1]);
        }
    }
    join
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames that fit these phones, two for each of their states, and all else badly.
    fn utterance(phones: &[u8]) -> Vec<Frame> {
        let fits = |state: usize| {
            let mut frame = [-10.0; PHONES * STATES + 1];
            frame[state] = -0.1;
            frame
        };
        phones
            .iter()
            .flat_map(|phone| (0..STATES).flat_map(move |state| [fits(usize::from(*phone) * STATES + state); 2]))
            .collect()
    }

    /// "0 1", "0 2" and "3", each word of the phone of its number or, for 2, of two ways; courtesies "4" before, "5" after.
    fn tree() -> Tree {
        let ways: Vec<Vec<Vec<u8>>> =
            (0..6).map(|word| if word == 2 { vec![vec![2], vec![7, 8]] } else { vec![vec![word]] }).collect();
        let mut tree = Tree::new();
        for (number, words) in [&[0, 1][..], &[0, 2], &[3]].into_iter().enumerate() {
            tree.add_sentence(words, |word| &ways[word], number);
        }
        tree.add_courtesy(&[4], |word| &ways[word], true);
        tree.add_courtesy(&[5], |word| &ways[word], false);
        tree
    }

    fn best(phones: &[u8]) -> Option<usize> {
        tree().best(&utterance(phones), 20.0).map(|(sentence, _)| sentence)
    }

    #[test]
    fn the_sentence_that_was_said_is_found_in_any_way_of_saying_it() {
        assert_eq!(best(&[0, 1]), Some(0));
        assert_eq!(best(&[0, 2]), Some(1));
        assert_eq!(best(&[0, 7, 8]), Some(1));
        assert_eq!(best(&[3]), Some(2));
    }

    #[test]
    fn silence_may_stand_before_between_and_after_words() {
        let mut frames = utterance(&[0, 1]);
        let mut silence = [-10.0; PHONES * STATES + 1];
        silence[SILENCE] = -0.1;
        for place in [12, 6, 0] {
            frames.splice(place..place, [silence; 5]);
        }
        let (sentence, score) = tree().best(&frames, 20.0).unwrap_or((9, 0.0));
        assert_eq!(sentence, 0);
        assert!(score > -(6.0 * ADVANCE + 2.0 * PAUSE) - 3.0, "{score}");
    }

    #[test]
    fn courtesies_are_heard_around_a_sentence_and_cost() {
        for phones in [&[4, 3][..], &[3, 5], &[4, 3, 5]] {
            assert_eq!(best(phones), Some(2), "{phones:?}");
        }
        let score = |phones: &[u8]| tree().best(&utterance(phones), 20.0).map_or(0.0, |(_, score)| score);
        assert!(score(&[4, 3]) < score(&[3]) - 19.0);
    }

    #[test]
    fn an_utterance_too_short_for_any_sentence_is_none() {
        assert_eq!(tree().best(&[], 20.0), None);
        assert_eq!(tree().best(&utterance(&[3])[..2], 20.0), None);
    }

    #[test]
    fn any_sequence_of_phones_fits_without_grammar() {
        let frames = utterance(&[9, 1, 0]);
        let free = without_grammar(&frames);
        assert!(free > -(9.0 * ADVANCE + 3.0 * PHONE) - 3.0, "{free}");
        assert!(tree().best(&frames, 20.0).is_some_and(|(_, score)| score < free - 20.0));
    }
}
