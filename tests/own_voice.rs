//! The kiosk in a room that throws its own voice back: a minute of what the bench `interruption` does for an hour.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "tests")]

#[path = "../benches/interruption/ears.rs"]
mod ears;
#[path = "../benches/support/mod.rs"]
mod support;

use std::time::Duration;

use support::{
    Models,
    room::{Chance, Hiss, Noise},
};

const LENGTH: Duration = Duration::from_secs(60);

fn noise() -> Vec<Box<dyn Noise>> {
    vec![Box::new(Hiss { chance: Chance::new(3), level_db: -60.0 })]
}

#[test]
fn the_kiosk_does_not_interrupt_itself() {
    let outcome = ears::run(&Models::load().unwrap(), noise(), LENGTH, false).unwrap();
    assert!(outcome.spoken > LENGTH / 2, "{:?} were spoken", outcome.spoken);
    assert_eq!((outcome.pauses, outcome.confirmed), (0, 0));
}

#[test]
fn a_visitor_who_speaks_over_the_kiosk_is_heard() {
    let outcome = ears::run(&Models::load().unwrap(), noise(), LENGTH, true).unwrap();
    assert!(outcome.tried >= 5, "{} interruptions", outcome.tried);
    assert!(outcome.heard * 100 >= outcome.tried * 95, "{} of {} were heard", outcome.heard, outcome.tried);
}
