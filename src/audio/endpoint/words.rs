//! What the words of a transcript say about the end of a turn.

use unicode_normalization::UnicodeNormalization as _;

use super::Language;

/// Whether the words so far are a whole sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextVerdict {
    /// A whole question or sentence. Also for a transcript that is word for word a known phrasing.
    Finished,
    /// Something is missing: the last word cannot be the last.
    Unfinished,
    /// It may be either.
    Unclear,
}

/// Words after which an English sentence goes on: articles, possessives, prepositions, conjunctions, auxiliaries
/// that need a verb, fillers. Some can end a question (“where are you from?”); those are in [`MAY_END_A_QUESTION`].
const ENGLISH_OPEN: &str = "a an the my your our their his this these and or but nor because so that if when while \
    although though since unless whether than as of at by for from in into on onto to toward towards with without \
    within about above across after against along among around before behind below beneath beside between beyond \
    during except inside like near off over through throughout under until up upon via is are was were am be been \
    being do does did has have had can could will would shall should may might must i we they he she it's i'm you're \
    we're i'd i'll um uh er erm hmm well also maybe perhaps please very really just some any each every no not which \
    what who whose how where why including regarding concerning per versus let's want need \
    next last first second other another same main new whole only own";

/// Of those, what may be the last word where punctuation says that a question ends there.
const MAY_END_A_QUESTION: &str = "about for from in on to with of at over near inside off through is are do does have \
    can will would not please this these that up before after around along so what who why how where when which it's \
    no was were did need want well really maybe i be been";

/// English beginnings that ask for more although they sound whole: the end of a text without a final mark.
const ENGLISH_LEADS: [&str; 22] = [
    "tell me",
    "show me",
    "ask you",
    "ask something",
    "a question",
    "one question",
    "one more question",
    "know",
    "wondering",
    "wonder",
    "looking",
    "looking for",
    "i think",
    "i mean",
    "you know",
    "let me see",
    "for example",
    "excuse me",
    "the thing is",
    "would like",
    "help me",
    "explain",
];

/// Arabic words after which a sentence goes on, without vowels and with plain alef: prepositions, conjunctions,
/// relative pronouns, question words, fillers.
const ARABIC_OPEN: &str = "من في على عن الى مع بين عند حتى منذ خلال حول نحو ضد بدون دون قبل بعد تحت فوق امام خلف قرب بجانب \
    و او ام ثم لكن ولكن بل لان اذا لو كي لكي ان انه انها انني هل ما ماذا متى اين كيف كم لماذا اي اية هذا هذه ذلك تلك \
    الذي التي الذين اللذين كل بعض غير مثل يعني طيب اه ام امم اريد اود احب ارغب ممكن يمكن يمكنني هو هي هم انا نحن كان كانت \
    قد سوف لم لن لا ليس وهل وما ومتى واين وكيف وكم وعن ومن وفي والى بشان بخصوص لدي عندي حضرتك لو سمحت";

/// Of those, what may be the last word of a question with its mark.
const ARABIC_MAY_END: &str = "ماذا متى اين كيف كم لماذا هذا هذه ذلك تلك بعد قبل لا انا هو هي ممكن حضرتك";

impl TextVerdict {
    /// Judges `text`, the transcript up to the pause.
    #[must_use]
    pub fn of(text: &str, language: Language) -> Self {
        let text = text.trim().trim_end_matches(['"', '”', '»', '\'', ')']);
        if text.is_empty() {
            return Self::Unclear;
        }
        if text.ends_with("...") || text.ends_with(['…', ',', '،', ';', '؛', ':', '-', '–', '—']) {
            return Self::Unfinished;
        }
        let is_question = text.ends_with(['?', '؟']);
        let has_final_mark = is_question || text.ends_with(['.', '!', '。']);
        let words = normalise(text, language);
        let Some(last) = words.last() else { return Self::Unclear };
        let (open, may_end) = match language {
            Language::ARABIC => (ARABIC_OPEN, ARABIC_MAY_END),
            _ => (ENGLISH_OPEN, MAY_END_A_QUESTION),
        };
        let contains = |list: &str| list.split_whitespace().any(|word| word == last);
        if contains(open) {
            // “Where are you from?” is whole; “I come from.” is a recogniser's full stop at a pause.
            return if is_question && contains(may_end) && words.len() > 1 { Self::Finished } else { Self::Unfinished };
        }
        if language == Language::ENGLISH && !is_question {
            let joined = words.join(" ");
            let is_lead = |lead: &&str| joined.ends_with(*lead) && ends_at_word(&joined, lead);
            if ENGLISH_LEADS.iter().any(is_lead) {
                return Self::Unfinished;
            }
        }
        if has_final_mark { Self::Finished } else { Self::Unclear }
    }
}

/// Whether `lead`, with which `text` ends, begins at a word.
fn ends_at_word(text: &str, lead: &str) -> bool {
    text.strip_suffix(lead).is_some_and(|before| before.is_empty() || before.ends_with(' '))
}

/// The words in lower case without punctuation; Arabic without vowels and tatweel, with plain alef.
fn normalise(text: &str, language: Language) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            let letters = word.nfc().filter(|c| c.is_alphanumeric() || *c == '\'' || *c == '’');
            if language == Language::ARABIC {
                letters
                    .map(|c| if matches!(c, 'أ' | 'إ' | 'آ' | 'ٱ') { 'ا' } else { c })
                    .filter(|c| !matches!(c, '\u{064b}'..='\u{0652}' | '\u{0640}' | '\u{0670}'))
                    .collect()
            } else {
                letters.map(|c| if c == '’' { '\'' } else { c }).flat_map(char::to_lowercase).collect()
            }
        })
        .filter(|word: &String| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_questions_and_sentences_are_finished() {
        for text in [
            "What are your opening hours?",
            "Where are you from?",
            "What is this about?",
            "How much does it cost?",
            "Goodbye.",
            "Thank you very much!",
            "Yes, please tell me about the solar hall.",
        ] {
            assert_eq!(TextVerdict::of(text, Language::ENGLISH), TextVerdict::Finished, "{text}");
        }
        for text in ["متى يفتح الجناح؟", "كم سعر البرنامج؟", "شكرًا لكم.", "ما هذا؟"]
        {
            assert_ne!(TextVerdict::of(text, Language::ARABIC), TextVerdict::Unfinished, "{text}");
        }
        assert_eq!(TextVerdict::of("متى يفتح الجناح؟", Language::ARABIC), TextVerdict::Finished);
    }

    #[test]
    fn what_ends_in_a_word_that_needs_another_is_unfinished_even_with_a_full_stop() {
        for text in [
            "I would like to know about the.",
            "What is the price of the",
            "Can you tell me",
            "I have a question,",
            "So, um",
            "I am looking for…",
            "We came because",
        ] {
            assert_eq!(TextVerdict::of(text, Language::ENGLISH), TextVerdict::Unfinished, "{text}");
        }
        for text in ["أريد أن أسأل عن", "هل يمكنني أن", "أنا أبحث عن…", "جئت مع", "الْبَرْنَامَج الَّذِي", "مرحبا،"]
        {
            assert_eq!(TextVerdict::of(text, Language::ARABIC), TextVerdict::Unfinished, "{text}");
        }
    }

    #[test]
    fn words_without_a_mark_leave_the_decision_to_the_voice() {
        assert_eq!(TextVerdict::of("the opening hours on friday", Language::ENGLISH), TextVerdict::Unclear);
        assert_eq!(TextVerdict::of("", Language::ENGLISH), TextVerdict::Unclear);
    }
}
