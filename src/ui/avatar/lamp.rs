//! Which lamp burns: warm, moonlight (offline) or ember (safe mode), and everything between.

use eframe::egui::Color32;

use crate::ui::{
    mesh,
    tokens::{LampColours, Theme},
};

/// Parts of the three lamps; they add up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LampMix {
    /// The lamp as it is.
    pub warm: f32,
    /// Moonlight: offline.
    pub moon: f32,
    /// An ember: safe mode.
    pub ember: f32,
}

impl LampMix {
    /// The lamp as it is.
    pub const WARM: Self = Self { warm: 1.0, moon: 0.0, ember: 0.0 };
    /// Offline.
    pub const MOON: Self = Self { warm: 0.0, moon: 1.0, ember: 0.0 };
    /// Safe mode.
    pub const EMBER: Self = Self { warm: 0.0, moon: 0.0, ember: 1.0 };

    /// Its colours in `theme`.
    #[must_use]
    pub fn colours(&self, theme: Theme) -> LampColours {
        if theme.is_flat() {
            return LampColours::FLAT;
        }
        let (warm, moon, ember) = (&LampColours::WARM, &LampColours::MOON, &LampColours::EMBER);
        let cooled = if self.moon > 0.0 { between(warm, moon, self.moon / (self.warm + self.moon)) } else { *warm };
        if self.ember > 0.0 { between(&cooled, ember, self.ember) } else { cooled }
    }

    /// How much of the niche's cool colours is seen, 0..1.
    #[must_use]
    pub fn coolness(&self) -> f32 {
        self.moon
    }

    /// Moved towards `target`, each part by at most `step`.
    #[must_use]
    pub(in crate::ui) fn stepped(self, target: Self, step: f32) -> Self {
        let part = |from: f32, to: f32| from + (to - from).clamp(-step, step);
        let (warm, moon, ember) =
            (part(self.warm, target.warm), part(self.moon, target.moon), part(self.ember, target.ember));
        let sum = warm + moon + ember;
        Self { warm: warm / sum, moon: moon / sum, ember: ember / sum }
    }
}

fn between(a: &LampColours, b: &LampColours, k: f32) -> LampColours {
    let mix = |a: Color32, b: Color32| mesh::mix(a, b, k);
    LampColours {
        core: mix(a.core, b.core),
        mid: mix(a.mid, b.mid),
        body: mix(a.body, b.body),
        rim: mix(a.rim, b.rim),
        edge: mix(a.edge, b.edge),
        glow: mix(a.glow, b.glow),
        ring: mix(a.ring, b.ring),
        pane: mix(a.pane, b.pane),
        feature: mix(a.feature, b.feature),
        iris: mix(a.iris, b.iris),
        tongue: mix(a.tongue, b.tongue),
        teeth: mix(a.teeth, b.teeth),
        is_flat: a.is_flat,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lamp_cools_step_by_step_and_arrives() {
        let mut lamp = LampMix::WARM;
        let mut before = lamp.colours(Theme::Day).body.b();
        for _ in 0..28 {
            lamp = lamp.stepped(LampMix::MOON, 0.04);
            let now = lamp.colours(Theme::Day).body.b();
            assert!(now >= before);
            before = now;
        }
        assert_eq!(lamp.colours(Theme::Day), LampColours::MOON);
    }
}
