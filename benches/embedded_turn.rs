//! How soon the kiosk answers without any network: recorded questions through the whole embedded chain (audio loop,
//! recogniser, knowledge base, voice), from the decided end of the turn to the first sample for the speaker.
//!
//! The replay's clock stands still while nothing is being made and keeps the pace of real time while something is, so
//! the figures are those of this machine. `cargo bench --profile dev --bench embedded_turn`

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use majlis::{
    config::Config,
    event::Language,
    kiosk::{
        Foundation, Libraries,
        replay::{self, Recording},
    },
};
use support::{Voice, quantile, scene, speak, write_wav};

/// Silence before the first question, ms.
const LEAD_MS: usize = 1_000;
/// From the start of a question to the next, ms: the longest answer ends in between.
const EVERY_MS: usize = 20_000;

const ENGLISH: [&str; 8] = [
    "What are your opening hours?",
    "Where can I park my car?",
    "How much is the solar course?",
    "Are there guided tours?",
    "Where is the prayer room?",
    "Is there free Wi-Fi?",
    "How do I register for a programme?",
    "What is this exhibition?",
];
const ARABIC: [&str; 8] = [
    "متى يفتح الجناح؟",
    "ما البرامج التدريبية المتاحة؟",
    "أين المصلى؟",
    "هل توجد جولات مع مرشد؟",
    "كم سعر الدورة الشمسية؟",
    "هل يوجد إنترنت مجاني؟",
    "أين أوقف سيارتي؟",
    "كيف أحجز موعدًا؟",
];

fn main() -> anyhow::Result<()> {
    let mut libraries = Libraries::default();
    for (language, questions, voice) in
        [(Language::ENGLISH, ENGLISH, Voice::Flite("slt")), (Language::ARABIC, ARABIC, Voice::Espeak("ar+f5"))]
    {
        measure(language, &questions, voice, &mut libraries)?;
    }
    Ok(())
}

fn measure(language: Language, questions: &[&str], voice: Voice, libraries: &mut Libraries) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let clips = questions.iter().map(|question| speak(voice, question)).collect::<anyhow::Result<Vec<_>>>()?;
    let sounds: Vec<(usize, &[f32])> =
        clips.iter().enumerate().map(|(n, clip)| (LEAD_MS + n * EVERY_MS, clip.as_slice())).collect();
    let audio = folder.path().join("questions.wav");
    write_wav(&audio, &scene(LEAD_MS + questions.len() * EVERY_MS, &sounds))?;

    let mut config = Config::default();
    config.stand.language = language;
    config.visit.greet = false;
    config.paths.database = folder.path().join("majlis.sqlite");
    config.paths.output = folder.path().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let foundation = Foundation::load(config, libraries)?;
    let recording = Recording { audio: Some(audio), camera: None, speaker: None, is_fast: true };
    let report = runtime.block_on(replay::run(&foundation, &recording))?;

    let mut waits: Vec<f64> = Vec::new();
    // The replay's clock does not wait for the recogniser to load, so the first question does: it is no figure.
    for turn in report.turns.iter().skip(1) {
        let wait = turn.first_audio_ms.zip(turn.end_of_turn_ms).map(|(sound, end)| sound as f64 - end as f64);
        println!("  {language} {:>6} ms  {}", wait.unwrap_or(f64::NAN), turn.transcript);
        waits.extend(wait);
    }
    println!(
        "{language}: {} of {} questions after the first answered; end of turn to first sample {:.0} ms (median), {:.0} ms at most",
        waits.len(),
        questions.len() - 1,
        quantile(&mut waits, 0.5),
        quantile(&mut waits, 1.0),
    );
    Ok(())
}
