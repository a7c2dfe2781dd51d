//! One answer in the making: the model's text, cut into clauses, spoken one ahead of the other, held back until it is
//! wanted.
//!
//! ```text
//! model ─▶ deltas ─▶ clauses ─▶ voice (this clause and the next) ─▶ hold until committed ─▶ audio loop
//!   ▲        └▸ calls ─▶ hold until committed ─▶ toolbox ─▶ results ┐
//!   └───────────────────────────────────────────────────────────────┘
//! ```
//! Dropping an [`AnswerJob`] cancels all of it, but a call that changes something: that comes to its end, and is told.

use std::{ops::Range, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

use super::activity::{Activity, Busy};
use crate::{
    audio::{AudioCommand, AudioCommands, PlayChunk},
    clock::Clock,
    event::{AnswerId, Language, PersonaVoice, ServedBy, ToolResult, ToolUse, VisitId},
    llm::LanguageModel,
    speech::{SpeakRequest, TextToSpeech, WordMark},
};

mod calls;
mod thinking;

pub(super) use calls::Calling;
pub(super) use thinking::Inquiry;

/// Clauses waiting for the voice. When it is full the model's stream waits.
const CLAUSES_AHEAD: usize = 8;

/// Chunks of one clause waiting to be played. When it is full the voice's stream waits.
const CHUNKS_AHEAD: usize = 64;

/// Silence in place of a clause that no voice would speak, for each of its letters: time to read it.
const READING_TIME_PER_LETTER: Duration = Duration::from_millis(65);

/// The rate of that silence, Hz.
const SILENCE_RATE_HZ: u32 = 16_000;

/// What the answer is made of.
pub(super) enum Source {
    /// The language model answers.
    Model(Box<Inquiry>),
    /// A sentence of the kiosk's own.
    Sentence(String),
    /// Something that is done once the answer is wanted; gives the sentence that says what came of it.
    Deed(BoxFuture<'static, String>),
}

/// A tool at work, as the window shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToolMark {
    /// The key of its sentence.
    pub(super) says: &'static str,
    /// The name of its icon.
    pub(super) icon: &'static str,
}

/// The calls of one step, and what came of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ToolStepDone {
    pub(super) visit: VisitId,
    pub(super) calls: Vec<ToolUse>,
    pub(super) results: Vec<ToolResult>,
    /// Whether one of them may have changed something.
    pub(super) changes_something: bool,
}

impl ToolStepDone {
    /// Whether something may be otherwise than before: a call that was refused or only proposed changed nothing.
    pub(super) fn has_changed_something(&self) -> bool {
        self.changes_something && self.results.iter().any(|result| result.failure.is_none())
    }
}

/// What the driver learns about an answer in the making.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Progress {
    /// The first token of the model.
    FirstToken,
    /// More text.
    Text(String),
    /// A clause goes to the voice: these bytes of the text.
    Clause(Range<usize>),
    /// Sound of a clause.
    Sound { clause: u32, length: Duration, words: Vec<WordMark> },
    /// All sound of a clause is there.
    ClauseComplete(u32),
    /// Tools begin to run.
    Calling(Vec<ToolMark>),
    /// They have come to their end. Told even if the answer was given up meanwhile, where they may have changed something.
    Called(Arc<ToolStepDone>),
    /// All text is there.
    Complete { served_by: Option<ServedBy>, ends_visit: bool, has_text: bool },
    /// The model failed before it said anything.
    Failed,
}

/// A piece of progress of one answer, with its time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AnswerEvent {
    pub(super) answer: AnswerId,
    pub(super) at: Duration,
    pub(super) progress: Progress,
}

/// What an answer needs to be made.
#[derive(Clone)]
pub(super) struct Makers {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) llm: Arc<dyn LanguageModel>,
    pub(super) tts: Arc<dyn TextToSpeech>,
    pub(super) audio: AudioCommands,
    /// Bounded; a job waits when it is full.
    pub(super) events: mpsc::Sender<AnswerEvent>,
    pub(super) activity: Activity,
}

/// A running answer.
pub(super) struct AnswerJob {
    commit: watch::Sender<bool>,
    _task: AbortOnDropHandle<()>,
}

impl AnswerJob {
    /// Starts to make an answer; nothing of it is heard before [`AnswerJob::commit`].
    ///
    /// `voice`: of who speaks; `None`: as configured.
    pub(super) fn start(
        makers: Makers,
        answer: AnswerId,
        language: Language,
        voice: Option<Arc<PersonaVoice>>,
        source: Source,
    ) -> Self {
        let commit = watch::Sender::new(false);
        let wanted = commit.subscribe();
        let busy = makers.activity.begin();
        let task = tokio::spawn(async move {
            Maker { makers, answer, language, wanted }.run(source, voice, busy).await;
        });
        Self { commit, _task: AbortOnDropHandle::new(task) }
    }

    /// Lets it be heard.
    pub(super) fn commit(&self) {
        self.commit.send_replace(true);
    }
}

/// A clause on its way to the voice.
struct PendingClause {
    index: u32,
    text: String,
    voice: Option<Arc<PersonaVoice>>,
}

/// The sound of a clause as it comes.
struct ClauseSound {
    index: u32,
    chunks: mpsc::Receiver<SoundChunk>,
}

struct SoundChunk {
    samples: Vec<f32>,
    sample_rate_hz: u32,
    words: Vec<WordMark>,
}

#[derive(Clone)]
struct Maker {
    makers: Makers,
    answer: AnswerId,
    language: Language,
    wanted: watch::Receiver<bool>,
}

impl Maker {
    async fn run(self, source: Source, voice: Option<Arc<PersonaVoice>>, busy: Busy) {
        let (clause_sender, clauses) = mpsc::channel(CLAUSES_AHEAD);
        // One clause is being forwarded while the next is being spoken.
        let (sound_sender, sounds) = mpsc::channel(1);
        let mut parts = JoinSet::new();
        parts.spawn(self.clone().speak(clauses, sound_sender));
        parts.spawn(self.clone().forward(sounds, busy));
        self.think(source, voice, clause_sender).await;
        while parts.join_next().await.is_some() {}
    }

    async fn report(&self, progress: Progress) {
        let event = AnswerEvent { answer: self.answer, at: self.makers.clock.now(), progress };
        // The driver outlives its jobs; if it is gone, so is the need to tell it.
        let _ = self.makers.events.send(event).await;
    }

    // ---- voice ------------------------------------------------------------------------------------------------------

    /// Speaks clause after clause. Before the answer is wanted only the first is spoken: the rest would cost for
    /// nothing if it is thrown away.
    async fn speak(mut self, mut clauses: mpsc::Receiver<PendingClause>, sounds: mpsc::Sender<ClauseSound>) {
        let mut voices = JoinSet::new();
        while let Some(clause) = clauses.recv().await {
            if clause.index > 0 && self.wanted.wait_for(|wanted| *wanted).await.is_err() {
                return;
            }
            let Ok(place) = sounds.reserve().await else { return };
            let (chunk_sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
            place.send(ClauseSound { index: clause.index, chunks });
            voices.spawn(self.clone().speak_clause(clause, chunk_sender));
        }
        drop(sounds);
        while voices.join_next().await.is_some() {}
    }

    async fn speak_clause(self, clause: PendingClause, chunks: mpsc::Sender<SoundChunk>) {
        let request = SpeakRequest { text: clause.text.clone(), language: self.language, voice: clause.voice };
        let mut speech = self.makers.tts.speak(request);
        let mut spoke = false;
        while let Some(piece) = speech.next().await {
            let Ok(piece) = piece else { break };
            spoke |= !piece.samples.is_empty();
            let chunk = SoundChunk { samples: piece.samples, sample_rate_hz: piece.sample_rate_hz, words: piece.words };
            if chunks.send(chunk).await.is_err() {
                return;
            }
        }
        if !spoke {
            // No voice at all: the visitor reads, and the turn takes the time that reading takes.
            let letters = clause.text.chars().count();
            let per_letter = READING_TIME_PER_LETTER.as_millis() as usize * SILENCE_RATE_HZ as usize / 1000;
            let silence = vec![0.0; letters.saturating_mul(per_letter)];
            let _ =
                chunks.send(SoundChunk { samples: silence, sample_rate_hz: SILENCE_RATE_HZ, words: Vec::new() }).await;
        }
    }

    // ---- to the speaker ---------------------------------------------------------------------------------------------

    async fn forward(mut self, mut sounds: mpsc::Receiver<ClauseSound>, busy: Busy) {
        while let Some(mut sound) = sounds.recv().await {
            while let Some(chunk) = sound.chunks.recv().await {
                let length =
                    Duration::from_secs_f64(chunk.samples.len() as f64 / f64::from(chunk.sample_rate_hz.max(1)));
                self.report(Progress::Sound { clause: sound.index, length, words: chunk.words }).await;
                if self.wanted.wait_for(|wanted| *wanted).await.is_err() {
                    return;
                }
                let play = AudioCommand::Play(PlayChunk {
                    answer: self.answer,
                    clause: sound.index,
                    samples: chunk.samples.into(),
                    sample_rate_hz: chunk.sample_rate_hz,
                });
                if self.makers.audio.send(play).await.is_err() {
                    return;
                }
            }
            self.report(Progress::ClauseComplete(sound.index)).await;
        }
        if self.wanted.wait_for(|wanted| *wanted).await.is_ok() {
            let _ = self.makers.audio.send(AudioCommand::CloseAnswer(self.answer)).await;
        }
        // From here on the audio loop has the answer; a fast replay need not wait for us.
        drop(busy);
    }
}
