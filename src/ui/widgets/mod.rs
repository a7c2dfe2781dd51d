//! What screens are made of: text, surfaces, controls, each as LOOK measures it.
//!
//! In: a [`Canvas`] and a place. Out: shapes, AccessKit labels with the words in logical order, and the touch. Never
//! touches: the conversation.

mod button;
mod caption;
mod controls;
mod gauge;
mod hold_button;
mod keyboard;
mod list_row;
mod plate;
mod qr;
mod scroll;
mod spelled;
mod surfaces;
mod tag;
mod text_field;
mod trail;
mod writing;

use std::{sync::Arc, time::Duration};

use eframe::egui::{self, AsIdSalt, Color32, Id, Painter, Pos2, Rect, Role, Sense, Vec2, WidgetInfo, pos2};

pub use self::{
    button::{Button, ButtonKind},
    caption::{Caption, CaptionFoot, Step, Words as CaptionWords},
    controls::{Chip, Tool},
    hold_button::{HOLD, Hold, HoldWords},
    keyboard::{KEYBOARD_HEIGHT, Keyboard, Keystroke},
    list_row::{ListRow, ROW_GAP, ROW_HEIGHT},
    plate::{Plate, PlateText},
    scroll::Scroll,
    tag::{OctagonKind, TAG_HEIGHT, Tag, TagKind, octagon_points},
    text_field::{Caret, FIELD_HEIGHT, FieldWords, LABEL_HEIGHT},
    trail::LevelTrail,
    writing::{FieldKind, Writing},
};
use super::{
    icons::{self, Icon},
    text::{Block, Fit, Paragraph, Span, TextCache, with_arabic_digits},
    tokens::{Palette, Theme, TypeRole},
};
use crate::{event::Language, words::Words};

/// What every widget needs: where to paint, in which colours, language and size.
pub struct Canvas<'a> {
    /// The window's whole area.
    pub ui: &'a mut egui::Ui,
    /// Text that was laid out before.
    pub text: &'a mut TextCache,
    /// All sentences.
    pub words: &'a Words,
    /// The theme.
    pub theme: Theme,
    /// The language of the window.
    pub language: Language,
    /// The text size: 1, 1.25 or 1.5.
    pub zoom: f32,
    /// Whether motion is reduced.
    pub reduced_motion: bool,
    /// Whether Arabic text has ٠–٩ instead of 0–9.
    pub arabic_digits: bool,
    /// How long what was painted so far may stay: asked for with [`Canvas::changes_in`], granted by the window's pace.
    pub next_change: Duration,
}

/// Text that is too high for its place loses this much of its size at a time, units.
const SIZE_STEP: f32 = 2.0;

impl Canvas<'_> {
    /// The colours of the theme.
    #[must_use]
    pub fn palette(&self) -> &'static Palette {
        self.theme.palette()
    }

    /// The painter of the whole window.
    #[must_use]
    pub fn painter(&self) -> &Painter {
        self.ui.painter()
    }

    /// How much what grows only to 125 % is enlarged: header, display, nameplate, controls.
    #[must_use]
    pub fn limited_zoom(&self) -> f32 {
        self.zoom.min(1.25)
    }

    /// Whether the window is mirrored.
    #[must_use]
    pub fn is_mirrored(&self) -> bool {
        self.language.is_right_to_left()
    }

    /// The sentence for `key` in the window's language.
    #[must_use]
    pub fn word(&self, key: &str) -> String {
        self.words.get(key, self.language).to_owned()
    }

    /// A rectangle of `size` inside `frame`, `start` from the side where reading starts and `top` from its top.
    #[must_use]
    pub fn inside(&self, frame: Rect, start: f32, top: f32, size: egui::Vec2) -> Rect {
        let left = if self.is_mirrored() { frame.right() - start - size.x } else { frame.left() + start };
        Rect::from_min_size(pos2(left, frame.top() + top), size)
    }

    /// Lays out `text` in the window's language.
    pub fn block(&mut self, text: &str, role: TypeRole, width: f32, fit: Fit) -> Arc<Block> {
        self.block_in(text, self.language, role, width, fit)
    }

    /// Lays out `text` in `language`.
    pub fn block_in(&mut self, text: &str, language: Language, role: TypeRole, width: f32, fit: Fit) -> Arc<Block> {
        self.spans(&[Span { text, weight: None }], language, role, width, fit)
    }

    /// What was painted changes after this time.
    pub fn changes_in(&mut self, time: Duration) {
        self.next_change = self.next_change.min(time);
    }

    /// Lays out `spans` as large as `room` allows: in `role`, else smaller, down to the smallest type there is. Gives the
    /// role too.
    pub fn fitted(
        &mut self,
        spans: &[Span<'_>],
        language: Language,
        role: TypeRole,
        room: Vec2,
        fit: Fit,
    ) -> (TypeRole, Arc<Block>) {
        let mut role = role;
        loop {
            let block = self.spans(spans, language, role, room.x, fit);
            let smaller = role.size - SIZE_STEP;
            if block.height() <= room.y || smaller < TypeRole::MICRO.size {
                return (role, block);
            }
            role = role.scaled(smaller / role.size);
        }
    }

    /// Lays out a paragraph of several spans.
    pub fn spans(
        &mut self,
        spans: &[Span<'_>],
        language: Language,
        role: TypeRole,
        width: f32,
        fit: Fit,
    ) -> Arc<Block> {
        let paragraph = |spans| Paragraph { spans, role, language, width, fit };
        if self.arabic_digits && language == Language::ARABIC {
            let texts = with_arabic_digits(spans.iter().map(|span| span.text));
            let spans: Vec<Span<'_>> =
                std::iter::zip(spans, &texts).map(|(span, text)| Span { text, ..*span }).collect();
            return self.text.block(self.ui.ctx(), &paragraph(&spans));
        }
        self.text.block(self.ui.ctx(), &paragraph(spans))
    }

    /// Paints `text` in one line, its middle at `centre`.
    pub fn centred(&mut self, text: &str, language: Language, role: TypeRole, centre: Pos2, colour: Color32) {
        let block = self.block_in(text, language, role, f32::INFINITY, Fit::Wrap);
        block.paint(
            self.painter(),
            pos2(centre.x - block.text_width() / 2.0, centre.y - role.line_height / 2.0),
            colour,
        );
    }

    /// Paints an icon, turned where the window is mirrored and the icon has a direction.
    pub fn icon(&self, icon: Icon, place: Rect, colour: Color32) {
        icons::paint(self.painter(), icon, place, colour, self.is_mirrored());
    }

    /// Tells AccessKit what stands at `place`.
    pub fn describe(&self, id: impl AsIdSalt, place: Rect, text: &str) {
        let response = self.ui.interact(place, Id::unique("text").with(id), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    }
}

/// Paints with everything `opacity` as strong: for what fades in and out.
pub fn with_opacity<R>(canvas: &mut Canvas<'_>, opacity: f32, paint: impl FnOnce(&mut Canvas<'_>) -> R) -> R {
    let before = canvas.ui.opacity();
    canvas.ui.set_opacity(before * opacity);
    let result = paint(canvas);
    canvas.ui.set_opacity(before);
    result
}
