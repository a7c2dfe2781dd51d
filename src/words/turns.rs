//! What words mean for whose turn it is, from `assets/turns/<code>.toml`: one file a language.
//!
//! Pure lists and comparisons: whether a sentence is still open, whether somebody only says that they are listening,
//! wants silence, answers yes or no, or gives digits; and what the kiosk itself has just asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::event::{Language, in_one_spelling};

/// A file of turn words that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TurnWordsError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}; `paths.assets` must name the folder that holds `turns/`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what such a file must be.
    #[error("{path} is no list of turn words: {message}; assets/turns/en.toml shows all lists")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's words, with line and column.
        message: String,
    },
    /// The threshold is no probability.
    #[error("{path}: `finished_threshold` is {found}; it must lie between 0 and 1")]
    Threshold {
        /// The file.
        path: PathBuf,
        /// What was found.
        found: f32,
    },
}

/// What the kiosk's last sentence asked for: it decides how patiently the answer is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expecting {
    /// Nothing in particular.
    #[default]
    Anything,
    /// Yes or no.
    YesNo,
    /// A number, digit by digit.
    Digits,
}

/// What speech over the kiosk's own voice turns out to be by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overheard {
    /// No words.
    Nothing,
    /// The kiosk's own voice.
    OwnVoice,
    /// The visitor listens, and says so.
    Backchannel,
    /// The visitor wants silence, and nothing else.
    Stop,
    /// The visitor has something to say.
    Words,
}

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    finished_threshold: f32,
    open_words: String,
    may_end_a_question: String,
    leads: Vec<String>,
    backchannels: Vec<String>,
    stop_phrases: Vec<String>,
    courtesies: Vec<String>,
    yes_no_answers: Vec<String>,
    yes_no_leads: Vec<String>,
    question_words: String,
    digits_asked: Vec<String>,
    requests: Vec<String>,
    digits: String,
    tens: String,
    doubles: String,
    triples: String,
}

/// Phrases as lists of words, the longest first.
type Phrases = Vec<Vec<String>>;

/// The lists of one language.
#[derive(Debug, Clone, PartialEq)]
pub struct LanguageTurns {
    /// Probability of the end-of-turn model from which the voice counts as finished.
    pub finished_threshold: f32,
    open: BTreeSet<String>,
    may_end_a_question: BTreeSet<String>,
    leads: Phrases,
    backchannels: Phrases,
    stops: Phrases,
    courtesies: Phrases,
    yes_no_answers: Phrases,
    yes_no_leads: Phrases,
    question_words: BTreeSet<String>,
    digits_asked: Phrases,
    requests: Phrases,
    digits: BTreeSet<String>,
    tens: BTreeSet<String>,
    doubles: BTreeSet<String>,
    triples: BTreeSet<String>,
}

impl From<File> for LanguageTurns {
    fn from(file: File) -> Self {
        let set = |list: &str| words_of(list).into_iter().collect();
        let phrases = |list: &[String]| {
            let mut phrases: Phrases = list.iter().map(|phrase| words_of(phrase)).filter(|p| !p.is_empty()).collect();
            phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.len()));
            phrases
        };
        Self {
            finished_threshold: file.finished_threshold,
            open: set(&file.open_words),
            may_end_a_question: set(&file.may_end_a_question),
            leads: phrases(&file.leads),
            backchannels: phrases(&file.backchannels),
            stops: phrases(&file.stop_phrases),
            courtesies: phrases(&file.courtesies),
            yes_no_answers: phrases(&file.yes_no_answers),
            yes_no_leads: phrases(&file.yes_no_leads),
            question_words: set(&file.question_words),
            digits_asked: phrases(&file.digits_asked),
            requests: phrases(&file.requests),
            digits: set(&file.digits),
            tens: set(&file.tens),
            doubles: set(&file.doubles),
            triples: set(&file.triples),
        }
    }
}

/// The turn words of all languages.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TurnWords {
    by_language: BTreeMap<Language, LanguageTurns>,
}

impl TurnWords {
    /// Reads `<assets>/turns/<code>.toml` for each language.
    ///
    /// # Errors
    /// A file that is missing or is not what such a file must be.
    pub fn load(assets: &Path) -> Result<Self, TurnWordsError> {
        let mut by_language = BTreeMap::new();
        for language in super::languages(assets) {
            let path = assets.join("turns").join(format!("{language}.toml"));
            let text = std::fs::read_to_string(&path)
                .map_err(|source| TurnWordsError::Unreadable { path: path.clone(), source })?;
            let file: File = toml::from_str(&text)
                .map_err(|error| TurnWordsError::Malformed { path: path.clone(), message: error.to_string() })?;
            if !(0.0..=1.0).contains(&file.finished_threshold) {
                return Err(TurnWordsError::Threshold { path, found: file.finished_threshold });
            }
            by_language.insert(language, file.into());
        }
        Ok(Self { by_language })
    }

    /// The languages that have lists.
    pub fn languages(&self) -> impl Iterator<Item = Language> {
        self.by_language.keys().copied()
    }

    /// The lists of a language.
    #[must_use]
    pub fn of(&self, language: Language) -> Option<&LanguageTurns> {
        self.by_language.get(&language)
    }

    /// What `said` is, heard while the kiosk was saying `own` (the words around where it was paused).
    ///
    /// All languages' lists count: a visitor who says "okay" in an Arabic conversation listens as well.
    #[must_use]
    pub fn overheard(&self, said: &str, own: &str) -> Overheard {
        let said = words_of(said);
        if said.is_empty() {
            return Overheard::Nothing;
        }
        let all = |lists: &[fn(&LanguageTurns) -> &Phrases]| {
            let phrases: Vec<&Vec<String>> = self
                .by_language
                .values()
                .flat_map(|turns| lists.iter().flat_map(move |list| list(turns).iter()))
                .collect();
            is_made_of(&said, &phrases)
        };
        let has_stop = self.by_language.values().any(|turns| turns.stops.iter().any(|stop| contains(&said, stop)));
        if has_stop && all(&[|turns| &turns.stops, |turns| &turns.courtesies, |turns| &turns.backchannels]) {
            Overheard::Stop
        } else if all(&[|turns| &turns.backchannels]) {
            Overheard::Backchannel
        } else if is_piece_of(&said, &words_of(own)) {
            Overheard::OwnVoice
        } else {
            Overheard::Words
        }
    }

    /// Whether `said` is a short answer to a question that asks for yes or no.
    #[must_use]
    pub fn is_yes_or_no(&self, said: &str) -> bool {
        let said = words_of(said);
        let answers: Vec<&Vec<String>> =
            self.by_language.values().flat_map(|turns| turns.yes_no_answers.iter()).collect();
        !said.is_empty() && is_made_of(&said, &answers)
    }

    /// How many digits `said` spells, in figures or in words of any language.
    #[must_use]
    pub fn digits_in(&self, said: &str) -> usize {
        let words = words_of(said);
        let is = |word: &String, list: fn(&LanguageTurns) -> &BTreeSet<String>| {
            self.by_language.values().any(|turns| list(turns).contains(word))
        };
        let mut times = 1;
        let mut count = 0;
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            let figures = word.chars().filter(char::is_ascii_digit).count();
            if figures > 0 {
                count += figures;
            } else if is(word, |turns| &turns.doubles) {
                times = 2;
                continue;
            } else if is(word, |turns| &turns.triples) {
                times = 3;
                continue;
            } else if is(word, |turns| &turns.tens) {
                // "fifty five" is two digits, and so is "fifty".
                count += 2;
                words.next_if(|next| is(next, |turns| &turns.digits));
            } else if is(word, |turns| &turns.digits) {
                count += times;
            }
            times = 1;
        }
        count
    }

    /// What the kiosk's sentences `said` ask for at their end.
    #[must_use]
    pub fn asked_for(&self, said: &str, language: Language) -> Expecting {
        let Some(turns) = self.of(language) else { return Expecting::Anything };
        let said = said.trim();
        let is_question = said.ends_with(['?', '؟']);
        let last = said.trim_end_matches(['.', '?', '!', '؟', ' ', '…']);
        let sentence = last.rsplit(['.', '?', '!', '؟', '\n', ':']).next().unwrap_or(last);
        let words = words_of(sentence);
        let has = |phrases: &Phrases| phrases.iter().any(|phrase| contains(&words, phrase));
        if has(&turns.digits_asked) && (is_question || has(&turns.requests)) && !self.is_offer(&words, turns) {
            return Expecting::Digits;
        }
        if !is_question {
            return Expecting::Anything;
        }
        // "Would you like to book, or shall I show you the way?" can be answered with yes as well; one that asks what,
        // when or how cannot.
        let clause = sentence.rsplit([',', '،', ';', '؛']).next().map(words_of).unwrap_or_default();
        let begins = |words: &[String]| turns.yes_no_leads.iter().any(|lead| words.starts_with(lead));
        let asks_more = words.first().is_some_and(|first| turns.question_words.contains(first))
            || clause.first().is_some_and(|first| turns.question_words.contains(first));
        if (begins(&words) || begins(&clause)) && !asks_more { Expecting::YesNo } else { Expecting::Anything }
    }

    /// "Would you like our phone number?" offers digits, it does not ask for them.
    fn is_offer(&self, words: &[String], turns: &LanguageTurns) -> bool {
        turns.yes_no_leads.iter().any(|lead| words.starts_with(lead))
            && !turns.requests.iter().any(|request| words.starts_with(request))
    }
}

impl LanguageTurns {
    /// Whether a sentence that ends in `word` goes on.
    #[must_use]
    pub fn leaves_open(&self, word: &str) -> bool {
        self.open.contains(word)
    }

    /// Whether `word`, although it leaves a sentence open, can end a question.
    #[must_use]
    pub fn may_end_a_question(&self, word: &str) -> bool {
        self.may_end_a_question.contains(word)
    }

    /// Whether `words` end in a phrase that asks for more.
    #[must_use]
    pub fn ends_in_a_lead(&self, words: &[String]) -> bool {
        self.leads.iter().any(|lead| words.ends_with(lead))
    }
}

/// The words of a text, in one spelling: lower case, without marks and punctuation, one form of each Arabic letter.
#[must_use]
pub fn words_of(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—'))
        .map(|word| in_one_spelling(word).filter(|c| c.is_alphanumeric() || *c == '\'').collect::<String>())
        .map(|word| word.trim_matches('\'').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether `phrase` occurs in `words`.
fn contains(words: &[String], phrase: &[String]) -> bool {
    !phrase.is_empty() && words.windows(phrase.len()).any(|window| window == phrase)
}

/// Whether `words` are nothing but these phrases, one after the other.
fn is_made_of(words: &[String], phrases: &[&Vec<String>]) -> bool {
    // Which beginnings of the words are made of whole phrases.
    let mut reached = vec![false; words.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for start in 0..words.len() {
        if !reached.get(start).copied().unwrap_or(false) {
            continue;
        }
        let rest = words.get(start..).unwrap_or_default();
        for phrase in phrases.iter().filter(|phrase| rest.starts_with(phrase)) {
            if let Some(end) = reached.get_mut(start + phrase.len()) {
                *end = true;
            }
        }
    }
    reached.last().copied().unwrap_or(false)
}

/// So much of what is heard must be found in the kiosk's own words, in their order, for it to be its own voice.
const OWN_SHARE: f32 = 0.75;

/// Whether `said` is a piece of `own`, a word misheard here and there.
///
/// One word alone counts only where it is long: a visitor who asks back "Friday?" repeats it, an echo of a single short
/// word says too little.
fn is_piece_of(said: &[String], own: &[String]) -> bool {
    if said.len() < 2 || own.is_empty() {
        return false;
    }
    // Within a window of the own words as long as what was said, and a word or two more for what was not understood.
    let window = (said.len() + 1 + said.len() / 3).min(own.len());
    let best = own.windows(window).map(|own| longest_common(said, own)).max().unwrap_or(0);
    best >= 2 && best as f32 >= OWN_SHARE * said.len() as f32
}

/// The length of the longest common subsequence.
fn longest_common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        let mut left = 0;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            *cell = if x == y { diagonal + 1 } else { above.max(left) };
            diagonal = above;
            left = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn turns() -> TurnWords {
        TurnWords::load(Path::new("assets")).unwrap()
    }

    #[test]
    fn listening_noises_are_told_from_wishes_for_silence_and_from_questions_in_both_languages() {
        let turns = turns();
        let of = |said: &str| turns.overheard(said, "");
        for said in ["Mhm.", "Yes, yes.", "Okay, right.", "uh-huh", "نعم", "اه", "آه، طيب", "تمام.", "I see", "أيوه"]
        {
            assert_eq!(of(said), Overheard::Backchannel, "{said}");
        }
        for said in ["Stop!", "Wait, please.", "قف", "لحظة", "لحظة من فضلك", "توقّف", "Okay, stop.", "hold on"]
        {
            assert_eq!(of(said), Overheard::Stop, "{said}");
        }
        for said in ["Wait, what about Friday?", "Yes, but where is it?", "لحظة، أين المصلى؟", "No.", "Friday"]
        {
            assert_eq!(of(said), Overheard::Words, "{said}");
        }
        assert_eq!(of(" … "), Overheard::Nothing);
    }

    #[test]
    fn a_piece_of_the_kiosks_own_words_is_its_own_voice_and_a_question_about_them_is_not() {
        let turns = turns();
        let own = "The pavilion is open every day from nine in the morning until ten in the evening";
        for said in ["open every day from nine", "nine in the warning until ten", "the pavilion is"] {
            assert_eq!(turns.overheard(said, own), Overheard::OwnVoice, "{said}");
        }
        for said in ["What about Friday?", "every", "And on Friday in the morning, is it open?", "until when exactly"] {
            assert_eq!(turns.overheard(said, own), Overheard::Words, "{said}");
        }
        let own = "الجناح مفتوح كل يوم من التاسعة صباحًا";
        assert_eq!(turns.overheard("مفتوح كل يوم", own), Overheard::OwnVoice);
        assert_eq!(turns.overheard("ويوم الجمعة؟", own), Overheard::Words);
    }

    #[test]
    fn what_the_kiosk_asks_for_is_known_from_its_last_sentence() {
        let turns = turns();
        let of = |said: &str, language| turns.asked_for(said, language);
        for said in ["Would you like me to book it?", "It is on Monday at ten. Is that right?", "Shall I go on?"] {
            assert_eq!(of(said, Language::ENGLISH), Expecting::YesNo, "{said}");
        }
        for said in ["What is your phone number?", "Please tell me your mobile number, digit by digit."] {
            assert_eq!(of(said, Language::ENGLISH), Expecting::Digits, "{said}");
        }
        for said in [
            "What would you like to know?",
            "We open at nine.",
            "Our phone number is on the board.",
            "Would you like the phone number of the school?",
            "",
        ] {
            assert_ne!(of(said, Language::ENGLISH), Expecting::Digits, "{said}");
        }
        assert_eq!(of("What would you like to know?", Language::ENGLISH), Expecting::Anything);
        assert_eq!(of("هل تريد أن أحجز لك موعدًا؟", Language::ARABIC), Expecting::YesNo);
        assert_eq!(of("ما رقم هاتفك؟", Language::ARABIC), Expecting::Digits);
        assert_eq!(of("قل لي رقم جوالك من فضلك.", Language::ARABIC), Expecting::Digits);
        assert_eq!(of("متى تريد أن تأتي؟", Language::ARABIC), Expecting::Anything);
    }

    #[test]
    fn digits_are_counted_in_figures_and_in_words() {
        let turns = turns();
        for (said, digits) in [
            ("zero five five, one two three", 6),
            ("055 123 4567", 10),
            ("double five, triple seven", 5),
            ("fifty five, twelve", 4),
            ("صفر خمسة خمسة واحد", 4),
            ("٠٥٥١٢٣٤٥٦٧", 10),
            ("I do not know", 0),
        ] {
            assert_eq!(turns.digits_in(said), digits, "{said}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let error = TurnWords::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("en.toml") && error.contains("paths.assets"), "{error}");
        std::fs::create_dir(folder.path().join("turns")).unwrap();
        std::fs::write(folder.path().join("turns/en.toml"), "open_words = 3").unwrap();
        let error = TurnWords::load(folder.path()).unwrap_err().to_string();
        assert!(error.contains("en.toml") && error.contains("open_words"), "{error}");
    }
}
