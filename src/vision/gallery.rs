//! The embeddings of the people on record, and the search for the most similar of them.
//!
//! All embeddings stand in one block. A search reads a copy of it in bytes first (a quarter to read, and a fraction of
//! the instructions), and then compares exactly only those that can still be the best or the second best: how much an
//! embedding can differ from its copy is known for each.

use std::collections::HashMap;

use super::{Embedding, Match};
use crate::{event::VisitorId, runtime};

/// An embedding that does not belong into a gallery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GalleryError {
    /// It was made by another recogniser.
    #[error(
        "the embedding was made by the recogniser \"{found}\"; this gallery holds those of \"{expected}\". \
         Enrol the person again, or name \"{found}\" in vision.recogniser"
    )]
    OtherRecogniser {
        /// Its recogniser.
        found: String,
        /// The gallery's.
        expected: String,
    },
    /// It has another length.
    #[error("the embedding has {found} numbers; \"{recogniser}\" makes {expected}")]
    WrongLength {
        /// Its length.
        found: usize,
        /// The gallery's recogniser.
        recogniser: String,
        /// Its length.
        expected: usize,
    },
}

/// The largest number of an embedding's copy.
const ROUGH_LARGEST: f32 = 127.0;

/// The people who may be recognised: several embeddings each, of one recogniser.
#[derive(Clone)]
pub struct Gallery {
    recogniser: String,
    dimensions: usize,
    /// One embedding after the other.
    exact: Vec<f32>,
    /// The same in whole numbers of at most [`ROUGH_LARGEST`], each embedding with its own [`Row::scale`].
    rough: Vec<i8>,
    rows: Vec<Row>,
    /// The people; a row's owner is an index.
    people: Vec<VisitorId>,
    places: HashMap<VisitorId, u32>,
}

/// What belongs to one embedding of the block.
#[derive(Clone, Copy)]
struct Row {
    owner: u32,
    /// A whole number times this is about the exact one.
    scale: f32,
    /// The length of the difference between the exact embedding and its copy.
    error: f32,
}

/// Biometric: only how much there is, is shown.
impl std::fmt::Debug for Gallery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gallery({}: {} embeddings of {} people)", self.recogniser, self.rows.len(), self.people.len())
    }
}

impl Gallery {
    /// An empty gallery for embeddings of `dimensions` numbers by `recogniser`, a model of the manifest.
    #[must_use]
    pub fn new(recogniser: &str, dimensions: usize) -> Self {
        Self {
            recogniser: recogniser.to_owned(),
            dimensions,
            exact: Vec::new(),
            rough: Vec::new(),
            rows: Vec::new(),
            people: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// The recogniser whose embeddings it holds.
    #[must_use]
    pub fn recogniser(&self) -> &str {
        &self.recogniser
    }

    /// How many embeddings it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many people are in it.
    #[must_use]
    pub fn people(&self) -> usize {
        self.people.len()
    }

    /// Adds an embedding of `visitor` that `recogniser` made.
    ///
    /// # Errors
    /// It is of another recogniser, or of another length.
    pub fn insert(&mut self, visitor: VisitorId, recogniser: &str, embedding: &Embedding) -> Result<(), GalleryError> {
        if recogniser != self.recogniser {
            let (found, expected) = (recogniser.to_owned(), self.recogniser.clone());
            return Err(GalleryError::OtherRecogniser { found, expected });
        }
        self.check(embedding)?;
        let owner = *self.places.entry(visitor).or_insert_with(|| {
            self.people.push(visitor);
            // More people than that do not fit into memory.
            u32::try_from(self.people.len() - 1).unwrap_or(u32::MAX)
        });
        let values = embedding.values();
        let largest = values.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = (largest / ROUGH_LARGEST).max(f32::MIN_POSITIVE);
        let start = self.rough.len();
        self.rough.extend(values.iter().map(|value| (value / scale).round() as i8));
        let copy = self.rough.get(start..).unwrap_or_default();
        let difference = values.iter().zip(copy).map(|(value, rough)| (value - f32::from(*rough) * scale).powi(2));
        self.rows.push(Row { owner, scale, error: difference.sum::<f32>().sqrt() });
        self.exact.extend_from_slice(values);
        Ok(())
    }

    /// Forgets a person; returns how many embeddings that were.
    pub fn remove(&mut self, visitor: VisitorId) -> usize {
        let Some(owner) = self.places.remove(&visitor) else { return 0 };
        let before = self.rows.len();
        let keeps: Vec<bool> = self.rows.iter().map(|row| row.owner != owner).collect();
        retain_rows(&mut self.exact, self.dimensions, &keeps);
        retain_rows(&mut self.rough, self.dimensions, &keeps);
        self.rows.retain(|row| row.owner != owner);
        self.people.remove(owner as usize);
        let above = |index: u32| if index > owner { index - 1 } else { index };
        self.rows.iter_mut().for_each(|row| row.owner = above(row.owner));
        self.places.values_mut().for_each(|place| *place = above(*place));
        before - self.rows.len()
    }

    /// The person who is most similar, however little: a person is as similar as the best of their embeddings.
    /// `None`: nobody is in the gallery.
    ///
    /// # Errors
    /// The embedding is of another length.
    pub fn search(&self, embedding: &Embedding) -> Result<Option<Match>, GalleryError> {
        self.check(embedding)?;
        if self.rows.is_empty() {
            return Ok(None);
        }
        let query = Query::new(embedding.values());
        let mut products = Vec::with_capacity(self.rows.len());
        runtime::row_products(&query.values, &self.rough, &mut products);
        let about = |row: &Row, product: i32| product as f32 * query.scale * row.scale;
        // The least that each person's similarity can be.
        let mut least = vec![-2.0_f32; self.people.len()];
        for (row, product) in self.rows.iter().zip(&products) {
            if let Some(least) = least.get_mut(row.owner as usize) {
                *least = least.max(about(row, *product) - row.error - query.error);
            }
        }
        let enough = second_largest(&least);
        let mut ranking = Ranking::default();
        let rows = self.rows.iter().zip(self.exact.chunks_exact(self.dimensions));
        for ((row, values), product) in rows.zip(products) {
            if about(row, product) + row.error + query.error >= enough {
                ranking.add(row.owner, product_of(embedding.values(), values));
            }
        }
        let Some((owner, score)) = ranking.best else { return Ok(None) };
        let second = ranking.second.map_or(0.0, |(_, score)| score);
        Ok(self.people.get(owner as usize).map(|visitor| Match { visitor: *visitor, score, margin: score - second }))
    }

    fn check(&self, embedding: &Embedding) -> Result<(), GalleryError> {
        let found = embedding.values().len();
        if found == self.dimensions {
            return Ok(());
        }
        let (recogniser, expected) = (self.recogniser.clone(), self.dimensions);
        Err(GalleryError::WrongLength { found, recogniser, expected })
    }
}

/// What is searched for, in 16 bits.
struct Query {
    values: Vec<i16>,
    scale: f32,
    /// The most by which it can change a similarity.
    error: f32,
}

impl Query {
    /// The largest number of what is searched for: `Σ|a·b| ≤ 8191 · 127 · 512 < 2³¹`, so that products fit 32 bits.
    const LARGEST: f32 = 8_191.0;

    fn new(exact: &[f32]) -> Self {
        let largest = exact.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        let scale = (largest / Self::LARGEST).max(f32::MIN_POSITIVE);
        let values: Vec<i16> = exact.iter().map(|value| (value / scale).round() as i16).collect();
        let difference = exact.iter().zip(&values).map(|(value, rough)| (value - f32::from(*rough) * scale).powi(2));
        // The copy it is multiplied with may be a little longer than 1; and sums of f32 are not exact.
        let error = difference.sum::<f32>().sqrt() * 1.1 + 1e-5;
        Self { values, scale, error }
    }
}

/// The dot product, in eight sums side by side so that the compiler can use vector instructions.
fn product_of(one: &[f32], other: &[f32]) -> f32 {
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (a, b) in one.iter().zip(other) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + one_rest.iter().zip(other_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// The best two people.
#[derive(Default)]
struct Ranking {
    best: Option<(u32, f32)>,
    second: Option<(u32, f32)>,
}

impl Ranking {
    fn add(&mut self, owner: u32, score: f32) {
        let is_better = |than: Option<(u32, f32)>| than.is_none_or(|(_, other)| score > other);
        match self.best {
            Some((best, best_score)) if best == owner => self.best = Some((owner, score.max(best_score))),
            _ if is_better(self.best) => {
                self.second = self.best;
                self.best = Some((owner, score));
            }
            _ if is_better(self.second) => self.second = Some((owner, score)),
            _ => {}
        }
    }
}

fn second_largest(numbers: &[f32]) -> f32 {
    let (mut first, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    for number in numbers.iter().copied() {
        if number > first {
            second = first;
            first = number;
        } else if number > second {
            second = number;
        }
    }
    second
}

fn retain_rows<T: Copy>(block: &mut Vec<T>, length: usize, keeps: &[bool]) {
    let kept = block.chunks_exact(length.max(1)).zip(keeps).filter(|(_, keeps)| **keeps);
    *block = kept.flat_map(|(row, _)| row).copied().collect();
}

#[cfg(test)]
#[path = "gallery_tests.rs"]
mod tests;
