//! People in virtual time: where their faces are at each instant, and what the kiosk makes of it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::vision::{Bounds, Tracker};

const PICTURE: [f32; 2] = [1_280.0, 720.0];

/// A face: middle in pixels, height as a part of the picture's, turn in degrees.
#[derive(Debug, Clone, Copy)]
struct At {
    x: f32,
    y: f32,
    height: f32,
    turn_deg: f32,
}

fn at(x: f32, height: f32) -> At {
    At { x, y: 330.0, height, turn_deg: 0.0 }
}

fn face(at: At) -> Face {
    let height = at.height * PICTURE[1];
    let width = height * 0.75;
    let eyes = width * 0.45;
    let (sin, cos) = at.turn_deg.to_radians().sin_cos();
    let point = |across: f32, down: f32, depth: f32| [at.x + (across * cos + depth * sin) * eyes, at.y + down * eyes];
    Face {
        bounds: Bounds { x: at.x - width / 2.0, y: at.y - height / 2.0, width, height },
        score: 0.9,
        landmarks: [
            point(-0.5, 0.0, 0.0),
            point(0.5, 0.0, 0.0),
            point(0.0, 0.57, 0.43),
            point(-0.4, 1.17, 0.1),
            point(0.4, 1.17, 0.1),
        ],
    }
}

/// A person: where the face is `t` seconds after the beginning; `None`: not to be seen.
type Path = Box<dyn Fn(f32) -> Option<At>>;

struct Hall {
    tracker: Tracker,
    presence: Presence,
    happenings: Vec<(u64, Happening)>,
}

impl Hall {
    fn new() -> Self {
        let settings = config::Presence::default();
        Self {
            tracker: Tracker::new(Duration::from_millis(settings.left_after_ms)),
            presence: Presence::new(settings),
            happenings: Vec::new(),
        }
    }

    /// Looks five times a second from `from` to `to`, ms.
    fn look(&mut self, from: u64, to: u64, people: &[Path]) {
        for ms in (from..to).step_by(200) {
            let faces: Vec<Face> = people.iter().filter_map(|path| path(ms as f32 / 1_000.0)).map(face).collect();
            let now = Duration::from_millis(ms);
            self.tracker.follow(now, &faces);
            let happenings = self.presence.follow(now, self.tracker.tracks(), PICTURE);
            self.happenings.extend(happenings.into_iter().map(|happening| (ms, happening)));
        }
    }

    fn changes(&self) -> Vec<(u64, PresenceChange)> {
        self.happenings
            .iter()
            .filter_map(|(ms, happening)| match happening {
                Happening::Changed(track, change) => Some((track.0, *change)),
                Happening::VisitorArrived(_) | Happening::VisitorLeft(_) => {
                    assert!(*ms < u64::MAX);
                    None
                }
            })
            .collect()
    }

    fn visits(&self) -> Vec<(u64, Happening)> {
        let is_visit = |happening: &Happening| !matches!(happening, Happening::Changed(..));
        self.happenings.iter().filter(|(_, happening)| is_visit(happening)).copied().collect()
    }
}

/// Comes up to the kiosk within three seconds and stays.
fn comes_up() -> Path {
    Box::new(|t| Some(at(600.0 + 20.0 * t.min(3.0), 0.05 + 0.06 * t.min(3.0))))
}

#[test]
fn somebody_who_comes_up_approaches_attends_and_is_gone_some_time_after_leaving() {
    let mut hall = Hall::new();
    hall.look(0, 6_000, &[comes_up()]);
    hall.look(6_000, 12_000, &[]);
    use PresenceChange::{Approached, Attending, Left};
    assert_eq!(hall.changes(), [(1, Approached), (1, Attending), (1, Left)]);
    let visits = hall.visits();
    let near_enough_ms = 1_400;
    assert!((near_enough_ms + 700..=near_enough_ms + 1_000).contains(&visits[0].0), "{visits:?}");
    assert!((9_800..=10_200).contains(&visits[1].0), "{visits:?}");
    assert_eq!(hall.presence.sight(0.0), Sight { is_seeing: true, people_near: 0, visitor: None });
}

#[test]
fn who_is_far_or_in_profile_or_there_for_a_moment_only_or_walks_past_is_no_visitor() {
    let passers: [(&str, Path); 5] = [
        ("far", Box::new(|_| Some(at(640.0, 0.10)))),
        ("in profile", Box::new(|_| Some(At { turn_deg: 55.0, ..at(640.0, 0.25) }))),
        ("short", Box::new(|t| (t < 0.6).then_some(at(640.0, 0.25)))),
        ("walks past, looking", Box::new(|t| (t < 7.0).then_some(at(180.0 * t, 0.14)))),
        (
            "glances now and then",
            Box::new(|t| Some(At { turn_deg: if t % 2.0 < 0.5 { 5.0 } else { 50.0 }, ..at(640.0, 0.2) })),
        ),
    ];
    for (who, path) in passers {
        let mut hall = Hall::new();
        hall.look(0, 10_000, &[path]);
        assert_eq!(hall.visits(), [], "{who}");
    }
}

#[test]
fn a_look_aside_a_hand_before_the_face_and_a_step_back_do_not_end_a_visit() {
    let mut hall = Hall::new();
    let visitor: Path = Box::new(|t| match t {
        3.0..6.0 => Some(At { turn_deg: 70.0, ..at(640.0, 0.2) }),
        8.0..10.5 => None,
        12.0..20.0 => Some(at(640.0, (0.2 - 0.05 * (t - 12.0)).max(0.1))),
        20.0..23.0 => Some(at(640.0, (0.1 + 0.05 * (t - 20.0)).min(0.2))),
        _ => Some(at(640.0, 0.2)),
    });
    hall.look(0, 25_000, &[visitor]);
    assert_eq!(hall.visits().len(), 1, "{:?}", hall.visits());
    assert!(hall.presence.sight(0.0).visitor.unwrap().is_attending);
}

#[test]
fn the_visitor_stays_the_visitor_although_somebody_comes_nearer_and_hands_over_on_leaving() {
    let mut hall = Hall::new();
    let first: Path = Box::new(|t| (t < 10.0).then_some(at(400.0, 0.2)));
    let second: Path = Box::new(|t| (t > 3.0).then_some(at(800.0, 0.3)));
    hall.look(0, 9_000, &[first, second]);
    let sight = hall.presence.sight(0.0);
    assert_eq!((sight.people_near, sight.visitor.unwrap().track), (2, TrackId(1)));
    let second: Path = Box::new(|_| Some(at(800.0, 0.3)));
    hall.look(9_000, 16_000, &[second]);
    let visits: Vec<Happening> = hall.visits().into_iter().map(|(_, happening)| happening).collect();
    use Happening::{VisitorArrived, VisitorLeft};
    assert_eq!(visits, [VisitorArrived(TrackId(1)), VisitorLeft(TrackId(1)), VisitorArrived(TrackId(2))]);
}

#[test]
fn of_two_who_come_together_the_nearer_one_who_looks_at_the_kiosk_is_the_visitor() {
    let mut hall = Hall::new();
    let looks_away: Path = Box::new(|_| Some(At { turn_deg: 50.0, ..at(300.0, 0.35) }));
    let behind: Path = Box::new(|_| Some(at(900.0, 0.16)));
    let nearer: Path = Box::new(|_| Some(at(620.0, 0.22)));
    hall.look(0, 3_000, &[looks_away, behind, nearer]);
    let visitor = hall.presence.sight(0.0).visitor.unwrap();
    assert!((visitor.centre[0] - 620.0 / 1_280.0).abs() < 0.01, "{visitor:?}");
    assert_eq!(hall.presence.sight(0.0).people_near, 3);
}

#[test]
fn who_is_replaced_by_somebody_else_has_left() {
    let mut hall = Hall::new();
    hall.look(0, 3_000, &[comes_up()]);
    let old = hall.presence.visitor().unwrap();
    let new = hall.tracker.split(old).unwrap();
    let happenings = hall.presence.replace(old);
    assert_eq!(happenings, [Happening::Changed(old, PresenceChange::Left), Happening::VisitorLeft(old)]);
    hall.look(3_000, 6_000, &[comes_up()]);
    assert_eq!(hall.presence.visitor(), Some(new));
}

/// Somebody who has no wish to talk: walks past (looking or not), stands far away, or stands near with the back or the
/// side to the kiosk. `chance` gives how.
fn passer_by(chance: &mut fastrand::Rng) -> (f32, Path) {
    let kind = chance.u32(0..4);
    let height = 0.05 + 0.25 * chance.f32();
    let (y, direction) = (200.0 + 300.0 * chance.f32(), if chance.bool() { 1.0 } else { -1.0 });
    match kind {
        // 0.8 to 1.8 m/s at a face of 0.24 m: 3.3 to 7.5 faces a second.
        0 | 1 => {
            let speed = (3.3 + 4.2 * chance.f32()) * height * PICTURE[1];
            let turn_deg = if kind == 0 { 10.0 * direction } else { 65.0 * direction };
            let begin = if direction > 0.0 { -50.0 } else { PICTURE[0] + 50.0 };
            let bob = chance.f32() * 6.0;
            let path = move |t: f32| {
                let x = begin + direction * speed * t;
                (-20.0..=PICTURE[0] + 20.0).contains(&x).then_some(At {
                    x,
                    y: y + bob * (t * 12.0).sin(),
                    height,
                    turn_deg,
                })
            };
            (PICTURE[0] / speed + 1.0, Box::new(path))
        }
        2 => {
            let (x, height) = (100.0 + 1_000.0 * chance.f32(), 0.05 + 0.07 * chance.f32());
            (8.0, Box::new(move |t| (t < 8.0).then_some(at(x + 3.0 * t, height))))
        }
        _ => {
            let (x, turn_deg) = (100.0 + 1_000.0 * chance.f32(), direction * (40.0 + 40.0 * chance.f32()));
            (6.0, Box::new(move |t| (t < 6.0).then_some(At { turn_deg, ..at(x, height) })))
        }
    }
}

#[test]
fn ten_minutes_of_passers_by_begin_no_visit() {
    for seed in 0..5 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut hall = Hall::new();
        let mut people: Vec<(f32, f32, Path)> = Vec::new();
        let mut passed = 0;
        for ms in (0..600_000_u64).step_by(200) {
            let now = ms as f32 / 1_000.0;
            people.retain(|(begin, lasts, _)| now - begin < *lasts);
            if people.len() < 4 && chance.f32() < 0.1 {
                let (lasts, path) = passer_by(&mut chance);
                people.push((now, lasts, path));
                passed += 1;
            }
            let faces: Vec<Face> = people.iter().filter_map(|(begin, _, path)| path(now - begin)).map(face).collect();
            let at = Duration::from_millis(ms);
            hall.tracker.follow(at, &faces);
            let happenings = hall.presence.follow(at, hall.tracker.tracks(), PICTURE);
            hall.happenings.extend(happenings.into_iter().map(|happening| (ms, happening)));
        }
        assert!(passed > 150, "{passed}");
        assert_eq!(hall.visits(), [], "seed {seed}");
        // They were seen all the same.
        assert!(hall.changes().iter().any(|(_, change)| *change == PresenceChange::Approached));
    }
}

proptest! {
    /// Whoever comes and goes, and however: each attends at most once between coming and leaving, and arrivals and
    /// departures of visitors alternate.
    #[test]
    fn comings_and_goings_are_told_in_order(people in prop::collection::vec(
        (0.0_f32..20.0, 1.0_f32..15.0, 0.0_f32..1280.0, -150.0_f32..150.0, 0.04_f32..0.4, -70.0_f32..70.0), 1..6)) {
        let mut hall = Hall::new();
        let paths: Vec<Path> = people.into_iter().map(|(begin, lasts, x, speed, height, turn_deg)| {
            let path = move |t: f32| (t >= begin && t < begin + lasts)
                .then_some(At { turn_deg, ..at(x + speed * (t - begin), height) });
            Box::new(path) as Path
        }).collect();
        hall.look(0, 45_000, &paths);
        let mut states = std::collections::BTreeMap::new();
        for (track, change) in hall.changes() {
            let before = states.insert(track, change);
            let is_right = match change {
                PresenceChange::Approached => before.is_none() || before == Some(PresenceChange::Left),
                PresenceChange::Attending => before == Some(PresenceChange::Approached),
                PresenceChange::Left => before.is_some_and(|before| before != PresenceChange::Left),
            };
            prop_assert!(is_right, "{:?}", hall.happenings);
        }
        prop_assert!(states.values().all(|change| *change == PresenceChange::Left));
        let visits = hall.visits();
        for (index, (_, happening)) in visits.iter().enumerate() {
            prop_assert_eq!(matches!(happening, Happening::VisitorArrived(_)), index % 2 == 0);
        }
        prop_assert_eq!(visits.len() % 2, 0);
    }
}
