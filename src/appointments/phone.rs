//! Telephone numbers as visitors say them, digit by digit in either language, as one form: E.164.

use phonelib::PhoneNumberType;

use super::spelling::words;

/// A telephone number, `+966501234567`. Personal: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// E.164: a plus and digits.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PhoneNumber(not shown)")
    }
}

/// What was said is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneProblem {
    /// Nothing in it is a digit.
    #[error("no digits were understood")]
    NoDigits,
    /// There is no such number.
    #[error("{digits} digits were understood, which are no telephone number; ask for it again, digit by digit")]
    NoNumber {
        /// How many digits there were.
        digits: usize,
    },
}

/// The number in `said`: digits of any script, or words for them ("oh five oh, double five", «صفر خمسة صفر»). Without a
/// country code it is one of `country` (ISO 3166).
///
/// # Errors
/// It is no number.
pub fn read(said: &str, country: &str) -> Result<PhoneNumber, PhoneProblem> {
    // "fifty one" is 51, and where that gives no number, 50 and 1.
    let [joined, apart] = [true, false].map(|joins_tens| dialled(said, joins_tens));
    let digits = joined.chars().filter(char::is_ascii_digit).count();
    if digits == 0 {
        return Err(PhoneProblem::NoDigits);
    }
    number(&joined, country).or_else(|| number(&apart, country)).ok_or(PhoneProblem::NoNumber { digits })
}

fn number(dialled: &str, country: &str) -> Option<PhoneNumber> {
    let parse = |text: &str| {
        let number = phonelib::PhoneNumber::parse_with_country(text, country)?;
        // A number of the right length in a range that is nobody's is one that was misheard.
        (number.phone_type() != PhoneNumberType::Unknown).then(|| PhoneNumber(number.e164().to_owned()))
    };
    // "966 50 123 4567": the country code without its plus.
    let with_plus = || (!dialled.starts_with('+')).then(|| parse(&format!("+{dialled}"))).flatten();
    parse(dialled).or_else(with_plus)
}

/// What a word says.
enum Said {
    /// These digits.
    Digits(String),
    /// A ten, which takes a unit: fifty.
    Ten(char),
    /// The next digit so many times.
    Repeat(usize),
    Plus,
    /// Two noughts behind a digit: five hundred.
    Hundred,
}

/// What would be dialled: digits, maybe after a plus. Words that are no digits are left out: "my number is …".
fn dialled(said: &str, joins_tens: bool) -> String {
    let mut dialled = String::new();
    let mut has_plus = false;
    let mut repeat = 1;
    let mut ten: Option<char> = None;
    let words = words(&said.replace(['(', ')'], " "));
    let push = |dialled: &mut String, digits: &str, repeat: &mut usize| {
        for _ in 0..*repeat {
            dialled.push_str(digits);
        }
        *repeat = 1;
    };
    for (index, word) in words.iter().enumerate() {
        // «خمسة وخمسين»: the unit comes before its ten.
        let following_ten = words.get(index + 1).and_then(|next| arabic_joined_ten(next));
        if arabic_joined_ten(word).is_some() && index > 0 && words.get(index - 1).is_some_and(|it| is_unit(it)) {
            continue;
        }
        let meaning = meaning(word);
        if let (Some(Said::Digits(unit)), Some(ten)) = (&meaning, following_ten)
            && is_unit(word)
        {
            push(&mut dialled, &format!("{ten}{unit}"), &mut repeat);
            continue;
        }
        // A ten waits for its unit.
        if let Some(waiting) = ten.take() {
            match &meaning {
                Some(Said::Digits(unit)) if joins_tens && unit.len() == 1 && unit != "0" && !is_written(word) => {
                    push(&mut dialled, &format!("{waiting}{unit}"), &mut repeat);
                    continue;
                }
                _ => push(&mut dialled, &format!("{waiting}0"), &mut repeat),
            }
        }
        match meaning {
            Some(Said::Digits(digits)) => push(&mut dialled, &digits, &mut repeat),
            Some(Said::Ten(digit)) => ten = Some(digit),
            Some(Said::Repeat(times)) => repeat = times,
            Some(Said::Hundred) => push(&mut dialled, "00", &mut repeat),
            Some(Said::Plus) => has_plus = true,
            None => {}
        }
        // "+966…", and "966…+" where the direction of the text has moved it.
        has_plus |= word.contains('+') && word.chars().any(|c| c.is_ascii_digit());
    }
    if let Some(waiting) = ten {
        push(&mut dialled, &format!("{waiting}0"), &mut repeat);
    }
    if has_plus { format!("+{dialled}") } else { dialled }
}

fn is_written(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
}

fn is_unit(word: &str) -> bool {
    !is_written(word) && matches!(meaning(word), Some(Said::Digits(digits)) if digits.len() == 1 && digits != "0")
}

/// «وخمسين» after a unit.
fn arabic_joined_ten(word: &str) -> Option<char> {
    match meaning(word.strip_prefix('و')?) {
        Some(Said::Ten(digit)) => Some(digit),
        _ => None,
    }
}

/// What a folded word says: of Arabic, the standard language and what is heard at the Gulf.
fn meaning(word: &str) -> Option<Said> {
    const DIGITS: &[(&str, &str)] = &[
        ("zero", "0"),
        ("oh", "0"),
        ("o", "0"),
        ("nought", "0"),
        ("nil", "0"),
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
        ("eleven", "11"),
        ("twelve", "12"),
        ("thirteen", "13"),
        ("fourteen", "14"),
        ("fifteen", "15"),
        ("sixteen", "16"),
        ("seventeen", "17"),
        ("eighteen", "18"),
        ("nineteen", "19"),
        ("صفر", "0"),
        ("زيرو", "0"),
        ("واحد", "1"),
        ("واحده", "1"),
        ("اثنان", "2"),
        ("اثنين", "2"),
        ("اثنتين", "2"),
        ("اتنين", "2"),
        ("ثنين", "2"),
        ("ثلاثه", "3"),
        ("ثلاث", "3"),
        ("تلاته", "3"),
        ("اربعه", "4"),
        ("اربع", "4"),
        ("خمسه", "5"),
        ("خمس", "5"),
        ("سته", "6"),
        ("ست", "6"),
        ("سبعه", "7"),
        ("سبع", "7"),
        ("ثمانيه", "8"),
        ("ثماني", "8"),
        ("ثمان", "8"),
        ("تمانيه", "8"),
        ("تسعه", "9"),
        ("تسع", "9"),
        ("عشره", "10"),
        ("عشر", "10"),
    ];
    const TENS: &[(&str, char)] = &[
        ("twenty", '2'),
        ("thirty", '3'),
        ("forty", '4'),
        ("fifty", '5'),
        ("sixty", '6'),
        ("seventy", '7'),
        ("eighty", '8'),
        ("ninety", '9'),
        ("عشرين", '2'),
        ("عشرون", '2'),
        ("ثلاثين", '3'),
        ("ثلاثون", '3'),
        ("تلاتين", '3'),
        ("اربعين", '4'),
        ("اربعون", '4'),
        ("خمسين", '5'),
        ("خمسون", '5'),
        ("ستين", '6'),
        ("ستون", '6'),
        ("سبعين", '7'),
        ("سبعون", '7'),
        ("ثمانين", '8'),
        ("ثمانون", '8'),
        ("تمانين", '8'),
        ("تسعين", '9'),
        ("تسعون", '9'),
    ];
    if is_written(word) {
        return Some(Said::Digits(word.chars().filter(char::is_ascii_digit).collect()));
    }
    let digits = |word: &str| DIGITS.iter().find(|(own, _)| *own == word).map(|(_, digits)| *digits);
    match word {
        "plus" | "زايد" | "زائد" | "+" => return Some(Said::Plus),
        "double" | "dubble" | "دبل" | "مرتين" => return Some(Said::Repeat(2)),
        "triple" | "treble" => return Some(Said::Repeat(3)),
        "hundred" => return Some(Said::Hundred),
        _ => {}
    }
    if let Some((_, digit)) = TENS.iter().find(|(own, _)| *own == word) {
        return Some(Said::Ten(*digit));
    }
    // «وخمسة»: and five.
    digits(word).or_else(|| digits(word.strip_prefix('و')?)).map(|digits| Said::Digits(digits.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_said() {
        for (said, expected) in [
            ("0501234567", "+966501234567"),
            ("050 123 4567", "+966501234567"),
            ("+966 50-123-4567", "+966501234567"),
            ("00966501234567", "+966501234567"),
            ("966 50 123 4567", "+966501234567"),
            ("(050) 123-4567", "+966501234567"),
            ("٠٥٠١٢٣٤٥٦٧", "+966501234567"),
            ("۰۵۰ ۱۲۳ ۴۵۶۷", "+966501234567"),
            ("+٩٦٦ ٥٠ ١٢٣ ٤٥٦٧", "+966501234567"),
            ("966501234567+", "+966501234567"),
            ("zero five zero one two three four five six seven", "+966501234567"),
            ("My number is oh five oh, one two three, four five six seven.", "+966501234567"),
            ("zero five double five, triple one, two three four", "+966555111234"),
            ("zero fifty-five, 123, 45 67", "+966551234567"),
            ("zero fifty five one twenty three forty five sixty seven", "+966551234567"),
            ("zero fifty, one two three, four five six seven", "+966501234567"),
            ("صفر خمسين واحد اثنين ثلاثة أربعة خمسة ستة سبعة", "+966501234567"),
            ("plus nine six six five zero one two three four five six seven", "+966501234567"),
            ("plus forty four two oh seven nine four six oh nine five eight", "+442079460958"),
            ("صفر خمسة صفر واحد اثنين ثلاثة أربعة خمسة ستة سبعة", "+966501234567"),
            ("رقمي صِفر، خمسه، خمسه، واحد، تلاته، اثنان، أربعة، سته، ثمانية، تسعه", "+966551324689"),
            ("صفر خمسة وخمسين واحد اثنين ثلاثة أربعة خمسة ستة سبعة", "+966551234567"),
            ("زائد تسعة ستة ستة خمسة صفر واحد اثنين ثلاثة أربعة خمسة ستة سبعة", "+966501234567"),
            ("صفر خمسة دبل خمسة واحد اثنين ثلاثة أربعة ستة سبعة", "+966555123467"),
            ("+1 650 253 0000", "+16502530000"),
            ("+971 50 123 4567", "+971501234567"),
        ] {
            assert_eq!(read(said, "SA").map(|number| number.0), Ok(expected.to_owned()), "{said}");
        }
        assert_eq!(read("no", "SA"), Err(PhoneProblem::NoDigits));
        assert_eq!(read("050 123", "SA"), Err(PhoneProblem::NoNumber { digits: 6 }));
        assert_eq!(read("050 123 4567", "AE").map(|number| number.0), Ok("+971501234567".to_owned()));
    }

    #[test]
    fn debug_output_shows_no_digit() {
        assert_eq!(format!("{:?}", read("0501234567", "SA")), "Ok(PhoneNumber(not shown))");
    }
}
