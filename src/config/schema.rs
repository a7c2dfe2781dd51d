//! Every key of `kiosk.toml`: type, default, limit, explanation. The reference file at the root is made from this.

use std::path::PathBuf;

use super::{
    choice::{AudioHost, Auth, CameraFormat, Digits, HttpMethod, LogFormat, NoiseSuppression, Theme},
    section::{Section, Visitor, join, section},
    setting::Limit,
};
use crate::event::{ByLanguage, Language};

mod appointments;
mod costs;
mod outside;
mod tools;

pub use appointments::{Appointments, Host};
pub use costs::{Costs, NextLlm, NextStt, NextTts, Price};
pub use outside::{Health, Memory, Personas};
pub use tools::{HttpTool, McpServer, Tools};

section! {
    /// All of `kiosk.toml`.
    Config {} with {
        /// `[stand]`
        stand: Stand;
        /// `[paths]`
        paths: Paths;
        /// `[audio]`
        audio: Audio;
        /// `[camera]`
        camera: Camera;
        /// `[vision]`
        vision: Vision;
        /// `[presence]`
        presence: Presence;
        /// `[enrolment]`
        enrolment: Enrolment;
        /// `[staff]`
        staff: Staff;
        /// `[store]`
        store: Store;
        /// `[visual_context]`
        visual_context: VisualContext;
        /// `[turn]`
        turn: Turn;
        /// `[visit]`
        visit: Visit;
        /// `[personas]`
        personas: Personas;
        /// `[memory]`
        memory: Memory;
        /// `[tools]`
        tools: Tools;
        /// `[appointments]`
        appointments: Appointments;
        /// `[cloud]`
        cloud: Cloud;
        /// `[costs]`
        costs: Costs;
        /// `[embedded]`
        embedded: Embedded;
        /// `[ui]`
        ui: Ui;
        /// `[health]`
        health: Health;
        /// `[log]`
        log: Log;
    }
}

section! {
    /// Who receives.
    Stand {
        /// Its name.
        name: ByLanguage<String> = ByLanguage::texts("Noor Energy Pavilion", "جناح نور للطاقة"), Limit::NotEmpty;
        /// The language of the window when nobody is there.
        language: Language = Language::ENGLISH, Limit::Any;
        /// The time zone of the stand.
        time_zone: String = "Asia/Riyadh".into(), Limit::TimeZone;
    }
}

section! {
    /// Folders and files. Relative paths are taken from the folder of this file.
    Paths {
        /// The folder with `words/`, `fonts/`, `knowledge/`.
        assets: PathBuf = "assets".into(), Limit::Any;
        /// The folder with `manifest.toml` and the models.
        models: PathBuf = "models".into(), Limit::Any;
        /// The database with visits and transcripts.
        database: PathBuf = "out/majlis.sqlite".into(), Limit::Any;
        /// The folder for reports and screenshots.
        output: PathBuf = "out".into(), Limit::Any;
    }
}

section! {
    /// Microphone, speaker, and what is done to the sound.
    Audio {
        /// The sound system. `auto`: PulseAudio where a server answers, else ALSA.
        host: AudioHost = AudioHost::Auto, Limit::Any;
        /// Stable id of the microphone (`majlis devices` lists them); empty: the system's default.
        microphone: String = String::new(), Limit::Any;
        /// Stable id of the speaker; empty: the system's default.
        speaker: String = String::new(), Limit::Any;
        /// Whether to cancel the kiosk's own voice from the microphone.
        echo_cancellation: bool = true, Limit::Any;
        /// How hard noise is suppressed. The recognisers hear better what is left as it is (docs/recognition.md).
        noise_suppression: NoiseSuppression = NoiseSuppression::Off, Limit::Any;
        /// Whether to even out the level of near and far voices.
        gain_control: bool = true, Limit::Any;
        /// A device that stops calling back for this long is lost, ms.
        lost_after_ms: u64 = 2_000, Limit::Int(200..=60_000);
        /// Speech is heard from this probability of the voice-activity model on.
        speech_threshold: f32 = 0.5, Limit::Number(0.05..=0.99);
        /// The same while the kiosk speaks.
        interruption_threshold: f32 = 0.5, Limit::Number(0.05..=0.99);
        /// Speech over the kiosk's voice that is shorter than this is no interruption, ms.
        interruption_min_ms: u64 = 250, Limit::Int(0..=5_000);
        /// The longest utterance that is kept, s.
        max_utterance_s: u64 = 60, Limit::Int(5..=600);
    }
}

section! {
    /// The camera.
    Camera {
        /// Whether to see at all. Without a camera visits begin by touch or by speech.
        enabled: bool = true, Limit::Any;
        /// Stable id of the camera (`majlis devices` lists them); empty: the first one.
        device: String = String::new(), Limit::Any;
        /// Wanted width of the picture, pixels; the camera's nearest is taken.
        width_px: u32 = 1_280, Limit::Int(160..=7_680);
        /// Wanted height, pixels.
        height_px: u32 = 720, Limit::Int(120..=4_320);
        /// Wanted pictures a second.
        frames_per_second: u32 = 15, Limit::Int(1..=120);
        /// The format. `auto`: uncompressed where the camera is fast enough with it (shorter exposure wins), else MJPEG.
        format: CameraFormat = CameraFormat::Auto, Limit::Any;
        /// How far the picture is turned clockwise to stand upright, degrees.
        rotation_deg: u32 = 0, Limit::OneOf(&[0, 90, 180, 270]);
        /// Whether the camera delivers a mirror's picture, which is turned back.
        mirrored: bool = false, Limit::Any;
        /// A camera that delivers no picture for this long is lost, ms.
        lost_after_ms: u64 = 2_000, Limit::Int(200..=60_000);
    }
}

section! {
    /// Faces. Nobody is recognised unless `recognition` is on and they agreed; nothing here may open a door.
    Vision {
        /// Whether people who agreed are greeted by name.
        recognition: bool = false, Limit::Any;
        /// The detector, a model of the manifest.
        detector: String = "yunet-n".into(), Limit::NotEmpty;
        /// The recogniser, a model of the manifest. Faces enrolled with another one must be enrolled again.
        recogniser: String = "mobilefacenet-128".into(), Limit::NotEmpty;
        /// The model that tells a person from a picture of one; empty: not checked.
        liveness: String = "minifasnet-v2".into(), Limit::Any;
        /// Pictures looked at in a second.
        frames_per_second: u32 = 5, Limit::Int(1..=30);
        /// Threads of each network.
        threads: u32 = 1, Limit::Int(1..=8);
        /// The longest side of the picture that the detector sees, pixels.
        detect_px: u32 = 640, Limit::Int(160..=1_920);
        /// How sure the detector must be; 0: as the manifest says.
        min_score: f32 = 0.0, Limit::Number(0.0..=1.0);
        /// Similarity from which two faces are the same person; 0: as the manifest says.
        same_person_threshold: f32 = 0.0, Limit::Number(0.0..=1.0);
        /// How much more similar than the second best person; 0: as the manifest says.
        same_person_margin: f32 = 0.0, Limit::Number(0.0..=1.0);
        /// Pictures that must agree on who somebody is.
        votes: u32 = 3, Limit::Int(1..=50);
        /// Probability of a person from which a face counts as one; 0: as the manifest says.
        liveness_threshold: f32 = 0.0, Limit::Number(0.0..=1.0);
        /// The smallest face that is recognised, pixels.
        min_face_px: u32 = 40, Limit::Int(20..=1_000);
        /// The darkest face that is recognised, mean luminance.
        min_brightness: f32 = 0.06, Limit::Number(0.0..=1.0);
        /// The brightest.
        max_brightness: f32 = 0.94, Limit::Number(0.0..=1.0);
        /// The least sharp face that is recognised, 0 (blurred) to 1 (sharp).
        min_sharpness: f32 = 0.15, Limit::Number(0.0..=1.0);
        /// The most that a face may be turned, degrees.
        max_turn_deg: f32 = 45.0, Limit::Number(5.0..=90.0);
        /// Whether landmarks are found again on the face alone before it is recognised: more exact, and more time.
        refine_landmarks: bool = true, Limit::Any;
        /// Whether a face is embedded together with its mirror's: a little more exact, and twice the time.
        embed_mirrored: bool = false, Limit::Any;
    }
}

section! {
    /// Who comes and goes. Heights are those of the face as a part of the picture's height.
    Presence {
        /// A face of this height has approached.
        approach_height: f32 = 0.08, Limit::Number(0.01..=1.0);
        /// A face of this height is near enough to talk.
        attend_height: f32 = 0.13, Limit::Number(0.01..=1.0);
        /// The most that the head may be turned to begin, degrees.
        attend_turn_deg: f32 = 30.0, Limit::Number(5.0..=90.0);
        /// How long a face must be near and frontal, ms.
        attend_after_ms: u64 = 700, Limit::Int(0..=10_000);
        /// The fastest that a face may go sideways to begin, in its own heights a second: a passer-by is faster.
        attend_speed: f32 = 0.9, Limit::Number(0.1..=20.0);
        /// A face that was attending stays so down to this part of `attend_height`.
        keep_factor: f32 = 0.7, Limit::Number(0.1..=1.0);
        /// How long a face may be out of sight before it has left, ms.
        left_after_ms: u64 = 4_000, Limit::Int(200..=60_000);
        /// Whether only somebody who attends is listened to, while the camera sees.
        listen_only_when_attending: bool = true, Limit::Any;
    }
}

section! {
    /// Enrolling people who agreed to be known.
    Enrolment {
        /// How long a person is kept after their last visit or enrolment, days.
        retention_days: u32 = 365, Limit::Int(1..=3_650);
        /// A face this similar to somebody's on record is shown as a possible duplicate; 0: as for recognition.
        duplicate_threshold: f32 = 0.0, Limit::Number(0.0..=1.0);
    }
}

section! {
    /// The staff pages.
    Staff {
        /// They close by themselves after this time without a touch, s.
        closes_after_s: u64 = 120, Limit::Int(10..=3_600);
        /// Wrong PINs before the pad is locked.
        max_attempts: u32 = 5, Limit::Int(1..=20);
        /// How long it is locked, minutes.
        lock_minutes: u32 = 5, Limit::Int(1..=1_440);
    }
}

section! {
    /// What is written down.
    Store {
        /// Name of the environment variable or systemd credential that holds the key to what is personal: 32 bytes in hex or
        /// base64. Where it holds none, a key file beside the database is used, and made at the first start.
        key: String = "MAJLIS_STORE_KEY".into(), Limit::SecretName;
    }
}

section! {
    /// What the language model sees during a visit. Nothing is sent while nobody attends, or without a cloud.
    VisualContext {
        /// Whether pictures are sent to a model that can see.
        enabled: bool = true, Limit::Any;
        /// Its name at the service of `[cloud.llm]`; empty: `cloud.llm.model`.
        model: String = String::new(), Limit::Any;
        /// Time between two requests, s.
        every_s: u64 = 3, Limit::Int(1..=600);
        /// Pictures kept of the visit, one a second; the first, the middle and the latest of them are sent.
        keep: usize = 10, Limit::Int(3..=60);
        /// The longest side of a sent picture, pixels.
        long_side_px: u32 = 512, Limit::Int(64..=2_048);
        /// The JPEG quality of a sent picture.
        jpeg_quality: u32 = 60, Limit::Int(1..=100);
        /// What was seen longer ago is not told to the language model, s.
        max_age_s: u64 = 15, Limit::Int(1..=600);
        /// Time for an answer, ms.
        timeout_ms: u64 = 8_000, Limit::Int(10..=120_000);
    }
}

section! {
    /// When a visitor has finished. The four silences must not decrease in this order.
    Turn {
        /// Silence after which transcription starts and the answer is prepared, ms.
        transcribe_after_ms: u64 = 70, Limit::Int(10..=10_000);
        /// Silence after which a clearly finished utterance ends the turn, ms: the floor.
        min_silence_ms: u64 = 300, Limit::Int(10..=10_000);
        /// Silence after which an utterance ends the turn when words and voice disagree, ms.
        unsure_silence_ms: u64 = 600, Limit::Int(10..=10_000);
        /// Silence after which any utterance ends the turn, ms: the ceiling.
        max_silence_ms: u64 = 2_000, Limit::Int(10..=10_000);
        /// Silence that is waited for while a number is being given digit by digit and is not complete, ms.
        digits_silence_ms: u64 = 3_000, Limit::Int(10..=10_000);
        /// Probability of the end-of-turn model from which the voice counts as finished; 0: each language has its own,
        /// in `turns/` of the assets.
        finished_threshold: f32 = 0.0, Limit::Number(0.0..=1.0);
        /// Whether the answer is prepared while the end of the turn is still being decided.
        prepare_answers: bool = true, Limit::Any;
        /// How many prepared answers may be thrown away in one turn.
        max_prepared: u32 = 3, Limit::Int(0..=20);
    }
}

section! {
    /// A visit: one visitor's stay, one conversation.
    Visit {
        /// Whether speech begins a visit when nobody is seen.
        begin_by_speech: bool = true, Limit::Any;
        /// Whether the kiosk greets aloud who comes up or touches it.
        greet: bool = true, Limit::Any;
        /// Silence after which the kiosk asks whether somebody is still there, s.
        ask_after_s: u64 = 25, Limit::Int(1..=3_600);
        /// Silence after that which ends the visit, s.
        end_after_s: u64 = 10, Limit::Int(1..=3_600);
        /// How long the kiosk may think before it says that it takes longer, ms.
        long_thinking_ms: u64 = 4_000, Limit::Int(200..=60_000);
        /// How long the kiosk may think before the watchdog ends it, s.
        max_thinking_s: u64 = 20, Limit::Int(1..=600);
        /// How long the kiosk may be speaking without sound before the watchdog ends it, s.
        max_silent_speaking_s: u64 = 5, Limit::Int(1..=60);
        /// Turns of history given to the language model.
        history_turns: usize = 50, Limit::Int(0..=1_000);
    }
}

section! {
    /// Services on the network: any OpenAI-compatible server. One address serves for all three unless one has its own.
    Cloud {
        /// Base address, `https://…/v1`; empty: no cloud, the embedded parts answer.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of the environment variable or systemd credential that holds the key. Never the key itself. To an address on
        /// this machine a key is sent only if the service names its own.
        api_key: String = "OPENAI_API_KEY".into(), Limit::SecretName;
        /// How the key is sent. `bearer`: OpenAI and compatible; `azure`: Azure OpenAI.
        auth: Auth = Auth::Bearer, Limit::Any;
        /// Azure's `api-version`.
        azure_api_version: String = "2024-10-21".into(), Limit::NotEmpty;
        /// Time for a connection, ms.
        connect_timeout_ms: u64 = 2_000, Limit::Int(10..=60_000);
        /// Failures in a row after which a service is left alone.
        breaker_failures: u32 = 3, Limit::Int(1..=100);
        /// How long it is left alone before a trial, s.
        breaker_open_s: u64 = 20, Limit::Int(1..=3_600);
    } with {
        /// `[cloud.stt]`
        stt: CloudStt;
        /// `[cloud.llm]`
        llm: CloudLlm;
        /// `[cloud.tts]`
        tts: CloudTts;
    }
}

section! {
    /// Speech to text.
    CloudStt {
        /// Its own base address; empty: `cloud.base_url`.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of its own key; empty: `cloud.api_key`, which is sent to the server of `cloud.base_url` only.
        api_key: String = String::new(), Limit::SecretName;
        /// Model name.
        model: String = "gpt-4o-mini-transcribe".into(), Limit::NotEmpty;
        /// Whether to ask for a stream of partial words.
        stream: bool = false, Limit::Any;
        /// Whether to tell the service the likely language.
        send_language: bool = false, Limit::Any;
        /// Time for the whole answer, ms.
        timeout_ms: u64 = 5_000, Limit::Int(10..=120_000);
    } lists {
        /// Asked after this service, in their order; the embedded part is the last.
        next: NextStt;
    }
}

section! {
    /// The language model.
    CloudLlm {
        /// Its own base address; empty: `cloud.base_url`.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of its own key; empty: `cloud.api_key`, which is sent to the server of `cloud.base_url` only.
        api_key: String = String::new(), Limit::SecretName;
        /// Model name.
        model: String = "gpt-4o-mini".into(), Limit::NotEmpty;
        /// How freely it words its answers.
        temperature: f32 = 0.4, Limit::Number(0.0..=2.0);
        /// Longest answer, tokens.
        max_tokens: u32 = 300, Limit::Int(1..=100_000);
        /// Time to the first token, ms.
        first_token_timeout_ms: u64 = 5_000, Limit::Int(10..=120_000);
        /// Time between tokens, ms.
        token_timeout_ms: u64 = 3_000, Limit::Int(10..=120_000);
    } lists {
        /// Asked after this service, in their order; the embedded part is the last.
        next: NextLlm;
    }
}

section! {
    /// Text to speech.
    CloudTts {
        /// Its own base address; empty: `cloud.base_url`.
        base_url: String = String::new(), Limit::BaseUrl;
        /// Name of its own key; empty: `cloud.api_key`, which is sent to the server of `cloud.base_url` only.
        api_key: String = String::new(), Limit::SecretName;
        /// Model name.
        model: String = "gpt-4o-mini-tts".into(), Limit::NotEmpty;
        /// Voice for each language; another language: the English one.
        voice: ByLanguage<String> = ByLanguage::texts("alloy", "alloy"), Limit::NotEmpty;
        /// The rate of the service's PCM, Hz.
        sample_rate_hz: u32 = 24_000, Limit::Int(8_000..=48_000);
        /// Time to the first sound, ms.
        first_audio_timeout_ms: u64 = 4_000, Limit::Int(10..=120_000);
        /// Time between pieces of sound, ms.
        chunk_timeout_ms: u64 = 3_000, Limit::Int(10..=120_000);
    } lists {
        /// Asked after this service, in their order; the embedded part is the last.
        next: NextTts;
    }
}

section! {
    /// Speech and answers without a network.
    Embedded {
        /// Folder of PocketSphinx's English acoustic model and dictionary.
        acoustic_model: PathBuf = "/usr/share/pocketsphinx/model/en-us".into(), Limit::Any;
        /// espeak-ng voice for each language; another language: the voice of its code.
        voice: ByLanguage<String> = ByLanguage::texts("en-us", "ar"), Limit::NotEmpty;
        /// How fast it speaks, words a minute.
        words_per_minute: u32 = 155, Limit::Int(80..=450);
        /// Search score from which an entry of the knowledge base is the answer.
        answer_threshold: f32 = 0.45, Limit::Number(0.0..=1.0);
        /// How sure the recogniser must be.
        recognition_threshold: f32 = 0.5, Limit::Number(0.0..=1.0);
    }
}

section! {
    /// The window.
    Ui {
        /// Whether to fill the screen.
        full_screen: bool = true, Limit::Any;
        /// The colours. `auto`: by the time of day.
        theme: Theme = Theme::Auto, Limit::Any;
        /// The size of text, percent.
        text_size_percent: u32 = 100, Limit::OneOf(&[100, 125, 150]);
        /// Less motion.
        reduced_motion: bool = false, Limit::Any;
        /// The digits of Arabic texts. `western`: 0–9, `arabic`: ٠–٩.
        digits: Digits = Digits::Western, Limit::Any;
    }
}

section! {
    /// What is written to standard error.
    Log {
        /// What is logged: a level, and levels for parts of the program.
        filter: String = "info,majlis=info".into(), Limit::LogFilter;
        /// The shape of a line.
        format: LogFormat = LogFormat::Text, Limit::Any;
    }
}
