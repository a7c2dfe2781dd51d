//! The face of each state: eyes, glow and mouth.

use super::AvatarState;
use crate::ui::avatar::MouthShape;

/// Time constants, seconds: eyes and glow; mouth; mouth when interrupted (at rest in 80 ms).
pub(super) const EXPRESSION_SECS: f32 = 0.120;
pub(super) const MOUTH_SECS: f32 = 0.110;
pub(super) const INTERRUPTED_MOUTH_SECS: f32 = 0.025;

/// Eyes and glow, as in `Pose`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Expression {
    pub(super) lid: f32,
    pub(super) low: f32,
    pub(super) eye: f32,
    pub(super) glow: f32,
}

impl Expression {
    /// The expression that belongs to `state`.
    pub(super) fn of(state: AvatarState) -> Self {
        let (lid, low, eye, glow) = match state {
            AvatarState::Idle => (0.86, 0.04, 1.0, 0.55),
            AvatarState::Attending => (1.0, 0.0, 1.06, 0.85),
            AvatarState::Listening | AvatarState::Interrupted => (1.0, 0.0, 1.08, 0.80),
            AvatarState::Thinking => (0.94, 0.0, 1.0, 0.65),
            AvatarState::Speaking => (0.96, 0.10, 1.0, 1.0),
            AvatarState::Glad => (1.0, 0.72, 1.03, 1.0),
            AvatarState::Offline => (0.86, 0.05, 1.0, 0.5),
            AvatarState::Lost(_) => (0.90, 0.0, 1.0, 0.45),
            AvatarState::Safe => (0.0, 0.0, 1.0, 0.25),
        };
        Self { lid, low, eye, glow }
    }

    pub(super) fn towards(&self, other: &Self, k: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * k;
        Self {
            lid: mix(self.lid, other.lid),
            low: mix(self.low, other.low),
            eye: mix(self.eye, other.eye),
            glow: mix(self.glow, other.glow),
        }
    }

    /// Whether the difference from `other` cannot be seen.
    pub(super) fn is_near(&self, other: &Self) -> bool {
        const UNSEEN: f32 = 0.004;
        [self.lid - other.lid, self.low - other.low, self.eye - other.eye, self.glow - other.glow]
            .into_iter()
            .all(|difference| difference.abs() < UNSEEN)
    }
}

/// The mouth of `state`; while speaking, the one between words.
pub(super) fn mouth_of(state: AvatarState) -> MouthShape {
    match state {
        AvatarState::Attending | AvatarState::Glad => MouthShape::SMILE,
        AvatarState::Thinking | AvatarState::Lost(_) | AvatarState::Safe => MouthShape::MUSE,
        AvatarState::Idle
        | AvatarState::Listening
        | AvatarState::Interrupted
        | AvatarState::Speaking
        | AvatarState::Offline => MouthShape::REST,
    }
}
