//! Time, handed in: the real clock, and one that a test or a fast replay moves by hand.
//!
//! Zero is the start of the audio input; every `at` in events and reports counts from there.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

/// The time of day, handed in: in use `jiff::Timestamp::now`.
pub type WallClock = std::sync::Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// A monotonic clock whose zero is the start of the run.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Time since the start of the run.
    fn now(&self) -> Duration;
    /// Returns once `now()` has reached `deadline`.
    async fn sleep_until(&self, deadline: Duration);
}

/// The machine's monotonic clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock that reads zero now.
    #[must_use]
    pub fn start_now() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    async fn sleep_until(&self, deadline: Duration) {
        tokio::time::sleep_until(tokio::time::Instant::from_std(self.start + deadline)).await;
    }
}

/// A clock that stands still until it is advanced: tests in virtual time, and `replay --fast`.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: std::sync::Arc<watch::Sender<Duration>>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self { now: std::sync::Arc::new(watch::Sender::new(Duration::ZERO)) }
    }
}

impl ManualClock {
    /// Moves the clock forward by `step` and wakes whoever waited for a time that has now come.
    pub fn advance(&self, step: Duration) {
        self.now.send_modify(|now| *now += step);
    }

    /// Moves the clock to `now`; a time in the past is ignored, the clock never goes back.
    pub fn set(&self, now: Duration) {
        self.now.send_if_modified(|current| {
            let moved = now > *current;
            if moved {
                *current = now;
            }
            moved
        });
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Duration {
        *self.now.borrow()
    }

    async fn sleep_until(&self, deadline: Duration) {
        let mut time = self.now.subscribe();
        // The sender lives in `self`, so this can only end by the deadline.
        let _ = time.wait_for(|now| *now >= deadline).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_passes_its_deadline() {
        let clock = ManualClock::default();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(Duration::from_millis(30)).await;
                clock.now()
            }
        });
        clock.advance(Duration::from_millis(20));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_millis(15));
        assert_eq!(sleeper.await.ok(), Some(Duration::from_millis(35)));
    }

    #[test]
    fn a_manual_clock_never_goes_back() {
        let clock = ManualClock::default();
        clock.set(Duration::from_secs(2));
        clock.set(Duration::from_secs(1));
        assert_eq!(clock.now(), Duration::from_secs(2));
    }
}
