//! Who a track is: decided by votes of several pictures, never by one.
//!
//! Each good picture of the face votes for the person it resembles most, or for nobody, with a weight of its size and
//! sharpness. A person is known when enough pictures say so, they outweigh the others, and the face is alive. It is
//! decided once; who is unknown is asked again only when a much better picture or a long time gives a reason, and not
//! for ever. Pure: pictures are read elsewhere, time is handed in.

use std::{collections::HashMap, time::Duration};

use super::{Liveness, LivenessTrack, Match, QualityMeasures};
use crate::event::{TrackId, VisitorId};

/// What decides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Similarity from which two faces are the same person, −1..1.
    pub threshold: f32,
    /// How much more similar than the second best person.
    pub margin: f32,
    /// Pictures that must agree.
    pub votes: u32,
    /// Probability of a person, over several pictures, from which a face is alive; `None`: not checked.
    pub liveness: Option<f32>,
}

/// A face of this size has full weight, pixels: the recogniser sees 112.
const FULL_SIZE_PX: f32 = 112.0;

/// The weight of a picture without sharpness.
const BLURRED_WEIGHT: f32 = 0.25;

/// Pictures after which a track that has not become known is unknown, in multiples of `votes`.
const UNKNOWN_AFTER: u32 = 2;

/// Only pictures of this weight on average show so soon that somebody is nobody on record: a small face resembles
/// nobody well.
const CLEAR_WEIGHT: f32 = 0.4;

/// The part of the weight that a person needs.
const MAJORITY: f32 = 0.6;

/// An unknown face is asked again when a picture is so much better than the best before, and not before this time,
/// or after this longer time in any case, and so often at most.
const BETTER_BY: f32 = 1.8;
const BETTER_AFTER: Duration = Duration::from_secs(1);
const ANYWAY_AFTER: Duration = Duration::from_secs(30);
const ASKED_AGAIN_AT_MOST: u32 = 4;

/// One picture of a face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vote {
    /// The person it resembles most; `None`: the gallery is empty.
    pub best: Option<Match>,
    /// Whether it is a person; `None`: not checked.
    pub liveness: Option<Liveness>,
    /// What the picture is worth ([`weight`]).
    pub weight: f32,
}

/// What a picture of a face is worth, 0..=1.
#[must_use]
pub fn weight(measures: &QualityMeasures) -> f32 {
    let size = (measures.face_px / FULL_SIZE_PX).clamp(0.05, 1.0);
    size * (BLURRED_WEIGHT + (1.0 - BLURRED_WEIGHT) * measures.sharpness.clamp(0.0, 1.0))
}

/// Who somebody is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decision {
    /// `None`: nobody on record, or it cannot be said, or the face is not alive.
    pub visitor: Option<VisitorId>,
    /// The weighted mean similarity to that person, or to the most similar one, −1..1.
    pub score: f32,
    /// The weighted mean of how much more similar than the second best.
    pub margin: f32,
    /// How many pictures voted.
    pub votes: u32,
    /// Whether liveness was what was missing.
    pub is_alive: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Asking,
    Known(VisitorId),
    Unknown {
        since: Duration,
    },
    /// "That is not me": not asked again.
    Denied,
}

#[derive(Debug, Clone)]
struct Case {
    state: State,
    votes: Vec<Vote>,
    liveness: Option<LivenessTrack>,
    best_weight: f32,
    asked_again: u32,
    was_told: bool,
}

impl Case {
    fn new(settings: &Settings) -> Self {
        Self {
            state: State::Asking,
            votes: Vec::new(),
            liveness: settings.liveness.map(LivenessTrack::new),
            best_weight: 0.0,
            asked_again: 0,
            was_told: false,
        }
    }
}

/// The identities of all tracks.
#[derive(Debug, Clone)]
pub struct Identities {
    settings: Settings,
    cases: HashMap<TrackId, Case>,
}

impl Identities {
    /// Nobody is known yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, cases: HashMap::new() }
    }

    /// Whether a picture of this track is wanted that would have about this weight.
    #[must_use]
    pub fn wants(&self, track: TrackId, weight: f32, now: Duration) -> bool {
        let Some(case) = self.cases.get(&track) else { return true };
        match case.state {
            State::Asking => true,
            State::Known(_) | State::Denied => false,
            State::Unknown { since } => {
                let waited = now.saturating_sub(since);
                case.asked_again < ASKED_AGAIN_AT_MOST
                    && (waited >= ANYWAY_AFTER || (waited >= BETTER_AFTER && weight >= case.best_weight * BETTER_BY))
            }
        }
    }

    /// Whether it is still being found out who this is.
    #[must_use]
    pub fn is_asking(&self, track: TrackId) -> bool {
        self.cases.get(&track).is_none_or(|case| case.state == State::Asking)
    }

    /// Takes a picture's vote. Gives the decision when it falls: once for each track, and again only if an unknown face
    /// turns out to be known.
    pub fn vote(&mut self, track: TrackId, vote: Vote, now: Duration) -> Option<Decision> {
        let settings = self.settings;
        let case = self.cases.entry(track).or_insert_with(|| Case::new(&settings));
        match case.state {
            State::Known(_) | State::Denied => return None,
            State::Unknown { .. } => {
                case.asked_again += 1;
                case.votes.clear();
                case.state = State::Asking;
            }
            State::Asking => {}
        }
        case.best_weight = case.best_weight.max(vote.weight);
        case.votes.push(vote);
        if let Some((track, liveness)) = case.liveness.as_mut().zip(vote.liveness) {
            track.add(liveness);
        }
        let alive = match &case.liveness {
            Some(track) => track.verdict().map(|verdict| verdict.is_live),
            None => Some(true),
        };
        let decision = decide(&case.votes, alive, &settings)?;
        case.state = match decision.visitor {
            Some(visitor) => State::Known(visitor),
            None => State::Unknown { since: now },
        };
        case.votes.clear();
        let is_news = decision.visitor.is_some() || !case.was_told;
        case.was_told = true;
        is_news.then_some(decision)
    }

    /// Who this is, if it is known.
    #[must_use]
    pub fn known(&self, track: TrackId) -> Option<VisitorId> {
        match self.cases.get(&track)?.state {
            State::Known(visitor) => Some(visitor),
            State::Asking | State::Unknown { .. } | State::Denied => None,
        }
    }

    /// "That is not me": this track is nobody, and stays so.
    pub fn deny(&mut self, track: TrackId) {
        let settings = self.settings;
        self.cases.entry(track).or_insert_with(|| Case::new(&settings)).state = State::Denied;
    }

    /// Whoever is not among these tracks is forgotten.
    pub fn keep(&mut self, tracks: &[TrackId]) {
        self.cases.retain(|track, _| tracks.contains(track));
    }

    /// The gallery has changed: everybody but those who said no is asked anew.
    pub fn ask_anew(&mut self) {
        self.cases.retain(|_, case| case.state == State::Denied);
    }
}

/// The decision, if the votes suffice for one. `alive`: what is known of the face's liveness so far.
fn decide(votes: &[Vote], alive: Option<bool>, settings: &Settings) -> Option<Decision> {
    let is_match = |best: &Match| best.score >= settings.threshold && best.margin >= settings.margin;
    let count = u32::try_from(votes.len()).unwrap_or(u32::MAX);
    let needed = settings.votes.max(1);
    if count < needed {
        return None;
    }
    let all: f32 = votes.iter().map(|vote| vote.weight).sum();
    // For each person: weight of the pictures that say so, and their number.
    let mut people: HashMap<VisitorId, (f32, u32)> = HashMap::new();
    for vote in votes {
        if let Some(best) = vote.best.as_ref().filter(|best| is_match(best)) {
            let (weight, count) = people.entry(best.visitor).or_default();
            *weight += vote.weight;
            *count += 1;
        }
    }
    let leading = people.into_iter().max_by(|a, b| a.1.0.total_cmp(&b.1.0));
    let mut is_alive = true;
    if let Some((visitor, (weight, agreeing))) = leading
        && agreeing >= needed
        && weight >= MAJORITY * all
    {
        if alive == Some(true) {
            return Some(decision(votes, Some(visitor), count, true));
        }
        is_alive = alive.is_none();
    }
    // Undecided for so long is unknown: a greeting by a wrong name is worse than none.
    let is_clear = all >= CLEAR_WEIGHT * count as f32 && no_match_at_all(votes, is_match);
    (count >= needed.saturating_mul(UNKNOWN_AFTER) || is_clear).then(|| decision(votes, None, count, is_alive))
}

fn no_match_at_all(votes: &[Vote], is_match: impl Fn(&Match) -> bool) -> bool {
    !votes.iter().any(|vote| vote.best.as_ref().is_some_and(&is_match))
}

fn decision(votes: &[Vote], visitor: Option<VisitorId>, count: u32, is_alive: bool) -> Decision {
    let (mut weights, mut score, mut margin) = (0.0, 0.0, 0.0);
    for vote in votes {
        if let Some(best) = vote.best.filter(|best| visitor.is_none_or(|visitor| best.visitor == visitor)) {
            weights += vote.weight;
            score += vote.weight * best.score;
            margin += vote.weight * best.margin;
        }
    }
    let mean = |sum: f32| if weights > 0.0 { sum / weights } else { 0.0 };
    Decision { visitor, score: mean(score), margin: mean(margin), votes: count, is_alive }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const TRACK: TrackId = TrackId(1);
    const SETTINGS: Settings = Settings { threshold: 0.32, margin: 0.05, votes: 3, liveness: Some(0.5) };

    fn somebody(n: u128) -> VisitorId {
        VisitorId(uuid::Uuid::from_u128(n))
    }

    fn looks_like(visitor: VisitorId, score: f32) -> Vote {
        let liveness = Some(Liveness { score: 0.9, is_live: true });
        Vote { best: Some(Match { visitor, score, margin: 0.2 }), liveness, weight: 0.5 }
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Votes five times a second until a decision falls; gives it.
    fn ask(identities: &mut Identities, votes: &[Vote]) -> Option<Decision> {
        votes.iter().zip(0..).find_map(|(vote, n)| identities.vote(TRACK, *vote, ms(200 * n)))
    }

    #[test]
    fn a_person_is_known_when_enough_pictures_agree_and_not_before() {
        let mut identities = Identities::new(SETTINGS);
        let sara = somebody(1);
        assert_eq!(ask(&mut identities, &[looks_like(sara, 0.6), looks_like(sara, 0.5)]), None);
        assert!(identities.is_asking(TRACK));
        let decision = identities.vote(TRACK, looks_like(sara, 0.4), ms(400)).unwrap();
        assert_eq!((decision.visitor, decision.votes), (Some(sara), 3));
        assert!((decision.score - 0.5).abs() < 1e-6);
        assert!(!identities.wants(TRACK, 1.0, ms(60_000)), "a known face is not read again");
    }

    #[test]
    fn one_picture_of_somebody_else_does_not_sway_and_neither_does_a_blurred_one() {
        let (sara, omar) = (somebody(1), somebody(2));
        let mut identities = Identities::new(SETTINGS);
        let blurred = Vote { weight: 0.05, ..looks_like(omar, 0.4) };
        let decision =
            ask(&mut identities, &[looks_like(sara, 0.6), blurred, looks_like(sara, 0.6), looks_like(sara, 0.6)]);
        assert_eq!(decision.unwrap().visitor, Some(sara));
    }

    #[test]
    fn who_resembles_two_people_alike_is_unknown() {
        let votes: Vec<Vote> = (0..6)
            .map(|n| Vote {
                best: Some(Match { visitor: somebody(n % 2), score: 0.5, margin: 0.01 }),
                ..looks_like(somebody(1), 0.0)
            })
            .collect();
        let decision = ask(&mut Identities::new(SETTINGS), &votes).unwrap();
        assert_eq!(decision.visitor, None);
        assert!((decision.margin - 0.01).abs() < 1e-6);
    }

    #[test]
    fn a_photo_of_a_known_person_is_greeted_by_no_name() {
        let photo = Vote { liveness: Some(Liveness { score: 0.1, is_live: false }), ..looks_like(somebody(1), 0.8) };
        let decision = ask(&mut Identities::new(SETTINGS), &[photo; 6]).unwrap();
        assert_eq!((decision.visitor, decision.is_alive), (None, false));
        // One bad verdict among good ones is the model's, not the person's.
        let alive = looks_like(somebody(1), 0.8);
        let decision = ask(&mut Identities::new(SETTINGS), &[alive, photo, alive]).unwrap();
        assert_eq!(decision.visitor, Some(somebody(1)));
    }

    #[test]
    fn an_unknown_face_is_told_once_and_asked_again_only_for_a_reason_and_not_for_ever() {
        let nobody = Vote { weight: 0.45, ..looks_like(somebody(1), 0.1) };
        let mut identities = Identities::new(SETTINGS);
        assert_eq!(ask(&mut identities, &[nobody; 3]).unwrap().visitor, None);
        assert!(!identities.wants(TRACK, 0.45, ms(5_000)));
        assert!(!identities.wants(TRACK, 0.9, ms(1_000)));
        assert!(identities.wants(TRACK, 0.9, ms(3_000)), "a much better picture");
        let mut now = ms(1_000);
        let mut asked = 0;
        for _ in 0..10_000 {
            now += ms(200);
            if identities.wants(TRACK, 0.45, now) {
                asked += 1;
                assert_eq!(identities.vote(TRACK, nobody, now), None, "it is no news");
            }
        }
        assert!((3..=20).contains(&asked), "{asked}");
    }

    #[test]
    fn an_unknown_face_that_comes_nearer_becomes_known() {
        let sara = somebody(1);
        let mut identities = Identities::new(SETTINGS);
        let far = Vote { weight: 0.1, ..looks_like(sara, 0.2) };
        assert_eq!(ask(&mut identities, &[far; 5]), None, "too small to be sure");
        assert_eq!(identities.vote(TRACK, far, ms(1_000)).unwrap().visitor, None);
        let near = Vote { weight: 0.8, ..looks_like(sara, 0.7) };
        assert!(identities.wants(TRACK, near.weight, ms(4_000)));
        let decision = (0..3).find_map(|n| identities.vote(TRACK, near, ms(4_000 + 200 * n)));
        assert_eq!(decision.unwrap().visitor, Some(sara));
    }

    #[test]
    fn who_said_that_it_is_not_them_is_not_asked_again() {
        let mut identities = Identities::new(SETTINGS);
        ask(&mut identities, &[looks_like(somebody(1), 0.8); 3]).unwrap();
        identities.deny(TRACK);
        assert_eq!(identities.known(TRACK), None);
        assert!(!identities.wants(TRACK, 1.0, ms(600_000)));
        identities.ask_anew();
        assert!(!identities.wants(TRACK, 1.0, ms(600_000)));
    }

    #[test]
    fn a_large_sharp_face_weighs_more_than_a_small_or_blurred_one() {
        let measures = |face_px, sharpness| QualityMeasures { face_px, sharpness, ..QualityMeasures::default() };
        assert!(weight(&measures(112.0, 1.0)) > weight(&measures(50.0, 1.0)));
        assert!(weight(&measures(112.0, 1.0)) > weight(&measures(112.0, 0.1)));
        assert!(weight(&measures(0.0, 0.0)) > 0.0);
    }
}
