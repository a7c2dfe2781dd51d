//! The hub: numbers the messages, keeps the latest for whoever comes back, and hands them to readers that keep up.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Body, Health, Message};

/// Messages kept for readers that come back. When it is full the oldest goes: the reader sees a gap in the ids.
const KEPT: usize = 256;
/// Older messages are not kept, however few there are: they hold what visitors said.
const KEPT_FOR: Duration = Duration::from_secs(300);
/// Messages waiting for one reader. When it is full the reader is hung up on, and counted; it comes back with the id of
/// the last message it read.
const WAITING: usize = 64;
/// The most readers at a time.
pub const READERS: usize = 8;

/// There are [`READERS`] readers already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{READERS} readers are connected already, and more are not served; close one")]
pub struct TooManyReaders;

/// A message as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: u64,
    /// The whole message, one line of JSON.
    pub json: String,
    at: Timestamp,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({}, {} bytes)", self.id, self.json.len())
    }
}

/// What a reader is given.
#[derive(Debug)]
pub struct Readout {
    /// What it has missed, as far as it is kept.
    pub missed: Vec<Arc<Line>>,
    /// Everything from now on; ends with the kiosk.
    pub live: mpsc::Receiver<Arc<Line>>,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    next_id: u64,
    kept: VecDeque<Arc<Line>>,
    readers: Vec<Reader>,
    slow: u64,
    is_closed: bool,
    health: Health,
}

struct Reader {
    sender: mpsc::Sender<Arc<Line>>,
    /// Told when it is too slow.
    hang_up: CancellationToken,
}

impl Hub {
    /// A hub that has nothing to tell yet. `now` becomes the first id (ms since 1970), so that a reader of an earlier run
    /// is not taken for one that has read this one's messages.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let inner = Inner {
            next_id: u64::try_from(now.as_millisecond()).unwrap_or(0),
            kept: VecDeque::new(),
            readers: Vec::new(),
            slow: 0,
            is_closed: false,
            health: Health::new(now),
        };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Tells every reader. Never waits.
    pub fn tell(&self, body: Body, at: Timestamp) {
        let mut inner = self.lock();
        let id = inner.next_id;
        inner.next_id += 1;
        inner.health.note(id, at, &body);
        let line = Arc::new(Line { id, json: Message::new(id, at, body).to_json(), at });
        inner.keep(line.clone());
        let Inner { readers, slow, .. } = &mut *inner;
        readers.retain(|reader| match reader.sender.try_send(line.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                reader.hang_up.cancel();
                *slow += 1;
                false
            }
        });
    }

    /// A new reader; `last` is the last message it has read. `hang_up` is cancelled when it is too slow.
    ///
    /// # Errors
    /// There are too many readers.
    pub fn join(
        &self,
        last: Option<u64>,
        now: Timestamp,
        hang_up: CancellationToken,
    ) -> Result<Readout, TooManyReaders> {
        let mut inner = self.lock();
        inner.readers.retain(|reader| !reader.sender.is_closed());
        if inner.readers.len() >= READERS {
            return Err(TooManyReaders);
        }
        inner.forget_old(now);
        // An id that was never given is one of another clock: such a reader has read nothing of this run.
        let last = last.map(|last| if last < inner.next_id { last } else { 0 });
        let missed =
            last.map_or_else(Vec::new, |last| inner.kept.iter().filter(|line| line.id > last).cloned().collect());
        let (sender, live) = mpsc::channel(WAITING);
        if !inner.is_closed {
            inner.readers.push(Reader { sender, hang_up });
        }
        Ok(Readout { missed, live })
    }

    /// How the kiosk is doing.
    #[must_use]
    pub fn health(&self) -> Health {
        let mut inner = self.lock();
        inner.readers.retain(|reader| !reader.sender.is_closed());
        inner.health.with_readers(inner.readers.len(), inner.slow)
    }

    /// How many readers were hung up on because they were too slow.
    #[must_use]
    pub fn slow_readers(&self) -> u64 {
        self.lock().slow
    }

    /// Ends all readers once they have read what is waiting for them.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.readers.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn keep(&mut self, line: Arc<Line>) {
        self.forget_old(line.at);
        if self.kept.len() >= KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(line);
    }

    fn forget_old(&mut self, now: Timestamp) {
        let is_old = |line: &Line| Duration::try_from(now.duration_since(line.at)).is_ok_and(|age| age > KEPT_FOR);
        while self.kept.front().is_some_and(|line| is_old(line)) {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Phase, VisitId};

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn later(seconds: i64) -> Timestamp {
        START + jiff::SignedDuration::from_secs(seconds)
    }

    fn hub() -> Hub {
        Hub::new("2026-11-21T07:24:00Z".parse().unwrap())
    }

    fn moved() -> Body {
        Body::StateChanged { from: Phase::Idle, to: Phase::Attending }
    }

    fn ids(readout: &mut Readout) -> Vec<u64> {
        let missed: Vec<u64> = readout.missed.drain(..).map(|line| line.id).collect();
        missed.into_iter().chain(std::iter::from_fn(|| readout.live.try_recv().ok()).map(|line| line.id)).collect()
    }

    #[test]
    fn a_reader_that_comes_back_gets_what_it_missed_and_then_the_rest() {
        let hub = hub();
        let mut first = hub.join(None, START, CancellationToken::new()).unwrap();
        for _ in 0..3 {
            hub.tell(moved(), START);
        }
        let read = ids(&mut first);
        let mut again = hub.join(Some(read[0]), START, CancellationToken::new()).unwrap();
        hub.tell(moved(), START);
        assert_eq!(ids(&mut again), [read[1], read[2], read[2] + 1]);
        // Somebody new begins now; an id of the future is none of this run's.
        assert!(hub.join(None, START, CancellationToken::new()).unwrap().missed.is_empty());
        assert_eq!(hub.join(Some(u64::MAX), START, CancellationToken::new()).unwrap().missed.len(), 4);
    }

    #[test]
    fn only_the_latest_messages_are_kept_and_none_for_long() {
        let hub = hub();
        for _ in 0..KEPT + 10 {
            hub.tell(moved(), START);
        }
        let missed = |now| hub.join(Some(0), now, CancellationToken::new()).unwrap().missed.len();
        assert_eq!(missed(START), KEPT);
        hub.tell(moved(), later(200));
        assert_eq!(missed(later(301)), 1);
        assert_eq!(missed(later(600)), 0);
    }

    #[test]
    fn a_reader_that_does_not_keep_up_is_hung_up_on_and_counted() {
        let hub = hub();
        let hang_up = CancellationToken::new();
        let _stuck = hub.join(None, START, hang_up.clone()).unwrap();
        for _ in 0..WAITING {
            hub.tell(moved(), START);
        }
        assert!(!hang_up.is_cancelled());
        hub.tell(moved(), START);
        assert!(hang_up.is_cancelled());
        assert_eq!(hub.slow_readers(), 1);
    }

    #[test]
    fn there_are_only_so_many_readers_and_those_that_went_make_room() {
        let hub = hub();
        let mut readers: Vec<Readout> =
            (0..READERS).map(|_| hub.join(None, START, CancellationToken::new()).unwrap()).collect();
        assert_eq!(hub.join(None, START, CancellationToken::new()).unwrap_err(), TooManyReaders);
        readers.pop();
        assert!(hub.join(None, START, CancellationToken::new()).is_ok());
    }

    #[test]
    fn closing_ends_readers_after_what_waits_for_them() {
        let hub = hub();
        let mut reader = hub.join(None, START, CancellationToken::new()).unwrap();
        hub.tell(Body::VisitStarted { visit: VisitId::generate() }, START);
        hub.close();
        assert!(reader.live.blocking_recv().is_some());
        assert!(reader.live.blocking_recv().is_none());
    }

    #[test]
    fn what_is_said_stands_in_no_debug_output() {
        let body = Body::Transcript {
            visit: VisitId::generate(),
            turn: crate::event::TurnId(1),
            speaker: crate::event::Speaker::Visitor,
            language: crate::event::Language::ENGLISH,
            text: "my number is 050".into(),
            is_final: true,
            is_interrupted: false,
        };
        let message = Message::new(1, START, body);
        assert!(!format!("{message:?} {:?}", message.body).contains("050"));
        assert!(message.to_json().contains("050"));
    }
}
