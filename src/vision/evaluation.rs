//! `majlis eval faces`: how well pairs of photographs are told to be of one person or of two, and how long it takes.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use image::RgbImage;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

use super::{Embedding, Face, FaceReader, Faces as _, PictureError, VisionError, picture};

mod accuracy;
mod pairs;

pub use accuracy::{Accuracy, RocPoint};
use pairs::Pair;
pub use pairs::PairsError;

/// Why pairs cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The file of pairs cannot be used.
    #[error(transparent)]
    Pairs(#[from] PairsError),
    /// A picture that it names cannot be used.
    #[error("{}: line {line}: {source}", file.display())]
    Picture {
        /// The file of pairs.
        file: PathBuf,
        /// The line that names it first.
        line: usize,
        /// Why.
        source: PictureError,
    },
    /// A network failed.
    #[error("{}: {source}", path.display())]
    Vision {
        /// The picture.
        path: PathBuf,
        /// Why.
        source: Box<VisionError>,
    },
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// How many pairs there are.
    pub pairs: usize,
    /// Pictures without a face, as the file names them. Their pairs count as taken for two people.
    pub undetected: Vec<String>,
    /// How often it is right.
    #[serde(flatten)]
    pub accuracy: Accuracy,
    /// Time of each stage, milliseconds.
    pub stage_ms: Stages,
    /// What the times are: `thread_cpu`, or `wall` where the networks run on several threads.
    pub stage_clock: &'static str,
    /// The models: detector and recogniser.
    pub models: [String; 2],
    /// Share of different pairs accepted and of same pairs accepted, by threshold.
    pub roc: Vec<RocPoint>,
    /// The pairs with their similarity, for a reckoning of one's own: CSV, columns `a,b,same,score`.
    #[serde(skip)]
    pub scores: String,
}

/// Time of each stage for one picture, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Stages {
    /// Finding the faces of the picture.
    pub detect: Spread,
    /// Finding the landmarks of the face again (`vision.refine_landmarks`; else 0).
    pub refine: Spread,
    /// Turning the face upright, 112 × 112.
    pub align: Spread,
    /// Making the embedding.
    pub embed: Spread,
}

/// How a number is spread.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Spread {
    /// Half of all are below.
    pub median: f64,
    /// 95 % are below.
    pub p95: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |percent: usize| values.get((values.len() * percent / 100).min(values.len().saturating_sub(1)));
        let at = |percent| at(percent).copied().unwrap_or_default();
        Self { median: at(50), p95: at(95) }
    }
}

/// Measures `reader` on the pairs in `file` (columns `a,b,same`; paths relative to it). Each picture is read once.
///
/// # Errors
/// The file or a picture cannot be used, or a network failed.
pub fn evaluate(reader: &mut FaceReader, file: &Path) -> Result<Evaluation, EvaluationError> {
    let pairs = pairs::read(file)?;
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut names: Vec<(&str, usize)> = Vec::new();
    for Pair { a, b, line, .. } in &pairs {
        for name in [a, b] {
            places.entry(name).or_insert_with(|| {
                names.push((name, *line));
                names.len() - 1
            });
        }
    }
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let mut stopwatch = Stopwatch::new(reader.threads() > 1);
    let mut embeddings = Vec::with_capacity(names.len());
    let mut progress = Progress::new(names.len());
    for (name, line) in &names {
        let path = folder.join(name);
        let picture = picture::open(&path).map_err(|source| EvaluationError::Picture {
            file: file.to_owned(),
            line: *line,
            source,
        })?;
        let embedding = embed(reader, &picture, &mut stopwatch)
            .map_err(|source| EvaluationError::Vision { path, source: Box::new(source) })?;
        embeddings.push(embedding);
        progress.step();
    }
    progress.end();
    let find = |name: &str| places.get(name).and_then(|place| embeddings.get(*place)?.as_ref());
    let scored: Vec<(f32, bool)> = pairs
        .iter()
        .map(|pair| {
            let score = find(&pair.a).zip(find(&pair.b)).map_or(-1.0, |(a, b)| a.similarity(b));
            (score, pair.is_same)
        })
        .collect();
    let scores = pairs::with_scores(&pairs, scored.iter().map(|(score, _)| *score));
    let undetected = names.iter().zip(&embeddings).filter(|(_, embedding)| embedding.is_none());
    Ok(Evaluation {
        pairs: pairs.len(),
        undetected: undetected.map(|((name, _), _)| (*name).to_owned()).collect(),
        accuracy: Accuracy::of(&scored),
        stage_clock: if stopwatch.is_wall { "wall" } else { "thread_cpu" },
        stage_ms: stopwatch.spread(),
        models: [reader.detector().to_owned(), reader.recogniser().name.clone()],
        roc: accuracy::roc(&scored),
        scores,
    })
}

/// `None`: no face is in the picture.
fn embed(
    reader: &mut FaceReader,
    picture: &RgbImage,
    stopwatch: &mut Stopwatch,
) -> Result<Option<Embedding>, VisionError> {
    let faces = stopwatch.time(0, || reader.detect(picture))?;
    let Some(face) = subject(&faces, picture.dimensions()) else { return Ok(None) };
    let face = stopwatch.time(1, || reader.refine(picture, &face))?;
    let crop = stopwatch.time(2, || reader.align(picture, &face))?;
    stopwatch.time(3, || reader.embed(&crop)).map(Some)
}

/// Whom a photograph shows: large, and near its middle.
fn subject(faces: &[Face], (width, height): (u32, u32)) -> Option<Face> {
    let distance = |face: &Face| {
        let [x, y] = face.bounds.centre();
        let (x, y) = (x - width as f32 / 2.0, y - height as f32 / 2.0);
        x * x + y * y - 2.0 * face.bounds.width * face.bounds.height
    };
    faces.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
}

/// Times of the four stages.
struct Stopwatch {
    /// Whether the networks run on threads whose time this thread's clock does not count.
    is_wall: bool,
    times_ms: [Vec<f64>; 4],
}

impl Stopwatch {
    fn new(is_wall: bool) -> Self {
        Self { is_wall, times_ms: Default::default() }
    }

    fn time<T>(&mut self, stage: usize, work: impl FnOnce() -> T) -> T {
        let (start, wall) = (thread_cpu(), Instant::now());
        let done = work();
        let spent = if self.is_wall { wall.elapsed() } else { thread_cpu().saturating_sub(start) };
        if let Some(times) = self.times_ms.get_mut(stage) {
            times.push(spent.as_secs_f64() * 1e3);
        }
        done
    }

    fn spread(self) -> Stages {
        let [detect, refine, align, embed] = self.times_ms.map(Spread::of);
        Stages { detect, refine, align, embed }
    }
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// A line on the terminal that counts pictures.
struct Progress {
    done: usize,
    all: usize,
    is_shown: bool,
}

impl Progress {
    fn new(all: usize) -> Self {
        Self { done: 0, all, is_shown: io::stderr().is_terminal() }
    }

    fn step(&mut self) {
        self.done += 1;
        if self.is_shown && self.done.is_multiple_of(20) {
            // A terminal that is gone needs no progress.
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("\r{} of {} pictures", self.done, self.all));
        }
    }

    fn end(&self) {
        if self.is_shown {
            let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("\r\x1b[K"));
        }
    }
}

impl Evaluation {
    /// For people.
    #[must_use]
    pub fn table(&self) -> String {
        let [detector, recogniser] = &self.models;
        let Accuracy { accuracy, accuracy_sd, threshold, tar_at_far_1pct, tar_at_far_0p1pct } = self.accuracy;
        let percent = |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.2} %", share * 100.0));
        let mut text = format!(
            "{} pairs, {detector} and {recogniser}\naccuracy {} +- {} (10-fold), threshold {}\n",
            self.pairs,
            percent(accuracy),
            percent(accuracy_sd),
            threshold.map_or("-".to_owned(), |threshold| format!("{threshold:.3}")),
        );
        let (one, tenth) = (percent(tar_at_far_1pct), percent(tar_at_far_0p1pct));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "same pairs accepted at 1 % of different ones: {one}; at 0.1 %: {tenth}");
        let Stages { detect, refine, align, embed } = self.stage_ms;
        for (name, Spread { median, p95 }) in
            [("detect", detect), ("refine", refine), ("align", align), ("embed", embed)]
        {
            let _ = writeln!(text, "{name:>8}: {median:6.2} ms median, {p95:6.2} ms p95 ({})", self.stage_clock);
        }
        for name in &self.undetected {
            let _ = writeln!(text, "no face: {name}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Bounds, *};

    #[test]
    fn a_photograph_shows_the_large_face_near_its_middle() {
        let face = |x: f32, y: f32, side: f32| Face {
            bounds: Bounds { x, y, width: side, height: side },
            score: 0.9,
            landmarks: [[0.0; 2]; 5],
        };
        let faces = [face(0.0, 0.0, 60.0), face(80.0, 80.0, 90.0), face(115.0, 115.0, 20.0)];
        assert_eq!(subject(&faces, (250, 250)), Some(faces[1]));
        assert_eq!(subject(&[], (250, 250)), None);
    }

    #[test]
    fn a_spread_has_its_median_and_its_upper_end() {
        let Spread { median, p95 } = Spread::of((0..100).map(f64::from).rev().collect());
        assert_eq!((median, p95), (50.0, 95.0));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
