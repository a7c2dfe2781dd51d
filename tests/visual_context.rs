//! What the model sees: pictures of a visit over real HTTP to a scripted service, in virtual time.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::{Rgb, RgbImage};
use majlis::{
    camera::{Frame, FrameSlot},
    clock::{Clock as _, ManualClock},
    cloud::{BreakerSettings, Cloud},
    config::{self, Secrets},
    conversation::{Observations, VisualContext, VisualParts},
    event::{Bus, Connection, EndReason, Event, Language, SeenVisitor, Sight, Subscription, TrackId, View, VisitId},
    llm::CloudObserver,
};
use tokio::sync::watch;

#[path = "common/openai.rs"]
mod openai;
use openai::{Endpoint, Fault, Server, tokens};

const SECOND: Duration = Duration::from_secs(1);
/// How long a test waits for what must come, in real time.
const LIMIT: Duration = Duration::from_secs(30);
const SEEN: &str = "A person holds up a ticket. Nothing else has changed.";

struct World {
    server: Server,
    clock: ManualClock,
    bus: Bus,
    events: Subscription,
    slot: Arc<FrameSlot>,
    sight: watch::Sender<Sight>,
    connection: watch::Sender<Connection>,
    observations: Observations,
    context: VisualContext,
    visit: VisitId,
    frames: u64,
}

impl World {
    async fn start() -> Self {
        let server = Server::start().await;
        server.script(|script| script.answer = tokens(SEEN));
        let mut config = config::Config::default();
        config.cloud.base_url = server.base_url();
        let cloud = Cloud::new(&config.cloud, &Secrets::from_environment()).unwrap();
        config.visual_context.model = "eyes-1".into();
        let observer = CloudObserver::configured(&config, &cloud).unwrap();
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let events = bus.subscribe();
        let (slot, sight) = (Arc::new(FrameSlot::default()), watch::Sender::new(Sight::default()));
        let connection = watch::Sender::new(Connection::Online);
        let observations = Observations::new(&config.visual_context);
        let mut view = View::empty([].into(), Language::ENGLISH);
        view.language = Language::ARABIC;
        let parts = VisualParts {
            clock: Arc::new(clock.clone()),
            bus: bus.clone(),
            slot: slot.clone(),
            sight: sight.subscribe(),
            observer,
            connection: connection.subscribe(),
            breaker: BreakerSettings::from(&config.cloud),
            view: Arc::new(ArcSwap::from_pointee(view)),
            config: config.visual_context,
        };
        let context = VisualContext::start(parts, observations.clone());
        let visit = VisitId::generate();
        Self { server, clock, bus, events, slot, sight, connection, observations, context, visit, frames: 0 }
    }

    fn attend(&self, is_attending: bool) {
        let seen =
            SeenVisitor { track: TrackId::default(), centre: [0.5, 0.4], height: 0.2, is_attending, mouth_motion: 0.0 };
        self.sight.send_replace(Sight { is_seeing: true, people_near: 1, visitor: Some(seen) });
    }

    /// The camera's next picture: 1280 × 720, brighter each time.
    fn picture(&mut self) {
        self.frames += 1;
        let level = u8::try_from(self.frames * 10).unwrap();
        let picture = Arc::new(RgbImage::from_pixel(1280, 720, Rgb([level; 3])));
        self.slot.publish(Frame { sequence: self.frames, at: self.clock.now(), picture });
    }

    /// A second passes, with a new picture at its end, and everything that it leads to.
    async fn second(&mut self) {
        // The picture of this second is there when the watcher wakes.
        self.frames += 1;
        let level = u8::try_from(self.frames * 10).unwrap();
        let picture = Arc::new(RgbImage::from_pixel(1280, 720, Rgb([level; 3])));
        let at = self.clock.now() + SECOND;
        self.slot.publish(Frame { sequence: self.frames, at, picture });
        self.clock.advance(SECOND);
    }

    async fn begin_visit(&mut self) {
        self.picture();
        self.bus.publish(Event::VisitStarted { visit: self.visit });
        self.until("the first picture is kept", |world| world.context.figures().seen == 1).await;
    }

    /// A second in which a picture is kept.
    async fn watched_second(&mut self) {
        let before = self.context.figures().seen;
        self.second().await;
        self.until("a picture is kept", |world| world.context.figures().seen == before + 1).await;
    }

    async fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let limit = Instant::now() + LIMIT;
        while !is_so(self) {
            assert!(Instant::now() < limit, "not within {LIMIT:?}: {what}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Lets everything that is under way come to its end.
    async fn settle(&self) {
        tokio::time::sleep(Duration::from_millis(150)).await;
    }

    fn requests(&self) -> usize {
        self.server.requests_to(Endpoint::Chat).len()
    }

    fn told(&mut self) -> (u64, u64) {
        let events = std::iter::from_fn(|| self.events.try_next());
        events.fold((0, 0), |(all_seen, all_sent), stamped| match stamped.event {
            Event::PicturesObserved { seen, sent } => (all_seen + seen, all_sent + sent),
            _ => (all_seen, all_sent),
        })
    }
}

#[tokio::test]
async fn every_three_seconds_the_first_middle_and_latest_picture_go_out_small_and_labelled() {
    let mut world = World::start().await;
    world.attend(true);
    world.begin_visit().await;
    for second in 1..=7_usize {
        world.watched_second().await;
        world.until("the requests that are due", |world| world.requests() >= second / 3).await;
        // An answer that is still under way would put the next request off.
        let newest = Duration::from_secs(second as u64 / 3 * 3);
        world
            .until("the observation", |world| {
                newest.is_zero() || world.observations.fresh(newest).is_some_and(|(_, age)| age.is_zero())
            })
            .await;
        assert_eq!(world.requests(), second / 3, "after {second} s");
    }
    let request = world.server.requests_to(Endpoint::Chat)[1].json();
    assert_eq!(request["model"], "eyes-1");
    let instructions = request["messages"][0]["content"].as_str().unwrap();
    assert!(instructions.contains("Arabic") && instructions.contains("age, sex"), "{instructions}");
    let content = request["messages"][1]["content"].as_array().unwrap();
    let labels: Vec<&str> = content.iter().filter_map(|part| part["text"].as_str()).collect();
    assert_eq!(labels, ["first picture, 6 s ago:", "middle picture, 3 s ago:", "most recent picture, 0 s ago:"]);
    let pictures: Vec<RgbImage> = content
        .iter()
        .filter_map(|part| part["image_url"]["url"].as_str()?.strip_prefix("data:image/jpeg;base64,"))
        .map(|data| image::load_from_memory(&STANDARD.decode(data).unwrap()).unwrap().into_rgb8())
        .collect();
    let levels: Vec<u8> = pictures.iter().map(|picture| picture.get_pixel(9, 9).0[0]).collect();
    assert!(pictures.iter().all(|picture| picture.dimensions() == (512, 288)));
    // The 1st, 4th and 7th picture.
    assert!(levels.iter().zip([10_u8, 40, 70]).all(|(found, made)| found.abs_diff(made) <= 2), "{levels:?}");

    world.bus.publish(Event::VisitEnded { visit: world.visit, reason: EndReason::Goodbye });
    world.until("the visit is forgotten", |world| world.observations.fresh(world.clock.now()).is_none()).await;
    assert_eq!(world.told(), (8, 6), "the metrics know what was seen and sent");
    assert_eq!((world.context.figures().seen, world.context.figures().sent), (8, 6));
}

#[tokio::test]
async fn nothing_is_kept_or_sent_while_nobody_attends_or_before_a_visit() {
    let mut world = World::start().await;
    world.attend(true);
    for _ in 0..5 {
        world.second().await;
        world.settle().await;
    }
    world.attend(false);
    world.bus.publish(Event::VisitStarted { visit: world.visit });
    for _ in 0..5 {
        world.second().await;
        world.settle().await;
    }
    assert_eq!((world.requests(), world.context.figures().seen), (0, 0));
    world.attend(true);
    world.watched_second().await;
}

#[tokio::test]
async fn nothing_is_sent_while_the_services_do_not_answer() {
    let mut world = World::start().await;
    world.attend(true);
    world.connection.send_replace(Connection::Offline);
    world.begin_visit().await;
    for _ in 0..5 {
        world.watched_second().await;
    }
    world.settle().await;
    assert_eq!(world.requests(), 0);
    world.connection.send_replace(Connection::Online);
    world.watched_second().await;
    world.until("the request", |world| world.requests() == 1).await;
}

#[tokio::test]
async fn an_observation_is_given_with_its_age_and_not_once_it_is_stale() {
    let mut world = World::start().await;
    world.attend(true);
    world.begin_visit().await;
    for _ in 0..3 {
        world.watched_second().await;
    }
    world.until("the observation", |world| world.observations.fresh(world.clock.now()).is_some()).await;
    assert_eq!(world.observations.fresh(3 * SECOND + 4 * SECOND), Some((SEEN.to_owned(), 4 * SECOND)));
    assert!(world.observations.fresh(3 * SECOND + 14 * SECOND).is_some());
    assert_eq!(world.observations.fresh(3 * SECOND + 15 * SECOND), None);
}

#[tokio::test]
async fn what_must_not_be_said_of_people_is_dropped() {
    let mut world = World::start().await;
    world.server.script(|script| script.answers.push_back(tokens("An elderly woman smiles.")));
    world.attend(true);
    world.begin_visit().await;
    for _ in 0..3 {
        world.watched_second().await;
    }
    world.until("the request", |world| world.requests() == 1).await;
    world.settle().await;
    assert_eq!(world.observations.fresh(world.clock.now()), None);
    for _ in 0..3 {
        world.watched_second().await;
    }
    world.until("the next observation", |world| world.observations.fresh(world.clock.now()).is_some()).await;
}

#[tokio::test]
async fn a_model_that_fails_is_left_alone_and_tried_again_later() {
    let mut world = World::start().await;
    world.server.script(|script| script.fail_always(Endpoint::Chat, Fault::status(400)));
    world.attend(true);
    world.begin_visit().await;
    for second in 1..=15 {
        world.watched_second().await;
        world.until("the request", |world| world.requests() >= (second / 3).min(3)).await;
        world.settle().await;
    }
    assert_eq!(world.requests(), 3, "three failures are enough");
    world.server.script(|script| {
        script.recover();
        script.answer = tokens(SEEN);
    });
    // It is left alone for twenty seconds.
    for _ in 0..12 {
        world.clock.advance(SECOND);
        world.settle().await;
    }
    world.frames = 0;
    for _ in 0..4 {
        world.watched_second().await;
    }
    world.until("the next observation", |world| world.observations.fresh(world.clock.now()).is_some()).await;
    let told =
        std::iter::from_fn(|| world.events.try_next()).any(|stamped| matches!(stamped.event, Event::Provider { .. }));
    assert!(!told, "neither staff nor visitors are told of a fault that nobody notices");
}

#[test]
fn without_a_cloud_or_switched_off_there_is_nobody_to_send_to() {
    let mut config = config::Config::default();
    let cloud = |config: &config::Config| Cloud::new(&config.cloud, &Secrets::from_environment()).unwrap();
    assert!(CloudObserver::configured(&config, &cloud(&config)).is_none(), "no cloud");
    config.cloud.base_url = "http://127.0.0.1:9/v1".into();
    assert!(CloudObserver::configured(&config, &cloud(&config)).is_some());
    config.visual_context.enabled = false;
    assert!(CloudObserver::configured(&config, &cloud(&config)).is_none(), "switched off");
}
