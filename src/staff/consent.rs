//! The consent text, from `assets/consent/*.toml`: one file a language, the same version in all.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::event::{
    Language,
    staff::{ConsentPoint, ConsentView},
};

/// Where the retention date goes.
const UNTIL: &str = "{until}";

/// More paragraphs do not fit on the screen.
const MOST_POINTS: usize = 6;

/// A consent text that cannot be used. Without it nobody can be enrolled; everything else works.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// It cannot be read.
    #[error("cannot read the consent text {path}: {source}; `paths.assets` must name the folder that holds `consent/`")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It has not the shape of one.
    #[error("the consent text {path} is not right: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found and what is allowed.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    dated: String,
    covers_crops: bool,
    title: String,
    lead: String,
    points: Vec<Point>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    icon: String,
    heading: String,
    text: String,
}

/// The consent text in one language.
pub struct ConsentText {
    file: File,
    dated: Date,
    sha256: String,
    language: Language,
}

/// The consent text in every language.
pub struct ConsentTexts {
    by_language: BTreeMap<Language, ConsentText>,
    /// English, or whichever there is: for a language that has none of its own.
    fallback: Language,
}

impl std::fmt::Debug for ConsentTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsentTexts").finish_non_exhaustive()
    }
}

impl ConsentTexts {
    /// Reads `<assets>/consent/<code>.toml` for each language.
    ///
    /// # Errors
    /// A file is missing or wrong, or two languages have not the same version, date and cover of crops.
    pub fn load(assets: &Path) -> Result<Self, ConsentError> {
        let mut by_language: BTreeMap<Language, ConsentText> = BTreeMap::new();
        for language in crate::words::languages(assets) {
            let path = assets.join("consent").join(format!("{}.toml", language.code()));
            let bytes =
                std::fs::read(&path).map_err(|source| ConsentError::Unreadable { path: path.clone(), source })?;
            let malformed = |message| ConsentError::Malformed { path: path.clone(), message };
            let text = ConsentText::parse(&bytes, language).map_err(malformed)?;
            if let Some(other) = by_language.values().find(|other| !other.is_same_version(&text)) {
                return Err(malformed(format!(
                    "version {}, of {}, covers_crops = {}; the text in \"{}\" has version {}, of {}, covers_crops = {}. \
                     They must be the same in every language",
                    text.file.version,
                    text.file.dated,
                    text.file.covers_crops,
                    other.language,
                    other.file.version,
                    other.file.dated,
                    other.file.covers_crops
                )));
            }
            by_language.insert(language, text);
        }
        Ok(Self { by_language, fallback: Language::ENGLISH })
    }

    /// The text in that language. `None`: in none at all.
    #[must_use]
    pub fn text(&self, language: Language) -> Option<&ConsentText> {
        self.by_language.get(&language).or_else(|| self.by_language.get(&self.fallback))
    }

    /// The text whose file has that SHA-256.
    #[must_use]
    pub fn with_sum(&self, sha256: &str) -> Option<&ConsentText> {
        self.by_language.values().find(|text| text.sha256 == sha256)
    }
}

impl ConsentText {
    fn parse(bytes: &[u8], language: Language) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let dated: Date =
            file.dated.parse().map_err(|_| format!("dated is \"{}\"; allowed: a day like 2026-09-01", file.dated))?;
        let is_empty = |text: &str| text.trim().is_empty();
        if [&file.version, &file.title, &file.lead].into_iter().any(|text| is_empty(text)) {
            return Err("version, title or lead is empty; each needs a text".to_owned());
        }
        if file.points.is_empty() || file.points.len() > MOST_POINTS {
            return Err(format!("{} points; allowed: 1 to {MOST_POINTS}", file.points.len()));
        }
        if let Some(point) = file.points.iter().position(|point| is_empty(&point.heading) || is_empty(&point.text)) {
            return Err(format!("point {} has no heading or no text", point + 1));
        }
        if !file.points.iter().any(|point| point.text.contains(UNTIL)) {
            return Err(format!("no point says until when the data are kept; write {UNTIL} where the date goes"));
        }
        Ok(Self { file, dated, sha256: sha256(bytes), language })
    }

    fn is_same_version(&self, other: &Self) -> bool {
        (&self.file.version, self.dated, self.file.covers_crops)
            == (&other.file.version, other.dated, other.file.covers_crops)
    }

    /// Its version, `3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.file.version
    }

    /// The language it is written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether it says that aligned crops are kept.
    #[must_use]
    pub fn covers_crops(&self) -> bool {
        self.file.covers_crops
    }

    /// SHA-256 of its file, hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The text to be said: title, lead and paragraphs, each a sentence at least.
    #[must_use]
    pub fn spoken(&self, until: Timestamp, time_zone: &TimeZone) -> String {
        let view = self.view("", until, time_zone);
        let points = view.points.into_iter().flat_map(|point| [point.heading, point.text]);
        let sentence = |text: String| if text.ends_with(['.', '?', '!', '؟']) { text } else { text + "." };
        let sentences: Vec<String> = [view.title, view.lead].into_iter().chain(points).map(sentence).collect();
        sentences.join(" ")
    }

    /// The text as a person reads it, with the day until which they are kept in the stand's time zone.
    #[must_use]
    pub fn view(&self, name: &str, until: Timestamp, time_zone: &TimeZone) -> ConsentView {
        let until = for_people(until.to_zoned(time_zone.clone()).date(), self.language);
        let point = |point: &Point| ConsentPoint {
            icon: point.icon.clone(),
            heading: point.heading.clone(),
            text: point.text.replace(UNTIL, &until),
        };
        ConsentView {
            name: name.to_owned(),
            language: self.language,
            version: self.file.version.clone(),
            dated: for_people(self.dated, self.language),
            title: self.file.title.clone(),
            lead: self.file.lead.clone(),
            points: self.file.points.iter().map(point).collect(),
        }
    }
}

/// SHA-256 of a file, 64 hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const ARABIC_MONTHS: [&str; 12] =
    ["يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"];

/// `21 November 2027`, `21 نوفمبر 2027`, in other languages `2027-11-21`
fn for_people(date: Date, language: Language) -> String {
    let months = match language {
        Language::ARABIC => ARABIC_MONTHS,
        Language::ENGLISH => ENGLISH_MONTHS,
        // As it is written everywhere.
        _ => return date.to_string(),
    };
    let month = usize::try_from(date.month()).ok().and_then(|month| months.get(month.checked_sub(1)?)).copied();
    format!("{} {} {}", date.day(), month.unwrap_or_default(), date.year())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn folder(change: impl Fn(Language, String) -> String) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("consent")).unwrap();
        for language in Language::SHIPPED {
            let name = format!("consent/{}.toml", language.code());
            let text = std::fs::read_to_string(Path::new("assets").join(&name)).unwrap();
            std::fs::write(folder.path().join(name), change(language, text)).unwrap();
        }
        folder
    }

    #[test]
    fn the_text_names_its_version_and_the_day_until_which_data_are_kept() {
        let texts = ConsentTexts::load(Path::new("assets")).unwrap();
        let zone = TimeZone::get("Asia/Riyadh").unwrap();
        // Still the day before in Greenwich.
        let until: Timestamp = "2027-11-20T22:00:00Z".parse().unwrap();
        for (language, date, dated) in [
            (Language::ENGLISH, "Until 21 November 2027,", "21 November 2026"),
            (Language::ARABIC, "حتى 21 نوفمبر 2027،", "21 نوفمبر 2026"),
        ] {
            let text = texts.text(language).unwrap();
            let view = text.view("Maryam", until, &zone);
            assert_eq!((view.version.as_str(), view.dated.as_str(), view.points.len()), ("5", dated, 5));
            assert!(view.points[2].text.starts_with(date), "{}", view.points[2].text);
            assert_eq!(texts.with_sum(text.sha256()).unwrap().language(), language);
        }
        assert!(texts.with_sum("0").is_none());
    }

    #[test]
    fn a_text_that_is_not_right_is_named_with_what_is_allowed() {
        let error =
            |change: fn(Language, String) -> String| ConsentTexts::load(folder(change).path()).unwrap_err().to_string();
        let missing_date = error(|_, text| text.replace("{until}", "a while"));
        assert!(missing_date.contains("en.toml") && missing_date.contains("write {until}"), "{missing_date}");
        let other_version = error(|language, text| match language {
            Language::ARABIC => text.replace("version = \"5\"", "version = \"2\""),
            _ => text,
        });
        assert!(other_version.contains("ar.toml") && other_version.contains("version 2"), "{other_version}");
        let unknown_key = error(|_, text| format!("lawyer = \"none\"\n{text}"));
        assert!(unknown_key.contains("unknown field `lawyer`"), "{unknown_key}");
        let wrong_day = error(|_, text| text.replace("2026-11-21", "last autumn"));
        assert!(wrong_day.contains("last autumn") && wrong_day.contains("2026-09-01"), "{wrong_day}");
        let nothing = ConsentTexts::load(Path::new("no-such-folder")).unwrap_err().to_string();
        assert!(nothing.contains("paths.assets"), "{nothing}");
    }
}
