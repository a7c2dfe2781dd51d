//! What the audio loop says and is told.

use std::{sync::Arc, time::Duration};

pub use crate::event::{AnswerId, UtteranceId};

/// The rate of everything between the devices' edges, Hz: what VAD, smart-turn and speech services want.
pub const PIPELINE_RATE_HZ: u32 = 16_000;

/// Speech as it was heard: f32 in −1..1, mono, [`PIPELINE_RATE_HZ`], with some lead-in before the onset.
#[derive(Debug, Clone)]
pub struct SpeechClip {
    /// The utterance it belongs to.
    pub utterance: UtteranceId,
    /// Where speech began (`Clock`).
    pub speech_start: Duration,
    /// Where speech ended, as far as is known (`Clock`).
    pub speech_end: Duration,
    /// The samples, lead-in and trailing silence included.
    pub samples: Arc<[f32]>,
}

/// What the audio loop tells the conversation. Sent over a bounded queue; when it is full the loop drops the newest
/// and counts it (`Event::Dropped { what: "audio_events" }`).
#[derive(Debug, Clone)]
pub enum AudioEvent {
    /// Speech began. `over_playout`: while an answer was being played; playout is already paused then.
    SpeechStarted {
        /// The new utterance.
        utterance: UtteranceId,
        /// The onset (`Clock`).
        at: Duration,
        /// Whether the kiosk was speaking; playout has been paused by the loop itself.
        over_playout: bool,
    },
    /// Speech that began over the playout has gone on for a while without a pause: what there is of it, to be judged by its
    /// words. Comes at most twice for an utterance.
    SpeechGoesOn {
        /// What was heard so far; it has not ended.
        clip: SpeechClip,
    },
    /// Speech over the playout has lasted long enough, and stands out enough from the hall, to be an interruption (not a
    /// cough, not the hall). Only after `SpeechStarted { over_playout: true }`, and within 0.6 s of it.
    InterruptionConfirmed {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// Speech over the playout ended too soon to be an interruption, or was the hall's; the loop has let playout go on and
    /// forgotten the utterance.
    InterruptionDismissed {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// Silence has lasted `transcribe_after_ms`: a good moment to transcribe what there is.
    SpeechPaused {
        /// What was heard so far.
        clip: SpeechClip,
    },
    /// The visitor goes on: the pause was not the end.
    SpeechResumed {
        /// The utterance.
        utterance: UtteranceId,
        /// When (`Clock`).
        at: Duration,
    },
    /// The end-of-turn model's verdict on the speech before the present pause.
    TurnProbability {
        /// The utterance.
        utterance: UtteranceId,
        /// The end of speech it judges (`Clock`): a verdict on an older pause is stale.
        speech_end: Duration,
        /// 0 (will go on) to 1 (finished).
        finished: f32,
    },
    /// The utterance reached `max_utterance_s`; the rest of it is not kept. Followed by `SpeechPaused`.
    UtteranceTruncated {
        /// The utterance.
        utterance: UtteranceId,
    },
    /// The first sample of an answer left for the speaker.
    PlayoutStarted {
        /// The answer.
        answer: AnswerId,
        /// When (`Clock`).
        at: Duration,
    },
    /// Everything of an answer was played: it was closed by `AudioCommand::CloseAnswer` and its last sample left.
    PlayoutFinished {
        /// The answer.
        answer: AnswerId,
    },
    /// No microphone: nothing will be heard until `MicrophoneReady`.
    MicrophoneLost {
        /// For staff.
        detail: String,
    },
    /// The microphone works (again).
    MicrophoneReady {
        /// For staff.
        detail: String,
    },
    /// No speaker: playout runs on silently at its own pace, so that captions and turns go on.
    SpeakerLost {
        /// For staff.
        detail: String,
    },
    /// The speaker works (again).
    SpeakerReady {
        /// For staff.
        detail: String,
    },
    /// A recorded input has come to its end.
    InputEnded,
}

/// A piece of synthesised speech to be played.
#[derive(Debug, Clone)]
pub struct PlayChunk {
    /// The answer it belongs to.
    pub answer: AnswerId,
    /// The clause within the answer, from 0.
    pub clause: u32,
    /// f32 in −1..1, mono.
    pub samples: Arc<[f32]>,
    /// Their rate, Hz.
    pub sample_rate_hz: u32,
}

/// What the conversation tells the audio loop. Bounded queue; the sender waits.
#[derive(Debug, Clone)]
pub enum AudioCommand {
    /// Play after what is queued.
    Play(PlayChunk),
    /// No more chunks will come for this answer.
    CloseAnswer(AnswerId),
    /// Go on from where it was held.
    Resume,
    /// Drop all sound of the answers up to this one, at once; chunks of them that still come are dropped as well, so
    /// that an answer which was given up cannot be heard although its maker was in the middle of sending.
    Clear {
        /// The last answer that is not wanted.
        through: AnswerId,
    },
    /// The turn is over (or given up): the present utterance is closed, the next speech is a new one.
    EndUtterance(UtteranceId),
}

/// How far playout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Playhead {
    /// The answer being played, or played last.
    pub answer: AnswerId,
    /// The clause within it.
    pub clause: u32,
    /// How much of that clause has been handed to the speaker.
    pub clause_played: Duration,
    /// Whether sound is coming now.
    pub is_playing: bool,
}

/// The sound being played, described for the mouth (LOOK, "From sound to mouth"): one description each 10 ms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VoiceFeatures {
    /// ℓ: loudness within the voice's own range, 0..1.
    pub loudness: f32,
    /// J: jaw, from log₁₀ E[550–1000]/E[150–450], 0..1.
    pub jaw: f32,
    /// S: spread, from log₁₀ E[1500–2800]/E[700–1300], −1..1.
    pub spread: f32,
    /// k: log₁₀ E[700–1000]/E[400–650].
    pub open_vowel: f32,
    /// h: E[4000–7500]/E[100–7500], 0..1.
    pub hiss: f32,
}

/// What changes too fast for events: read by the window each frame from a `watch` channel.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Meters {
    /// Level of the microphone after processing, dBFS (RMS of the last 10 ms).
    pub input_dbfs: f32,
    /// The noise floor, dBFS.
    pub noise_dbfs: f32,
    /// Whether the VAD hears speech now.
    pub is_speech: bool,
    /// How far playout is.
    pub playhead: Playhead,
    /// The sound of the last 10 ms played.
    pub voice: VoiceFeatures,
    /// Frames of 10 ms lost so far: the ring from the microphone was full, or the speaker starved.
    pub frames_dropped: u64,
}
