//! Text to comparable words: spelling, digits and endings evened out, the same for what is stored and what is asked.

use crate::event::{Language, in_one_spelling};

/// The shortest Arabic stem that is left when an ending is taken off, letters. Shorter ones mean too many things.
const MIN_ARABIC_STEM: usize = 3;
/// The shortest English stem that is left when an ending is taken off, letters.
const MIN_ENGLISH_STEM: usize = 3;

/// The comparable words of `text`, in order: without case, vowel marks, hamza seats, tatweel, punctuation and
/// grammatical endings, digits as 0–9, letters parted from digits (`B2` is `b`, `2`).
///
/// A word in Latin letters inside an Arabic sentence is treated as English, and the other way round.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    words(text).map(|word| stem(&word)).filter(|token| !token.is_empty()).collect()
}

/// Whether a token of [`tokens`] carries grammar rather than meaning.
pub(crate) fn is_stop_word(token: &str) -> bool {
    STOP_WORDS.contains(&token)
}

/// What is left of an Arabic token without one of the prefixes و ف ب ل ك (and, then, in, to, as), which are written
/// together with the word. Only a dictionary can tell them from letters of the word itself, so the caller must know
/// that the remainder is a word.
pub(crate) fn without_prefix_letter(token: &str) -> Option<&str> {
    let rest = token.strip_prefix(['و', 'ف', 'ب', 'ل', 'ك'])?;
    (rest.chars().count() >= MIN_ARABIC_STEM).then_some(rest)
}

/// Runs of letters or of digits, folded to one spelling.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut digits = false;
    for letter in in_one_spelling(text) {
        let boundary = !letter.is_alphanumeric() || (!word.is_empty() && letter.is_ascii_digit() != digits);
        if boundary && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            digits = letter.is_ascii_digit();
            word.push(letter);
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words.into_iter()
}

fn stem(word: &str) -> String {
    if let Some((_, digit)) = NUMBER_WORDS.iter().find(|(name, _)| *name == word) {
        return (*digit).to_owned();
    }
    if is_stop_word(word) {
        return word.to_owned();
    }
    match Language::of_text(word) {
        Some(Language::ARABIC) => stem_arabic(word).to_owned(),
        Some(_) => stem_english(word),
        None => word.to_owned(),
    }
}

/// The article with its prefixes and the commonest endings, after the "light10" stemmer (Larkey, Ballesteros and
/// Connell, 2007), which leaves roots and patterns alone.
fn stem_arabic(word: &str) -> &str {
    let strip = |rest: Option<&str>| -> Option<usize> {
        rest.filter(|rest| rest.chars().count() >= MIN_ARABIC_STEM).map(str::len)
    };
    let mut stem = word;
    for article in ["وال", "بال", "كال", "فال", "ولل", "ال", "لل"] {
        if let Some(length) = strip(stem.strip_prefix(article)) {
            stem = stem.get(stem.len() - length..).unwrap_or(stem);
            break;
        }
    }
    for ending in ["كم", "نا", "ها", "ات", "ون", "ين", "ان", "يه", "ه", "ي", "ا"] {
        if let Some(length) = strip(stem.strip_suffix(ending)) {
            stem = stem.get(..length).unwrap_or(stem);
            break;
        }
    }
    stem
}

/// Plural, -ing, -ed, a silent -e and doubled consonants: enough to bring `opens`, `opening`, `opened` together, and
/// the two spellings of `programme`. Stricter than Porter's stemmer, so that few different words fall together.
fn stem_english(word: &str) -> String {
    let mut stem = word.to_owned();
    let long_enough = |stem: &str, ending: &str| stem.len() >= ending.len() + MIN_ENGLISH_STEM;
    if stem.ends_with("ies") && long_enough(&stem, "ies") {
        stem.truncate(stem.len() - 3);
        stem.push('y');
    } else if stem.ends_with('s') && !stem.ends_with("ss") && !stem.ends_with("us") && long_enough(&stem, "s") {
        stem.pop();
    }
    for ending in ["ing", "ed"] {
        if stem.ends_with(ending) && long_enough(&stem, ending) {
            stem.truncate(stem.len() - ending.len());
            break;
        }
    }
    if stem.ends_with('e') && long_enough(&stem, "e") {
        stem.pop();
    }
    let mut end = stem.chars().rev();
    if let (Some(last), Some(before)) = (end.next(), end.next())
        && last == before
        && "bdgmnprt".contains(last)
        && long_enough(&stem, "m")
    {
        stem.pop();
    }
    stem
}

/// Numbers that people say as words, and letters of hall names as Arabic writes their English names.
const NUMBER_WORDS: &[(&str, &str)] = &[
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("واحد", "1"),
    ("اثنين", "2"),
    ("اثنان", "2"),
    ("ثلاثه", "3"),
    ("اربعه", "4"),
    ("بي", "b"),
    ("سي", "c"),
];

/// Words of grammar and courtesy, and verbs that fit any subject, in the spelling that [`words`] and [`stem`] leave.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "an", "the", "and", "or", "but", "of", "to", "in", "on", "at", "for", "from", "by", "with", "as", "into",
    "is", "are", "am", "be", "been", "being", "was", "were", "do", "does", "did", "done", "has", "have", "had", "can",
    "could", "may", "might", "will", "would", "should", "shall", "must", "i", "me", "my", "we", "us", "our", "you",
    "your", "it", "its", "he", "she", "they", "them", "this", "that", "these", "those", "there", "here", "please",
    "so", "then", "just", "any", "some", "s", "t", "m", "re", "ll", "ve", "d", "don", "if", "not", "excuse", "okay",
    "ok", "well", "um", "uh", "also", "get", "got", "like", "want", "let", "exactly", "really", "tell", "think",
    "take", "need", "know", "go", "come", "give", "make", "thing", "something", "someth", "anyth", "kind", "mean",
    "في", "من", "الي", "علي", "عن", "مع", "ان", "هل", "هذا", "هذه", "ذلك", "تلك", "هو", "هي", "هم", "انا", "انت",
    "انتم", "نحن", "يا", "لو", "سمحت", "سمحتم", "فضلكم", "فضلك", "ممكن", "يمكن", "يمكنني", "يمكنكم", "استطيع", "اريد",
    "اود", "ارغب", "لي", "لكم", "لك", "لدي", "لديكم", "عندكم", "هنا", "هناك", "يوجد", "توجد", "التي", "الذي", "او",
    "ثم", "قد", "لقد", "كان", "كل", "اي", "ما", "حسنا", "طيب", "الان", "لا",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_the_same_arabic_word_become_one() {
        for (one, other) in [
            ("القاعة", "قاعه"),
            ("أوقاتُ الزِّيارة", "اوقات الزياره"),
            ("إلى", "الي"),
            ("مصـــعد", "المصعد"),
            ("آلة", "الة"),
            ("مسؤول", "مسوول"),
            ("٢٠٢٧", "2027"),
            ("والقاعات", "القاعة"),
            ("للأطفال", "الأطفال"),
        ] {
            assert_eq!(tokens(one), tokens(other), "{one} / {other}");
        }
    }

    #[test]
    fn english_endings_fall_away() {
        for (one, other) in [
            ("opens", "opening"),
            ("programmes", "program"),
            ("Courses", "course"),
            ("stopped", "stop"),
            ("companies", "company"),
            ("café", "Cafe"),
            ("hall B two", "Hall B2"),
        ] {
            assert_eq!(tokens(one), tokens(other), "{one} / {other}");
        }
        assert_ne!(tokens("bus"), tokens("buy"));
    }

    #[test]
    fn punctuation_alone_is_no_word() {
        assert!(tokens("؟ ... !").is_empty());
    }
}
