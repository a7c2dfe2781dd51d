//! Tracks → who comes, who wants to talk, who has left; and who of them is the visitor. Pure: time is handed in.
//!
//! Somebody attends who is near, looks at the kiosk and stands (or comes straight on) for long enough; each of it alone
//! is a passer-by. Once they attend, only distance or absence ends it: a look aside and a hand before the face do not.
//! The visitor is the nearest of those who attend, and stays the visitor until they leave, whoever else is nearer.

use std::{collections::VecDeque, time::Duration};

use super::{Face, Track, pose::Pose};
use crate::{
    config,
    event::{PresenceChange, SeenVisitor, Sight, TrackId},
};

/// A face must have been this tall for so many pictures to have approached: one picture proves nothing.
const APPROACHED_PICTURES: u32 = 2;

/// Somebody is still counted as near when the last picture that showed them is no older than this.
const NEAR_FOR: Duration = Duration::from_millis(1_500);

/// A look aside for so long begins the wait anew; a shorter one is the detector's.
const LOOK_ASIDE: Duration = Duration::from_millis(450);

/// Over which time a sideways motion is measured.
const MOTION_OVER: Duration = Duration::from_millis(600);

/// What became of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A step of somebody's coming and going.
    Changed(TrackId, PresenceChange),
    /// There is a visitor.
    VisitorArrived(TrackId),
    /// The visitor has left.
    VisitorLeft(TrackId),
}

/// One person.
#[derive(Debug, Clone)]
struct Person {
    track: TrackId,
    /// The face as a part of the picture: its middle, its height.
    centre: [f32; 2],
    height: f32,
    turn_deg: f32,
    last_seen: Duration,
    last_near: Duration,
    last_ready: Duration,
    ready_since: Option<Duration>,
    tall_pictures: u32,
    has_approached: bool,
    attends: bool,
    /// Where the face was of late: time, middle in picture heights.
    path: VecDeque<(Duration, f32)>,
}

/// Everybody who is there.
#[derive(Debug, Clone)]
pub struct Presence {
    settings: config::Presence,
    people: Vec<Person>,
    visitor: Option<TrackId>,
    now: Duration,
}

impl Presence {
    /// Nobody is there.
    #[must_use]
    pub fn new(settings: config::Presence) -> Self {
        Self { settings, people: Vec::new(), visitor: None, now: Duration::ZERO }
    }

    /// Takes the tracks after the picture taken at `at`, which is `width` × `height` pixels. Pictures come in order.
    pub fn follow(&mut self, at: Duration, tracks: &[Track], [width, height]: [f32; 2]) -> Vec<Happening> {
        self.now = at;
        let mut happenings = Vec::new();
        for track in tracks.iter().filter(|track| track.is_in_picture(at)) {
            let looked = Look::of(&track.face, [width.max(1.0), height.max(1.0)]);
            let index = self.people.iter().position(|person| person.track == track.id).unwrap_or_else(|| {
                self.people.push(Person::new(track.id, at));
                self.people.len() - 1
            });
            if let Some(person) = self.people.get_mut(index) {
                person.see(at, looked, &self.settings);
                happenings.extend(person.changes(&self.settings).map(|change| Happening::Changed(track.id, change)));
            }
        }
        self.let_go(&mut happenings);
        self.choose(&mut happenings);
        happenings
    }

    /// What the kiosk shows of it; `mouth_motion` is the visitor's.
    #[must_use]
    pub fn sight(&self, mouth_motion: f32) -> Sight {
        let visitor = self.subject().map(|person| SeenVisitor {
            track: person.track,
            centre: person.centre,
            height: person.height,
            is_attending: Some(person.track) == self.visitor,
            mouth_motion,
        });
        let is_near = |person: &&Person| person.has_approached && self.now.saturating_sub(person.last_seen) <= NEAR_FOR;
        let people_near = self.people.iter().filter(is_near).count();
        Sight { is_seeing: true, people_near: u32::try_from(people_near).unwrap_or(u32::MAX), visitor }
    }

    /// The visitor, or else the one who is nearest of those who approach.
    #[must_use]
    pub fn watched(&self) -> Option<TrackId> {
        self.subject().map(|person| person.track)
    }

    /// The visitor.
    #[must_use]
    pub fn visitor(&self) -> Option<TrackId> {
        self.visitor
    }

    /// Nobody is there any more: the camera is used for something else.
    pub fn clear(&mut self) -> Vec<Happening> {
        let mut happenings: Vec<Happening> = self.people.drain(..).filter_map(|person| person.leaves()).collect();
        happenings.extend(self.visitor.take().map(Happening::VisitorLeft));
        happenings
    }

    /// A recording is over: who was not in its last picture has left.
    pub fn end(&mut self) -> Vec<Happening> {
        let (now, mut happenings) = (self.now, Vec::new());
        for person in self.people.extract_if(.., |person| person.last_seen < now) {
            happenings.extend(person.leaves());
            happenings.extend(self.visitor.take_if(|own| *own == person.track).map(Happening::VisitorLeft));
        }
        happenings
    }

    /// When the newest picture was taken.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The face of `old` is somebody else's: `old` has left.
    pub fn replace(&mut self, old: TrackId) -> Vec<Happening> {
        let gone = self.people.extract_if(.., |person| person.track == old);
        let mut happenings: Vec<Happening> = gone.filter_map(|person| person.leaves()).collect();
        happenings.extend(self.visitor.take_if(|visitor| *visitor == old).map(Happening::VisitorLeft));
        happenings
    }

    fn subject(&self) -> Option<&Person> {
        let visitor = self.people.iter().find(|person| Some(person.track) == self.visitor);
        visitor.or_else(|| {
            let near =
                |person: &&Person| person.has_approached && self.now.saturating_sub(person.last_seen) <= NEAR_FOR;
            self.people.iter().filter(near).max_by(|a, b| a.height.total_cmp(&b.height))
        })
    }

    fn let_go(&mut self, happenings: &mut Vec<Happening>) {
        let patience = Duration::from_millis(self.settings.left_after_ms);
        let now = self.now;
        for person in self.people.extract_if(.., |person| now.saturating_sub(person.last_near) >= patience) {
            happenings.extend(person.leaves());
            happenings.extend(self.visitor.take_if(|own| *own == person.track).map(Happening::VisitorLeft));
        }
    }

    fn choose(&mut self, happenings: &mut Vec<Happening>) {
        if self.visitor.is_some() {
            return;
        }
        let attending = self.people.iter().filter(|person| person.attends && person.last_seen == self.now);
        // Who looks at the kiosk goes before who is nearer and looks elsewhere.
        let key = |person: &&Person| (person.turn_deg <= self.settings.attend_turn_deg, person.height);
        let best = attending.max_by(|a, b| {
            let ((a_frontal, a_height), (b_frontal, b_height)) = (key(a), key(b));
            a_frontal.cmp(&b_frontal).then(a_height.total_cmp(&b_height))
        });
        if let Some(track) = best.map(|person| person.track) {
            self.visitor = Some(track);
            happenings.push(Happening::VisitorArrived(track));
        }
    }
}

/// One look at a face, as parts of the picture.
#[derive(Debug, Clone, Copy)]
struct Look {
    centre: [f32; 2],
    /// The middle's place from the left edge, in heights of the picture: sideways motion is compared with face heights.
    across: f32,
    height: f32,
    turn_deg: f32,
}

impl Look {
    fn of(face: &Face, [width, height]: [f32; 2]) -> Self {
        let [x, y] = face.bounds.centre();
        Self {
            centre: [(x / width).clamp(0.0, 1.0), (y / height).clamp(0.0, 1.0)],
            across: x / height,
            height: face.bounds.height / height,
            turn_deg: Pose::of(face).yaw_deg.abs(),
        }
    }
}

impl Person {
    fn new(track: TrackId, at: Duration) -> Self {
        Self {
            track,
            centre: [0.5; 2],
            height: 0.0,
            turn_deg: 90.0,
            last_seen: at,
            last_near: at,
            last_ready: at,
            ready_since: None,
            tall_pictures: 0,
            has_approached: false,
            attends: false,
            path: VecDeque::new(),
        }
    }

    fn see(&mut self, at: Duration, look: Look, settings: &config::Presence) {
        self.centre = look.centre;
        self.height = look.height;
        self.turn_deg = look.turn_deg;
        self.last_seen = at;
        let keep = settings.keep_factor * if self.attends { settings.attend_height } else { settings.approach_height };
        if look.height >= keep {
            self.last_near = at;
        }
        self.tall_pictures = if look.height >= settings.approach_height { self.tall_pictures + 1 } else { 0 };
        let goes_by = self.goes_by(at, look, settings);
        let is_ready = look.height >= settings.attend_height && look.turn_deg <= settings.attend_turn_deg && !goes_by;
        if is_ready {
            self.ready_since =
                self.ready_since.filter(|_| at.saturating_sub(self.last_ready) <= LOOK_ASIDE).or(Some(at));
            self.last_ready = at;
        } else if goes_by || at.saturating_sub(self.last_ready) > LOOK_ASIDE {
            self.ready_since = None;
        }
    }

    /// Whether the face goes sideways as that of somebody who walks past.
    fn goes_by(&mut self, at: Duration, look: Look, settings: &config::Presence) -> bool {
        while self.path.front().is_some_and(|(then, _)| at.saturating_sub(*then) > MOTION_OVER) {
            self.path.pop_front();
        }
        let gone = self.path.front().map_or(0.0, |(then, across)| {
            // Not over less than this: the detector's boxes tremble by a tenth of a face.
            let seconds = at.saturating_sub(*then).as_secs_f32().max(0.4);
            (look.across - across).abs() / look.height.max(0.01) / seconds
        });
        self.path.push_back((at, look.across));
        gone > settings.attend_speed
    }

    fn changes(&mut self, settings: &config::Presence) -> impl Iterator<Item = PresenceChange> + use<> {
        let approaches = !self.has_approached && self.tall_pictures >= APPROACHED_PICTURES;
        self.has_approached |= approaches;
        let patience = Duration::from_millis(settings.attend_after_ms);
        let waited = self.ready_since.is_some_and(|since| self.last_seen.saturating_sub(since) >= patience);
        let attends = self.has_approached && !self.attends && waited && self.last_ready == self.last_seen;
        self.attends |= attends;
        [(approaches, PresenceChange::Approached), (attends, PresenceChange::Attending)]
            .into_iter()
            .filter_map(|(happened, change)| happened.then_some(change))
    }

    /// Only who has come can leave.
    fn leaves(&self) -> Option<Happening> {
        self.has_approached.then_some(Happening::Changed(self.track, PresenceChange::Left))
    }
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
