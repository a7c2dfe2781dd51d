//! Recognition under way: which picture of which face is read, and what that leads to.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;

use crate::{
    camera::Frame,
    config,
    event::{KnownVisitor, TrackId, VisitorId},
    vision::{
        Face, FaceReading, Faces, Gallery, KnownPeople, Match, QualityMeasures, Track, VisionError,
        identity::{self, Decision, Identities, Vote},
        pose::Pose,
    },
};

/// After a picture that was too bad to vote the next one is not tried at once: it costs as much as a good one.
const BAD_PICTURE_REST: Duration = Duration::from_millis(500);

/// A known face that was out of sight for so long is looked at again: it may be another's.
const VERIFIED_AFTER: Duration = Duration::from_millis(1_200);
/// So many pictures must say that it is.
const ANOTHERS: u32 = 2;
/// The part of the threshold below which a known face has become another's.
const STILL_THEM: f32 = 0.7;

/// Whom to recognise, and when.
pub struct Recognition {
    /// The people who agreed to be known; replaced as a whole when they change.
    pub gallery: Arc<ArcSwap<Gallery>>,
    /// Who they are.
    pub people: Arc<dyn KnownPeople>,
    /// What decides.
    pub settings: identity::Settings,
}

/// What a picture led to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum News {
    /// It is decided who it is.
    Decided(Decision),
    /// The face is another's now.
    IsAnother,
}

pub(super) struct Knowing {
    parts: Recognition,
    identities: Identities,
    min_face_px: f32,
    max_turn_deg: f32,
    /// Who said "that is not me" in this visit.
    denied: Vec<VisitorId>,
    rest_until: Duration,
    /// When each known face was seen last.
    seen: Vec<(TrackId, Duration)>,
    /// A known face that was out of sight, and how many pictures say that it is another's now.
    verifying: Option<(TrackId, u32)>,
    gallery: Arc<Gallery>,
}

impl Knowing {
    pub(super) fn new(parts: Recognition, vision: &config::Vision) -> Self {
        Self {
            identities: Identities::new(parts.settings),
            gallery: parts.gallery.load_full(),
            parts,
            min_face_px: vision.min_face_px as f32,
            max_turn_deg: vision.max_turn_deg,
            denied: Vec::new(),
            rest_until: Duration::ZERO,
            seen: Vec::new(),
            verifying: None,
        }
    }

    /// Takes the tracks as they are now; who is gone is forgotten.
    pub(super) fn follow(&mut self, tracks: &[Track]) {
        let gallery = self.parts.gallery.load_full();
        if !Arc::ptr_eq(&gallery, &self.gallery) {
            self.gallery = gallery;
            self.identities.ask_anew();
            self.verifying = None;
        }
        let ids: Vec<TrackId> = tracks.iter().map(|track| track.id).collect();
        self.identities.keep(&ids);
        for track in tracks {
            let before = self.seen.iter().find(|(id, _)| *id == track.id).map(|(_, at)| *at);
            let was_away = before.is_some_and(|before| track.last_seen.saturating_sub(before) >= VERIFIED_AFTER);
            if was_away && self.identities.known(track.id).is_some() {
                self.verifying = Some((track.id, 0));
            }
        }
        self.seen = tracks.iter().map(|track| (track.id, track.last_seen)).collect();
    }

    /// Whether it may still turn out who this is.
    pub(super) fn is_asking(&self, track: TrackId) -> bool {
        self.is_on() && self.identities.is_asking(track)
    }

    /// The person on record, if it is known that this is one.
    pub(super) fn person(&self, track: TrackId) -> Option<KnownVisitor> {
        let visitor = self.identities.known(track)?;
        self.parts.people.known(visitor)
    }

    pub(super) fn deny(&mut self, visitor: VisitorId) {
        self.denied.push(visitor);
        for (track, _) in &self.seen {
            if self.identities.known(*track) == Some(visitor) {
                self.identities.deny(*track);
            }
        }
        self.verifying = None;
    }

    pub(super) fn end_visit(&mut self) {
        self.denied.clear();
    }

    /// Reads the face if there is a reason to.
    pub(super) fn look(
        &mut self,
        track: TrackId,
        face: &Face,
        frame: &Frame,
        faces: &mut dyn Faces,
    ) -> Result<Option<News>, VisionError> {
        let face_px = face.bounds.width.min(face.bounds.height);
        let best_weight = identity::weight(&QualityMeasures { face_px, sharpness: 1.0, ..QualityMeasures::default() });
        let is_verifying = self.verifying.is_some_and(|(own, _)| own == track);
        let has_reason = is_verifying || self.identities.wants(track, best_weight, frame.at);
        let may_do = face_px >= self.min_face_px && Pose::of(face).yaw_deg.abs() <= self.max_turn_deg;
        if !self.is_on() || !has_reason || !may_do || frame.at < self.rest_until {
            return Ok(None);
        }
        // Those behind the visitor do not make the visitor's picture a bad one.
        let reading = match faces.read(&frame.picture, face, 1) {
            Err(VisionError::Alignment(_)) => None,
            reading => Some(reading?),
        };
        let Some(reading) = reading.filter(|reading| reading.quality.is_ok()) else {
            self.rest_until = frame.at + BAD_PICTURE_REST;
            return Ok(None);
        };
        let best = self.best_match(&reading);
        if is_verifying {
            return Ok(self.verify(track, best.as_ref()));
        }
        let vote = Vote { best, liveness: reading.liveness, weight: identity::weight(&reading.quality.measures) };
        Ok(self.identities.vote(track, vote, frame.at).map(News::Decided))
    }

    fn is_on(&self) -> bool {
        !self.gallery.is_empty() && self.parts.people.is_recognising()
    }

    fn best_match(&self, reading: &FaceReading) -> Option<Match> {
        // An embedding of another recogniser resembles nobody: the gallery was not made for it.
        let best = self.gallery.search(&reading.embedding).ok().flatten()?;
        (!self.denied.contains(&best.visitor)).then_some(best)
    }

    fn verify(&mut self, track: TrackId, best: Option<&Match>) -> Option<News> {
        let known = self.identities.known(track);
        let is_them = best.is_some_and(|best| {
            Some(best.visitor) == known && best.score >= STILL_THEM * self.parts.settings.threshold
        });
        let anothers = self.verifying.map_or(0, |(_, anothers)| anothers) + 1;
        if is_them {
            self.verifying = None;
            return None;
        }
        self.verifying = (anothers < ANOTHERS).then_some((track, anothers));
        (anothers >= ANOTHERS).then_some(News::IsAnother)
    }
}
