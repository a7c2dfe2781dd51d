//! What a setting can be: the types that stand in `kiosk.toml` and the limits on their values.

use std::{ops::RangeInclusive, path::PathBuf, str::FromStr};

use toml::de::DeValue;

use super::{
    address::is_private,
    choice::{AudioHost, Auth, CameraFormat, Choice, Digits, HttpMethod, LogFormat, NoiseSuppression, Theme, words},
};
use crate::event::{ByLanguage, Language};

/// What is allowed of a value beyond its type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Limit {
    /// Anything of its type.
    Any,
    /// A whole number within these bounds.
    Int(RangeInclusive<i64>),
    /// A number within these bounds.
    Number(RangeInclusive<f32>),
    /// One of these whole numbers.
    OneOf(&'static [i64]),
    /// Text that is not empty.
    NotEmpty,
    /// Empty, or an `https` address (`http` on this machine) without user name and password.
    BaseUrl,
    /// Empty, or the name of an environment variable or credential. Never shown when it is wrong: somebody may have
    /// put the secret itself there.
    SecretName,
    /// An IANA time zone that this machine knows.
    TimeZone,
    /// A `tracing` filter.
    LogFilter,
}

impl Limit {
    fn admits_int(&self, number: i64) -> bool {
        match self {
            Self::Int(range) => range.contains(&number),
            Self::OneOf(allowed) => allowed.contains(&number),
            _ => true,
        }
    }

    fn admits_text(&self, text: &str) -> bool {
        match self {
            Self::NotEmpty => !text.trim().is_empty(),
            Self::BaseUrl => text.is_empty() || is_base_url(text),
            Self::SecretName => text.is_empty() || is_secret_name(text),
            Self::TimeZone => jiff::tz::TimeZone::get(text).is_ok(),
            Self::LogFilter => tracing_subscriber::EnvFilter::try_new(text).is_ok(),
            _ => true,
        }
    }

    /// `value` as it is shown to staff. Secrets that strayed into the file are not shown.
    pub(super) fn describe(&self, value: &DeValue<'_>) -> String {
        match (self, value) {
            (Self::SecretName, _) => "something that is no such name (not shown)".to_owned(),
            (Self::BaseUrl, DeValue::String(text)) if text.contains('@') => {
                "an address with a user name (not shown)".to_owned()
            }
            _ => describe(value),
        }
    }
}

fn is_base_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| is_private(&url) && url.username().is_empty() && url.password().is_none())
}

pub(super) fn is_secret_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `value` as it is shown to staff.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => toml_text(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(when) => when.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The value was not allowed; what is, says [`Setting::allowed`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// A value of `kiosk.toml`.
pub(super) trait Setting {
    /// Takes the value, if its type and [`Limit`] allow it.
    fn set(&mut self, value: &DeValue<'_>, limit: &Limit) -> Result<(), Refused>;

    /// What is allowed, for staff.
    fn allowed(&self, limit: &Limit) -> String;

    /// The value as TOML.
    fn to_toml(&self) -> String;

    /// The path, if it is one: relative ones are taken from the file's folder.
    fn as_path_mut(&mut self) -> Option<&mut PathBuf> {
        None
    }
}

impl Setting for bool {
    fn set(&mut self, value: &DeValue<'_>, _: &Limit) -> Result<(), Refused> {
        *self = value.as_bool().ok_or(Refused)?;
        Ok(())
    }

    fn allowed(&self, _: &Limit) -> String {
        "true, false".to_owned()
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

fn int(value: &DeValue<'_>, limit: &Limit) -> Result<i64, Refused> {
    let number = value.as_integer().ok_or(Refused)?;
    let number = i64::from_str_radix(number.as_str(), number.radix()).map_err(|_overflow| Refused)?;
    if limit.admits_int(number) { Ok(number) } else { Err(Refused) }
}

macro_rules! int_setting {
    ($($type:ty),+) => { $(
        impl Setting for $type {
            fn set(&mut self, value: &DeValue<'_>, limit: &Limit) -> Result<(), Refused> {
                *self = Self::try_from(int(value, limit)?).map_err(|_out_of_range| Refused)?;
                Ok(())
            }

            fn allowed(&self, limit: &Limit) -> String {
                match limit {
                    Limit::Int(range) => format!("a whole number from {} to {}", range.start(), range.end()),
                    Limit::OneOf(numbers) => {
                        numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
                    }
                    _ => "a whole number, not negative".to_owned(),
                }
            }

            fn to_toml(&self) -> String {
                self.to_string()
            }
        }
    )+ };
}

int_setting!(u32, u64, usize);

impl Setting for f32 {
    fn set(&mut self, value: &DeValue<'_>, limit: &Limit) -> Result<(), Refused> {
        let number: f32 = match value {
            DeValue::Float(number) => number.as_str().parse().map_err(|_not_a_number| Refused)?,
            DeValue::Integer(number) => number.to_string().parse().map_err(|_not_decimal| Refused)?,
            _ => return Err(Refused),
        };
        let admitted = match limit {
            Limit::Number(range) => range.contains(&number),
            _ => number.is_finite(),
        };
        if !admitted {
            return Err(Refused);
        }
        *self = number;
        Ok(())
    }

    fn allowed(&self, limit: &Limit) -> String {
        match limit {
            Limit::Number(range) => format!("a number from {} to {}", range.start(), range.end()),
            _ => "a number".to_owned(),
        }
    }

    fn to_toml(&self) -> String {
        format!("{self:?}")
    }
}

impl Setting for String {
    fn set(&mut self, value: &DeValue<'_>, limit: &Limit) -> Result<(), Refused> {
        let text = value.as_str().filter(|text| limit.admits_text(text)).ok_or(Refused)?;
        text.clone_into(self);
        Ok(())
    }

    fn allowed(&self, limit: &Limit) -> String {
        match limit {
            Limit::NotEmpty => "text in quotes, not empty",
            Limit::BaseUrl => {
                "\"\" or an address that begins with https:// (on this machine also http://), without user name and password"
            }
            Limit::SecretName => {
                "\"\" or the name of an environment variable or credential (letters, digits, _), never the secret"
            }
            Limit::TimeZone => "an IANA time zone such as \"Asia/Riyadh\"",
            Limit::LogFilter => "a filter such as \"info,majlis=debug\"",
            _ => "text in quotes",
        }
        .to_owned()
    }

    fn to_toml(&self) -> String {
        toml_text(self)
    }
}

/// A list of texts; [`Limit`] holds for each.
impl Setting for Vec<String> {
    fn set(&mut self, value: &DeValue<'_>, limit: &Limit) -> Result<(), Refused> {
        let texts = value.as_array().ok_or(Refused)?.iter();
        let read = texts.map(|text| text.get_ref().as_str().filter(|text| limit.admits_text(text)).map(str::to_owned));
        *self = read.collect::<Option<_>>().ok_or(Refused)?;
        Ok(())
    }

    fn allowed(&self, limit: &Limit) -> String {
        format!("a list of such: {}", String::new().allowed(limit))
    }

    fn to_toml(&self) -> String {
        let texts: Vec<String> = self.iter().map(|text| toml_text(text)).collect();
        format!("[{}]", texts.join(", "))
    }
}

impl Setting for PathBuf {
    fn set(&mut self, value: &DeValue<'_>, _: &Limit) -> Result<(), Refused> {
        *self = value.as_str().filter(|text| !text.is_empty()).ok_or(Refused)?.into();
        Ok(())
    }

    fn allowed(&self, _: &Limit) -> String {
        "a path in quotes, not empty".to_owned()
    }

    fn to_toml(&self) -> String {
        toml_text(&self.to_string_lossy())
    }

    fn as_path_mut(&mut self) -> Option<&mut PathBuf> {
        Some(self)
    }
}

fn parse_word<T: FromStr>(value: &DeValue<'_>) -> Result<T, Refused> {
    value.as_str().and_then(|word| word.parse().ok()).ok_or(Refused)
}

impl Setting for Language {
    fn set(&mut self, value: &DeValue<'_>, _: &Limit) -> Result<(), Refused> {
        *self = parse_word(value)?;
        Ok(())
    }

    fn allowed(&self, _: &Limit) -> String {
        "the code of a language that has files in assets/words, such as \"en\" or \"ar\"".to_owned()
    }

    fn to_toml(&self) -> String {
        toml_text(self.code())
    }
}

/// A text for each language. What is given is put beside the defaults; [`Limit`] holds for each.
impl Setting for ByLanguage<String> {
    fn set(&mut self, value: &DeValue<'_>, limit: &Limit) -> Result<(), Refused> {
        let given = value.as_table().ok_or(Refused)?.iter().map(|(code, text)| {
            let language: Language = code.get_ref().parse().map_err(|_unknown| Refused)?;
            let mut own = String::new();
            own.set(text.get_ref(), limit)?;
            Ok((language, own))
        });
        for (language, text) in given.collect::<Result<Vec<_>, Refused>>()? {
            self.put(language, text);
        }
        if *limit == Limit::NotEmpty && self.iter().next().is_none() { Err(Refused) } else { Ok(()) }
    }

    fn allowed(&self, limit: &Limit) -> String {
        format!("{{ en = \"…\", ar = \"…\" }}: a language's two-letter code = {}", String::new().allowed(limit))
    }

    fn to_toml(&self) -> String {
        let shipped = Language::SHIPPED.into_iter().filter_map(|language| Some((language, self.own(language)?)));
        let others = self.iter().filter(|(language, _)| !Language::SHIPPED.contains(language));
        let texts: Vec<String> =
            shipped.chain(others).map(|(language, text)| format!("{language} = {}", toml_text(text))).collect();
        if texts.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", texts.join(", ")) }
    }
}

macro_rules! choice_setting {
    ($($type:ty),+) => { $(
        impl Setting for $type {
            fn set(&mut self, value: &DeValue<'_>, _: &Limit) -> Result<(), Refused> {
                *self = parse_word(value)?;
                Ok(())
            }

            fn allowed(&self, _: &Limit) -> String {
                words::<Self>()
            }

            fn to_toml(&self) -> String {
                toml_text(self.word())
            }
        }
    )+ };
}

choice_setting!(AudioHost, CameraFormat, NoiseSuppression, Auth, HttpMethod, Theme, Digits, LogFormat);
