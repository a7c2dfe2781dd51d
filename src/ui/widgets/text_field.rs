//! A text field: icon, line or hint, caret, and above it its label.

use std::time::Duration;

use eframe::egui::{
    Color32, CornerRadius, Id, Mesh, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, WidgetInfo, pos2, vec2,
};

use super::{Canvas, Writing};
use crate::{
    event::Language,
    ui::{
        icons::Icon,
        text::{CARET_WIDTH, Fit, Span, WrittenLine},
        tokens::{TypeRole, Weight, radius, stroke},
    },
};

/// The height of the box, and of the label's line above it with its gap.
pub const FIELD_HEIGHT: f32 = 104.0;
/// See [`FIELD_HEIGHT`].
pub const LABEL_HEIGHT: f32 = 44.0;

/// The caret is on and off for so long.
const BLINK: (Duration, Duration) = (Duration::from_millis(600), Duration::from_millis(400));
const ICON: f32 = 40.0;
const GAP: f32 = 18.0;
const PADDING: f32 = 31.0;
/// The beginning of a line that is too long fades over this width.
const FADE: f32 = 64.0;
const TEXT: TypeRole = TypeRole { size: 36.0, line_height: 56.0, weight: Weight::Medium };

/// What a field shows besides what was written.
#[derive(Debug, Clone, Copy)]
pub struct FieldWords<'a> {
    /// Above the box.
    pub label: &'a str,
    /// Behind the label in a lighter type.
    pub optional: Option<&'a str>,
    /// In the empty box.
    pub hint: &'a str,
    /// Before the text.
    pub icon: Icon,
}

/// The caret of the active field.
#[derive(Debug, Clone, Copy)]
pub struct Caret {
    /// The language of the keyboard in use.
    pub keyboard: Language,
    /// Since the last key: the caret is on first.
    pub since_key: Duration,
}

impl Canvas<'_> {
    /// A field whose box is `place`. `caret`: only of the active one. `is_refused`: what is in it is not valid. Touched: it is to become active.
    pub fn text_field(
        &mut self,
        id: Id,
        place: Rect,
        words: &FieldWords<'_>,
        writing: &Writing,
        caret: Option<Caret>,
        is_refused: bool,
    ) -> Response {
        let response = self.ui.interact(place, id, Sense::click());
        let spoken = words.label;
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::TextInput, true, spoken);
            info.current_text_value = Some(writing.text().to_owned());
            info
        });
        self.field_label(place, words);
        let colours = self.palette();
        let border = match (is_refused, caret.is_some()) {
            (true, is_active) => Stroke::new(if is_active { stroke::PRESSED } else { stroke::CONTROL }, colours.bad),
            (false, true) => Stroke::new(stroke::PRESSED, colours.accent),
            (false, false) => Stroke::new(stroke::CONTROL, colours.line),
        };
        self.painter().rect(place, CornerRadius::same(radius::CONTROL), colours.surface, border, StrokeKind::Inside);
        let icon = self.inside(place, PADDING, (place.height() - ICON) / 2.0, vec2(ICON, ICON));
        self.icon(words.icon, icon, colours.accent);
        let start = PADDING + ICON + GAP;
        let size = vec2(place.width() - start - PADDING, TEXT.line_height);
        let line = self.inside(place, start, (place.height() - TEXT.line_height) / 2.0, size);
        self.field_line(line, words, writing, caret);
        response
    }

    fn field_label(&mut self, place: Rect, words: &FieldWords<'_>) {
        let colours = self.palette();
        let role = TypeRole { size: 28.0, line_height: 40.0, weight: Weight::SemiBold };
        let extra = words.optional.map(|word| format!("· {word}"));
        let mut spans = vec![Span { text: words.label, weight: None }];
        spans.extend(extra.as_deref().map(|text| Span { text, weight: Some(Weight::Regular) }));
        let block = self.spans(&spans, self.language, role, place.width(), Fit::Wrap);
        let top_left = pos2(place.left(), place.top() - LABEL_HEIGHT);
        block.paint_lines(self.painter(), top_left, 0..1, |span| if span == 0 { colours.ink } else { colours.ink2 });
    }

    fn field_line(&mut self, line: Rect, words: &FieldWords<'_>, writing: &Writing, caret: Option<Caret>) {
        let colours = self.palette();
        let is_on = caret.is_some_and(|caret| self.is_caret_on(caret));
        let keyboard = caret.map(|caret| caret.keyboard);
        let direction = writing.direction(keyboard.unwrap_or(self.language));
        // Numbers and addresses run left to right, but stand at the window's start.
        let is_flush_right = if writing.kind().is_latin() { self.is_mirrored() } else { direction.is_right_to_left() };
        if writing.text().is_empty() {
            let role = TypeRole { weight: Weight::Regular, ..TEXT };
            let room = line.width() - 14.0;
            let block = self.block(words.hint, role, room, Fit::OneLine);
            let hint = self.inside(line, if caret.is_some() { 14.0 } else { 0.0 }, 0.0, vec2(room, line.height()));
            block.paint(self.painter(), hint.min, colours.ink3);
            if is_on {
                let x = if self.is_mirrored() { line.right() - 9.0 } else { line.left() + 5.0 };
                self.caret(x, line);
            }
            return;
        }
        let text = writing.text();
        let laid = self.ui.ctx().fonts_mut(|fonts| WrittenLine::lay_out(fonts, text, direction, keyboard, TEXT));
        let overflow = (laid.width() - line.width()).max(0.0);
        // What was written last stays in view.
        let left = match (overflow > 0.0, is_flush_right, direction.is_right_to_left()) {
            (false, true, _) => line.right() - laid.width(),
            (false, false, _) => line.left(),
            (true, _, false) => line.right() - laid.width(),
            (true, _, true) => line.left(),
        };
        let clip = self.ui.clip_rect();
        let shown = line.expand2(vec2(6.0, 20.0));
        self.ui.set_clip_rect(shown.intersect(clip));
        laid.paint(self.painter(), pos2(left, line.top()), colours.ink);
        if is_on {
            self.caret(left + laid.caret(), line);
        }
        if overflow > 0.0 {
            self.fade(shown, direction.is_right_to_left());
        }
        self.ui.set_clip_rect(clip);
    }

    /// The beginning of the line fades into the surface.
    fn fade(&self, line: Rect, at_right: bool) {
        let solid = self.palette().surface;
        let clear = Color32::from_rgba_premultiplied(0, 0, 0, 0);
        let (from, to) = if at_right { (line.right(), line.right() - FADE) } else { (line.left(), line.left() + FADE) };
        let mut mesh = Mesh::default();
        for (x, colour) in [(from, solid), (to, clear)] {
            mesh.colored_vertex(pos2(x, line.top()), colour);
            mesh.colored_vertex(pos2(x, line.bottom()), colour);
        }
        mesh.add_triangle(0, 1, 2);
        mesh.add_triangle(1, 3, 2);
        self.painter().add(Shape::mesh(mesh));
    }

    fn caret(&self, x: f32, line: Rect) {
        let place = Rect::from_min_size(pos2(x, line.top()), vec2(CARET_WIDTH, line.height()));
        self.painter().rect_filled(place, CornerRadius::same(2), self.palette().accent);
    }

    /// Whether the caret is on now; asks for the frame in which that changes. Steady where motion is reduced.
    fn is_caret_on(&mut self, caret: Caret) -> bool {
        if self.reduced_motion {
            return true;
        }
        let (on, off) = BLINK;
        let period = (on + off).as_millis();
        let at = Duration::from_millis(u64::try_from(caret.since_key.as_millis() % period).unwrap_or(0));
        let is_on = at < on;
        self.changes_in(if is_on { on - at } else { on + off - at });
        is_on
    }

    /// The sentence under a field, at the end of its line: what is wrong, or how full it is.
    pub fn below_field(&mut self, place: Rect, text: &str, is_problem: bool) {
        let colours = self.palette();
        let role = TypeRole { size: 24.0, line_height: 34.0, weight: Weight::Medium };
        let width = self.block(text, role, f32::INFINITY, Fit::Wrap).text_width();
        let block = self.block(text, role, f32::INFINITY, Fit::Wrap);
        let line = self.inside(place, place.width() - width - 8.0, place.height() + 6.0, vec2(width, 34.0));
        block.paint(self.painter(), line.min, if is_problem { colours.bad } else { colours.ink2 });
        self.describe(("below", place.min.x as i32, place.min.y as i32), line, text);
    }
}
