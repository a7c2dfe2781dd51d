//! Faces of successive pictures → tracks: one person's face, followed as long as it is there.
//!
//! Greedy: the likeliest pair first. Faces of one picture are far apart against the way a face goes between two pictures,
//! so that the best assignment and the greedy one are the same, and forty faces cost microseconds.

use std::{collections::HashSet, time::Duration};

use super::{Bounds, Face};
use crate::event::TrackId;

/// How far a face may go in a second, in its own sizes, and how far it may jump at once: a person who walks past at
/// arm's length makes about six.
const SIZES_PER_SECOND: f32 = 6.0;
const SIZES_AT_ONCE: f32 = 0.7;
const SIZES_AT_MOST: f32 = 2.5;

/// How much larger or smaller a face may become between two pictures: the detector's boxes breathe.
const GROWTH_AT_MOST: f32 = 1.8;

/// A motion is only carried on for this long: who cannot be seen may as well have stopped.
const MOTION_KEPT: Duration = Duration::from_millis(600);

/// How much of the newest motion goes into the remembered one.
const MOTION_WEIGHT: f32 = 0.6;

/// One person's face, followed from picture to picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Which. Never used again.
    pub id: TrackId,
    /// The face as it was seen last.
    pub face: Face,
    /// When it was seen first.
    pub first_seen: Duration,
    /// When it was seen last.
    pub last_seen: Duration,
    /// In how many pictures it was seen.
    pub pictures: u32,
    /// How it moves, pixels a second.
    velocity: [f32; 2],
}

impl Track {
    /// Whether it was in the picture taken at `at`.
    #[must_use]
    pub fn is_in_picture(&self, at: Duration) -> bool {
        self.last_seen == at
    }

    fn begin(id: TrackId, face: Face, at: Duration) -> Self {
        Self { id, face, first_seen: at, last_seen: at, pictures: 1, velocity: [0.0; 2] }
    }

    /// Where the middle of the face should be.
    fn expected_centre(&self, at: Duration) -> [f32; 2] {
        let seconds = at.saturating_sub(self.last_seen).min(MOTION_KEPT).as_secs_f32();
        let ([x, y], [vx, vy]) = (self.face.bounds.centre(), self.velocity);
        [x + vx * seconds, y + vy * seconds]
    }

    /// How unlikely it is that `bounds` is this face, 0 (sure) up; `None`: it is not.
    fn distance(&self, bounds: &Bounds, at: Duration) -> Option<f32> {
        let seconds = at.saturating_sub(self.last_seen).as_secs_f32();
        let (own, other) = (size(&self.face.bounds), size(bounds));
        let reach = (SIZES_AT_ONCE + SIZES_PER_SECOND * seconds).min(SIZES_AT_MOST);
        let ([x, y], [expected_x, expected_y]) = (bounds.centre(), self.expected_centre(at));
        let away = (x - expected_x).hypot(y - expected_y) / own.max(other).max(1.0);
        let growth = (own.max(1.0) / other.max(1.0)).max(other.max(1.0) / own.max(1.0));
        (away <= reach && growth <= GROWTH_AT_MOST).then(|| away + growth.ln() + 1.0 - self.face.bounds.overlap(bounds))
    }

    fn follow(&mut self, face: Face, at: Duration) {
        let seconds = at.saturating_sub(self.last_seen).as_secs_f32();
        if seconds > 0.0 {
            let (before, now) = (self.face.bounds.centre(), face.bounds.centre());
            for ((velocity, now), before) in self.velocity.iter_mut().zip(now).zip(before) {
                *velocity += MOTION_WEIGHT * ((now - before) / seconds - *velocity);
            }
        }
        self.face = face;
        self.last_seen = at;
        self.pictures += 1;
    }
}

/// The size of a face, pixels: boxes of one face differ in shape, hardly in area.
fn size(bounds: &Bounds) -> f32 {
    (bounds.width.max(0.0) * bounds.height.max(0.0)).sqrt()
}

/// Follows all faces.
#[derive(Debug, Clone)]
pub struct Tracker {
    tracks: Vec<Track>,
    last: TrackId,
    forget_after: Duration,
}

impl Tracker {
    /// A tracker that has seen nobody. A face may be out of sight for `forget_after` and is still the same.
    #[must_use]
    pub fn new(forget_after: Duration) -> Self {
        Self { tracks: Vec::new(), last: TrackId(0), forget_after }
    }

    /// Takes the faces of the picture taken at `at`. Pictures come in order.
    pub fn follow(&mut self, at: Duration, faces: &[Face]) {
        self.tracks.retain(|track| at.saturating_sub(track.last_seen) <= self.forget_after);
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (track_index, track) in self.tracks.iter().enumerate() {
            for (face_index, face) in faces.iter().enumerate() {
                pairs.extend(track.distance(&face.bounds, at).map(|distance| (distance, track_index, face_index)));
            }
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut tracks_taken, mut faces_taken) = (HashSet::new(), HashSet::new());
        for (_, track_index, face_index) in pairs {
            if tracks_taken.contains(&track_index) || faces_taken.contains(&face_index) {
                continue;
            }
            if let (Some(track), Some(face)) = (self.tracks.get_mut(track_index), faces.get(face_index)) {
                track.follow(*face, at);
                tracks_taken.insert(track_index);
                faces_taken.insert(face_index);
            }
        }
        for face in faces.iter().enumerate().filter(|(index, _)| !faces_taken.contains(index)).map(|(_, face)| face) {
            let id = self.next_id();
            self.tracks.push(Track::begin(id, *face, at));
        }
    }

    /// All tracks, those that are out of sight included.
    #[must_use]
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The face that was `track` turned out to be somebody else's: from now on it has another id.
    pub fn split(&mut self, track: TrackId) -> Option<TrackId> {
        let id = self.next_id();
        let found = self.tracks.iter_mut().find(|own| own.id == track)?;
        *found = Track::begin(id, found.face, found.last_seen);
        Some(id)
    }

    /// Forgets all tracks; their ids are not used again.
    pub fn clear(&mut self) {
        self.tracks.clear();
    }

    fn next_id(&mut self) -> TrackId {
        self.last = self.last.next();
        self.last
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: Duration = Duration::from_millis(200);

    fn face(x: f32, y: f32, size: f32) -> Face {
        let bounds = Bounds { x: x - size / 2.0, y: y - size / 2.0, width: size, height: size };
        Face { bounds, score: 0.9, landmarks: [[x, y]; 5] }
    }

    fn tracker() -> Tracker {
        Tracker::new(Duration::from_secs(4))
    }

    #[test]
    fn a_face_that_moves_and_grows_keeps_its_track() {
        let mut tracker = tracker();
        for step in 0..20_u32 {
            let t = step as f32;
            tracker.follow(FRAME * step, &[face(200.0 + 30.0 * t, 300.0, 60.0 + 5.0 * t)]);
        }
        assert_eq!(tracker.tracks().len(), 1);
        assert_eq!(tracker.tracks()[0].pictures, 20);
    }

    #[test]
    fn two_people_who_cross_keep_their_own_tracks() {
        let mut tracker = tracker();
        let mut last = Vec::new();
        for step in 0..=20_u32 {
            let t = step as f32;
            let (left, right) = (face(200.0 + 40.0 * t, 300.0, 80.0), face(1_000.0 - 40.0 * t, 380.0, 80.0));
            tracker.follow(FRAME * step, &[left, right]);
            last = vec![left, right];
        }
        assert_eq!(tracker.tracks().len(), 2);
        assert_eq!(tracker.tracks()[0].face, last[0]);
        assert_eq!(tracker.tracks()[1].face, last[1]);
    }

    #[test]
    fn a_hand_before_the_face_does_not_end_its_track_and_a_long_absence_does() {
        let mut tracker = tracker();
        tracker.follow(Duration::ZERO, &[face(500.0, 300.0, 120.0)]);
        let id = tracker.tracks()[0].id;
        for step in 1..10 {
            tracker.follow(FRAME * step, &[]);
        }
        tracker.follow(FRAME * 10, &[face(530.0, 310.0, 125.0)]);
        assert_eq!(tracker.tracks()[0].id, id);
        tracker.follow(FRAME * 40, &[face(530.0, 310.0, 125.0)]);
        assert_ne!(tracker.tracks()[0].id, id);
    }

    #[test]
    fn a_face_elsewhere_or_of_another_size_is_another_person() {
        let mut tracker = tracker();
        tracker.follow(Duration::ZERO, &[face(200.0, 300.0, 80.0)]);
        tracker.follow(FRAME, &[face(900.0, 300.0, 80.0)]);
        tracker.follow(FRAME * 2, &[face(905.0, 300.0, 200.0)]);
        let mut ids: Vec<TrackId> = tracker.tracks().iter().map(|track| track.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn forty_faces_keep_forty_tracks() {
        let mut tracker = tracker();
        let crowd = |step: u32| -> Vec<Face> {
            let t = step as f32;
            (0..40_u8)
                .map(|n| face(60.0 + 120.0 * f32::from(n % 10) + 8.0 * t, 60.0 + 110.0 * f32::from(n / 10), 50.0))
                .collect()
        };
        for step in 0..30 {
            tracker.follow(FRAME * step, &crowd(step));
        }
        assert_eq!(tracker.tracks().len(), 40);
        assert!(tracker.tracks().iter().all(|track| track.pictures == 30));
    }

    #[test]
    fn a_split_track_goes_on_under_another_id() {
        let mut tracker = tracker();
        tracker.follow(Duration::ZERO, &[face(200.0, 300.0, 80.0)]);
        let old = tracker.tracks()[0].id;
        let new = tracker.split(old).unwrap();
        tracker.follow(FRAME, &[face(204.0, 300.0, 80.0)]);
        assert_ne!(old, new);
        assert_eq!(tracker.tracks()[0].id, new);
        assert_eq!(tracker.split(old), None);
    }

    proptest! {
        #[test]
        fn ids_are_never_shared_or_used_again(pictures in prop::collection::vec(
            prop::collection::vec((0.0_f32..1280.0, 0.0_f32..720.0, 20.0_f32..300.0), 0..8), 1..40)) {
            let mut tracker = Tracker::new(Duration::from_secs(1));
            let mut gone: HashSet<TrackId> = HashSet::new();
            let mut before: HashSet<TrackId> = HashSet::new();
            for (step, faces) in pictures.iter().enumerate() {
                let faces: Vec<Face> = faces.iter().map(|(x, y, size)| face(*x, *y, *size)).collect();
                let at = FRAME * step as u32;
                tracker.follow(at, &faces);
                let now: HashSet<TrackId> = tracker.tracks().iter().map(|track| track.id).collect();
                prop_assert_eq!(now.len(), tracker.tracks().len());
                prop_assert!(now.is_disjoint(&gone));
                gone.extend(before.difference(&now));
                prop_assert_eq!(tracker.tracks().iter().filter(|track| track.is_in_picture(at)).count(), faces.len());
                before = now;
            }
        }
    }
}
