//! How unlike a sentence and the phones (ARPAbet) of an utterance are, heard without any grammar: for judging a sentence,
//! and for finding others that may have been said.

/// What a phone costs that was heard and is none of the sentence's: phones are heard too many rather than too few.
const EXTRA: f32 = 0.7;
/// What a phone of the sentence costs that was not heard.
const MISSING: f32 = 1.0;
/// What one vowel in the place of another costs; vowels are heard least surely.
const OTHER_VOWEL: f32 = 0.5;
/// What a phone costs in the place of a similar one.
const SIMILAR: f32 = 0.6;

/// Phones that are taken for one another: made in the same way, or at the same place.
const SIMILAR_PHONES: [&[&str]; 9] = [
    &["P", "B", "T", "D", "K", "G"],
    &["F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "HH", "CH", "JH"],
    &["M", "N", "NG"],
    &["L", "R", "W", "Y", "ER"],
    &["T", "D", "TH", "DH"],
    &["IY", "IH", "EY", "Y"],
    &["UW", "UH", "OW", "W"],
    &["K", "HH", "G"],
    &["B", "V", "W"],
];

/// The phones of the acoustic model, but for silence and noises.
#[rustfmt::skip]
pub(super) const PHONES: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
];

/// Phones as numbers.
pub(super) type Phones = Vec<u8>;
/// A word in each way in which it is said.
pub(super) type Word = Vec<Phones>;

/// What each phone costs in the place of each other one.
#[derive(Debug)]
pub(super) struct Likeness([[f32; PHONES.len()]; PHONES.len()]);

impl Likeness {
    pub(super) fn new() -> Self {
        Self(PHONES.map(|a| PHONES.map(|b| exchange(a, b))))
    }

    /// From 0 (the same) to about 1 (nothing in common): the cheapest way to turn `sentence`, each word in the way that
    /// suits best, into what was `heard`, by the length of the longer one.
    pub(super) fn unlikeness<'a>(&self, heard: &[u8], sentence: impl Iterator<Item = &'a Word>) -> f32 {
        // One row of the table of edit distances: of the sentence so far to each beginning of what was heard.
        let mut row: Vec<f32> = (0..=heard.len()).map(|extra| extra as f32 * EXTRA).collect();
        let mut length = 0.0;
        for word in sentence {
            let rows = word.iter().map(|phones| self.after(row.clone(), heard, phones));
            let best = rows.reduce(|one, other| one.into_iter().zip(other).map(|(a, b)| a.min(b)).collect());
            let Some(best) = best else { continue };
            row = best;
            length += word.iter().map(Vec::len).sum::<usize>() as f32 / word.len() as f32;
        }
        let longer = length.max(heard.len() as f32);
        if longer > 0.0 { row.last().copied().unwrap_or(0.0) / longer } else { 0.0 }
    }

    /// The row after more phones of the sentence.
    fn after(&self, mut row: Vec<f32>, heard: &[u8], phones: &[u8]) -> Vec<f32> {
        for phone in phones {
            let Some(costs) = self.0.get(usize::from(*phone)) else { continue };
            let mut diagonal = row.first().copied().unwrap_or(0.0);
            let mut left = diagonal + MISSING;
            if let Some(first) = row.first_mut() {
                *first = left;
            }
            for (cell, to) in row.iter_mut().skip(1).zip(heard) {
                let cost = costs.get(usize::from(*to)).copied().unwrap_or(1.0);
                let best = (diagonal + cost).min(*cell + MISSING).min(left + EXTRA);
                diagonal = *cell;
                *cell = best;
                left = best;
            }
        }
        row
    }
}

/// The phones of a name or several, separated by spaces. Silence and noises are left out.
pub(super) fn numbers(names: &str) -> Phones {
    let number = |name| PHONES.iter().position(|phone| *phone == name).and_then(|place| u8::try_from(place).ok());
    names.split(' ').filter_map(number).collect()
}

fn exchange(a: &str, b: &str) -> f32 {
    if a == b {
        0.0
    } else if is_vowel(a) && is_vowel(b) {
        OTHER_VOWEL
    } else if SIMILAR_PHONES.iter().any(|group| group.contains(&a) && group.contains(&b)) {
        SIMILAR
    } else {
        1.0
    }
}

fn is_vowel(phone: &str) -> bool {
    phone.starts_with(['A', 'E', 'I', 'O', 'U'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unlikeness(heard: &str, sentence: &[&[&str]]) -> f32 {
        let words: Vec<Word> = sentence.iter().map(|ways| ways.iter().map(|way| numbers(way)).collect()).collect();
        Likeness::new().unlikeness(&numbers(heard), words.iter())
    }

    #[test]
    fn the_same_phones_are_not_unlike_and_others_are() {
        assert_eq!(unlikeness("W EH R", &[&["W EH R"]]), 0.0);
        assert_eq!(unlikeness("W EH R", &[&["S M SH"]]), 1.0);
        assert_eq!(unlikeness("", &[]), 0.0);
        assert_eq!(unlikeness("SIL W EH +SPN+ R", &[&["W"], &["EH R"]]), 0.0, "silence and noise count nothing");
    }

    #[test]
    fn each_word_is_compared_in_the_way_of_saying_it_that_suits_best() {
        let ways: &[&[&str]] = &[&["AH", "DH IY"], &["OW P AH N", "AO P"]];
        assert_eq!(unlikeness("DH IY OW P AH N", ways), 0.0);
        assert_eq!(unlikeness("AH AO P", ways), 0.0);
    }

    #[test]
    fn a_similar_sound_counts_less_than_another_and_one_that_was_not_heard_more_than_one_too_many() {
        let wear: &[&[&str]] = &[&["W EH R"]];
        let similar = unlikeness("W AE R", wear);
        let extra = unlikeness("W EH K R", wear);
        let missing = unlikeness("W EH", wear);
        assert!(0.0 < similar && similar < missing && extra < missing && missing < 1.0, "{similar} {extra} {missing}");
    }
}
