//! What services cost.

use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use super::ProviderKind;

/// Millionths of the currency of `kiosk.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cost(pub u64);

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Cost {
    /// What came on top of `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

/// What one request used of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The provider's name.
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// How much.
    pub amount: Amount,
}

/// How much was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Speech written down, ms of it.
    Transcription {
        /// ms
        audio_ms: u64,
    },
    /// Tokens of a language model.
    Tokens {
        /// Read, without those that were cached.
        input: u64,
        /// Read from the service's cache.
        cached: u64,
        /// Written.
        output: u64,
    },
    /// Text spoken.
    Speech {
        /// Characters.
        characters: u64,
    },
}

impl Amount {
    /// The kind of service that it was used of.
    #[must_use]
    pub fn kind(self) -> ProviderKind {
        match self {
            Self::Transcription { .. } => ProviderKind::SpeechToText,
            Self::Tokens { .. } => ProviderKind::LanguageModel,
            Self::Speech { .. } => ProviderKind::TextToSpeech,
        }
    }
}

/// What was used of one provider's model: a day's sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSum {
    /// The kind of service.
    pub kind: ProviderKind,
    /// The provider's name.
    pub provider: String,
    /// The model's name.
    pub model: String,
    /// Speech written down, ms of it.
    pub audio_ms: u64,
    /// Tokens read, without those that were cached.
    pub input_tokens: u64,
    /// Tokens read from the service's cache.
    pub cached_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Characters spoken.
    pub characters: u64,
    /// What it cost.
    pub cost: Cost,
}

/// How the day's budget stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetStatus {
    /// There is enough.
    #[default]
    Within,
    /// Most of it is spent.
    Warning,
    /// It is spent: only the embedded parts serve.
    Exhausted,
}
