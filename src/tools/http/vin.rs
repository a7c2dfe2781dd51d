//! Vehicle identification numbers: 17 characters (ISO 3779) whose ninth is a check digit (49 CFR 565.15, table III to V).

/// Characters of a number.
const LENGTH: usize = 17;
/// What each place weighs, from the first; the check digit itself weighs nothing.
const WEIGHTS: [u32; LENGTH] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
/// The place of the check digit, from 0.
const CHECK: usize = 8;

/// What is wrong with a number, for the model to ask again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum VinError {
    #[error(
        "a vehicle identification number has 17 characters, found {found}: {heard}. Read back what you heard in groups, and \
         ask which are missing or too many"
    )]
    Length { found: usize, heard: String },
    #[error(
        "place {place} is \"{found}\": such a number has only the digits 0-9 and the letters A-Z without I, O and Q{hint}. \
         Ask the visitor for this character again"
    )]
    Character { place: usize, found: char, hint: &'static str },
    #[error(
        "the check digit at place 9 is \"{found}\", but the other characters give \"{wanted}\": at least one character was \
         heard wrongly. Read all 17 back in groups of three or four, and ask which is wrong; do not guess"
    )]
    CheckDigit { found: char, wanted: char },
}

/// The number in capitals, without what people say or write between its characters.
pub(super) fn normalise(text: &str) -> Result<String, VinError> {
    let characters: Vec<char> = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '.' | '·' | '_' | '/'))
        .map(western)
        .collect();
    for (index, character) in characters.iter().enumerate() {
        if value(*character).is_none() {
            let hint = match character {
                'I' => "; it may be the digit 1",
                'O' | 'Q' => "; it may be the digit 0",
                _ => "",
            };
            return Err(VinError::Character { place: index + 1, found: *character, hint });
        }
    }
    let number: String = characters.iter().collect();
    if characters.len() != LENGTH {
        return Err(VinError::Length { found: characters.len(), heard: super::super::result::cut(&number, 40) });
    }
    let sum: u32 =
        characters.iter().zip(WEIGHTS).filter_map(|(character, weight)| Some(value(*character)? * weight)).sum();
    let wanted = match sum % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    match characters.get(CHECK) {
        Some(found) if *found != wanted => Err(VinError::CheckDigit { found: *found, wanted }),
        _ => Ok(number),
    }
}

/// Capitals; Arabic digits as 0-9.
fn western(letter: char) -> char {
    match letter {
        '٠'..='٩' => char::from_digit(u32::from(letter) - u32::from('٠'), 10).unwrap_or(letter),
        '۰'..='۹' => char::from_digit(u32::from(letter) - u32::from('۰'), 10).unwrap_or(letter),
        other => other.to_ascii_uppercase(),
    }
}

/// What a character counts as; `None`: it may not stand in a number.
fn value(character: char) -> Option<u32> {
    Some(match character {
        '0'..='9' => character.to_digit(10)?,
        'A' | 'J' => 1,
        'B' | 'K' | 'S' => 2,
        'C' | 'L' | 'T' => 3,
        'D' | 'M' | 'U' => 4,
        'E' | 'N' | 'V' => 5,
        'F' | 'W' => 6,
        'G' | 'P' | 'X' => 7,
        'H' | 'Y' => 8,
        'R' | 'Z' => 9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Published examples; the last is the one that everybody computes in the head.
    const REAL: [&str; 4] = ["1M8GDM9AXKP042788", "1HGCM82633A004352", "5GZCZ43D13S812715", "11111111111111111"];

    #[test]
    fn real_numbers_pass_however_they_are_spoken() {
        for vin in REAL {
            assert_eq!(normalise(vin).as_deref(), Ok(vin));
        }
        assert_eq!(normalise("1hg cm8-2633 a004352").as_deref(), Ok("1HGCM82633A004352"));
        assert_eq!(normalise("1HGCM٨٢٦٣٣A٠٠٤٣٥٢").as_deref(), Ok("1HGCM82633A004352"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let told = |text: &str| normalise(text).unwrap_err().to_string();
        assert!(told("1HGCM82633A00435").contains("found 16"), "{}", told("1HGCM82633A00435"));
        let letter = told("1HGCM82633AO04352");
        assert!(letter.contains("place 12 is \"O\"") && letter.contains("digit 0"), "{letter}");
        assert!(told("1HGCM8263?A004352").contains("place 10"), "{}", told("1HGCM8263?A004352"));
        let digit = told("1HGCM82643A004352");
        assert!(digit.contains("place 9 is \"4\"") && digit.contains("give \"3\""), "{digit}");
        assert!(told("").contains("found 0"));
    }

    proptest! {
        /// One character heard wrongly is noticed, unless both count the same (J for A), which no check digit can tell; at
        /// weight 10 and elsewhere, for all differences are below 11 and 11 is prime.
        #[test]
        fn one_wrong_character_is_noticed(which in 0..3_usize, place in 0..17_usize, other in "[A-HJ-NPR-Z0-9]") {
            let vin = REAL[which];
            let other = other.chars().next().unwrap();
            let original = vin.chars().nth(place).unwrap();
            prop_assume!(place == CHECK || value(original) != value(other));
            prop_assume!(original != other);
            let wrong: String = vin.chars().enumerate().map(|(at, c)| if at == place { other } else { c }).collect();
            prop_assert!(normalise(&wrong).is_err(), "{}", wrong);
        }
    }
}
