//! The search of the knowledge base on questions that are in none of its files: the share answered rightly, answered
//! wrongly and refused at each threshold, and the time of a search.
//!
//! `cargo bench --bench knowledge`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops at the first fault"
)]

use std::{collections::BTreeMap, path::Path, time::Instant};

use majlis::{event::Language, knowledge::KnowledgeBase};

#[derive(serde::Deserialize)]
struct HeldOut {
    in_scope: BTreeMap<Language, BTreeMap<String, Vec<String>>>,
    out_of_scope: BTreeMap<Language, Vec<String>>,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (base, problems) = KnowledgeBase::load(&root.join("assets/knowledge")).unwrap();
    for problem in &problems {
        println!("{problem}");
    }
    let held_out: HeldOut =
        toml::from_str(&std::fs::read_to_string(root.join("src/knowledge/held_out.toml")).unwrap()).unwrap();
    let verbose = std::env::args().any(|argument| argument == "--verbose");

    println!(
        "{:9} {:>8} {:>7} {:>7} {:>8} | {:>12} {:>8}",
        "language", "threshold", "right", "wrong", "refused", "out of scope", "refused"
    );
    for language in Language::ALL {
        let best = |question: &str| {
            base.search(question, language, 1)
                .unwrap()
                .into_iter()
                .next()
                .map_or((String::new(), 0.0), |hit| (hit.id.0, hit.score))
        };
        let inside: Vec<(&String, &String, String, f32)> = held_out.in_scope[&language]
            .iter()
            .flat_map(|(id, questions)| questions.iter().map(move |question| (id, question)))
            .map(|(id, question)| {
                let (found, score) = best(question);
                (id, question, found, score)
            })
            .collect();
        let outside: Vec<(&String, String, f32)> = held_out.out_of_scope[&language]
            .iter()
            .map(|question| {
                let (found, score) = best(question);
                (question, found, score)
            })
            .collect();
        for threshold in (30..=70).step_by(5).map(|percent| percent as f32 / 100.0) {
            let answered = inside.iter().filter(|(_, _, _, score)| *score >= threshold);
            let right = answered.clone().filter(|(id, _, found, _)| *id == found).count();
            let wrong = answered.count() - right;
            let refused = outside.iter().filter(|(_, _, score)| *score < threshold).count();
            println!(
                "{language:9} {threshold:>8.2} {right:>8} {wrong:>7} {:>8} | {:>12} {refused:>8}",
                inside.len() - right - wrong,
                outside.len()
            );
        }
        if verbose {
            for (id, question, found, score) in
                inside.iter().filter(|(id, _, found, score)| id != &found || *score < 0.5)
            {
                println!("  {score:.2} {id} -> {found}: {question}");
            }
            for (question, found, score) in outside.iter().filter(|(_, _, score)| *score > 0.3) {
                println!("  {score:.2} outside -> {found}: {question}");
            }
        }
        let questions: Vec<&str> = inside.iter().map(|(_, question, _, _)| question.as_str()).collect();
        let mut micros: Vec<u128> = Vec::new();
        for question in questions.iter().cycle().take(2_000) {
            let start = Instant::now();
            std::hint::black_box(base.search(question, language, 3).unwrap());
            micros.push(start.elapsed().as_micros());
        }
        micros.sort_unstable();
        println!(
            "{language:9} one search: median {} us, p99 {} us",
            micros[micros.len() / 2],
            micros[micros.len() * 99 / 100]
        );
    }
}
