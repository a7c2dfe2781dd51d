//! `majlis run` and `majlis demo`: a kiosk with its window (which owns the main thread), or without one.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::{
    runtime::Runtime,
    sync::{mpsc, oneshot},
};

use super::{Foundation, Kiosk, Libraries, STORE_CLOSE_LIMIT, Seeing, Sound, StartError, Surroundings, demo::Visitor};
use crate::{
    audio::{
        AudioThread, Bell, BenchLog, DeviceSink, DeviceSource, Meters, StdinSource, StdoutSink, WavSink,
        script::ScriptedSource,
    },
    camera::{self, Recorded},
    clock::{Clock, SystemClock},
    config::{Config, ConfigErrors, Secrets},
    conversation::Activity,
    event::{
        Bus, Command, Device, DeviceStatus, EndReason, Event, Fault, FaultCause, Language, Subscription,
        staff::StaffView,
    },
    ops::report::{Collector, Report},
    runtime::Onnx,
    staff::{SafeDesk, SafeDeskParts, system_wall_clock},
    store::{Key, People, Store},
    ui::{Paused, PausedInputs, ScreenshotRequest, UiInputs, WindowHandle, WindowInputs, WindowOptions},
};

/// Pictures of the window waiting to be taken. When it is full the asker waits.
const SCREENSHOTS: usize = 4;

/// How long a picture of the window may take.
const SCREENSHOT_LIMIT: Duration = Duration::from_secs(20);

/// How long safe mode waits for the database with the staff's PINs.
const PINS_LIMIT: Duration = Duration::from_secs(3);

/// How often, while models and grammars are loaded, pages that only loading needed are given back, and how many times:
/// until everything is certainly loaded.
const GIVE_BACK_EVERY: Duration = Duration::from_millis(500);
const GIVE_BACK_TIMES: u32 = 4;

/// Where the sound comes from and goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudioBackend {
    /// The box's microphone and speaker.
    #[default]
    Devices,
    /// Standard input and output, for a harness.
    Stdio,
}

/// How `majlis run` runs.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Without a window.
    pub is_headless: bool,
    /// Where the sound comes from and goes to.
    pub audio: AudioBackend,
    /// A window of this size in pixels instead of a full screen.
    pub window_px: Option<[u16; 2]>,
    /// A recording in place of the camera: a video file or a folder of pictures, played once.
    pub camera: Option<PathBuf>,
}

/// What a demonstration leaves behind.
#[derive(Debug)]
pub struct DemoResult {
    /// What happened.
    pub report: Report,
    /// The picture of the window, or why there is none.
    pub screenshot: Result<PathBuf, String>,
    /// What the kiosk said, on the visit's timeline.
    pub speaker: PathBuf,
}

/// Runs until the window is closed, the program is told to stop, or a harness closes standard input.
///
/// # Errors
/// The kiosk cannot start. With a window, safe mode is shown until staff start again or close it.
pub fn run(config: &Config, options: &RunOptions) -> Result<Report, StartError> {
    let mut libraries = Libraries::default();
    loop {
        match run_once(config, options, &mut libraries) {
            Ok(report) => return Ok(report),
            Err(error) if options.is_headless => return Err(error),
            Err(error) => {
                tracing::error!(%error, "the kiosk cannot start");
                match pause(config, options.window_px, fault(&error)) {
                    Pause::StartAgain => {}
                    Pause::Closed => return Err(error),
                    Pause::Told => return Ok(Collector::default().report(Meters::default())),
                }
            }
        }
    }
}

/// How safe mode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// "Start again" was touched.
    StartAgain,
    /// The window was closed, staff ended the program, or there is no window.
    Closed,
    /// The program was told to stop.
    Told,
}

/// Shows safe mode because of `problems` of the configuration `file`. The window looks, and the database with the staff's
/// PINs lies, as what could be read of it says.
#[must_use]
pub fn pause_for_configuration(file: &Path, problems: &ConfigErrors, window_px: Option<[u16; 2]>) -> Pause {
    let fault = Fault { cause: FaultCause::Configuration, code: "CONFIG-401".to_owned(), found: problems.to_string() };
    pause(&readable(file, problems), window_px, fault)
}

/// What could be read of the configuration `file`, with the default folder of words where its own has none: without words
/// there would be no safe mode.
fn readable(file: &Path, problems: &ConfigErrors) -> Config {
    let mut config = problems.rest().clone();
    if crate::words::Words::load(&config.paths.assets).is_err()
        && let Ok(defaults) = Config::parse("", file, &[])
    {
        config.paths.assets = defaults.paths.assets;
    }
    config
}

fn run_once(config: &Config, options: &RunOptions, libraries: &mut Libraries) -> Result<Report, StartError> {
    let runtime = runtime()?;
    let _inside = runtime.enter();
    let foundation = Foundation::load(config.clone(), libraries)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start_now());
    let sound = sound(options.audio, config)?;
    let window = (!options.is_headless).then(WindowHandle::default);
    let seeing = seeing(config, options.camera.as_deref(), &clock)?;
    let mut running = Running::start(&foundation, clock, sound, seeing, true, window.clone())?;
    if options.audio == AudioBackend::Stdio {
        BenchLog.ready();
    }
    let events = running.events.take();
    let until = runtime.spawn(until_the_end(events, running.kiosk.commands.clone(), window));
    running.show(&foundation, options.window_px);
    // The window is closed (or there is none): without one it is the other side that ends the run.
    let why = if options.is_headless || running.has_no_display() || until.is_finished() {
        runtime.block_on(until).unwrap_or(End::ConversationGone)
    } else {
        End::Told
    };
    let report = running.stop(&runtime);
    match why {
        End::Told => Ok(report),
        End::ConversationGone => Err(StartError::Ended),
    }
}

/// Runs a whole visit with a scripted visitor.
///
/// # Errors
/// The kiosk or the visitor's voice cannot start.
pub fn demo(config: &Config, language: Language, window_px: Option<[u16; 2]>) -> Result<DemoResult, StartError> {
    let runtime = runtime()?;
    let _inside = runtime.enter();
    let mut config = config.clone();
    config.stand.language = language;
    let folder = config.paths.output.join("demo");
    std::fs::create_dir_all(&folder)?;
    let (picture, speaker) = (folder.join("window.png"), folder.join("kiosk.wav"));
    let foundation = Foundation::load(config, &mut Libraries::default())?;
    let (script, source) = ScriptedSource::new();
    let visitor = runtime.block_on(Visitor::prepare(&foundation, language, script))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start_now());
    let sound = Sound { source: Box::new(source), sink: Box::new(WavSink::create(&speaker)?), bell: Bell::default() };
    let window = WindowHandle::default();
    let mut running = Running::start(&foundation, clock, sound, Seeing::Nothing, false, Some(window.clone()))?;
    let visit = runtime.spawn({
        let (commands, events) = (running.kiosk.commands.clone(), running.kiosk.bus.subscribe());
        let pictures = running.pictures.clone();
        async move {
            let taken = visitor.visit(commands, events, pictures, picture).await;
            window.close();
            taken
        }
    });
    running.show(&foundation, window_px);
    let screenshot =
        runtime.block_on(visit).unwrap_or_else(|error| Err(format!("the visit did not end well: {error}")));
    Ok(DemoResult { report: running.stop(&runtime), screenshot, speaker })
}

impl DemoResult {
    /// Whether it showed what it is for: three answers heard, leave taken, and a picture.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let answers = self.report.turns.iter().filter(|turn| !turn.heard.is_empty()).count();
        let took_leave = self
            .report
            .events
            .iter()
            .any(|stamped| matches!(stamped.event, Event::VisitEnded { reason: EndReason::Goodbye, .. }));
        answers >= 3 && took_leave && self.screenshot.is_ok()
    }
}

fn runtime() -> Result<Runtime, StartError> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn sound(backend: AudioBackend, config: &Config) -> Result<Sound, StartError> {
    let bell = Bell::default();
    Ok(match backend {
        AudioBackend::Stdio => {
            Sound { source: Box::new(StdinSource::start(bell.clone())?), sink: Box::<StdoutSink>::default(), bell }
        }
        AudioBackend::Devices => {
            let source = Box::new(DeviceSource::start(&config.audio, &bell)?);
            let sink = Box::new(DeviceSink::start(&config.audio, &bell)?);
            Sound { source, sink, bell }
        }
    })
}

fn seeing(config: &Config, recording: Option<&Path>, clock: &Arc<dyn Clock>) -> Result<Seeing, StartError> {
    Ok(match recording {
        Some(path) => {
            let camera = Recorded::open(path, &config.camera)?.into_opener(clock.clone());
            Seeing::With { camera, is_there: true }
        }
        None if config.camera.enabled => {
            let is_there = !camera::list().is_empty();
            Seeing::With { camera: camera::opener_for(&config.camera), is_there }
        }
        None => Seeing::Nothing,
    })
}

/// Why a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// By a signal, the window, or the end of a recorded input.
    Told,
    /// The conversation or its audio loop has ended by itself, which it never should.
    ConversationGone,
}

/// Waits for the end of the input, for a signal, or for a conversation that is gone; then closes the window.
async fn until_the_end(
    events: Option<Subscription>,
    commands: mpsc::Sender<Command>,
    window: Option<WindowHandle>,
) -> End {
    let input_ended = async {
        let Some(mut events) = events else { return std::future::pending().await };
        while let Some(stamped) = events.next().await {
            if stamped.event == Event::InputEnded {
                return;
            }
        }
    };
    let why = tokio::select! {
        () = input_ended => End::Told,
        () = signalled() => End::Told,
        () = commands.closed() => End::ConversationGone,
    };
    if let Some(window) = window {
        window.close();
    }
    why
}

/// Waits for SIGINT or SIGTERM.
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        tracing::warn!("signals cannot be heard; the program ends by its window or its input only");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Takes pictures of the window. Cheap to clone.
#[derive(Clone)]
pub struct Pictures {
    requests: mpsc::Sender<ScreenshotRequest>,
    no_display: Arc<OnceLock<String>>,
}

impl Pictures {
    /// Writes a picture of the window to `path`, or says why not.
    pub(super) async fn take(&self, path: PathBuf) -> Result<PathBuf, String> {
        let (done, taken) = oneshot::channel();
        let asked = self.requests.send(ScreenshotRequest { path: path.clone(), done }).await;
        match (asked, tokio::time::timeout(SCREENSHOT_LIMIT, taken).await) {
            (Ok(()), Ok(Ok(Ok(())))) => Ok(path),
            (Ok(()), Ok(Ok(Err(error)))) => Err(error.to_string()),
            _ => Err(self.no_display.get().cloned().unwrap_or_else(|| "the window took no picture".to_owned())),
        }
    }
}

/// A kiosk with its audio thread and, perhaps, a window.
struct Running {
    kiosk: Kiosk,
    audio: AudioThread,
    clock: Arc<dyn Clock>,
    window: Option<WindowHandle>,
    pictures: Pictures,
    /// From before the sound began, so that an input that ends at once is noticed.
    events: Option<Subscription>,
    screenshots: Option<mpsc::Receiver<ScreenshotRequest>>,
}

impl Running {
    fn start(
        foundation: &Foundation,
        clock: Arc<dyn Clock>,
        sound: Sound,
        seeing: Seeing,
        has_desk: bool,
        window: Option<WindowHandle>,
    ) -> Result<Self, StartError> {
        let repaint: Box<dyn Fn() + Send + Sync> = match window.clone() {
            Some(window) => Box::new(move || window.request_repaint()),
            None => Box::new(|| {}),
        };
        let surroundings =
            Surroundings { clock: clock.clone(), sound, activity: Activity::default(), repaint, seeing, has_desk };
        let (kiosk, audio) = Kiosk::start(foundation, surroundings)?;
        let events = Some(kiosk.bus.subscribe());
        let audio = audio.spawn()?;
        tokio::spawn(give_back_start_up_memory(foundation.onnx.clone()));
        let (requests, screenshots) = mpsc::channel(SCREENSHOTS);
        let pictures = Pictures { requests, no_display: Arc::default() };
        Ok(Self { kiosk, audio, clock, window, pictures, events, screenshots: Some(screenshots) })
    }

    /// Opens the window and returns when it is closed. Without a display the kiosk goes on by voice.
    fn show(&mut self, foundation: &Foundation, size_px: Option<[u16; 2]>) {
        let (Some(window), Some(screenshots)) = (self.window.clone(), self.screenshots.take()) else { return };
        let inputs = UiInputs {
            view: self.kiosk.view.clone(),
            meters: self.kiosk.meters.clone(),
            commands: self.kiosk.commands.clone(),
            sight: self.kiosk.eyes.sight.clone(),
            window: WindowInputs {
                staff_view: match &self.kiosk.desk {
                    Some(desk) => desk.view.clone(),
                    None => Arc::new(ArcSwap::from_pointee(StaffView::closed(foundation.config.stand.language))),
                },
                // Without a desk its pages do not open.
                staff: self.kiosk.desk.as_ref().map_or_else(|| mpsc::channel(1).0, |desk| desk.commands.clone()),
                wall: jiff::Timestamp::now,
                words: foundation.words.clone(),
                stand: foundation.config.stand.clone(),
                ui: foundation.config.ui.clone(),
                assets: foundation.config.paths.assets.clone(),
                clock: self.clock.clone(),
                handle: window,
            },
            screenshots,
        };
        if let Err(error) = crate::ui::run(inputs, WindowOptions { size_px }) {
            let detail = error.to_string();
            let event = Event::Device { device: Device::Display, status: DeviceStatus::Lost, detail: detail.clone() };
            self.kiosk.bus.publish(event);
            self.pictures.no_display.get_or_init(|| detail);
        }
    }

    fn has_no_display(&self) -> bool {
        self.pictures.no_display.get().is_some()
    }

    fn stop(self, runtime: &Runtime) -> Report {
        runtime.block_on(self.kiosk.stop(Some(self.audio)))
    }
}

/// Gives back what only loading needed (10 MB of code and tables), several times: the peak would otherwise be that of the
/// start.
async fn give_back_start_up_memory(onnx: Onnx) {
    for _ in 0..GIVE_BACK_TIMES {
        tokio::time::sleep(GIVE_BACK_EVERY).await;
        let onnx = onnx.clone();
        match tokio::task::spawn_blocking(move || onnx.give_back_start_up_pages()).await {
            Ok(Ok(bytes)) => tracing::debug!(bytes, "pages that only the start needed are given back"),
            Ok(Err(error)) => {
                tracing::debug!(%error, "pages that only the start needed stay in memory");
                return;
            }
            Err(_) => return,
        }
    }
}

fn fault(error: &StartError) -> Fault {
    let (cause, code) = match error {
        StartError::Store(_) => (FaultCause::Storage, "STORE-301"),
        StartError::Rate(_) | StartError::Voice(_) => (FaultCause::Devices, "SOUND-201"),
        StartError::Onnx(_) | StartError::Vad(_) | StartError::Manifest(_) => (FaultCause::Files, "MODEL-101"),
        StartError::Words(_)
        | StartError::Language { .. }
        | StartError::Knowledge(_)
        | StartError::Personas(_)
        | StartError::Wav(_)
        | StartError::Camera(_) => (FaultCause::Files, "FILES-102"),
        StartError::Thread(_) | StartError::Ended => (FaultCause::Files, "SYSTEM-302"),
    };
    Fault { cause, code: code.to_owned(), found: error.to_string() }
}

/// Shows safe mode until staff start again or close it, or the program is told to stop.
fn pause(config: &Config, window_px: Option<[u16; 2]>, fault: Fault) -> Pause {
    let (Ok(words), Ok(runtime)) = (crate::words::Words::load(&config.paths.assets), runtime()) else {
        return Pause::Closed;
    };
    // The configured language may be what is wrong.
    let mut config = config.clone();
    if !words.languages().contains(&config.stand.language) {
        config.stand.language = Language::ENGLISH;
    }
    let config = &config;
    let _inside = runtime.enter();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start_now());
    let window = WindowHandle::default();
    let pins = runtime.block_on(pins(config, &clock));
    let desk = SafeDesk::start(SafeDeskParts {
        clock: clock.clone(),
        wall: system_wall_clock(),
        config,
        fault: fault.clone(),
        people: pins.as_ref().map(|(_, people)| people.clone()),
        repaint: Box::new({
            let window = window.clone();
            move || window.request_repaint()
        }),
    });
    let inputs = PausedInputs {
        fault,
        window: WindowInputs {
            staff_view: desk.view,
            staff: desk.commands,
            wall: jiff::Timestamp::now,
            words: Arc::new(words),
            stand: config.stand.clone(),
            ui: config.ui.clone(),
            assets: config.paths.assets.clone(),
            clock,
            handle: window.clone(),
        },
    };
    let told = runtime.spawn(async move {
        signalled().await;
        window.close();
    });
    let ended = crate::ui::run_paused(inputs, WindowOptions { size_px: window_px });
    if let Some((store, _)) = pins
        && let Err(error) = store.close(STORE_CLOSE_LIMIT)
    {
        tracing::error!(%error, "tries of PINs were not all written down");
    }
    match ended {
        Ok(Paused::StartAgain) => Pause::StartAgain,
        Ok(Paused::Closed) if told.is_finished() => Pause::Told,
        Ok(Paused::Closed) => Pause::Closed,
        Err(error) => {
            tracing::error!(%error, "safe mode cannot be shown");
            Pause::Closed
        }
    }
}

/// The staff's PINs, if the database is there and can be read: safe mode makes none.
async fn pins(config: &Config, clock: &Arc<dyn Clock>) -> Option<(Store, People)> {
    let path = &config.paths.database;
    if !path.exists() {
        return None;
    }
    let unread = |error: &dyn std::fmt::Display| tracing::warn!(%error, "safe mode cannot ask for PINs");
    let secret = Secrets::from_environment().get(&config.store.key).inspect_err(|error| unread(error)).ok()?;
    let key = Key::load_existing(path, &config.store.key, secret.as_ref()).inspect_err(|error| unread(error));
    let key = key.ok().flatten()?;
    let store = Store::open(path, Bus::new(clock.clone())).inspect_err(|error| unread(error)).ok()?;
    let people = store.people(key);
    match tokio::time::timeout(PINS_LIMIT, people.ready()).await {
        Ok(Ok(())) => return Some((store, people)),
        Ok(Err(error)) => unread(&error),
        Err(elapsed) => unread(&elapsed),
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn safe_mode_has_words_wherever_a_wrong_configuration_looks_for_them() {
        let file = Path::new("kiosk.toml");
        let text = "[paths]\nassets = \"nowhere\"\ndatabase = \"stand.sqlite\"\n[ui]\nthem = \"night\"\n";
        let config = readable(file, &Config::parse(text, file, &[]).unwrap_err());
        assert_eq!(config.paths.assets, Config::default().paths.assets);
        assert_eq!(config.paths.database, Path::new("stand.sqlite"));
    }
}
