//! How unlike two sequences of phones (ARPAbet) are, for judging a sentence by what was heard without any grammar.

/// What a phone costs that only one of the sequences has.
const GAP: f32 = 0.8;
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

/// From 0 (the same) to about 1 (nothing in common): the cheapest way to turn one sequence into the other, by the
/// length of the longer one.
pub(super) fn unlikeness(a: &[&str], b: &[&str]) -> f32 {
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 0.0;
    }
    // One row of the table of edit distances: of the phones of `a` so far to each beginning of `b`.
    let mut row: Vec<f32> = (0..=b.len()).map(|gaps| gaps as f32 * GAP).collect();
    for from in a {
        let mut diagonal = row.first().copied().unwrap_or(0.0);
        let mut left = diagonal + GAP;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, to) in row.iter_mut().skip(1).zip(b) {
            let best = (diagonal + exchange(from, to)).min(*cell + GAP).min(left + GAP);
            diagonal = *cell;
            *cell = best;
            left = best;
        }
    }
    row.last().copied().unwrap_or(0.0) / longer as f32
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

    #[test]
    fn the_same_phones_are_not_unlike_and_others_are() {
        assert_eq!(unlikeness(&["W", "EH", "R"], &["W", "EH", "R"]), 0.0);
        assert_eq!(unlikeness(&["W", "EH", "R"], &["S", "M", "SH"]), 1.0);
        assert_eq!(unlikeness(&[], &[]), 0.0);
    }

    #[test]
    fn a_similar_sound_counts_less_than_another_and_a_missing_one_counts() {
        let wear = ["W", "EH", "R"];
        let similar = unlikeness(&wear, &["W", "AE", "R"]);
        let missing = unlikeness(&wear, &["W", "EH"]);
        assert!(similar < missing && missing < unlikeness(&wear, &["W", "S", "R"]));
        assert_eq!(missing, unlikeness(&["W", "EH"], &wear));
    }
}
