//! The place of the latest picture.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::Frame;

/// Holds the latest picture and no other. A newer one takes the place of one that nobody has waited for, which is then
/// counted as dropped. Never makes the camera wait.
#[derive(Default)]
pub struct FrameSlot {
    state: Mutex<State>,
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    latest: Option<Frame>,
    /// Whether [`FrameSlot::wait_newer`] has given the latest one.
    is_taken: bool,
    is_closed: bool,
}

impl FrameSlot {
    /// Puts a picture into it.
    pub fn publish(&self, frame: Frame) {
        let mut state = self.lock();
        let unseen = state.latest.replace(frame).is_some() && !state.is_taken;
        state.is_taken = false;
        drop(state);
        self.dropped.fetch_add(u64::from(unseen), Ordering::Relaxed);
        self.changed.notify_all();
    }

    /// Empties it: the camera shows nothing now.
    pub fn clear(&self) {
        self.lock().latest = None;
    }

    /// The latest picture; `None` while the camera shows nothing.
    #[must_use]
    pub fn latest(&self) -> Option<Frame> {
        self.lock().latest.clone()
    }

    /// The latest picture, once its sequence is greater than `sequence`. `None`: not within `limit`, or the camera was
    /// stopped. Blocks its thread.
    #[must_use]
    pub fn wait_newer(&self, sequence: u64, limit: Duration) -> Option<Frame> {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            if let Some(frame) = state.latest.as_ref().filter(|frame| frame.sequence > sequence).cloned() {
                state.is_taken = true;
                return Some(frame);
            }
            let left = until.saturating_duration_since(Instant::now());
            if state.is_closed || left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether no picture will come any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Pictures that nobody waited for before the next one came.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Empties it for good and wakes whoever waits.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.latest = None;
        state.is_closed = true;
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn frame(sequence: u64) -> Frame {
        Frame { sequence, at: Duration::from_secs(sequence), picture: Arc::default() }
    }

    #[test]
    fn a_slow_reader_gets_the_latest_picture_and_the_others_are_counted() {
        let slot = FrameSlot::default();
        for sequence in 1..=3 {
            slot.publish(frame(sequence));
        }
        assert_eq!(slot.wait_newer(0, LIMIT).unwrap().sequence, 3);
        assert_eq!(slot.dropped(), 2);
        slot.publish(frame(4));
        assert_eq!(slot.dropped(), 2, "the third one was looked at");
        assert_eq!(slot.latest().unwrap().sequence, 4);
    }

    #[test]
    fn a_reader_waits_for_the_next_picture_and_no_longer_than_its_limit() {
        let slot = Arc::new(FrameSlot::default());
        slot.publish(frame(1));
        assert!(slot.wait_newer(1, Duration::from_millis(1)).is_none());
        let reader = std::thread::spawn({
            let slot = slot.clone();
            move || slot.wait_newer(1, LIMIT).map(|frame| frame.sequence)
        });
        slot.publish(frame(2));
        assert_eq!(reader.join().unwrap(), Some(2));
    }

    #[test]
    fn whoever_waits_is_told_when_the_camera_is_stopped() {
        let slot = Arc::new(FrameSlot::default());
        let reader = std::thread::spawn({
            let slot = slot.clone();
            move || slot.wait_newer(0, Duration::from_secs(600)).is_none()
        });
        slot.close();
        assert!(reader.join().unwrap());
        assert!(slot.is_closed());
    }
}
