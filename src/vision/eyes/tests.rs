//! Eyes on scripted faces in virtual time: what reaches the conversation, the window and the report.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
use image::RgbImage;

use super::*;
use crate::{
    clock::ManualClock,
    event::{KnownVisitor, Language, PresenceChange, Subscription, VisitorId},
    vision::{Bounds, Embedding, FaceReading, Gallery, KnownPeople, Liveness, Quality, QualityMeasures, identity},
};

/// What the next pictures show. The last one stays.
#[derive(Clone, Default)]
struct Script {
    /// Heights of the face, parts of the picture's; empty: nobody.
    faces: Arc<Mutex<Vec<f32>>>,
    /// The one whose face it is: index of the embedding's number that is 1.
    person: Arc<Mutex<usize>>,
    is_live: Arc<Mutex<bool>>,
    fails: Arc<Mutex<bool>>,
    /// Faces read so far.
    read: Arc<Mutex<u32>>,
}

struct ScriptedFaces(Script);

fn embedding(person: usize) -> Embedding {
    let mut numbers = vec![0.01; 8];
    numbers[person] = 1.0;
    Embedding::normalised(numbers).unwrap()
}

fn frontal(height: f32, x: f32) -> Face {
    let (height, y) = (height * 720.0, 330.0);
    let width = height * 0.75;
    let eyes = width * 0.45;
    let point = |across: f32, down: f32| [x + across * eyes, y + down * eyes];
    Face {
        bounds: Bounds { x: x - width / 2.0, y: y - height / 2.0, width, height },
        score: 0.9,
        landmarks: [point(-0.5, 0.0), point(0.5, 0.0), point(0.0, 0.57), point(-0.4, 1.17), point(0.4, 1.17)],
    }
}

impl Faces for ScriptedFaces {
    fn detect(&mut self, _picture: &RgbImage) -> Result<Vec<Face>, VisionError> {
        if *self.0.fails.lock().unwrap() {
            return Err(VisionError::Inference { model: "scripted".into(), reason: "asked to".into() });
        }
        let heights = self.0.faces.lock().unwrap().clone();
        Ok(heights.into_iter().zip([640.0, 200.0, 1_050.0]).map(|(height, x)| frontal(height, x)).collect())
    }

    fn read(&mut self, _picture: &RgbImage, face: &Face, _faces: usize) -> Result<FaceReading, VisionError> {
        *self.0.read.lock().unwrap() += 1;
        let is_live = *self.0.is_live.lock().unwrap();
        Ok(FaceReading {
            face: *face,
            quality: Quality {
                measures: QualityMeasures { face_px: 100.0, sharpness: 0.8, brightness: 0.5, ..Default::default() },
                reasons: Vec::new(),
            },
            liveness: Some(Liveness { score: if is_live { 0.9 } else { 0.1 }, is_live }),
            embedding: embedding(*self.0.person.lock().unwrap()),
            crop: RgbImage::new(112, 112),
        })
    }

    fn liveness(&mut self, _picture: &RgbImage, _face: &Face) -> Result<Option<Liveness>, VisionError> {
        Ok(None)
    }
}

/// Sara is on record.
struct OnlySara;

fn sara() -> KnownVisitor {
    KnownVisitor {
        id: VisitorId(uuid::Uuid::from_u128(7)),
        name: "Sara".into(),
        language: Language::ARABIC,
        agreed_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

impl KnownPeople for OnlySara {
    fn known(&self, visitor: VisitorId) -> Option<KnownVisitor> {
        (visitor == sara().id).then(sara)
    }
}

struct Stand {
    script: Script,
    eyes: Eyes,
    clock: ManualClock,
    bus: Subscription,
    sight: watch::Receiver<Sight>,
    glimpses: watch::Receiver<Option<Arc<Glimpse>>>,
    commands: mpsc::Receiver<Command>,
    mode: watch::Sender<EyesMode>,
    to_eyes: mpsc::Sender<EyesCommand>,
    picture: Arc<RgbImage>,
    pictures: u64,
}

impl Stand {
    fn new(recognises: bool) -> Self {
        Self::with_queue(recognises, 16)
    }

    fn with_queue(recognises: bool, commands: usize) -> Self {
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let script = Script { is_live: Arc::new(Mutex::new(true)), ..Script::default() };
        let (sight, seen) = watch::channel(Sight::default());
        let (glimpses, glimpsed) = watch::channel(None);
        let (commands, commanded) = mpsc::channel(commands);
        let (mode, wanted) = watch::channel(EyesMode::default());
        let (to_eyes, asked) = mpsc::channel(8);
        let mut gallery = Gallery::new("scripted", 8);
        gallery.insert(sara().id, "scripted", &embedding(1)).unwrap();
        gallery.insert(VisitorId(uuid::Uuid::from_u128(9)), "scripted", &embedding(5)).unwrap();
        let config = crate::config::Config::default();
        let subscription = bus.subscribe();
        let eyes = Eyes::new(EyesParts {
            faces: Box::new(ScriptedFaces(script.clone())),
            vision: config.vision,
            presence: config.presence,
            recognition: recognises.then(|| Recognition {
                gallery: Arc::new(ArcSwap::from_pointee(gallery)),
                people: Arc::new(OnlySara),
                settings: identity::Settings { threshold: 0.4, margin: 0.05, votes: 3, liveness: Some(0.5) },
            }),
            outlets: Outlets { bus, sight, commands, glimpses },
            mode: wanted,
            asked,
        });
        Self {
            script,
            eyes,
            clock,
            bus: subscription,
            sight: seen,
            glimpses: glimpsed,
            commands: commanded,
            mode,
            to_eyes,
            picture: Arc::new(RgbImage::new(1_280, 720)),
            pictures: 0,
        }
    }

    /// Looks for `ms` at people with faces of these heights.
    fn look(&mut self, ms: u64, heights: &[f32]) {
        *self.script.faces.lock().unwrap() = heights.to_vec();
        let until = self.now_ms() + ms;
        while self.now_ms() < until {
            self.pictures += 1;
            let at = crate::clock::Clock::now(&self.clock);
            let frame = Frame { sequence: self.pictures, at, picture: self.picture.clone() };
            self.eyes.look(&frame).unwrap();
            self.clock.advance(self.eyes.interval());
        }
    }

    fn now_ms(&self) -> u64 {
        crate::clock::Clock::now(&self.clock).as_millis() as u64
    }

    fn commands(&mut self) -> Vec<Command> {
        std::iter::from_fn(|| self.commands.try_recv().ok()).collect()
    }

    fn events(&mut self) -> VecDeque<Event> {
        std::iter::from_fn(|| self.bus.try_next()).map(|stamped| stamped.event).collect()
    }

    fn identities(&mut self) -> Vec<Option<VisitorId>> {
        let events = self.events();
        events
            .iter()
            .filter_map(|event| if let Event::Identity { visitor, .. } = event { Some(*visitor) } else { None })
            .collect()
    }
}

fn recognised() -> Command {
    Command::VisitorRecognised(Box::new(sara()))
}

#[test]
fn somebody_comes_up_is_announced_seen_and_taken_leave_of() {
    let mut stand = Stand::new(false);
    stand.look(1_000, &[]);
    stand.look(2_000, &[0.2]);
    let sight = *stand.sight.borrow();
    assert!(sight.is_seeing && sight.visitor.is_some_and(|visitor| visitor.is_attending), "{sight:?}");
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
    stand.look(6_000, &[]);
    assert_eq!(stand.commands(), [Command::VisitorLeft]);
    let changes: Vec<PresenceChange> = stand
        .events()
        .iter()
        .filter_map(|event| if let Event::Presence { change, .. } = event { Some(*change) } else { None })
        .collect();
    assert_eq!(changes, [PresenceChange::Approached, PresenceChange::Attending, PresenceChange::Left]);
    assert_eq!(*stand.script.read.lock().unwrap(), 0, "nobody is recognised, so no face is read");
}

#[test]
fn nobody_there_is_looked_at_less_often() {
    let mut stand = Stand::new(false);
    stand.look(1_000, &[]);
    assert_eq!(stand.eyes.interval(), Duration::from_millis(500));
    stand.look(1_000, &[0.1]);
    assert_eq!(stand.eyes.interval(), Duration::from_millis(200));
}

#[test]
fn a_known_person_is_announced_by_name_and_read_no_more() {
    let mut stand = Stand::new(true);
    *stand.script.person.lock().unwrap() = 1;
    stand.look(3_000, &[0.2]);
    assert_eq!(stand.commands(), [recognised()]);
    assert_eq!(stand.identities(), [Some(sara().id)]);
    stand.look(60_000, &[0.2]);
    assert_eq!(*stand.script.read.lock().unwrap(), 3);
}

#[test]
fn a_stranger_is_announced_without_a_name_and_hardly_read_again() {
    let mut stand = Stand::new(true);
    *stand.script.person.lock().unwrap() = 3;
    stand.look(3_000, &[0.2]);
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
    assert_eq!(stand.identities(), [None]);
    stand.look(600_000, &[0.2]);
    assert!(*stand.script.read.lock().unwrap() <= 20, "{:?}", stand.script.read);
    assert_eq!(stand.identities(), [] as [Option<VisitorId>; 0]);
}

#[test]
fn a_photo_of_a_known_person_is_received_as_a_stranger() {
    let mut stand = Stand::new(true);
    *stand.script.person.lock().unwrap() = 1;
    *stand.script.is_live.lock().unwrap() = false;
    stand.look(5_000, &[0.2]);
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
}

#[test]
fn who_said_that_it_is_not_them_is_a_stranger_until_the_visit_ends() {
    let mut stand = Stand::new(true);
    *stand.script.person.lock().unwrap() = 1;
    stand.look(3_000, &[0.2]);
    assert_eq!(stand.commands(), [recognised()]);
    stand.to_eyes.try_send(EyesCommand::NotThem(sara().id)).unwrap();
    stand.look(60_000, &[0.2]);
    assert_eq!(stand.commands(), []);
    stand.look(6_000, &[]);
    stand.look(3_000, &[0.2]);
    assert_eq!(stand.commands(), [Command::VisitorLeft, recognised()]);
}

#[test]
fn somebody_else_in_the_place_of_a_known_visitor_is_another_visitor() {
    let mut stand = Stand::new(true);
    *stand.script.person.lock().unwrap() = 1;
    stand.look(3_000, &[0.2]);
    stand.look(2_000, &[]);
    *stand.script.person.lock().unwrap() = 3;
    stand.look(4_000, &[0.2]);
    assert_eq!(stand.commands(), [recognised(), Command::VisitorLeft, Command::VisitorArrived]);
    // The same person after the same absence is the same visitor.
    let mut stand = Stand::new(true);
    *stand.script.person.lock().unwrap() = 1;
    stand.look(3_000, &[0.2]);
    stand.look(2_000, &[]);
    stand.look(4_000, &[0.2]);
    assert_eq!(stand.commands(), [recognised()]);
}

#[test]
fn while_staff_enrol_nobody_is_greeted_and_every_picture_is_read() {
    let mut stand = Stand::new(true);
    stand.mode.send_replace(EyesMode::Enrolment);
    stand.look(3_000, &[0.3, 0.2]);
    assert_eq!(stand.commands(), []);
    assert_eq!(stand.sight.borrow().visitor, None);
    assert!(stand.sight.borrow().is_seeing);
    let glimpse = stand.glimpses.borrow_and_update().clone().unwrap();
    assert_eq!((glimpse.frame.sequence, glimpse.faces.len()), (stand.pictures, 1));
    assert!((glimpse.faces.first().unwrap().face.bounds.height - 0.3 * 720.0).abs() < 1.0, "the largest one");
    stand.mode.send_replace(EyesMode::Reception);
    stand.look(200, &[]);
    assert!(stand.glimpses.borrow().is_none());
}

#[test]
fn enrolment_ends_the_visit_that_was_on() {
    let mut stand = Stand::new(false);
    stand.look(2_000, &[0.2]);
    stand.mode.send_replace(EyesMode::Enrolment);
    stand.look(1_000, &[0.2]);
    assert_eq!(stand.commands(), [Command::VisitorArrived, Command::VisitorLeft]);
}

#[test]
fn a_camera_that_shows_nothing_ends_no_visit_and_goes_on_where_it_was() {
    let mut stand = Stand::new(false);
    stand.look(2_000, &[0.2]);
    stand.eyes.go_blind();
    assert_eq!(*stand.sight.borrow(), Sight::default());
    stand.clock.advance(Duration::from_secs(3));
    stand.look(2_000, &[0.2]);
    assert!(stand.sight.borrow().visitor.is_some_and(|visitor| visitor.is_attending));
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
}

#[test]
fn at_the_end_of_a_recording_only_who_was_in_the_last_picture_has_not_left() {
    let mut stand = Stand::new(false);
    stand.look(2_000, &[0.2]);
    stand.look(600, &[]);
    stand.eyes.end();
    assert_eq!(stand.commands(), [Command::VisitorArrived, Command::VisitorLeft]);
    let mut stand = Stand::new(false);
    stand.look(2_000, &[0.2]);
    stand.eyes.end();
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
}

#[test]
fn commands_wait_for_a_busy_conversation() {
    let mut stand = Stand::with_queue(false, 1);
    stand.look(2_000, &[0.2]);
    stand.look(6_000, &[]);
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
    stand.look(1_000, &[]);
    assert_eq!(stand.commands(), [Command::VisitorLeft]);
}

#[test]
fn a_network_that_fails_is_told_and_ends_nothing() {
    let mut stand = Stand::new(false);
    stand.look(2_000, &[0.2]);
    *stand.script.fails.lock().unwrap() = true;
    let frame = Frame { sequence: 999, at: Duration::from_secs(3), picture: stand.picture.clone() };
    assert!(stand.eyes.look(&frame).is_err());
    *stand.script.fails.lock().unwrap() = false;
    stand.clock.set(Duration::from_secs(4));
    stand.look(1_000, &[0.2]);
    assert_eq!(stand.commands(), [Command::VisitorArrived]);
}
