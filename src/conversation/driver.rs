//! The task that runs a conversation: it turns what happens into inputs of the machine and carries out its actions.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use futures_util::StreamExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::{
    Activity, Observations, TurnRecord, VisitorRecords,
    answer::{AnswerEvent, AnswerJob, Makers, Progress, Source},
    heard::SpokenText,
    machine::{self, Action, FAREWELL, Input, JobId, Question, Settings, State, Words as HeardWords},
    prompt::{self, History},
    view::{KioskWords, Scene, VisitorWords},
};
use crate::{
    audio::{AudioCommand, AudioCommands, AudioEvent, Meters, Playhead, SpeechClip},
    clock::Clock,
    config,
    event::{
        AnswerId, Bus, Command, Connection, Device, DeviceStatus, EndReason, Event, Language, Phase, ServedBy, Sight,
        Speaker, Subscription, Toast, TurnId, View, VisitId, VisitorId,
    },
    knowledge::{Answered, Hit, KnowledgeBase},
    llm::{ChatRequest, LanguageModel},
    speech::{SpeechToText, TextToSpeech, TranscribeRequest, TranscriptPiece},
    store::{Message, Record, Said, StoreWriter, UnixMillis},
    vision::EyesCommand,
    words::Words,
};

mod act;
mod known;
mod own_words;

/// Progress of jobs waiting for the driver. When it is full the jobs wait.
const PROGRESS_QUEUE: usize = 256;

/// How often captions follow the sound, and how soon a "speaking" without sound is noticed.
const CAPTION_STEP: Duration = Duration::from_millis(60);

/// Entries of the knowledge base that the model is shown with a question.
const FACTS: usize = 4;

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
}

/// A transcription's progress.
struct TranscriptEvent {
    job: JobId,
    at: Duration,
    /// `None`: it failed.
    piece: Option<TranscriptPiece>,
}

struct Transcription {
    turn: TurnId,
    _task: AbortOnDropHandle<()>,
}

/// An answer as the driver knows it.
struct RunningAnswer {
    turn: Option<TurnId>,
    language: Language,
    job: AnswerJob,
    spoken: SpokenText,
    served_by: Option<ServedBy>,
    first_token_at: Option<Duration>,
    first_audio_at: Option<Duration>,
    /// The visitor's name, if it is said: it stays out of the transcript and of what the model is told.
    name: Option<String>,
    /// Where playout stood when the speaker was lost: what comes after it can be read, and is not heard.
    unheard_from: Option<Playhead>,
}

/// Who asked to be forgotten, and whether it was done.
type Forgotten = (VisitorId, bool);

/// A conversation, ready to run.
pub struct Conversation {
    parts: Parts,
    settings: Settings,
    state: State,
    scene: Scene,
    history: History,
    visit: Option<VisitId>,
    clip: Option<SpeechClip>,
    transcriptions: BTreeMap<JobId, Transcription>,
    transcript_events: (mpsc::Sender<TranscriptEvent>, mpsc::Receiver<TranscriptEvent>),
    answer: Option<(AnswerId, RunningAnswer)>,
    frames_dropped: u64,
    answer_events: (mpsc::Sender<AnswerEvent>, mpsc::Receiver<AnswerEvent>),
    records: BTreeMap<TurnId, TurnRecord>,
    last_played: Duration,
    /// Whether there are eyes that still see.
    has_eyes: bool,
    /// For the camera's comings and goings; those of sound are heard from the audio loop.
    devices: Subscription,
    /// Who was asked to be forgotten, and whether it was done.
    forgotten: (mpsc::Sender<Forgotten>, mpsc::Receiver<Forgotten>),
}

impl Conversation {
    /// A conversation with nobody there.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let config = &parts.config;
        let settings = Settings {
            turn: config.turn.clone(),
            visit: config.visit.clone(),
            max_utterance: Duration::from_secs(config.audio.max_utterance_s),
            listen_only_when_attending: config.presence.listen_only_when_attending,
            words: parts.words.turns().clone(),
        };
        Self {
            state: State::new(config.stand.language),
            scene: Scene::new(parts.knowledge.topics(), parts.uses_service, parts.camera_on),
            history: History::new(config.visit.history_turns),
            settings,
            has_eyes: true,
            devices: parts.bus.subscribe(),
            forgotten: mpsc::channel(PROGRESS_QUEUE),
            parts,
            visit: None,
            clip: None,
            transcriptions: BTreeMap::new(),
            transcript_events: mpsc::channel(PROGRESS_QUEUE),
            answer: None,
            frames_dropped: 0,
            answer_events: mpsc::channel(PROGRESS_QUEUE),
            records: BTreeMap::new(),
            last_played: Duration::ZERO,
        }
    }

    /// Runs until [`Command::Shutdown`] or until nobody can send commands any more.
    pub async fn run(mut self) {
        self.scene.connection = *self.parts.connection.borrow_and_update();
        self.show();
        loop {
            let wake = self.next_wake();
            let clock = self.parts.clock.clone();
            tokio::select! {
                // In this order: what the visitor does goes before what we make.
                biased;
                event = self.parts.audio_events.recv() => match event {
                    Some(event) => self.hear(event).await,
                    // Deaf and mute there is no conversation: whoever runs it starts anew.
                    None => {
                        self.device(Device::Microphone, DeviceStatus::Lost, "the audio loop has ended".to_owned());
                        break;
                    }
                },
                command = self.parts.commands.recv() => match command {
                    Some(Command::Shutdown) | None => break,
                    Some(command) => self.obey(command).await,
                },
                Some(event) = self.transcript_events.1.recv() => self.transcribed(event).await,
                Some(event) = self.answer_events.1.recv() => self.answered(event).await,
                Ok(()) = self.parts.connection.changed() => self.connection_changed(),
                seen = self.parts.sight.changed(), if self.has_eyes => {
                    // Eyes that have ended see nothing, whatever they saw last: from then on whoever speaks counts.
                    self.has_eyes = seen.is_ok();
                    let sight = if self.has_eyes { *self.parts.sight.borrow_and_update() } else { Sight::default() };
                    self.feed(Input::Seen(sight)).await;
                }
                Some((visitor, is_done)) = self.forgotten.1.recv() => self.has_forgotten(visitor, is_done).await,
                Some(stamped) = self.devices.next() => self.camera_changed(&stamped.event),
                () = sleep_until(clock, wake), if wake.is_some() => self.wake().await,
            }
            self.show();
        }
        self.feed(Input::Shutdown).await;
        self.show();
    }

    fn next_wake(&self) -> Option<Duration> {
        let deadline = self.state.next_deadline(&self.settings);
        let caption = (self.state.phase() == Phase::Speaking).then(|| self.parts.clock.now() + CAPTION_STEP);
        let toast = self.scene.toast.as_ref().map(|toast| toast.since + Toast::SHOWN_FOR);
        let farewell = self.scene.farewell_since.map(|since| since + FAREWELL);
        [deadline, caption, toast, farewell].into_iter().flatten().min()
    }

    async fn wake(&mut self) {
        let now = self.parts.clock.now();
        if self.scene.toast.as_ref().is_some_and(|toast| now >= toast.since + Toast::SHOWN_FOR) {
            self.scene.toast = None;
        }
        if self.scene.farewell_since.is_some_and(|since| now >= since + FAREWELL) {
            self.scene.farewell_since = None;
        }
        let playhead = self.parts.meters.borrow().playhead;
        if playhead.clause_played != self.last_played {
            self.last_played = playhead.clause_played;
            self.feed(Input::SoundHeard(playhead.answer)).await;
        }
        if self.state.next_deadline(&self.settings).is_some_and(|deadline| now >= deadline) {
            self.feed(Input::Tick).await;
        }
    }

    // ---- what happens -----------------------------------------------------------------------------------------------

    async fn hear(&mut self, event: AudioEvent) {
        self.tell_of_losses();
        match event {
            AudioEvent::SpeechStarted { utterance, over_playout, .. } => {
                if over_playout {
                    self.tell_own_words().await;
                }
                self.feed(Input::SpeechStarted { utterance, over_playout }).await;
                // Not for every noise of the hall.
                if self.state.utterance() == Some(utterance) || self.state.held_utterance() == Some(utterance) {
                    self.scene.visitor = None;
                    self.warm_up();
                }
            }
            AudioEvent::InterruptionConfirmed { utterance } => self.feed(Input::InterruptionConfirmed(utterance)).await,
            AudioEvent::InterruptionDismissed { utterance } => self.feed(Input::InterruptionDismissed(utterance)).await,
            AudioEvent::SpeechGoesOn { clip } => {
                let utterance = clip.utterance;
                self.clip = Some(clip);
                self.feed(Input::SpeechGoesOn(utterance)).await;
            }
            AudioEvent::SpeechPaused { clip } => {
                let input = Input::SpeechPaused {
                    utterance: clip.utterance,
                    speech_start: clip.speech_start,
                    speech_end: clip.speech_end,
                };
                self.clip = Some(clip);
                self.feed(input).await;
            }
            AudioEvent::SpeechResumed { utterance, .. } => {
                if let Some(words) = &mut self.scene.visitor {
                    words.is_final = false;
                }
                self.feed(Input::SpeechResumed(utterance)).await;
            }
            AudioEvent::TurnProbability { utterance, speech_end, finished } => {
                self.feed(Input::TurnProbability { utterance, speech_end, finished }).await;
            }
            AudioEvent::UtteranceTruncated { utterance } => {
                self.parts.bus.publish(Event::Dropped { what: "utterance_tail", count: 1 });
                self.feed(Input::UtteranceTruncated(utterance)).await;
            }
            AudioEvent::PlayoutStarted { answer, at } => {
                if let Some((id, running)) = &self.answer
                    && *id == answer
                    && let Some(record) = running.turn.and_then(|turn| self.records.get_mut(&turn))
                {
                    record.first_sample_at.get_or_insert(at);
                }
                self.feed(Input::PlayoutStarted(answer)).await;
                if let Some((id, running)) = self.answer.as_ref().filter(|(id, _)| *id == answer) {
                    self.record_answer(*id, running);
                }
            }
            AudioEvent::PlayoutFinished { answer } => {
                self.tell_what_was_asked(answer).await;
                self.feed(Input::PlayoutFinished(answer)).await;
            }
            AudioEvent::MicrophoneLost { detail } => {
                self.device(Device::Microphone, DeviceStatus::Lost, detail);
                self.feed(Input::MicrophoneLost).await;
            }
            AudioEvent::MicrophoneReady { detail } => self.device(Device::Microphone, DeviceStatus::Ready, detail),
            AudioEvent::SpeakerLost { detail } => {
                let playhead = self.parts.meters.borrow().playhead;
                if let Some((_, running)) = &mut self.answer {
                    running.unheard_from.get_or_insert(playhead);
                }
                self.device(Device::Speaker, DeviceStatus::Lost, detail);
            }
            AudioEvent::SpeakerReady { detail } => {
                // An answer that has not begun yet will be heard after all.
                if let Some((answer, running)) = &mut self.answer {
                    running.unheard_from.take_if(|playhead| playhead.answer != *answer);
                }
                self.device(Device::Speaker, DeviceStatus::Ready, detail);
            }
            AudioEvent::InputEnded => self.parts.bus.publish(Event::InputEnded),
        }
    }

    /// Opens connections and loads models before they are needed: at the start, and while the visitor is speaking.
    pub fn warm_up(&self) {
        self.parts.stt.warm_up();
        self.parts.llm.warm_up();
        self.parts.tts.warm_up();
    }

    fn tell_of_losses(&mut self) {
        let events = self.parts.audio_events_dropped.swap(0, Ordering::Relaxed);
        let dropped = self.parts.meters.borrow().frames_dropped;
        let frames = dropped.saturating_sub(std::mem::replace(&mut self.frames_dropped, dropped));
        for (what, count) in [("audio_events", events), ("audio_frames", frames)] {
            if count > 0 {
                self.parts.bus.publish(Event::Dropped { what, count });
            }
        }
    }

    fn device(&mut self, device: Device, status: DeviceStatus, detail: String) {
        self.scene.lost.retain(|lost| *lost != device);
        if status == DeviceStatus::Lost {
            self.scene.lost.push(device);
        }
        self.parts.bus.publish(Event::Device { device, status, detail });
    }

    async fn obey(&mut self, command: Command) {
        let input = match command {
            Command::VisitorArrived => Input::Arrived,
            Command::VisitorLeft => Input::Left,
            Command::VisitorRecognised(visitor) => self.recognised(visitor),
            Command::NotMe => self.deny(),
            Command::ForgetMe => self.forget(),
            Command::Touch => Input::Touched,
            Command::Finish => Input::Finish,
            Command::CallStaff => Input::CallStaff,
            Command::SetLanguage(language) => Input::SetLanguage(language),
            Command::AskTopic(entry) => {
                let language = self.state.language();
                let Some(known) = self.parts.knowledge.entry(&entry) else {
                    tracing::warn!(%entry, "a topic was touched that the knowledge base does not have");
                    return;
                };
                let text = known.text(language).question.clone();
                Input::Topic(Question { text, language, entry: Some(entry), written_by: None })
            }
            Command::MoveAppointment(_) | Command::CancelAppointment | Command::HideCard => Input::Touched,
            Command::Shutdown => Input::Shutdown,
        };
        self.feed(input).await;
    }

    async fn transcribed(&mut self, event: TranscriptEvent) {
        let Some(transcription) = self.transcriptions.get(&event.job) else { return };
        let turn = transcription.turn;
        match event.piece {
            Some(TranscriptPiece::Partial(text)) => {
                let language = Language::of_text(&text).unwrap_or(self.state.language());
                self.scene.visitor = Some(VisitorWords { text, language, is_final: false });
            }
            Some(TranscriptPiece::Final(transcript)) => {
                self.transcriptions.remove(&event.job);
                if let Some(record) = self.records.get_mut(&turn) {
                    record.transcript_at = Some(event.at);
                }
                let text = transcript.text.trim().to_owned();
                if !text.is_empty() {
                    let words = VisitorWords { text: text.clone(), language: transcript.language, is_final: true };
                    self.scene.visitor = Some(words);
                }
                let words = HeardWords {
                    text,
                    language: transcript.language,
                    entry: transcript.entry,
                    served_by: transcript.served_by,
                };
                self.feed(Input::Transcribed { job: event.job, words }).await;
            }
            None => {
                self.transcriptions.remove(&event.job);
                self.feed(Input::TranscriptionFailed(event.job)).await;
            }
        }
    }

    async fn answered(&mut self, event: AnswerEvent) {
        let AnswerEvent { answer, at, progress } = event;
        let Some((_, running)) = self.answer.as_mut().filter(|(id, _)| *id == answer) else { return };
        match progress {
            Progress::FirstToken => running.first_token_at = Some(at),
            Progress::Text(text) => running.spoken.push_text(&text),
            Progress::Clause(bytes) => running.spoken.push_clause(bytes),
            Progress::Sound { clause, length, words } => {
                running.first_audio_at.get_or_insert(at);
                running.spoken.push_sound(clause, length, &words);
            }
            Progress::ClauseComplete(clause) => running.spoken.complete_clause(clause),
            Progress::Complete { served_by, ends_visit, has_text } => {
                running.served_by = served_by;
                self.feed(Input::AnswerComplete { answer, ends_visit, has_text }).await;
            }
            Progress::Failed => self.feed(Input::AnswerFailed(answer)).await,
        }
        self.share_spoken();
    }

    /// The window shows the answer once it sounds.
    fn share_spoken(&mut self) {
        if self.state.phase() == Phase::Speaking
            && let Some((id, running)) = &self.answer
        {
            self.scene.kiosk =
                Some(KioskWords { answer: *id, language: running.language, spoken: running.spoken.clone() });
        }
    }

    fn connection_changed(&mut self) {
        let connection = *self.parts.connection.borrow_and_update();
        if self.scene.connection == Connection::Offline && connection == Connection::Online {
            self.scene.toast = Some(Toast { key: "offline.back", since: self.parts.clock.now() });
        }
        self.scene.connection = connection;
    }

    fn show(&mut self) {
        let playhead = self.parts.meters.borrow().playhead;
        let view = self.scene.view(&self.state, &playhead);
        if **self.parts.view.load() != view {
            self.parts.view.store(Arc::new(view));
            (self.parts.repaint)();
        }
    }

    async fn feed(&mut self, input: Input) {
        let now = self.parts.clock.now();
        let (state, actions) = machine::step(&self.state, &self.settings, now, input);
        self.state = state;
        for action in actions {
            self.act(action).await;
        }
    }
}

async fn sleep_until(clock: Arc<dyn Clock>, wake: Option<Duration>) {
    if let Some(wake) = wake {
        clock.sleep_until(wake).await;
    }
}
