//! How well each frame of an utterance fits each state ("senone") of the acoustic model: the costliest part of
//! decoding, done once for every search and language instead of once in each. The arithmetic is the library's
//! (`ptm_mgau.c`, phonetically tied mixtures), to the last bit but for ties, so that its searches give the same.
#![allow(clippy::indexing_slicing, reason = "every index is below a size that `load` has checked")]

use std::{collections::HashMap, fmt, fs, path::Path};

/// Feature streams: cepstra, their slopes, and the slopes' slopes.
pub(super) const STREAMS: usize = 3;
/// Values of a stream in a frame.
pub(super) const DIMENSIONS: usize = 13;
/// Gaussians of a stream in a codebook.
const DENSITIES: usize = 128;
/// States of a phone.
const STATES: usize = 3;
/// Bytes of a dump's frame that say how many scores follow.
const COUNT_BYTES: usize = 2;
/// The best densities of a codebook, which alone count.
const TOP: usize = 4;
/// The library's logarithms are to this base, which it keeps in single precision...
const LOG_BASE: f64 = 1.0001_f32 as f64;
/// ...and those of senones are kept without their last bits.
const SHIFT: u32 = 10;
/// The least variance that is believed.
const VARIANCE_FLOOR: f32 = 1e-4;
/// The farthest that a density may be behind the best one.
const FARTHEST: i32 = 96;
/// The least weight of a density, so that its sum with [`FARTHEST`] is a byte.
const LIGHTEST: u8 = 159;
/// The most that the sum of two probabilities gains on the greater one.
const GAINS: usize = 7;

/// Densities or senones that are computed at once: fixed loops over as many become vector instructions.
const LANES: usize = 16;

/// As many densities, one lane each.
#[derive(Debug, Clone)]
struct Densities {
    means: [[f32; LANES]; DIMENSIONS],
    /// Halves of the inverse variances, as logarithms' factors.
    precisions: [[f32; LANES]; DIMENSIONS],
    /// The score at the mean.
    peaks: [f32; LANES],
}

/// One stream of a codebook.
#[derive(Debug)]
struct Mixture {
    densities: Vec<Densities>,
    /// Of each density, its weight in each senone of the codebook: negated logarithms, a multiple of [`LANES`].
    weights: Vec<[u8; LANES]>,
}

/// The states of one phone, in whatever neighbourhood.
#[derive(Debug)]
struct Codebook {
    streams: Vec<Mixture>,
    /// Their numbers in the library.
    senones: Vec<usize>,
}

/// The part of an acoustic model that tells how a state sounds.
#[derive(Debug)]
pub(in super::super) struct AcousticModel {
    codebooks: Vec<Codebook>,
    senone_count: usize,
    /// Two logarithms nearer to one another than the n-th of these gain more than n when their probabilities are added.
    nearer_than: [u8; GAINS],
}

/// The scores of an utterance's frames, as the library reads them from a file.
pub(in super::super) struct Scores {
    dump: Vec<u8>,
    frames: usize,
    /// Bytes of a frame, at the end of the dump.
    frame_bytes: usize,
}

impl fmt::Debug for Scores {
    /// Not the scores: they are what somebody said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scores").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Scores {
    pub(super) fn dump(&self) -> &[u8] {
        &self.dump
    }

    pub(in super::super) fn frames(&self) -> usize {
        self.frames
    }

    /// How far each state of each phone of [`super::MODEL_PHONES`], in no neighbourhood, is from the best senone of a frame,
    /// in units of [`super::NATS`]. `frame` is below [`Self::frames`].
    pub(in super::super) fn states(&self, frame: usize) -> impl Iterator<Item = u16> {
        let from_end = (self.frames - frame) * self.frame_bytes;
        let (scores, _) = self.dump[self.dump.len() - from_end + COUNT_BYTES..].as_chunks::<2>();
        scores.iter().take(super::MODEL_PHONES.len() * STATES).map(|score| u16::from_ne_bytes(*score))
    }
}

/// Within how many bytes of a model definition the names of the phones begin.
const MDEF_HEAD: usize = 4_096;

/// Whether the model in `folder` has the phones of [`super::MODEL_PHONES`] and is of phonetically tied mixtures over three streams.
pub(super) fn is_known(folder: &Path) -> bool {
    let parameters = fs::read_to_string(folder.join("feat.params")).unwrap_or_default();
    let has = |line: &str| parameters.lines().any(|found| found == line);
    let mut phones = super::MODEL_PHONES.join("\0").into_bytes();
    phones.push(0);
    // The names of the phones follow the definition's head, which is short.
    let definition = fs::read(folder.join("mdef")).unwrap_or_default();
    let knows_phones = definition.windows(phones.len()).take(MDEF_HEAD).any(|window| window == phones);
    has("-feat 1s_c_d_dd") && has("-svspec 0-12/13-25/26-38") && has("-model ptm") && knows_phones
}

impl AcousticModel {
    /// Reads `means`, `variances`, `sendump` and `mdef` of a model in `folder` that [`is_known`]. `None`: they are not as the
    /// library writes them.
    pub(super) fn load(folder: &Path) -> Option<Self> {
        let read = |name: &str| fs::read(folder.join(name)).ok();
        let codebook_of = codebooks_of_senones(&read("mdef")?)?;
        let means = gaussians(&read("means")?)?;
        let variances = gaussians(&read("variances")?)?;
        let count = means.len() / (STREAMS * DENSITIES * DIMENSIONS);
        let sendump = read("sendump")?;
        let weights = weights(&sendump, codebook_of.len())?;
        // The library reads the number of a frame's scores as 16 bits with a sign.
        if means.len() != variances.len()
            || i16::try_from(codebook_of.len()).is_err()
            || codebook_of.iter().any(|codebook| *codebook >= count)
        {
            return None;
        }
        let codebooks = (0..count).map(|number| {
            let senones: Vec<usize> = (0..codebook_of.len()).filter(|senone| codebook_of[*senone] == number).collect();
            let streams = (0..STREAMS).map(|stream| {
                let place = (number * STREAMS + stream) * DENSITIES * DIMENSIONS;
                let block = place..place + DENSITIES * DIMENSIONS;
                let rows = (0..DENSITIES).map(|density| weights[stream * DENSITIES + density]);
                let lanes = |row: &[u8], some: &[usize]| {
                    std::array::from_fn(|lane| some.get(lane).map_or(0, |senone| row[*senone].min(LIGHTEST)))
                };
                let weights = rows.flat_map(|row| senones.chunks(LANES).map(move |some| lanes(row, some))).collect();
                Mixture::new(&means[block.clone()], &variances[block], weights)
            });
            Codebook { streams: streams.collect(), senones: senones.clone() }
        });
        Some(Self { codebooks: codebooks.collect(), senone_count: codebook_of.len(), nearer_than: nearer_than() })
    }

    /// Scores frames of [`STREAMS`] × [`DIMENSIONS`] features.
    pub(super) fn score(&self, features: &[f32]) -> Scores {
        let frames = features.chunks_exact(STREAMS * DIMENSIONS);
        let mut dump =
            format!("s3\nversion 0.1\nn_sen {}\nlogbase {LOG_BASE:.6}\nendhdr\n", self.senone_count).into_bytes();
        dump.extend(BYTE_ORDER.to_ne_bytes());
        let count = frames.len();
        dump.reserve(count * (COUNT_BYTES + 2 * self.senone_count));
        let mut scores = vec![0_u16; self.senone_count];
        let mut best = vec![[[(0_i32, 0_usize); TOP]; STREAMS]; self.codebooks.len()];
        for frame in frames {
            self.score_frame(frame, &mut best, &mut scores);
            let least = scores.iter().copied().min().unwrap_or(0);
            dump.extend((self.senone_count as u16).to_ne_bytes());
            dump.extend(scores.iter().flat_map(|score| (score - least).to_ne_bytes()));
        }
        Scores { dump, frames: count, frame_bytes: COUNT_BYTES + 2 * self.senone_count }
    }

    fn score_frame(&self, frame: &[f32], best: &mut [[[(i32, usize); TOP]; STREAMS]], scores: &mut [u16]) {
        let mut nearest = [i32::MIN; STREAMS];
        for (codebook, best) in self.codebooks.iter().zip(best.iter_mut()) {
            for (stream, mixture) in codebook.streams.iter().enumerate() {
                best[stream] = mixture.best(&frame[stream * DIMENSIONS..][..DIMENSIONS]);
                nearest[stream] = nearest[stream].max(best[stream][0].0 >> SHIFT);
            }
        }
        let mut sums: Vec<[u16; LANES]> = Vec::new();
        for (codebook, best) in self.codebooks.iter().zip(best) {
            sums.clear();
            sums.resize(codebook.senones.len().div_ceil(LANES), [0; LANES]);
            for (stream, mixture) in codebook.streams.iter().enumerate() {
                let distances = best[stream]
                    .map(|(score, density)| ((nearest[stream] - (score >> SHIFT)).min(FARTHEST) as u8, density));
                mixture.add(&distances, &self.nearer_than, &mut sums);
            }
            for (senone, sum) in codebook.senones.iter().zip(sums.as_flattened()) {
                scores[*senone] = *sum;
            }
        }
    }
}

impl Mixture {
    /// From means and variances, dimension by dimension of each density.
    fn new(means: &[f32], variances: &[f32], weights: Vec<[u8; LANES]>) -> Self {
        let empty = [[0.0; LANES]; DIMENSIONS];
        let none = Densities { means: empty, precisions: empty, peaks: [0.0; LANES] };
        let mut densities = vec![none; DENSITIES / LANES];
        for (place, (mean, variance)) in means.iter().zip(variances).enumerate() {
            let (density, dimension) = (place / DIMENSIONS, place % DIMENSIONS);
            let (block, lane) = (&mut densities[density / LANES], density % LANES);
            let variance = f64::from(variance.max(VARIANCE_FLOOR));
            // Whole numbers, as the library keeps them.
            block.peaks[lane] += log(1.0 / (variance * 2.0 * std::f64::consts::PI).sqrt()) as f32;
            block.means[dimension][lane] = *mean;
            block.precisions[dimension][lane] = (1.0 / (variance * 2.0) / LOG_BASE.ln()).trunc() as f32;
        }
        Self { densities, weights }
    }

    /// The densities that a frame fits best, best first, with their scores.
    fn best(&self, frame: &[f32]) -> [(i32, usize); TOP] {
        let mut best = [(f32::NEG_INFINITY, 0); TOP];
        for (number, block) in self.densities.iter().enumerate() {
            let mut scores = block.peaks;
            for ((value, means), precisions) in frame.iter().zip(&block.means).zip(&block.precisions) {
                for lane in 0..LANES {
                    let difference = value - means[lane];
                    scores[lane] -= difference * difference * precisions[lane];
                }
            }
            let worst = best[TOP - 1].0;
            if !scores.iter().fold(false, |any, score| any | (*score > worst)) {
                continue;
            }
            for (lane, score) in scores.into_iter().enumerate() {
                if score > best[TOP - 1].0 {
                    let mut place = TOP - 1;
                    while place > 0 && score > best[place - 1].0 {
                        best[place] = best[place - 1];
                        place -= 1;
                    }
                    best[place] = (score, number * LANES + lane);
                }
            }
        }
        best.map(|(score, density)| (score as i32, density))
    }

    /// Adds the negated logarithm of every senone's mixture of these densities to its sum.
    fn add(&self, distances: &[(u8, usize); TOP], nearer_than: &[u8; GAINS], sums: &mut [[u16; LANES]]) {
        let rows = distances.map(|(distance, density)| (distance, &self.weights[density * sums.len()..][..sums.len()]));
        for (place, sums) in sums.iter_mut().enumerate() {
            let [mut mixture, others @ ..] = rows.map(|(distance, weights)| {
                let mut lanes = weights[place];
                for lane in &mut lanes {
                    *lane = lane.saturating_add(distance);
                }
                lanes
            });
            for other in &others {
                // Counting comparisons is a table that is looked up in all lanes at once.
                let mut gain = [0_u8; LANES];
                for near in nearer_than {
                    for lane in 0..LANES {
                        gain[lane] = gain[lane].wrapping_add(u8::from(mixture[lane].abs_diff(other[lane]) < *near));
                    }
                }
                for lane in 0..LANES {
                    mixture[lane] = mixture[lane].min(other[lane]).saturating_sub(gain[lane]);
                }
            }
            for lane in 0..LANES {
                sums[lane] = sums[lane].wrapping_add(u16::from(mixture[lane]));
            }
        }
    }
}

const BYTE_ORDER: u32 = 0x1122_3344;

/// The library's logarithm: a whole number.
fn log(probability: f64) -> i32 {
    (probability.ln() / LOG_BASE.ln()) as i32
}

/// The differences of two logarithms from which on the greater one gains at most 0, 1...
fn nearer_than() -> [u8; GAINS] {
    let gain = |apart: u8| {
        let ratio = LOG_BASE.powf(-f64::from(u32::from(apart) << SHIFT));
        ((1.0 + ratio).ln() / LOG_BASE.ln() + f64::from(1_u32 << (SHIFT - 1))) as usize >> SHIFT
    };
    std::array::from_fn(|at_least| (0..=u8::MAX).find(|apart| gain(*apart) <= at_least).unwrap_or(u8::MAX))
}

/// A file's bytes, read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(i32::from_le_bytes(bytes)).ok()
    }

    /// A text that its length stands before; its end is marked with 0.
    fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).ok().map(|text| text.trim_end_matches('\0'))
    }
}

/// The numbers in a file of means or variances: codebook, stream, density, dimension.
fn gaussians(file: &[u8]) -> Option<Vec<f32>> {
    const END: &[u8] = b"endhdr\n";
    let start = file.windows(END.len()).position(|window| window == END)? + END.len();
    let mut bytes = Bytes(file.get(start..)?);
    if bytes.number()? != BYTE_ORDER as usize {
        return None;
    }
    let [codebooks, streams, densities] = [bytes.number()?, bytes.number()?, bytes.number()?];
    let is_known = streams == STREAMS && densities == DENSITIES;
    if !is_known || (0..STREAMS).any(|_| bytes.number() != Some(DIMENSIONS)) {
        return None;
    }
    let count = bytes.number().filter(|count| *count == codebooks * STREAMS * DENSITIES * DIMENSIONS)?;
    let (numbers, _) = bytes.take(count * 4)?.as_chunks::<4>();
    Some(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect())
}

/// The weights in a `sendump`: of each stream and density, those in every senone.
fn weights(file: &[u8], senone_count: usize) -> Option<Vec<&[u8]>> {
    let mut bytes = Bytes(file);
    let (_title, _header) = (bytes.text()?, bytes.text()?);
    let mut facts = HashMap::new();
    loop {
        match bytes.text()? {
            "" => break,
            fact => facts.extend(fact.split_once(' ')),
        }
    }
    if facts.get("cluster_count").is_some_and(|count| *count != "0") {
        return None;
    }
    let (rows, columns) = (bytes.number()?, bytes.number()?);
    if rows != DENSITIES || columns < senone_count {
        return None;
    }
    (0..STREAMS * DENSITIES).map(|_| bytes.take(columns)).collect()
}

/// The codebook of each senone, which is its phone's, from a binary `mdef`.
fn codebooks_of_senones(file: &[u8]) -> Option<Vec<usize>> {
    let mut bytes = Bytes(file);
    (bytes.take(4)? == b"BMDF").then_some(())?;
    let _version = bytes.number()?;
    let description = bytes.number()?;
    bytes.take(description)?;
    let mut numbers = [0; 9];
    for number in &mut numbers {
        *number = bytes.number()?;
    }
    let [base_phones, phones, states, _, senones, _, sequences, _, tree_nodes] = numbers;
    let _silence = bytes.take(4)?;
    let names_start = bytes.0.len();
    for _ in 0..base_phones {
        let length = bytes.0.iter().position(|byte| *byte == 0)?;
        bytes.take(length + 1)?;
    }
    let names = names_start - bytes.0.len();
    bytes.take(names.next_multiple_of(4) - names)?;
    bytes.take(tree_nodes * 8)?;
    let entries = bytes.take(phones * 12)?;
    let _size = bytes.number()?;
    let (in_sequences, _) = bytes.take(sequences * states * 2)?.as_chunks::<2>();
    let mut codebooks = vec![usize::MAX; senones];
    for (phone, entry) in entries.chunks_exact(12).enumerate() {
        let sequence = Bytes(entry).number()?;
        let base = if phone < base_phones { phone } else { usize::from(entry[9]) };
        for senone in in_sequences.get(sequence * states..)?.get(..states)? {
            let codebook = codebooks.get_mut(usize::from(u16::from_le_bytes(*senone)))?;
            if *codebook == usize::MAX {
                *codebook = base;
            }
        }
    }
    Some(codebooks)
}
