//! The one thread that writes. It never gives up: a database that cannot be written is tried again with growing
//! pauses, the records wait in order, and staff are told once.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use rusqlite::ErrorCode;

use super::{
    Key, People, StoreError, StoreWriter,
    connection::Database,
    queue::{self, Queue},
    record::Record,
    recovery,
};
use crate::event::{Bus, Device, DeviceStatus, Event};

/// Records that go into one transaction.
const BATCH: usize = 256;
/// The time that dropping a [`Store`] allows for the last records.
const DROP_LIMIT: Duration = Duration::from_secs(2);

/// The pauses between attempts to write: the first, doubled each time, up to the last.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    pub(super) first: Duration,
    pub(super) last: Duration,
}

const RETRY: Retry = Retry { first: Duration::from_millis(250), last: Duration::from_secs(15) };

/// Opens the database; handed in, so that tests can make it fail.
pub(super) type Opener = Box<dyn FnMut(&Path) -> Result<Database, StoreError> + Send>;

/// The database and the thread that writes it. Dropping it closes it.
pub struct Store {
    queue: Arc<Queue>,
    path: PathBuf,
    /// Disconnected when the thread has ended.
    ended: mpsc::Receiver<()>,
    closed: bool,
}

/// How a store was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Closed {
    /// Records that are in the recovery file, because the database could not be written in time.
    pub recovered: usize,
    /// Records that were dropped since the start.
    pub dropped: u64,
}

impl Store {
    /// Starts the thread that opens (or creates) the database at `path`, reads back what an earlier run left in the
    /// recovery file, and writes. A database that cannot be used is no error here: the kiosk works without it, the
    /// records wait, and `bus` gets `Event::Device` with [`Device::Store`], once when it is lost and once when it is
    /// back.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn open(path: &Path, bus: Bus) -> Result<Self, StoreError> {
        Self::start(path, bus, Box::new(Database::open), RETRY, queue::CAPACITY)
    }

    pub(super) fn start(
        path: &Path,
        bus: Bus,
        opener: Opener,
        retry: Retry,
        capacity: usize,
    ) -> Result<Self, StoreError> {
        let queue = Arc::new(Queue::new(capacity));
        let (alive, ended) = mpsc::sync_channel::<()>(0);
        let thread = Thread { queue: queue.clone(), path: path.to_owned(), bus, opener, retry };
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                thread.run();
                drop(alive);
            })
            .map_err(StoreError::Thread)?;
        Ok(Self { queue, path: path.to_owned(), ended, closed: false })
    }

    /// A handle to record with.
    #[must_use]
    pub fn writer(&self) -> StoreWriter {
        StoreWriter::new(self.queue.clone())
    }

    /// The people on record, with the key to them.
    #[must_use]
    pub fn people(&self, key: Key) -> People {
        People::new(self.path.clone(), self.writer(), key)
    }

    /// Waits until every record is on the disk, at most `limit`. Whether that came to be. Blocks its thread.
    #[must_use]
    pub fn flush(&self, limit: Duration) -> bool {
        self.queue.wait_until_empty(limit)
    }

    /// Writes what is waiting, within `limit`; what cannot be written goes to the recovery file beside the database.
    /// Blocks its thread.
    ///
    /// # Errors
    /// The recovery file cannot be written either: the error says how, and the records are lost.
    pub fn close(mut self, limit: Duration) -> Result<Closed, StoreError> {
        self.shut(limit)
    }

    fn shut(&mut self, limit: Duration) -> Result<Closed, StoreError> {
        self.closed = true;
        self.queue.close();
        // A thread that hangs in the disk is left to itself: writing a record twice does no harm.
        let _ = self.ended.recv_timeout(limit);
        let rest = self.queue.take_all();
        if !rest.is_empty() {
            recovery::save(&self.path, &rest)?;
        }
        Ok(Closed { recovered: rest.len(), dropped: self.queue.dropped() })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if !self.closed
            && let Err(error) = self.shut(DROP_LIMIT)
        {
            tracing::error!(%error, "the last records could not be kept");
        }
    }
}

struct Thread {
    queue: Arc<Queue>,
    path: PathBuf,
    bus: Bus,
    opener: Opener,
    retry: Retry,
}

impl Thread {
    fn run(mut self) {
        let mut database = None;
        let mut status = DeviceStatus::Ready;
        let mut pause = self.retry.first;
        let mut dropped_before = 0;
        loop {
            let error = self.write_batch(&mut database).err();
            let now = if error.is_some() { DeviceStatus::Lost } else { DeviceStatus::Ready };
            if now != status {
                status = now;
                let detail = error
                    .as_ref()
                    .map_or_else(|| format!("{} is written again", self.path.display()), ToString::to_string);
                self.bus.publish(Event::Device { device: Device::Store, status, detail });
            }
            self.answer_requests(&mut database, error.as_ref());
            if error.is_none() {
                pause = self.retry.first;
                // Told only when there is room again: staff's record of it must not drop another one.
                let dropped = self.queue.dropped();
                if dropped > dropped_before {
                    self.bus.publish(Event::Dropped { what: "records", count: dropped - dropped_before });
                    dropped_before = dropped;
                }
                if !self.queue.wait_for_work() {
                    return;
                }
            } else {
                database = None;
                if self.queue.is_closing() {
                    return;
                }
                self.queue.pause(pause);
                pause = (pause * 2).min(self.retry.last);
            }
        }
    }

    /// Makes the changes that somebody waits for, after what was said before; without a database says why.
    fn answer_requests(&self, database: &mut Option<Database>, error: Option<&StoreError>) {
        while let Some(request) = self.queue.next_request() {
            match (database.as_mut(), error) {
                (_, Some(error)) => request(Err(error)),
                (Some(database), None) => request(Ok(database)),
                // Without an error the database is open.
                (None, None) => {}
            }
        }
    }

    /// Opens the database if need be, and writes the oldest records, if any.
    fn write_batch(&mut self, database: &mut Option<Database>) -> Result<(), StoreError> {
        let open = match database {
            Some(open) => open,
            None => database.insert(self.open()?),
        };
        let batch = self.queue.oldest(BATCH);
        let Some((last, _)) = batch.last() else { return Ok(()) };
        let records: Vec<&Record> = batch.iter().map(|(_, record)| record).collect();
        let refused = write_or_skip(open, &records)?;
        self.queue.count_dropped(refused);
        self.queue.remove_through(*last);
        Ok(())
    }

    /// Opens the database and writes what an earlier run could not.
    fn open(&mut self) -> Result<Database, StoreError> {
        let mut database = (self.opener)(&self.path)?;
        let recovered = match recovery::read(&self.path) {
            Ok(Some(recovered)) => recovered,
            Ok(None) => return Ok(database),
            // It must not keep this run from being written; it stays where it is, for the next start.
            Err(error) => {
                tracing::error!(%error, "the records of an earlier run cannot be read back");
                return Ok(database);
            }
        };
        let records: Vec<&Record> = recovered.records.iter().collect();
        let refused = write_or_skip(&mut database, &records)?;
        self.queue.count_dropped(refused);
        recovery::finish(&self.path, &recovered)?;
        tracing::info!(
            records = recovered.records.len(),
            unreadable = recovered.unreadable,
            "read back the records of an earlier run"
        );
        Ok(database)
    }
}

/// Writes `records` together. If the database refuses one for what it holds, writes them one by one without it, so
/// that it cannot block the others for ever. How many were refused.
fn write_or_skip(database: &mut Database, records: &[&Record]) -> Result<u64, StoreError> {
    match database.write(records.iter().copied()) {
        Err(error) if is_refusal(&error) => {}
        done => return done.map(|()| 0),
    }
    let mut refused = 0;
    for record in records {
        match database.write([*record]) {
            Err(error) if is_refusal(&error) => {
                tracing::error!(%error, "a record was refused by the database and is dropped");
                refused += 1;
            }
            done => done?,
        }
    }
    Ok(refused)
}

fn is_refusal(error: &StoreError) -> bool {
    let StoreError::Sqlite { source, .. } = error else { return false };
    matches!(
        source.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    )
}
