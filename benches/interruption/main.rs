//! Interruption in a simulated room: the kiosk's own voice, a hall's noise, and visitors who speak over an answer.
//!
//! `cargo bench --profile dev --bench interruption -- [MINUTES] [echo] [barge] [hall] [hall-barge]`; all four without a name.
//! docs/interruption.md quotes a run.

#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "a bench prints its figures")]

mod ears;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

use support::{
    Models,
    hall::Hall,
    room::{Chance, Hiss, Noise},
};

/// The hall lies this far under the kiosk's own voice at the microphone, dB.
const SNR_DB: f32 = 15.0;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let minutes = arguments.iter().find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(2.0);
    let length = Duration::from_secs_f64(60.0 * minutes);
    let wanted = |name: &str| {
        arguments.iter().all(|argument| argument.parse::<f64>().is_ok())
            || arguments.iter().any(|argument| argument == name)
    };
    let models = Models::load()?;
    let hiss = || -> Box<dyn Noise> { Box::new(Hiss { chance: Chance::new(3), level_db: -60.0 }) };
    let hall =
        || -> anyhow::Result<Box<dyn Noise>> { Ok(Box::new(Hall::new(17, ears::PLAYED_DB + ears::ECHO_DB - SNR_DB)?)) };
    if wanted("echo") {
        ears::print("own voice", &mut ears::run(&models, vec![hiss()], length, false)?);
    }
    if wanted("barge") {
        ears::print("visitors over the own voice", &mut ears::run(&models, vec![hiss()], length, true)?);
    }
    if wanted("hall") {
        ears::print("hall", &mut ears::run(&models, vec![hiss(), hall()?], length, false)?);
    }
    if wanted("hall-barge") {
        ears::print("visitors in the hall", &mut ears::run(&models, vec![hiss(), hall()?], length, true)?);
    }
    Ok(())
}
