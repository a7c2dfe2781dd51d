//! The audio backend of a harness: 16 kHz s16le mono on standard input is the microphone, 24 kHz s16le mono on
//! standard output the speaker, and `@bench {…}` lines on standard error tell what cannot be heard.

use std::{
    fs::File,
    io::{Read as _, Write},
    os::fd::AsFd as _,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::Thread,
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
/// Samples waiting for a reader that does not read, 2 s. When it is full the newest are dropped and counted.
const UNREAD: usize = 48_000;
/// How long the end of the program waits for a reader to take what is written.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// Samples of the longest single write, 100 ms.
const LONGEST_WRITE: usize = 2_400;

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

/// Standard output as the speaker. Each piece is written as soon as it comes, at most 40 ms ahead of real time, by a
/// thread of its own: a reader that stops reading loses sound, and the speaker is reported lost until it reads again.
pub struct StdoutSink {
    pacer: Pacer,
    log: BenchLog,
    is_paused: bool,
    /// Or why there is none, until it has been reported.
    writer: Result<Writer, Option<String>>,
    is_stalled: bool,
    samples_dropped: u64,
    change: Option<DeviceChange>,
}

impl Default for StdoutSink {
    fn default() -> Self {
        // Not `Stdout`, which would hold back what follows the last byte that looks like the end of a line.
        let output = std::io::stdout().as_fd().try_clone_to_owned().map(File::from);
        Self::with(output.and_then(Writer::start))
    }
}

impl StdoutSink {
    /// The same into `output`, for measuring and trying.
    #[must_use]
    pub fn writing_to(output: impl Write + Send + 'static) -> Self {
        Self::with(Writer::start(output))
    }

    fn with(writer: std::io::Result<Writer>) -> Self {
        Self {
            pacer: Pacer::new(OUTPUT_RATE_HZ, LEAD),
            log: BenchLog,
            is_paused: false,
            writer: writer.map_err(|error| Some(error.to_string())),
            is_stalled: false,
            samples_dropped: 0,
            change: None,
        }
    }
}

/// The loop's side of the thread that writes.
struct Writer {
    samples: rtrb::Producer<i16>,
    shared: Arc<WriterState>,
    thread: Thread,
    ended: Receiver<()>,
}

#[derive(Default)]
struct WriterState {
    is_stopping: AtomicBool,
    failure: OnceLock<String>,
}

impl Writer {
    fn start(output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (samples, waiting) = rtrb::RingBuffer::new(UNREAD);
        let shared: Arc<WriterState> = Arc::default();
        let (ending, ended) = sync_channel(0);
        let state = shared.clone();
        let thread = std::thread::Builder::new()
            .name("stdout-audio".into())
            .spawn(move || state.write_all(waiting, output, &ending))?
            .thread()
            .clone();
        Ok(Self { samples, shared, thread, ended })
    }
}

impl WriterState {
    /// Writes until the loop stops. Dropping the sender says that it has.
    fn write_all(&self, mut waiting: rtrb::Consumer<i16>, mut output: impl Write, _ending: &SyncSender<()>) {
        let mut bytes = Vec::new();
        loop {
            // Asked before the ring: what came before the stop is there then.
            let is_stopping = self.is_stopping.load(Ordering::Acquire);
            bytes.clear();
            bytes.extend(std::iter::from_fn(|| waiting.pop().ok()).take(LONGEST_WRITE).flat_map(i16::to_le_bytes));
            if bytes.is_empty() {
                if is_stopping {
                    return;
                }
                std::thread::park();
            } else if let Err(error) = output.write_all(&bytes).and_then(|()| output.flush()) {
                let _ = self.failure.set(error.to_string());
                return;
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::Release);
        self.thread.unpark();
        // A thread that nobody reads from is left behind: stopping must not depend on the reader.
        let _ = self.ended.recv_timeout(LAST_WORDS);
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
        let Ok(writer) = &mut self.writer else { return };
        let taken = samples.iter().take_while(|sample| writer.samples.push(to_i16(**sample)).is_ok()).count();
        writer.thread.unpark();
        if taken < samples.len() {
            self.samples_dropped += (samples.len() - taken) as u64;
            if !std::mem::replace(&mut self.is_stalled, true) {
                let detail = "nobody reads standard output: what is said is dropped";
                self.change = Some(DeviceChange::Lost(detail.to_owned()));
            }
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
        if let Ok(writer) = &self.writer {
            if let Some(failure) = writer.shared.failure.get() {
                self.writer = Err(Some(failure.clone()));
            } else if self.is_stalled && writer.samples.slots() == UNREAD && self.change.is_none() {
                self.is_stalled = false;
                self.change = Some(DeviceChange::Ready("standard output is read again".to_owned()));
            }
        }
        if let Err(failure) = &mut self.writer
            && let Some(failure) = failure.take()
        {
            self.change = Some(DeviceChange::Lost(format!("standard output cannot be written: {failure}")));
        }
        self.change.take()
    }

    fn frames_starved(&self) -> u64 {
        self.samples_dropped * 100 / u64::from(OUTPUT_RATE_HZ)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_written_to_the_end_as_it_came() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut sink = StdoutSink::writing_to(writer);
        sink.write(&[0.5; 300]);
        sink.write(&[-0.5; 300]);
        drop(sink);
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).unwrap();
        let samples: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        assert_eq!(samples, [[to_i16(0.5); 300], [to_i16(-0.5); 300]].concat());
    }

    #[test]
    fn a_reader_that_does_not_read_loses_sound_but_never_stops_the_loop() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut sink = StdoutSink::writing_to(writer);
        let mut losses = 0;
        // Ten seconds: more than the pipe and the queue hold together.
        for _ in 0..1_000 {
            sink.write(&[0.25; 240]);
            losses += usize::from(matches!(sink.take_change(), Some(DeviceChange::Lost(_))));
        }
        assert_eq!(losses, 1);
        assert!(sink.frames_starved() > 500, "{}", sink.frames_starved());

        // It reads again: the speaker is back.
        let reading = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        while !matches!(sink.take_change(), Some(DeviceChange::Ready(_))) {
            std::thread::yield_now();
        }
        let accepted = 1_000 * 240 - sink.samples_dropped;
        drop(sink);
        // At least the queue was full; what was taken is heard to the last sample, and nothing else.
        assert!(accepted >= UNREAD as u64, "{accepted}");
        assert_eq!(reading.join().unwrap().unwrap(), 2 * accepted);
    }

    #[test]
    fn the_end_does_not_wait_for_a_reader_that_does_not_read() {
        let (_reader, writer) = std::io::pipe().unwrap();
        let mut sink = StdoutSink::writing_to(writer);
        sink.write(&[0.25; 2 * UNREAD]);
        drop(sink);
    }

    #[test]
    fn a_closed_reader_is_a_lost_speaker_once() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut sink = StdoutSink::writing_to(writer);
        sink.write(&[0.25; 240]);
        let lost = loop {
            if let Some(change) = sink.take_change() {
                break change;
            }
            std::thread::yield_now();
        };
        assert!(matches!(lost, DeviceChange::Lost(_)));
        sink.write(&[0.25; 240]);
        assert_eq!(sink.take_change(), None);
    }
}
