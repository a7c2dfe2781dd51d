#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
//! Visits in virtual time: speech and touches in, commands to the audio loop, transcript and view out.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::ArcSwap;
use futures_util::{StreamExt as _, stream};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{Activity, Conversation, ForgetError, Observations, Parts, TurnRecord, VisitorRecords};
use crate::{
    audio::{AudioCommand, AudioCommands, AudioEvent, Bell, Meters, Playhead, SpeechClip},
    clock::{Clock as _, ManualClock},
    cloud::{FailureKind, ProviderError},
    config::Config,
    event::{
        AnswerId, Bus, Command, Connection, Device, DeviceStatus, EndReason, EntryId, Event, KnownVisitor, Language,
        Phase, ServedBy, Sight, Speaker, Subscription, UtteranceId, View, VisitId, VisitorId, WordState,
    },
    knowledge::KnowledgeBase,
    llm::{AnswerStream, ChatRequest, Delta, LanguageModel},
    speech::{
        PcmChunk, SpeakRequest, SpeechStream, SpeechToText, TextToSpeech, TranscribeRequest, Transcript,
        TranscriptPiece, TranscriptStream,
    },
    store::{MessageRow, Reader, Store},
    vision::EyesCommand,
    words::Words,
};

mod known;
mod mid_answer;

/// Answers each transcription with the next of its sentences; `None` fails.
struct ScriptedEars(Mutex<VecDeque<Option<&'static str>>>);

impl SpeechToText for ScriptedEars {
    fn name(&self) -> &str {
        "scripted"
    }

    fn transcribe(&self, request: TranscribeRequest) -> TranscriptStream {
        let piece = match self.0.lock().unwrap().pop_front().flatten() {
            Some(text) => Ok(TranscriptPiece::Final(Transcript {
                text: text.to_owned(),
                language: Language::of_text(text).unwrap_or(request.likely_language),
                entry: None,
                served_by: ServedBy::Cloud,
            })),
            None => Err(ProviderError::new("scripted", FailureKind::TimedOut, "no answer")),
        };
        stream::iter([piece]).boxed()
    }
}

/// What a scripted mind does with a question.
#[derive(Clone, Copy)]
enum Thought {
    Says(&'static str),
    TakesLeave,
    IsCutAfter(&'static str),
    Fails,
    Hangs,
}

#[derive(Default)]
struct ScriptedMind {
    thoughts: Mutex<VecDeque<Thought>>,
    asked: Mutex<Vec<ChatRequest>>,
}

impl LanguageModel for ScriptedMind {
    fn name(&self) -> &str {
        "scripted"
    }

    fn answer(&self, request: ChatRequest) -> AnswerStream {
        self.asked.lock().unwrap().push(request);
        let done = |ends_visit| Ok(Delta::Done { served_by: ServedBy::Cloud, ends_visit });
        let error = || Err(ProviderError::new("scripted", FailureKind::Cut, "cut"));
        match self.thoughts.lock().unwrap().pop_front().unwrap_or(Thought::Says("Yes.")) {
            Thought::Says(text) => stream::iter([Ok(Delta::Text(text.to_owned())), done(false)]).boxed(),
            Thought::TakesLeave => stream::iter([done(true)]).boxed(),
            Thought::IsCutAfter(text) => stream::iter([Ok(Delta::Text(text.to_owned())), error()]).boxed(),
            Thought::Fails => stream::iter([error()]).boxed(),
            Thought::Hangs => stream::pending().boxed(),
        }
    }
}

/// Speaks a second of tone for each clause, or nothing.
struct ScriptedVoice {
    is_mute: bool,
}

impl TextToSpeech for ScriptedVoice {
    fn name(&self) -> &str {
        "scripted"
    }

    fn served_by(&self) -> ServedBy {
        ServedBy::Cloud
    }

    fn speak(&self, _request: SpeakRequest) -> SpeechStream {
        let piece = if self.is_mute {
            Err(ProviderError::new("scripted", FailureKind::Unreachable, "no voice"))
        } else {
            Ok(PcmChunk { samples: vec![0.1; 16_000], sample_rate_hz: 16_000, words: Vec::new() })
        };
        stream::iter([piece]).boxed()
    }
}

/// The people on record: notes what it is told.
#[derive(Default)]
struct ScriptedRecords(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl VisitorRecords for ScriptedRecords {
    fn greeted(&self, visitor: VisitorId, _visit: VisitId) {
        self.0.lock().unwrap().push(format!("greeted {}", visitor.0.as_u128()));
    }

    fn denied(&self, visitor: VisitorId) {
        self.0.lock().unwrap().push(format!("denied {}", visitor.0.as_u128()));
    }

    async fn forget(&self, visitor: VisitorId) -> Result<(), ForgetError> {
        self.0.lock().unwrap().push(format!("forgotten {}", visitor.0.as_u128()));
        Ok(())
    }
}

/// A conversation whose ears, mind, voice and speaker are the test's.
struct World {
    clock: ManualClock,
    events: mpsc::Sender<AudioEvent>,
    to_speaker: mpsc::Receiver<AudioCommand>,
    meters: watch::Sender<Meters>,
    commands: mpsc::Sender<Command>,
    connection: watch::Sender<Connection>,
    view: Arc<ArcSwap<View>>,
    bus: Subscription,
    publisher: Bus,
    turns: mpsc::Receiver<TurnRecord>,
    mind: Arc<ScriptedMind>,
    sight: watch::Sender<Sight>,
    to_eyes: mpsc::Receiver<EyesCommand>,
    records: Arc<ScriptedRecords>,
    store: Option<Store>,
    conversation: JoinHandle<()>,
    observations: Observations,
    folder: tempfile::TempDir,
    utterance: u64,
}

impl World {
    fn new(heard: &[Option<&'static str>], thoughts: &[Thought]) -> Self {
        Self::with_voice(heard, thoughts, false)
    }

    fn with_voice(heard: &[Option<&'static str>], thoughts: &[Thought], is_mute: bool) -> Self {
        let mut config = Config::default();
        config.visit.greet = false;
        Self::with(config, heard, thoughts, is_mute)
    }

    fn with(config: Config, heard: &[Option<&'static str>], thoughts: &[Thought], is_mute: bool) -> Self {
        let observations = Observations::new(&config.visual_context);
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let (events, audio_events) = mpsc::channel(64);
        let (audio, to_speaker) = AudioCommands::channel(Bell::default());
        let (meters, watched) = watch::channel(Meters::default());
        let (commands, asked) = mpsc::channel(8);
        let (connection, connected) = watch::channel(Connection::Online);
        let (turn_sender, turns) = mpsc::channel(64);
        let knowledge = Arc::new(KnowledgeBase::load(Path::new("assets/knowledge")).unwrap().0);
        let store = Store::open(&folder.path().join("majlis.sqlite"), bus.clone()).unwrap();
        let mind =
            Arc::new(ScriptedMind { thoughts: Mutex::new(thoughts.iter().copied().collect()), ..Default::default() });
        let subscription = bus.subscribe();
        let publisher = bus.clone();
        let (sight, seen) = watch::channel(Sight::default());
        let (eyes, to_eyes) = mpsc::channel(8);
        let records = Arc::new(ScriptedRecords::default());
        let view = Arc::new(ArcSwap::from_pointee(View::empty(knowledge.topics(), Language::ENGLISH)));
        let conversation = Conversation::new(Parts {
            clock: Arc::new(clock.clone()),
            bus,
            config: Arc::new(config),
            words: Arc::new(Words::load(Path::new("assets")).unwrap()),
            knowledge,
            stt: Arc::new(ScriptedEars(Mutex::new(heard.iter().copied().collect()))),
            llm: mind.clone(),
            tts: Arc::new(ScriptedVoice { is_mute }),
            store: store.writer(),
            audio_events,
            audio_events_dropped: Arc::default(),
            audio,
            meters: watched,
            commands: asked,
            connection: connected,
            view: view.clone(),
            repaint: Box::new(|| {}),
            uses_service: true,
            camera_on: false,
            sight: seen,
            eyes,
            records: records.clone(),
            seen: observations.clone(),
            turns: turn_sender,
            activity: Activity::default(),
        });
        Self {
            clock,
            events,
            to_speaker,
            meters,
            commands,
            connection,
            view,
            bus: subscription,
            turns,
            mind,
            sight,
            to_eyes,
            records,
            publisher,
            store: Some(store),
            conversation: tokio::spawn(conversation.run()),
            observations,
            folder,
            utterance: 0,
        }
    }

    /// Lets every task run until it waits.
    async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    async fn wait(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.clock.advance(Duration::from_millis(10));
            self.settle().await;
        }
    }

    async fn hear(&self, event: AudioEvent) {
        self.events.send(event).await.unwrap();
        self.settle().await;
    }

    async fn command(&self, command: Command) {
        self.commands.send(command).await.unwrap();
        self.settle().await;
    }

    /// The visitor says something that lasts `ms`; over the kiosk's voice if it speaks.
    async fn say(&mut self, ms: u64) {
        self.utterance += 1;
        let utterance = UtteranceId(self.utterance);
        let over_playout = self.view.load().phase == Phase::Speaking;
        let speech_start = self.clock.now();
        self.hear(AudioEvent::SpeechStarted { utterance, at: speech_start, over_playout }).await;
        if over_playout {
            self.wait(Duration::from_millis(250)).await;
            self.hear(AudioEvent::InterruptionConfirmed { utterance }).await;
        }
        self.wait(Duration::from_millis(ms)).await;
        let speech_end = self.clock.now();
        self.wait(Duration::from_millis(70)).await;
        let clip = SpeechClip { utterance, speech_start, speech_end, samples: vec![0.0; 160].into() };
        self.hear(AudioEvent::SpeechPaused { clip }).await;
    }

    /// Waits until the answer has been decided on and sent to the speaker, and starts to play it.
    async fn answer_begins(&mut self) -> AnswerId {
        self.wait(Duration::from_secs(3)).await;
        let mut answer = None;
        while let Ok(command) = self.to_speaker.try_recv() {
            if let AudioCommand::Play(chunk) = command {
                answer = Some(chunk.answer);
            }
        }
        let answer = answer.unwrap_or_else(|| panic!("nothing was sent to the speaker"));
        self.played(answer, 0, 0);
        self.hear(AudioEvent::PlayoutStarted { answer, at: self.clock.now() }).await;
        answer
    }

    /// The speaker has reached `ms` of a clause.
    fn played(&self, answer: AnswerId, clause: u32, ms: u64) {
        let playhead = Playhead { answer, clause, clause_played: Duration::from_millis(ms), is_playing: true };
        self.meters.send_modify(|meters| meters.playhead = playhead);
    }

    async fn answer_ends(&self, answer: AnswerId) {
        self.hear(AudioEvent::PlayoutFinished { answer }).await;
    }

    fn phase(&self) -> Phase {
        self.view.load().phase
    }

    fn caption(&self) -> String {
        let view = self.view.load();
        let words = view.caption.iter().flat_map(|caption| &caption.words);
        words.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Ends everything; gives the messages of the only visit.
    async fn transcript(mut self) -> Vec<MessageRow> {
        self.commands.send(Command::Shutdown).await.unwrap();
        self.conversation.await.unwrap();
        let store = self.store.take().unwrap();
        tokio::task::spawn_blocking(move || store.close(Duration::from_secs(10)).unwrap()).await.unwrap();
        let reader = Reader::open(&self.folder.path().join("majlis.sqlite")).unwrap();
        let visits = reader.visits().unwrap();
        assert_eq!(visits.len(), 1);
        reader.messages(visits.first().unwrap().id).unwrap()
    }
}

fn said(messages: &[MessageRow], speaker: Speaker) -> Vec<&str> {
    messages.iter().filter(|row| row.message.speaker == speaker).map(|row| row.message.text.0.as_str()).collect()
}

fn heard(messages: &[MessageRow]) -> Vec<&str> {
    messages.iter().filter_map(|row| row.heard.as_ref()).map(|heard| heard.0.as_str()).collect()
}

#[tokio::test]
async fn a_question_is_answered_and_both_sides_stand_in_the_transcript() {
    let mut world = World::new(&[Some("What time do you open?")], &[Thought::Says("At nine, every day.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.phase(), Phase::Speaking);
    assert_eq!(world.caption(), "At nine, every day.");
    world.played(answer, 0, 900);
    world.wait(Duration::from_millis(100)).await;
    let view = world.view.load_full();
    assert_eq!(view.before, Some((Speaker::Visitor, "What time do you open?".to_owned())));
    assert!(view.caption.as_ref().unwrap().words.iter().any(|word| word.state == WordState::Now));
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Listening);
    let record = world.turns.try_recv().unwrap();
    assert_eq!(record.served_by, Some(ServedBy::Cloud));
    assert!(record.waterfall().first_sample.is_some() && record.waterfall().transcript.is_some());
    let messages = world.transcript().await;
    assert_eq!(said(&messages, Speaker::Visitor), ["What time do you open?"]);
    assert_eq!(said(&messages, Speaker::Kiosk), ["At nine, every day."]);
    assert_eq!(heard(&messages), ["At nine, every day."]);
}

#[tokio::test]
async fn what_was_seen_goes_with_the_question_with_its_age_and_what_is_stale_does_not() {
    let mut world = World::new(&[Some("ماذا أحمل؟"), Some("ماذا أحمل الآن؟")], &[]);
    world.observations.note("شخص يحمل تذكرة.".to_owned(), world.clock.now());
    world.say(2_000).await;
    let answer = world.answer_begins().await;
    world.answer_ends(answer).await;
    // From 15 s on it is stale.
    world.wait(Duration::from_secs(12)).await;
    world.say(1_000).await;
    world.answer_begins().await;
    let asked = world.mind.asked.lock().unwrap();
    let instructions = |request: &ChatRequest| request.messages.first().unwrap().text.clone();
    let (first, last) = (instructions(asked.first().unwrap()), instructions(asked.last().unwrap()));
    assert!(first.contains("ما رأته الكاميرا (عمره بالثواني: 2): شخص يحمل تذكرة."), "{first}");
    assert!(!last.contains("تذكرة"), "{last}");
}

#[tokio::test]
async fn an_arabic_question_turns_the_conversation_to_arabic() {
    let mut world = World::new(&[Some("متى تفتحون؟")], &[Thought::Says("نفتح في التاسعة صباحًا.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.view.load().language, Language::ARABIC);
    assert_eq!(world.mind.asked.lock().unwrap().first().unwrap().language, Language::ARABIC);
    world.answer_ends(answer).await;
    let messages = world.transcript().await;
    assert!(messages.iter().all(|row| row.message.language == Language::ARABIC));
}

#[tokio::test]
async fn an_interrupted_answer_is_remembered_as_far_as_it_was_heard() {
    let mut world = World::new(
        &[Some("What time do you open?"), Some("And on Friday?")],
        &[Thought::Says("We open at nine. We close at six."), Thought::Says("At two.")],
    );
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    world.played(answer, 0, 1_000);
    world.say(900).await;
    assert_eq!(world.phase(), Phase::Listening);
    let second = world.answer_begins().await;
    let history: Vec<String> =
        world.mind.asked.lock().unwrap().last().unwrap().messages.iter().map(|message| message.text.clone()).collect();
    assert_eq!(history.get(1..).unwrap(), ["What time do you open?", "We open at nine.", "And on Friday?"]);
    world.answer_ends(second).await;
    assert_eq!(heard(&world.transcript().await), ["We open at nine.", "At two."]);
}

#[tokio::test]
async fn a_touched_topic_is_answered_without_a_word_spoken() {
    let mut world = World::new(&[], &[Thought::Says("From nine to six.")]);
    let topic: EntryId = world.view.load().topics.first().unwrap().entry.clone();
    world.command(Command::AskTopic(topic.clone())).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.mind.asked.lock().unwrap().first().unwrap().entry, Some(topic));
    world.answer_ends(answer).await;
    let record = world.turns.try_recv().unwrap();
    assert_eq!(record.waterfall(), super::Waterfall::default());
}

#[tokio::test]
async fn a_failed_transcription_is_asked_for_again() {
    let mut world = World::new(&[None], &[]);
    world.say(1_500).await;
    world.answer_begins().await;
    assert_eq!(world.caption(), "I did not catch that. Please say it again, or touch a topic.");
}

#[tokio::test]
async fn a_mind_that_fails_apologises() {
    let mut world = World::new(&[Some("Who are you?")], &[Thought::Fails; 8]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert!(world.caption().starts_with("I could not find an answer"), "{}", world.caption());
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Listening);
    assert!(world.mind.asked.lock().unwrap().len() <= 4, "a failing mind is not asked for ever");
}

#[tokio::test]
async fn a_mind_that_is_cut_keeps_what_it_said() {
    let mut world = World::new(&[Some("Who are you?")], &[Thought::IsCutAfter("I am a machine.")]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.caption(), "I am a machine.");
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Listening);
}

#[tokio::test]
async fn a_mind_that_hangs_is_told_of_and_ended_by_the_watchdog() {
    let mut world = World::new(&[Some("Who are you?")], &[Thought::Hangs]);
    world.say(1_500).await;
    world.wait(Duration::from_secs(6)).await;
    assert_eq!(world.view.load().hint, Some("thinking.long"));
    world.wait(Duration::from_secs(20)).await;
    world.answer_begins().await;
    assert!(world.caption().starts_with("I could not find an answer"), "{}", world.caption());
    let mut fired = false;
    while let Some(stamped) = world.bus.try_next() {
        fired |= stamped.event == Event::WatchdogFired { phase: Phase::Thinking };
    }
    assert!(fired);
}

#[tokio::test]
async fn without_any_voice_the_answer_can_be_read_for_as_long_as_reading_takes() {
    let mut world = World::with_voice(&[Some("Who are you?")], &[Thought::Says("I am a machine.")], true);
    world.say(1_500).await;
    world.wait(Duration::from_secs(3)).await;
    let mut silence = Duration::ZERO;
    while let Ok(command) = world.to_speaker.try_recv() {
        if let AudioCommand::Play(chunk) = command {
            assert!(chunk.samples.iter().all(|sample| *sample == 0.0));
            silence += Duration::from_secs_f64(chunk.samples.len() as f64 / f64::from(chunk.sample_rate_hz));
        }
    }
    assert!(silence > Duration::from_millis(500), "{silence:?}");
}

#[tokio::test]
async fn a_visitor_who_takes_leave_hears_goodbye_and_the_visit_ends() {
    let mut world = World::new(&[Some("Thank you, goodbye.")], &[Thought::TakesLeave]);
    world.say(1_500).await;
    let answer = world.answer_begins().await;
    assert_eq!(world.caption(), "Thank you for your visit. Goodbye.");
    world.answer_ends(answer).await;
    assert_eq!(world.phase(), Phase::Idle);
    assert!(world.caption().is_empty(), "nothing is left on the screen for the next visitor");
    assert_eq!(world.view.load().hint, Some("goodbye"));
    world.wait(Duration::from_secs(6)).await;
    assert_eq!(world.view.load().hint, None);
    let mut reason = None;
    while let Some(stamped) = world.bus.try_next() {
        if let Event::VisitEnded { reason: why, .. } = stamped.event {
            reason = Some(why);
        }
    }
    assert_eq!(reason, Some(EndReason::Goodbye));
}

#[tokio::test]
async fn a_lost_speaker_and_a_returning_network_reach_the_window() {
    let world = World::new(&[], &[]);
    world.connection.send_replace(Connection::Offline);
    world.hear(AudioEvent::SpeakerLost { detail: "gone".into() }).await;
    let view = world.view.load_full();
    assert_eq!(
        (view.connection, view.lost.as_slice()),
        (Connection::Offline, [crate::event::Device::Speaker].as_slice())
    );
    world.connection.send_replace(Connection::Online);
    world.hear(AudioEvent::SpeakerReady { detail: "back".into() }).await;
    let view = world.view.load_full();
    assert!(view.lost.is_empty());
    assert_eq!(view.toast.as_ref().map(|toast| toast.key), Some("offline.back"));
    world.wait(Duration::from_secs(5)).await;
    assert!(world.view.load().toast.is_none());
}
