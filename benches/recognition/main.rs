//! How well the embedded recogniser understands synthetic voices: every phrasing of the sample stand's knowledge base,
//! questions in other words (`src/knowledge/held_out.toml`), and sentences that it must not take for any. Prints
//! tables; needs espeak-ng, flite and sox on the path.
//!
//! *Right* is what a visitor would call understood: the entry is the one that was asked for. *Exact*: the very
//! phrasing, too. What is neither right nor rejected is *wrong*: an answer to another question.
//!
//! `cargo bench --profile dev --bench recognition -- [--every N] [--outside-every N] [--voices N] [--skip-en] [--skip-ar]
//! [--only NAME] [--blind] [--verbose]`: every Nth phrasing, every Nth sentence outside, the first N voices only, those
//! only whose name contains NAME. Each voice starts at another one, so that N voices at every Nth have said all of them. Those with odd places in the lists, on which nothing
//! was fitted (`docs/recognition.md`), are also counted by themselves; blind leaves out the others. Verbose names each
//! sentence that was misheard or refused.
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
    event::{EntryId, Language},
    knowledge::{Entry, KnowledgeBase},
    runtime::{ModelStore, Onnx},
    speech::{
        SpeakRequest, SpeechToText, TextToSpeech, TranscribeRequest, Transcript, TranscriptPiece,
        embedded::{EmbeddedSpeechToText, EmbeddedTextToSpeech, Espeak, Vowels},
    },
};
use voices::{ARABIC, ENGLISH, LEFT_OUT, MAIN_ARABIC, MAIN_ENGLISH, Synthesiser};

#[derive(Default)]
struct Tally {
    right: usize,
    exact: usize,
    wrong: usize,
    rejected: usize,
    times: Vec<Duration>,
}

impl Tally {
    /// Counts what was heard where `entry` was asked for with the words `text`; outside, no entry is.
    fn count(&mut self, heard: &Transcript, entry: Option<&EntryId>, text: &str, took: Duration) {
        self.times.push(took);
        match &heard.entry {
            None => self.rejected += 1,
            id if id.as_ref() == entry => {
                self.right += 1;
                self.exact += usize::from(heard.text == text);
            }
            Some(_) => self.wrong += 1,
        }
    }

    fn total(&self) -> usize {
        self.right + self.wrong + self.rejected
    }

    fn print(&mut self, name: &str) {
        self.times.sort_unstable();
        let at = |share: f64| self.times.get((self.times.len() as f64 * share) as usize).map_or(0, Duration::as_millis);
        let percent = |count: usize| 100.0 * count as f64 / self.total().max(1) as f64;
        println!(
            "{name:<38} {:>5} {:>7.1} % {:>7.1} % {:>7.1} % {:>7.1} % {:>6} {:>6}",
            self.total(),
            percent(self.right),
            percent(self.exact),
            percent(self.wrong),
            percent(self.rejected),
            at(0.5),
            at(0.95)
        );
    }

    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.exact += other.exact;
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
    let is_blind = std::env::args().any(|argument| argument == "--blind");
    let is_verbose = std::env::args().any(|argument| argument == "--verbose");
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1).unwrap_or_default();
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
    println!(
        "{:<38} {:>5} {:>9} {:>9} {:>9} {:>9} {:>6} {:>6}",
        "voice", "n", "right", "exact", "wrong", "rejected", "ms", "p95"
    );
    let lists = [
        (Language::ENGLISH, ENGLISH, MAIN_ENGLISH, outside::ENGLISH),
        (Language::ARABIC, ARABIC, MAIN_ARABIC, outside::ARABIC),
    ];
    for (language, voices, main, outside) in lists {
        if std::env::args().any(|argument| argument == format!("--skip-{language}")) {
            continue;
        }
        let phrasings: Vec<(&EntryId, &str)> = entries
            .iter()
            .flat_map(|entry| entry.text(language).all_phrasings().map(move |text| (&entry.id, text)))
            .collect();
        let others = other_words(language);
        let phrasings = in_halves(phrasings, is_blind);
        let outside = in_halves(outside.to_vec(), is_blind);
        let [mut all, mut unseen, mut beyond, mut unseen_beyond, mut reworded] =
            std::array::from_fn(|_| Tally::default());
        let mut heard = 0;
        for (number, voice) in voices.iter().enumerate().take(voice_count) {
            if !voice.is_installed() || !voice.to_string().contains(&only) {
                println!("{voice}: left out");
                if number + 1 == main {
                    all.print(&format!("{language}, {heard} of these {main} voices"));
                }
                continue;
            }
            heard += 1;
            let listen = async |tallies: &mut [&mut Tally], entry: Option<&EntryId>, text: &str| {
                let samples = synthesiser.say(text, voice, language);
                let start = Instant::now();
                let transcript = transcribe(&ears, samples, language).await;
                let took = start.elapsed();
                if is_verbose && transcript.entry.as_ref() != entry {
                    println!("  {voice}: {text} | {}", transcript.text);
                }
                for tally in tallies {
                    tally.count(&transcript, entry, text, took);
                }
            };
            let mut tally = Tally::default();
            for (half, (entry, text)) in phrasings.iter().skip(number % every).step_by(every) {
                match half {
                    Half::Fitted => listen(&mut [&mut tally], Some(entry), text).await,
                    Half::Unseen => listen(&mut [&mut tally, &mut unseen], Some(entry), text).await,
                }
            }
            for (half, sentence) in outside.iter().skip(number % outside_every).step_by(outside_every) {
                match half {
                    Half::Fitted => listen(&mut [&mut beyond], None, sentence).await,
                    Half::Unseen => listen(&mut [&mut beyond, &mut unseen_beyond], None, sentence).await,
                }
            }
            for (entry, text) in others.iter().skip(number % outside_every).step_by(outside_every) {
                listen(&mut [&mut reworded], Some(entry), text).await;
            }
            tally.print(&format!("{language} {voice}"));
            all.add(&tally);
            if number + 1 == main {
                all.print(&format!("{language}, {heard} of these {main} voices"));
            }
        }
        all.print(&format!("{language}, all voices"));
        unseen.print(&format!("{language}, of them nothing fitted on"));
        beyond.print(&format!("{language}, outside the grammar"));
        unseen_beyond.print(&format!("{language}, of them nothing fitted on"));
        reworded.print(&format!("{language}, the questions in other words"));
    }
    println!("{LEFT_OUT}");
    println!("resident {} MB", resident_mb());
}

/// What a phrasing or a sentence may be used for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Half {
    /// What is measured of a language was measured with these.
    Fitted,
    /// Nothing was.
    Unseen,
}

/// All of them, those of even places first, so that voices that take every Nth one share both halves; or only the others.
fn in_halves<T>(all: Vec<T>, is_blind: bool) -> Vec<(Half, T)> {
    let half = |index: usize| if index % 2 == 1 { Half::Unseen } else { Half::Fitted };
    let mut all: Vec<_> = all.into_iter().enumerate().map(|(index, one)| (half(index), one)).collect();
    all.retain(|(half, _)| !is_blind || *half == Half::Unseen);
    all.sort_by_key(|(half, _)| *half);
    all
}

/// Questions that the knowledge base answers and has no phrasing of.
fn other_words(language: Language) -> Vec<(EntryId, String)> {
    let text = std::fs::read_to_string("src/knowledge/held_out.toml").unwrap();
    let parts: toml::Table = toml::from_str(&text).unwrap();
    ["tuning", "fresh"]
        .into_iter()
        .flat_map(|part| parts[part]["in_scope"][language.code()].as_table().unwrap())
        .flat_map(|(entry, questions)| {
            let questions = questions.as_array().unwrap();
            questions.iter().map(|question| (EntryId(entry.clone()), question.as_str().unwrap().to_owned()))
        })
        .collect()
}

/// How soon the first sound of an answer comes.
async fn voice_latency(voice: &EmbeddedTextToSpeech, entries: &[Entry]) {
    voice.warm_up();
    for language in Language::SHIPPED {
        let mut times = Vec::new();
        for entry in entries {
            let request = SpeakRequest { text: entry.text(language).answer.clone(), language, voice: None };
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
