//! Pronunciations for the words of a grammar, in the phones of the English acoustic model.
//!
//! English comes from the CMU dictionary that the acoustic model brings, of which only the words that are needed are
//! kept (all 134,000 would cost tens of megabytes). That dictionary is American: espeak-ng adds how the words are said
//! in Britain. What is not in it, and all Arabic, also comes from espeak-ng's phonemes.

use std::{
    collections::{BTreeSet, HashMap},
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{Espeak, Vowels, arpabet, numbers, tashkeel::is_vowel_mark};
use crate::{
    cloud::{FailureKind, ProviderError},
    event::Language,
};

/// The pronunciations of each word.
pub(super) type Pronunciations = HashMap<String, BTreeSet<String>>;

/// The words of a phrasing as they are said: numbers spelled out, without punctuation and case.
pub(super) fn words(text: &str, language: Language) -> Vec<String> {
    numbers::spell_out(text, language)
        .iter()
        .flat_map(|spoken| spoken.text.split_whitespace())
        .map(|word| {
            word.chars()
                .filter(|c| c.is_alphanumeric() || *c == '\'' || is_vowel_mark(*c))
                .flat_map(char::to_lowercase)
                .collect::<String>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// The voice that knows how words are said in Britain, whatever voice the receptionist speaks with. By the file's name:
/// espeak-ng's library does not find its "en-gb" by language.
const BRITISH_VOICE: &str = "en-gb-x-rp";

/// Pronounces the words of English sentences, as Americans and as the British do.
pub(super) fn english<'a>(
    sentences: impl Iterator<Item = &'a [String]>,
    dictionary: &Path,
    espeak: &Espeak,
    voice: &str,
) -> Result<Pronunciations, ProviderError> {
    let mut found: Pronunciations = sentences.flatten().map(|word| (word.clone(), BTreeSet::new())).collect();
    match File::open(dictionary) {
        Ok(file) => look_up(BufReader::new(file), &mut found),
        Err(error) => tracing::warn!(
            path = %dictionary.display(), %error,
            "no pronunciation dictionary; every English word gets its sounds from espeak-ng"
        ),
    }
    let missing: Vec<String> =
        found.iter().filter(|(_, phones)| phones.is_empty()).map(|(word, _)| word.clone()).collect();
    if !missing.is_empty() {
        tracing::warn!(words = missing.join(", "), "not in the pronunciation dictionary; sounds from espeak-ng");
        add_spoken(missing, espeak, voice, &mut found)?;
    }
    if let Err(error) = add_spoken(found.keys().cloned().collect(), espeak, BRITISH_VOICE, &mut found) {
        tracing::warn!(%error, "British pronunciations are missing; British visitors are understood less often");
    }
    Ok(found)
}

/// Adds how `voice` says `words`.
fn add_spoken(
    words: Vec<String>,
    espeak: &Espeak,
    voice: &str,
    found: &mut Pronunciations,
) -> Result<(), ProviderError> {
    let phonemes = espeak.phonemes(voice, words.clone())?;
    for (word, phonemes) in words.into_iter().zip(phonemes) {
        let phones = arpabet::english(&phonemes);
        if !phones.is_empty() {
            found.entry(word).or_default().insert(phones);
        }
    }
    Ok(())
}

/// Where the dictionary lies: beside the acoustic model or in the folder above.
pub(super) fn dictionary(acoustic_model: &Path) -> PathBuf {
    let beside = acoustic_model.join("cmudict-en-us.dict");
    match acoustic_model.parent() {
        Some(above) if !beside.exists() => above.join("cmudict-en-us.dict"),
        _ => beside,
    }
}

/// Reads "word PH ON ES" and "word(2) PH ON ES" lines for the words that are asked for.
fn look_up(dictionary: impl BufRead, wanted: &mut Pronunciations) {
    for line in dictionary.lines().map_while(Result::ok) {
        let Some((entry, phones)) = line.split_once(' ') else { continue };
        let word = entry.split_once('(').map_or(entry, |(word, _)| word);
        if let Some(pronunciations) = wanted.get_mut(word) {
            pronunciations.insert(phones.trim().to_owned());
        }
    }
}

/// Why a lexicon is not finished when the program ends.
pub(super) fn broken_off() -> ProviderError {
    ProviderError::new(super::NAME, FailureKind::Unavailable, "the program ends")
}

/// Pronounces the words of Arabic sentences in every form of [`forms`]. Breaks off between two sentences when
/// `is_ending` says so.
pub(super) fn arabic<'a>(
    sentences: impl Iterator<Item = &'a [String]>,
    vowels: &Vowels,
    espeak: &Espeak,
    voice: &str,
    is_ending: &AtomicBool,
) -> Result<Pronunciations, ProviderError> {
    let mut spoken: Vec<(&str, String)> = Vec::new();
    for sentence in sentences {
        if is_ending.load(Ordering::Relaxed) {
            return Err(broken_off());
        }
        let restored = vowels.restore(&sentence.join(" "))?;
        for (word, full) in sentence.iter().zip(restored.split_whitespace()) {
            spoken.extend(forms(word, full).map(|form| (word.as_str(), form)));
        }
    }
    spoken.sort_unstable();
    spoken.dedup();
    let phonemes = espeak.phonemes(voice, spoken.iter().map(|(_, form)| form.clone()).collect())?;
    let mut found = Pronunciations::new();
    for ((word, _), phonemes) in spoken.into_iter().zip(phonemes) {
        let phones = arpabet::arabic(&phonemes);
        if !phones.is_empty() {
            found.entry(word.to_owned()).or_default().insert(phones);
        }
    }
    Ok(found)
}

/// The forms in which a word with the vowels `full` is said: with its case ending; as at a pause, without the last
/// short vowel, taa marbuta as "a"; and `bare`, as it is written, with the vowels that espeak-ng gives common words.
/// Speakers swallow short vowels much as that last form does, and leave out case endings anywhere.
fn forms(bare: &str, full: &str) -> impl Iterator<Item = String> {
    let pausal = full.trim_end_matches(|c| is_vowel_mark(c) && c != SHADDA && c != FATHATAN);
    let open = pausal.strip_suffix(TAA_MARBUTA).map(|stem| {
        let stem = stem.trim_end_matches(is_vowel_mark);
        format!("{stem}{FATHA}")
    });
    let unmarked = bare.chars().filter(|c| !is_vowel_mark(*c)).collect();
    [Some(full.to_owned()), Some(pausal.to_owned()), open, Some(unmarked)].into_iter().flatten()
}

const FATHATAN: char = '\u{064b}';
const FATHA: char = '\u{064e}';
const SHADDA: char = '\u{0651}';
const TAA_MARBUTA: char = 'ة';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_that_are_needed_are_taken_from_the_dictionary() {
        let mut wanted: Pronunciations = [("open".to_owned(), BTreeSet::new())].into();
        look_up(&b"closed K L OW Z D\nopen OW P AH N\nopen(2) OW P EH N\n"[..], &mut wanted);
        assert_eq!(wanted.len(), 1);
        assert_eq!(wanted.get("open").map(BTreeSet::len), Some(2));
    }

    #[test]
    fn an_arabic_word_is_expected_with_and_without_its_ending_and_as_it_is_written() {
        let forms: Vec<String> = forms("دورة", "دَوْرَةِ").collect();
        assert_eq!(forms, ["دَوْرَةِ", "دَوْرَة", "دَوْرَ", "دورة"]);
    }

    #[test]
    fn phrasings_are_reduced_to_what_is_said() {
        assert_eq!(words("Who's open at 9:30?", Language::ENGLISH), ["who's", "open", "at", "nine", "thirty"]);
        assert_eq!(words("متى يفتح الجناح؟", Language::ARABIC), ["متى", "يفتح", "الجناح"]);
    }
}
