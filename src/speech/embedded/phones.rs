//! How unlike a sentence and the phones (ARPAbet) of an utterance are, heard without any grammar: for judging a sentence,
//! and for finding others that may have been said.

use crate::event::Language;

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
const PHONES: [&str; 39] = [
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K",
    "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
];

/// What each phone that is heard (across, in the order of [`PHONES`]) costs in the place of each phone of an Arabic
/// sentence (down), in tenths, as hexadecimal digits: how often the one is heard for the other, counted over synthetic
/// speech (`docs/recognition.md`), as `0.75 - 0.3 ln(share / share among all)` within 0..1.2, four parts to one part of
/// [`exchange`].
#[rustfmt::skip]
const HEARD_FOR_ARABIC: [&[u8; PHONES.len()]; PHONES.len()] = [
    b"365294cccc43bcaa69cccaccbb9accccbbc895c", // AA
    b"434836cccc56bccc7bccccccbb9cccccbbccccc", // AE
    b"772777bbbb777bbb77bbbbbb77bbbbbb77bbbbb", // AH
    b"666166bbbb666bbb66bbbbbb66bbbbbb66bbbbb", // AO
    b"688805cccc888ccc87cccccc88cccccc38ccccc", // AW
    b"997990cccc999ccc97cccccc99cccccc99ccccc", // AY
    b"cccccc0c7ccccc47ccc6c872cc9ccc7ccc99ccc", // B
    b"999999909599959599599999999955959959955", // CH
    b"cccccc4c03cccc3cccc8cccccc6ccc7bccccccc", // D
    b"bb8bbbb750bbb7b7bb7bb55bbbbb5774bb7bb77", // DH
    b"666666aaaa166aaa66aaaaaa66aaaaaa66aaaaa", // EH
    b"666666bbbb626bbb66bb7bbb66b7bbbb66b77bb", // ER
    b"666666aaaa661aaa66aaaaaa66aaaaaa66aa7aa", // EY
    b"ccccccc9c9ccc089ca97cccccc6c99c1cc9cc99", // F
    b"bbbbbb7b7bbbbb27bbb7b4bb3b7bbb7bbbbbbbb", // G
    b"ccc9cac4cbccc490ccb7cccccc2c9bc6cc2ccbb", // HH
    b"666666bbbb666bbb16bbbbbb66bbbbbb66bb7bb", // IH
    b"bbabbbccccb95cccb1ccccccbbcccccc8bcc6cc", // IY
    b"ccccccc838ccc888cc0cc9cccccc8898cc1c688", // JH
    b"ccccccbcbcccccbbccc0cccccc8ccc8cccccccc", // K
    b"bb97acc577c6cc6b6bc9099ccca5ac9cccc777c", // L
    b"ccccccccccccccacccccc08bccaaacc9c7c7ccc", // M
    b"baaccc8c87c74c573ac898026cc8ccc98bccccc", // N
    b"888888888888888888888550888888888888888", // NG
    b"666666bbbb666bbb66bbbbbb16bbbbbb66b7bbb", // OW
    b"666666aaaa666aaa66aaaaaa61aaaaaa66aaaaa", // OY
    b"aaaaaa6a6aaaaa6aaaa6aaaaaa0aaa6aaaaaaaa", // P
    b"c8ccccccccc5cccccccc65ccccc0cc9c3cc4bcc", // R
    b"cccccccacaccc5caccaccccccccc05c6ccaccaa", // S
    b"9ccccc61c8ccc8c8cc8ccccccccc80c8cc8cc88", // SH
    b"cacccc7ca57ccc6cccc5cccccc7c8c07ccccccc", // T
    b"bbb5bbb777bbb7b7bb7bb8bbbbbb5770bb7bb27", // TH
    b"666666bbbb666bbb66bbbbbb66bbbbbb16b7bbb", // UH
    b"b9a8b9ccccbb5ccc8bcc6ccc2bbccccc40c5ccc", // UW
    b"999999559599959599599999999955959905955", // V
    b"bbb5bb7bbbb7bbbbbbbb4bbb7bb7bbbb77707bb", // W
    b"ccccc5cc8cc99c4838cc9cccccc9cccc6cc90cc", // Y
    b"aaaaaaa7a1aaa7a7a87aaaaaaaaa77a7aa7aa07", // Z
    b"999999959599959599599999999955959959950", // ZH
];

/// Phones as numbers.
pub(super) type Phones = Vec<u8>;
/// A word in each way in which it is said.
pub(super) type Word = Vec<Phones>;

/// What each phone costs in the place of each other one.
#[derive(Debug)]
pub(super) struct Likeness([[f32; PHONES.len()]; PHONES.len()]);

impl Likeness {
    pub(super) fn new(language: Language) -> Self {
        if language == Language::ARABIC {
            let tenths = |digit: u8| char::from(digit).to_digit(16).unwrap_or(10) as f32 / 10.0;
            Self(HEARD_FOR_ARABIC.map(|row| row.map(tenths)))
        } else {
            Self(PHONES.map(|a| PHONES.map(|b| exchange(a, b))))
        }
    }

    /// The phones of a name or several, separated by spaces. Silence and noises are left out.
    pub(super) fn phones(names: &str) -> Phones {
        let number = |name| PHONES.iter().position(|phone| *phone == name).and_then(|place| u8::try_from(place).ok());
        names.split(' ').filter_map(number).collect()
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
        let words: Vec<Word> =
            sentence.iter().map(|ways| ways.iter().map(|way| Likeness::phones(way)).collect()).collect();
        Likeness::new(Language::ENGLISH).unlikeness(&Likeness::phones(heard), words.iter())
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
    fn an_arabic_sound_costs_least_where_it_is_heard_as_the_english_model_hears_it() {
        let arabic = Likeness::new(Language::ARABIC);
        let cost =
            |heard: &str, of: &str| arabic.unlikeness(&Likeness::phones(heard), [vec![Likeness::phones(of)]].iter());
        for phone in ["AA", "B", "K", "M", "S", "SH"] {
            assert!(cost(phone, phone) < cost("P", phone), "{phone}");
        }
        assert!(cost("AH", "AE") < cost("SH", "AE"));
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
