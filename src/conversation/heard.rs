//! Which words of an answer have been heard, from how far its sound was played.
//!
//! Where the voice tells when each word begins, its marks are used; elsewhere a clause's time is shared out among its
//! words by their letters, which is right to about a word.

use std::{ops::Range, time::Duration};

use crate::{
    audio::Playhead,
    event::{CaptionWord, WordState},
    speech::WordMark,
};

/// Time for a letter while a clause's length is not known yet: 155 words a minute of six letters each.
const LETTER: Duration = Duration::from_millis(65);

/// A word that lacks no more than this of its sound was heard.
const TOLERANCE: Duration = Duration::from_millis(60);

/// An answer's text with what is known of its sound.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct SpokenText {
    text: String,
    clauses: Vec<Clause>,
}

#[derive(Debug, Clone, PartialEq)]
struct Clause {
    /// In the answer's text.
    bytes: Range<usize>,
    sound: Duration,
    is_complete: bool,
    /// Their bytes count from the start of the clause.
    marks: Vec<WordMark>,
}

/// A word with the time it takes within its clause.
struct TimedWord {
    /// In the answer's text.
    bytes: Range<usize>,
    start: Duration,
    end: Duration,
}

impl SpokenText {
    /// More text of the answer.
    pub(super) fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A clause is going to be spoken: `bytes` of the answer's text.
    pub(super) fn push_clause(&mut self, bytes: Range<usize>) {
        self.clauses.push(Clause { bytes, sound: Duration::ZERO, is_complete: false, marks: Vec::new() });
    }

    /// More sound of a clause, with the words that begin in it.
    pub(super) fn push_sound(&mut self, clause: u32, sound: Duration, marks: &[WordMark]) {
        if let Some(clause) = self.clause_mut(clause) {
            clause.sound += sound;
            clause.marks.extend_from_slice(marks);
        }
    }

    /// All sound of the clause is there.
    pub(super) fn complete_clause(&mut self, clause: u32) {
        if let Some(clause) = self.clause_mut(clause) {
            clause.is_complete = true;
        }
    }

    /// The whole text so far.
    #[must_use]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What was heard when playout stood at `playhead`: whole words, from the start of the text.
    #[must_use]
    pub(super) fn heard(&self, playhead: &Playhead) -> &str {
        let end = self
            .clauses
            .iter()
            .enumerate()
            .flat_map(|(index, clause)| self.timed_words(clause).into_iter().map(move |word| (index, word)))
            .take_while(|(index, word)| is_heard(*index, word, playhead))
            .last()
            .map_or(0, |(_, word)| word.bytes.end);
        self.text.get(..end).unwrap_or_default()
    }

    /// The text as caption words while playout stands at `playhead`.
    #[must_use]
    pub(super) fn caption(&self, playhead: &Playhead) -> Vec<CaptionWord> {
        let mut words = Vec::new();
        let mut laid_out = 0;
        for (index, clause) in self.clauses.iter().enumerate() {
            for word in self.timed_words(clause) {
                laid_out = word.bytes.end;
                let state = match index.cmp(&(playhead.clause as usize)) {
                    std::cmp::Ordering::Less => WordState::Spoken,
                    std::cmp::Ordering::Greater => WordState::ToCome,
                    std::cmp::Ordering::Equal if playhead.clause_played >= word.end => WordState::Spoken,
                    std::cmp::Ordering::Equal if playhead.clause_played >= word.start => WordState::Now,
                    std::cmp::Ordering::Equal => WordState::ToCome,
                };
                words.extend(self.text.get(word.bytes).map(|text| CaptionWord { text: text.to_owned(), state }));
            }
        }
        let rest = self.text.get(laid_out..).unwrap_or_default();
        words.extend(
            rest.split_whitespace().map(|text| CaptionWord { text: text.to_owned(), state: WordState::ToCome }),
        );
        words
    }

    fn clause_mut(&mut self, clause: u32) -> Option<&mut Clause> {
        self.clauses.get_mut(clause as usize)
    }

    fn timed_words(&self, clause: &Clause) -> Vec<TimedWord> {
        let text = self.text.get(clause.bytes.clone()).unwrap_or_default();
        let words = word_ranges(text);
        let letters = text.chars().filter(|c| !c.is_whitespace()).count();
        let expected = LETTER * u32::try_from(letters).unwrap_or(u32::MAX);
        let length = if clause.is_complete { clause.sound } else { clause.sound.max(expected) };
        let starts: Vec<Duration> = match starts_by_marks(&words, &clause.marks) {
            Some(starts) => starts,
            None => starts_by_letters(text, &words, length),
        };
        let ends = starts.iter().skip(1).copied().chain(std::iter::once(length)).collect::<Vec<_>>();
        words
            .into_iter()
            .zip(starts.into_iter().zip(ends))
            .map(|(bytes, (start, end))| TimedWord {
                bytes: clause.bytes.start + bytes.start..clause.bytes.start + bytes.end,
                start,
                end: end.max(start),
            })
            .collect()
    }
}

fn is_heard(clause: usize, word: &TimedWord, playhead: &Playhead) -> bool {
    match clause.cmp(&(playhead.clause as usize)) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Equal => playhead.clause_played + TOLERANCE >= word.end,
        std::cmp::Ordering::Greater => false,
    }
}

/// The words of a text: what lies between blanks.
fn word_ranges(text: &str) -> Vec<Range<usize>> {
    text.split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            start..start + word.len()
        })
        .collect()
}

/// Starts from the voice's marks; `None` unless every word has one (a spelled-out number has one for its first word).
fn starts_by_marks(words: &[Range<usize>], marks: &[WordMark]) -> Option<Vec<Duration>> {
    words
        .iter()
        .map(|word| marks.iter().find(|mark| word.contains(&mark.bytes.start)).map(|mark| mark.start))
        .collect::<Option<Vec<_>>>()
        .filter(|starts| !starts.is_empty() && starts.is_sorted())
}

fn starts_by_letters(text: &str, words: &[Range<usize>], length: Duration) -> Vec<Duration> {
    let weight = |word: &Range<usize>| text.get(word.clone()).map_or(0, |word| word.chars().count() + 1);
    let total: usize = words.iter().map(weight).sum();
    words
        .iter()
        .scan(0, |before: &mut usize, word| {
            let start = length.mul_f64(*before as f64 / total.max(1) as f64);
            *before += weight(word);
            Some(start)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::AnswerId;

    fn playhead(clause: u32, played_ms: u64) -> Playhead {
        Playhead { answer: AnswerId(1), clause, clause_played: Duration::from_millis(played_ms), is_playing: true }
    }

    fn two_clauses() -> SpokenText {
        let mut spoken = SpokenText::default();
        spoken.push_text("We open at nine, and close at six.");
        spoken.push_clause(0..16);
        spoken.push_clause(17..34);
        spoken.push_sound(0, Duration::from_millis(1_000), &[]);
        spoken.complete_clause(0);
        spoken
    }

    #[test]
    fn nothing_is_heard_before_the_first_word_is_out() {
        assert_eq!(two_clauses().heard(&playhead(0, 0)), "");
    }

    #[test]
    fn an_answer_cut_in_its_second_clause_keeps_the_first_and_the_whole_words_of_the_second() {
        let spoken = two_clauses();
        assert_eq!(spoken.heard(&playhead(1, 0)), "We open at nine,");
        assert_eq!(spoken.heard(&playhead(1, 300)), "We open at nine, and");
        assert_eq!(spoken.heard(&playhead(2, 0)), "We open at nine, and close at six.");
    }

    #[test]
    fn marks_of_the_voice_go_before_the_estimate() {
        let mut spoken = SpokenText::default();
        spoken.push_text("أهلًا بكم");
        spoken.push_clause(0.."أهلًا بكم".len());
        let second = "أهلًا ".len();
        let marks = [
            WordMark { bytes: 0..second - 1, start: Duration::ZERO },
            WordMark { bytes: second.."أهلًا بكم".len(), start: Duration::from_millis(900) },
        ];
        spoken.push_sound(0, Duration::from_millis(1_000), &marks);
        spoken.complete_clause(0);
        assert_eq!(spoken.heard(&playhead(0, 700)), "");
        assert_eq!(spoken.heard(&playhead(0, 880)), "أهلًا");
        let states: Vec<WordState> = spoken.caption(&playhead(0, 950)).into_iter().map(|word| word.state).collect();
        assert_eq!(states, [WordState::Spoken, WordState::Now]);
    }

    #[test]
    fn text_whose_sound_has_not_begun_is_still_to_come() {
        let mut spoken = two_clauses();
        spoken.push_text(" Welcome.");
        let caption = spoken.caption(&playhead(0, 500));
        assert_eq!(caption.len(), 9);
        assert_eq!(caption.last().map(|word| word.state), Some(WordState::ToCome));
    }
}
