//! The avatar's motion: from what happens to a [`Pose`] for each instant (LOOK, "Motion").
//!
//! In: time, the state, the microphone's level, the voice being played, where the visitor's face is. Out: a pose, and
//! when the next one is needed. Time and chance are handed in: the same inputs give the same motion.

mod breath;
mod ease;
mod eyes;
mod face;
mod light;
mod state;

use std::time::Duration;

pub use ease::blink_opening;
use eframe::egui::Vec2;
pub use eyes::gaze_towards_face;
pub use light::level_of;
pub use state::AvatarState;

use self::{
    breath::Breathing,
    eyes::{Blinker, Gaze},
    face::Expression,
    light::{Circles, Light, Ripple},
};
use super::avatar::{LAYERS, LampMix, Layer, MouthShape, Pose, mouth::MouthDriver};
use crate::audio::VoiceFeatures;

/// How long the avatar is glad.
pub const GLAD: Duration = Duration::from_millis(1200);
/// Between two frames while something moves quickly.
const FRAME: Duration = Duration::from_millis(33);
/// Between two frames while it only breathes.
const BREATHING_FRAME: Duration = Duration::from_millis(100);
/// Between two frames while it only thinks, motion being reduced: the plate's dots step.
const STEPPING_FRAME: Duration = Duration::from_secs(1);
/// Between two frames while the level trail alone moves, motion being reduced.
const TRAIL_FRAME: Duration = Duration::from_millis(200);
/// Between two frames while nobody has been there for [`ASLEEP_AFTER_SECS`].
const ASLEEP_FRAME: Duration = Duration::from_secs(5);
/// With nobody there, breathing stops after this time, within the second one.
const ASLEEP_AFTER_SECS: f32 = 300.0;
const FALLING_ASLEEP_SECS: f32 = 2.0;
/// The lamp's and the niche's colours change in this time; in the second one with reduced motion.
const LAMP_SECS: f32 = 0.900;
const REDUCED_SECS: f32 = 0.150;
/// The icon of a lost device comes and goes in this time.
const ICON_SECS: f32 = 0.250;
/// How much the voice brightens the glow.
const VOICE_GLOW: f32 = 0.15;
/// The voice's loudness is smoothed with this time constant for light, seconds.
const VOICE_SECS: f32 = 0.060;
/// How far the mouth opens with reduced motion.
const REDUCED_OPENING: f32 = 0.60;

/// What the avatar reacts to, for one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inputs {
    /// What it does.
    pub state: AvatarState,
    /// Whether the services cannot be reached: the lamp burns as moonlight in every state but safe mode.
    pub is_offline: bool,
    /// Where to look ([`gaze_towards_face`]), when a face is seen.
    pub face: Option<Vec2>,
    /// Where to look without a face: towards the middle of the screen.
    pub rest_gaze: Vec2,
    /// The microphone's level, 0..1 ([`level_of`]).
    pub level: f32,
    /// The sound being played.
    pub voice: VoiceFeatures,
    /// Whether the eyes are kept shut (a PIN is being typed).
    pub eyes_shut: bool,
    /// Whether motion is reduced (setting or system wish).
    pub reduced_motion: bool,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            state: AvatarState::Idle,
            is_offline: false,
            face: None,
            rest_gaze: eyes::REST,
            level: 0.0,
            voice: VoiceFeatures::default(),
            eyes_shut: false,
            reduced_motion: false,
        }
    }
}

/// Moves the avatar.
#[derive(Debug, Clone)]
pub struct Animator {
    now: Duration,
    state: AvatarState,
    since: Duration,
    glad_until: Option<Duration>,
    /// The halo and face as they were when the state changed, and how the change goes.
    from_layers: [Layer; LAYERS],
    from_expression: Expression,
    change: Change,
    layers: [Layer; LAYERS],
    expression: Expression,
    mouth: MouthShape,
    driver: MouthDriver,
    lamp: LampMix,
    lost: Option<(crate::event::Device, f32)>,
    /// The loudness of the voice, smoothed; nothing unless it speaks.
    voice: f32,
    ripple: Ripple,
    circles: Circles,
    breathing: Breathing,
    gaze: Gaze,
    blinker: Blinker,
    next_repaint: Duration,
}

/// How the halo goes from one state to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// A visitor comes: eyes first, then the star, past its end and back, then the smile.
    Welcome,
    /// The visitor spoke over the answer: it must be felt at once.
    Interruption,
    /// Any other.
    Plain,
}

impl Change {
    fn between(from: AvatarState, to: AvatarState) -> Self {
        match (from, to) {
            (AvatarState::Idle, AvatarState::Attending) => Self::Welcome,
            (_, AvatarState::Interrupted) => Self::Interruption,
            _ => Self::Plain,
        }
    }

    /// How far the halo is, `t` seconds after the change; beyond 1 on its way past the end.
    fn halo(self, t: f32, is_reduced: bool) -> f32 {
        match self {
            _ if is_reduced => (t / REDUCED_SECS).clamp(0.0, 1.0),
            Self::Welcome => ease::out_back((t - 0.080) / 0.520),
            Self::Interruption => ease::out(t / 0.200),
            Self::Plain => ease::in_out(t / 0.520),
        }
    }

    /// When everything has arrived, seconds.
    fn length_secs(self) -> f32 {
        match self {
            Self::Welcome | Self::Plain => 0.600,
            Self::Interruption => 0.350,
        }
    }
}

impl Animator {
    /// Whether the eyes are on their way shut and open again.
    #[must_use]
    pub fn is_blinking(&self) -> bool {
        self.blinker.is_blinking()
    }

    /// An avatar that is idle at `now`, its blinks and glances drawn from `chance`.
    #[must_use]
    pub fn new(mut chance: fastrand::Rng, now: Duration) -> Self {
        let mut animator = Self {
            now,
            state: AvatarState::Idle,
            since: now,
            glad_until: None,
            from_layers: [Layer::hidden(1.5, 0.0); LAYERS],
            from_expression: Expression::of(AvatarState::Idle),
            change: Change::Plain,
            layers: [Layer::hidden(1.5, 0.0); LAYERS],
            expression: Expression::of(AvatarState::Idle),
            mouth: MouthShape::REST,
            driver: MouthDriver::new(MouthShape::REST),
            lamp: LampMix::WARM,
            lost: None,
            voice: 0.0,
            ripple: Ripple::default(),
            circles: Circles::default(),
            breathing: Breathing::default(),
            gaze: Gaze::new(chance.fork(), now),
            blinker: Blinker::new(chance, now),
            next_repaint: FRAME,
        };
        animator.layers = animator.target_layers(false);
        animator.from_layers = animator.layers;
        animator
    }

    /// Lets it be glad for [`GLAD`] (greeting, booked), whatever it does meanwhile.
    pub fn be_glad(&mut self, now: Duration) {
        self.glad_until = Some(now + GLAD);
    }

    /// The pose at `now`, which must not be before the last one.
    pub fn advance(&mut self, now: Duration, inputs: &Inputs) -> Pose {
        let dt = now.saturating_sub(self.now).as_secs_f32();
        self.now = now;
        let is_reduced = inputs.reduced_motion;
        let state = self.state_for(inputs);
        self.enter(state);
        self.hear(dt, inputs);
        let glanced = self.gaze.advance(now, dt, self.state, inputs);
        if glanced {
            self.blinker.begin(now);
        }
        let lid_opening = self.blinker.advance(now);

        let t = self.secs_since_change();
        self.breathing.advance(dt, self.state, if is_reduced { 0.0 } else { self.wakefulness() });
        let target = self.target_layers(is_reduced);
        let k = self.change.halo(t, is_reduced);
        for ((layer, from), to) in self.layers.iter_mut().zip(&self.from_layers).zip(&target) {
            *layer = if t >= self.change.length_secs() { *to } else { from.towards(to, k) };
        }
        self.express(dt, inputs);
        self.shade(dt, inputs);

        let pose = Pose {
            layers: self.layers,
            gaze: self.gaze.direction(),
            lid: self.expression.lid * lid_opening,
            low: self.expression.low,
            eye: self.expression.eye,
            glow: self.expression.glow * self.breathing.glow() + self.glow_of_voice(is_reduced),
            scale: self.breathing.size(),
            mouth: self.shown_mouth(is_reduced),
            lamp: self.lamp,
            lost: self.lost,
        };
        self.next_repaint = self.until_next(inputs);
        pose
    }

    /// How long the last pose may stay on the screen.
    #[must_use]
    pub fn next_repaint(&self) -> Duration {
        self.next_repaint
    }

    /// What it does now: what it was told, or being glad.
    #[must_use]
    pub fn state(&self) -> AvatarState {
        self.state
    }

    fn state_for(&mut self, inputs: &Inputs) -> AvatarState {
        self.glad_until = self.glad_until.filter(|until| self.now < *until);
        match inputs.state {
            AvatarState::Safe | AvatarState::Interrupted => inputs.state,
            _ if self.glad_until.is_some() => AvatarState::Glad,
            state => state,
        }
    }

    fn enter(&mut self, state: AvatarState) {
        if state == self.state {
            return;
        }
        self.change = Change::between(self.state, state);
        self.from_layers = self.layers.map(light::unwound);
        self.from_expression = self.expression;
        if state == AvatarState::Speaking {
            self.driver = MouthDriver::new(self.mouth);
            self.circles = Circles::default();
        }
        self.state = state;
        self.since = self.now;
    }

    fn hear(&mut self, dt: f32, inputs: &Inputs) {
        self.ripple.advance(self.now, dt, inputs.level);
        let is_speaking = self.state == AvatarState::Speaking;
        let loudness = if is_speaking { inputs.voice.loudness } else { 0.0 };
        self.voice += (loudness - self.voice) * ease::approach(dt, VOICE_SECS);
        if is_speaking {
            self.circles.advance(self.secs_since_change(), self.voice);
        }
    }

    fn target_layers(&self, is_still: bool) -> [Layer; LAYERS] {
        let light = Light {
            secs: self.secs_since_change(),
            tips: if is_still { [0.5; 8] } else { self.ripple.tips(self.now) },
            circles: self.circles.at(self.secs_since_change(), is_still),
            breath: if is_still { 0.0 } else { self.wakefulness() * self.breathing.wave() },
            is_still,
        };
        light.layers(self.state)
    }

    /// Eyes, glow and mouth follow the state.
    fn express(&mut self, dt: f32, inputs: &Inputs) {
        let t = self.secs_since_change();
        let wanted = self.wanted_expression(inputs);
        self.expression = if self.change == Change::Welcome && t < 0.250 && !inputs.reduced_motion {
            self.from_expression.towards(&wanted, ease::out(t / 0.200))
        } else {
            self.expression.towards(&wanted, ease::approach(dt, face::EXPRESSION_SECS))
        };
        self.mouth = match (self.state, self.change) {
            (AvatarState::Speaking, _) => self.driver.advance(dt, &inputs.voice),
            // The smile comes after the star.
            (AvatarState::Attending, Change::Welcome) if t < 0.250 => self.mouth,
            (state, Change::Interruption) => {
                self.mouth.towards(&face::mouth_of(state), ease::approach(dt, face::INTERRUPTED_MOUTH_SECS))
            }
            (state, _) => self.mouth.towards(&face::mouth_of(state), ease::approach(dt, face::MOUTH_SECS)),
        };
    }

    /// Lamp and niche colours, and the icon of what is lost.
    fn shade(&mut self, dt: f32, inputs: &Inputs) {
        let step = dt / if inputs.reduced_motion { REDUCED_SECS } else { LAMP_SECS };
        self.lamp = self.lamp.stepped(self.lamp_for(inputs), step);
        let icon_step = dt / ICON_SECS;
        self.lost = match (self.lost, self.state) {
            (Some((shown, opacity)), AvatarState::Lost(device)) if shown == device => {
                Some((device, (opacity + icon_step).min(1.0)))
            }
            (None, AvatarState::Lost(device)) => Some((device, icon_step.min(1.0))),
            (Some((shown, opacity)), _) => (opacity > icon_step).then_some((shown, opacity - icon_step)),
            (None, _) => None,
        };
    }

    fn lamp_for(&self, inputs: &Inputs) -> LampMix {
        match self.state {
            AvatarState::Safe => LampMix::EMBER,
            AvatarState::Offline => LampMix::MOON,
            _ if inputs.is_offline => LampMix::MOON,
            _ => LampMix::WARM,
        }
    }

    fn shown_mouth(&self, is_reduced: bool) -> MouthShape {
        if is_reduced && self.state == AvatarState::Speaking {
            MouthShape::MBP.towards(&self.mouth, REDUCED_OPENING)
        } else {
            self.mouth
        }
    }

    fn glow_of_voice(&self, is_reduced: bool) -> f32 {
        if is_reduced { 0.0 } else { VOICE_GLOW * self.voice }
    }

    /// 1 awake, 0 asleep: nobody has been there for long.
    fn wakefulness(&self) -> f32 {
        if self.state != AvatarState::Idle {
            return 1.0;
        }
        1.0 - ((self.secs_since_change() - ASLEEP_AFTER_SECS) / FALLING_ASLEEP_SECS).clamp(0.0, 1.0)
    }

    fn secs_since_change(&self) -> f32 {
        self.now.saturating_sub(self.since).as_secs_f32()
    }

    /// LOOK, "What repaints when".
    fn until_next(&self, inputs: &Inputs) -> Duration {
        let is_settling = self.secs_since_change() < self.change.length_secs()
            || self.lamp != self.lamp_for(inputs)
            || self.lost.is_some_and(|(_, opacity)| opacity < 1.0)
            || !self.expression.is_near(&self.wanted_expression(inputs))
            || !self.mouth.is_near(&face::mouth_of(self.state));
        if is_settling || self.blinker.is_blinking() || self.gaze.is_moving() {
            return FRAME;
        }
        let is_reduced = inputs.reduced_motion;
        let steady = match self.state {
            AvatarState::Speaking => FRAME,
            AvatarState::Listening | AvatarState::Interrupted => {
                if is_reduced {
                    TRAIL_FRAME
                } else {
                    FRAME
                }
            }
            AvatarState::Thinking => {
                if is_reduced {
                    STEPPING_FRAME
                } else {
                    FRAME
                }
            }
            AvatarState::Idle if self.wakefulness() <= 0.0 => return ASLEEP_FRAME,
            _ if is_reduced => ASLEEP_FRAME,
            _ => BREATHING_FRAME,
        };
        // At the very least a millisecond, so that nobody paints without end.
        steady.min(self.blinker.until_next(self.now)).max(Duration::from_millis(1))
    }

    fn wanted_expression(&self, inputs: &Inputs) -> Expression {
        let lid_limit = if inputs.eyes_shut { 0.0 } else { 1.0 };
        let wanted = Expression::of(self.state);
        Expression { lid: wanted.lid.min(lid_limit), ..wanted }
    }
}

#[cfg(test)]
mod tests;
