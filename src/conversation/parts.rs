//! What a conversation is made of.

use std::sync::{Arc, atomic::AtomicU64};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use super::{Activity, AppointmentDesk, Observations, Personas, TurnRecord, VisitorRecords};
use crate::{
    audio::{AudioCommands, AudioEvent, Meters},
    clock::Clock,
    config,
    event::{Bus, Command, Connection, Cost, Feed, Sight, View},
    knowledge::KnowledgeBase,
    llm::LanguageModel,
    speech::{SpeechToText, TextToSpeech},
    store::StoreWriter,
    tools::Toolbox,
    vision::EyesCommand,
    words::Words,
};

/// What a conversation is made of.
pub struct Parts {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where events go.
    pub bus: Bus,
    /// The configuration.
    pub config: Arc<config::Config>,
    /// The kiosk's own sentences.
    pub words: Arc<Words>,
    /// What the stand knows.
    pub knowledge: Arc<KnowledgeBase>,
    /// Ears' other half: speech to text, fallback included.
    pub stt: Arc<dyn SpeechToText>,
    /// Mind: the language model, fallback included.
    pub llm: Arc<dyn LanguageModel>,
    /// Voice: text to speech, fallback included.
    pub tts: Arc<dyn TextToSpeech>,
    /// Where the transcript goes.
    pub store: StoreWriter,
    /// What is heard.
    pub audio_events: mpsc::Receiver<AudioEvent>,
    /// How many of those were dropped because the queue was full.
    pub audio_events_dropped: Arc<AtomicU64>,
    /// What is to be played.
    pub audio: AudioCommands,
    /// How far playout is.
    pub meters: watch::Receiver<Meters>,
    /// What is asked for from outside.
    pub commands: mpsc::Receiver<Command>,
    /// Whether services answer.
    pub connection: watch::Receiver<Connection>,
    /// The window's snapshot.
    pub view: Arc<ArcSwap<View>>,
    /// Called after the snapshot was replaced. Must not block.
    pub repaint: Box<dyn Fn() + Send + Sync>,
    /// Whether what the visitor says leaves the box (for the notice).
    pub uses_service: bool,
    /// Whether a camera is in use at the start (for the notice); one that comes later is heard of on the bus.
    pub camera_on: bool,
    /// What the camera shows.
    pub sight: watch::Receiver<Sight>,
    /// To the eyes. Bounded; when it is full what was said to them is dropped, and logged.
    pub eyes: mpsc::Sender<EyesCommand>,
    /// The people on record.
    pub records: Arc<dyn VisitorRecords>,
    /// What the camera showed of late, in words; the default: nothing.
    pub seen: Observations,
    /// Finished turns. Bounded; when it is full a record is dropped: it stands in the store as well.
    pub turns: mpsc::Sender<TurnRecord>,
    /// What is under way, for a fast replay.
    pub activity: Activity,
    /// What the model may call.
    pub toolbox: Arc<dyn Toolbox>,
    /// Who may speak.
    pub personas: Arc<Personas>,
    /// The appointments, as far as a touched card changes them.
    pub appointments: Arc<dyn AppointmentDesk>,
    /// Where what is said and done is told to the outside.
    pub feed: Feed,
    /// What services have cost since the program started.
    pub spent: Arc<dyn Fn() -> Cost + Send + Sync>,
    /// The wall clock.
    pub wall: Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>,
}
