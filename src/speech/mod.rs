//! Speech to text and text to speech, behind one trait each; providers in order, the embedded one last.
//!
//! In: speech as [`TranscribeRequest`], clauses of text as [`SpeakRequest`]. Out: streams of [`TranscriptPiece`]s and
//! [`PcmChunk`]s. Never touches: devices, the conversation's state.
//!
//! The streams of the services and the chains are lazy: a request goes out when its stream is first polled.

pub mod clauses;
pub mod embedded;

mod chain;
mod cloud_stt;
mod cloud_tts;
mod types;

pub use chain::{SttChain, TtsChain};
pub use clauses::{Clause, ClauseSplitter};
pub use cloud_stt::CloudSpeechToText;
pub use cloud_tts::CloudTextToSpeech;
pub use types::{
    PcmChunk, SPEECH_RATE_HZ, SpeakRequest, SpeechStream, SpeechToText, TextToSpeech, TranscribeRequest, Transcript,
    TranscriptPiece, TranscriptStream, WordMark,
};
