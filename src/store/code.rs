//! The names that closed sets of values have in the database and in the recovery file.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::event::{EndReason, ProviderKind, ServedBy, Speaker, staff::Pose};

/// A value with a fixed name.
pub(super) trait Code: Copy + PartialEq + 'static {
    /// Every value with its name.
    const ALL: &'static [(Self, &'static str)];

    /// Its name.
    fn code(self) -> &'static str {
        // `ALL` names every value (tested), so that the empty name never comes out.
        Self::ALL.iter().find(|(value, _)| *value == self).map_or("", |(_, name)| name)
    }

    /// The value of that name.
    fn from_code(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, own)| *own == name).map(|(value, _)| *value)
    }
}

impl Code for Speaker {
    const ALL: &'static [(Self, &'static str)] = &[(Self::Visitor, "visitor"), (Self::Kiosk, "kiosk")];
}

impl Code for ServedBy {
    const ALL: &'static [(Self, &'static str)] = &[(Self::Cloud, "cloud"), (Self::Embedded, "embedded")];
}

impl Code for ProviderKind {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::SpeechToText, "speech_to_text"),
        (Self::LanguageModel, "language_model"),
        (Self::TextToSpeech, "text_to_speech"),
    ];
}

impl Code for Pose {
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Front, "front"), (Self::Left, "left"), (Self::Right, "right"), (Self::Up, "up"), (Self::Down, "down")];
}

impl Code for EndReason {
    const ALL: &'static [(Self, &'static str)] = &[
        (Self::Goodbye, "goodbye"),
        (Self::Silence, "silence"),
        (Self::Departure, "departure"),
        (Self::Touch, "touch"),
        (Self::Staff, "staff"),
        (Self::Shutdown, "shutdown"),
    ];
}

pub(super) fn serialize<T: Code, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.code())
}

pub(super) fn deserialize<'de, T: Code, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::from_code(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("unknown name"))
}

/// The same for a value that may be absent.
pub(super) mod option {
    use super::{Code, Deserialize, Deserializer, Serialize, Serializer};

    pub(in crate::store) fn serialize<T: Code, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Code::code).serialize(serializer)
    }

    pub(in crate::store) fn deserialize<'de, T: Code, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.as_deref().and_then(T::from_code))
    }
}
