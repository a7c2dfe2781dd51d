//! What the language model sees: a picture a second is kept while a visitor attends, some of them are shown to a model
//! that can see, and what it says goes with the next question.
//!
//! Nothing is kept while nobody attends, nothing is sent without a service, nothing outlives the visit. A failure here
//! is never noticed by the visitor: it has a breaker of its own, and the conversation goes on without eyes.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use image::{RgbImage, codecs::jpeg::JpegEncoder};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::discretion::is_discreet;
use crate::{
    camera::{FrameSlot, shrink},
    clock::Clock,
    cloud::{Breaker, BreakerSettings, ProviderError},
    config,
    event::{Bus, Connection, Event, Language, Sight, Subscription, View},
    llm::{LabelledPicture, Observer},
};

/// Between two pictures that are kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// The longest observation that is believed to be two sentences, characters.
const MAX_CHARS: usize = 400;

/// What a visual context needs.
pub struct VisualParts {
    /// `[visual_context]`
    pub config: config::VisualContext,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Tells of visits; is told what was seen and sent.
    pub bus: Bus,
    /// Where the camera's latest picture is.
    pub slot: Arc<FrameSlot>,
    /// Whether somebody attends.
    pub sight: watch::Receiver<Sight>,
    /// The model that sees.
    pub observer: Arc<dyn Observer>,
    /// Whether services answer: none is asked while they do not.
    pub connection: watch::Receiver<Connection>,
    /// When the model is left alone after failures.
    pub breaker: BreakerSettings,
    /// Knows the visitor's language.
    pub view: Arc<ArcSwap<View>>,
}

/// Pictures kept and sent so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisualFigures {
    /// Kept.
    pub seen: u64,
    /// Sent.
    pub sent: u64,
}

#[derive(Debug, Default)]
struct Counters {
    seen: AtomicU64,
    sent: AtomicU64,
}

/// Watches visits. Ends when dropped.
pub struct VisualContext {
    counters: Arc<Counters>,
    _task: AbortOnDropHandle<()>,
}

impl VisualContext {
    /// Starts to watch; what it sees stands in `observations`. Call it on the runtime.
    #[must_use]
    pub fn start(parts: VisualParts, observations: Observations) -> Self {
        let counters: Arc<Counters> = Arc::default();
        let watcher = Watcher {
            events: parts.bus.subscribe(),
            breaker: Breaker::new(parts.breaker),
            ring: VecDeque::new(),
            is_visit: false,
            kept: 0,
            last_sent: None,
            untold_seen: 0,
            counters: counters.clone(),
            observations,
            parts,
        };
        Self { counters, _task: AbortOnDropHandle::new(tokio::spawn(watcher.run())) }
    }

    /// What it has done so far.
    #[must_use]
    pub fn figures(&self) -> VisualFigures {
        VisualFigures {
            seen: self.counters.seen.load(Ordering::Relaxed),
            sent: self.counters.sent.load(Ordering::Relaxed),
        }
    }
}

/// The newest observation of the visit. Cheap to clone; the default one stays empty.
#[derive(Clone, Default)]
pub struct Observations {
    newest: Arc<Mutex<Option<Observation>>>,
    max_age: Duration,
}

#[derive(Debug)]
struct Observation {
    text: String,
    /// When the latest of its pictures was taken.
    at: Duration,
}

impl Observations {
    /// Empty; gives nothing that is older than `max_age_s`.
    #[must_use]
    pub fn new(config: &config::VisualContext) -> Self {
        Self { newest: Arc::default(), max_age: Duration::from_secs(config.max_age_s) }
    }

    /// The newest observation with its age, if it is young enough.
    #[must_use]
    pub fn fresh(&self, now: Duration) -> Option<(String, Duration)> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = newest.as_ref()?;
        let age = now.saturating_sub(newest.at);
        (age < self.max_age).then(|| (newest.text.clone(), age))
    }

    /// A picture taken `at` shows this.
    pub(super) fn note(&self, text: String, at: Duration) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Observation { text, at });
    }

    fn forget(&self) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A picture of the visit, ready to be sent.
#[derive(Clone)]
struct Kept {
    at: Duration,
    jpeg: Arc<[u8]>,
}

/// A request under way.
struct Asked {
    /// Of its latest picture.
    at: Duration,
    answer: AbortOnDropHandle<Result<String, ProviderError>>,
}

struct Watcher {
    parts: VisualParts,
    events: Subscription,
    observations: Observations,
    counters: Arc<Counters>,
    breaker: Breaker,
    is_visit: bool,
    /// The oldest first; bounded by `keep`, the oldest goes.
    ring: VecDeque<Kept>,
    /// Sequence of the picture that was kept last.
    kept: u64,
    last_sent: Option<Duration>,
    /// Kept, but the bus has not been told.
    untold_seen: u64,
}

impl Watcher {
    async fn run(mut self) {
        let clock = self.parts.clock.clone();
        let mut next = clock.now();
        let mut asked: Option<Asked> = None;
        loop {
            tokio::select! {
                biased;
                event = self.events.next() => match event.map(|stamped| stamped.event) {
                    Some(Event::VisitStarted { .. }) => {
                        self.is_visit = true;
                        next = clock.now();
                    }
                    Some(Event::VisitEnded { .. }) => {
                        asked = None;
                        self.forget();
                    }
                    Some(_) => {}
                    None => return,
                },
                (at, answer) = answer_of(&mut asked), if asked.is_some() => {
                    asked = None;
                    self.answered(at, answer);
                }
                () = clock.sleep_until(next), if self.is_visit => {
                    next = clock.now() + KEEP_EVERY;
                    if self.keep().await && asked.is_none() {
                        asked = self.ask();
                    }
                }
            }
        }
    }

    /// The visit is over.
    fn forget(&mut self) {
        self.is_visit = false;
        self.ring.clear();
        self.last_sent = None;
        self.observations.forget();
        self.tell(0);
    }

    /// Keeps the camera's present picture, if somebody attends. Whether one was kept.
    async fn keep(&mut self) -> bool {
        if !self.parts.sight.borrow().visitor.is_some_and(|visitor| visitor.is_attending) {
            return false;
        }
        let Some(frame) = self.parts.slot.latest().filter(|frame| frame.sequence != self.kept) else { return false };
        self.kept = frame.sequence;
        let (long_side_px, quality) = (self.parts.config.long_side_px, self.parts.config.jpeg_quality);
        // Some milliseconds of work, which the conversation's threads must not wait for.
        let encoding = tokio::task::spawn_blocking(move || encode(&frame.picture, long_side_px, quality));
        let jpeg = match encoding.await {
            Ok(Ok(jpeg)) => jpeg,
            Ok(Err(error)) => {
                tracing::warn!(%error, "a picture cannot be encoded");
                return false;
            }
            Err(error) => {
                tracing::warn!(%error, "a picture was not encoded");
                return false;
            }
        };
        while self.ring.len() >= self.parts.config.keep.max(1) {
            self.ring.pop_front();
        }
        self.ring.push_back(Kept { at: frame.at, jpeg });
        self.counters.seen.fetch_add(1, Ordering::Relaxed);
        self.untold_seen += 1;
        true
    }

    /// Asks the model, if it is time and the service can be asked.
    fn ask(&mut self) -> Option<Asked> {
        let now = self.parts.clock.now();
        let every = Duration::from_secs(self.parts.config.every_s);
        let since = *self.last_sent.get_or_insert(now);
        if now.saturating_sub(since) < every || *self.parts.connection.borrow() == Connection::Offline {
            return None;
        }
        if self.breaker.probe_due().is_some_and(|due| now >= due) {
            // The request itself is the trial.
            self.breaker.probed(&Ok(()), now);
        }
        if !self.breaker.is_closed() {
            return None;
        }
        let pictures = labelled(&self.ring, now);
        let at = self.ring.back()?.at;
        self.last_sent = Some(now);
        let sent = pictures.len() as u64;
        self.counters.sent.fetch_add(sent, Ordering::Relaxed);
        self.tell(sent);
        let (observer, language) = (self.parts.observer.clone(), self.language());
        let answer = tokio::spawn(async move { observer.observe(&pictures, language).await });
        Some(Asked { at, answer: AbortOnDropHandle::new(answer) })
    }

    fn language(&self) -> Language {
        self.parts.view.load().language
    }

    fn answered(&mut self, at: Duration, answer: Result<String, ProviderError>) {
        match answer {
            Ok(text) => {
                self.breaker.succeeded();
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                if text.is_empty() || text.chars().count() > MAX_CHARS || !is_discreet(&text) {
                    // Its words are about a person: they reach no log.
                    tracing::debug!("an observation was dropped: it is empty, too long, or says what must not be said");
                    return;
                }
                self.observations.note(text, at);
            }
            Err(error) => {
                if self.breaker.failed(&error, self.parts.clock.now()) {
                    tracing::warn!(%error, "the model that sees is left alone; the conversation goes on without pictures");
                } else {
                    tracing::debug!(%error, "the model that sees failed");
                }
            }
        }
    }

    fn tell(&mut self, sent: u64) {
        let seen = std::mem::take(&mut self.untold_seen);
        if seen + sent > 0 {
            self.parts.bus.publish(Event::PicturesObserved { seen, sent });
        }
    }
}

/// Waits for the answer. Cancel safe.
async fn answer_of(asked: &mut Option<Asked>) -> (Duration, Result<String, ProviderError>) {
    let Some(Asked { at, answer }) = asked else { return std::future::pending().await };
    match answer.await {
        Ok(answer) => (*at, answer),
        Err(error) => {
            let message = format!("the request did not end well: {error}");
            (*at, Err(ProviderError::new("cloud", crate::cloud::FailureKind::Unavailable, message)))
        }
    }
}

/// The first, the middle and the latest picture; of fewer those that there are.
fn labelled(ring: &VecDeque<Kept>, now: Duration) -> Vec<LabelledPicture> {
    let last = ring.len().saturating_sub(1);
    let mut chosen = vec![("first", 0), ("middle", last / 2), ("most recent", last)];
    chosen.reverse();
    chosen.dedup_by_key(|(_, index)| *index);
    chosen.reverse();
    let label = |name: &str, at: Duration| format!("{name} picture, {} s ago", now.saturating_sub(at).as_secs());
    let pictures = chosen.into_iter().filter_map(|(name, index)| {
        let kept = ring.get(index)?;
        Some(LabelledPicture { label: label(name, kept.at), jpeg: kept.jpeg.clone() })
    });
    pictures.collect()
}

fn encode(picture: &Arc<RgbImage>, long_side_px: u32, quality: u32) -> image::ImageResult<Arc<[u8]>> {
    let small = shrink(RgbImage::clone(picture), long_side_px);
    let mut jpeg = Vec::new();
    let quality = u8::try_from(quality).unwrap_or(u8::MAX);
    JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&small)?;
    Ok(jpeg.into())
}
