//! Hearing and being heard: devices, capture and playout, echo and noise processing, resampling, voice activity,
//! end of turn.
//!
//! In: samples from a [`Source`], [`AudioCommand`]s. Out: samples to a [`Sink`], [`AudioEvent`]s, [`Meters`].
//! Never touches: the network, the disk (but for WAV files given as devices or to be evaluated), the words of the
//! conversation ([`endpoint`] judges words that it is handed).
//!
//! One thread, the [`AudioLoop`], works in frames of 10 ms: what is being played → echo, noise and gain processing
//! ([`processing`](self)) → voice activity → [segmentation](segment) → events. The turn model has a thread of its
//! own, because one question costs it longer than a frame lasts.

mod audio_loop;
mod bell;
mod device_stream;
pub mod devices;
mod echo_path;
pub mod endpoint;
pub mod evaluate;
mod far_end;
mod level;
mod mel;
mod playout;
mod processing;
mod resample;
pub mod script;
mod segment;
mod sink;
mod source;
mod stdio;
mod turn_model;
mod types;
mod vad;
mod voice;
mod wav;

pub use audio_loop::{AudioLink, AudioLoop, AudioParts, AudioThread};
pub use bell::{AudioClosed, AudioCommands, Bell};
pub use device_stream::{DeviceSink, DeviceSource};
pub use resample::{ResampleError, resample_all};
pub use sink::{DeviceChange, NullSink, PlayoutChange, Sink};
pub use source::{FRAME_SAMPLES, Frame, Polled, SilentSource, Source};
pub use stdio::{BenchLog, StdinSource, StdoutSink};
pub use turn_model::TurnModel;
pub use types::{
    AnswerId, AudioCommand, AudioEvent, Meters, PIPELINE_RATE_HZ, PlayChunk, Playhead, SpeechClip, UtteranceId,
    VoiceFeatures,
};
pub use vad::{Vad, VadError};
pub use wav::{WavError, WavSink, WavSource, read_wav};
