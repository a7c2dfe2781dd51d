//! PINs of staff: hashing, checking against everybody's, and how long to wait after wrong ones.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::{SaltString, rand_core::OsRng},
};

use crate::{
    event::staff::PinProblem,
    store::{AuditAction, AuditEntry, StaffRow, UnixMillis},
};

/// Digits of a PIN.
pub const PIN_DIGITS: usize = 6;

/// OWASP's second choice for argon2id (Password Storage Cheat Sheet): some 30 ms on the kiosk's processor for each
/// member of staff, and no noticeable memory beside the models.
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The pause after the first, second, … wrong try in a row, ms. The last holds for all after it.
const PAUSES_MS: [i64; 5] = [0, 1_000, 2_000, 4_000, 8_000];

const MINUTE_MS: i64 = 60_000;

/// A PIN that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// It is not six digits.
    #[error("a PIN has {PIN_DIGITS} digits 0–9; what was given is not shown")]
    NotDigits,
    /// Anybody would try it first.
    #[error("this PIN is guessed at once: all digits alike, or counting up or down; choose another")]
    TooSimple,
    /// It cannot be hashed.
    #[error("the PIN cannot be hashed: not enough memory")]
    Hash,
}

/// Six digits. Never shown, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(not shown)")
    }
}

impl Pin {
    /// # Errors
    /// It is not six digits.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        let is_pin = text.len() == PIN_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_pin { Ok(Self(text.to_owned())) } else { Err(PinError::NotDigits) }
    }

    /// The digits that were touched, if they are enough.
    pub(super) fn of_digits(digits: &[u8]) -> Option<Self> {
        let text: Option<String> = digits.iter().map(|digit| char::from_digit(u32::from(*digit), 10)).collect();
        text.and_then(|text| Self::parse(&text).ok())
    }

    /// Its hash for the database.
    ///
    /// # Errors
    /// The PIN is one that anybody would try first, or there is no memory to hash it.
    pub fn hash(&self) -> Result<String, PinError> {
        if self.is_simple() {
            return Err(PinError::TooSimple);
        }
        let salt = SaltString::generate(&mut OsRng);
        let hash = hasher()?.hash_password(self.0.as_bytes(), &salt).map_err(|_| PinError::Hash)?;
        Ok(hash.to_string())
    }

    fn is_simple(&self) -> bool {
        let steps: Vec<i16> =
            self.0.as_bytes().array_windows().map(|[one, next]| i16::from(*next) - i16::from(*one)).collect();
        [0, 1, -1].iter().any(|step| steps.iter().all(|other| other == step))
    }

    /// Whose it is. Takes the same time for everybody's: every hash is tried, whichever fits. Blocks its thread for
    /// some 30 ms for each member of staff.
    #[must_use]
    pub fn owner<'a>(&self, staff: &'a [StaffRow]) -> Option<&'a StaffRow> {
        let hasher = hasher().ok()?;
        let mut owner = None;
        for member in staff {
            let Some(hash) = member.pin_hash.as_deref().and_then(|hash| PasswordHash::new(hash).ok()) else { continue };
            if hasher.verify_password(self.0.as_bytes(), &hash).is_ok() {
                owner = Some(member);
            }
        }
        owner
    }
}

fn hasher() -> Result<Argon2<'static>, PinError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| PinError::Hash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// `[staff]`, as far as it concerns wrong PINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// Wrong tries in a row before the pad is locked.
    pub max_attempts: u32,
    /// How long it is locked.
    pub lock_minutes: u32,
}

/// Counts wrong tries. Made anew from the audit log at every start, so that pulling the plug opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    wrong: u32,
    last_wrong_at: Option<UnixMillis>,
}

impl Guard {
    /// What `entries` (the newest first) leave behind.
    #[must_use]
    pub fn of_audit_log(entries: &[AuditEntry], lockout: Lockout) -> Self {
        let mut guard = Self::default();
        for entry in entries.iter().rev() {
            match entry.action {
                AuditAction::PinRight => guard.right(),
                AuditAction::PinWrong => {
                    guard.wrong(lockout, entry.at);
                }
                _ => {}
            }
        }
        guard
    }

    /// Why no PIN is tried now.
    pub fn problem(&mut self, lockout: Lockout, now: UnixMillis) -> Option<PinProblem> {
        // A clock that was set back must not lock for longer than it would have.
        let last = self.last_wrong_at.map(|last| last.min(now))?;
        self.last_wrong_at = Some(last);
        let since = now.0 - last.0;
        if self.wrong >= lockout.max_attempts {
            let left = i64::from(lockout.lock_minutes) * MINUTE_MS - since;
            if left > 0 {
                return Some(PinProblem::Locked { minutes: rounded_up(left, MINUTE_MS) });
            }
            *self = Self::default();
            return None;
        }
        let left = self.pause_ms() - since;
        (left > 0).then(|| PinProblem::Wait { seconds: rounded_up(left, 1_000) })
    }

    /// A PIN was nobody's.
    pub fn wrong(&mut self, lockout: Lockout, now: UnixMillis) -> PinProblem {
        // A lock that is over by now counts no more.
        let _ = self.problem(lockout, now);
        self.wrong += 1;
        self.last_wrong_at = Some(now);
        match lockout.max_attempts.checked_sub(self.wrong) {
            Some(attempts_left) if attempts_left > 0 => PinProblem::Wrong { attempts_left },
            _ => PinProblem::Locked { minutes: lockout.lock_minutes },
        }
    }

    /// A PIN was right.
    pub fn right(&mut self) {
        *self = Self::default();
    }

    fn pause_ms(&self) -> i64 {
        let tries = usize::try_from(self.wrong).unwrap_or(usize::MAX);
        let last = PAUSES_MS.len() - 1;
        tries.checked_sub(1).and_then(|index| PAUSES_MS.get(index.min(last))).copied().unwrap_or(0)
    }
}

fn rounded_up(left_ms: i64, unit_ms: i64) -> u32 {
    u32::try_from((left_ms + unit_ms - 1) / unit_ms).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::store::{Actor, StaffId};

    const LOCKOUT: Lockout = Lockout { max_attempts: 5, lock_minutes: 5 };

    fn member(name: &str, pin: &str) -> StaffRow {
        StaffRow {
            id: StaffId(uuid::Uuid::now_v7()),
            name: name.to_owned(),
            pin_hash: Some(Pin::parse(pin).unwrap().hash().unwrap()),
            created_at: UnixMillis(0),
            removed_at: None,
        }
    }

    #[test]
    fn a_pin_opens_for_its_owner_only() {
        let mut staff = [member("Aisha", "402913"), member("Omar", "118274")];
        assert!(staff[0].pin_hash.as_deref().unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let omars = Pin::parse("118274").unwrap();
        assert_eq!(omars.owner(&staff).unwrap().name, "Omar");
        assert!(Pin::parse("118275").unwrap().owner(&staff).is_none());
        staff[1].pin_hash = None;
        assert!(omars.owner(&staff).is_none(), "removed");
    }

    #[test]
    fn a_pin_that_anybody_would_try_first_is_refused() {
        for simple in ["000000", "777777", "123456", "987654"] {
            assert_eq!(Pin::parse(simple).unwrap().hash(), Err(PinError::TooSimple), "{simple}");
        }
        for wrong in ["12345", "1234567", "12345a", "١٢٣٤٥٦", ""] {
            assert_eq!(Pin::parse(wrong), Err(PinError::NotDigits), "{wrong}");
        }
        assert!(!format!("{:?}", Pin::parse("402913").unwrap()).contains("402913"));
    }

    #[test]
    fn wrong_tries_wait_for_longer_and_longer_and_then_lock() {
        let mut guard = Guard::default();
        let mut now = UnixMillis(1_000_000);
        let mut told = Vec::new();
        for _ in 0..4 {
            assert_eq!(guard.problem(LOCKOUT, now), None);
            assert!(matches!(guard.wrong(LOCKOUT, now), PinProblem::Wrong { .. }));
            let pause = match guard.problem(LOCKOUT, now) {
                Some(PinProblem::Wait { seconds }) => seconds,
                other => {
                    assert_eq!(other, None);
                    0
                }
            };
            told.push(pause);
            now.0 += i64::from(pause) * 1_000;
        }
        assert_eq!(told, [0, 1, 2, 4]);
        assert_eq!(guard.wrong(LOCKOUT, now), PinProblem::Locked { minutes: 5 });
        now.0 += 4 * MINUTE_MS + 1;
        assert_eq!(guard.problem(LOCKOUT, now), Some(PinProblem::Locked { minutes: 1 }));
        now.0 += MINUTE_MS;
        assert_eq!(guard.problem(LOCKOUT, now), None);
        assert_eq!(guard.wrong(LOCKOUT, now), PinProblem::Wrong { attempts_left: 4 }, "counted anew");
    }

    #[test]
    fn a_lock_survives_a_restart_and_a_clock_that_is_set_back() {
        let entry = |at, action| AuditEntry::new(UnixMillis(at), Actor::Unknown, action, None);
        let mut log: Vec<AuditEntry> = (0..5).map(|i| entry(i * 10_000, AuditAction::PinWrong)).collect();
        log.insert(0, entry(-5, AuditAction::PinRight));
        log.reverse();
        let mut guard = Guard::of_audit_log(&log, LOCKOUT);
        assert_eq!(guard.problem(LOCKOUT, UnixMillis(50_000)), Some(PinProblem::Locked { minutes: 5 }));
        let mut set_back = guard;
        assert_eq!(set_back.problem(LOCKOUT, UnixMillis(-9_000_000)), Some(PinProblem::Locked { minutes: 5 }));
        assert_eq!(set_back.problem(LOCKOUT, UnixMillis(-9_000_000 + 5 * MINUTE_MS)), None);
        log.insert(0, entry(60_000, AuditAction::PinRight));
        assert_eq!(Guard::of_audit_log(&log, LOCKOUT), Guard::default());
    }
}
