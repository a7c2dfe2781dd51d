//! An answer that broke off and is finished by another provider: what it is asked, and how its text is joined to what was
//! said.

use super::{ChatMessage, ChatRequest, Role};

/// The question again, with what was `said` so far and the wish to go on after it.
///
/// The wish is a message of the user's: several servers refuse a history that ends otherwise.
pub(super) fn request(request: &ChatRequest, said: &str) -> ChatRequest {
    let wish = if ends_sentence(said) {
        "[The connection broke off after your last sentence. Go on with the next sentence, in the same language. Repeat \
         nothing and do not mention the break. If nothing important is missing, add only one short closing sentence.]"
    } else {
        "[The connection broke off in the middle of your last sentence. Write the rest of that sentence, beginning with the \
         very next word, then whatever is still missing of the answer, in the same language. Repeat nothing and do not \
         mention the break.]"
    };
    let more = [ChatMessage::new(Role::Assistant, said.trim_end()), ChatMessage::new(Role::User, wish)];
    ChatRequest { messages: request.messages.iter().cloned().chain(more).collect(), ..request.clone() }
}

/// Whether a sentence ends with the last letter of `text`.
pub(super) fn ends_sentence(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(is_closing);
    text.chars().next_back().is_some_and(|last| ".!?؟…۔".contains(last))
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | ')' | ']' | '»' | '”' | '’')
}

/// The bytes of `text` up to its last word, which may not be whole.
pub(super) fn whole_words(text: &str) -> usize {
    let is_within = |c: char| !(c.is_whitespace() || is_closing(c) || ".,;:!?،؛؟…۔—".contains(c));
    text.trim_end_matches(is_within).len()
}

/// A word without its punctuation, to be compared.
fn bare(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where the words of `text` end, bytes, and the words.
fn words(text: &str) -> impl Iterator<Item = (usize, String)> {
    let mut end = 0;
    let words = text.split_inclusive(char::is_whitespace).map(move |word| {
        end += word.len();
        (end, bare(word))
    });
    words.filter(|(_, word)| !word.is_empty())
}

/// Whether all of `text` so far is what was `said` already, from its beginning: more of it has to come before it is known
/// what is new.
pub(super) fn repeats(said: &str, text: &str) -> bool {
    let mut said = words(said);
    // The last word may not be whole.
    let whole = text.get(..whole_words(text)).unwrap_or(text);
    words(whole).all(|(_, word)| said.next().is_some_and(|(_, known)| known == word))
}

/// What is new in `text`, joined to what was `said`: words that repeat its end are left out.
pub(super) fn joined(said: &str, text: &str) -> String {
    let spoken: Vec<String> = words(said).map(|(_, word)| word).collect();
    let given: Vec<(usize, String)> = words(text).collect();
    let repeated = (1..=spoken.len().min(given.len())).rev().find_map(|count| {
        let (_, end) = spoken.split_at_checked(spoken.len() - count)?;
        let (beginning, _) = given.split_at_checked(count)?;
        let is_same = end.iter().zip(beginning).all(|(said, (_, word))| said == word);
        is_same.then(|| beginning.last().map(|(end, _)| *end)).flatten()
    });
    let new = text.get(repeated.unwrap_or_default()..).unwrap_or_default();
    let new = new.trim_start_matches('…').trim_start();
    let needs_blank =
        !said.ends_with(char::is_whitespace) && new.chars().next().is_some_and(|first| !",.;:!?،؛؟…".contains(first));
    if needs_blank { format!(" {new}") } else { new.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "The museum opens at nine. You can walk ";

    #[test]
    fn what_the_next_provider_repeats_is_said_once() {
        for text in [
            "there from the square.",
            " there from the square.",
            "… there from the square.",
            "walk there from the square.",
            "You can walk there from the square.",
            "The museum opens at nine. You can walk there from the square.",
        ] {
            assert_eq!(joined(SAID, text), "there from the square.", "{text}");
        }
        assert_eq!(joined("يفتح المتحف في ", "المتحف في التاسعة."), "التاسعة.");
    }

    #[test]
    fn blanks_and_punctuation_fit() {
        assert_eq!(joined("You can walk", "there."), " there.");
        assert_eq!(joined("You can walk", ", or ride."), ", or ride.");
        assert_eq!(joined("It opens at nine.", "It closes at five."), " It closes at five.");
    }

    #[test]
    fn an_answer_that_begins_anew_is_heard_on_until_it_says_something_new() {
        assert!(repeats(SAID, "The museum opens at nine."));
        assert!(repeats(SAID, "The museum opens at nine. You can walk th"));
        assert!(!repeats(SAID, "The museum opens at nine. You can ride "));
        assert!(!repeats(SAID, "there from the square."));
    }

    #[test]
    fn a_word_that_may_go_on_is_not_whole() {
        assert_eq!(whole_words("You can wa"), "You can ".len());
        assert_eq!(whole_words("You can walk."), "You can walk.".len());
        assert_eq!(whole_words("متى يفت"), "متى ".len());
    }

    #[test]
    fn the_end_of_a_sentence_is_known_in_both_languages() {
        for (text, ends) in [("Yes. ", true), ("(Yes.)", true), ("هل تريد؟", true), ("Yes, ", false), ("", false)]
        {
            assert_eq!(ends_sentence(text), ends, "{text}");
        }
    }
}
