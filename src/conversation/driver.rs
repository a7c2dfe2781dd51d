//! The task that runs a conversation: it turns what happens into inputs of the machine and carries out its actions.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::{
    Parts, Persona, TurnRecord,
    answer::{AnswerEvent, AnswerJob, Makers, Progress, Source, ToolStepDone},
    cards::CardChange,
    heard::SpokenText,
    history::History,
    machine::{self, Action, FAREWELL, Input, JobId, Question, Settings, State, Words as HeardWords},
    utterance::LanguageOfVisit,
    view::{KioskWords, Scene, VisitorWords},
    visit::VisitLog,
};
use crate::{
    audio::{AudioCommand, AudioEvent, Playhead, SpeechClip},
    clock::Clock,
    event::{
        AnswerId, Command, Connection, Device, DeviceStatus, EndReason, Event, FeedEvent, KnownVisitor, Language,
        Phase, ServedBy, Sight, Speaker, Subscription, Toast, TurnId, VisitId, VisitorId, VisitorMemory,
    },
    speech::{TranscribeRequest, TranscriptPiece},
    store::{Message, Record, Said, UnixMillis},
    tools::ConsentWords,
    vision::EyesCommand,
};

mod act;
mod ending;
mod known;
mod own_words;
mod question;
mod spoken;
mod tools;

/// Progress of jobs waiting for the driver. When it is full the jobs wait.
const PROGRESS_QUEUE: usize = 256;

/// How often captions follow the sound, and how soon a "speaking" without sound is noticed.
const CAPTION_STEP: Duration = Duration::from_millis(60);

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
    /// What tools did for it.
    steps: Vec<Arc<ToolStepDone>>,
    /// Whether tools run for it, or have run: its sound may come with pauses.
    is_working: bool,
    /// Whether the model was asked to tell what came of earlier calls.
    tells_result: bool,
    /// What becomes of "forget me" once it is wanted.
    forgetting: Option<known::Forgetting>,
}

/// What was done beside the conversation.
enum Background {
    /// Somebody was recognised, and this is remembered of them.
    Recognised(Box<KnownVisitor>, VisitorMemory),
    /// This is remembered of whoever said who they are.
    Remembered(VisitorId, VisitorMemory),
    /// Somebody asked to be forgotten: whether it was done, and whether that is being said already.
    Forgotten { visitor: VisitorId, is_done: bool, is_said: bool },
    /// A model worded the summary of what was said before.
    Reworded { visit: VisitId, old: String, summary: String },
    /// A button of the appointment's card was touched, and this came of it.
    CardChanged(VisitId, CardChange),
}

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
    /// What was done beside the conversation. Bounded; whoever did it waits when it is full.
    background: (mpsc::Sender<Background>, mpsc::Receiver<Background>),
    /// Who speaks.
    persona: Arc<Persona>,
    /// What is remembered of whoever is there.
    memory: Option<(VisitorId, VisitorMemory)>,
    language_of_visit: LanguageOfVisit,
    /// Knows a yes.
    consent: ConsentWords,
    visit_log: VisitLog,
    /// Whether a call came to its end that the visitor was not told of yet.
    has_untold_result: bool,
    /// Whether the visitor was asked if they want to be forgotten.
    asked_to_forget: bool,
    /// What the kiosk says of a touched card.
    card_says: String,
    /// The page that is read out.
    reads: Arc<str>,
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
            history: History::new(config.visit.history_turns, config.memory.prompt_tokens as usize),
            settings,
            has_eyes: true,
            devices: parts.bus.subscribe(),
            background: mpsc::channel(PROGRESS_QUEUE),
            persona: parts.personas.first().clone(),
            memory: None,
            language_of_visit: LanguageOfVisit::default(),
            consent: ConsentWords::new(&parts.words),
            visit_log: VisitLog::default(),
            has_untold_result: false,
            asked_to_forget: false,
            card_says: String::new(),
            reads: Arc::default(),
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
                Some(done) = self.background.1.recv() => self.done_beside(done).await,
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
        let is_working = self.answer.as_ref().is_some_and(|(_, running)| running.is_working);
        let follows_sound = self.state.phase() == Phase::Speaking || is_working;
        let caption = follows_sound.then(|| self.parts.clock.now() + CAPTION_STEP);
        let toast = self.scene.toast.as_ref().map(|toast| toast.since + Toast::SHOWN_FOR);
        let farewell = self.scene.farewell_since.map(|since| since + FAREWELL);
        [deadline, caption, toast, farewell, self.scene.summary_until].into_iter().flatten().min()
    }

    async fn wake(&mut self) {
        let now = self.parts.clock.now();
        if self.scene.toast.as_ref().is_some_and(|toast| now >= toast.since + Toast::SHOWN_FOR) {
            self.scene.toast = None;
        }
        if self.scene.farewell_since.is_some_and(|since| now >= since + FAREWELL) {
            self.scene.farewell_since = None;
        }
        self.scene.put_summary_away(now);
        let playhead = self.parts.meters.borrow().playhead;
        if playhead.clause_played != self.last_played {
            self.last_played = playhead.clause_played;
            self.feed(Input::SoundHeard(playhead.answer)).await;
        }
        if !playhead.is_playing
            && self.answer.as_ref().is_some_and(|(id, own)| *id == playhead.answer && own.is_working)
        {
            self.feed(Input::SoundRanDry(playhead.answer)).await;
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
            Command::VisitorRecognised(visitor) => return self.recall(visitor),
            Command::NotMe => self.deny(),
            Command::ForgetMe => self.forget(),
            Command::Touch => Input::Touched,
            Command::Finish => Input::Finish,
            Command::CallStaff => Input::CallStaff,
            Command::StaffSignedIn => Input::Staff { is_there: true },
            Command::StaffLeft => Input::Staff { is_there: false },
            Command::ReadOut { text, language } => {
                self.reads = text;
                Input::ReadOut(language)
            }
            Command::StopReading => Input::StopReading,
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
            Command::MoveAppointment(slot) => self.touch_card(Some(slot)),
            Command::CancelAppointment => self.touch_card(None),
            Command::HideCard => {
                self.scene.put_card_away();
                Input::Touched
            }
            Command::Shutdown => Input::Shutdown,
        };
        self.feed(input).await;
    }

    async fn transcribed(&mut self, event: TranscriptEvent) {
        let Some(transcription) = self.transcriptions.get(&event.job) else { return };
        let turn = transcription.turn;
        match event.piece {
            Some(TranscriptPiece::Partial(text)) => {
                let language = Language::written(&text, self.state.language());
                self.scene.visitor = Some(VisitorWords { text, language, is_final: false });
            }
            Some(TranscriptPiece::Final(transcript)) => {
                self.transcriptions.remove(&event.job);
                if let Some(record) = self.records.get_mut(&turn) {
                    record.transcript_at = Some(event.at);
                }
                let text = transcript.text.trim().to_owned();
                let language = self.language_of(&text, transcript.language, transcript.entry.is_some());
                if !text.is_empty() {
                    // The caption's direction is that of its letters, whatever language is answered in.
                    let language = Language::written(&text, language);
                    self.scene.visitor = Some(VisitorWords { text: text.clone(), language, is_final: true });
                }
                let words = HeardWords { text, language, entry: transcript.entry, served_by: transcript.served_by };
                self.feed(Input::Transcribed { job: event.job, words }).await;
            }
            None => {
                self.transcriptions.remove(&event.job);
                self.feed(Input::TranscriptionFailed(event.job)).await;
            }
        }
    }

    /// The language to answer in: a mixed sentence or one borrowed word does not change that of the visit.
    fn language_of(&mut self, text: &str, heard: Language, is_recognised_phrasing: bool) -> Language {
        if is_recognised_phrasing {
            return heard;
        }
        let of_visit = self.visit_log.has_questions().then(|| self.state.language());
        self.language_of_visit.decide(text, heard, of_visit, &self.parts.words)
    }

    async fn answered(&mut self, event: AnswerEvent) {
        let AnswerEvent { answer, at, progress } = event;
        if let Progress::Called(step) = progress {
            return self.called(answer, step).await;
        }
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
            Progress::Calling(marks) => {
                running.is_working = true;
                self.scene.begin_tools(&marks);
                self.feed(Input::Calling { answer, is_running: true }).await;
            }
            Progress::Called(_) => {}
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
