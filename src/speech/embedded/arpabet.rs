//! From espeak-ng's phonemes (International Phonetic Alphabet) to the phones of the English acoustic model (ARPAbet).

/// English, longest match first. Symbols that are in no row (stress, length, syllable marks) are skipped.
#[rustfmt::skip]
const ENGLISH: &[(&str, &str)] = &[
    ("aɪɚ", "AY ER"), ("aɪə", "AY AH"), ("eə", "EH AH"), ("iə", "IY AH"), ("tʃ", "CH"), ("dʒ", "JH"), ("aɪ", "AY"), ("aʊ", "AW"), ("eɪ", "EY"),
    ("oʊ", "OW"), ("əʊ", "OW"), ("ɔɪ", "OY"), ("ɑːɹ", "AA R"), ("ɔːɹ", "AO R"), ("oːɹ", "AO R"), ("ɛɹ", "EH R"),
    ("ɪɹ", "IH R"), ("ʊɹ", "UH R"), ("əl", "AH L"), ("iː", "IY"), ("uː", "UW"), ("ɜː", "ER"), ("ɑː", "AA"),
    ("ɔː", "AO"), ("ɚ", "ER"), ("i", "IY"), ("u", "UW"), ("ɪ", "IH"), ("ᵻ", "IH"), ("ɛ", "EH"), ("e", "EH"), ("æ", "AE"),
    ("a", "AE"), ("ɐ", "AH"), ("ə", "AH"), ("ʌ", "AH"), ("ɑ", "AA"), ("ɒ", "AA"), ("ɔ", "AO"), ("o", "OW"),
    ("ʊ", "UH"), ("b", "B"), ("d", "D"), ("f", "F"), ("ɡ", "G"), ("h", "HH"), ("j", "Y"), ("k", "K"), ("l", "L"),
    ("m", "M"), ("n", "N"), ("ŋ", "NG"), ("p", "P"), ("ɹ", "R"), ("r", "R"), ("s", "S"), ("ʃ", "SH"), ("t", "T"),
    ("ɾ", "T"), ("ʔ", "T"), ("θ", "TH"), ("ð", "DH"), ("v", "V"), ("w", "W"), ("z", "Z"), ("ʒ", "ZH"), ("x", "K"),
];

/// Arabic: each sound as the English phone that the acoustic model takes it for. Emphatic consonants lose their mark;
/// the glottal stop has no phone; i and u are tenser than the English short vowels, whatever their length.
#[rustfmt::skip]
const ARABIC: &[(&str, &str)] = &[
    ("dʒ", "JH"), ("aː", "AA"), ("iː", "IY"), ("uː", "UW"), ("eː", "EY"), ("oː", "OW"), ("ai", "AY"), ("aj", "AY"),
    ("au", "AW"), ("aw", "AW"), ("a", "AE"), ("i", "IY"), ("u", "UW"), ("e", "EH"), ("o", "OW"), ("ə", "AH"),
    ("b", "B"), ("t", "T"), ("θ", "TH"), ("ħ", "HH"), ("x", "HH"), ("χ", "HH"), ("h", "HH"), ("d", "D"), ("ð", "DH"),
    ("r", "R"), ("z", "Z"), ("s", "S"), ("ʃ", "SH"), ("ʕ", "AA"), ("ɣ", "G"), ("f", "F"), ("q", "K"), ("k", "K"),
    ("l", "L"), ("ɫ", "L"), ("m", "M"), ("n", "N"), ("w", "W"), ("j", "Y"), ("ʒ", "JH"), ("v", "V"), ("p", "P"),
    ("ɡ", "G"), ("g", "G"),
];

/// The ARPAbet phones of an English word's phonemes, separated by spaces.
pub(super) fn english(phonemes: &str) -> String {
    phones(phonemes, ENGLISH).join(" ")
}

/// The ARPAbet phones of an Arabic word's phonemes, separated by spaces; doubled sounds become single. Words that
/// espeak-ng reads as English stand between `(en)` and `(ar)`.
pub(super) fn arabic(phonemes: &str) -> String {
    let mut found: Vec<&str> = Vec::new();
    let mut rest = phonemes;
    let mut table = ARABIC;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_once('(').unwrap_or((rest, ""));
        found.extend(phones(piece, table));
        let (tag, after) = tail.split_once(')').unwrap_or(("", tail));
        table = if tag == "en" { ENGLISH } else { ARABIC };
        rest = after;
    }
    found.dedup();
    found.join(" ")
}

fn phones(phonemes: &str, table: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    let mut found = Vec::new();
    // Stress marks may stand between the two halves of a diphthong.
    let phonemes = phonemes.replace(['ˈ', 'ˌ'], "");
    let mut rest = phonemes.as_str();
    while let Some(first) = rest.chars().next() {
        match table.iter().find(|(symbol, _)| rest.starts_with(symbol)) {
            Some((symbol, phones)) => {
                found.extend(phones.split(' '));
                rest = rest.get(symbol.len()..).unwrap_or("");
            }
            None => rest = rest.get(first.len_utf8()..).unwrap_or(""),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_english_word_gets_the_phones_that_the_dictionary_would_give_it() {
        assert_eq!(english("ˈɛnɚdʒi"), "EH N ER JH IY");
        assert_eq!(english("ɹɪsˈɛpʃən"), "R IH S EH P SH AH N");
    }

    #[test]
    fn a_british_word_keeps_the_glide_that_stands_for_its_r() {
        assert_eq!(english("wˈeə"), "W EH AH");
        assert_eq!(english("nˈiə"), "N IY AH");
    }

    #[test]
    fn a_stress_mark_does_not_part_a_diphthong() {
        assert_eq!(arabic("kaˌifa"), "K AY F AE");
    }

    #[test]
    fn an_arabic_word_gets_the_nearest_english_phones_without_doubles() {
        assert_eq!(arabic("ʔaldʒˈanaːħˌu"), "AE L JH AE N AA HH UW");
        assert_eq!(arabic("mrħbˈaː (en)nˈɔːɹ(ar)"), "M R HH B AA N AO R");
    }
}
