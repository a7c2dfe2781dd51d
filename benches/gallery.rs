//! The search for a face among everybody on record: time of one search by the number of people, for a face that is on
//! record and for a stranger's.
//!
//! `cargo bench --bench gallery`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops at the first fault"
)]

use std::time::Instant;

use majlis::{
    event::VisitorId,
    vision::{Embedding, Gallery},
};

const DIMENSIONS: usize = 128;
const EACH: usize = 5;
const SEARCHES: usize = 200;

fn main() {
    println!("| people x embeddings | searched for | median, ms | p95, ms |");
    println!("|---|---|---|---|");
    for people in [100, 1_000, 10_000] {
        let mut chance = fastrand::Rng::with_seed(people as u64);
        let mut gallery = Gallery::new("net", DIMENSIONS);
        let mut known = Vec::new();
        for _ in 0..people {
            let visitor = VisitorId::generate();
            let face = random(&mut chance);
            for _ in 0..EACH {
                gallery.insert(visitor, "net", &near(&mut chance, &face)).unwrap();
            }
            known.push((visitor, face));
        }
        let of_known: Vec<Embedding> =
            (0..SEARCHES).map(|index| near(&mut chance, &known[index * 7 % known.len()].1)).collect();
        let of_strangers: Vec<Embedding> = (0..SEARCHES).map(|_| embedding(&random(&mut chance))).collect();
        for (who, wanted) in [("somebody on record", &of_known), ("a stranger", &of_strangers)] {
            let mut times: Vec<f64> = wanted
                .iter()
                .map(|wanted| {
                    let start = Instant::now();
                    std::hint::black_box(gallery.search(wanted).unwrap());
                    start.elapsed().as_secs_f64() * 1e3
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("| {people} x {EACH} | {who} | {:.3} | {:.3} |", times[SEARCHES / 2], times[SEARCHES * 95 / 100]);
        }
    }
}

fn random(chance: &mut fastrand::Rng) -> Vec<f32> {
    // The sum of a few evenly spread numbers is near enough to a normal one: directions without preference.
    (0..DIMENSIONS).map(|_| (0..4).map(|_| chance.f32() - 0.5).sum()).collect()
}

/// Another picture of the same face: similar by about 0.7.
fn near(chance: &mut fastrand::Rng, face: &[f32]) -> Embedding {
    embedding(&face.iter().zip(random(chance)).map(|(a, b)| a + b).collect::<Vec<f32>>())
}

fn embedding(values: &[f32]) -> Embedding {
    Embedding::normalised(values.to_vec()).unwrap()
}
