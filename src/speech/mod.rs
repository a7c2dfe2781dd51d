//! Speech to text and text to speech, behind one trait each; providers in order, the embedded one last.
//!
//! In: speech as [`TranscribeRequest`], clauses of text as [`SpeakRequest`]. Out: streams of [`TranscriptPiece`]s and
//! [`PcmChunk`]s. Never touches: devices, the conversation's state.

pub mod embedded;
mod types;

pub use types::{
    PcmChunk, SpeakRequest, SpeechStream, SpeechToText, TextToSpeech, TranscribeRequest, Transcript, TranscriptPiece,
    TranscriptStream, WordMark,
};
