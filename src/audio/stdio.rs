//! The audio backend of a harness: 16 kHz s16le mono on standard input is the microphone, 24 kHz s16le mono on
//! standard output the speaker, and `@bench {…}` lines on standard error tell what cannot be heard.

use std::{
    io::{Read as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{Bell, FRAME_SAMPLES, Frame, Polled, Sink, Source, sink::Pacer, wav::to_i16};
use crate::audio::{DeviceChange, PlayoutChange};

/// Samples of the microphone waiting for the loop, 1 s. When it is full the newest are dropped and counted.
const RING: usize = 16_000;
/// The rate of standard output, Hz.
const OUTPUT_RATE_HZ: u32 = 24_000;
/// How far ahead of real time playout may be written: what a pipe's reader has to spare.
const LEAD: Duration = Duration::from_millis(40);

/// Writes `@bench` lines: one JSON object each, as the harness of the peers reads them.
#[derive(Debug, Clone, Copy, Default)]
pub struct BenchLog;

impl BenchLog {
    /// Ready to listen: once, after everything is warm.
    pub fn ready(self) {
        self.event("ready");
    }

    fn event(self, name: &str) {
        // A harness that has gone away is noticed by its closed standard input.
        let _ = writeln!(std::io::stderr().lock(), "@bench {{\"ev\":\"{name}\"}}");
    }
}

/// Standard input as the microphone.
pub struct StdinSource {
    ring: rtrb::Consumer<f32>,
    has_ended: Arc<AtomicBool>,
    dropped: Arc<AtomicU64>,
}

impl StdinSource {
    /// Starts to read on a thread of its own, which ends with the input; `bell` is the one of the loop that listens.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(bell: Bell) -> std::io::Result<Self> {
        let (mut producer, ring) = rtrb::RingBuffer::new(RING);
        let source = Self { ring, has_ended: Arc::default(), dropped: Arc::default() };
        let (has_ended, dropped) = (source.has_ended.clone(), source.dropped.clone());
        std::thread::Builder::new().name("stdin-audio".into()).spawn(move || {
            let mut input = std::io::stdin().lock();
            let mut bytes = [0_u8; 4096];
            // A sample may be split between two reads.
            let mut kept = 0;
            while let Ok(count @ 1..) = input.read(bytes.get_mut(kept..).unwrap_or_default()) {
                let filled = kept + count;
                let (samples, rest) = bytes.get(..filled).unwrap_or_default().as_chunks::<2>();
                for sample in samples {
                    if producer.push(f32::from(i16::from_le_bytes(*sample)) / 32_768.0).is_err() {
                        dropped.fetch_add(1, Ordering::Relaxed);
                    }
                }
                kept = rest.len();
                bytes.copy_within(filled - kept..filled, 0);
                bell.ring();
            }
            has_ended.store(true, Ordering::Release);
            bell.ring();
        })?;
        Ok(source)
    }
}

impl Source for StdinSource {
    fn poll(&mut self, _now: Duration, frame: &mut Frame) -> Polled {
        // Asked before the ring: what was written before the end is there then.
        let has_ended = self.has_ended.load(Ordering::Acquire);
        match self.ring.pop_entire_slice(frame) {
            Ok(()) => Polled::Frame,
            Err(_) if has_ended => Polled::Ended,
            Err(_) => Polled::Pending,
        }
    }

    fn frames_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed) / FRAME_SAMPLES as u64
    }
}

/// Standard output as the speaker. Each piece is written as soon as it comes, at most 40 ms ahead of real time; a
/// reader that stops reading stops the loop when the pipe is full.
pub struct StdoutSink {
    pacer: Pacer,
    log: BenchLog,
    bytes: Vec<u8>,
    is_paused: bool,
    failure: Option<DeviceChange>,
    is_closed: bool,
}

impl Default for StdoutSink {
    fn default() -> Self {
        Self {
            pacer: Pacer::new(OUTPUT_RATE_HZ, LEAD),
            log: BenchLog,
            bytes: Vec::new(),
            is_paused: false,
            failure: None,
            is_closed: false,
        }
    }
}

impl Sink for StdoutSink {
    fn sample_rate_hz(&self) -> u32 {
        OUTPUT_RATE_HZ
    }

    fn writable(&mut self, now: Duration) -> usize {
        self.pacer.catch_up(now);
        self.pacer.room(now)
    }

    fn write(&mut self, samples: &[f32]) {
        self.pacer.advance(samples.len());
        self.bytes.clear();
        self.bytes.extend(samples.iter().flat_map(|sample| to_i16(*sample).to_le_bytes()));
        let mut output = std::io::stdout().lock();
        if let Err(error) = output.write_all(&self.bytes).and_then(|()| output.flush())
            && !std::mem::replace(&mut self.is_closed, true)
        {
            self.failure = Some(DeviceChange::Lost(format!("standard output cannot be written: {error}")));
        }
    }

    fn changed(&mut self, change: PlayoutChange) {
        match change {
            PlayoutChange::Paused => {
                self.is_paused = true;
                self.log.event("pause");
            }
            PlayoutChange::Resumed => {
                self.is_paused = false;
                self.log.event("resume");
            }
            PlayoutChange::Cleared => {
                self.log.event("clear");
                // The harness keeps a paused output paused until it is told.
                if std::mem::take(&mut self.is_paused) {
                    self.log.event("resume");
                }
            }
        }
    }

    fn take_change(&mut self) -> Option<DeviceChange> {
        self.failure.take()
    }
}
