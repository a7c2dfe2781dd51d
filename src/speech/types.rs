//! The two traits of speech.

use std::{ops::Range, sync::Arc, time::Duration};

use futures_util::stream::BoxStream;

use crate::{
    cloud::ProviderError,
    event::{EntryId, Language, PersonaVoice, ServedBy},
};

/// The rate of the samples of a [`TranscribeRequest`], Hz.
pub const SPEECH_RATE_HZ: u32 = 16_000;

/// Speech to be written down.
#[derive(Debug, Clone)]
pub struct TranscribeRequest {
    /// f32 in −1..1, mono, [`SPEECH_RATE_HZ`].
    pub samples: Arc<[f32]>,
    /// The language of the screen or of the last turn: a prior, not a promise.
    pub likely_language: Language,
}

/// The words of an utterance.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    /// The words. Empty: nothing was said, or nothing that was understood.
    pub text: String,
    /// Their language.
    pub language: Language,
    /// The knowledge entry whose phrasing was recognised, where the recogniser works from those.
    pub entry: Option<EntryId>,
    /// Who wrote it.
    pub served_by: ServedBy,
}

/// What comes from a transcription, in order: any number of partials, then one final.
#[derive(Debug, Clone, PartialEq)]
pub enum TranscriptPiece {
    /// All words so far; may still change.
    Partial(String),
    /// The result. Ends the stream.
    Final(Transcript),
}

/// Pieces of one transcription.
pub type TranscriptStream = BoxStream<'static, Result<TranscriptPiece, ProviderError>>;

/// Writes speech down.
pub trait SpeechToText: Send + Sync + 'static {
    /// The provider's name in events and logs.
    fn name(&self) -> &str;
    /// Starts a transcription. Dropping the stream cancels it.
    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream;
    /// Opens connections or loads models before they are needed. Never fails; a fault shows itself on first use.
    fn warm_up(&self) {}
}

/// Text to be spoken: one clause or sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeakRequest {
    /// The words as they are written; numbers and times are spelled out by the provider that needs it.
    pub text: String,
    /// Their language.
    pub language: Language,
    /// Whose voice; `None`: as configured.
    pub voice: Option<Arc<PersonaVoice>>,
}

/// Where a word lies in the sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordMark {
    /// The word's bytes in the request's text.
    pub bytes: Range<usize>,
    /// Its start, from the start of the clause.
    pub start: Duration,
}

/// A piece of speech.
#[derive(Debug, Clone, PartialEq)]
pub struct PcmChunk {
    /// f32 in −1..1, mono.
    pub samples: Vec<f32>,
    /// Hz.
    pub sample_rate_hz: u32,
    /// Words that begin in this chunk, where the voice tells them.
    pub words: Vec<WordMark>,
}

/// The sound of one clause.
pub type SpeechStream = BoxStream<'static, Result<PcmChunk, ProviderError>>;

/// Speaks text.
pub trait TextToSpeech: Send + Sync + 'static {
    /// The provider's name in events and logs.
    fn name(&self) -> &str;
    /// Whether it is a service or inside the program.
    fn served_by(&self) -> ServedBy;
    /// Starts to speak. Dropping the stream cancels it.
    fn speak(&self, request: SpeakRequest) -> SpeechStream;
    /// Opens connections or loads models before they are needed. Never fails; a fault shows itself on first use.
    fn warm_up(&self) {}
}
