#![allow(clippy::indexing_slicing, reason = "a test may panic")]

use super::*;
use crate::{
    event::Device,
    ui::avatar::{SECTORS, bounds},
    ui::layout::Layout,
};

const STATES: [AvatarState; 9] = [
    AvatarState::Idle,
    AvatarState::Attending,
    AvatarState::Listening,
    AvatarState::Interrupted,
    AvatarState::Thinking,
    AvatarState::Speaking,
    AvatarState::Offline,
    AvatarState::Lost(Device::Microphone),
    AvatarState::Safe,
];

const STEP: Duration = Duration::from_millis(5);

/// An animator at a point of time that its test moves on.
struct Film {
    animator: Animator,
    now: Duration,
}

impl Film {
    fn new() -> Self {
        Self { animator: Animator::new(fastrand::Rng::with_seed(11), Duration::ZERO), now: Duration::ZERO }
    }

    fn step(&mut self, inputs: &Inputs) -> Pose {
        self.now += STEP;
        self.animator.advance(self.now, inputs)
    }

    /// The last pose after `length` of `inputs`.
    fn run(&mut self, length: Duration, inputs: &Inputs) -> Pose {
        let mut pose = self.step(inputs);
        let end = self.now + length;
        while self.now < end {
            pose = self.step(inputs);
        }
        pose
    }
}

fn busy(state: AvatarState) -> Inputs {
    let voice = VoiceFeatures { loudness: 0.8, jaw: 1.0, spread: -0.4, open_vowel: 0.2, hiss: 0.0 };
    Inputs { state, level: 0.7, voice, ..Inputs::default() }
}

fn numbers(pose: &Pose) -> Vec<f32> {
    let mut numbers = vec![pose.gaze.x, pose.gaze.y, pose.lid, pose.low, pose.eye, pose.glow, pose.scale];
    let m = &pose.mouth;
    numbers.extend([m.half_width, m.corner, m.upper[1], m.lower[1], m.tongue, m.teeth]);
    for layer in &pose.layers {
        numbers.extend(layer.tips.iter().chain(&layer.fill).chain(&layer.edge).chain(&layer.width));
        numbers.extend([layer.shape, layer.turn_deg, layer.inset, layer.dash]);
    }
    numbers
}

#[test]
fn every_change_of_state_stays_finite_and_its_light_within_the_niche() {
    let niche = Layout::new(eframe::egui::vec2(1080.0, 1920.0), false, false).niche;
    for from in STATES {
        for to in STATES {
            let mut film = Film::new();
            film.run(Duration::from_secs(2), &busy(from));
            for _ in 0..300 {
                let pose = film.step(&busy(to));
                assert!(numbers(&pose).iter().all(|n| n.is_finite()), "{from:?} → {to:?}: {pose:?}");
                for layer in &pose.layers {
                    let reach = layer.tips.iter().copied().fold(0.0, f32::max) * pose.scale;
                    assert!(reach < 2.35, "{from:?} → {to:?}: {reach}");
                }
            }
        }
    }
    assert!(niche.opening.contains_rect(bounds(niche.avatar_centre, niche.avatar_radius * 2.24 / 2.35)));
}

#[test]
fn every_change_of_state_is_continuous() {
    for from in STATES {
        for to in STATES {
            let mut film = Film::new();
            let mut before = film.run(Duration::from_millis(2150), &busy(from));
            for _ in 0..200 {
                let pose = film.step(&busy(to));
                for (a, b) in before.layers.iter().zip(&pose.layers) {
                    for sector in 0..SECTORS {
                        let (old, new) = (a.edge[sector].max(0.0), b.edge[sector].max(0.0));
                        // The head of the comet rises within 128 ms, a circle within 56 ms.
                        assert!((old - new).abs() < 0.12, "{from:?} → {to:?}: edge {old} → {new}");
                        if old > 0.05 && new > 0.05 {
                            let jump = (a.tips[sector] - b.tips[sector]).abs();
                            assert!(jump < 0.06, "{from:?} → {to:?}: tip by {jump}");
                        }
                    }
                }
                assert!((before.scale - pose.scale).abs() < 0.002, "{from:?} → {to:?}");
                assert!((before.glow - pose.glow).abs() < 0.06, "{from:?} → {to:?}");
                assert!((before.gaze - pose.gaze).length() < 0.05, "{from:?} → {to:?}");
                assert!((before.mouth.opening() - pose.mouth.opening()).abs() < 0.06, "{from:?} → {to:?}");
                before = pose;
            }
        }
    }
}

#[test]
fn a_visitor_is_seen_by_the_eyes_before_the_star_opens_and_smiled_at_last() {
    let mut film = Film::new();
    film.run(Duration::from_secs(1), &Inputs::default());
    let attending = Inputs { state: AvatarState::Attending, ..Inputs::default() };
    let early = film.run(Duration::from_millis(200), &attending);
    assert!(early.eye > 1.05 && early.mouth == MouthShape::REST, "{early:?}");
    let late = film.run(Duration::from_millis(700), &attending);
    assert!(late.mouth.is_near(&MouthShape::SMILE) && (late.layers[3].tips[0] - 1.52).abs() < 1e-4);
}

#[test]
fn an_interruption_opens_the_star_and_closes_the_mouth_at_once() {
    let mut film = Film::new();
    film.run(Duration::from_secs(2), &busy(AvatarState::Speaking));
    let mouth = film.run(Duration::from_millis(80), &busy(AvatarState::Interrupted)).mouth;
    assert!(mouth.opening() < 0.1 * MouthShape::AA.opening(), "{}", mouth.opening());
    let star = film.run(Duration::from_millis(120), &busy(AvatarState::Interrupted)).layers[3];
    assert!((star.shape - 1.0).abs() < 1e-3 && star.edge[0] > 0.94);
}

#[test]
fn gladness_lasts_for_1_2_seconds() {
    let mut film = Film::new();
    film.run(Duration::from_secs(1), &busy(AvatarState::Attending));
    film.animator.be_glad(film.now);
    let smiling = film.run(Duration::from_millis(1000), &busy(AvatarState::Attending));
    assert!(film.animator.state() == AvatarState::Glad && smiling.low > 0.7);
    film.run(Duration::from_millis(250), &busy(AvatarState::Attending));
    assert_eq!(film.animator.state(), AvatarState::Attending);
}

#[test]
fn offline_the_lamp_turns_to_moonlight_in_900_ms_whatever_it_does() {
    let mut film = Film::new();
    film.run(Duration::from_secs(1), &busy(AvatarState::Listening));
    let offline = Inputs { is_offline: true, ..busy(AvatarState::Listening) };
    let on_the_way = film.run(Duration::from_millis(450), &offline).lamp.coolness();
    assert!((0.4..0.6).contains(&on_the_way), "{on_the_way}");
    assert_eq!(film.run(Duration::from_millis(500), &offline).lamp, LampMix::MOON);
}

#[test]
fn the_crossed_icon_stands_where_the_light_is_missing() {
    let mut film = Film::new();
    let pose = film.run(Duration::from_secs(1), &busy(AvatarState::Lost(Device::Speaker)));
    assert_eq!(pose.lost, Some((Device::Speaker, 1.0)));
    assert_eq!(pose.layers[3].edge[3], 0.0);
    assert!(pose.layers[3].edge[4] > 0.6);
}

#[test]
fn it_repaints_thirty_times_a_second_while_it_works_and_hardly_when_nobody_is_there() {
    let mut film = Film::new();
    for state in [AvatarState::Listening, AvatarState::Thinking, AvatarState::Speaking] {
        film.run(Duration::from_secs(2), &busy(state));
        assert_eq!(film.animator.next_repaint(), FRAME, "{state:?}");
    }
    let mut pauses = Vec::new();
    for _ in 0..4000 {
        film.step(&Inputs::default());
        pauses.push(film.animator.next_repaint());
    }
    let breathing = pauses.iter().filter(|pause| **pause > FRAME).count();
    assert!(breathing > 1600 && pauses.iter().all(|pause| *pause <= BREATHING_FRAME), "{breathing}");
    // Nobody for five minutes.
    film.now += Duration::from_secs(303);
    film.run(Duration::from_secs(8), &Inputs::default());
    let asleep = film.step(&Inputs::default());
    assert_eq!(film.animator.next_repaint(), ASLEEP_FRAME);
    assert!((asleep.scale - 1.0).abs() < 1e-4);
    // And awake again at once.
    film.step(&busy(AvatarState::Attending));
    assert_eq!(film.animator.next_repaint(), FRAME);
}

#[test]
fn with_reduced_motion_only_blinks_and_the_mouth_move() {
    let mut film = Film::new();
    let reduced = |state| Inputs { reduced_motion: true, ..busy(state) };
    for state in STATES {
        let settled = film.run(Duration::from_secs(3), &reduced(state));
        let later = film.run(Duration::from_millis(700), &reduced(state));
        assert_eq!(settled.layers, later.layers, "{state:?}");
        assert!((settled.scale - later.scale).abs() < 0.001, "{state:?}");
        assert!((settled.gaze - later.gaze).length() < 0.02, "{state:?}");
    }
    let mouth = film.run(Duration::from_secs(1), &reduced(AvatarState::Speaking)).mouth;
    assert!((0.05..0.7 * MouthShape::AA.opening()).contains(&mouth.opening()));
}

#[test]
fn eyes_stay_shut_while_a_pin_is_typed() {
    let mut film = Film::new();
    let pose = film.run(Duration::from_secs(1), &Inputs { eyes_shut: true, ..busy(AvatarState::Attending) });
    assert!(pose.lid < 0.001);
}
