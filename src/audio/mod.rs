//! Hearing and being heard: devices, capture and playout, echo and noise processing, resampling, voice activity,
//! end of turn.
//!
//! In: samples from a [`Source`](source::Source), [`AudioCommand`]s. Out: samples to a sink, [`AudioEvent`]s, [`Meters`].
//! Never touches: the network, the disk (but for WAV files given as devices), the words of the conversation.

mod types;

pub use types::{
    AnswerId, AudioCommand, AudioEvent, Meters, PIPELINE_RATE_HZ, PlayChunk, Playhead, SpeechClip, UtteranceId,
    VoiceFeatures,
};
