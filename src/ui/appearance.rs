//! How the window looks now: theme and text size, from the configuration, the hour, and the visitor's own choices.
//!
//! A visitor's choices end with the visit (LOOK, "Colours").

use jiff::Timestamp;

use super::tokens::Theme;
use crate::config;

/// Dusk begins and ends at these hours of the stand's day.
const DUSK_FROM_HOUR: i8 = 18;
const DUSK_TO_HOUR: i8 = 6;
/// The text sizes of the switch, percent.
const TEXT_SIZES: [u32; 3] = [100, 125, 150];
/// Below these short sides of the window, pixels, text is enlarged so that none gets smaller than 24 physical pixels.
const SMALL_WINDOW_PX: [(f32, u32); 2] = [(864.0, 150), (1000.0, 125)];

/// Theme and text size.
#[derive(Debug, Clone)]
pub struct Appearance {
    configured_theme: String,
    time_zone: String,
    configured_percent: u32,
    percent: u32,
    wants_contrast: bool,
}

impl Appearance {
    /// As it is configured.
    #[must_use]
    pub fn new(ui: &config::Ui, stand: &config::Stand) -> Self {
        Self {
            configured_theme: ui.theme.clone(),
            time_zone: stand.time_zone.clone(),
            configured_percent: ui.text_size_percent,
            percent: ui.text_size_percent,
            wants_contrast: false,
        }
    }

    /// The theme at `now`.
    #[must_use]
    pub fn theme(&self, now: Timestamp) -> Theme {
        if self.wants_contrast {
            return Theme::Contrast;
        }
        match self.configured_theme.as_str() {
            "day" => Theme::Day,
            "dusk" => Theme::Dusk,
            "contrast" => Theme::Contrast,
            _ => match now.in_tz(&self.time_zone) {
                Ok(local) if (DUSK_TO_HOUR..DUSK_FROM_HOUR).contains(&local.hour()) => Theme::Day,
                Ok(_) => Theme::Dusk,
                // The configuration is checked at start; without the zone's data daylight is the safe choice.
                Err(_) => Theme::Day,
            },
        }
    }

    /// How much text is enlarged in a window whose short side has so many pixels: 1, 1.25 or 1.5.
    #[must_use]
    pub fn zoom(&self, short_side_px: f32) -> f32 {
        let least =
            SMALL_WINDOW_PX.iter().find(|(limit, _)| short_side_px < *limit).map_or(100, |(_, percent)| *percent);
        self.percent.max(least) as f32 / 100.0
    }

    /// Whether the visitor has switched contrast on.
    #[must_use]
    pub fn wants_contrast(&self) -> bool {
        self.wants_contrast
    }

    /// Whether text is larger than 100 %.
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.percent > 100
    }

    /// The visitor touched "Contrast".
    pub fn toggle_contrast(&mut self) {
        self.wants_contrast = !self.wants_contrast;
    }

    /// The visitor touched "Text size".
    pub fn next_text_size(&mut self) {
        self.percent = TEXT_SIZES.into_iter().find(|size| *size > self.percent).unwrap_or(100);
    }

    /// The visit is over.
    pub fn reset(&mut self) {
        self.percent = self.configured_percent;
        self.wants_contrast = false;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn appearance() -> Appearance {
        Appearance::new(&config::Ui::default(), &config::Stand::default())
    }

    #[test]
    fn evenings_at_the_stand_are_dusk() {
        // Riyadh is three hours ahead of UTC.
        let at = |time: &str| appearance().theme(format!("2026-11-21T{time}Z").parse().unwrap());
        assert_eq!(at("02:59:00"), Theme::Dusk);
        assert_eq!(at("03:00:00"), Theme::Day);
        assert_eq!(at("14:59:00"), Theme::Day);
        assert_eq!(at("15:00:00"), Theme::Dusk);
    }

    #[test]
    fn a_visitors_choices_end_with_the_visit() {
        let mut appearance = appearance();
        appearance.toggle_contrast();
        appearance.next_text_size();
        assert_eq!((appearance.theme(Timestamp::UNIX_EPOCH), appearance.zoom(1080.0)), (Theme::Contrast, 1.25));
        appearance.next_text_size();
        appearance.next_text_size();
        assert!(!appearance.is_large());
        appearance.next_text_size();
        appearance.reset();
        assert!(!appearance.is_large() && !appearance.wants_contrast());
    }

    #[test]
    fn small_windows_get_larger_text() {
        let zoom = |px| appearance().zoom(px);
        assert_eq!((zoom(1080.0), zoom(900.0), zoom(540.0)), (1.0, 1.25, 1.5));
    }
}
