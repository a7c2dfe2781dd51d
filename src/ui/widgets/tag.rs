//! Tags, octagons, and the line of steps.

use eframe::egui::{Color32, CornerRadius, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use super::Canvas;
use crate::{
    event::Language,
    ui::{
        icons::{self, Icon},
        mesh,
        text::Fit,
        tokens::{Palette, TypeRole, Weight, stroke},
    },
};

/// What a tag says by its colours; its icon and its word say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagKind {
    /// Good.
    Ok,
    /// Look at it.
    Warn,
    /// A fault.
    Bad,
    /// Nothing in particular.
    Plain,
}

impl TagKind {
    /// Its text and its fill.
    #[must_use]
    pub fn colours(self, palette: &Palette) -> (Color32, Color32) {
        match self {
            Self::Ok => (palette.ok, palette.ok_tint),
            Self::Warn => (palette.warn, palette.warn_tint),
            Self::Bad => (palette.bad, palette.bad_tint),
            Self::Plain => (palette.ink2, palette.sunk),
        }
    }
}

/// The height of a tag, units.
pub const TAG_HEIGHT: f32 = 56.0;

/// A tag: an icon and a word.
#[derive(Debug, Clone, Copy)]
pub struct Tag<'a> {
    /// What it says by its colours.
    pub kind: TagKind,
    /// Its icon.
    pub icon: Icon,
    /// Its word.
    pub word: &'a str,
    /// The size of its type: 25 to 28.
    pub size: f32,
}

/// How an octagon is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OctagonKind {
    /// Tinted, with a border: a person, or what is being done.
    Held,
    /// Filled: done.
    Done,
    /// Dashed: open, or nobody any more.
    Open,
}

impl Canvas<'_> {
    /// How wide a tag is.
    pub fn tag_width(&mut self, tag: &Tag<'_>) -> f32 {
        let role = TypeRole { size: tag.size, line_height: 40.0, weight: Weight::SemiBold };
        let word = self.block(tag.word, role, f32::INFINITY, Fit::Wrap).text_width();
        20.0 + icon_side(tag) + 12.0 + word + 24.0
    }

    /// Paints a tag into `place`, its words in the middle.
    pub fn tag(&mut self, place: Rect, tag: &Tag<'_>) {
        let role = TypeRole { size: tag.size, line_height: 40.0, weight: Weight::SemiBold };
        let (text, fill) = tag.kind.colours(self.palette());
        let border = Stroke::new(self.surface_border(), text);
        let corners = CornerRadius::same((place.height() / 2.0) as u8);
        self.painter().rect(place, corners, fill, border, StrokeKind::Inside);
        let block = self.block(tag.word, role, f32::INFINITY, Fit::Wrap);
        let side = icon_side(tag);
        let frame = Rect::from_center_size(place.center(), vec2(side + 12.0 + block.text_width(), place.height()));
        let icon = self.inside(frame, 0.0, (place.height() - side) / 2.0, vec2(side, side));
        self.icon(tag.icon, icon, text);
        let line = self.inside(frame, side + 12.0, (place.height() - 40.0) / 2.0, vec2(block.text_width(), 40.0));
        block.paint(self.painter(), line.min, text);
        self.describe(("tag", place.min.x as i32, place.min.y as i32), place, tag.word);
    }

    /// Paints an octagon of `side` round `centre`, its border `line` wide.
    pub fn octagon(&self, centre: Pos2, side: f32, line: f32, kind: OctagonKind) {
        let colours = self.palette();
        let points = octagon_points(centre, Vec2::splat(side / 2.0 - 3.0));
        match kind {
            OctagonKind::Held => {
                let border = Stroke::new(line, colours.accent);
                self.painter().add(Shape::convex_polygon(points, colours.tint, border));
            }
            OctagonKind::Done => {
                let border = Stroke::new(line, colours.accent);
                self.painter().add(Shape::convex_polygon(points, colours.accent, border));
            }
            OctagonKind::Open => self.dashed(&points, 12.0, 10.0, Stroke::new(line, colours.line)),
        }
    }

    /// A dashed closed line.
    pub fn dashed(&self, points: &[Pos2], dash: f32, gap: f32, stroke: Stroke) {
        let closed: Vec<Pos2> = points.iter().chain(points.first()).copied().collect();
        for piece in mesh::dashes(&closed, dash, gap) {
            self.painter().add(Shape::line(piece, stroke));
        }
    }

    /// The octagon of a person: the first letters of their name.
    pub fn initials(&mut self, centre: Pos2, side: f32, name: &str) {
        let (kind, letters) = if name.trim().is_empty() {
            (OctagonKind::Open, "–".to_owned())
        } else {
            (OctagonKind::Held, initials_of(name))
        };
        self.octagon(centre, side, stroke::CONTROL, kind);
        let role = TypeRole { size: side * 0.35, line_height: side * 0.5, weight: Weight::SemiBold };
        let colours = self.palette();
        let colour = if kind == OctagonKind::Open { colours.ink2 } else { colours.accent };
        let language = Language::of_text(&letters).unwrap_or(Language::ENGLISH);
        self.centred(&letters, language, role, centre, colour);
    }

    /// The steps of an enrolment across `place` (72 high), `at` being the one that is done now.
    pub fn steps(&mut self, place: Rect, names: &[String], at: usize) {
        const DISC: f32 = 52.0;
        const GAP: f32 = 12.0;
        let colours = self.palette();
        let widths: Vec<f32> = names
            .iter()
            .enumerate()
            .map(|(index, name)| self.block(name, step_role(index == at), f32::INFINITY, Fit::Wrap).text_width())
            .collect();
        let fixed: f32 = widths.iter().map(|width| DISC + GAP + width).sum();
        let lines = names.len().saturating_sub(1) as f32;
        let line = ((place.width() - fixed - 2.0 * GAP * lines) / lines.max(1.0)).max(0.0);
        let middle = place.height() / 2.0;
        let mut start = 0.0;
        for (index, (name, width)) in names.iter().zip(widths).enumerate() {
            let disc = self.inside(place, start, middle - DISC / 2.0, vec2(DISC, DISC));
            let (fill, border, ink) = match index.cmp(&at) {
                std::cmp::Ordering::Less => (colours.tint, colours.accent, colours.accent),
                std::cmp::Ordering::Equal => (colours.accent, colours.accent, colours.on_accent),
                std::cmp::Ordering::Greater => (Color32::TRANSPARENT, colours.line, colours.ink2),
            };
            let border = Stroke::new(stroke::CONTROL, border);
            self.painter().rect(disc, CornerRadius::same(26), fill, border, StrokeKind::Inside);
            if index < at {
                icons::paint(self.painter(), Icon::Check, disc.shrink(10.0), ink, false);
            } else {
                let role = TypeRole { size: 28.0, line_height: 40.0, weight: Weight::SemiBold };
                self.centred(&(index + 1).to_string(), self.language, role, disc.center(), ink);
            }
            start += DISC + GAP;
            let colour = if index == at { colours.ink } else { colours.ink2 };
            let block = self.block(name, step_role(index == at), f32::INFINITY, Fit::Wrap);
            let text = self.inside(place, start, middle - 20.0, vec2(width, 40.0));
            block.paint(self.painter(), text.min, colour);
            self.describe(("step", index), text, name);
            start += width + GAP;
            if index + 1 < names.len() {
                let rule = self.inside(place, start, middle - 1.5, vec2(line, 3.0));
                self.painter().rect_filled(rule, CornerRadius::ZERO, colours.line.gamma_multiply(0.6));
                start += line + GAP;
            }
        }
    }
}

fn icon_side(tag: &Tag<'_>) -> f32 {
    if tag.size > 27.0 { 34.0 } else { 30.0 }
}

fn step_role(is_now: bool) -> TypeRole {
    let weight = if is_now { Weight::SemiBold } else { Weight::Medium };
    TypeRole { size: 28.0, line_height: 40.0, weight }
}

/// The corners of an octagon with flat sides above, below and beside, its corners on an ellipse of `radii`.
#[must_use]
pub fn octagon_points(centre: Pos2, radii: Vec2) -> Vec<Pos2> {
    (0..8)
        .map(|corner| {
            let angle = (corner as f32 + 0.5) * std::f32::consts::FRAC_PI_4;
            pos2(centre.x + radii.x * angle.cos(), centre.y + radii.y * angle.sin())
        })
        .collect()
}

/// The first letters of the first two names, without an Arabic article.
fn initials_of(name: &str) -> String {
    let arabic = Language::of_text(name) == Some(Language::ARABIC);
    let mut letters = name
        .split_whitespace()
        .filter_map(|word| {
            let word =
                if arabic && word.chars().count() > 3 { word.strip_prefix("ال").unwrap_or(word) } else { word };
            word.chars().find(|letter| letter.is_alphabetic())
        })
        .take(2)
        .map(|letter| letter.to_uppercase().to_string());
    match (letters.next(), letters.next()) {
        // Arabic letters would join; a blank keeps them apart.
        (Some(first), Some(second)) if arabic => format!("{first} {second}"),
        (Some(first), Some(second)) => first + &second,
        (Some(first), None) => first,
        (None, _) => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_two_names() {
        assert_eq!(initials_of("Maryam Al Suwaidi"), "MA");
        assert_eq!(initials_of("huda"), "H");
        assert_eq!(initials_of("مريم السويدي"), "م س");
        assert_eq!(initials_of("42"), "–");
    }
}
