//! Design tokens: every colour, type role, spacing, radius and stroke of the window, in one table.
//!
//! Lengths are in units: a unit is a point of egui, whose zoom [`unit_px`] makes it 1/1080 of the window's short side.

use eframe::egui::{Color32, Vec2, epaint::Shadow};

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

/// Physical pixels for each unit in a window of `window_px`. Windows nearer to a square than 1080 × 1600 get smaller
/// units, so that the layout keeps its room.
#[must_use]
pub fn unit_px(window_px: Vec2) -> f32 {
    (window_px.min_elem() / 1080.0).min(window_px.max_elem() / 1600.0)
}

/// The same for staff pages, which keep the proportions of their pictures: none gets less room than 1080 × 1920.
#[must_use]
pub fn staff_unit_px(window_px: Vec2) -> f32 {
    (window_px.min_elem() / 1080.0).min(window_px.max_elem() / 1920.0)
}

/// Which palette is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Daylight.
    #[default]
    Day,
    /// Dim halls and evenings.
    Dusk,
    /// Black, white and yellow, without gradients and shadows: a visitor's choice.
    Contrast,
}

impl Theme {
    /// Its colours.
    #[must_use]
    pub fn palette(self) -> &'static Palette {
        match self {
            Self::Day => &DAY,
            Self::Dusk => &DUSK,
            Self::Contrast => &CONTRAST,
        }
    }

    /// Whether surfaces are flat: no gradient, no shadow, no added light, a white border round each surface.
    #[must_use]
    pub fn is_flat(self) -> bool {
        self == Self::Contrast
    }
}

/// The colours of a theme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// The wall, top.
    pub wall: Color32,
    /// The wall, bottom.
    pub wall_bottom: Color32,
    /// Cards and chips.
    pub surface: Color32,
    /// Beds of switches and meters.
    pub sunk: Color32,
    /// Dividers: decoration only.
    pub hairline: Color32,
    /// Borders of what can be touched.
    pub line: Color32,
    /// Text.
    pub ink: Color32,
    /// Second text.
    pub ink2: Color32,
    /// Uncertain or coming words, on `surface`.
    pub ink3: Color32,
    /// What can be touched, is chosen or live.
    pub accent: Color32,
    /// `accent`, pressed.
    pub accent_down: Color32,
    /// Text on `accent`.
    pub on_accent: Color32,
    /// The fill of what is pressed or held.
    pub tint: Color32,
    /// The mark and the icons of the notice.
    pub brass: Color32,
    /// `brass` as a fill.
    pub brass_fill: Color32,
    /// Good.
    pub ok: Color32,
    /// Behind `ok`.
    pub ok_tint: Color32,
    /// Look at it.
    pub warn: Color32,
    /// Behind `warn`.
    pub warn_tint: Color32,
    /// Fault, careful.
    pub bad: Color32,
    /// Behind `bad`.
    pub bad_tint: Color32,
    /// The arch's edge, top.
    pub reveal_top: Color32,
    /// The arch's edge at .55 of its height.
    pub reveal_middle: Color32,
    /// The arch's edge, bottom.
    pub reveal_bottom: Color32,
    /// The niche, far from the lamp.
    pub niche_far: Color32,
    /// The niche, half-way.
    pub niche_half: Color32,
    /// The niche, near the lamp.
    pub niche_near: Color32,
    /// The sill, top.
    pub sill_top: Color32,
    /// The sill, bottom.
    pub sill_bottom: Color32,
    /// The sill's upper 3 units.
    pub sill_edge: Color32,
    /// Nameplate and toast.
    pub plate: Color32,
    /// Text on `plate`.
    pub on_plate: Color32,
    /// Icon on `plate`.
    pub plate_icon: Color32,
    /// Every shadow (with alpha).
    pub shadow: Color32,
}

static DAY: Palette = Palette {
    wall: rgb(0x00F4_EDE2),
    wall_bottom: rgb(0x00EA_DFCD),
    surface: rgb(0x00FF_FCF6),
    sunk: rgb(0x00EB_E0CF),
    hairline: rgb(0x00DC_CFBA),
    line: rgb(0x0085_735E),
    ink: rgb(0x002B_2119),
    ink2: rgb(0x005F_5144),
    ink3: rgb(0x006E_5F50),
    accent: rgb(0x000F_4C55),
    accent_down: rgb(0x000A_373E),
    on_accent: rgb(0x00FF_FCF6),
    tint: rgb(0x00DC_E8E6),
    brass: rgb(0x008A_5A14),
    brass_fill: rgb(0x00C9_8F36),
    ok: rgb(0x002B_6A4A),
    ok_tint: rgb(0x00DC_EBDD),
    warn: rgb(0x008A_5200),
    warn_tint: rgb(0x00FB_E8C8),
    bad: rgb(0x00A2_321E),
    bad_tint: rgb(0x00F9_DFD7),
    reveal_top: rgb(0x00B9_9F7C),
    reveal_middle: rgb(0x00DC_C6A2),
    reveal_bottom: rgb(0x00FF_F3DC),
    niche_far: rgb(0x0022_160E),
    niche_half: rgb(0x0046_301F),
    niche_near: rgb(0x007A_5434),
    sill_top: rgb(0x00FF_F6E4),
    sill_bottom: rgb(0x00E4_D2B4),
    sill_edge: rgb(0x00FF_FDF7),
    plate: rgb(0x002E_1F14),
    on_plate: rgb(0x00FF_F4DE),
    plate_icon: rgb(0x00F6_C27A),
    shadow: Color32::from_rgba_premultiplied(12, 8, 4, 41),
};

static DUSK: Palette = Palette {
    wall: rgb(0x001D_1916),
    wall_bottom: rgb(0x0015_120F),
    surface: rgb(0x002A_2420),
    sunk: rgb(0x0014_110E),
    hairline: rgb(0x003D_352E),
    line: rgb(0x008F_7F6C),
    ink: rgb(0x00F8_EFE1),
    ink2: rgb(0x00CD_BFAC),
    ink3: rgb(0x00B3_A593),
    accent: rgb(0x00F0_BE6A),
    accent_down: rgb(0x00D7_A24A),
    on_accent: rgb(0x0024_1A0E),
    tint: rgb(0x003A_3022),
    brass: rgb(0x00ED_BB68),
    brass_fill: rgb(0x00C9_8F36),
    ok: rgb(0x008C_CBA2),
    ok_tint: rgb(0x001F_3327),
    warn: rgb(0x00F3_BE62),
    warn_tint: rgb(0x003B_2D14),
    bad: rgb(0x00F4_9A84),
    bad_tint: rgb(0x0041_201A),
    reveal_top: rgb(0x000D_0A08),
    reveal_middle: rgb(0x003A_2C1F),
    reveal_bottom: rgb(0x007C_5F3F),
    niche_far: rgb(0x0022_160E),
    niche_half: rgb(0x0046_301F),
    niche_near: rgb(0x007A_5434),
    sill_top: rgb(0x006A_5036),
    sill_bottom: rgb(0x0033_271C),
    sill_edge: rgb(0x00A9_8457),
    plate: rgb(0x00F3_E3C6),
    on_plate: rgb(0x002B_1D10),
    plate_icon: rgb(0x007A_4A10),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 115),
};

static CONTRAST: Palette = Palette {
    wall: rgb(0x0000_0000),
    wall_bottom: rgb(0x0000_0000),
    surface: rgb(0x0000_0000),
    sunk: rgb(0x0000_0000),
    hairline: rgb(0x00FF_FFFF),
    line: rgb(0x00FF_FFFF),
    ink: rgb(0x00FF_FFFF),
    ink2: rgb(0x00FF_FFFF),
    ink3: rgb(0x00FF_FFFF),
    accent: rgb(0x00FF_D84A),
    accent_down: rgb(0x00FF_FFFF),
    on_accent: rgb(0x0000_0000),
    tint: rgb(0x0000_0000),
    brass: rgb(0x00FF_D84A),
    brass_fill: rgb(0x00FF_D84A),
    ok: rgb(0x007C_F2A6),
    ok_tint: rgb(0x0000_0000),
    warn: rgb(0x00FF_D84A),
    warn_tint: rgb(0x0000_0000),
    bad: rgb(0x00FF_9C8A),
    bad_tint: rgb(0x0000_0000),
    reveal_top: rgb(0x00FF_FFFF),
    reveal_middle: rgb(0x00FF_FFFF),
    reveal_bottom: rgb(0x00FF_FFFF),
    niche_far: rgb(0x0000_0000),
    niche_half: rgb(0x0000_0000),
    niche_near: rgb(0x0000_0000),
    sill_top: rgb(0x00FF_FFFF),
    sill_bottom: rgb(0x00FF_FFFF),
    sill_edge: rgb(0x00FF_FFFF),
    plate: rgb(0x0000_0000),
    on_plate: rgb(0x00FF_FFFF),
    plate_icon: rgb(0x00FF_D84A),
    shadow: Color32::from_rgba_premultiplied(0, 0, 0, 0),
};

/// The colours of the lamp: body from its centre to its rim, light, and face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LampColours {
    /// The body's centre; also seams between panes.
    pub core: Color32,
    /// The body at .34.
    pub mid: Color32,
    /// The body at .66.
    pub body: Color32,
    /// The body at .88.
    pub rim: Color32,
    /// The body's rim.
    pub edge: Color32,
    /// Light added around the body.
    pub glow: Color32,
    /// The halo's lines and fill.
    pub ring: Color32,
    /// The shaded half of a pane.
    pub pane: Color32,
    /// Eyes and mouth.
    pub feature: Color32,
    /// In the eye.
    pub iris: Color32,
    /// In the mouth.
    pub tongue: Color32,
    /// In the mouth.
    pub teeth: Color32,
    /// Without gradient, glow, panes and tongue (contrast theme).
    pub is_flat: bool,
}

impl LampColours {
    /// The lamp as it is.
    pub const WARM: Self = Self {
        core: rgb(0x00FF_FEFA),
        mid: rgb(0x00FF_F7E9),
        body: rgb(0x00FF_F0D6),
        rim: rgb(0x00FD_DCAE),
        edge: rgb(0x00E9_B378),
        glow: rgb(0x00FF_B861),
        ring: rgb(0x00FF_E3B3),
        pane: rgb(0x00D2_904A),
        feature: rgb(0x0033_211A),
        iris: rgb(0x007A_4A20),
        tongue: rgb(0x00A9_523D),
        teeth: rgb(0x00FF_F7E8),
        is_flat: false,
    };

    /// Moonlight: offline.
    pub const MOON: Self = Self {
        core: rgb(0x00FF_FFFF),
        mid: rgb(0x00F3_F8FB),
        body: rgb(0x00DC_E8EF),
        rim: rgb(0x00A9_C1CF),
        edge: rgb(0x0073_92A4),
        glow: rgb(0x0086_AEC4),
        ring: rgb(0x00CF_E2EC),
        pane: rgb(0x005F_8196),
        feature: rgb(0x001B_2930),
        iris: rgb(0x0047_616F),
        tongue: rgb(0x007E_8F99),
        teeth: rgb(0x00FF_FFFF),
        is_flat: false,
    };

    /// An ember: safe mode.
    pub const EMBER: Self = Self {
        core: rgb(0x00D8_CBB9),
        mid: rgb(0x00C6_B6A1),
        body: rgb(0x00A9_9782),
        rim: rgb(0x0084_715E),
        edge: rgb(0x0061_5144),
        glow: rgb(0x006A_5A48),
        ring: rgb(0x00C9_B79D),
        pane: rgb(0x005A_4A3C),
        feature: rgb(0x0024_1A13),
        iris: rgb(0x005B_4836),
        tongue: rgb(0x008A_5A4A),
        teeth: rgb(0x00EF_E5D6),
        is_flat: false,
    };

    /// White body, black face, yellow lines.
    pub const FLAT: Self = Self {
        core: rgb(0x00FF_FFFF),
        mid: rgb(0x00FF_FFFF),
        body: rgb(0x00FF_FFFF),
        rim: rgb(0x00FF_FFFF),
        edge: rgb(0x00FF_FFFF),
        glow: rgb(0x0000_0000),
        ring: rgb(0x00FF_D84A),
        pane: rgb(0x0000_0000),
        feature: rgb(0x0000_0000),
        iris: rgb(0x0000_0000),
        tongue: rgb(0x0000_0000),
        teeth: rgb(0x00FF_FFFF),
        is_flat: true,
    };
}

/// The niche when offline: far, half-way, near.
pub const NICHE_COOL: [Color32; 3] = [rgb(0x0011_181D), rgb(0x0024_313A), rgb(0x0043_555F)];
/// The pool of light on the sill, warm.
pub const POOL_WARM: Color32 = rgb(0x00FF_C77E);
/// The pool of light on the sill, offline.
pub const POOL_COOL: Color32 = rgb(0x009F_C0D2);

/// The weight of IBM Plex Sans Arabic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// 400.
    Regular,
    /// 500.
    Medium,
    /// 600.
    SemiBold,
}

/// A type role: size, line height and weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TypeRole {
    /// Font size, units.
    pub size: f32,
    /// Line height, units.
    pub line_height: f32,
    /// Weight.
    pub weight: Weight,
}

impl TypeRole {
    /// Welcome.
    pub const DISPLAY: Self = Self { size: 76.0, line_height: 92.0, weight: Weight::SemiBold };
    /// Greeting, page titles.
    pub const TITLE: Self = Self { size: 52.0, line_height: 68.0, weight: Weight::SemiBold };
    /// What is said now.
    pub const CAPTION: Self = Self { size: 46.0, line_height: 68.0, weight: Weight::Medium };
    /// Booked, paused.
    pub const CARD_TITLE: Self = Self { size: 44.0, line_height: 60.0, weight: Weight::SemiBold };
    /// Second line, offline text.
    pub const LEAD: Self = Self { size: 38.0, line_height: 56.0, weight: Weight::Medium };
    /// `LEAD` on the wall.
    pub const LEAD_ON_WALL: Self = Self { size: 38.0, line_height: 56.0, weight: Weight::Regular };
    /// Nameplate.
    pub const PLATE: Self = Self { size: 34.0, line_height: 44.0, weight: Weight::SemiBold };
    /// Chips, rows, header.
    pub const LABEL: Self = Self { size: 32.0, line_height: 44.0, weight: Weight::Medium };
    /// Buttons.
    pub const BUTTON: Self = Self { size: 32.0, line_height: 44.0, weight: Weight::SemiBold };
    /// Steps, help.
    pub const BODY: Self = Self { size: 32.0, line_height: 48.0, weight: Weight::Regular };
    /// Hints, what was said before.
    pub const SMALL: Self = Self { size: 28.0, line_height: 42.0, weight: Weight::Regular };
    /// Tool labels, notice: the smallest there is.
    pub const MICRO: Self = Self { size: 24.0, line_height: 36.0, weight: Weight::Medium };

    /// The role at a text size of `factor` (1, 1.25, 1.5).
    #[must_use]
    pub fn scaled(self, factor: f32) -> Self {
        Self { size: self.size * factor, line_height: self.line_height * factor, ..self }
    }
}

/// Gaps, smallest first: 8, 12, 18, 24, 32, 44, 64 units.
pub const SPACING: [f32; 7] = [8.0, 12.0, 18.0, 24.0, 32.0, 44.0, 64.0];
/// What can be touched is at least this high, units.
pub const TOUCH_MIN: f32 = 96.0;

/// Corner radii, units (`u8`, as egui wants them).
pub mod radius {
    /// Cards, hold to agree.
    pub const CARD: u8 = 36;
    /// Chips, buttons, rows, tags.
    pub const CONTROL: u8 = 28;
    /// Nameplate, inner card, toast.
    pub const PLATE: u8 = 22;
    /// Segment inside a switch, key.
    pub const SEGMENT: u8 = 20;
}

/// Line widths, units.
pub mod stroke {
    /// The border of a control.
    pub const CONTROL: f32 = 3.0;
    /// The border of a pressed or chosen control; the underline of the word being spoken.
    pub const PRESSED: f32 = 5.0;
    /// The focus ring, [`FOCUS_GAP`] outside.
    pub const FOCUS: f32 = 6.0;
    /// Between a control and its focus ring.
    pub const FOCUS_GAP: f32 = 6.0;
    /// Dividers.
    pub const HAIRLINE: f32 = 2.0;
    /// The white border of every surface in the contrast theme.
    pub const FLAT_SURFACE: f32 = 4.0;
}

/// How far something stands out from the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// A card.
    Card,
    /// A list row.
    Row,
    /// The nameplate, a toast.
    Plate,
}

impl Depth {
    /// Its shadow in `theme`; nothing in the contrast theme.
    #[must_use]
    pub fn shadow(self, theme: Theme) -> Shadow {
        let (offset_y, blur) = match self {
            Self::Card => (10, 40),
            Self::Row => (4, 16),
            Self::Plate => (8, 24),
        };
        Shadow { offset: [0, offset_y], blur, spread: 0, color: theme.palette().shadow }
    }
}

/// Durations of the window's own motion, seconds (LOOK, "Motion").
pub mod duration_secs {
    /// A card fades in and rises by 16 units.
    pub const CARD_IN: f32 = 0.240;
    /// A card leaves.
    pub const CARD_OUT: f32 = 0.160;
    /// The nameplate's word cross-fades.
    pub const PLATE_WORD: f32 = 0.150;
    /// The nameplate's width follows its word.
    pub const PLATE_WIDTH: f32 = 0.240;
    /// The stage turns compact or back.
    pub const STAGE: f32 = 0.360;
    /// A control is released.
    pub const RELEASE: f32 = 0.120;
    /// How long a toast stays.
    pub const TOAST: f32 = 4.0;
}
