//! The configuration's types. Defaults are here; `kiosk.toml` at the root repeats and explains them.

use std::path::PathBuf;

use crate::event::Language;

/// All of `kiosk.toml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// `[stand]`
    pub stand: Stand,
    /// `[paths]`
    pub paths: Paths,
    /// `[audio]`
    pub audio: Audio,
    /// `[turn]`
    pub turn: Turn,
    /// `[visit]`
    pub visit: Visit,
    /// `[cloud]`
    pub cloud: Cloud,
    /// `[embedded]`
    pub embedded: Embedded,
    /// `[ui]`
    pub ui: Ui,
    /// `[log]`
    pub log: Log,
}

/// `[stand]`: who receives.
#[derive(Debug, Clone, PartialEq)]
pub struct Stand {
    /// Its name in English.
    pub name_en: String,
    /// Its name in Arabic.
    pub name_ar: String,
    /// The language of the window when nobody is there.
    pub language: Language,
    /// IANA time zone of the stand.
    pub time_zone: String,
}

/// `[paths]`: relative ones are taken from the folder of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// The folder with `words/`, `fonts/`, `knowledge/`.
    pub assets: PathBuf,
    /// The folder with the model manifest and weights.
    pub models: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// Reports, screenshots, logs.
    pub output: PathBuf,
}

/// `[audio]`
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// `pulseaudio` or `alsa`; empty: pulseaudio where a server answers, else alsa.
    pub host: String,
    /// Stable id of the microphone (`majlis devices`); empty: the system's default.
    pub microphone: String,
    /// Stable id of the speaker; empty: the system's default.
    pub speaker: String,
    /// Whether to cancel the kiosk's own voice from the microphone.
    pub echo_cancellation: bool,
    /// `off`, `low`, `moderate`, `high`.
    pub noise_suppression: String,
    /// Whether to even out the level of near and far voices.
    pub gain_control: bool,
    /// A device that stops calling back for this long is lost, ms.
    pub lost_after_ms: u64,
    /// Speech is heard from this VAD probability on, 0..1.
    pub speech_threshold: f32,
    /// The same while the kiosk speaks.
    pub interruption_threshold: f32,
    /// Speech over the playout shorter than this is no interruption, ms.
    pub interruption_min_ms: u64,
    /// The longest utterance that is kept, s.
    pub max_utterance_s: u64,
}

/// `[turn]`: when a visitor has finished.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Silence after which transcription starts (and the answer is prepared), ms.
    pub transcribe_after_ms: u64,
    /// Silence after which a clearly finished utterance ends the turn, ms: the floor.
    pub min_silence_ms: u64,
    /// Silence after which an utterance ends the turn when words and voice disagree, ms.
    pub unsure_silence_ms: u64,
    /// Silence after which any utterance ends the turn, ms: the ceiling.
    pub max_silence_ms: u64,
    /// Probability of smart-turn from which the voice counts as finished, 0..1.
    pub finished_threshold: f32,
    /// Whether the answer is prepared while the end of the turn is still being decided.
    pub prepare_answers: bool,
    /// How many prepared answers may be thrown away in one turn.
    pub max_prepared: u32,
}

/// `[visit]`
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    /// Whether speech begins a visit when nobody is seen.
    pub begin_by_speech: bool,
    /// Silence after which the kiosk asks whether somebody is still there, s.
    pub ask_after_s: u64,
    /// Silence after that which ends the visit, s.
    pub end_after_s: u64,
    /// How long the kiosk may think before it says that it takes longer, ms.
    pub long_thinking_ms: u64,
    /// How long the kiosk may think before the watchdog ends it, s.
    pub max_thinking_s: u64,
    /// How long "speaking" may last without sound, s.
    pub max_silent_speaking_s: u64,
    /// Turns of history given to the model.
    pub history_turns: usize,
}

/// `[cloud]`: one base for all three services unless one has its own. Empty `base_url`: no cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct Cloud {
    /// OpenAI-compatible base URL, `…/v1`.
    pub base_url: String,
    /// Name of the environment variable or systemd credential with the key.
    pub api_key: String,
    /// `bearer` (OpenAI and compatible) or `azure` (`api-key` header, `api-version` query).
    pub auth: String,
    /// Azure's `api-version`.
    pub azure_api_version: String,
    /// Time for a connection, ms.
    pub connect_timeout_ms: u64,
    /// Failures in a row after which a service is left alone.
    pub breaker_failures: u32,
    /// How long it is left alone before a trial, s.
    pub breaker_open_s: u64,
    /// `[cloud.stt]`
    pub stt: CloudStt,
    /// `[cloud.llm]`
    pub llm: CloudLlm,
    /// `[cloud.tts]`
    pub tts: CloudTts,
}

/// `[cloud.stt]`
#[derive(Debug, Clone, PartialEq)]
pub struct CloudStt {
    /// Its own base URL; empty: `cloud.base_url`.
    pub base_url: String,
    /// Model name.
    pub model: String,
    /// Whether to ask for a stream of partial words.
    pub stream: bool,
    /// Whether to tell the service the likely language.
    pub send_language: bool,
    /// Time for the whole answer, ms.
    pub timeout_ms: u64,
}

/// `[cloud.llm]`
#[derive(Debug, Clone, PartialEq)]
pub struct CloudLlm {
    /// Its own base URL; empty: `cloud.base_url`.
    pub base_url: String,
    /// Model name.
    pub model: String,
    /// 0..2.
    pub temperature: f32,
    /// Longest answer, tokens.
    pub max_tokens: u32,
    /// Time to the first token, ms.
    pub first_token_timeout_ms: u64,
    /// Time between tokens, ms.
    pub token_timeout_ms: u64,
}

/// `[cloud.tts]`
#[derive(Debug, Clone, PartialEq)]
pub struct CloudTts {
    /// Its own base URL; empty: `cloud.base_url`.
    pub base_url: String,
    /// Model name.
    pub model: String,
    /// Voice for English.
    pub voice_en: String,
    /// Voice for Arabic.
    pub voice_ar: String,
    /// The rate of the service's PCM, Hz.
    pub sample_rate_hz: u32,
    /// Time to the first sound, ms.
    pub first_audio_timeout_ms: u64,
    /// Time between chunks, ms.
    pub chunk_timeout_ms: u64,
}

/// `[embedded]`: speech and answers without a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// Folder of PocketSphinx's English acoustic model and dictionary.
    pub acoustic_model: PathBuf,
    /// espeak-ng voice for English.
    pub voice_en: String,
    /// espeak-ng voice for Arabic.
    pub voice_ar: String,
    /// Words a minute.
    pub words_per_minute: u32,
    /// Search score from which an entry is the answer, 0..1.
    pub answer_threshold: f32,
    /// How sure the recogniser must be, 0..1.
    pub recognition_threshold: f32,
}

/// `[ui]`
#[derive(Debug, Clone, PartialEq)]
pub struct Ui {
    /// Whether to fill the screen.
    pub full_screen: bool,
    /// `auto`, `day`, `dusk`, `contrast`.
    pub theme: String,
    /// 100, 125, 150.
    pub text_size_percent: u32,
    /// Less motion.
    pub reduced_motion: bool,
    /// `western` (0–9) or `arabic` (٠–٩).
    pub digits: String,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// A `tracing` filter.
    pub filter: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for Stand {
    fn default() -> Self {
        Self {
            name_en: "Noor Energy Pavilion".into(),
            name_ar: "جناح نور للطاقة".into(),
            language: Language::ENGLISH,
            time_zone: "Asia/Riyadh".into(),
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            assets: "assets".into(),
            models: "models".into(),
            database: "out/majlis.sqlite".into(),
            output: "out".into(),
        }
    }
}

impl Default for Audio {
    fn default() -> Self {
        Self {
            host: String::new(),
            microphone: String::new(),
            speaker: String::new(),
            echo_cancellation: true,
            noise_suppression: "moderate".into(),
            gain_control: true,
            lost_after_ms: 2_000,
            speech_threshold: 0.5,
            interruption_threshold: 0.5,
            interruption_min_ms: 250,
            max_utterance_s: 60,
        }
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self {
            transcribe_after_ms: 70,
            min_silence_ms: 300,
            unsure_silence_ms: 600,
            max_silence_ms: 2_000,
            finished_threshold: 0.5,
            prepare_answers: true,
            max_prepared: 3,
        }
    }
}

impl Default for Visit {
    fn default() -> Self {
        Self {
            begin_by_speech: true,
            ask_after_s: 25,
            end_after_s: 10,
            long_thinking_ms: 4_000,
            max_thinking_s: 20,
            max_silent_speaking_s: 5,
            history_turns: 50,
        }
    }
}

impl Default for Cloud {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            api_key: "OPENAI_API_KEY".into(),
            auth: "bearer".into(),
            azure_api_version: "2024-10-21".into(),
            connect_timeout_ms: 2_000,
            breaker_failures: 3,
            breaker_open_s: 20,
            stt: CloudStt::default(),
            llm: CloudLlm::default(),
            tts: CloudTts::default(),
        }
    }
}

impl Default for CloudStt {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            model: "gpt-4o-mini-transcribe".into(),
            stream: false,
            send_language: false,
            timeout_ms: 5_000,
        }
    }
}

impl Default for CloudLlm {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            model: "gpt-4o-mini".into(),
            temperature: 0.4,
            max_tokens: 300,
            first_token_timeout_ms: 5_000,
            token_timeout_ms: 3_000,
        }
    }
}

impl Default for CloudTts {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            model: "gpt-4o-mini-tts".into(),
            voice_en: "alloy".into(),
            voice_ar: "alloy".into(),
            sample_rate_hz: 24_000,
            first_audio_timeout_ms: 4_000,
            chunk_timeout_ms: 3_000,
        }
    }
}

impl Default for Embedded {
    fn default() -> Self {
        Self {
            acoustic_model: "/usr/share/pocketsphinx/model/en-us".into(),
            voice_en: "en-us".into(),
            voice_ar: "ar".into(),
            words_per_minute: 155,
            answer_threshold: 0.45,
            recognition_threshold: 0.5,
        }
    }
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            full_screen: true,
            theme: "auto".into(),
            text_size_percent: 100,
            reduced_motion: false,
            digits: "western".into(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info,majlis=info".into(), format: "text".into() }
    }
}
