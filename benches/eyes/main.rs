//! What the eyes cost and how soon they know somebody: the vision thread with one face, the memory that vision adds,
//! from coming up to the greeting by name, ten minutes of passers-by.
//!
//! The videos are made here of the photographs in `../shared/faces`; without them nothing is measured.
//! `cargo bench --bench eyes`

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod greeting;
mod scene;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use image::RgbImage;
use majlis::{
    camera::Frame,
    clock::{Clock as _, ManualClock},
    config::{self, Config},
    event::{Bus, Command, Event, KnownVisitor, Language, PresenceChange, Sight, Subscription, VisitorId},
    runtime::{ModelStore, Onnx},
    vision::{
        EyesMode, FaceReader, Faces as _, Gallery, KnownPeople,
        eyes::{Eyes, EyesParts, Outlets, Recognition},
        identity,
    },
};
use scene::{Person, SIZE};
use tokio::sync::{mpsc, watch};

/// The part of the program that measures the greeting runs in a process of its own.
const GREETING: &str = "MAJLIS_BENCH_GREETING";

fn main() -> anyhow::Result<()> {
    let Some(folder) = scene::photographs() else {
        println!("eyes: ../shared/faces is not there; nothing is measured");
        return Ok(());
    };
    if std::env::var_os(GREETING).is_some() {
        return greeting::measure(&folder);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let models = ModelStore::open(&root.join("models"))?;
    let onnx = Onnx::load(&models)?;
    let vision = Config::default().vision;
    let hall = scene::hall();

    let before = rss_bytes()?;
    let mut reader = FaceReader::load(&models, &onnx, &vision)?;
    let people = scene::people(&folder, 2)?;
    let someone = Person::of(people.first().and_then(|paths| paths.first()).context("no photographs")?, &mut reader)?;
    let mut stand = Stand::new(reader, vision.clone(), Vec::new());
    let (cpu, pictures) = one_face(&mut stand, &hall, &someone)?;
    println!("memory that vision adds: {:.0} MB (must: at most 150)", (rss_bytes()? - before) as f64 / 1e6);
    println!(
        "vision thread at {} pictures a second, one face: {:.1} % of a core over {pictures} pictures (must: at most 25)",
        vision.frames_per_second,
        cpu * 100.0,
    );

    let mut reader = FaceReader::load(&models, &onnx, &vision)?;
    let passers: Vec<Person> =
        people.iter().take(40).flatten().filter_map(|path| Person::of(path, &mut reader).ok()).collect();
    passers_by(&mut Stand::new(reader, vision.clone(), Vec::new()), &hall, &passers)?;

    for liveness in [vision.liveness.clone(), String::new()] {
        let vision = config::Vision { liveness, ..vision.clone() };
        known_people(&models, &onnx, &vision, &hall, &people)?;
    }

    let status = std::process::Command::new(std::env::current_exe()?).env(GREETING, "1").status()?;
    anyhow::ensure!(status.success(), "the greeting could not be measured");
    Ok(())
}

/// Eyes in virtual time, with what came of them.
struct Stand {
    eyes: Eyes,
    clock: ManualClock,
    bus: Subscription,
    commands: mpsc::Receiver<Command>,
    pictures: u64,
    _ends: (watch::Sender<EyesMode>, watch::Receiver<Sight>),
}

/// Everybody in the gallery is somebody.
struct Everybody;

impl KnownPeople for Everybody {
    fn known(&self, id: VisitorId) -> Option<KnownVisitor> {
        let (name, agreed_at) = ("somebody".to_owned(), jiff::Timestamp::UNIX_EPOCH);
        Some(KnownVisitor { id, name, language: Language::ENGLISH, agreed_at })
    }
}

impl Stand {
    /// `known`: photographs of people who agreed.
    fn new(mut reader: FaceReader, vision: config::Vision, known: Vec<(VisitorId, RgbImage)>) -> Self {
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let info = reader.recogniser().clone();
        let mut gallery: Gallery = reader.new_gallery();
        for (visitor, picture) in known {
            let face = reader.detect(&picture).ok().and_then(|faces| faces.first().copied());
            let reading = face.and_then(|face| reader.read(&picture, &face, 1).ok());
            if let Some(reading) = reading {
                let _ = gallery.insert(visitor, &info.name, &reading.embedding);
            }
        }
        // Strangers enough for a real search; nobody resembles noise.
        let mut chance = fastrand::Rng::with_seed(3);
        for n in 0..1_000_u128 {
            let numbers = (0..info.dimensions).map(|_| chance.f32() - 0.5).collect();
            if let Some(embedding) = majlis::vision::Embedding::normalised(numbers) {
                let _ = gallery.insert(VisitorId(uuid::Uuid::from_u128(1_000_000 + n)), &info.name, &embedding);
            }
        }
        let settings = identity::Settings {
            threshold: info.same_person_threshold,
            margin: info.same_person_margin,
            votes: vision.votes,
            liveness: reader.liveness_threshold(),
        };
        let (sight, seen) = watch::channel(Sight::default());
        let (sender, commands) = mpsc::channel(64);
        let (mode, wanted) = watch::channel(EyesMode::default());
        let subscription = bus.subscribe();
        let eyes = Eyes::new(EyesParts {
            faces: Box::new(reader),
            vision,
            presence: config::Presence::default(),
            recognition: Some(Recognition {
                gallery: Arc::new(ArcSwap::from_pointee(gallery)),
                people: Arc::new(Everybody),
                settings,
            }),
            outlets: Outlets { bus, sight, commands: sender, glimpses: watch::channel(None).0 },
            mode: wanted,
            asked: mpsc::channel(1).1,
        });
        Self { eyes, clock, bus: subscription, commands, pictures: 0, _ends: (mode, seen) }
    }

    /// Looks at a picture and lets time pass until the next one. Gives the processor time of the look.
    fn look(&mut self, picture: RgbImage) -> anyhow::Result<Duration> {
        self.pictures += 1;
        let frame = Frame { sequence: self.pictures, at: self.clock.now(), picture: Arc::new(picture) };
        let before = cpu_time()?;
        self.eyes.look(&frame)?;
        let used = cpu_time()?.saturating_sub(before);
        self.clock.advance(self.eyes.interval());
        Ok(used)
    }

    fn seconds(&self) -> f32 {
        self.clock.now().as_secs_f32()
    }
}

/// The part of a core that is used while one person stands before the kiosk, and the number of pictures.
fn one_face(stand: &mut Stand, hall: &RgbImage, someone: &Person) -> anyhow::Result<(f64, u64)> {
    let sprite = someone.sprite(0.22, 1.0);
    let mut chance = fastrand::Rng::with_seed(2);
    let mut used = Duration::ZERO;
    while stand.seconds() < 60.0 {
        let mut picture = hall.clone();
        let sway = 6.0 * (stand.seconds() * 0.7).sin();
        sprite.paint(&mut picture, 640.0 + sway + chance.f32(), 330.0 + chance.f32());
        used += stand.look(picture)?;
    }
    Ok((used.as_secs_f64() / stand.clock.now().as_secs_f64(), stand.pictures))
}

/// Ten minutes of people who cross the picture, one to three at a time.
fn passers_by(stand: &mut Stand, hall: &RgbImage, people: &[Person]) -> anyhow::Result<()> {
    struct Passer {
        sprite: scene::Sprite,
        begin: f32,
        from: f32,
        speed: f32,
        y: f32,
    }
    let mut chance = fastrand::Rng::with_seed(4);
    let (mut passers, mut passed): (Vec<Passer>, u32) = (Vec::new(), 0);
    while stand.seconds() < 600.0 {
        let now = stand.seconds();
        passers.retain(|passer| {
            (-200.0..SIZE[0] as f32 + 200.0).contains(&(passer.from + passer.speed * (now - passer.begin)))
        });
        if passers.len() < 3 && chance.f32() < 0.15 {
            let height = 0.06 + 0.2 * chance.f32();
            let squeeze = if chance.bool() { 1.0 } else { 0.55 + 0.3 * chance.f32() };
            // 0.8 to 1.8 m/s, a face being 0.24 m high.
            let pace = (3.3 + 4.2 * chance.f32()) * height * SIZE[1] as f32;
            let to_right = chance.bool();
            let Some(person) = people.get(chance.usize(0..people.len().max(1))) else { break };
            passers.push(Passer {
                sprite: person.sprite(height, squeeze),
                begin: now,
                from: if to_right { -150.0 } else { SIZE[0] as f32 + 150.0 },
                speed: if to_right { pace } else { -pace },
                y: 220.0 + 250.0 * chance.f32(),
            });
            passed += 1;
        }
        let mut picture = hall.clone();
        for passer in &passers {
            let t = now - passer.begin;
            passer.sprite.paint(&mut picture, passer.from + passer.speed * t, passer.y + 4.0 * (t * 11.0).sin());
        }
        stand.look(picture)?;
    }
    let visits = std::iter::from_fn(|| stand.commands.try_recv().ok())
        .filter(|command| *command != Command::VisitorLeft)
        .count();
    let mut seen = [0; 2];
    while let Some(stamped) = stand.bus.try_next() {
        if let Event::Presence { change, .. } = stamped.event {
            seen[0] += u32::from(change == PresenceChange::Approached);
            seen[1] += u32::from(change == PresenceChange::Attending);
        }
    }
    println!(
        "10 minutes of passers-by: {visits} visits (must: 0); {passed} people passed, {} approached, {} attended",
        seen[0], seen[1]
    );
    Ok(())
}

/// People on record come up, each by another photograph than the one they were enrolled with.
fn known_people(
    models: &ModelStore,
    onnx: &Onnx,
    vision: &config::Vision,
    hall: &RgbImage,
    people: &[Vec<std::path::PathBuf>],
) -> anyhow::Result<()> {
    let (mut delays, mut unnamed, mut wrong) = (Vec::new(), 0, 0);
    let chosen: Vec<&Vec<std::path::PathBuf>> = people.iter().take(20).collect();
    let mut known = Vec::new();
    for (n, paths) in (1_u128..).zip(&chosen) {
        if let Some(first) = paths.first() {
            known.push((VisitorId(uuid::Uuid::from_u128(n)), scene::open(first)?));
        }
    }
    for (n, paths) in (1_u128..).zip(&chosen) {
        let mut reader = FaceReader::load(models, onnx, vision)?;
        let Some(Ok(person)) = paths.get(1).map(|path| Person::of(path, &mut reader)) else { continue };
        let mut stand = Stand::new(reader, vision.clone(), known.clone());
        let mut near_at = None;
        while stand.seconds() < 7.0 {
            let now = stand.seconds();
            let height = scene_height(now);
            near_at = near_at.or((height >= config::Presence::default().attend_height).then_some(now));
            let mut picture = hall.clone();
            person.sprite(height, 1.0).paint(&mut picture, 620.0 + 10.0 * now.min(3.0), 330.0);
            stand.look(picture)?;
            match stand.commands.try_recv() {
                Ok(Command::VisitorRecognised(visitor)) if visitor.id == VisitorId(uuid::Uuid::from_u128(n)) => {
                    delays.push(now - near_at.unwrap_or(now));
                    break;
                }
                Ok(Command::VisitorRecognised(_)) => {
                    wrong += 1;
                    break;
                }
                Ok(_) => {
                    unnamed += 1;
                    break;
                }
                Err(_) => {}
            }
        }
    }
    delays.sort_by(f32::total_cmp);
    let liveness =
        if vision.liveness.is_empty() { "not checked (the faces are photographs)" } else { &vision.liveness };
    println!(
        "near enough → announced by name: median {:.1} s, longest {:.1} s; {} by their name, {unnamed} without, {wrong} by another's; liveness: {liveness}",
        delays.get(delays.len() / 2).copied().unwrap_or(f32::NAN),
        delays.last().copied().unwrap_or(f32::NAN),
        delays.len(),
    );
    Ok(())
}

/// The height of the face of somebody who comes up within three seconds and stays.
fn scene_height(seconds: f32) -> f32 {
    0.05 + 0.06 * (seconds - 1.0).clamp(0.0, 3.0)
}

/// Processor time of this thread.
fn cpu_time() -> anyhow::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split_whitespace().next().and_then(|word| word.parse().ok()).context("no schedstat")?;
    Ok(Duration::from_nanos(nanos))
}

fn rss_bytes() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
