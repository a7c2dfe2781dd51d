//! Finding a person by what staff type: without case, accents, Arabic vowel marks and the seats of hamza.

use crate::event::in_one_spelling;

/// `text` in one spelling, without apostrophes: staff leave them out.
pub(super) fn fold(text: &str) -> String {
    let folded: String = in_one_spelling(text).filter(|letter| *letter != '\'').collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is searched for, in one spelling.
pub(super) struct Needle {
    text: String,
    /// What there is of a telephone number in it; `None`: it holds something else as well.
    digits: Option<String>,
}

impl Needle {
    pub(super) fn new(search: &str) -> Self {
        let text = fold(search);
        let is_number = text.chars().all(|c| c.is_ascii_digit() || "+-() ./".contains(c));
        let digits = Some(only_digits(&text)).filter(|digits| is_number && !digits.is_empty());
        Self { text, digits }
    }

    /// Whether name or e-mail contain it, or the telephone number its digits. An empty one fits everybody.
    pub(super) fn fits(&self, name: &str, phone: &str, email: &str) -> bool {
        fold(name).contains(&self.text)
            || fold(email).contains(&self.text)
            || self.digits.as_ref().is_some_and(|digits| only_digits(&fold(phone)).contains(digits))
    }
}

fn only_digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_whatever_the_spelling() {
        for (search, name) in [
            ("moreau", "Léna MOREAU"),
            ("LENA", "Léna Moreau"),
            ("احمد", "أَحْمَد الهاشمي"),
            ("فاطمه", "فاطمة الزهراء"),
            ("o’neil", "Sean O'Neil"),
            ("", "Anybody"),
        ] {
            assert!(Needle::new(search).fits(name, "", ""), "{search} in {name}");
        }
        assert!(!Needle::new("khalid").fits("Maryam", "", ""));
    }

    #[test]
    fn a_number_is_found_however_it_is_grouped_and_in_arabic_digits() {
        for search in ["50 123", "+966-50", "٩٦٦٥٠"] {
            assert!(Needle::new(search).fits("Maryam", "+966 50 123 4567", ""), "{search}");
        }
        assert!(!Needle::new("a 50").fits("Maryam", "+966 50 123 4567", ""), "letters are no number");
        assert!(Needle::new("maryam@").fits("M", "", "Maryam@noor.example"));
    }
}
