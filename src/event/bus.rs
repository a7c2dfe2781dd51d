//! The bus: every published event reaches every subscriber that keeps up.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::broadcast;

use super::{Event, Stamped};
use crate::clock::Clock;

/// Events kept for a slow subscriber. When it is full the oldest is dropped for that subscriber, and counted.
const CAPACITY: usize = 1024;

/// Publishes events, stamped by the clock. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    sender: broadcast::Sender<Stamped>,
    clock: Arc<dyn Clock>,
    dropped: Arc<AtomicU64>,
}

impl Bus {
    /// A bus without subscribers.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { sender: broadcast::Sender::new(CAPACITY), clock, dropped: Arc::default() }
    }

    /// Publishes `event` with the present time. Never waits; without subscribers it is gone.
    pub fn publish(&self, event: Event) {
        let _ = self.sender.send(Stamped { at: self.clock.now(), event });
    }

    /// All events from now on.
    #[must_use]
    pub fn subscribe(&self) -> Subscription {
        Subscription { receiver: self.sender.subscribe(), dropped: self.dropped.clone() }
    }

    /// How many events slow subscribers have missed.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// One reader of the bus.
pub struct Subscription {
    receiver: broadcast::Receiver<Stamped>,
    dropped: Arc<AtomicU64>,
}

impl Subscription {
    /// The next event, or `None` when every publisher is gone. What was missed is counted on the bus.
    pub async fn next(&mut self) -> Option<Stamped> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    self.dropped.fetch_add(missed, Ordering::Relaxed);
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The next event if one is waiting.
    pub fn try_next(&mut self) -> Option<Stamped> {
        loop {
            match self.receiver.try_recv() {
                Ok(event) => return Some(event),
                Err(broadcast::error::TryRecvError::Lagged(missed)) => {
                    self.dropped.fetch_add(missed, Ordering::Relaxed);
                }
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => return None,
            }
        }
    }
}
