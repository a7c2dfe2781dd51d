//! A conversation whose ears, mind, tools, voice and speaker are the test's.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use futures_util::{StreamExt as _, stream};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
};

use super::real_tools::RealTools;
use crate::conversation::{
    Activity, Conversation, ForgetError, Observations, Parts, Personas, TurnRecord, VisitorRecords,
};
use crate::{
    appointments,
    audio::{AudioCommand, AudioCommands, AudioEvent, Bell, Meters, Playhead, SpeechClip},
    clock::{Clock as _, ManualClock},
    cloud::{FailureKind, ProviderError},
    config::{Config, Secrets},
    event::{
        AnswerId, Bus, Command, Connection, Cost, Effect, Feed, FeedEvent, Language, Phase, ServedBy, Sight, Speaker,
        Subscription, ToolFailure, ToolResult, ToolSpec, ToolUse, UtteranceId, View, VisitId, VisitorId, VisitorMemory,
    },
    kiosk::appointments::card_desk,
    knowledge::KnowledgeBase,
    llm::{AnswerStream, ChatRequest, Delta, LanguageModel},
    speech::{
        PcmChunk, SpeakRequest, SpeechStream, SpeechToText, TextToSpeech, TranscribeRequest, Transcript,
        TranscriptPiece, TranscriptStream,
    },
    store::{Key, MessageRow, Reader, Store, SummaryFigures},
    tools::{self, CallContext, Policy, ToolParts, ToolPrefix, Toolbox},
    vision::EyesCommand,
    words::Words,
};

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
                language: Language::written(text, request.likely_language),
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
pub(super) enum Thought {
    Says(&'static str),
    TakesLeave,
    IsCutAfter(&'static str),
    Fails,
    Hangs,
    /// Says something, then calls tools.
    Calls(&'static str, &'static [(&'static str, &'static str)]),
}

#[derive(Default)]
pub(super) struct ScriptedMind {
    thoughts: Mutex<VecDeque<Thought>>,
    pub(super) asked: Mutex<Vec<ChatRequest>>,
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
            Thought::Calls(text, calls) => {
                let call = |(index, (name, arguments)): (usize, &(&str, &str))| {
                    Ok(Delta::Call(ToolUse {
                        id: format!("call_{index}"),
                        name: (*name).to_owned(),
                        arguments: (*arguments).to_owned(),
                    }))
                };
                let calls = calls.iter().enumerate().map(call).collect::<Vec<_>>();
                let text = (!text.is_empty()).then(|| Ok(Delta::Text(text.to_owned())));
                stream::iter(text.into_iter().chain(calls).chain([done(false)])).boxed()
            }
            Thought::TakesLeave => stream::iter([done(true)]).boxed(),
            Thought::IsCutAfter(text) => stream::iter([Ok(Delta::Text(text.to_owned())), error()]).boxed(),
            Thought::Fails => stream::iter([error()]).boxed(),
            Thought::Hangs => stream::pending().boxed(),
        }
    }
}

/// Speaks a second of tone for each clause, or nothing.
pub(super) struct ScriptedVoice {
    is_mute: bool,
    pub(super) spoken: Mutex<Vec<SpeakRequest>>,
}

impl TextToSpeech for ScriptedVoice {
    fn name(&self) -> &str {
        "scripted"
    }

    fn served_by(&self) -> ServedBy {
        ServedBy::Cloud
    }

    fn speak(&self, request: SpeakRequest) -> SpeechStream {
        self.spoken.lock().unwrap().push(request);
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
pub(super) struct ScriptedRecords {
    pub(super) told: Mutex<Vec<String>>,
    pub(super) memory: Mutex<VisitorMemory>,
}

#[async_trait::async_trait]
impl VisitorRecords for ScriptedRecords {
    fn greeted(&self, visitor: VisitorId, _visit: VisitId) {
        self.told.lock().unwrap().push(format!("greeted {}", visitor.0.as_u128()));
    }

    fn denied(&self, visitor: VisitorId) {
        self.told.lock().unwrap().push(format!("denied {}", visitor.0.as_u128()));
    }

    async fn memory(&self, _visitor: VisitorId, _language: Language) -> VisitorMemory {
        self.memory.lock().unwrap().clone()
    }

    async fn forget(&self, visitor: VisitorId) -> Result<(), ForgetError> {
        self.told.lock().unwrap().push(format!("forgotten {}", visitor.0.as_u128()));
        Ok(())
    }
}

/// What a world is made of.
#[derive(Default)]
pub(super) struct Setup<'a> {
    pub(super) config: Config,
    pub(super) heard: &'a [Option<&'static str>],
    pub(super) thoughts: &'a [Thought],
    pub(super) is_mute: bool,
    pub(super) tools: Vec<ScriptedTool>,
    /// The kiosk's own registry with the appointments' tools, in place of scripted ones.
    pub(super) has_real_tools: bool,
}

/// A tool that does what the test says.
#[derive(Clone)]
pub(super) struct ScriptedTool {
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) takes: Duration,
    pub(super) changes_something: bool,
    pub(super) content: &'static str,
    pub(super) failure: Option<ToolFailure>,
    pub(super) effects: Vec<Effect>,
}

impl ScriptedTool {
    /// A tool that gives `content` at once.
    pub(super) fn new(name: &'static str, content: &'static str) -> Self {
        Self {
            name,
            says: "tool.appointments",
            takes: Duration::ZERO,
            changes_something: false,
            content,
            failure: None,
            effects: Vec::new(),
        }
    }
}

/// The test's tools; notes what is called.
pub(super) struct ScriptedTools {
    tools: Vec<ScriptedTool>,
    clock: ManualClock,
    /// Begun, and come to their end.
    pub(super) begun: Mutex<Vec<(ToolUse, CallContext)>>,
    pub(super) ended: Mutex<Vec<String>>,
    pub(super) visits_ended: Mutex<Vec<VisitId>>,
}

impl ScriptedTools {
    fn new(tools: Vec<ScriptedTool>, clock: ManualClock) -> Self {
        let (begun, ended, visits_ended) = Default::default();
        Self { tools, clock, begun, ended, visits_ended }
    }
}

#[async_trait::async_trait]
impl Toolbox for ScriptedTools {
    fn specs(&self, allowed: &[ToolPrefix]) -> Arc<[ToolSpec]> {
        let admitted = self.tools.iter().filter(|tool| allowed.iter().any(|prefix| prefix.admits(tool.name)));
        let spec = |tool: &ScriptedTool| ToolSpec {
            name: tool.name.to_owned(),
            description: tool.name.to_owned(),
            parameters: serde_json::json!({ "type": "object" }),
        };
        admitted.map(spec).collect()
    }

    fn policy(&self, name: &str) -> Option<Policy> {
        self.tools.iter().find(|tool| tool.name == name).map(|tool| Policy {
            time_out: Duration::from_secs(30),
            retries: 0,
            is_parallel: true,
            prerequisites: Vec::new(),
            changes_something: tool.changes_something,
            says: tool.says,
            icon: "calendar",
        })
    }

    async fn call(&self, uses: Vec<ToolUse>, _allowed: &[ToolPrefix], context: &CallContext) -> Vec<ToolResult> {
        let mut results = Vec::new();
        for call in uses {
            self.begun.lock().unwrap().push((call.clone(), context.clone()));
            let tool = self.tools.iter().find(|tool| tool.name == call.name).unwrap();
            if !tool.takes.is_zero() {
                self.clock.sleep_until(self.clock.now() + tool.takes).await;
            }
            self.ended.lock().unwrap().push(call.name.clone());
            results.push(ToolResult {
                id: call.id,
                name: call.name,
                content: tool.content.to_owned(),
                failure: tool.failure,
                effects: tool.effects.clone(),
            });
        }
        results
    }

    fn end_visit(&self, visit: VisitId) {
        self.visits_ended.lock().unwrap().push(visit);
    }
}

/// A conversation whose ears, mind, voice and speaker are the test's.
pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) events: mpsc::Sender<AudioEvent>,
    pub(super) to_speaker: mpsc::Receiver<AudioCommand>,
    pub(super) meters: watch::Sender<Meters>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) connection: watch::Sender<Connection>,
    pub(super) view: Arc<ArcSwap<View>>,
    pub(super) bus: Subscription,
    pub(super) publisher: Bus,
    pub(super) turns: mpsc::Receiver<TurnRecord>,
    pub(super) mind: Arc<ScriptedMind>,
    pub(super) sight: watch::Sender<Sight>,
    pub(super) to_eyes: mpsc::Receiver<EyesCommand>,
    pub(super) records: Arc<ScriptedRecords>,
    pub(super) store: Option<Store>,
    pub(super) conversation: JoinHandle<()>,
    pub(super) observations: Observations,
    pub(super) folder: tempfile::TempDir,
    pub(super) utterance: u64,
    pub(super) voice: Arc<ScriptedVoice>,
    pub(super) toolbox: Arc<ScriptedTools>,
    pub(super) real_tools: Option<Arc<RealTools>>,
    pub(super) feed: broadcast::Receiver<Arc<FeedEvent>>,
    /// What services have cost, millionths.
    pub(super) spent: Arc<AtomicU64>,
}

impl World {
    pub(super) fn new(heard: &[Option<&'static str>], thoughts: &[Thought]) -> Self {
        Self::with_voice(heard, thoughts, false)
    }

    pub(super) fn with_voice(heard: &[Option<&'static str>], thoughts: &[Thought], is_mute: bool) -> Self {
        let mut config = Config::default();
        config.visit.greet = false;
        Self::with(config, heard, thoughts, is_mute)
    }

    pub(super) fn with(config: Config, heard: &[Option<&'static str>], thoughts: &[Thought], is_mute: bool) -> Self {
        Self::build(Setup { config, heard, thoughts, is_mute, ..Setup::default() })
    }

    pub(super) fn build(setup: Setup<'_>) -> Self {
        let Setup { config, heard, thoughts, is_mute, tools, has_real_tools } = setup;
        let clock = ManualClock::default();
        let toolbox = Arc::new(ScriptedTools::new(tools, clock.clone()));
        let feed = Feed::default();
        let spent = Arc::new(AtomicU64::new(0));
        let told = feed.subscribe();
        let observations = Observations::new(&config.visual_context);
        let folder = tempfile::tempdir().unwrap();
        let bus = Bus::new(Arc::new(clock.clone()));
        let (events, audio_events) = mpsc::channel(64);
        let (audio, to_speaker) = AudioCommands::channel(Bell::default());
        let (meters, watched) = watch::channel(Meters::default());
        let (commands, asked) = mpsc::channel(8);
        let (connection, connected) = watch::channel(Connection::Online);
        let (turn_sender, turns) = mpsc::channel(64);
        let knowledge = Arc::new(KnowledgeBase::load(&config.paths.assets.join("knowledge")).unwrap().0);
        let store = Store::open(&folder.path().join("majlis.sqlite"), bus.clone()).unwrap();
        let personas = Arc::new(Personas::load(&config.paths.assets, "reception").unwrap());
        let words = Arc::new(Words::load(&config.paths.assets).unwrap());
        let desk = has_real_tools
            .then(|| appointments::Desk::new(&config, store.people(Key::random()), words.clone()).unwrap());
        let real_tools = desk.as_ref().map(|desk| {
            let parts = ToolParts {
                config: &config,
                secrets: &Secrets::from_environment(),
                words: &words,
                bus: bus.clone(),
                clock: Arc::new(clock.clone()),
            };
            Arc::new(RealTools::new(tools::open(parts, appointments::tools(desk)).registry))
        });
        let mind =
            Arc::new(ScriptedMind { thoughts: Mutex::new(thoughts.iter().copied().collect()), ..Default::default() });
        let subscription = bus.subscribe();
        let publisher = bus.clone();
        let (sight, seen) = watch::channel(Sight::default());
        let (eyes, to_eyes) = mpsc::channel(8);
        let records = Arc::new(ScriptedRecords::default());
        let voice = Arc::new(ScriptedVoice { is_mute, spoken: Mutex::default() });
        let view = Arc::new(ArcSwap::from_pointee(View::empty(knowledge.topics(), Language::ENGLISH)));
        let conversation = Conversation::new(Parts {
            clock: Arc::new(clock.clone()),
            bus,
            config: Arc::new(config),
            words,
            knowledge,
            stt: Arc::new(ScriptedEars(Mutex::new(heard.iter().copied().collect()))),
            llm: mind.clone(),
            tts: voice.clone(),
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
            toolbox: match real_tools.clone() {
                Some(tools) => tools,
                None => toolbox.clone(),
            },
            personas,
            appointments: card_desk(desk),
            feed,
            spent: Arc::new({
                let spent = spent.clone();
                move || Cost(spent.load(Ordering::Relaxed))
            }),
            wall: Arc::new(|| "2026-11-23T07:12:00Z".parse().unwrap()),
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
            voice,
            toolbox,
            real_tools,
            feed: told,
            spent,
        }
    }

    /// Lets every task run until it waits.
    pub(super) async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets other threads work, at most ten seconds of real time, until `is_done`. The visitor's time stands still.
    pub(super) async fn until(&self, is_done: impl Fn(&Self) -> bool) {
        for _ in 0..1_000 {
            self.settle().await;
            if is_done(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it was never done");
    }

    pub(super) async fn wait(&self, time: Duration) {
        let end = self.clock.now() + time;
        while self.clock.now() < end {
            self.clock.advance(Duration::from_millis(10));
            self.settle().await;
            if let Some(tools) = &self.real_tools {
                tools.rest().await;
                self.settle().await;
            }
        }
    }

    pub(super) async fn hear(&self, event: AudioEvent) {
        self.events.send(event).await.unwrap();
        self.settle().await;
    }

    pub(super) async fn command(&self, command: Command) {
        self.commands.send(command).await.unwrap();
        self.settle().await;
    }

    /// The visitor says something that lasts `ms`; over the kiosk's voice if it speaks.
    pub(super) async fn say(&mut self, ms: u64) {
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
    pub(super) async fn answer_begins(&mut self) -> AnswerId {
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
    pub(super) fn played(&self, answer: AnswerId, clause: u32, ms: u64) {
        let playhead = Playhead { answer, clause, clause_played: Duration::from_millis(ms), is_playing: true };
        self.meters.send_modify(|meters| meters.playhead = playhead);
    }

    /// The speaker has played all of a clause, and nothing follows yet.
    pub(super) fn runs_dry(&self, answer: AnswerId, clause: u32) {
        let playhead = Playhead { answer, clause, clause_played: Duration::from_secs(1), is_playing: false };
        self.meters.send_modify(|meters| meters.playhead = playhead);
    }

    pub(super) async fn answer_ends(&self, answer: AnswerId) {
        self.hear(AudioEvent::PlayoutFinished { answer }).await;
    }

    pub(super) fn phase(&self) -> Phase {
        self.view.load().phase
    }

    pub(super) fn caption(&self) -> String {
        let view = self.view.load();
        let words = view.caption.iter().flat_map(|caption| &caption.words);
        words.map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// Ends everything; gives what the store keeps in clear of the only visit's summary.
    pub(super) async fn summary_on_record(mut self) -> Option<SummaryFigures> {
        self.commands.send(Command::Shutdown).await.unwrap();
        self.conversation.await.unwrap();
        let store = self.store.take().unwrap();
        tokio::task::spawn_blocking(move || store.close(Duration::from_secs(10)).unwrap()).await.unwrap();
        let reader = Reader::open(&self.folder.path().join("majlis.sqlite")).unwrap();
        let visits = reader.visits().unwrap();
        reader.summary_figures(visits.first().unwrap().id).unwrap()
    }

    /// Ends everything; gives the messages of the only visit.
    pub(super) async fn transcript(mut self) -> Vec<MessageRow> {
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

pub(super) fn said(messages: &[MessageRow], speaker: Speaker) -> Vec<&str> {
    messages.iter().filter(|row| row.message.speaker == speaker).map(|row| row.message.text.0.as_str()).collect()
}

pub(super) fn heard(messages: &[MessageRow]) -> Vec<&str> {
    messages.iter().filter_map(|row| row.heard.as_ref()).map(|heard| heard.0.as_str()).collect()
}

/// The speaker plays an answer to its end.
pub(super) async fn play_all(world: &mut World, answer: AnswerId) {
    world.wait(Duration::from_millis(100)).await;
    let mut last = 0;
    while let Ok(command) = world.to_speaker.try_recv() {
        if let AudioCommand::Play(chunk) = command {
            last = chunk.clause;
        }
    }
    world.played(answer, last.max(1), 5_000);
    world.answer_ends(answer).await;
}
