//! From coming up to the first sound of the greeting by name: the whole program on a folder of pictures, at the pace of
//! real time.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use majlis::{
    clock::SystemClock,
    config::Config,
    event::{Bus, Event, Language, Phase, staff::PersonDetails, staff::Pose},
    kiosk::{Foundation, Libraries, replay},
    runtime::{ModelStore, Onnx},
    store::{Actor, Consent, Key, NewFace, NewPerson, Store, UnixMillis},
    vision::{FaceReader, Faces as _},
};

use super::scene::{self, Person};

const FRAMES_PER_SECOND: u32 = 15;
const SECONDS: u32 = 8;

/// Makes the recording and the database, in a process that then ends its own ONNX Runtime's life with itself.
pub(crate) fn measure(folder: &Path) -> anyhow::Result<()> {
    let work = std::env::var_os("MAJLIS_BENCH_FOLDER");
    match work {
        None => {
            let work = tempfile::tempdir()?;
            prepare(folder, work.path())?;
            let status = std::process::Command::new(std::env::current_exe()?)
                .env("MAJLIS_BENCH_FOLDER", work.path())
                .status()?;
            ensure!(status.success(), "the replay failed");
            Ok(())
        }
        Some(work) => replay_it(Path::new(&work)),
    }
}

fn config(work: &Path) -> Config {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = Config::default();
    config.paths.assets = root.join("assets");
    config.paths.models = root.join("models");
    config.paths.database = work.join("majlis.sqlite");
    config.camera.frames_per_second = FRAMES_PER_SECOND;
    config.vision.recognition = true;
    // The faces of the recording are photographs.
    config.vision.liveness = String::new();
    config
}

fn prepare(folder: &Path, work: &Path) -> anyhow::Result<()> {
    let config = config(work);
    let models = ModelStore::open(&config.paths.models)?;
    let onnx = Onnx::load(&models)?;
    let mut reader = FaceReader::load(&models, &onnx, &config.vision)?;
    let people = scene::people(folder, 3)?;
    let paths = people.first().context("nobody has three photographs")?;
    let (last, enrolled) = paths.split_last().context("no photographs")?;

    let mut faces = Vec::new();
    for path in enrolled.iter().take(5) {
        let picture = scene::open(path)?;
        let Some(face) = reader.detect(&picture)?.first().copied() else { continue };
        let reading = reader.read(&picture, &face, 1)?;
        faces.push(NewFace {
            recogniser: reader.recogniser().name.clone(),
            pose: Pose::Front,
            quality: reading.quality.measures.sharpness,
            values: reading.embedding.values().to_vec(),
            crop_png: None,
        });
    }
    enrol(&config, faces)?;

    let person = Person::of(last, &mut reader)?;
    let (hall, pictures) = (scene::hall(), work.join("pictures"));
    std::fs::create_dir(&pictures)?;
    let mut chance = fastrand::Rng::with_seed(5);
    for n in 0..SECONDS * FRAMES_PER_SECOND {
        let seconds = n as f32 / FRAMES_PER_SECOND as f32;
        let mut picture = hall.clone();
        person.sprite(super::scene_height(seconds), 1.0).paint(
            &mut picture,
            640.0 + chance.f32(),
            330.0 + chance.f32(),
        );
        picture.save(pictures.join(format!("{n:04}.jpg")))?;
    }
    Ok(())
}

fn enrol(config: &Config, faces: Vec<NewFace>) -> anyhow::Result<()> {
    let store = Store::open(&config.paths.database, Bus::new(Arc::new(SystemClock::start_now())))?;
    let people = store.people(Key::load(&config.paths.database, "", None)?);
    let now = UnixMillis::now();
    let person = NewPerson {
        renews: None,
        details: PersonDetails { name: "Sara".to_owned(), ..PersonDetails::default() },
        language: Language::ENGLISH,
        consent: Consent {
            text_version: "bench".to_owned(),
            text_sha256: "0".repeat(64),
            language: Language::ENGLISH,
            agreed_at: now,
            covers_crops: false,
        },
        faces,
        retained_until: UnixMillis(now.0 + 86_400_000),
        by: Actor::CommandLine,
    };
    tokio::runtime::Runtime::new()?.block_on(people.enrol(person, now))?;
    store.close(Duration::from_secs(10))?;
    Ok(())
}

fn replay_it(work: &Path) -> anyhow::Result<()> {
    let config = config(work);
    let attend_height = config.presence.attend_height;
    let recording =
        replay::Recording { audio: None, camera: Some(work.join("pictures")), speaker: None, is_fast: false };
    let foundation = Foundation::load(config, &mut Libraries::default())?;
    let report = tokio::runtime::Runtime::new()?.block_on(replay::run(&foundation, &recording))?;
    let near_ms = (0..SECONDS * 1_000).find(|ms| super::scene_height(*ms as f32 / 1_000.0) >= attend_height);
    let spoke_ms = report.events.iter().find_map(|stamped| {
        matches!(stamped.event, Event::PhaseChanged { to: Phase::Speaking, .. }).then_some(stamped.at.as_millis())
    });
    let (Some(near_ms), Some(spoke_ms)) = (near_ms, spoke_ms) else {
        anyhow::bail!("nobody was greeted: {:?}", report.presence);
    };
    let is_named = report.identity.iter().any(|identity| identity.visitor.is_some());
    println!(
        "near enough → first sound of the greeting, replayed: {:.2} s (must: at most 1.5), {}; peak memory {:.0} MB",
        (spoke_ms as f64 - f64::from(near_ms)) / 1_000.0,
        if is_named { "by name" } else { "without a name" },
        report.totals.peak_rss_bytes as f64 / 1e6,
    );
    Ok(())
}
