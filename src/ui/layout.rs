//! Where things stand in the window: LOOK's table of measures for portrait and landscape, fitted to other proportions.
//!
//! Given for a window read from left to right; the mirrored layout is its reflection at the vertical axis.

use eframe::egui::{Pos2, Rect, Vec2, pos2, vec2};

/// The frame of the niche, all round its opening, units.
pub const REVEAL: f32 = 16.0;
/// How much the sill is wider than the opening, on each side, units.
pub const SILL_OVERHANG: f32 = 44.0;
/// The sill's height, units.
pub const SILL_HEIGHT: f32 = 26.0;
/// How far the nameplate reaches above the sill's top, units.
pub const PLATE_RISE: f32 = 25.0;
/// The nameplate's height, units.
pub const PLATE_HEIGHT: f32 = 76.0;
/// The height of a chip, units.
pub const CHIP_HEIGHT: f32 = 104.0;
/// The height of a chip at a text size above 100 %, units.
pub const CHIP_HEIGHT_LARGE: f32 = 164.0;
/// Between two chips, units.
pub const CHIP_GAP: f32 = 18.0;
/// The widest a landscape column gets, units.
const COLUMN_MAX: f32 = 1100.0;
/// Windows in portrait lower than this have no room for the whole stage, units.
const WHOLE_STAGE_MIN_HEIGHT: f32 = 1700.0;

/// Which side of the window is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// At least as high as wide.
    Portrait,
    /// Wider than high.
    Landscape,
}

/// The niche and the avatar in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Niche {
    /// The opening: a half circle on top of a rectangle; its lower side is the sill's upper edge.
    pub opening: Rect,
    /// The centre of the avatar's body.
    pub avatar_centre: Pos2,
    /// The radius of the avatar's body, R.
    pub avatar_radius: f32,
}

impl Niche {
    fn new(opening: Rect, avatar_y: f32, avatar_radius: f32) -> Self {
        Self { opening, avatar_centre: pos2(opening.center().x, avatar_y), avatar_radius }
    }

    /// The compact one in portrait, its middle at `middle`.
    fn compact(middle: f32) -> Self {
        Self::new(Rect::from_min_size(pos2(middle - 250.0, 150.0), vec2(500.0, 464.0)), 404.0, 100.0)
    }

    /// The sill.
    #[must_use]
    pub fn sill(&self) -> Rect {
        let o = self.opening;
        Rect::from_min_size(
            pos2(o.left() - SILL_OVERHANG, o.bottom()),
            vec2(o.width() + 2.0 * SILL_OVERHANG, SILL_HEIGHT),
        )
    }

    /// The middle of the nameplate.
    #[must_use]
    pub fn plate_centre(&self) -> Pos2 {
        pos2(self.opening.center().x, self.opening.bottom() - PLATE_RISE + PLATE_HEIGHT / 2.0)
    }

    /// The niche on the way to `other`: 0 is this one, 1 the other.
    #[must_use]
    pub fn towards(&self, other: &Self, k: f32) -> Self {
        let mix = |a: Pos2, b: Pos2| a + (b - a) * k;
        Self {
            opening: Rect::from_min_max(
                mix(self.opening.min, other.opening.min),
                mix(self.opening.max, other.opening.max),
            ),
            avatar_centre: mix(self.avatar_centre, other.avatar_centre),
            avatar_radius: self.avatar_radius + (other.avatar_radius - self.avatar_radius) * k,
        }
    }

    fn mirrored(self, width: f32) -> Self {
        Self {
            opening: mirror(self.opening, width),
            avatar_centre: pos2(width - self.avatar_centre.x, self.avatar_centre.y),
            ..self
        }
    }
}

/// Everything's place in a window, units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layout {
    /// The window's size.
    pub size: Vec2,
    /// Portrait or landscape.
    pub orientation: Orientation,
    /// Whether the stage is the compact one.
    pub is_compact: bool,
    /// Whether it is mirrored (Arabic).
    pub is_mirrored: bool,
    /// Mark, name, second name: information only.
    pub header: Rect,
    /// The niche.
    pub niche: Niche,
    /// The card above one row of chips.
    pub card: Rect,
    /// The card above two rows of chips.
    pub card_short: Rect,
    /// The upper row of chips, used only with two rows.
    pub upper_chips: Rect,
    /// The lower row of chips.
    pub lower_chips: Rect,
    /// Language switch and tool buttons.
    pub controls: Rect,
    /// The notice about machine, camera and microphone.
    pub notice: Rect,
}

impl Layout {
    /// The layout of a window of `size` units. `is_large_text`: the text size is above 100 %. `is_mirrored`: the
    /// window's language is written from right to left.
    #[must_use]
    pub fn new(size: Vec2, is_large_text: bool, is_mirrored: bool) -> Self {
        let layout = if size.x > size.y {
            Self::landscape(size)
        } else {
            // A low window has no room for large chips below the compact stage.
            let is_low = size.y < WHOLE_STAGE_MIN_HEIGHT;
            Self::portrait(size, is_large_text || is_low, is_large_text && !is_low)
        };
        if is_mirrored { layout.mirrored() } else { layout }
    }

    /// `extra`: what the window is higher than 1920; it goes to the card.
    fn portrait(size: Vec2, is_compact: bool, is_large_text: bool) -> Self {
        let extra = size.y - 1920.0;
        let width = (size.x - 128.0).min(COLUMN_MAX);
        let left = (size.x - width) / 2.0;
        let rect = |top: f32, height: f32| Rect::from_min_size(pos2(left, top), vec2(width, height));
        let middle = size.x / 2.0;
        let niche = if is_compact {
            Niche::compact(middle)
        } else {
            Niche::new(Rect::from_min_size(pos2(middle - 440.0, 140.0), vec2(880.0, 836.0)), 558.0, 186.0)
        };
        let card_top = if is_compact { 704.0 } else { 1056.0 };
        let (chip_height, upper, lower, controls, notice) = if is_large_text {
            (CHIP_HEIGHT_LARGE, 1104.0, 1286.0, (1480.0, 128.0), (1640.0, 240.0))
        } else {
            (CHIP_HEIGHT, 1398.0, 1520.0, (1652.0, 104.0), (1788.0, 76.0))
        };
        let card = |chips_top: f32, gap: f32| rect(card_top, chips_top + extra - gap - card_top);
        Self {
            size,
            orientation: Orientation::Portrait,
            is_compact,
            is_mirrored: false,
            header: rect(48.0, 64.0),
            niche,
            card: card(lower, 24.0),
            card_short: card(upper, 22.0),
            upper_chips: rect(upper + extra, chip_height),
            lower_chips: rect(lower + extra, chip_height),
            controls: rect(controls.0 + extra, controls.1),
            notice: rect(notice.0 + extra, notice.1),
        }
    }

    /// Higher than 1080: the extra height goes to the card. Wider than 1920: the column grows to [`COLUMN_MAX`], the
    /// rest goes to the margins.
    fn landscape(size: Vec2) -> Self {
        let extra = size.y - 1080.0;
        let width = (size.x - 848.0 - 80.0).min(COLUMN_MAX);
        let margin = (size.x - 848.0 - 80.0 - width) / 2.0;
        let rect = |top: f32, height: f32| Rect::from_min_size(pos2(margin + 848.0, top), vec2(width, height));
        Self {
            size,
            orientation: Orientation::Landscape,
            is_compact: false,
            is_mirrored: false,
            header: rect(56.0, 64.0),
            niche: Niche::new(Rect::from_min_size(pos2(margin + 88.0, 72.0), vec2(664.0, 800.0)), 432.0, 154.0),
            card: rect(152.0, 484.0 + extra),
            card_short: rect(152.0, 362.0 + extra),
            upper_chips: rect(542.0 + extra, CHIP_HEIGHT),
            lower_chips: rect(664.0 + extra, CHIP_HEIGHT),
            controls: rect(794.0 + extra, 104.0),
            notice: rect(968.0 + extra, 72.0),
        }
    }

    /// The same window with a card in place of what is said and of the topics: the compact stage, and below the card one
    /// row of buttons, which is `lower_chips`. With large text the row is higher and what is above it lower.
    #[must_use]
    pub fn with_card(self) -> Self {
        let is_large = self.lower_chips.height() > CHIP_HEIGHT;
        let row =
            |top: f32, height: f32| Rect::from_min_size(pos2(self.card.left(), top), vec2(self.card.width(), height));
        let (niche, card_top, buttons, label) = match self.orientation {
            Orientation::Portrait => {
                let (gap, height) = if is_large { (24.0, 120.0) } else { (48.0, CHIP_HEIGHT) };
                let buttons = row(self.controls.top() - gap - height, height);
                (Niche::compact(self.size.x / 2.0), 700.0, buttons, if is_large { 90.0 } else { 84.0 })
            }
            Orientation::Landscape => (self.niche, 144.0, row(self.controls.top() - 122.0, CHIP_HEIGHT), 20.0),
        };
        let card = row(card_top, buttons.top() - label - card_top);
        let is_compact = self.orientation == Orientation::Portrait;
        Self { niche, is_compact, card, card_short: card, upper_chips: buttons, lower_chips: buttons, ..self }
    }

    fn mirrored(self) -> Self {
        let flip = |rect: Rect| mirror(rect, self.size.x);
        Self {
            is_mirrored: true,
            header: flip(self.header),
            niche: self.niche.mirrored(self.size.x),
            card: flip(self.card),
            card_short: flip(self.card_short),
            upper_chips: flip(self.upper_chips),
            lower_chips: flip(self.lower_chips),
            controls: flip(self.controls),
            notice: flip(self.notice),
            ..self
        }
    }
}

/// `rect` reflected at the vertical axis of a window of `width`.
#[must_use]
pub fn mirror(rect: Rect, width: f32) -> Rect {
    Rect::from_min_max(pos2(width - rect.right(), rect.top()), pos2(width - rect.left(), rect.bottom()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(layout: &Layout) -> [Rect; 8] {
        let Layout { header, card, card_short, upper_chips, lower_chips, controls, notice, niche, .. } = *layout;
        [header, card, card_short, upper_chips, lower_chips, controls, notice, niche.opening]
    }

    #[test]
    fn the_two_usual_windows_have_the_measures_of_the_pictures() {
        let portrait = Layout::new(vec2(1080.0, 1920.0), false, false);
        assert_eq!(portrait.niche.avatar_centre, pos2(540.0, 558.0));
        assert_eq!(portrait.card, Rect::from_min_size(pos2(64.0, 1056.0), vec2(952.0, 440.0)));
        assert_eq!(portrait.card_short.height(), 320.0);
        let landscape = Layout::new(vec2(1920.0, 1080.0), false, false);
        assert_eq!(landscape.niche.avatar_centre, pos2(420.0, 432.0));
        assert_eq!(landscape.card, Rect::from_min_size(pos2(848.0, 152.0), vec2(992.0, 484.0)));
    }

    #[test]
    fn nothing_leaves_the_window_or_turns_inside_out_in_any_proportion() {
        for size in [
            vec2(1080.0, 1920.0),
            vec2(1080.0, 2400.0),
            vec2(1080.0, 1600.0),
            vec2(1280.0, 1600.0),
            vec2(1920.0, 1080.0),
            vec2(2560.0, 1080.0),
            vec2(1600.0, 1200.0),
        ] {
            for (is_large_text, is_mirrored) in [(false, false), (true, false), (false, true), (true, true)] {
                let layout = Layout::new(size, is_large_text, is_mirrored);
                let with_card = layout.with_card();
                for rect in all(&layout).into_iter().chain(all(&with_card)) {
                    assert!(Rect::from_min_size(Pos2::ZERO, size).contains_rect(rect), "{size:?}: {rect:?}");
                    assert!(rect.width() > 300.0 && rect.height() > 60.0, "{size:?}: {rect:?}");
                }
                assert!(with_card.card.height() > 350.0, "{size:?}: {:?}", with_card.card);
            }
        }
    }

    #[test]
    fn an_appointments_card_and_buttons_have_the_measures_of_the_pictures() {
        let portrait = Layout::new(vec2(1080.0, 1920.0), false, true).with_card();
        assert_eq!(portrait.card, Rect::from_min_size(pos2(64.0, 700.0), vec2(952.0, 716.0)));
        assert_eq!((portrait.lower_chips.top(), portrait.niche.avatar_radius), (1500.0, 100.0));
        let landscape = Layout::new(vec2(1920.0, 1080.0), false, false).with_card();
        assert_eq!(landscape.card, Rect::from_min_size(pos2(848.0, 144.0), vec2(992.0, 508.0)));
        assert_eq!(landscape.lower_chips.top(), 672.0);
    }

    #[test]
    fn in_arabic_the_niche_of_a_landscape_window_stands_on_the_right() {
        let layout = Layout::new(vec2(1920.0, 1080.0), false, true);
        assert_eq!(layout.niche.avatar_centre, pos2(1500.0, 432.0));
        assert!(layout.card.right() < layout.niche.opening.left());
    }
}
