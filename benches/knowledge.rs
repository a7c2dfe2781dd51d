//! The search of the knowledge base on questions that are in none of its files: the share answered rightly, answered
//! wrongly and refused at each threshold, and the time of a search.
//!
//! `cargo bench --bench knowledge`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench prints, and stops at the first fault"
)]

use std::{collections::BTreeMap, path::Path, time::Instant};

use majlis::{event::Language, knowledge::KnowledgeBase};

#[derive(serde::Deserialize)]
struct Questions {
    in_scope: BTreeMap<Language, BTreeMap<String, Vec<String>>>,
    out_of_scope: BTreeMap<Language, Vec<String>>,
}

/// A question, the entry it asks for (none: out of scope), the entry found and its score.
struct Asked<'a> {
    question: &'a str,
    wanted: Option<&'a str>,
    found: String,
    score: f32,
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (base, problems) = KnowledgeBase::load(&root.join("assets/knowledge")).unwrap();
    for problem in &problems {
        println!("{problem}");
    }
    let held_out = std::fs::read_to_string(root.join("src/knowledge/held_out.toml")).unwrap();
    let parts: BTreeMap<String, Questions> = toml::from_str(&held_out).unwrap();
    let verbose = std::env::args().any(|argument| argument == "--verbose");

    println!("| questions | language | threshold | right | wrong | refused | out of scope | refused |");
    println!("|---|---|---|---|---|---|---|---|");
    for (name, part) in parts.iter().rev() {
        for language in Language::SHIPPED {
            let asked = ask(&base, part, language);
            for percent in [35_u8, 40, 45, 50, 55, 60] {
                print_row(name, language, f32::from(percent) / 100.0, &asked);
            }
            for asked in asked.iter().filter(|asked| verbose && asked.is_doubtful()) {
                let wanted = asked.wanted.unwrap_or("(nothing)");
                println!("  {:.2} {wanted} -> {}: {}", asked.score, asked.found, asked.question);
            }
        }
    }
    for language in Language::SHIPPED {
        time_searches(&base, parts.values(), language);
    }
}

impl Asked<'_> {
    fn is_doubtful(&self) -> bool {
        match self.wanted {
            Some(wanted) => self.found != wanted || self.score < 0.5,
            None => self.score > 0.4,
        }
    }
}

fn ask<'a>(base: &KnowledgeBase, part: &'a Questions, language: Language) -> Vec<Asked<'a>> {
    let inside = part.in_scope[&language]
        .iter()
        .flat_map(|(id, questions)| questions.iter().map(|question| (question.as_str(), Some(id.as_str()))));
    let outside = part.out_of_scope[&language].iter().map(|question| (question.as_str(), None));
    inside
        .chain(outside)
        .map(|(question, wanted)| {
            let best = base.search(question, language, 1).unwrap().into_iter().next();
            let (found, score) = best.map_or_else(Default::default, |hit| (hit.id.0, hit.score));
            Asked { question, wanted, found, score }
        })
        .collect()
}

fn print_row(name: &str, language: Language, threshold: f32, asked: &[Asked<'_>]) {
    let (inside, outside): (Vec<_>, Vec<_>) = asked.iter().partition(|asked| asked.wanted.is_some());
    let answered = inside.iter().filter(|asked| asked.score >= threshold).count();
    let right =
        inside.iter().filter(|asked| asked.score >= threshold && asked.wanted == Some(asked.found.as_str())).count();
    let refused = outside.iter().filter(|asked| asked.score < threshold).count();
    println!(
        "| {name} | {language} | {threshold:.2} | {right} | {} | {} | {} | {refused} |",
        answered - right,
        inside.len() - answered,
        outside.len(),
    );
}

fn time_searches<'a>(base: &KnowledgeBase, parts: impl Iterator<Item = &'a Questions>, language: Language) {
    let questions: Vec<&String> = parts.flat_map(|part| part.in_scope[&language].values().flatten()).collect();
    let mut micros: Vec<u128> = questions
        .iter()
        .cycle()
        .take(2_000)
        .map(|question| {
            let start = Instant::now();
            std::hint::black_box(base.search(question, language, 1).unwrap());
            start.elapsed().as_micros()
        })
        .collect();
    micros.sort_unstable();
    let at = |percent: usize| micros[micros.len() * percent / 100];
    println!("one search, {language}: median {} us, p99 {} us", at(50), at(99));
}
