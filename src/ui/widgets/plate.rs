//! The nameplate on the sill, which names the state in words, and the toast, which looks like it.

use std::{sync::Arc, time::Duration};

use eframe::egui::{CornerRadius, Pos2, Rect, Stroke, StrokeKind, pos2, vec2};

use super::{Canvas, with_opacity};
use crate::{
    event::Language,
    ui::{
        icons::Icon,
        text::{Block, Fit},
        tokens::{Depth, TypeRole, duration_secs, radius, stroke},
    },
};

/// The height of a toast, points.
const TOAST_HEIGHT: f32 = 96.0;
/// A toast appears and leaves in this time, seconds (LOOK, "Components").
const TOAST_IN_S: f32 = 0.180;
const TOAST_OUT_S: f32 = 0.240;

/// An icon and a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlateText {
    /// The icon before the words.
    pub icon: Icon,
    /// The words, each in its language: one, or English and Arabic with a bar between them.
    pub words: Vec<(Language, String)>,
}

impl PlateText {
    fn is_bilingual(&self) -> bool {
        self.words.len() > 1
    }
}

/// The nameplate with what it showed before, for the cross-fade.
#[derive(Debug, Default)]
pub struct Plate {
    shown: Option<PlateText>,
    before: Option<PlateText>,
    /// When `shown` came, seconds of egui's time.
    since: f64,
    width: f32,
    width_before: f32,
}

/// The measures of a plate at this text size.
struct Measures {
    role: TypeRole,
    icon: f32,
    start: f32,
    end: f32,
}

const GAP: f32 = 18.0;
const BAR_GAP: f32 = 16.0;

impl Plate {
    /// Paints the plate, its upper edge in the middle at `top`, saying `text`.
    pub fn paint(&mut self, canvas: &mut Canvas<'_>, top: Pos2, text: &PlateText) {
        let time = canvas.ui.input(|input| input.time);
        let measures = Measures::new(canvas);
        let wanted = measures.width(canvas, text);
        if self.shown.as_ref() != Some(text) {
            self.before = self.shown.replace(text.clone());
            self.width_before = if self.before.is_some() { self.width } else { wanted };
            self.since = time;
        }
        let age = (time - self.since) as f32;
        let word = (age / duration_secs::PLATE_WORD).min(1.0);
        let k = (age / duration_secs::PLATE_WIDTH).min(1.0);
        self.width = self.width_before + (wanted - self.width_before) * k * k * (3.0 - 2.0 * k);
        if self.before.is_none() {
            self.width = wanted;
        } else if k >= 1.0 {
            self.before = None;
        } else {
            canvas.changes_in(Duration::ZERO);
        }

        let size = vec2(self.width, super::super::layout::PLATE_HEIGHT * canvas.limited_zoom());
        let place = Rect::from_min_size(pos2(top.x - size.x / 2.0, top.y), size);
        bed(canvas, place, radius::PLATE);
        canvas.describe(
            "plate",
            place,
            &text.words.iter().map(|(_, word)| word.as_str()).collect::<Vec<_>>().join(" | "),
        );
        let clip = canvas.ui.clip_rect();
        canvas.ui.set_clip_rect(place.intersect(clip));
        if let Some(before) = self.before.clone() {
            with_opacity(canvas, 1.0 - word, |canvas| measures.paint(canvas, place, &before));
            with_opacity(canvas, word, |canvas| measures.paint(canvas, place, text));
        } else {
            measures.paint(canvas, place, text);
        }
        canvas.ui.set_clip_rect(clip);
    }
}

impl Measures {
    fn new(canvas: &Canvas<'_>) -> Self {
        let role = TypeRole::PLATE.scaled(canvas.limited_zoom());
        let border = canvas.surface_border();
        if canvas.zoom > 1.0 {
            Self { role, icon: 54.0, start: 32.0 + border, end: 40.0 + border }
        } else {
            Self { role, icon: 44.0, start: 28.0 + border, end: 34.0 + border }
        }
    }

    fn blocks(&self, canvas: &mut Canvas<'_>, text: &PlateText) -> Vec<Arc<Block>> {
        text.words
            .iter()
            .map(|(language, word)| canvas.block_in(word, *language, self.role, f32::INFINITY, Fit::Wrap))
            .collect()
    }

    fn bar(&self, canvas: &mut Canvas<'_>) -> Arc<Block> {
        canvas.block_in("|", Language::ENGLISH, self.role, f32::INFINITY, Fit::Wrap)
    }

    fn width(&self, canvas: &mut Canvas<'_>, text: &PlateText) -> f32 {
        let words: f32 = self.blocks(canvas, text).iter().map(|block| block.text_width()).sum();
        let bar = if text.is_bilingual() { self.bar(canvas).text_width() + 2.0 * BAR_GAP } else { 0.0 };
        self.start + self.icon + GAP + words + bar + self.end
    }

    /// The words in the middle of `place`, the icon where reading starts (left where both languages stand together).
    fn paint(&self, canvas: &mut Canvas<'_>, place: Rect, text: &PlateText) {
        let colours = canvas.palette();
        let width = self.width(canvas, text);
        let content = Rect::from_center_size(place.center(), vec2(width, place.height()));
        let is_mirrored = canvas.is_mirrored() && !text.is_bilingual();
        let icon_x = if is_mirrored { content.right() - self.start - self.icon } else { content.left() + self.start };
        let icon = Rect::from_center_size(pos2(icon_x + self.icon / 2.0, place.center().y), vec2(self.icon, self.icon));
        canvas.icon(text.icon, icon, colours.plate_icon);
        let top = place.center().y - self.role.line_height / 2.0;
        let mut x = if is_mirrored { content.left() + self.end } else { icon.right() + GAP };
        for (index, block) in self.blocks(canvas, text).into_iter().enumerate() {
            if index > 0 {
                let bar = self.bar(canvas);
                x += BAR_GAP;
                bar.paint(canvas.painter(), pos2(x, top), colours.on_plate.gamma_multiply(0.5));
                x += bar.text_width() + BAR_GAP;
            }
            block.paint(canvas.painter(), pos2(x, top), colours.on_plate);
            x += block.text_width();
        }
    }
}

fn bed(canvas: &Canvas<'_>, place: Rect, corner: u8) {
    let colours = canvas.palette();
    let corners = CornerRadius::same(corner);
    if canvas.theme.is_flat() {
        let border = Stroke::new(stroke::FLAT_SURFACE, colours.line);
        canvas.painter().rect(place, corners, colours.plate, border, StrokeKind::Inside);
    } else {
        canvas.painter().add(Depth::Plate.shadow(canvas.theme).as_shape(place, corners));
        canvas.painter().rect_filled(place, corners, colours.plate);
    }
}

impl Canvas<'_> {
    /// A short message that has been there for `age` seconds, its lower edge in the middle at `bottom`. Gives whether it is
    /// still there.
    pub fn toast(&mut self, bottom: Pos2, icon: Icon, text: &str, age: f32) -> bool {
        let left = duration_secs::TOAST - age;
        if left <= 0.0 {
            return false;
        }
        let opacity = (age / TOAST_IN_S).min(left / TOAST_OUT_S).clamp(0.0, 1.0);
        if opacity < 1.0 {
            self.changes_in(Duration::ZERO);
        } else {
            self.changes_in(Duration::from_secs_f32((left - TOAST_OUT_S).max(0.0)));
        }
        let measures = Measures { role: TypeRole::LABEL, ..Measures::new(self) };
        let text = PlateText { icon, words: vec![(self.language, text.to_owned())] };
        let width = measures.width(self, &text);
        let place =
            Rect::from_min_size(pos2(bottom.x - width / 2.0, bottom.y - TOAST_HEIGHT), vec2(width, TOAST_HEIGHT));
        with_opacity(self, opacity, |canvas| {
            bed(canvas, place, radius::PLATE);
            measures.paint(canvas, place, &text);
        });
        let words = text.words.into_iter().map(|(_, word)| word).collect::<String>();
        self.describe("toast", place, &words);
        true
    }
}
