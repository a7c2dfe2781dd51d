//! Cuts a growing answer into clauses to be synthesised, as early as possible.
//!
//! The first clause ends at the first comma after three words, so that the kiosk begins to speak; later ones are
//! sentences, because a voice sounds better the more it knows of a sentence.

use std::ops::Range;

/// Words a clause must have to end at a comma, when it is the first one.
const FIRST_CLAUSE_WORDS: usize = 3;
/// Words from which any clause ends at a comma.
const LONG_CLAUSE_WORDS: usize = 18;
/// Bytes from which a clause without punctuation ends at a blank: about twenty seconds of speech.
const MAX_CLAUSE_BYTES: usize = 400;

/// Abbreviations that never end a sentence, lower case, without their last dot.
const NEVER_LAST: &[&str] = &[
    "e.g", "i.e", "dr", "mr", "mrs", "ms", "prof", "st", "vs", "no", "approx", "fig", "ext", "tel", "eng", "cf", "www",
];
/// Abbreviations that may end a sentence: they do where a capital follows.
const MAYBE_LAST: &[&str] = &["a.m", "p.m", "etc", "inc", "ltd", "co", "corp", "jr", "sr", "u.s", "u.k", "u.a.e"];

/// A piece of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Its text, with the blanks before it. Holds at least one letter or digit.
    pub text: String,
    /// Where it lies in the whole answer, bytes. Clauses follow each other without a gap.
    pub bytes: Range<usize>,
}

/// Fed with pieces of an answer, gives its clauses.
#[derive(Debug, Default)]
pub struct ClauseSplitter {
    /// What is not part of a clause yet.
    rest: String,
    /// Where `rest` begins in the answer.
    offset: usize,
    /// How far `rest` has been looked at, bytes.
    scanned: usize,
    has_first: bool,
}

/// What a character means for the clause.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// The clause goes on.
    GoesOn,
    /// It ends after this character.
    Ends,
    /// The next character decides.
    Unclear,
}

impl ClauseSplitter {
    /// Takes in more text; gives the clauses that it completes.
    pub fn push(&mut self, delta: &str) -> Vec<Clause> {
        self.rest.push_str(delta);
        let mut clauses = Vec::new();
        while let Some(mark) = self.rest.get(self.scanned..).and_then(|rest| rest.chars().next()) {
            let at = self.scanned;
            match self.verdict(at, mark) {
                Verdict::Unclear => break,
                Verdict::GoesOn => self.scanned += mark.len_utf8(),
                Verdict::Ends => {
                    let tail = self.rest.get(at + mark.len_utf8()..).unwrap_or_default();
                    let closing: usize = tail.chars().take_while(|c| is_closing(*c)).map(char::len_utf8).sum();
                    clauses.extend(self.take(at + mark.len_utf8() + closing));
                }
            }
        }
        clauses
    }

    /// Ends the present clause here: what follows is said later, or in another voice.
    pub fn cut(&mut self) -> Option<Clause> {
        if has_words(&self.rest) { self.take(self.rest.len()) } else { None }
    }

    /// The last clause. An end without a letter or digit (blanks, a stray quotation mark) is nobody's.
    pub fn finish(&mut self) -> Option<Clause> {
        let clause = self.cut();
        *self = Self::default();
        clause
    }

    fn take(&mut self, length: usize) -> Option<Clause> {
        let tail = self.rest.split_off(length);
        let text = std::mem::replace(&mut self.rest, tail);
        let bytes = self.offset..self.offset + length;
        self.offset = bytes.end;
        self.scanned = 0;
        self.has_first = true;
        Some(Clause { text, bytes })
    }

    /// Whether the clause ends with `mark`, which lies at byte `at` of `rest`.
    fn verdict(&self, at: usize, mark: char) -> Verdict {
        let before = self.rest.get(..at).unwrap_or_default();
        if !has_words(before) {
            return Verdict::GoesOn;
        }
        let after = self.rest.get(at + mark.len_utf8()..).unwrap_or_default();
        match mark {
            '.' => dot(before, after),
            '!' | '?' | '؟' | '…' | '۔' => within_word(before, after, Verdict::Ends),
            '\n' => Verdict::Ends,
            ',' | ';' | ':' | '،' | '؛' | '—' => {
                let enough = if self.has_first { LONG_CLAUSE_WORDS } else { FIRST_CLAUSE_WORDS };
                if count_words(before) < enough { Verdict::GoesOn } else { soft(before, after) }
            }
            _ if mark.is_whitespace() && before.len() >= MAX_CLAUSE_BYTES => Verdict::Ends,
            _ => Verdict::GoesOn,
        }
    }
}

/// A comma and its like: not within a number (1,200; 9:30), a word or an address.
fn soft(before: &str, after: &str) -> Verdict {
    let follows_digit = before.chars().next_back().is_some_and(char::is_numeric);
    match after.chars().next() {
        None if follows_digit => Verdict::Unclear,
        Some(next) if follows_digit && next.is_numeric() => Verdict::GoesOn,
        _ if last_word(before).eq_ignore_ascii_case("http") || last_word(before).eq_ignore_ascii_case("https") => {
            Verdict::GoesOn
        }
        _ => within_word(before, after, Verdict::Ends),
    }
}

/// `verdict`, unless the mark stands within an address, or within a word for all that is known.
fn within_word(before: &str, after: &str, verdict: Verdict) -> Verdict {
    match after.chars().next() {
        Some(next) if is_address(last_word(before)) && !next.is_whitespace() => Verdict::GoesOn,
        None if is_address(last_word(before)) => Verdict::Unclear,
        _ => verdict,
    }
}

/// A dot: the end of a sentence, or part of a number, an abbreviation, an initial or an address.
fn dot(before: &str, after: &str) -> Verdict {
    let word = last_word(before);
    let lower = word.to_lowercase();
    let next = after.chars().next();
    if next.is_some_and(|next| next.is_alphanumeric() || matches!(next, ',' | ';' | ':' | '،' | '؛' | '/' | '@')) {
        return Verdict::GoesOn;
    }
    if NEVER_LAST.contains(&lower.as_str()) {
        return Verdict::GoesOn;
    }
    if MAYBE_LAST.contains(&lower.as_str()) {
        return match after.chars().find(|c| !c.is_whitespace()) {
            None if after.contains('\n') => Verdict::Ends,
            None => Verdict::Unclear,
            Some(next) if next.is_lowercase() || next.is_numeric() => Verdict::GoesOn,
            Some(_) => Verdict::Ends,
        };
    }
    let mut letters = word.chars();
    let (first, is_single) = (letters.next(), letters.next().is_none());
    let is_number = first.is_some() && word.chars().all(char::is_numeric);
    match next {
        // "1." at the start of a line counts what follows.
        Some(_) if is_number && count_words(before) == 1 => Verdict::GoesOn,
        // An initial: "J. Smith", "د. سارة".
        Some(_) if is_single && first.is_some_and(|letter| letter.is_alphabetic() && letter != 'I') => Verdict::GoesOn,
        Some(_) => Verdict::Ends,
        None => {
            let is_open = is_single || before.chars().next_back().is_some_and(char::is_numeric) || is_address(word);
            // Between the letters of an abbreviation: "a" of "a.m.", "U.A" of "U.A.E.".
            if is_open || word.contains('.') { Verdict::Unclear } else { Verdict::Ends }
        }
    }
}

/// The word at the end of `text`, without quotation marks and brackets before it.
fn last_word(text: &str) -> &str {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.trim_start_matches(|c: char| !c.is_alphanumeric())
}

fn is_address(word: &str) -> bool {
    word.contains("://") || word.contains('@') || word.starts_with("www.")
}

fn is_closing(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '؟' | '…' | '"' | '”' | '’' | '\'' | '»' | ')' | ']')
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().filter(|word| has_words(word)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The clauses of `tokens`, each with the number of tokens that had come when it did.
    fn timed(tokens: &[&str]) -> Vec<(String, usize)> {
        let mut splitter = ClauseSplitter::default();
        let mut clauses = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            clauses.extend(splitter.push(token).into_iter().map(|clause| (clause.text, index + 1)));
        }
        clauses.extend(splitter.finish().map(|clause| (clause.text, tokens.len() + 1)));
        clauses
    }

    fn split(text: &str) -> Vec<String> {
        let tokens: Vec<String> = text.split_inclusive(' ').map(str::to_owned).collect();
        timed(&tokens.iter().map(String::as_str).collect::<Vec<_>>()).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn a_sentence_ends_with_the_token_of_its_punctuation() {
        let clauses = timed(&["The", " museum", " opens", " at", " nine", ".", " You", " can", " walk", "!", " Yes"]);
        let expected = [("The museum opens at nine.", 6), (" You can walk!", 10), (" Yes", 12)];
        assert_eq!(clauses, expected.map(|(text, token)| (text.to_owned(), token)));
    }

    #[test]
    fn only_the_first_clause_ends_at_a_comma() {
        assert_eq!(
            split("We open at nine, every day, and close late. On Friday we open at two, after prayers."),
            ["We open at nine,", " every day, and close late.", " On Friday we open at two, after prayers."]
        );
        assert_eq!(split("Yes, of course, we do."), ["Yes, of course,", " we do."], "one word is too little");
        assert_eq!(
            split("مرحبًا بكم في الجناح، كيف أساعدكم؟ نفتح من التاسعة."),
            ["مرحبًا بكم في الجناح،", " كيف أساعدكم؟", " نفتح من التاسعة."]
        );
    }

    #[test]
    fn a_long_sentence_ends_at_a_comma_too() {
        let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
                    seventeen eighteen, and so on.";
        let split = split(&format!("Well then. {long}"));
        assert_eq!(split.len(), 3, "{split:?}");
    }

    #[test]
    fn numbers_abbreviations_and_addresses_stay_whole() {
        for whole in [
            "Doors open at 9:30 and the fee is 1,200.50 riyals.",
            "Ask Dr. Sara about it.",
            "We open at 9 a.m. and close at 5 p.m.",
            "Bring a card, e.g. a passport.",
            "See https://noor.example/a,b?x=1. It is short.",
            "Write to info@noor.example for more.",
            "J. Smith will be there.",
            "اسأل د. سارة عن ذلك.",
            "1. Go straight to the end",
            "السعر ١٬٢٠٠ ريال الساعة ٩:٣٠ صباحًا.",
        ] {
            let clauses = split(whole);
            for piece in [
                "9:30",
                "1,200.50",
                "Dr. Sara",
                "a.m. and",
                "e.g. a",
                "noor.example",
                "J. Smith",
                "د. سارة",
                "1. Go",
                "٩:٣٠",
            ] {
                let is_there = !whole.contains(piece) || clauses.iter().any(|clause| clause.contains(piece));
                assert!(is_there, "{piece} was cut: {clauses:?}");
            }
        }
    }

    #[test]
    fn a_number_that_comes_in_tokens_is_waited_for_by_one_token() {
        let clauses =
            timed(&["It", " starts", " at", " 9", ":", "30", " sharp", ".", " The", " year", " 2020", ".", " Then"]);
        let expected = [("It starts at 9:30 sharp.", 8), (" The year 2020.", 13), (" Then", 14)];
        assert_eq!(clauses, expected.map(|(text, token)| (text.to_owned(), token)));
    }

    #[test]
    fn an_abbreviation_ends_a_sentence_where_a_capital_follows() {
        assert_eq!(split("We close at 5 p.m. The café stays open."), ["We close at 5 p.m.", " The café stays open."]);
    }

    proptest! {
        #[test]
        fn clauses_joined_are_the_text(
            tokens in proptest::collection::vec(
                "[a-zA-Z ]{0,6}|[.,:;!?\u{61f}\u{60c}\u{61b}\u{2014}\u{2026}\n\"()]{1,2}|[0-9]{1,3}|[\u{0621}-\u{064a} ]{1,5}",
                0..60,
            ),
        ) {
            let text = tokens.concat();
            let mut splitter = ClauseSplitter::default();
            let mut clauses: Vec<Clause> = tokens.iter().flat_map(|token| splitter.push(token)).collect();
            clauses.extend(splitter.finish());
            let mut end = 0;
            for clause in &clauses {
                prop_assert_eq!(clause.bytes.start, end);
                prop_assert_eq!(text.get(clause.bytes.clone()), Some(clause.text.as_str()));
                prop_assert!(has_words(&clause.text));
                end = clause.bytes.end;
            }
            prop_assert!(!has_words(text.get(end..).unwrap_or_default()), "only marks may be left over");
        }
    }
}
