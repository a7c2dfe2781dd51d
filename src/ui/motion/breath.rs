//! Breathing: body and glow grow and shrink as a sine, each state at its own pace.

use std::f32::consts::TAU;

use super::{AvatarState, ease};

/// Pace and depth change over this time constant, so that a new state does not make the body jump.
const SETTLING_SECS: f32 = 0.3;

/// A state's breathing: period in seconds, and the depth of the body's size and of its glow.
fn of(state: AvatarState) -> (f32, f32, f32) {
    match state {
        AvatarState::Idle => (5.2, 0.012, 0.12),
        AvatarState::Attending | AvatarState::Glad => (4.2, 0.008, 0.06),
        AvatarState::Listening | AvatarState::Interrupted => (4.2, 0.006, 0.04),
        AvatarState::Thinking => (3.6, 0.006, 0.05),
        AvatarState::Speaking => (4.2, 0.004, 0.02),
        AvatarState::Offline => (6.0, 0.010, 0.10),
        AvatarState::Lost(_) => (6.0, 0.006, 0.05),
        AvatarState::Safe => (8.0, 0.010, 0.10),
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Breathing {
    /// 0..1 through the present breath.
    phase: f32,
    size_depth: f32,
    glow_depth: f32,
}

impl Breathing {
    /// `wakefulness`: 1 breathes, 0 holds its breath.
    pub(super) fn advance(&mut self, dt: f32, state: AvatarState, wakefulness: f32) {
        let (period, size, glow) = of(state);
        self.phase = (self.phase + dt / period).fract();
        let k = ease::approach(dt, SETTLING_SECS);
        self.size_depth += (size * wakefulness - self.size_depth) * k;
        self.glow_depth += (glow * wakefulness - self.glow_depth) * k;
    }

    /// −1..1.
    pub(super) fn wave(&self) -> f32 {
        (TAU * self.phase).sin()
    }

    /// The size of the body.
    pub(super) fn size(&self) -> f32 {
        1.0 + self.size_depth * self.wave()
    }

    /// What the glow is multiplied by.
    pub(super) fn glow(&self) -> f32 {
        1.0 + self.glow_depth * self.wave()
    }
}
