//! Numbers and codes cannot be tried out: how many wrong ones were given, in a visit and at the kiosk.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use crate::event::VisitId;

/// Wrong ones in a visit; then no more are looked up.
const IN_A_VISIT: usize = 3;

/// Wrong ones within [`WINDOW`], whoever gives them; then no more are looked up until the oldest is that old.
const AT_THE_KIOSK: usize = 15;

const WINDOW: SignedDuration = SignedDuration::from_mins(30);

/// The wrong ones of late. At most [`AT_THE_KIOSK`] are kept, and no others: when that many are there no more come.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    wrong: Mutex<VecDeque<(VisitId, Timestamp)>>,
}

impl Attempts {
    /// Whether another one may be looked up.
    pub(super) fn may_try(&self, visit: VisitId, now: Timestamp) -> bool {
        let mut wrong = self.lock();
        // A clock that was set back leaves nothing behind that never grows old.
        wrong.retain(|(_, at)| (now - WINDOW..=now + WINDOW).contains(at));
        wrong.len() < AT_THE_KIOSK && wrong.iter().filter(|(own, _)| *own == visit).count() < IN_A_VISIT
    }

    /// It was wrong.
    pub(super) fn was_wrong(&self, visit: VisitId, now: Timestamp) {
        let mut wrong = self.lock();
        if wrong.len() >= AT_THE_KIOSK {
            wrong.pop_front();
        }
        wrong.push_back((visit, now));
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(VisitId, Timestamp)>> {
        // Every change is complete in itself, so a panic elsewhere leaves it usable.
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn numbers_cannot_be_tried_out() {
        let (attempts, visit) = (Attempts::default(), VisitId::generate());
        let now: Timestamp = "2026-11-21T07:00:00Z".parse().unwrap();
        for _ in 0..IN_A_VISIT {
            assert!(attempts.may_try(visit, now));
            attempts.was_wrong(visit, now);
        }
        assert!(!attempts.may_try(visit, now));
        assert!(!attempts.may_try(visit, now + SignedDuration::from_mins(29)));
        for _ in IN_A_VISIT..AT_THE_KIOSK {
            let other = VisitId::generate();
            assert!(attempts.may_try(other, now), "another visit");
            attempts.was_wrong(other, now);
        }
        assert!(!attempts.may_try(VisitId::generate(), now), "nor by one visit after another");
        assert!(attempts.may_try(VisitId::generate(), now + SignedDuration::from_mins(31)));
    }
}
