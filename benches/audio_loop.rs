//! What the audio loop costs: each 10 ms with speech and playout, the share of a core while it hears silence, and how
//! long sound takes through standard output.
//!
//! `cargo bench --bench audio_loop`

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod support;

use std::{
    io::Read as _,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use futures_util::FutureExt as _;
use majlis::{
    audio::{AnswerId, AudioCommand, AudioEvent, PlayChunk, Sink as _, StdoutSink},
    clock::{ManualClock, SystemClock},
};
use support::{Models, Voice, quantile, scene, speak};

fn main() -> anyhow::Result<()> {
    let models = Models::load()?;
    frames(&models)?;
    standard_output()?;
    silence(&models)
}

/// Pieces of 10 ms through a pipe: until the loop goes on, and until the reader has them.
fn standard_output() -> anyhow::Result<()> {
    let (mut reader, writer) = std::io::pipe()?;
    let mut sink = StdoutSink::writing_to(writer);
    let mut bytes = [0; 480];
    let (mut written_ms, mut read_ms) = (Vec::new(), Vec::new());
    for _ in 0..1_000 {
        std::thread::sleep(Duration::from_millis(2));
        let start = Instant::now();
        sink.write(&[0.25; 240]);
        written_ms.push(start.elapsed().as_secs_f64() * 1e3);
        reader.read_exact(&mut bytes)?;
        read_ms.push(start.elapsed().as_secs_f64() * 1e3);
    }
    for (what, times_ms) in [("handed over", &mut written_ms), ("read", &mut read_ms)] {
        let [median, p99, max] = [0.5, 0.99, 1.0].map(|share| quantile(times_ms, share));
        println!("10 ms to standard output, {what} after: median {median:.3} ms, p99 {p99:.3} ms, max {max:.3} ms");
    }
    Ok(())
}

/// The same scene is played three times and each frame's least time taken, because whoever shares the machine
/// interrupts other frames each time; the times as they came are printed beside.
fn frames(models: &Models) -> anyhow::Result<()> {
    let mut runs = [one_run(models)?, one_run(models)?, one_run(models)?];
    let [first, second, third] = &runs;
    let mut least: Vec<f64> = first.iter().zip(second).zip(third).map(|((a, b), c)| a.min(*b).min(*c)).collect();
    let print = |what: &str, times_ms: &mut Vec<f64>| {
        let [median, p99, max] = [0.5, 0.99, 1.0].map(|share| quantile(times_ms, share));
        println!(
            "10 ms of the loop, {} frames, {what}: median {median:.3} ms, p99 {p99:.3} ms, max {max:.3} ms",
            times_ms.len()
        );
    };
    print("least of three", &mut least);
    runs.iter_mut().for_each(|run| print("as it came", run));
    Ok(())
}

fn one_run(models: &Models) -> anyhow::Result<Vec<f64>> {
    let question = speak(Voice::Espeak("en-us"), "What are your opening hours on Friday afternoon?")?;
    let answer = speak(Voice::Espeak("en-gb"), "On Friday the pavilion is open from two in the afternoon until ten.")?;
    let clock = ManualClock::default();
    let sounds: Vec<(usize, &[f32])> = (0..8).map(|n| (1_000 + n * 8_000, question.as_slice())).collect();
    let (mut audio, mut link) = models.audio_loop(scene(64_000, &sounds), Arc::new(clock.clone()))?;
    let mut times_ms = Vec::new();
    for frame in 0..6_400_u64 {
        if frame % 800 == 450 {
            let answer_id = AnswerId(frame);
            let chunk =
                PlayChunk { answer: answer_id, clause: 0, samples: answer.as_slice().into(), sample_rate_hz: 16_000 };
            for command in [AudioCommand::Play(chunk), AudioCommand::CloseAnswer(answer_id)] {
                link.commands.send(command).now_or_never().context("the queue is full")??;
            }
        }
        clock.advance(Duration::from_millis(10));
        let start = Instant::now();
        audio.step();
        times_ms.push(start.elapsed().as_secs_f64() * 1e3);
        while audio.busy() {
            std::thread::yield_now();
        }
        while let Ok(event) = link.events.try_recv() {
            // As the conversation does, so that each question is an utterance of its own.
            if let AudioEvent::SpeechPaused { clip } = event {
                link.commands.send(AudioCommand::EndUtterance(clip.utterance)).now_or_never().context("full")??;
            }
        }
    }
    Ok(times_ms)
}

fn silence(models: &Models) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock::start_now());
    let (audio, _link) = models.audio_loop(scene(25_000, &[]), clock)?;
    let thread = audio.spawn()?;
    std::thread::sleep(Duration::from_secs(2));
    let (before, start) = (cpu_seconds()?, Instant::now());
    std::thread::sleep(Duration::from_secs(20));
    let share = (cpu_seconds()? - before) / start.elapsed().as_secs_f64();
    thread.stop();
    println!("listening to silence: {:.1} % of one core", share * 100.0);
    Ok(())
}

/// User and system time of this process, all threads; the kernel counts in hundredths of a second.
fn cpu_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("no process name")?.1;
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?;
    Ok(ticks as f64 / 100.0)
}
