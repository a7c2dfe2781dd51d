//! Writes numbers out as words, since espeak-ng reads "9:30" and "SAR 1,200" in ways that nobody says.
//!
//! In: a clause as it is written. Out: the words to say, each with the bytes of the text that it stands for.

mod arabic;
mod english;
mod parse;

use std::ops::Range;

use crate::event::Language;

/// What is said for a stretch of the text: one word, or several that stand for one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spoken {
    /// What to say, with the punctuation that shapes the voice.
    pub(super) text: String,
    /// The bytes of the written text that this stands for.
    pub(super) source: Range<usize>,
}

/// An amount: the whole part, and the digits after the decimal point as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Amount {
    whole: u64,
    fraction: String,
}

/// The half of the day that a clock time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DayHalf {
    Morning,
    Evening,
}

/// A currency that is written as a sign or code. Spelled-out currencies are ordinary words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Currency {
    Riyal,
    Dollar,
    Euro,
    Pound,
}

/// What a stretch of text is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Word(String),
    Count(Amount),
    Ordinal(u64),
    Year(u64),
    Clock {
        hour: u64,
        minute: u64,
        half: Option<DayHalf>,
    },
    Money(Amount, Currency),
    Percent(Amount),
    /// A telephone number: digits and a leading plus.
    Digits(String),
    Span(Box<Item>, Box<Item>),
}

/// An [`Item`] where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    item: Item,
    source: Range<usize>,
    before: String,
    after: String,
}

/// The words of `text` as they are said in `language`.
pub(super) fn spell_out(text: &str, language: Language) -> Vec<Spoken> {
    let items = parse::items(text, language);
    let mut spoken = Vec::with_capacity(items.len());
    for (index, placed) in items.iter().enumerate() {
        let next = match items.get(index + 1).map(|next| &next.item) {
            Some(Item::Word(word)) if placed.after.is_empty() => Some(word.as_str()),
            _ => None,
        };
        let words = match language {
            Language::ARABIC => arabic::say(&placed.item, next),
            Language::ENGLISH => english::say(&placed.item),
            // espeak-ng reads the numbers of its other languages itself.
            _ => {
                let own = text.get(placed.source.clone()).unwrap_or_default();
                spoken.push(Spoken { text: own.to_owned(), source: placed.source.clone() });
                continue;
            }
        };
        spoken
            .push(Spoken { text: format!("{}{words}{}", placed.before, placed.after), source: placed.source.clone() });
    }
    spoken
}

/// `text` with its telephone numbers as words, digit by digit, for a service's voice: it reads times and amounts well, but a
/// telephone number as millions. Everything else stays as it is written.
pub(in crate::speech) fn telephone_numbers_spelled(text: &str, language: Language) -> String {
    let mut spelled = String::with_capacity(text.len());
    let mut from = 0;
    for placed in parse::items(text, language) {
        if !matches!(placed.item, Item::Digits(_)) {
            continue;
        }
        let words = match (language, &placed.item) {
            (Language::ARABIC, item) => {
                // Its vowel marks are for espeak-ng.
                let words = arabic::say(item, None);
                words.chars().filter(|c| !('\u{064b}'..='\u{0652}').contains(c)).collect()
            }
            (Language::ENGLISH, item) => english::say(item),
            (_, Item::Digits(digits)) => parse::spaced(digits),
            _ => continue,
        };
        spelled.push_str(text.get(from..placed.source.start).unwrap_or_default());
        spelled.push_str(&placed.before);
        spelled.push_str(&words);
        spelled.push_str(&placed.after);
        from = placed.source.end;
    }
    spelled.push_str(text.get(from..).unwrap_or_default());
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, language: Language) -> String {
        let words: Vec<String> = spell_out(text, language).into_iter().map(|spoken| spoken.text).collect();
        words.join(" ")
    }

    fn english(text: &str) -> String {
        said(text, Language::ENGLISH)
    }

    /// Without vowel marks, so that the expectations can be read.
    fn arabic(text: &str) -> String {
        said(text, Language::ARABIC).chars().filter(|c| !('\u{064b}'..='\u{0652}').contains(c)).collect()
    }

    #[test]
    fn english_clock_times_are_said_as_people_say_them() {
        assert_eq!(english("from 9:00 am to 5:30 p.m."), "from nine A M to five thirty P M.");
        assert_eq!(english("at 21:05,"), "at nine oh five P M,");
        assert_eq!(english("9:00–17:00"), "nine o'clock to five P M");
        assert_eq!(english("open 9am"), "open nine A M");
    }

    #[test]
    fn english_prices_percentages_and_counts_are_spelled_out() {
        assert_eq!(english("SAR 1,200"), "one thousand two hundred riyals");
        assert_eq!(english("1 SAR"), "one riyal");
        assert_eq!(english("$2.5"), "two point five dollars");
        assert_eq!(english("up to 35%."), "up to thirty five percent.");
        assert_eq!(english("the 21st of 40"), "the twenty first of forty");
        assert_eq!(english("1,950 people in 1950"), "one thousand nine hundred fifty people in nineteen fifty");
        assert_eq!(english("in 2026 and 2005"), "in twenty twenty six and two thousand five");
    }

    #[test]
    fn telephone_numbers_are_said_digit_by_digit() {
        assert_eq!(english("call +966 11 204"), "call plus nine six six, one one, two zero four");
        assert_eq!(english("920001234"), "nine two zero zero zero one two three four");
        assert_eq!(arabic("٩٢٠٠ ٠١٢٣٤"), "تسعة اثنان صفر صفر، صفر واحد اثنان ثلاثة أربعة");
    }

    #[test]
    fn arabic_clock_times_are_ordinal_hours() {
        assert_eq!(arabic("من 9:00 صباحًا"), "من التاسعة صباحا");
        assert_eq!(arabic("الساعة ٩:٣٠."), "الساعة التاسعة والنصف.");
        assert_eq!(arabic("10:45 مساءً"), "الحادية عشرة إلا ربعا مساء");
        assert_eq!(arabic("17:00"), "الخامسة مساء");
        assert_eq!(arabic("الساعة 8"), "الساعة الثامنة");
    }

    #[test]
    fn arabic_prices_agree_with_their_noun() {
        assert_eq!(arabic("1,500 ر.س"), "ألف وخمسمئة ريال");
        assert_eq!(arabic("3 ريالات"), "ثلاثة ريالات");
        assert_eq!(arabic("3 ساعات"), "ثلاث ساعات");
        assert_eq!(arabic("25 SAR"), "خمسة وعشرون ريالا");
        assert_eq!(arabic("٤٥٪"), "خمسة وأربعون بالمئة");
        assert_eq!(arabic("عام 2026"), "عام ألفان وستة وعشرون");
        assert_eq!(arabic("2.5 مليون"), "اثنان فاصلة خمسة مليون");
    }

    #[test]
    fn appointments_are_said_properly_in_both_languages() {
        for (written, said) in [
            ("Tuesday 24 November at 10:30", "Tuesday twenty four November at ten thirty"),
            ("on the 24th at 4:15 pm", "on the twenty fourth at four fifteen P M"),
            ("call +966 50 123 4567", "call plus nine six six, five zero, one two three, four five six seven"),
        ] {
            assert_eq!(english(written), said);
        }
        for (written, said) in [
            ("الساعة 10:30", "الساعة العاشرة والنصف"),
            ("الساعة 4:15 مساءً", "الساعة الرابعة والربع مساء"),
            ("+966 50 123", "زائد تسعة ستة ستة، خمسة صفر، واحد اثنان ثلاثة"),
        ] {
            assert_eq!(arabic(written), said);
        }
    }

    #[test]
    fn for_a_service_only_telephone_numbers_are_spelled() {
        for (language, written, sent) in [
            (
                Language::ENGLISH,
                "Call +966 11 204, before 10:30 on 24 November.",
                "Call plus nine six six, one one, two zero four, before 10:30 on 24 November.",
            ),
            (Language::ENGLISH, "It costs SAR 1,200 for 35% off.", "It costs SAR 1,200 for 35% off."),
            (
                Language::ARABIC,
                "اتصلوا بالرقم 9200 01234 قبل الساعة 10:30.",
                "اتصلوا بالرقم تسعة اثنان صفر صفر، صفر واحد اثنان ثلاثة أربعة قبل الساعة 10:30.",
            ),
        ] {
            assert_eq!(telephone_numbers_spelled(written, language), sent);
        }
    }

    #[test]
    fn every_spoken_word_names_the_bytes_it_stands_for() {
        let text = "Open 9:00 am, daily";
        let sources: Vec<&str> =
            spell_out(text, Language::ENGLISH).into_iter().filter_map(|spoken| text.get(spoken.source)).collect();
        assert_eq!(sources, ["Open", "9:00 am,", "daily"]);
    }

    #[test]
    fn latin_abbreviations_are_spelled_letter_by_letter() {
        assert_eq!(arabic("تقنية LED من Noor"), "تقنية L E D من Noor");
        assert_eq!(english("info@noor.sa"), "info at noor dot sa");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_spelled_out_without_digits(text in "\\PC{0,40}") {
            for language in Language::SHIPPED {
                for spoken in spell_out(&text, language) {
                    proptest::prop_assert!(text.get(spoken.source.clone()).is_some());
                    proptest::prop_assert!(!spoken.text.chars().any(|c| c.is_ascii_digit()), "{}", spoken.text);
                }
            }
        }
    }
}
