//! The one place that builds the parts and wires them; owns start and shutdown.
//!
//! [`Foundation`] is what every run needs and what can be wrong before it begins; [`Kiosk`] is a running one.
//! [`demo`] and [`replay`] run it with a scripted and with a recorded visitor.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    appointments as book,
    audio::{AudioLoop, AudioParts, AudioThread, Bell, Meters, Sink, Source, TurnModel, Vad},
    camera::{Camera, OpenCamera},
    clock::Clock,
    cloud::{BreakerSettings, Ledger, ProviderError},
    config::Config,
    conversation::{
        Activity, Conversation, NoRecords, Observations, Parts, Personas, VisitorRecords, VisualContext, VisualParts,
    },
    event::{Bus, Command, DeviceStatus, Event, Feed, Language, ProviderStatus, Subscription, View},
    knowledge::KnowledgeBase,
    ops::{
        outside,
        report::{Collector, Report},
    },
    runtime::{ModelStore, Onnx, OnnxError},
    speech::embedded::Espeak,
    staff::{DeskHandle, system_wall_clock},
    store::{Closed, Record, StaffEvent, Store, StoreWriter, UnixMillis},
    tools::McpServers,
    words::Words,
};

pub(crate) mod appointments;
pub mod demo;
mod error;
mod eyes;
mod people;
mod providers;
pub mod replay;
pub mod run;
mod spending;
mod tools;

pub use error::StartError;
pub use eyes::EyesLink;
use eyes::{Acquaintances, ClosedEyes, EyesThread};
use people::People;
pub use spending::costs;

/// Commands waiting for the conversation. When it is full a touch is dropped; the finger touches again.
const COMMANDS: usize = 32;

/// Finished turns waiting for the report. When it is full a record is dropped: the store has it too.
const TURN_RECORDS: usize = 64;

/// How long the conversation, and then sound and store, may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// How long the store may take to write what is waiting when the program stops.
const STORE_CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// The names of the models in the manifest.
const VAD_MODEL: &str = "silero-vad";
const TURN_MODEL: &str = "smart-turn-v3.2";

/// The C libraries that a process can open only once, kept while one run follows another ("Start again").
#[derive(Default)]
pub struct Libraries {
    onnx: Option<Onnx>,
    espeak: Option<Espeak>,
}

impl Libraries {
    fn onnx(&mut self, models: &ModelStore) -> Result<Onnx, OnnxError> {
        match &self.onnx {
            Some(onnx) => Ok(onnx.clone()),
            None => Ok(self.onnx.insert(Onnx::load(models)?).clone()),
        }
    }

    fn espeak(&mut self) -> Result<Espeak, ProviderError> {
        match &self.espeak {
            Some(espeak) => Ok(espeak.clone()),
            None => Ok(self.espeak.insert(Espeak::start()?).clone()),
        }
    }
}

/// What every run needs.
pub struct Foundation {
    /// The configuration.
    pub config: Arc<Config>,
    /// The kiosk's own sentences.
    pub words: Arc<Words>,
    knowledge: Arc<KnowledgeBase>,
    personas: Arc<Personas>,
    models: ModelStore,
    onnx: Onnx,
    /// The one owner of the voice; an error is told to staff by the run that wants to speak.
    espeak: Result<Espeak, ProviderError>,
}

impl Foundation {
    /// Loads translations, knowledge base, manifest and ONNX Runtime.
    ///
    /// # Errors
    /// Any of them is missing or broken.
    pub fn load(mut config: Config, libraries: &mut Libraries) -> Result<Self, StartError> {
        let words = Words::load(&config.paths.assets)?;
        let found = config.stand.language;
        if !words.languages().contains(&found) {
            let folder = config.paths.assets.display().to_string();
            let allowed = Language::listed(words.languages().iter().copied());
            return Err(StartError::Language { found, folder, allowed });
        }
        let (knowledge, problems) = KnowledgeBase::load(&config.paths.assets.join("knowledge"))?;
        for problem in &problems {
            tracing::warn!(%problem, "an entry of the knowledge base is skipped");
        }
        let mut personas = Personas::load(&config.paths.assets, &config.personas.first)?;
        let models = ModelStore::open(&config.paths.models)?;
        let onnx = libraries.onnx(&models)?;
        let espeak = libraries.espeak();
        if let Ok(espeak) = &espeak {
            providers::choose_voices(espeak, words.languages(), &mut config.embedded);
            providers::check_persona_voices(espeak, &mut personas);
        }
        Ok(Self {
            config: Arc::new(config),
            words: Arc::new(words),
            knowledge: Arc::new(knowledge),
            personas: Arc::new(personas),
            models,
            onnx,
            espeak,
        })
    }
}

/// A microphone and a speaker, or what stands for them.
pub struct Sound {
    /// The microphone.
    pub source: Box<dyn Source>,
    /// The speaker.
    pub sink: Box<dyn Sink>,
    /// Rung by the microphone when it has something.
    pub bell: Bell,
}

/// How a run differs from another.
pub struct Surroundings {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the kiosk hears and is heard with.
    pub sound: Sound,
    /// What is under way, for a fast replay.
    pub activity: Activity,
    /// Called when the window should be drawn again.
    pub repaint: Box<dyn Fn() + Send + Sync>,
    /// What the kiosk sees with.
    pub seeing: Seeing,
    /// Whether staff can open their pages: not in a replay or a demonstration.
    pub has_desk: bool,
}

/// What a kiosk sees with.
pub enum Seeing {
    /// Nothing: no network is loaded, whoever speaks counts.
    Nothing,
    /// A camera, or a recording in its place, that is looked at by a thread.
    With {
        /// Opens it.
        camera: Box<dyn OpenCamera>,
        /// Whether it is there now (for the notice); one that comes later is noticed.
        is_there: bool,
    },
    /// Pictures that the caller shows to the eyes itself, step by step.
    Stepwise,
}

/// A running kiosk without its audio loop, which the caller runs on a thread or step by step.
pub struct Kiosk {
    /// What happens.
    pub bus: Bus,
    /// What is told to the outside with words.
    pub feed: Feed,
    /// What is asked for.
    pub commands: mpsc::Sender<Command>,
    /// What the window draws.
    pub view: Arc<ArcSwap<View>>,
    /// What the services cost.
    pub ledger: Ledger,
    /// What changes with every frame.
    pub meters: watch::Receiver<Meters>,
    /// What the eyes see, and what they are used for.
    pub eyes: EyesLink,
    /// Eyes that the caller opens ([`Seeing::Stepwise`]).
    closed_eyes: Option<ClosedEyes>,
    eyes_thread: Option<EyesThread>,
    /// Watches as long as the kiosk runs.
    _visual_context: Option<VisualContext>,
    /// The staff's desk, where there is one.
    pub desk: Option<DeskHandle>,
    people: Option<People>,
    tool_servers: McpServers,
    conversation: JoinHandle<()>,
    store: Store,
    collector: JoinHandle<Collector>,
    staff: JoinHandle<()>,
    stop_staff: CancellationToken,
    /// The health port, where it is open.
    outside: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Kiosk {
    /// Builds every part and starts the conversation.
    ///
    /// # Errors
    /// A part without which nobody can be heard is missing or broken.
    pub fn start(foundation: &Foundation, surroundings: Surroundings) -> Result<(Self, AudioLoop), StartError> {
        let Surroundings { clock, sound, activity, repaint, seeing, has_desk } = surroundings;
        let repaint: Arc<dyn Fn() + Send + Sync> = repaint.into();
        let config = foundation.config.clone();
        let language = config.stand.language;
        let bus = Bus::new(clock.clone());
        let stop = CancellationToken::new();
        let (turns, finished_turns) = mpsc::channel(TURN_RECORDS);
        let collector = tokio::spawn(Collector::default().run(bus.subscribe(), finished_turns, stop.clone()));
        let feed = Feed::default();
        let outside = open_outside(&config, &bus, &feed, stop.clone());
        // Before the store's thread can say that the database cannot be used.
        let faults = bus.subscribe();
        let store = Store::open(&config.paths.database, bus.clone())?;
        let stop_staff = CancellationToken::new();
        let staff = record_for_staff(faults, bus.clone(), &store, stop_staff.clone());

        let parts = AudioParts {
            source: sound.source,
            sink: sound.sink,
            vad: Vad::new(foundation.onnx.session(&foundation.models, VAD_MODEL, 1)?)?,
            turn_model: turn_model(foundation, &sound.bell),
            bell: sound.bell,
        };
        let (audio_loop, link) = AudioLoop::new(parts, &config.audio, &config.turn, clock.clone())?;
        let providers = providers::build(foundation, clock.clone(), &bus, &store.writer());

        let (commands, asked) = mpsc::channel(COMMANDS);
        let sees = !matches!(seeing, Seeing::Nothing);
        let key = people::key(foundation, &bus);
        let people =
            key.clone().filter(|_| sees || has_desk).and_then(|key| People::open(foundation, &store, key, &bus));
        let writer = key.iter().cloned().fold(store.writer(), StoreWriter::sealing);
        let acquaintances = people.as_ref().map(|people| Acquaintances {
            gallery: people.register.gallery(),
            people: Arc::new(people.register.clone()),
        });
        let records: Arc<dyn VisitorRecords> = match &people {
            Some(people) => Arc::new(people.register.clone()),
            None => Arc::new(NoRecords),
        };
        let booking = key.clone().and_then(|key| appointments::open(foundation, &store, key));
        let records = appointments::remembering(records, booking.as_ref());
        let (closed_eyes, eyes) = ClosedEyes::new(foundation, bus.clone(), commands.clone(), acquaintances);
        let desk = people
            .as_ref()
            .filter(|_| has_desk)
            .map(|people| people.open_desk(foundation, clock.clone(), &eyes, commands.clone(), repaint.clone()));
        let camera_on = match &seeing {
            Seeing::Nothing => false,
            Seeing::With { is_there, .. } => *is_there,
            Seeing::Stepwise => true,
        };
        let (closed_eyes, eyes_thread) = match seeing {
            Seeing::Nothing => (None, None),
            Seeing::Stepwise => (Some(closed_eyes), None),
            Seeing::With { camera, .. } => {
                let camera = Camera::start(camera, &config.camera, clock.clone(), bus.clone())?;
                (None, Some(EyesThread::start(closed_eyes, camera)?))
            }
        };
        let slot = eyes_thread.as_ref().map(EyesThread::slot);
        let around = tools::Surroundings {
            bus: &bus,
            clock: clock.clone(),
            records: records.clone(),
            connection: providers.connection.clone(),
            sight: eyes.sight.clone(),
            seeing: slot.zip(providers.observer.clone()),
        };
        let opened = tools::open(foundation, around, booking.as_ref().map_or_else(Vec::new, book::tools));
        let observations = Observations::new(&config.visual_context);
        let view = Arc::new(ArcSwap::from_pointee(View::empty(foundation.knowledge.topics(), language)));
        let conversation = Conversation::new(Parts {
            clock: clock.clone(),
            bus: bus.clone(),
            config: config.clone(),
            words: foundation.words.clone(),
            knowledge: foundation.knowledge.clone(),
            stt: providers.stt,
            llm: providers.llm,
            tts: providers.tts,
            store: writer,
            audio_events: link.events,
            audio_events_dropped: link.events_dropped,
            audio: link.commands,
            meters: link.meters.clone(),
            commands: asked,
            connection: providers.connection.clone(),
            view: view.clone(),
            repaint: Box::new(move || repaint()),
            uses_service: providers.uses_service,
            camera_on,
            sight: eyes.sight.clone(),
            eyes: eyes.asked.clone(),
            records,
            seen: observations.clone(),
            turns,
            activity,
            toolbox: opened.registry,
            personas: foundation.personas.clone(),
            appointments: appointments::card_desk(booking),
            feed: feed.clone(),
            spent: Arc::new({
                let ledger = providers.ledger.clone();
                move || ledger.spent()
            }),
            wall: system_wall_clock(),
        });
        conversation.warm_up();
        let conversation = tokio::spawn(conversation.run());
        let visual_context = eyes_thread.as_ref().zip(providers.observer).map(|(thread, observer)| {
            let parts = VisualParts {
                config: config.visual_context.clone(),
                clock,
                bus: bus.clone(),
                slot: thread.slot(),
                sight: eyes.sight.clone(),
                observer,
                connection: providers.connection,
                breaker: BreakerSettings::from(&config.cloud),
                view: view.clone(),
            };
            VisualContext::start(parts, observations)
        });
        let kiosk = Self {
            bus,
            feed,
            commands,
            view,
            ledger: providers.ledger,
            meters: link.meters,
            eyes,
            closed_eyes,
            eyes_thread,
            _visual_context: visual_context,
            desk,
            people,
            tool_servers: opened.servers,
            conversation,
            store,
            collector,
            staff,
            stop_staff,
            outside,
            stop,
        };
        Ok((kiosk, audio_loop))
    }

    /// Ends the visit, the conversation, the sound and the store, in this order, and tells what happened.
    pub async fn stop(self, audio: Option<AudioThread>) -> Report {
        // A conversation that has ended already takes no commands; one that is stuck is not waited for.
        let ending = async {
            let _ = self.commands.send(Command::Shutdown).await;
            self.conversation.await
        };
        match timeout(END_LIMIT, ending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the conversation did not end well"),
            Err(_) => tracing::error!("the conversation did not end in time"),
        }
        self.tool_servers.stop().await;
        if let Some(desk) = self.desk {
            desk.stop().await;
        }
        self.stop_staff.cancel();
        if let Err(error) = self.staff.await {
            tracing::error!(%error, "faults were not all recorded");
        }
        let (store, eyes) = (self.store, self.eyes_thread);
        let closing = tokio::task::spawn_blocking(move || {
            if let Some(eyes) = eyes {
                eyes.stop();
            }
            if let Some(audio) = audio {
                audio.stop();
            }
            store.close(STORE_CLOSE_LIMIT)
        });
        match timeout(END_LIMIT, closing).await.unwrap_or_else(|_| {
            tracing::error!("sound and store did not close in time");
            Ok(Ok(Closed::default()))
        }) {
            Ok(Ok(closed)) if closed.recovered > 0 || closed.dropped > 0 => {
                tracing::warn!(
                    recovered = closed.recovered,
                    dropped = closed.dropped,
                    "the database could not be written: the recovered records wait beside it, the dropped ones are lost"
                );
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "records were lost"),
            Err(error) => tracing::error!(%error, "the store did not close well"),
        }
        self.stop.cancel();
        if let Some(outside) = self.outside
            && timeout(END_LIMIT, outside).await.is_err()
        {
            tracing::error!("the health port did not close in time");
        }
        let meters = *self.meters.borrow();
        match self.collector.await {
            Ok(collector) => collector.report(meters),
            Err(error) => {
                tracing::error!(%error, "the report is empty: its collector did not end well");
                Collector::default().report(meters)
            }
        }
    }
}

/// The health port, if it is wanted and can be had. A kiosk that nobody can watch serves visitors all the same.
fn open_outside(config: &Config, bus: &Bus, feed: &Feed, stop: CancellationToken) -> Option<JoinHandle<()>> {
    let port = u16::try_from(config.health.port).ok().filter(|port| *port > 0)?;
    outside::open(port, bus, feed, jiff::Timestamp::now, stop)
        .inspect_err(|error| tracing::error!(%error, "the health port stays closed"))
        .ok()
}

/// Without the model the end of a turn is decided by words and silence: worth telling staff, not worth stopping for.
fn turn_model(foundation: &Foundation, bell: &Bell) -> Option<TurnModel> {
    let session = foundation
        .onnx
        .session(&foundation.models, TURN_MODEL, 1)
        .inspect_err(|error| tracing::error!(%error, "the end of a turn is decided without the voice"))
        .ok()?;
    TurnModel::spawn(session, bell.clone())
        .inspect_err(|error| tracing::error!(%error, "the end of a turn is decided without the voice"))
        .ok()
}

/// Faults reach the staff's log in the store.
fn record_for_staff(mut events: Subscription, bus: Bus, store: &Store, stop: CancellationToken) -> JoinHandle<()> {
    let writer = store.writer();
    tokio::spawn(async move {
        loop {
            let event = tokio::select! {
                biased;
                event = events.next() => event,
                () = stop.cancelled() => None,
            };
            let Some(stamped) = event else { break };
            log_fault(&stamped.event);
            if let Some(event) = StaffEvent::of(&stamped.event, UnixMillis::now()) {
                writer.record(Record::Staff(event));
            }
        }
        if bus.dropped() > 0 {
            tracing::warn!(events = bus.dropped(), "slow readers missed events");
        }
    })
}

fn log_fault(event: &Event) {
    match event {
        Event::Device { device, status: DeviceStatus::Lost, detail } => {
            tracing::warn!(?device, %detail, "device lost");
        }
        Event::Device { device, status: DeviceStatus::Ready, detail } => {
            tracing::info!(?device, %detail, "device ready");
        }
        Event::Provider { kind, name, status: ProviderStatus::Healthy, .. } => {
            tracing::info!(?kind, %name, "provider healthy");
        }
        Event::Provider { kind, name, status, detail } => {
            tracing::warn!(?kind, %name, ?status, %detail, "provider");
        }
        Event::PhaseChanged { from, to } => tracing::debug!(?from, ?to, "phase"),
        _ => {}
    }
}
