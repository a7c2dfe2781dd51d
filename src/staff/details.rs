//! Whether what a person says of themselves can be kept.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::event::staff::{DetailField, PersonDetails};

/// The longest name, e-mail address and telephone number, letters.
const LONGEST: usize = 60;
/// The longest note, letters.
const LONGEST_NOTE: usize = 200;
/// Digits of a telephone number with its country (ITU-T E.164), and the shortest that anybody has.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl DetailField {
    /// What is asked of it, for the command line.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::Name => "the name is needed: 1 to 60 letters",
            Self::Phone => "the phone number needs 7 to 15 digits, with + and the country first if it is a foreign one",
            Self::Email => "the e-mail address needs the shape name@example.org, at most 60 letters",
            Self::Note => "the note has at most 200 letters, on one line",
        }
    }
}

/// The details without needless spaces, or the fields that are refused.
///
/// # Errors
/// The fields that are not valid, in the order of the page.
pub fn validate(details: &PersonDetails) -> Result<PersonDetails, Vec<DetailField>> {
    let tidy = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let tidied = PersonDetails {
        name: tidy(&details.name),
        phone: tidy(&details.phone),
        email: details.email.trim().to_owned(),
        note: tidy(&details.note),
        language: details.language,
    };
    let checks = [
        (DetailField::Name, is_name(&tidied.name)),
        (DetailField::Phone, tidied.phone.is_empty() || is_phone(&tidied.phone)),
        (DetailField::Email, tidied.email.is_empty() || is_email(&tidied.email)),
        (DetailField::Note, is_line(&tidied.note, LONGEST_NOTE)),
    ];
    let refused: Vec<DetailField> =
        checks.into_iter().filter(|(_, is_valid)| !is_valid).map(|(field, _)| field).collect();
    if refused.is_empty() { Ok(tidied) } else { Err(refused) }
}

fn is_line(text: &str, longest: usize) -> bool {
    text.graphemes(true).count() <= longest && !text.chars().any(char::is_control)
}

fn is_name(name: &str) -> bool {
    is_line(name, LONGEST) && name.chars().any(char::is_alphabetic)
}

fn is_phone(phone: &str) -> bool {
    let digits = phone.chars().filter(|c| c.is_numeric()).count();
    let has_only_its_signs =
        phone.chars().enumerate().all(|(place, c)| c.is_numeric() || " -()./".contains(c) || (place == 0 && c == '+'));
    is_line(phone, LONGEST) && has_only_its_signs && PHONE_DIGITS.contains(&digits)
}

/// Its shape only: whether anybody reads it, only a letter can tell.
fn is_email(email: &str) -> bool {
    let Some((name, host)) = email.split_once('@') else { return false };
    let is_host_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let is_name_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c));
    is_line(email, LONGEST)
        && host.contains('.')
        && host.split('.').all(is_host_part)
        && name.split('.').all(is_name_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, phone: &str, email: &str, note: &str) -> Vec<DetailField> {
        let [name, phone, email, note] = [name, phone, email, note].map(str::to_owned);
        validate(&PersonDetails { name, phone, email, note, language: None }).err().unwrap_or_default()
    }

    #[test]
    fn only_the_name_is_needed() {
        assert_eq!(refused("Maryam Al Suwaidi", "", "", ""), []);
        assert_eq!(refused("مريم السويدي", "٠٥٠ ١٢٣ ٤٥٦٧", "m.suwaidi@noor-energy.example", "تفضّل الصباح"), []);
        assert_eq!(refused("  ", "", "", ""), [DetailField::Name]);
        assert_eq!(refused("1234", "", "", ""), [DetailField::Name], "no letter");
    }

    #[test]
    fn each_field_that_is_wrong_is_named() {
        let all = [DetailField::Name, DetailField::Phone, DetailField::Email, DetailField::Note];
        assert_eq!(refused(&"a".repeat(61), "call me", "maryam", &"n".repeat(201)), all);
        for phone in ["123456", "+1234567890123456", "12+345678", "0501234x67"] {
            assert_eq!(refused("M", phone, "", ""), [DetailField::Phone], "{phone}");
        }
        for email in ["a@b", "a b@c.de", "@c.de", "a@c..de", "a@-c.de", "a@b@c.de", "a..b@c.de"] {
            assert_eq!(refused("M", "", email, ""), [DetailField::Email], "{email}");
        }
    }

    #[test]
    fn letters_are_counted_as_people_count_them() {
        // Sixty letters of two code points each.
        assert_eq!(refused(&"مُ".repeat(60), "", "", ""), []);
        let tidied = validate(&PersonDetails { name: "  Maryam \n Al  Suwaidi ".into(), ..PersonDetails::default() });
        assert_eq!(tidied.map(|details| details.name), Ok("Maryam Al Suwaidi".to_owned()));
    }
}
