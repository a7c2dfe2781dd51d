//! A circuit breaker: pure, its time is handed in.

use std::time::Duration;

use super::{FailureKind, ProviderError};

/// A service that stays away is asked again at least this often.
const MAX_OPEN: Duration = Duration::from_secs(60);

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open the first time; doubled each time the trial fails, up to a minute.
    pub open: Duration,
}

impl From<&crate::config::Cloud> for BreakerSettings {
    fn from(config: &crate::config::Cloud) -> Self {
        Self { failures: config.breaker_failures, open: Duration::from_secs(config.breaker_open_s) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Requests pass.
    Closed { failures: u32 },
    /// No request passes, because of a failure of that kind; the next probe is due `until`.
    Open { until: Duration, pause: Duration, by: FailureKind },
    /// A probe was answered: requests pass, the first of them decides.
    HalfOpen { pause: Duration },
}

/// Closed → open after several failures in a row, or at once where another try is pointless → half open when a probe was
/// answered → closed by a success, open again (for twice as long) by a failure.
///
/// While it is open only probes go out: no visitor waits for a trial.
#[derive(Debug, Clone)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    /// Whether requests may pass.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !matches!(self.state, State::Open { .. })
    }

    /// When the next probe is due; `None` unless open.
    #[must_use]
    pub fn probe_due(&self) -> Option<Duration> {
        match self.state {
            State::Open { until, .. } => Some(until),
            _ => None,
        }
    }

    /// A request succeeded.
    pub fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// A request failed at `now`. Gives whether that opened the breaker.
    pub fn failed(&mut self, error: &ProviderError, now: Duration) -> bool {
        let pause = match self.state {
            // A request that was under way when the breaker opened tells nothing new.
            State::Open { .. } => return false,
            State::HalfOpen { pause } => self.longer(pause),
            State::Closed { failures } => {
                let failures = failures + 1;
                let at_once = matches!(error.kind, FailureKind::Unauthorized | FailureKind::Unreachable)
                    || (error.kind == FailureKind::RateLimited && error.retry_after.is_some());
                if !at_once && failures < self.settings.failures {
                    self.state = State::Closed { failures };
                    return false;
                }
                self.settings.open
            }
        };
        self.open(error, pause, error.kind, now);
        true
    }

    /// A probe ended so at `now`. Gives whether requests may pass now, the first of which decides; else it is open for
    /// longer.
    ///
    /// A probe that was merely rejected (a key that may not list models, a server without a list) proves a live service
    /// too, but not that the key is taken, where that was the trouble.
    pub fn probed(&mut self, result: &Result<(), ProviderError>, now: Duration) -> bool {
        let State::Open { pause, by, .. } = self.state else { return true };
        match result {
            Err(error) if error.kind != FailureKind::Rejected || by == FailureKind::Unauthorized => {
                self.open(error, self.longer(pause), by, now);
                false
            }
            _ => {
                self.state = State::HalfOpen { pause };
                true
            }
        }
    }

    fn open(&mut self, error: &ProviderError, pause: Duration, by: FailureKind, now: Duration) {
        self.state = State::Open { until: now + error.retry_after.unwrap_or(pause), pause, by };
    }

    fn longer(&self, pause: Duration) -> Duration {
        (pause * 2).min(MAX_OPEN.max(self.settings.open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn error(kind: FailureKind) -> ProviderError {
        ProviderError::new("cloud", kind, "")
    }

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings { failures: 3, open: 20 * SECOND })
    }

    #[test]
    fn only_failures_in_a_row_open_it() {
        let mut breaker = breaker();
        let failure = error(FailureKind::ServerError);
        assert!(!breaker.failed(&failure, SECOND) && !breaker.failed(&failure, SECOND));
        breaker.succeeded();
        assert!(!breaker.failed(&failure, SECOND) && !breaker.failed(&failure, SECOND));
        assert!(breaker.failed(&failure, SECOND));
        assert!(!breaker.is_closed());
        assert_eq!(breaker.probe_due(), Some(21 * SECOND));
        assert!(!breaker.failed(&failure, 2 * SECOND), "it opens once");
    }

    #[test]
    fn a_wrong_key_and_a_refused_connection_open_it_at_once() {
        for kind in [FailureKind::Unauthorized, FailureKind::Unreachable] {
            assert!(breaker().failed(&error(kind), SECOND));
        }
    }

    #[test]
    fn a_rate_limit_opens_it_for_as_long_as_the_service_asks() {
        let mut breaker = breaker();
        let limited = ProviderError { retry_after: Some(7 * SECOND), ..error(FailureKind::RateLimited) };
        assert!(breaker.failed(&limited, SECOND));
        assert_eq!(breaker.probe_due(), Some(8 * SECOND));
    }

    #[test]
    fn after_an_answered_probe_one_request_decides() {
        let mut breaker = breaker();
        breaker.failed(&error(FailureKind::Unreachable), Duration::ZERO);
        assert!(breaker.probed(&Ok(()), 20 * SECOND));
        assert!(breaker.is_closed());
        assert!(breaker.failed(&error(FailureKind::ServerError), 30 * SECOND), "one failure is enough now");
        assert_eq!(breaker.probe_due(), Some(70 * SECOND), "for twice as long");
        assert!(breaker.probed(&Ok(()), 70 * SECOND));
        breaker.succeeded();
        assert!(!breaker.failed(&error(FailureKind::ServerError), 80 * SECOND), "and a success forgives all");
    }

    #[test]
    fn a_rejected_probe_proves_a_live_service_but_not_a_good_key() {
        let rejected = Err(error(FailureKind::Rejected));
        let mut away = breaker();
        away.failed(&error(FailureKind::Unreachable), Duration::ZERO);
        assert!(!away.probed(&Err(error(FailureKind::ServerError)), 20 * SECOND));
        assert!(away.probed(&rejected, 60 * SECOND) && away.is_closed());

        let mut refused = breaker();
        refused.failed(&error(FailureKind::Unauthorized), Duration::ZERO);
        assert!(!refused.probed(&rejected, 20 * SECOND) && !refused.is_closed());
        assert!(refused.probed(&Ok(()), 60 * SECOND));
    }

    #[test]
    fn pauses_grow_to_a_minute() {
        let mut breaker = breaker();
        let gone = error(FailureKind::Unreachable);
        breaker.failed(&gone, Duration::ZERO);
        let pauses: Vec<u64> = (0..4)
            .filter_map(|_| {
                let due = breaker.probe_due()?;
                assert!(!breaker.probed(&Err(gone.clone()), due));
                Some((breaker.probe_due()? - due).as_secs())
            })
            .collect();
        assert_eq!(pauses, [40, 60, 60, 60]);
    }
}
