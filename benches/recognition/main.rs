//! How well the embedded recogniser understands synthetic voices: every phrasing of the sample stand's knowledge base,
//! and sentences that are not in it. Prints tables; needs espeak-ng, flite and sox on the path.
//!
//! `cargo bench --profile dev --bench recognition -- [--every N] [--outside-every N] [--voices N]
//! [--skip-en] [--skip-ar]`: every Nth phrasing, every Nth sentence outside, the first N voices only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for developers: it stops at the first fault"
)]

mod outside;
mod voices;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::StreamExt;
use majlis::{
    config,
    event::Language,
    knowledge::{Entry, KnowledgeBase},
    runtime::{ModelStore, Onnx},
    speech::{
        SpeakRequest, SpeechToText, TextToSpeech, TranscribeRequest, Transcript, TranscriptPiece,
        embedded::{EmbeddedSpeechToText, EmbeddedTextToSpeech, Espeak, Vowels},
    },
};
use voices::{ARABIC, ENGLISH, LEFT_OUT, Synthesiser, Voice};

struct Tally {
    right: usize,
    wrong: usize,
    rejected: usize,
    times: Vec<Duration>,
}

impl Tally {
    fn new() -> Self {
        Self { right: 0, wrong: 0, rejected: 0, times: Vec::new() }
    }

    fn total(&self) -> usize {
        self.right + self.wrong + self.rejected
    }

    fn print(&mut self, name: &str) {
        self.times.sort_unstable();
        let at = |share: f64| self.times.get((self.times.len() as f64 * share) as usize).map_or(0, Duration::as_millis);
        let percent = |count: usize| 100.0 * count as f64 / self.total().max(1) as f64;
        println!(
            "{name:<34} {:>5} {:>7.1} % {:>7.1} % {:>7.1} % {:>6} {:>6}",
            self.total(),
            percent(self.right),
            percent(self.wrong),
            percent(self.rejected),
            at(0.5),
            at(0.95)
        );
    }

    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.rejected += other.rejected;
        self.times.extend(&other.times);
    }
}

async fn transcribe(ears: &EmbeddedSpeechToText, samples: Arc<[f32]>, likely: Language) -> Transcript {
    let mut pieces = ears.transcribe(TranscribeRequest { samples, likely_language: likely });
    while let Some(piece) = pieces.next().await {
        if let TranscriptPiece::Final(transcript) = piece.unwrap() {
            return transcript;
        }
    }
    unreachable!("a transcription ends with a final piece")
}

#[tokio::main]
async fn main() {
    let option = |name: &str| {
        let mut arguments = std::env::args().skip_while(move |argument| argument != name);
        arguments.nth(1).and_then(|value| value.parse::<usize>().ok())
    };
    let every = option("--every").unwrap_or(1);
    let outside_every = option("--outside-every").unwrap_or(every);
    let voice_count = option("--voices").unwrap_or(usize::MAX);
    let (base, problems) = KnowledgeBase::load(Path::new("assets/knowledge")).unwrap();
    assert!(problems.is_empty());
    let entries: Arc<[Entry]> = base.entries().cloned().collect();
    let models = ModelStore::open(Path::new("models")).unwrap();
    let vowels = Arc::new(Vowels::new(Onnx::load(&models).unwrap(), models));
    let espeak = Espeak::start().unwrap();
    let config = config::Embedded::default();

    let start = Instant::now();
    let ears = EmbeddedSpeechToText::new(entries.clone(), espeak.clone(), vowels.clone(), &config).unwrap();
    // Silence would be answered without the decoders.
    let buzz = (0..16_000).map(|sample| if sample % 160 < 80 { 0.1 } else { -0.1 }).collect();
    transcribe(&ears, buzz, Language::ENGLISH).await;
    println!("recogniser ready after {} ms; resident {} MB", start.elapsed().as_millis(), resident_mb());

    voice_latency(&EmbeddedTextToSpeech::new(espeak, vowels.clone(), &config), &entries).await;

    let synthesiser = Synthesiser::new(vowels);
    println!("{:<34} {:>5} {:>9} {:>9} {:>9} {:>6} {:>6}", "voice", "n", "right", "wrong", "rejected", "ms", "p95");
    for (language, voices, outside) in
        [(Language::ENGLISH, ENGLISH, outside::ENGLISH), (Language::ARABIC, ARABIC, outside::ARABIC)]
    {
        if std::env::args().any(|argument| argument == format!("--skip-{language}")) {
            continue;
        }
        let mut all = Tally::new();
        let mut all_outside = Tally::new();
        for voice in voices.iter().take(voice_count) {
            let mut tally = inside(&ears, &synthesiser, &entries, voice, language, every).await;
            tally.print(&format!("{language} {voice}"));
            all.add(&tally);
            for sentence in outside.iter().step_by(outside_every) {
                let samples = synthesiser.say(sentence, voice, language);
                let transcript = transcribe(&ears, samples, language).await;
                if transcript.entry.is_none() { all_outside.rejected += 1 } else { all_outside.wrong += 1 }
            }
        }
        all.print(&format!("{language} all"));
        all_outside.print(&format!("{language} outside the grammar"));
    }
    println!("{LEFT_OUT}");
    println!("resident {} MB", resident_mb());
}

async fn inside(
    ears: &EmbeddedSpeechToText,
    synthesiser: &Synthesiser,
    entries: &[Entry],
    voice: &Voice,
    language: Language,
    every: usize,
) -> Tally {
    let mut tally = Tally::new();
    let phrasings =
        entries.iter().flat_map(|entry| entry.text(language).all_phrasings().map(move |text| (entry, text)));
    for (entry, text) in phrasings.step_by(every) {
        let samples = synthesiser.say(text, voice, language);
        let start = Instant::now();
        let transcript = transcribe(ears, samples, language).await;
        tally.times.push(start.elapsed());
        match transcript.entry {
            Some(id) if id == entry.id => tally.right += 1,
            Some(_) => tally.wrong += 1,
            None => tally.rejected += 1,
        }
    }
    tally
}

/// How soon the first sound of an answer comes.
async fn voice_latency(voice: &EmbeddedTextToSpeech, entries: &[Entry]) {
    voice.warm_up();
    for language in Language::ALL {
        let mut times = Vec::new();
        for entry in entries {
            let request = SpeakRequest { text: entry.text(language).answer.clone(), language };
            let start = Instant::now();
            let mut stream = voice.speak(request);
            stream.next().await.unwrap().unwrap();
            times.push(start.elapsed());
        }
        times.sort_unstable();
        println!(
            "first sound of an answer in {language}: median {:.1} ms, longest {:.1} ms",
            times[times.len() / 2].as_secs_f64() * 1e3,
            times[times.len() - 1].as_secs_f64() * 1e3
        );
    }
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
