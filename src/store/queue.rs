//! The bounded queue between whoever records and the one thread that writes.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use super::{
    Key, StoreError,
    connection::Database,
    record::{Record, UnixMillis},
    summary::SealedSummary,
};
use crate::event::{VisitId, VisitSummary};

/// Records that wait while the database cannot be written: some hundred visits. When it is full the oldest is dropped
/// and counted.
pub(super) const CAPACITY: usize = 10_000;

/// Changes that wait for the database: touches of staff, one at a time. When it is full the next is refused.
pub(super) const MAX_REQUESTS: usize = 16;

/// How long a change may take. The writer tries a locked database for half a second.
const CHANGE_LIMIT: Duration = Duration::from_secs(5);

/// A change whose result somebody waits for. Called with the database, or with why there is none.
pub(super) type Request = Box<dyn FnOnce(Result<&mut Database, &StoreError>) + Send>;

/// Writes records down, later, in order. Cheap to clone.
#[derive(Clone)]
pub struct StoreWriter {
    queue: Arc<Queue>,
    key: Option<Key>,
}

impl StoreWriter {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, key: None }
    }

    /// The same, able to seal what is personal.
    #[must_use]
    pub fn sealing(self, key: Key) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Hands over what a visit came to. It is sealed at once, so that it never waits in clear; without a key only its
    /// length and cost are kept.
    pub fn summarise(&self, visit: VisitId, at: UnixMillis, summary: &VisitSummary) {
        self.record(Record::Summarised(SealedSummary::of(self.key.as_ref(), visit, at, summary)));
    }

    /// Hands `record` over to be written. Never waits for the disk: it is queued, and stays queued until it is
    /// committed. With 10,000 waiting, the oldest is dropped and counted
    /// (`Event::Dropped { what: "records" }`, once the database can be written again).
    pub fn record(&self, record: Record) {
        self.queue.push(record);
    }

    /// Has the writer's thread make a change, and waits for its result.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request: Request = Box::new(move |database: Result<&mut Database, &StoreError>| {
            // Whoever asked may have given up: then nothing may change any more.
            if reply.is_closed() {
                return;
            }
            let _ = reply.send(match database {
                Ok(database) => change(database),
                Err(error) => Err(StoreError::NotChanged(error.to_string())),
            });
        });
        if !self.queue.push_request(request) {
            return Err(StoreError::NotChanged("too many changes wait, or the program stops".to_owned()));
        }
        match tokio::time::timeout(CHANGE_LIMIT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::NotChanged("the program stops".to_owned())),
            Err(_) => Err(StoreError::NotChanged(format!("it took longer than {} s", CHANGE_LIMIT.as_secs()))),
        }
    }

    /// How many records wait to be written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.lock().records.len()
    }
}

/// The records that are not yet on the disk, numbered, oldest first.
pub(super) struct Queue {
    state: Mutex<State>,
    /// Told when a record comes, when one leaves, and at the end.
    changed: Condvar,
    capacity: usize,
}

#[derive(Default)]
pub(super) struct State {
    records: VecDeque<(u64, Record)>,
    requests: VecDeque<Request>,
    next_number: u64,
    dropped: u64,
    closing: bool,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), capacity }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete in itself, so a panic elsewhere leaves it usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, record: Record) {
        let mut state = self.lock();
        if state.records.len() >= self.capacity {
            state.records.pop_front();
            state.dropped += 1;
        }
        let number = state.next_number;
        state.next_number += 1;
        state.records.push_back((number, record));
        drop(state);
        self.changed.notify_all();
    }

    fn push_request(&self, request: Request) -> bool {
        let mut state = self.lock();
        let has_room = state.requests.len() < MAX_REQUESTS && !state.closing;
        if has_room {
            state.requests.push_back(request);
        }
        drop(state);
        self.changed.notify_all();
        has_room
    }

    /// Waits until there is something to write, or the queue closes. Whether there is.
    pub(super) fn wait_for_work(&self) -> bool {
        let state = self
            .changed
            .wait_while(self.lock(), |state| state.records.is_empty() && state.requests.is_empty() && !state.closing)
            .unwrap_or_else(PoisonError::into_inner);
        !state.records.is_empty() || !state.requests.is_empty()
    }

    /// The oldest change that somebody waits for.
    pub(super) fn next_request(&self) -> Option<Request> {
        self.lock().requests.pop_front()
    }

    /// The oldest records, at most `limit`. They stay in the queue until [`Queue::remove_through`].
    pub(super) fn oldest(&self, limit: usize) -> Vec<(u64, Record)> {
        self.lock().records.iter().take(limit).cloned().collect()
    }

    /// The records up to that number are on the disk.
    pub(super) fn remove_through(&self, last: u64) {
        let mut state = self.lock();
        while state.records.front().is_some_and(|(number, _)| *number <= last) {
            state.records.pop_front();
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Counts records that the database refuses for good.
    pub(super) fn count_dropped(&self, count: u64) {
        self.lock().dropped += count;
    }

    /// How many records were dropped so far: because the queue was full, or because the database refused them for good.
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Waits for `time`, or until the queue closes or somebody waits for a change.
    pub(super) fn pause(&self, time: Duration) {
        let _unused = self
            .changed
            .wait_timeout_while(self.lock(), time, |state| !state.closing && state.requests.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Waits until nothing waits to be written, at most `limit`. Whether that came to be.
    pub(super) fn wait_until_empty(&self, limit: Duration) -> bool {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), limit, |state| !state.records.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        state.records.is_empty()
    }

    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Everything that is still waiting.
    pub(super) fn take_all(&self) -> Vec<Record> {
        self.lock().records.drain(..).map(|(_, record)| record).collect()
    }
}
