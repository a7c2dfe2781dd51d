//! When a tool is left alone: pure, its time is handed in.
//!
//! Not `cloud::Breaker`: that one opens at once for some kinds of failure, doubles its pause, and is closed by probes that
//! no tool has. Here one call is the trial, and only one.

use std::time::Duration;

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// Failures in a row that open it.
    pub(super) failures: u32,
    /// How long it stays open.
    pub(super) open: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    /// No call passes before `until`; then one does.
    Open {
        until: Duration,
    },
    /// One call is under way and decides.
    Trial,
}

/// Closed → open after several failures in a row → one trial → closed, or open again for as long.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    settings: Settings,
    state: State,
}

impl Breaker {
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    /// How long no call may pass; `None`: one may.
    pub(super) fn closed_for(&self, now: Duration) -> Option<Duration> {
        match self.state {
            State::Closed { .. } => None,
            State::Open { until } => until.checked_sub(now).filter(|wait| !wait.is_zero()),
            // A trial ends within its tool's time; a second is a fair answer to a model.
            State::Trial => Some(Duration::from_secs(1)),
        }
    }

    /// A call begins, unless it has to wait for that long.
    pub(super) fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        if let Some(wait) = self.closed_for(now) {
            return Err(wait);
        }
        if let State::Open { .. } = self.state {
            self.state = State::Trial;
        }
        Ok(())
    }

    /// The tool answered: it did what it was asked, or said why not.
    pub(super) fn answered(&mut self) {
        // What was under way when it opened tells nothing new.
        if !matches!(self.state, State::Open { .. }) {
            self.state = State::Closed { failures: 0 };
        }
    }

    /// The tool failed at `now`.
    pub(super) fn failed(&mut self, now: Duration) {
        self.state = match self.state {
            State::Closed { failures } if failures + 1 < self.settings.failures => {
                State::Closed { failures: failures + 1 }
            }
            State::Closed { .. } | State::Trial => State::Open { until: now + self.settings.open },
            State::Open { until } => State::Open { until },
        };
    }

    /// A call ended without telling anything about the tool: it was cancelled, or made no sense.
    pub(super) fn undecided(&mut self, now: Duration) {
        if self.state == State::Trial {
            self.state = State::Open { until: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn breaker() -> Breaker {
        Breaker::new(Settings { failures: 5, open: 30 * SECOND })
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_thirty_seconds() {
        let mut breaker = breaker();
        for _ in 0..4 {
            breaker.failed(SECOND);
        }
        breaker.answered();
        for _ in 0..4 {
            breaker.failed(SECOND);
            assert_eq!(breaker.admit(SECOND), Ok(()));
        }
        breaker.failed(SECOND);
        assert_eq!(breaker.admit(2 * SECOND), Err(29 * SECOND));
        assert_eq!(breaker.admit(31 * SECOND), Ok(()));
    }

    #[test]
    fn one_trial_decides_and_nothing_passes_beside_it() {
        let mut breaker = breaker();
        (0..5).for_each(|_| breaker.failed(Duration::ZERO));
        assert_eq!(breaker.admit(30 * SECOND), Ok(()));
        assert!(breaker.admit(30 * SECOND).is_err(), "one trial only");
        breaker.failed(30 * SECOND);
        assert_eq!(breaker.admit(40 * SECOND), Err(20 * SECOND), "for thirty seconds again");
        assert_eq!(breaker.admit(60 * SECOND), Ok(()));
        breaker.answered();
        assert_eq!(breaker.admit(60 * SECOND), Ok(()));
        assert_eq!(breaker.admit(60 * SECOND), Ok(()));
    }

    #[test]
    fn a_trial_that_was_cancelled_makes_room_for_another() {
        let mut breaker = breaker();
        (0..5).for_each(|_| breaker.failed(Duration::ZERO));
        assert_eq!(breaker.admit(30 * SECOND), Ok(()));
        breaker.undecided(31 * SECOND);
        assert_eq!(breaker.admit(31 * SECOND), Ok(()));
    }

    proptest! {
        /// Whatever happens, nothing passes within thirty seconds of the failure that opened it, at most one call is a trial
        /// at a time, and it never stays shut for ever.
        #[test]
        fn it_keeps_its_promises(steps in proptest::collection::vec((0_u8..4, 0_u64..20), 1..200)) {
            let mut breaker = breaker();
            let (mut now, mut in_a_row, mut opened_at, mut under_way) = (Duration::ZERO, 0_u32, None::<Duration>, 0_u32);
            for (what, seconds) in steps {
                now += SECOND * u32::try_from(seconds).unwrap();
                if what == 0 || under_way == 0 {
                    let admitted = breaker.admit(now).is_ok();
                    match opened_at {
                        Some(at) if now < at + 30 * SECOND => prop_assert!(!admitted),
                        Some(_) => prop_assert_eq!(admitted, under_way == 0, "one trial, and there is one"),
                        None => prop_assert!(admitted),
                    }
                    under_way += u32::from(admitted);
                    continue;
                }
                under_way -= 1;
                match what {
                    1 => {
                        breaker.answered();
                        // An answer counts unless it is a late one.
                        if opened_at.is_none_or(|at| now >= at + 30 * SECOND) {
                            (in_a_row, opened_at) = (0, None);
                        }
                    }
                    2 => {
                        breaker.failed(now);
                        in_a_row += 1;
                        let is_trial = opened_at.is_some_and(|at| now >= at + 30 * SECOND);
                        if is_trial || (opened_at.is_none() && in_a_row >= 5) {
                            opened_at = Some(now);
                        }
                    }
                    _ => breaker.undecided(now),
                }
                if opened_at == Some(now) {
                    // Late results of calls from before are left out of this game.
                    under_way = 0;
                }
            }
            now += 60 * SECOND;
            if under_way > 0 {
                breaker.undecided(now);
            }
            prop_assert!(breaker.admit(now).is_ok());
        }
    }
}
