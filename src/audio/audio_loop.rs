//! The audio loop: the one thread that hears and speaks, in frames of 10 ms.
//!
//! It is woken by the microphone and by commands, whichever comes first, so that a piece of an answer leaves when it
//! is there and not at the next tick. Without a microphone the clock ticks. A fast replay drives the same loop in
//! lock-step: [`step`](AudioLoop::step) after each 10 ms of a manual clock.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::{
    AudioCommand, AudioCommands, AudioEvent, Bell, DeviceChange, FRAME_SAMPLES, Frame, Meters, PIPELINE_RATE_HZ,
    PlayoutChange, Polled, Sink, Source, TurnModel, Vad, VadError, VoiceFeatures,
    echo_path::EchoPath,
    far_end::FarEnd,
    level::{NoiseFloor, dbfs},
    playout::{Playout, Reached},
    processing::Processing,
    resample::ResampleError,
    segment::{Happening, Observation, Segmenter, VadWindow},
    source::FRAME,
    voice::VoiceAnalyser,
};
use crate::{clock::Clock, config};

/// Events waiting for the conversation. When it is full the newest is dropped and counted.
const EVENTS: usize = 256;
/// The longest wait while nothing is played: a bell rings sooner.
const IDLE_WAIT: Duration = Duration::from_millis(50);
/// A stall longer than this is not caught up with: time is taken as it is.
const MAX_LATENESS: Duration = Duration::from_millis(100);
/// A frame this far above the noise floor may be speech, dB. After [`VAD_SLEEPS_AFTER`] frames without one the VAD is
/// not asked any more; when one comes it is given what it missed, as far back as an onset may lie.
const STANDS_OUT_DB: f32 = 4.0;
const VAD_SLEEPS_AFTER: u32 = 50;
const MISSED_FRAMES: usize = 12;
/// The VAD is reset after this long without speech, so that nothing of the last visit is left in it.
const VAD_RESET_AFTER: Duration = Duration::from_secs(8);

/// What the loop is built of.
pub struct AudioParts {
    /// The microphone.
    pub source: Box<dyn Source>,
    /// The speaker.
    pub sink: Box<dyn Sink>,
    /// Voice activity.
    pub vad: Vad,
    /// End of turn by the voice; without it words and silence decide.
    pub turn_model: Option<TurnModel>,
    /// Rung by the source, the turn model and the commands.
    pub bell: Bell,
}

/// The other side of the loop.
pub struct AudioLink {
    /// To the loop.
    pub commands: AudioCommands,
    /// From the loop.
    pub events: mpsc::Receiver<AudioEvent>,
    /// What changes with every frame.
    pub meters: watch::Receiver<Meters>,
    /// How many events were dropped because the queue was full.
    pub events_dropped: Arc<AtomicU64>,
}

/// The loop. See the module.
pub struct AudioLoop {
    source: Box<dyn Source>,
    sink: Box<dyn Sink>,
    vad: Vad,
    turn_model: Option<TurnModel>,
    bell: Bell,
    clock: Arc<dyn Clock>,
    processing: Processing,
    far_end: FarEnd,
    echo_path: EchoPath,
    voice: VoiceAnalyser,
    segmenter: Segmenter,
    playout: Playout,
    noise: NoiseFloor,
    commands: mpsc::Receiver<AudioCommand>,
    events: mpsc::Sender<AudioEvent>,
    events_dropped: Arc<AtomicU64>,
    meters: watch::Sender<Meters>,
    meter: Meters,
    /// When the newest frame ended.
    frame_end: Duration,
    playing_since: Option<Duration>,
    speech_heard_at: Duration,
    /// Frames since one stood out, and the newest that the VAD was spared.
    quiet_frames: u32,
    missed: VecDeque<Frame>,
    has_ended: bool,
    /// Whether there is no microphone to wait for.
    ticks_by_clock: bool,
    is_closed: bool,
    vad_has_failed: bool,
    chunks_refused: u64,
    output: Vec<f32>,
    reached: Vec<Reached>,
    happenings: Vec<Happening>,
}

impl AudioLoop {
    /// A loop that has not begun, and its other side.
    ///
    /// # Errors
    /// The speaker's rate is impossible.
    pub fn new(
        parts: AudioParts,
        audio: &config::Audio,
        turn: &config::Turn,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, AudioLink), ResampleError> {
        let (sender, commands) = AudioCommands::channel(parts.bell.clone());
        let (events, received) = mpsc::channel(EVENTS);
        let (meters, watched) = watch::channel(Meters::default());
        let events_dropped: Arc<AtomicU64> = Arc::default();
        let audio_loop = Self {
            far_end: FarEnd::new(parts.sink.sample_rate_hz())?,
            source: parts.source,
            sink: parts.sink,
            vad: parts.vad,
            turn_model: parts.turn_model,
            bell: parts.bell,
            clock,
            processing: Processing::new(audio),
            echo_path: EchoPath::default(),
            voice: VoiceAnalyser::default(),
            segmenter: Segmenter::new(audio, turn),
            playout: Playout::default(),
            noise: NoiseFloor::default(),
            commands,
            events,
            events_dropped: events_dropped.clone(),
            meters,
            meter: Meters::default(),
            frame_end: Duration::ZERO,
            playing_since: None,
            speech_heard_at: Duration::ZERO,
            quiet_frames: 0,
            missed: VecDeque::with_capacity(MISSED_FRAMES + 1),
            has_ended: false,
            ticks_by_clock: false,
            is_closed: false,
            vad_has_failed: false,
            chunks_refused: 0,
            output: Vec::new(),
            reached: Vec::new(),
            happenings: Vec::new(),
        };
        Ok((audio_loop, AudioLink { commands: sender, events: received, meters: watched, events_dropped }))
    }

    /// Runs the loop on a thread of its own.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn spawn(self) -> std::io::Result<AudioThread> {
        let stop = Arc::new(AtomicBool::new(false));
        let (bell, stopped) = (self.bell.clone(), stop.clone());
        let thread = std::thread::Builder::new().name("audio".into()).spawn(move || self.run(&stopped))?;
        Ok(AudioThread { stop, bell, thread: Some(thread) })
    }

    /// One frame of 10 ms, with a frame of the microphone or silence, in lock-step with a clock that was moved by
    /// 10 ms. Never waits.
    pub fn step(&mut self) {
        let now = self.clock.now();
        self.hear_commands();
        self.hear_devices();
        let mut near = [0.0; FRAME_SAMPLES];
        let polled = self.source.poll(now, &mut near);
        self.note(polled);
        self.frame(&near, now);
        self.pump();
        self.publish();
    }

    /// Whether the turn model is thinking: lock-step waits until it is not, or its verdict would come late by the
    /// replay's speed.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.turn_model.as_ref().is_some_and(TurnModel::is_busy)
    }

    fn run(mut self, stop: &AtomicBool) {
        self.bell.wake_this_thread();
        self.frame_end = self.clock.now();
        while !stop.load(Ordering::Acquire) && !self.is_closed {
            self.round();
            std::thread::park_timeout(self.wait());
        }
    }

    /// Everything that is due.
    fn round(&mut self) {
        self.hear_commands();
        self.hear_devices();
        self.pump();
        let mut near = [0.0; FRAME_SAMPLES];
        loop {
            let now = self.clock.now();
            let polled = self.source.poll(now, &mut near);
            self.note(polled);
            match polled {
                Polled::Pending => break,
                Polled::Frame => {}
                Polled::Silent | Polled::Ended if now < self.frame_end + FRAME => break,
                Polled::Silent | Polled::Ended => near.fill(0.0),
            }
            let end = self.time_of_next_frame(now);
            self.frame(&near, end);
            self.hear_commands();
            self.pump();
        }
        self.publish();
    }

    /// When the next frame ended: frames come in bursts, so they are counted, and the count is held to the clock
    /// from both sides.
    fn time_of_next_frame(&self, now: Duration) -> Duration {
        let counted = self.frame_end + FRAME;
        if counted > now || now - counted > MAX_LATENESS { now } else { counted + (now - counted) / 1024 }
    }

    /// How long nothing is due.
    fn wait(&self) -> Duration {
        let now = self.clock.now();
        let by_playout = if self.playout.is_sounding() { FRAME } else { IDLE_WAIT };
        let by_source = match self.source.next_due() {
            Some(due) => due.saturating_sub(now),
            None if self.ticks_by_clock => (self.frame_end + FRAME).saturating_sub(now),
            None => IDLE_WAIT,
        };
        by_playout.min(by_source).max(Duration::from_micros(200))
    }

    fn note(&mut self, polled: Polled) {
        self.ticks_by_clock = matches!(polled, Polled::Silent | Polled::Ended);
        if polled == Polled::Ended && !std::mem::replace(&mut self.has_ended, true) {
            self.tell(AudioEvent::InputEnded);
        }
    }

    fn hear_commands(&mut self) {
        loop {
            match self.commands.try_recv() {
                Ok(command) => self.obey(command),
                Err(mpsc::error::TryRecvError::Empty) => return,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    self.is_closed = true;
                    return;
                }
            }
        }
    }

    fn obey(&mut self, command: AudioCommand) {
        match command {
            AudioCommand::Play(chunk) => {
                if !self.playout.enqueue(chunk) {
                    self.chunks_refused += 1;
                    tracing::warn!(
                        chunks = self.chunks_refused,
                        "playout holds four minutes already; sound is dropped"
                    );
                }
                // Not with the next frame: the answer has waited long enough.
                self.pump();
            }
            AudioCommand::CloseAnswer(answer) => self.playout.close(answer),
            AudioCommand::Resume => self.release(),
            AudioCommand::Clear { through } => {
                self.playout.clear(through);
                self.sink.changed(PlayoutChange::Cleared);
            }
            AudioCommand::EndUtterance(utterance) => self.segmenter.end_utterance(utterance),
        }
    }

    fn hold(&mut self) {
        if self.playout.hold() {
            self.sink.changed(PlayoutChange::Paused);
        }
    }

    fn release(&mut self) {
        if self.playout.release() {
            self.sink.changed(PlayoutChange::Resumed);
        }
    }

    fn hear_devices(&mut self) {
        while let Some(change) = self.source.take_change() {
            self.tell(match change {
                DeviceChange::Ready(detail) => AudioEvent::MicrophoneReady { detail },
                DeviceChange::Lost(detail) => AudioEvent::MicrophoneLost { detail },
            });
        }
        while let Some(change) = self.sink.take_change() {
            self.tell(match change {
                DeviceChange::Ready(detail) => AudioEvent::SpeakerReady { detail },
                DeviceChange::Lost(detail) => AudioEvent::SpeakerLost { detail },
            });
        }
        while let Some(verdict) = self.turn_model.as_ref().and_then(TurnModel::verdict) {
            self.tell(AudioEvent::TurnProbability {
                utterance: verdict.utterance,
                speech_end: verdict.speech_end,
                finished: verdict.finished,
            });
        }
    }

    /// Hands the speaker what it takes.
    fn pump(&mut self) {
        let now = self.clock.now();
        let rate_hz = self.sink.sample_rate_hz();
        if rate_hz != self.far_end.rate_hz()
            && let Ok(far_end) = FarEnd::new(rate_hz)
        {
            self.far_end = far_end;
        }
        let room = self.sink.writable(now);
        self.output.clear();
        self.playout.pull(room, rate_hz, &mut self.output, &mut self.reached);
        if !self.output.is_empty() {
            self.sink.write(&self.output);
            self.far_end.push(&self.output);
        }
        self.sink.expect_sound(self.playout.is_sounding());
        // A clause that is late does not end the answer: who speaks then interrupts it all the same.
        let is_speaking = self.playout.has_open_answer() && !self.playout.is_held();
        self.playing_since = if is_speaking { self.playing_since.or(Some(now)) } else { None };
        for reached in std::mem::take(&mut self.reached) {
            match reached {
                Reached::Start(answer) => self.tell(AudioEvent::PlayoutStarted { answer, at: now }),
                Reached::End(answer) => self.tell(AudioEvent::PlayoutFinished { answer }),
                Reached::Released => self.sink.changed(PlayoutChange::Resumed),
            }
        }
        self.meter.playhead = self.playout.playhead();
    }

    /// Hears 10 ms that ended at `end`.
    fn frame(&mut self, near: &Frame, end: Duration) {
        self.frame_end = end;
        let raw_dbfs = dbfs(near);
        let far = self.far_end.next_frame();
        if let Some(far) = far {
            let is_speech = self.segmenter.has_utterance();
            self.echo_path.update(dbfs(far), raw_dbfs, self.segmenter.noise_dbfs(), is_speech);
            self.processing.set_echo(self.echo_path.is_absent());
        }
        let mut clean = [0.0; FRAME_SAMPLES];
        self.processing.process(far, near, &mut clean);
        self.meter.voice = match far {
            Some(far) if self.meter.playhead.is_playing || self.meter.voice.loudness > 0.0 => self.voice.push(far),
            _ => VoiceFeatures::default(),
        };

        let window = if self.may_be_speech(raw_dbfs) { self.ask_vad(&clean, end) } else { self.spare_vad(&clean) };
        let seen = Observation {
            clean: &clean,
            raw_dbfs,
            clean_dbfs: dbfs(&clean),
            end,
            window,
            may_echo: self.far_end.may_echo() && !self.echo_path.is_absent(),
            playing_since: self.playing_since,
        };
        self.segmenter.push(&seen, &mut self.happenings);
        if self.segmenter.is_speech() {
            self.speech_heard_at = end;
        } else if end.saturating_sub(self.speech_heard_at) > VAD_RESET_AFTER && !self.segmenter.has_utterance() {
            self.speech_heard_at = end;
            self.vad.reset();
        }
        for happening in std::mem::take(&mut self.happenings) {
            self.follow(happening);
        }

        self.meter.input_dbfs = dbfs(&clean);
        self.noise.update(self.meter.input_dbfs, self.segmenter.is_speech());
        self.meter.noise_dbfs = self.noise.dbfs();
        self.meter.is_speech = self.segmenter.is_speech();
    }

    fn may_be_speech(&mut self, raw_dbfs: f32) -> bool {
        let stands_out = raw_dbfs > self.segmenter.noise_dbfs() + STANDS_OUT_DB
            || self.segmenter.has_utterance()
            || self.segmenter.is_speech()
            || self.playing_since.is_some();
        self.quiet_frames = if stands_out { 0 } else { self.quiet_frames.saturating_add(1) };
        self.quiet_frames <= VAD_SLEEPS_AFTER
    }

    fn spare_vad(&mut self, clean: &Frame) -> Option<VadWindow> {
        if self.missed.len() == MISSED_FRAMES {
            self.missed.pop_front();
        }
        self.missed.push_back(*clean);
        None
    }

    fn ask_vad(&mut self, clean: &Frame, end: Duration) -> Option<VadWindow> {
        let missed = std::mem::take(&mut self.missed);
        let mut window = None;
        for (behind, frame) in (0..=missed.len() as u32).rev().zip(missed.iter().chain([clean])) {
            let asked = self.vad.push(frame);
            match asked {
                Ok(Some(probability)) => {
                    let since = Duration::from_secs(1) * self.vad.pending() as u32 / PIPELINE_RATE_HZ;
                    let end = end.saturating_sub(FRAME * behind + since + self.processing.delay());
                    window = Some(VadWindow { probability, end });
                }
                Ok(None) => {}
                Err(error) => self.report_vad(&error),
            }
        }
        window
    }

    /// Said once: it would fail again with every window.
    fn report_vad(&mut self, error: &VadError) {
        if !std::mem::replace(&mut self.vad_has_failed, true) {
            self.tell(AudioEvent::MicrophoneLost { detail: error.to_string() });
        }
    }

    fn follow(&mut self, happening: Happening) {
        match happening {
            Happening::Started { utterance, at, over_playout } => {
                if over_playout {
                    self.hold();
                }
                self.tell(AudioEvent::SpeechStarted { utterance, at, over_playout });
            }
            Happening::Confirmed { utterance } => self.tell(AudioEvent::InterruptionConfirmed { utterance }),
            Happening::Dismissed { utterance } => {
                self.echo_path.suspect();
                self.release();
                self.tell(AudioEvent::InterruptionDismissed { utterance });
            }
            Happening::GoesOn { clip } => self.tell(AudioEvent::SpeechGoesOn { clip }),
            Happening::Truncated { utterance } => self.tell(AudioEvent::UtteranceTruncated { utterance }),
            Happening::Paused { clip, heard } => {
                if let Some(model) = &self.turn_model {
                    model.ask(clip.utterance, clip.speech_end, heard);
                }
                self.tell(AudioEvent::SpeechPaused { clip });
            }
            Happening::Resumed { utterance, at } => self.tell(AudioEvent::SpeechResumed { utterance, at }),
        }
    }

    fn tell(&mut self, event: AudioEvent) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.events.try_send(event) {
            self.events_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn publish(&mut self) {
        self.meter.frames_dropped = self.source.frames_dropped() + self.sink.frames_starved();
        self.meters.send_if_modified(|published| {
            let has_changed = *published != self.meter;
            *published = self.meter;
            has_changed
        });
    }
}

/// The running loop. Stops when dropped.
pub struct AudioThread {
    stop: Arc<AtomicBool>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

impl AudioThread {
    /// Ends the loop and waits until its devices and files are closed.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.bell.ring();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the audio thread panicked");
        }
    }
}

impl Drop for AudioThread {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
