//! The command line.

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use majlis::{
    appointments::command::{AppointmentsAction, appointments},
    audio::{
        devices::{self, Direction},
        evaluate::Evaluator,
    },
    camera,
    config::{self, Config, ConfigErrors, Secrets},
    event::Language,
    kiosk::{
        self, Foundation, Libraries, replay,
        run::{self, AudioBackend, Pause, RunOptions},
    },
    ops,
    ops::{monitor::MonitorOptions, report::Report},
    runtime::{self, ModelStore, ModelsAction, Onnx, models_command},
    staff::{
        self, RecogniserId,
        command::{CropReader, EnrolArgs, FaceTools, StaffAction, VisitorsAction},
    },
    store,
    tools::{self, command::ToolsAction},
    vision::{self, FaceReader, KnownPeople as _},
    words::TurnWords,
};

/// What is read where no file is named.
const CONFIG_FILE: &str = "kiosk.toml";

/// Wrong use, as clap has it.
const EXIT_USAGE: u8 = 2;

/// The kiosk's receptionist: sees a visitor come up, talks with them in Arabic and English, and answers from the
/// stand's knowledge base, with or without a network.
///
/// Try it: `majlis demo` runs a whole visit without any device. On a box with microphone, speaker and screen:
/// `majlis devices` shows what there is, `majlis config check` whether kiosk.toml is right, `majlis run` opens for
/// visitors.
#[derive(Debug, Parser)]
#[command(name = "majlis", version)]
struct Cli {
    /// The configuration file [default: kiosk.toml in the current folder if there is one, else built-in defaults]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Overrides a key of the configuration, for example `--set cloud.base_url=http://127.0.0.1:8000/v1`; repeatable
    #[arg(long = "set", global = true, value_name = "SECTION.KEY=VALUE")]
    overrides: Vec<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Opens the kiosk for visitors and stays until it is stopped
    Run(RunArgs),
    /// Runs a whole visit with a scripted visitor: needs no camera, microphone, key or network
    Demo(DemoArgs),
    /// Runs the whole pipeline on a recorded microphone, a recorded camera or both, and writes a report
    Replay(ReplayArgs),
    /// Looks at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Looks after the models
    Models {
        #[command(subcommand)]
        command: ModelsCommand,
    },
    /// Lists microphones, speakers and cameras with their stable ids, and shows the microphone's level
    Devices(DevicesArgs),
    /// Looks after the staff: who may open the staff pages, with which PIN
    Staff {
        #[command(subcommand)]
        action: StaffAction,
    },
    /// Enrols a person who agreed on paper, from pictures in files
    Enroll(EnrolArgs),
    /// Looks after the people who agreed to be known
    Visitors {
        #[command(subcommand)]
        action: VisitorsAction,
    },
    /// Looks after the appointments that visitors have booked
    Appointments {
        #[command(subcommand)]
        action: AppointmentsAction,
    },
    /// Finds the faces in pictures and tells what can be said of them
    Recognize(RecognizeArgs),
    /// Tries the tools that the model may call
    Tools {
        #[command(subcommand)]
        action: ToolsAction,
    },
    /// Measures a part of the kiosk on recorded data
    Eval {
        #[command(subcommand)]
        command: EvalCommand,
    },
    /// Shows what the kiosk on this machine does and hears, line by line, until Ctrl-C
    Monitor(MonitorArgs),
    /// Tells what the services cost: today and the days before, or one day
    Costs {
        /// The day, in the stand's time zone
        #[arg(long, value_name = "YYYY-MM-DD")]
        day: Option<jiff::civil::Date>,
    },
    /// Looks after the database
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
}

#[derive(Debug, Args)]
struct RunArgs {
    /// Without a window: by voice only
    #[arg(long)]
    headless: bool,
    /// Where the sound comes from and goes to
    #[arg(long, value_enum, default_value_t = AudioArg::Devices)]
    audio: AudioArg,
    /// A window of this size in pixels instead of the full screen
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = window_size)]
    window: Option<[u16; 2]>,
    /// A video file or a folder of pictures in place of the camera, played once
    #[arg(long, value_name = "PATH")]
    camera: Option<PathBuf>,
    /// Writes a report of the run when it ends
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AudioArg {
    /// The box's microphone and speaker
    Devices,
    /// 16 kHz mono s16le on standard input, 24 kHz on standard output, `@bench` lines on standard error
    Stdio,
}

#[derive(Debug, Args)]
struct DemoArgs {
    /// The language of the visitor: `en` or `ar`
    #[arg(long, default_value = "en", value_parser = shipped_language)]
    language: Language,
    /// The size of the window in pixels
    #[arg(long, value_name = "WIDTHxHEIGHT", default_value = "1080x1920", value_parser = window_size)]
    window: [u16; 2],
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// The microphone's recording: a WAV file of any rate; without it silence for as long as the camera's recording
    #[arg(long, value_name = "IN.wav", required_unless_present = "camera")]
    audio: Option<PathBuf>,
    /// The camera's recording: a video file or a folder of pictures
    #[arg(long, value_name = "PATH")]
    camera: Option<PathBuf>,
    /// Where to write the report (docs/report.md describes it)
    #[arg(long, value_name = "OUT.json")]
    report: PathBuf,
    /// Also writes what the kiosk says, on the recording's timeline
    #[arg(long, value_name = "OUT.wav")]
    speaker: Option<PathBuf>,
    /// As fast as it goes instead of at the pace of real time
    #[arg(long)]
    fast: bool,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Names every problem of the configuration at once; exit code 2 if there is any
    Check {
        /// The file to check instead of the one that would be used
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// Shows every model and whether it is there
    List,
    /// Gets models: those named, else those needed for a conversation
    Fetch {
        /// Names from the manifest
        names: Vec<String>,
    },
    /// Checks the sum of every model that is there
    Verify,
}

#[derive(Debug, Args)]
struct DevicesArgs {
    /// How long to show the microphone's level, seconds; 0: not at all
    #[arg(long, default_value_t = 3, value_name = "SECONDS")]
    level: u64,
}

#[derive(Debug, Args)]
struct RecognizeArgs {
    /// JPEG, PNG, WebP or BMP pictures
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// As JSON (docs/vision.md describes it)
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum EvalCommand {
    /// How well pairs of photographs are told to be of one person or of two
    Faces {
        /// A CSV file with the columns a,b,same; paths are relative to it
        #[arg(long, value_name = "PAIRS.csv")]
        pairs: PathBuf,
        /// As JSON (docs/vision.md describes it)
        #[arg(long)]
        json: bool,
        /// Also writes every pair's similarity to this file: a,b,same,score
        #[arg(long, value_name = "SCORES.csv")]
        scores: Option<PathBuf>,
    },
    /// How often the end of a turn is found too early, and how late it is found, on recordings
    Turns {
        /// A folder of WAV files, each with a JSON file beside it that says where the turn truly ended
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// As JSON (docs/turns.md describes both)
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct MonitorArgs {
    /// The kiosk's health port [default: health.port of the configuration]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Each message as it comes, a line of JSON (docs/events.md describes it)
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Verifies the database's invariants; exit code 1 if one is violated
    Check,
}

fn main() -> ExitCode {
    runtime::keep_memory_small();
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "majlis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let path = cli.config.or_else(|| Some(PathBuf::from(CONFIG_FILE)).filter(|path| path.exists()));
    if let Command::Config { command: ConfigCommand::Check { file } } = cli.command {
        let (text, code) = config::check_command(file.or(path).as_deref(), &cli.overrides);
        return print(&text, code);
    }
    let config = loop {
        match Config::load(path.as_deref(), &cli.overrides) {
            Ok(config) => break config,
            Err(problems) => {
                let _ = writeln!(std::io::stderr(), "{problems}");
                match pause(&cli.command, path.as_deref(), &problems) {
                    Pause::StartAgain => {}
                    Pause::Told => return Ok(ExitCode::SUCCESS),
                    Pause::Closed => return Ok(ExitCode::from(EXIT_USAGE)),
                }
            }
        }
    };
    ops::log::init(&config.log)?;
    match cli.command {
        Command::Run(args) => run(&config, &args),
        Command::Demo(args) => demo(&config, &args),
        Command::Replay(args) => replay(config, &args),
        Command::Models { command } => models(&config.paths.models, command),
        Command::Devices(args) => list_devices(&config, &args),
        Command::Staff { action } => Ok(ExitCode::from(staff::command::staff(&config, &action)?.print()?)),
        Command::Enroll(args) => {
            let outcome = staff::command::enrol(&config, &args, || face_tools(&config))?;
            Ok(ExitCode::from(outcome.print()?))
        }
        Command::Visitors { action } => {
            let outcome = staff::command::visitors(&config, &action, || crop_reader(&config))?;
            Ok(ExitCode::from(outcome.print()?))
        }
        Command::Monitor(args) => monitor(&config, &args),
        Command::Costs { day } => print(&kiosk::costs(&config, day)?, 0),
        Command::Appointments { action } => Ok(ExitCode::from(appointments(&config, &action)?.print()?)),
        Command::Db { command: DbCommand::Check } => check_database(&config),
        Command::Recognize(args) => recognize(&config, &args),
        Command::Eval { command: EvalCommand::Faces { pairs, json, scores } } => {
            evaluate_faces(&config, &pairs, json, scores.as_deref())
        }
        Command::Tools { action } => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let (text, code) = runtime.block_on(tools::command::run(&config, &action))?;
            print(&text, code)
        }
        Command::Eval { command: EvalCommand::Turns { dir, json } } => evaluate_turns(&config, &dir, json),
        Command::Config { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// A kiosk whose configuration is wrong must not be a black screen: it says so, and reads the file again when staff
/// start it again. Other commands, and a kiosk without a window, only end.
fn pause(command: &Command, file: Option<&Path>, problems: &ConfigErrors) -> Pause {
    match command {
        Command::Run(args) if !args.headless => {
            run::pause_for_configuration(file.unwrap_or(Path::new(CONFIG_FILE)), problems, args.window)
        }
        _ => Pause::Closed,
    }
}

fn run(config: &Config, args: &RunArgs) -> anyhow::Result<ExitCode> {
    let audio = match args.audio {
        AudioArg::Devices => AudioBackend::Devices,
        AudioArg::Stdio => AudioBackend::Stdio,
    };
    let options = RunOptions { is_headless: args.headless, audio, window_px: args.window, camera: args.camera.clone() };
    let report = run::run(config, &options)?;
    if let Some(path) = &args.report {
        write_report(&report, path)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A language in which the demonstration's visitor has questions.
fn shipped_language(code: &str) -> Result<Language, String> {
    let found = Language::SHIPPED.into_iter().find(|language| language.code() == code);
    found.ok_or_else(|| format!("found \"{code}\"; allowed: {}", Language::listed(Language::SHIPPED)))
}

fn demo(config: &Config, args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let result = run::demo(config, args.language, Some(args.window))?;
    let path = config.paths.output.join("demo").join("report.json");
    write_report(&result.report, &path)?;
    let mut text = result.report.table();
    text.push_str(&result.report.transcript());
    text.push_str(&format!("kiosk's voice: {}\n", result.speaker.display()));
    text.push_str(&format!("transcript: {}\n", config.paths.database.display()));
    match &result.screenshot {
        Ok(picture) => text.push_str(&format!("screenshot: {}\n", picture.display())),
        Err(reason) => text.push_str(&format!("screenshot: none ({reason})\n")),
    }
    text.push_str(&format!("report: {}\n", path.display()));
    if !result.is_complete() {
        let _ =
            writeln!(std::io::stderr(), "majlis: the visit was not what it should be; the report tells what happened");
    }
    print(&text, u8::from(!result.is_complete()))
}

fn replay(config: Config, args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let recording = replay::Recording {
        audio: args.audio.clone(),
        camera: args.camera.clone(),
        speaker: args.speaker.clone(),
        is_fast: args.fast,
    };
    let mut runtime = if args.fast {
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let runtime = runtime.enable_all().build().context("the runtime cannot be started")?;
    let foundation = Foundation::load(config, &mut Libraries::default())?;
    let report = runtime.block_on(replay::run(&foundation, &recording))?;
    write_report(&report, &args.report)?;
    print(&format!("{}report: {}\n", report.table(), args.report.display()), 0)
}

fn models(folder: &Path, command: ModelsCommand) -> anyhow::Result<ExitCode> {
    let action = match command {
        ModelsCommand::List => ModelsAction::List,
        ModelsCommand::Fetch { names } => ModelsAction::Fetch { names },
        ModelsCommand::Verify => ModelsAction::Verify,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (text, code) = runtime.block_on(models_command(folder, &action));
    print(&text, code)
}

fn face_reader(config: &Config) -> anyhow::Result<FaceReader> {
    let models = ModelStore::open(&config.paths.models)?;
    Ok(FaceReader::load(&models, &Onnx::load(&models)?, &config.vision)?)
}

fn recognize(config: &Config, args: &RecognizeArgs) -> anyhow::Result<ExitCode> {
    let mut reader = face_reader(config)?;
    let register = staff::command::on_record(config, recogniser_id(&reader))?;
    let gallery =
        register.as_ref().map_or_else(|| reader.new_gallery(), |register| register.gallery().load().as_ref().clone());
    let name = |visitor| register.as_ref()?.known(visitor).map(|known| known.name);
    let mut output = std::io::stdout().lock();
    let all_read = vision::recognize(&mut reader, &args.images, &gallery, &name, args.json, &mut output)
        .context("standard output cannot be written")?;
    Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn evaluate_turns(config: &Config, dir: &Path, is_json: bool) -> anyhow::Result<ExitCode> {
    let models = ModelStore::open(&config.paths.models)?;
    let evaluator = Evaluator {
        models: &models,
        onnx: &Onnx::load(&models)?,
        audio: &config.audio,
        turn: &config.turn,
        words: &TurnWords::load(&config.paths.assets)?,
    };
    let evaluation = evaluator.run(dir)?;
    let text = if is_json { format!("{}\n", serde_json::to_string_pretty(&evaluation)?) } else { evaluation.table() };
    print(&text, 0)
}

fn evaluate_faces(config: &Config, pairs: &Path, is_json: bool, scores: Option<&Path>) -> anyhow::Result<ExitCode> {
    let cannot_write = || format!("{}: the scores cannot be written", scores.unwrap_or(Path::new("")).display());
    // Before the minutes that measuring takes.
    let open = |path: &Path| std::fs::OpenOptions::new().create(true).write(true).truncate(false).open(path);
    let file = scores.map(open).transpose().with_context(cannot_write)?;
    let evaluation = vision::evaluate(&mut face_reader(config)?, pairs)?;
    if let Some(mut file) = file {
        file.set_len(0).with_context(cannot_write)?;
        file.write_all(evaluation.scores.as_bytes()).with_context(cannot_write)?;
    }
    let text = if is_json { format!("{}\n", serde_json::to_string_pretty(&evaluation)?) } else { evaluation.table() };
    print(&text, 0)
}

fn list_devices(config: &Config, args: &DevicesArgs) -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    let found = devices::list(config.audio.host)?;
    for (title, direction, key) in
        [("microphones", Direction::Capture, "audio.microphone"), ("speakers", Direction::Playback, "audio.speaker")]
    {
        writeln!(output, "{title} ({key}):")?;
        let mut any = false;
        for device in found.iter().filter(|device| device.direction == direction) {
            any = true;
            let mark = if device.is_default { "*" } else { " " };
            writeln!(output, "  {mark} {}\n      {}", device.id, device.name)?;
        }
        if !any {
            writeln!(output, "    none")?;
        }
    }
    write!(output, "cameras (camera.device):\n{}", camera::describe(&config.camera))?;
    writeln!(output, "* taken where kiosk.toml names none")?;
    if args.level > 0 && found.iter().any(|device| device.direction == Direction::Capture) {
        show_level(config, args.level, &mut output)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar for each quarter of a second: speak, and it must move.
fn show_level(config: &Config, seconds: u64, output: &mut impl std::io::Write) -> anyhow::Result<()> {
    let microphone = &config.audio.microphone;
    let name = if microphone.is_empty() { "the default microphone" } else { microphone };
    writeln!(output, "level of {name} (say a few words; the bars must move):")?;
    for _ in 0..seconds * 4 {
        let level = devices::measure_level(config.audio.host, microphone, Duration::from_millis(250))?;
        // 60 dB in 30 steps.
        let steps = ((level.rms_dbfs + 60.0) / 2.0).clamp(0.0, 30.0) as usize;
        writeln!(output, "  {:>6.1} dBFS |{:<30}|", level.rms_dbfs, "#".repeat(steps))?;
        output.flush()?;
    }
    Ok(())
}

fn face_tools(config: &Config) -> anyhow::Result<FaceTools> {
    let reader = face_reader(config)?;
    Ok(FaceTools {
        recogniser: recogniser_id(&reader),
        same_person_threshold: reader.recogniser().same_person_threshold,
        faces: Box::new(reader),
    })
}

fn crop_reader(config: &Config) -> anyhow::Result<CropReader> {
    let mut reader = face_reader(config)?;
    Ok(CropReader { recogniser: recogniser_id(&reader), embed: Box::new(move |crop| reader.embed(crop)) })
}

fn recogniser_id(reader: &FaceReader) -> RecogniserId {
    let info = reader.recogniser();
    RecogniserId { name: info.name.clone(), dimensions: info.dimensions }
}

fn monitor(config: &Config, args: &MonitorArgs) -> anyhow::Result<ExitCode> {
    let port = args.port.or(u16::try_from(config.health.port).ok().filter(|port| *port > 0)).context(
        "the health port is closed: [health] port is 0 in the configuration; set it to a free port, for example 8088, and \
         start the kiosk again, or name the port of a running one with --port",
    )?;
    let options = MonitorOptions {
        port,
        is_json: args.json,
        has_colours: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        time_zone: jiff::tz::TimeZone::get(&config.stand.time_zone).unwrap_or(jiff::tz::TimeZone::system()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut output, mut notes) = (std::io::stdout(), std::io::stderr());
    let watching = ops::monitor::watch(&options, &mut output, &mut notes);
    let error = runtime.block_on(async {
        tokio::select! {
            Err(error) = watching => Some(error),
            _ = tokio::signal::ctrl_c() => None,
        }
    });
    match error {
        // Whoever read it has gone: `majlis monitor | head`.
        Some(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("what happens cannot be shown"))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn check_database(config: &Config) -> anyhow::Result<ExitCode> {
    let path = &config.paths.database;
    let mut violations = store::check(path)?;
    let secret = Secrets::from_environment().get(&config.store.key)?;
    let key = store::Key::load_existing(path, &config.store.key, secret.as_ref())?;
    violations.extend(store::check_sealed(path, key.as_ref())?);
    let mut text: String = violations.iter().map(|violation| format!("{violation}\n")).collect();
    if violations.is_empty() {
        text = format!("{}: sound\n", path.display());
    }
    print(&text, u8::from(!violations.is_empty()))
}

fn write_report(report: &Report, path: &Path) -> anyhow::Result<()> {
    report.write(path).with_context(|| format!("cannot write the report {}", path.display()))
}

fn print(text: &str, code: u8) -> anyhow::Result<ExitCode> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("standard output cannot be written")?;
    Ok(ExitCode::from(code))
}

/// `1080x1920` → its two sides.
fn window_size(text: &str) -> Result<[u16; 2], String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some([width.parse().ok()?, height.parse().ok()?]));
    sides
        .filter(|sides| sides.iter().all(|side| (200..=16_384).contains(side)))
        .ok_or_else(|| format!("\"{text}\" is no size; allowed: WIDTHxHEIGHT in pixels, 200 to 16384, as in 1080x1920"))
}
