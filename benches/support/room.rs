//! A simulated room: what the speaker plays comes back to the microphone through an impulse response, with noise and
//! visitors in it. The loop is closed: a kiosk that stops speaking stops hearing itself.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each bench uses its part; a simulation stops at the first fault, and its indices are its own lengths"
)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use majlis::audio::{Frame, Polled, Sink, Source};
use realfft::num_complex::Complex32;

use super::PIPELINE_RATE;

const FRAME: usize = PIPELINE_RATE / 100;
/// How far the speaker takes samples ahead of the clock, samples: 20 ms, as a device's period.
const AHEAD: usize = 2 * FRAME;
/// From the speaker's samples to the microphone: the device's buffers and a metre of air.
const DELAY: usize = 60 * PIPELINE_RATE / 1000;
/// The room's reverberation, s until −60 dB.
const RT60_S: f32 = 0.4;
/// The reverberation's energy beside that of the direct sound.
const REVERBERANT_SHARE: f32 = 0.25;

/// A small, seeded generator (xorshift32): the same room and the same noise in every run.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u32);

impl Chance {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(2_654_435_761).max(1))
    }

    /// Even in 0..1.
    pub(crate) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }

    pub(crate) fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.next()
    }

    pub(crate) fn index(&mut self, count: usize) -> usize {
        ((self.next() * count as f32) as usize).min(count - 1)
    }
}

/// Exponentially decaying noise after a direct sound; energy 1.
pub(crate) fn impulse_response(seed: u32) -> Vec<f32> {
    let mut chance = Chance::new(seed);
    let decay = 3.0 * std::f32::consts::LN_10 / (RT60_S * PIPELINE_RATE as f32);
    let mut tail: Vec<f32> = (0..(RT60_S * PIPELINE_RATE as f32) as usize)
        .map(|n| (chance.next() + chance.next() + chance.next() - 1.5) * (-decay * n as f32).exp())
        .collect();
    // The first reflection comes 3 ms after the direct sound.
    tail[..48].fill(0.0);
    let energy: f32 = tail.iter().map(|x| x * x).sum();
    tail.iter_mut().for_each(|x| *x *= (REVERBERANT_SHARE / energy).sqrt());
    tail[0] = (1.0 - REVERBERANT_SHARE).sqrt();
    tail
}

/// `samples` as they sound in the room.
pub(crate) fn reverberate(samples: &[f32], seed: u32) -> Vec<f32> {
    let response = impulse_response(seed);
    let length = (samples.len() + response.len()).next_power_of_two();
    let mut planner = realfft::RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let spectrum = |sound: &[f32]| {
        let mut padded = forward.make_input_vec();
        padded[..sound.len()].copy_from_slice(sound);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).unwrap();
        spectrum
    };
    let mut product: Vec<_> =
        spectrum(samples).into_iter().zip(spectrum(&response)).map(|(a, b)| a * b / length as f32).collect();
    // What rounding left of the imaginary parts of the ends, which have none.
    product[0].im = 0.0;
    product[length / 2].im = 0.0;
    let mut sound = inverse.make_output_vec();
    inverse.process(&mut product, &mut sound).unwrap();
    sound.truncate(samples.len());
    sound
}

/// The echo of a stretch of sound, by overlap-save.
struct Echo {
    forward: Arc<dyn realfft::RealToComplex<f32>>,
    inverse: Arc<dyn realfft::ComplexToReal<f32>>,
    response: Vec<Complex32>,
    padded: Vec<f32>,
    spectrum: Vec<Complex32>,
    /// Samples before the end of a frame that are heard in it.
    reach: usize,
}

impl Echo {
    fn new(seed: u32, echo_db: f32) -> Self {
        let response = impulse_response(seed);
        let reach = response.len() + FRAME - 1;
        let length = reach.next_power_of_two();
        let mut planner = realfft::RealFftPlanner::<f32>::new();
        let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
        let mut padded = forward.make_input_vec();
        let gain = 10_f32.powf(echo_db / 20.0) / length as f32;
        padded.iter_mut().zip(&response).for_each(|(to, from)| *to = from * gain);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).unwrap();
        Self { response: spectrum.clone(), forward, inverse, padded, spectrum, reach }
    }

    /// `played`: [`Self::reach`] samples up to the end of the frame.
    fn of(&mut self, played: &[f32], frame: &mut Frame) {
        self.padded.fill(0.0);
        self.padded[..self.reach].copy_from_slice(played);
        self.forward.process(&mut self.padded, &mut self.spectrum).unwrap();
        self.spectrum.iter_mut().zip(&self.response).for_each(|(x, response)| *x *= response);
        let last = self.spectrum.len() - 1;
        (self.spectrum[0].im, self.spectrum[last].im) = (0.0, 0.0);
        self.inverse.process(&mut self.spectrum, &mut self.padded).unwrap();
        frame.copy_from_slice(&self.padded[self.reach - FRAME..self.reach]);
    }
}

/// RMS of what is not silence, dBFS: frames within 30 dB of the loudest.
pub(crate) fn speech_level_db(samples: &[f32]) -> f32 {
    let energies: Vec<f32> = samples.chunks(FRAME).map(|frame| frame.iter().map(|x| x * x).sum()).collect();
    let loudest = energies.iter().copied().fold(0.0, f32::max);
    let active: Vec<f32> = energies.into_iter().filter(|energy| *energy > loudest * 1e-3).collect();
    10.0 * (active.iter().sum::<f32>() / (active.len().max(1) * FRAME) as f32).max(1e-12).log10()
}

/// `samples` brought to `level_db` of speech level.
pub(crate) fn at_level(samples: &[f32], level_db: f32) -> Vec<f32> {
    let gain = 10_f32.powf((level_db - speech_level_db(samples)) / 20.0);
    samples.iter().map(|x| x * gain).collect()
}

/// What is in the room besides the kiosk: adds 10 ms of it.
pub(crate) trait Noise: Send {
    fn add(&mut self, frame: &mut Frame);
}

/// Faint noise of a level, dBFS.
pub(crate) struct Hiss {
    pub(crate) chance: Chance,
    pub(crate) level_db: f32,
}

impl Noise for Hiss {
    fn add(&mut self, frame: &mut Frame) {
        let peak = 10_f32.powf(self.level_db / 20.0) * 3_f32.sqrt();
        frame.iter_mut().for_each(|x| *x += self.chance.within(-peak, peak));
    }
}

struct Shared {
    /// What was played; its last sample is that of `written`.
    played: Vec<f32>,
    written: u64,
    frames: u64,
    echo: Echo,
    noise: Vec<Box<dyn Noise>>,
    /// A visitor's speech: its samples from this sample of the timeline on.
    visitor: Option<(u64, Arc<[f32]>)>,
    /// The last sample of the timeline that was loud enough to be heard.
    last_sound: u64,
    has_ended: bool,
}

/// The room. Cheap to clone; [`Room::speaker`] and [`Room::microphone`] are its devices.
#[derive(Clone)]
pub(crate) struct Room(Arc<Mutex<Shared>>);

/// Samples quieter than this are silence at the speaker.
const AUDIBLE: f32 = 0.001;

impl Room {
    /// A room in which the kiosk's voice comes back with `echo_db` of its level.
    pub(crate) fn new(seed: u32, echo_db: f32, noise: Vec<Box<dyn Noise>>) -> Self {
        let echo = Echo::new(seed, echo_db);
        let shared = Shared {
            played: vec![0.0; echo.reach + DELAY + 8 * FRAME],
            written: 0,
            frames: 0,
            echo,
            noise,
            visitor: None,
            last_sound: 0,
            has_ended: false,
        };
        Self(Arc::new(Mutex::new(shared)))
    }

    pub(crate) fn speaker(&self) -> Box<dyn Sink> {
        Box::new(Speaker(self.clone()))
    }

    pub(crate) fn microphone(&self) -> Box<dyn Source> {
        Box::new(Microphone(self.clone()))
    }

    /// A visitor begins to speak with the next frame. Gives the time of the first sample.
    pub(crate) fn say(&self, samples: Arc<[f32]>) -> Duration {
        let mut shared = self.0.lock().unwrap();
        let at = shared.frames * FRAME as u64;
        shared.visitor = Some((at, samples));
        time(at)
    }

    /// When the last audible sample left the speaker.
    pub(crate) fn last_sound(&self) -> Duration {
        time(self.0.lock().unwrap().last_sound)
    }

    /// Nothing more is recorded.
    pub(crate) fn end(&self) {
        self.0.lock().unwrap().has_ended = true;
    }
}

fn time(sample: u64) -> Duration {
    Duration::from_nanos(sample * 1_000_000_000 / PIPELINE_RATE as u64)
}

fn sample(time: Duration) -> u64 {
    (time.as_nanos() * PIPELINE_RATE as u128 / 1_000_000_000) as u64
}

impl Shared {
    fn write(&mut self, samples: &[f32]) {
        let kept = self.played.len();
        self.played.extend_from_slice(samples);
        self.played.drain(..self.played.len() - kept);
        for (n, x) in samples.iter().enumerate() {
            if x.abs() > AUDIBLE {
                self.last_sound = self.written + n as u64;
            }
        }
        self.written += samples.len() as u64;
    }

    /// What the microphone hears in its next frame.
    fn hear(&mut self, frame: &mut Frame) {
        let start = self.frames * FRAME as u64;
        self.frames += 1;
        // What was played up to `DELAY` before the last sample of the frame, as long as the room remembers.
        let behind = (self.written + DELAY as u64).saturating_sub(start + FRAME as u64) as usize;
        let end = self.played.len().saturating_sub(behind);
        self.echo.of(&self.played[end - self.echo.reach..end], frame);
        if let Some((at, samples)) = &self.visitor {
            let begun = (start - at) as usize;
            frame.iter_mut().zip(samples.get(begun..).unwrap_or_default()).for_each(|(x, said)| *x += said);
        }
        for noise in &mut self.noise {
            noise.add(frame);
        }
        // As a microphone's converter: no more than full scale.
        frame.iter_mut().for_each(|x| *x = x.clamp(-1.0, 1.0));
    }
}

struct Speaker(Room);

impl Sink for Speaker {
    fn sample_rate_hz(&self) -> u32 {
        PIPELINE_RATE as u32
    }

    fn writable(&mut self, now: Duration) -> usize {
        let mut shared = self.0.0.lock().unwrap();
        let late = sample(now).saturating_sub(shared.written) as usize;
        shared.write(&vec![0.0; late]);
        (sample(now) + AHEAD as u64).saturating_sub(shared.written) as usize
    }

    fn write(&mut self, samples: &[f32]) {
        self.0.0.lock().unwrap().write(samples);
    }
}

struct Microphone(Room);

impl Source for Microphone {
    fn poll(&mut self, now: Duration, frame: &mut Frame) -> Polled {
        let mut shared = self.0.0.lock().unwrap();
        if shared.has_ended {
            return Polled::Ended;
        }
        if now < time((shared.frames + 1) * FRAME as u64) {
            return Polled::Pending;
        }
        shared.hear(frame);
        Polled::Frame
    }

    fn next_due(&self) -> Option<Duration> {
        Some(time((self.0.0.lock().unwrap().frames + 1) * FRAME as u64))
    }
}
