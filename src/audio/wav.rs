//! WAV files as microphone and speaker.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    time::Duration,
};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use super::{
    DeviceChange, FRAME_SAMPLES, Frame, PIPELINE_RATE_HZ, Polled, Sink, Source,
    resample::{ResampleError, resample_all},
    sink::Pacer,
    source::FRAME,
};

/// A WAV file that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// It cannot be read.
    #[error("cannot read {path} as a WAV file (PCM or float, any rate, any channels): {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: hound::Error,
    },
    /// There is nothing in it.
    #[error("the WAV file {path} is empty; record something into it first")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("cannot write the WAV file {path}: {source}; is the folder there, is the disk full?")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: hound::Error,
    },
    /// Its rate is out of range.
    #[error(transparent)]
    Rate(#[from] ResampleError),
}

/// Reads a WAV file as mono f32 at `rate_hz`: channels are averaged.
///
/// # Errors
/// The file is missing, empty, no WAV file, or of an impossible rate.
pub fn read_wav(path: &Path, rate_hz: u32) -> Result<Vec<f32>, WavError> {
    let unreadable = |source| WavError::Unreadable { path: path.to_owned(), source };
    let empty = || WavError::Empty { path: path.to_owned() };
    if std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) {
        return Err(empty());
    }
    let mut reader = WavReader::open(path).map_err(unreadable)?;
    let spec = reader.spec();
    let interleaved: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>().map_err(unreadable)?,
        SampleFormat::Int => {
            let full_scale = 2_f32.powi(i32::from(spec.bits_per_sample) - 1);
            reader
                .samples::<i32>()
                .map(|sample| sample.map(|value| value as f32 / full_scale))
                .collect::<Result<_, _>>()
                .map_err(unreadable)?
        }
    };
    if interleaved.is_empty() {
        return Err(empty());
    }
    let channels = usize::from(spec.channels.max(1));
    let mono: Vec<f32> =
        interleaved.chunks(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    Ok(resample_all(&mono, spec.sample_rate, rate_hz)?)
}

/// A recording as the microphone, at the pace of the clock: sample `n` is heard at `n / 16000` s.
#[derive(Debug)]
pub struct WavSource {
    samples: Vec<f32>,
    position: usize,
    end: usize,
}

impl WavSource {
    /// Reads `path`; after its end `padding` of silence follows, then the input has ended.
    ///
    /// # Errors
    /// As [`read_wav`].
    pub fn open(path: &Path, padding: Duration) -> Result<Self, WavError> {
        Ok(Self::new(read_wav(path, PIPELINE_RATE_HZ)?, padding))
    }

    /// The same from samples at [`PIPELINE_RATE_HZ`].
    #[must_use]
    pub fn new(samples: Vec<f32>, padding: Duration) -> Self {
        let padding = (padding.as_secs_f64() * f64::from(PIPELINE_RATE_HZ)) as usize;
        let end = (samples.len() + padding).next_multiple_of(FRAME_SAMPLES);
        Self { samples, position: 0, end }
    }

    fn due(&self) -> Duration {
        FRAME * u32::try_from(self.position / FRAME_SAMPLES + 1).unwrap_or(u32::MAX)
    }
}

impl Source for WavSource {
    fn poll(&mut self, now: Duration, frame: &mut Frame) -> Polled {
        if self.position >= self.end {
            return Polled::Ended;
        }
        if now < self.due() {
            return Polled::Pending;
        }
        frame.fill(0.0);
        let rest = self.samples.get(self.position..).unwrap_or_default();
        for (to, from) in frame.iter_mut().zip(rest) {
            *to = *from;
        }
        self.position += FRAME_SAMPLES;
        Polled::Frame
    }

    fn next_due(&self) -> Option<Duration> {
        (self.position < self.end).then(|| self.due())
    }
}

/// The rate of recorded playout, Hz: what speech services give.
const OUTPUT_RATE_HZ: u32 = 24_000;

/// Records what is played, each sample at its time, silence included: the file is the conversation's timeline.
/// 24 kHz, mono, 16 bit.
pub struct WavSink {
    /// `None` after a failure to write.
    writer: Option<WavWriter<BufWriter<File>>>,
    path: PathBuf,
    pacer: Pacer,
    now: Duration,
    change: Option<DeviceChange>,
}

impl WavSink {
    /// Creates `path`, replacing a file of that name.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path) -> Result<Self, WavError> {
        let spec =
            WavSpec { channels: 1, sample_rate: OUTPUT_RATE_HZ, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let writer =
            WavWriter::create(path, spec).map_err(|source| WavError::Unwritable { path: path.to_owned(), source })?;
        Ok(Self {
            writer: Some(writer),
            path: path.to_owned(),
            pacer: Pacer::new(OUTPUT_RATE_HZ, 2 * FRAME),
            now: Duration::ZERO,
            change: None,
        })
    }

    fn record(&mut self, samples: impl Iterator<Item = f32>) {
        let Some(writer) = &mut self.writer else { return };
        for sample in samples {
            if let Err(source) = writer.write_sample(to_i16(sample)) {
                let error = WavError::Unwritable { path: self.path.clone(), source };
                self.change = Some(DeviceChange::Lost(error.to_string()));
                self.writer = None;
                return;
            }
        }
    }

    fn record_silence(&mut self) {
        let gap = usize::try_from(self.pacer.catch_up(self.now)).unwrap_or(0);
        self.record(std::iter::repeat_n(0.0, gap));
    }
}

impl Sink for WavSink {
    fn sample_rate_hz(&self) -> u32 {
        OUTPUT_RATE_HZ
    }

    fn writable(&mut self, now: Duration) -> usize {
        self.now = now;
        self.record_silence();
        self.pacer.room(now)
    }

    fn write(&mut self, samples: &[f32]) {
        self.record(samples.iter().copied());
        self.pacer.advance(samples.len());
    }

    fn take_change(&mut self) -> Option<DeviceChange> {
        self.change.take()
    }
}

/// A sample as 16 bit, clipped.
pub(super) fn to_i16(sample: f32) -> i16 {
    (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_stereo_recording_of_any_rate_comes_as_frames_then_silence_then_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.wav");
        let spec = WavSpec { channels: 2, sample_rate: 48_000, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut writer = WavWriter::create(&path, spec).unwrap();
        for _ in 0..48_000 / 10 {
            writer.write_sample(8192_i16).unwrap();
            writer.write_sample(24576_i16).unwrap();
        }
        writer.finalize().unwrap();

        let mut source = WavSource::open(&path, Duration::from_millis(50)).unwrap();
        let mut frame = [0.0; FRAME_SAMPLES];
        assert_eq!(source.poll(Duration::from_millis(9), &mut frame), Polled::Pending);
        let mut heard = Vec::new();
        let mut now = Duration::ZERO;
        while source.poll(now, &mut frame) != Polled::Ended {
            now += FRAME;
            heard.push(frame[80]);
        }
        assert_eq!(heard.len(), 16);
        assert!((heard[5] - 0.5).abs() < 0.01, "{heard:?}");
        assert_eq!(heard[12], 0.0);
    }

    #[test]
    fn a_recorded_answer_lies_at_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        let mut sink = WavSink::create(&path).unwrap();
        assert!(sink.writable(Duration::from_millis(100)) > 0);
        sink.write(&[0.5; 240]);
        sink.writable(Duration::from_millis(150));
        drop(sink);
        let samples = read_wav(&path, 24_000).unwrap();
        assert_eq!(samples.len(), 3_600);
        assert!(samples[..2_400].iter().all(|sample| *sample == 0.0));
        assert!(samples[2_400..2_640].iter().all(|sample| (*sample - 0.5).abs() < 0.001));
    }
}
