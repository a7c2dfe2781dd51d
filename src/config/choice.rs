//! Settings with a few words to choose from, as Rust enums.

use std::str::FromStr;

/// A setting that is one of a few words.
pub trait Choice: Copy + Eq + Sized + 'static {
    /// Every choice, in the order in which it is explained.
    const ALL: &'static [Self];

    /// The word that stands in `kiosk.toml`.
    fn word(self) -> &'static str;
}

/// The word that is none of those to choose from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found \"{found}\"; allowed {allowed}")]
pub struct UnknownChoice {
    /// The word found.
    pub found: String,
    /// The words to choose from.
    pub allowed: String,
}

/// The words of a choice as they are shown to staff: `"text", "json"`.
pub(super) fn words<C: Choice>() -> String {
    let quoted: Vec<String> = C::ALL.iter().map(|choice| format!("\"{}\"", choice.word())).collect();
    quoted.join(", ")
}

macro_rules! choice {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl Choice for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownChoice;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.iter().find(|choice| choice.word() == word).copied();
                known.ok_or_else(|| UnknownChoice { found: word.to_owned(), allowed: words::<Self>() })
            }
        }
    };
}

choice! {
    /// The sound system that devices are opened through.
    AudioHost {
        /// PulseAudio where a server answers, else ALSA.
        Auto = "auto",
        /// PulseAudio, or PipeWire's stand-in for it.
        PulseAudio = "pulseaudio",
        /// ALSA itself.
        Alsa = "alsa",
    }
}

choice! {
    /// The method of an HTTP request.
    HttpMethod {
        /// Asks.
        Get = "GET",
        /// Sends.
        Post = "POST",
        /// Replaces.
        Put = "PUT",
        /// Changes.
        Patch = "PATCH",
        /// Takes away.
        Delete = "DELETE",
    }
}

choice! {
    /// How a camera delivers its pictures.
    CameraFormat {
        /// What suits the wanted size and rate best.
        Auto = "auto",
        /// Compressed.
        Mjpeg = "mjpeg",
        /// Uncompressed.
        Yuyv = "yuyv",
    }
}

choice! {
    /// How hard noise is suppressed.
    NoiseSuppression {
        /// Not at all.
        Off = "off",
        /// 6 dB.
        Low = "low",
        /// 12 dB.
        Moderate = "moderate",
        /// 18 dB.
        High = "high",
    }
}

choice! {
    /// How a cloud service is told the key.
    Auth {
        /// `Authorization: Bearer …`: OpenAI and compatible servers.
        Bearer = "bearer",
        /// `api-key` header and `api-version` query: Azure OpenAI.
        Azure = "azure",
    }
}

choice! {
    /// The colours of the window.
    Theme {
        /// By the time of day.
        Auto = "auto",
        /// Light.
        Day = "day",
        /// Dark.
        Dusk = "dusk",
        /// High contrast.
        Contrast = "contrast",
    }
}

choice! {
    /// The digits of Arabic texts.
    Digits {
        /// 0–9.
        Western = "western",
        /// ٠–٩.
        Arabic = "arabic",
    }
}

choice! {
    /// The shape of log lines.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}
